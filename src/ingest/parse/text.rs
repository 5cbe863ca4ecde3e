//! Readable text from HTML, in linear time. It never builds a tree, so depth costs nothing.
//!
//! Heuristics:
//! - Text whose markup was escaped twice (`&amp;lt;p&amp;gt;`, "AT&amp;amp;T") is read a second time, and only when
//!   the first reading found no real element: a page that explains `<b>` keeps it.
//! - `script`, `style` and what only browsers read are dropped with their contents; block elements separate words,
//!   inline ones do not ("<b>A</b>dobe" is one word).

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

/// Bytes of HTML read for one text; what follows is not looked at.
pub const HTML_MAX_BYTES: usize = 64 * 1024;

/// Makes one line of readable text of HTML: at most `max_len` bytes, cut at a character, white space collapsed,
/// control and bidi characters removed.
#[must_use]
pub fn plain(html: &str, max_len: usize) -> String {
    let html = cut_html(html);
    if !html.contains(['<', '&']) {
        return tidy(html, max_len);
    }
    let (mut text, had_elements) = strip(html);
    if !had_elements && looks_escaped(&text) {
        text = strip(&text).0;
    }
    tidy(&text, max_len)
}

/// Makes one line of text that is not HTML: the same limits and removals as [`plain`].
#[must_use]
pub fn tidy(text: &str, max_len: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_len));
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            space = true;
        } else if !is_invisible(c) {
            let need = c.len_utf8() + usize::from(space && !line.is_empty());
            if line.len() + need > max_len {
                break;
            }
            if space && !line.is_empty() {
                line.push(' ');
            }
            space = false;
            line.push(c);
        }
    }
    line
}

/// Control characters, bidi controls and zero-width characters. The two joiners stay: Persian words and family emoji
/// need them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// The longest start of `text` that is at most `max` bytes and ends at a character.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// HTML within the limit, without the tag the limit cuts through.
fn cut_html(html: &str) -> &str {
    let head = cut(html, HTML_MAX_BYTES);
    if head.len() == html.len() {
        return head;
    }
    match (head.rsplit_once('<'), head.rsplit_once('>')) {
        (Some((before, tag)), end) if end.is_none_or(|(_, after)| after.len() > tag.len()) => before,
        _ => head,
    }
}

/// Text that still holds a character reference or a closing tag was escaped once too often.
fn looks_escaped(text: &str) -> bool {
    let reference = text.split('&').skip(1).any(|rest| {
        rest.split_once(';').is_some_and(|(name, _)| {
            (2..=8).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        })
    });
    reference || text.contains("</") || text.contains("/>") || text.contains("<br>")
}

fn strip(html: &str) -> (String, bool) {
    let tokenizer = Tokenizer::new(Words::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // The sink never asks for a script to be run, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let words = tokenizer.sink.0.into_inner();
    (words.text, words.had_elements)
}

/// Collects the text between the tags.
#[derive(Default)]
struct Words(RefCell<WordsInner>);

#[derive(Default)]
struct WordsInner {
    text: String,
    had_elements: bool,
    /// The element whose contents are being dropped.
    hidden: Option<html5ever::LocalName>,
}

impl TokenSink for Words {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut inner = self.0.borrow_mut();
        match token {
            CharacterTokens(text) if inner.hidden.is_none() => inner.text.push_str(&text),
            TagToken(tag) => {
                inner.had_elements = true;
                if let Some(hidden) = &inner.hidden {
                    if tag.kind == EndTag && tag.name == *hidden {
                        inner.hidden = None;
                    }
                } else if tag.kind == StartTag && !tag.self_closing && is_hidden(&tag.name) {
                    let raw = matches!(&*tag.name, "script" | "style" | "iframe");
                    inner.hidden = Some(tag.name);
                    if raw {
                        return TokenSinkResult::RawData(RawKind::Rawtext);
                    }
                } else if !is_inline(&tag.name) {
                    inner.text.push(' ');
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn is_hidden(name: &str) -> bool {
    matches!(
        name,
        "script" | "style" | "template" | "noscript" | "iframe" | "object" | "svg" | "math" | "select"
    )
}

fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "nobr"
            | "q"
            | "rb"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(plain(html, 1000), expected, "{html:?}");
    }

    #[test]
    fn html_becomes_one_line() {
        check("A bold move", "A bold move");
        check("  A\n\tbold  move ", "A bold move");
        check("<p>One</p><p>two<br/>three</p>", "One two three");
        check("<b>A</b>dobe &amp; Intel", "Adobe & Intel");
        check("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
        check("AT&T & Co", "AT&T & Co");
        check("a<script>var x = '<p>';</script>b<style>p{}</style>c", "abc");
        check("caf&eacute; &#8211; &#x2014; &nbsp; x", "café – — x");
        check("a\u{202e}b\u{0}c\u{200b}d", "abcd");
        check("a<!-- no -->b<![CDATA[x]]>", "ab");
        check("<svg><path></svg>x", "x");
    }

    #[test]
    fn text_escaped_twice_is_read_twice() {
        check("AT&amp;amp;T", "AT&T");
        check("&lt;p&gt;Rates &amp;amp; bonds&lt;/p&gt;", "Rates & bonds");
        check("<p>Write &lt;b&gt;x&lt;/b&gt; for bold</p>", "Write <b>x</b> for bold");
    }

    #[test]
    fn the_limit_is_in_bytes_and_never_splits_a_character() {
        assert_eq!(plain("ééé", 5), "éé");
        assert_eq!(plain("a b", 2), "a");
        assert_eq!(plain(&"<div>".repeat(1_000_000), 100), "");
    }
}
