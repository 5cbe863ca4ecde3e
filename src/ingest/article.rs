//! The running text of an article on its page. Pure, in one pass over the tags and without a tree, so that a page made
//! to exhaust a parser costs no more than its length.
//!
//! The heuristics, each with the kind of case behind it:
//! - An article is the block that holds most running text: sentences in paragraphs, not menus, teasers or comments. Text
//!   counts for the block around its paragraph, and half for the one around that, since some sites wrap every few
//!   paragraphs (an advertisement in between).
//! - A paragraph that is mostly links is a list of other articles; one of a few words is a caption or a button.
//! - `<article>` and `<main>` say what they are and count double; what stands in navigation, headers, footers, asides and
//!   forms is never running text.
//! - A text shorter than a paragraph is a teaser; the feed's own summary is as good.
//! - A page that shares few words with the headline is not the article: a consent wall, a login form, a front page.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

use super::normalize::SUMMARY_MAX_BYTES;
use super::parse::text::{cut, tidy};

const TEXT_MIN_CHARS: usize = 200;
/// A paragraph shorter than this is none.
const PARAGRAPH_MIN_CHARS: usize = 40;
/// A paragraph of which more than this is links is a list.
const LINKED_MAX: f64 = 0.5;
/// Open elements kept track of; deeper ones count for the last one.
const DEPTH_MAX: usize = 512;
/// Paragraphs looked at.
const PARAGRAPHS_MAX: usize = 4_000;
/// This share of a headline's longer words must be in the text.
const WORDS_SHARED: f64 = 0.3;
const WORD_MIN_CHARS: usize = 4;

/// What holds paragraphs.
const BLOCKS: [&str; 9] = [
    "article",
    "blockquote",
    "body",
    "div",
    "figure",
    "main",
    "section",
    "td",
    "ul",
];
/// What is dropped with all it holds.
const HIDDEN: [&str; 15] = [
    "aside",
    "button",
    "dialog",
    "figcaption",
    "footer",
    "form",
    "header",
    "iframe",
    "menu",
    "nav",
    "noscript",
    "select",
    "svg",
    "table",
    "template",
];
/// What ends a paragraph besides a block.
const BREAKS: [&str; 12] = ["br", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p"];

/// The text of the article on a page, at most as long as a summary, or why there is none, in words for people.
///
/// # Errors
/// When the page has no running text, or one about something else than `title`.
pub fn article(html: &str, title: &str) -> Result<String, String> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Page::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let text = tokenizer.sink.0.into_inner().text();
    if text.chars().count() < TEXT_MIN_CHARS {
        return Err("the page has no more than a teaser".to_owned());
    }
    if !is_about(title, &text) {
        return Err("the page is about something else: a consent or login page?".to_owned());
    }
    Ok(text)
}

/// Whether enough of a headline's words are in the text. A headline without longer words says nothing.
fn is_about(title: &str, text: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= WORD_MIN_CHARS)
            .map(str::to_lowercase)
            .collect()
    };
    let (wanted, there) = (words(title), words(text));
    wanted.is_empty() || wanted.intersection(&there).count() as f64 >= WORDS_SHARED * wanted.len() as f64
}

/// An open block: its number on the page, and its name.
#[derive(Clone)]
struct Block {
    number: u32,
    name: html5ever::LocalName,
}

struct Paragraph {
    /// Numbers of the blocks around it, the nearest first.
    around: Vec<u32>,
    text: String,
}

#[derive(Default)]
struct Reading {
    open: Vec<Block>,
    n_blocks: u32,
    /// Blocks that say that they are the article.
    named: BTreeSet<u32>,
    /// The hidden element we are in, and how many of its name are open.
    hidden: Option<(html5ever::LocalName, u32)>,
    in_link: u32,
    words: String,
    n_linked: usize,
    paragraphs: Vec<Paragraph>,
}

impl Reading {
    fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if name == "a" {
            self.in_link = 1;
        }
        if BREAKS.contains(&name) {
            self.end_paragraph();
        }
        if HIDDEN.contains(&name) && !tag.self_closing {
            self.end_paragraph();
            self.hidden = Some((tag.name.clone(), 1));
        } else if BLOCKS.contains(&name) && !tag.self_closing {
            self.end_paragraph();
            self.n_blocks += 1;
            if matches!(name, "article" | "main") {
                self.named.insert(self.n_blocks);
            }
            if self.open.len() < DEPTH_MAX {
                self.open.push(Block {
                    number: self.n_blocks,
                    name: tag.name.clone(),
                });
            }
        }
    }

    fn end(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if name == "a" {
            self.in_link = 0;
        }
        if BREAKS.contains(&name) {
            self.end_paragraph();
        }
        if BLOCKS.contains(&name) {
            self.end_paragraph();
            // An end closes what was left open inside; one without a beginning closes nothing.
            if let Some(at) = self.open.iter().rposition(|block| block.name == tag.name) {
                self.open.truncate(at);
            }
        }
    }

    /// Skips what is hidden; whether we are in it.
    fn skip(&mut self, tag: &Tag) -> bool {
        let Some((name, depth)) = &mut self.hidden else {
            return false;
        };
        if tag.name == *name {
            match tag.kind {
                StartTag if !tag.self_closing => *depth = depth.saturating_add(1),
                StartTag => {}
                EndTag => *depth -= 1,
            }
            if *depth == 0 {
                self.hidden = None;
            }
        }
        true
    }

    fn characters(&mut self, text: &str) {
        if self.hidden.is_none() && self.words.len() < SUMMARY_MAX_BYTES {
            self.words.push_str(text);
            if self.in_link > 0 {
                self.n_linked += text.trim().chars().count();
            }
        }
    }

    fn end_paragraph(&mut self) {
        let text = tidy(&std::mem::take(&mut self.words), SUMMARY_MAX_BYTES);
        let n_linked = std::mem::take(&mut self.n_linked);
        let n_chars = text.chars().count();
        if n_chars < PARAGRAPH_MIN_CHARS
            || n_linked as f64 > LINKED_MAX * n_chars as f64
            || self.paragraphs.len() >= PARAGRAPHS_MAX
        {
            return;
        }
        self.paragraphs.push(Paragraph {
            around: self.open.iter().rev().map(|block| block.number).collect(),
            text,
        });
    }

    /// The paragraphs of the block with most running text.
    fn text(mut self) -> String {
        self.end_paragraph();
        let mut scores: BTreeMap<u32, usize> = BTreeMap::new();
        for paragraph in &self.paragraphs {
            let n_chars = paragraph.text.chars().count();
            for (block, share) in paragraph.around.iter().take(2).zip([2, 1]) {
                let named = if self.named.contains(block) { 2 } else { 1 };
                *scores.entry(*block).or_default() += n_chars * share * named;
            }
        }
        // Of equal ones the outer, which comes first.
        let best = scores
            .iter()
            .max_by_key(|(block, score)| (**score, std::cmp::Reverse(**block)));
        let Some((best, _)) = best else { return String::new() };
        let inside = self
            .paragraphs
            .iter()
            .filter(|paragraph| paragraph.around.contains(best))
            .map(|paragraph| paragraph.text.as_str());
        let text = inside.collect::<Vec<_>>().join(" ");
        cut(&text, SUMMARY_MAX_BYTES).to_owned()
    }
}

#[derive(Default)]
struct Page(RefCell<Reading>);

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            CharacterTokens(text) => reading.characters(&text),
            TagToken(tag) => {
                if tag.kind == StartTag && matches!(&*tag.name, "script" | "style" | "title" | "textarea") {
                    // What follows up to its end is no markup, and no text of the article either.
                    reading.end_paragraph();
                    reading.hidden = Some((tag.name.clone(), 1));
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
                if !reading.skip(&tag) {
                    match tag.kind {
                        StartTag => reading.start(&tag),
                        EndTag => reading.end(&tag),
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TITLE: &str = "Acme buys Globex for two billion";
    const SAID: &str = "Acme said on Monday that it would buy its rival Globex, a maker of anvils in Springfield, and \
                        keep its three hundred workers there.";

    /// A page with everything that is around an article, and this in the middle of it.
    fn page(article: &str) -> String {
        let teaser = "<li><a href=\"/x\">Read also: the ten best anvils of the year, as chosen by our readers</a></li>";
        format!(
            "<!doctype html><html><head><title>{TITLE} | The Springfield Gazette of every morning</title>\
             <script>if (a < b) {{ document.write(\"<p>written by a program, a paragraph of its own it seems</p>\") }}\
             </script></head><body><header><p>Subscribe to our newsletter, it comes every morning at seven.</p></header>\
             <nav><ul>{}</ul></nav><div id=\"page\"><div class=\"story\">{article}</div><div class=\"more\"><ul>{}</ul>\
             </div></div><footer><p>All rights reserved, no part of this page may be copied by anybody.</p></footer></body></html>",
            teaser.repeat(9),
            teaser.repeat(9)
        )
    }

    #[track_caller]
    fn check(html: &str, expected: Result<&str, &str>) {
        match (article(html, TITLE), expected) {
            (Ok(text), Ok(part)) => assert!(text.contains(part), "{text}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn an_article_is_taken_out_of_its_page() {
        let html = page(&format!("<h1>{TITLE}</h1>{}", format!("<p>{SAID}</p>").repeat(3)));
        let text = article(&html, TITLE).unwrap();
        assert!(text.contains("a maker of anvils in Springfield"), "{text}");
        for other in ["newsletter", "rights reserved", "Read also", "program", "Gazette"] {
            assert!(!text.contains(other), "{other} in {text}");
        }
        // Wrapped every few paragraphs, with line breaks, and as an <article>.
        let wrapped = format!("<div><p>{SAID}</p></div>").repeat(3);
        check(&page(&wrapped), Ok("anvils in Springfield"));
        check(
            &page(&format!("{SAID}<br><br>{SAID}<br><br>{SAID}")),
            Ok("anvils in Springfield"),
        );
        check(
            &page(&format!("<article><p>{SAID}<p>{SAID}<p>{SAID}</article>")),
            Ok("anvils in Springfield"),
        );
        check(
            &page(&format!("<p>{}</p>", SAID.repeat(90))),
            Ok("anvils in Springfield"),
        );
    }

    #[test]
    fn what_is_no_article_is_left() {
        check("", Err("teaser"));
        check("<p>Acme buys Globex.</p>", Err("teaser"));
        check(&page(""), Err("teaser"));
        let wall = "We value your privacy. We and our partners keep information on a device and process personal data, \
                    such as identifiers, to show you advertising of your own choice.";
        check(&page(&format!("<p>{wall}</p>").repeat(3)), Err("something else"));
        check(&"<div>".repeat(300_000), Err("teaser"));
        check(&"<i><b>".repeat(10_000), Err("teaser"));
        check(&format!("<svg>{}", format!("<p>{SAID}</p>").repeat(9)), Err("teaser"));
    }

    #[test]
    fn a_headline_is_looked_for_in_the_text() {
        assert!(is_about(
            "Acme buys Globex",
            "The board of Acme agreed to a deal with Globex."
        ));
        assert!(!is_about("Acme buys Globex", "Please accept what we keep about you."));
        assert!(is_about("Is it on?", "Anything."));
    }

    proptest! {
        #[test]
        fn any_page_is_read(html in "(<(/?(p|div|article|a|nav|script|ul|table))>| [a-z ]{0,60}){0,60}") {
            if let Ok(text) = article(&html, "") {
                prop_assert!(text.len() <= SUMMARY_MAX_BYTES);
            }
        }
    }
}
