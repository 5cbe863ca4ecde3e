//! HTML made safe to print: elements, attributes and styles from a list, links absolute, scripts and styles gone.
//!
//! It works on tokens, so its time is linear and nesting costs nothing; it does not balance tags. What is left stands as
//! it was written, character references too. Digests never carry a feed's HTML; this is for `courant parse`, whose
//! output others may show.

mod allowed;
mod reference;
mod style;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, CommentToken, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};
use url::Url;

use super::entities;
use super::markup::is_void;
use super::scope::resolve;
use allowed::{ATTRIBUTES, ELEMENTS, has};
use reference::{MARK, push_attribute, push_text};
use style::clean_style;

/// Longer HTML is printed as its text.
const HTML_MAX_BYTES: usize = 1024 * 1024;

/// Cleans HTML; `base` is what its relative links are relative to, possibly empty.
#[must_use]
pub fn clean(html: &str, base: &str) -> String {
    if html.len() > HTML_MAX_BYTES {
        return super::text::plain(html, super::text::HTML_MAX_BYTES);
    }
    if !html.contains('<') {
        return html.to_owned();
    }
    let sink = Cleaner {
        base: Url::parse(base).ok(),
        state: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&reference::marked(html)));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.into_inner().out.trim().to_owned()
}

struct Cleaner {
    base: Option<Url>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    out: String,
    hidden: Option<html5ever::LocalName>,
}

impl TokenSink for Cleaner {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            CharacterTokens(text) if state.hidden.is_none() => push_text(&mut state.out, &text),
            CommentToken(text) if state.hidden.is_none() && is_plain_comment(&text) => {
                state.out.push_str("<!--");
                state.out.push_str(&text.replace(MARK, "&"));
                state.out.push_str("-->");
            }
            TagToken(tag) => {
                if let Some(hidden) = &state.hidden {
                    if tag.kind != StartTag && tag.name == *hidden {
                        state.hidden = None;
                    }
                } else if tag.kind == StartTag {
                    if matches!(&*tag.name, "script" | "style" | "applet") {
                        let raw = &*tag.name != "applet";
                        if !tag.self_closing {
                            state.hidden = Some(tag.name);
                        }
                        if raw {
                            return TokenSinkResult::RawData(RawKind::Rawtext);
                        }
                    } else if has(ELEMENTS, &tag.name) {
                        push_tag(&mut state.out, &tag, self.base.as_ref());
                    }
                } else if has(ELEMENTS, &tag.name) && !is_void(&tag.name) {
                    state.out.push_str("</");
                    state.out.push_str(&tag.name);
                    state.out.push('>');
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn push_tag(out: &mut String, tag: &Tag, base: Option<&Url>) {
    out.push('<');
    out.push_str(&tag.name);
    let mut attributes: Vec<(&str, &str)> = tag
        .attrs
        .iter()
        .map(|attribute| (&*attribute.name.local, &*attribute.value))
        .filter(|(name, _)| has(ATTRIBUTES, name))
        .collect();
    attributes.sort_unstable();
    for (name, written) in attributes {
        let Some(value) = cleaned_value(name, written, base) else {
            continue;
        };
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        push_attribute(out, &value);
        out.push('"');
    }
    out.push_str(if is_void(&tag.name) { " />" } else { ">" });
    if tag.self_closing && tag.attrs.is_empty() && !is_void(&tag.name) {
        out.push_str(&format!("</{}>", &*tag.name));
    }
}

/// A comment that no reader can end elsewhere than where it ends here, and no processing instruction.
fn is_plain_comment(text: &str) -> bool {
    !text.contains("--") && !text.starts_with(['?', '>', '-']) && !text.ends_with(['-', '<']) && !text.ends_with("<!")
}

/// An attribute's value as it may stand, references still marked; `None` when it may not.
fn cleaned_value(name: &str, written: &str, base: Option<&Url>) -> Option<String> {
    match name {
        "href" | "src" | "cite" | "poster" | "action" | "background" | "data" | "datasrc" | "dynsrc" | "icon"
        | "longdesc" | "lowsrc" | "ping" | "usemap" => {
            let address = entities::decode(&written.replace(MARK, "&"));
            let resolved = resolve(base, &address);
            if !is_safe(&resolved) {
                return None;
            }
            Some(if resolved == address {
                written.to_owned()
            } else {
                resolved.replace('&', &format!("{MARK}amp;"))
            })
        }
        "style" => Some(clean_style(&written.replace(MARK, "&"))).filter(|style| !style.is_empty()),
        "rel" | "type" => Some(written.to_lowercase()),
        _ => Some(written.to_owned()),
    }
}

/// Relative addresses and the schemes that only fetch or write.
fn is_safe(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return true;
    };
    matches!(
        scheme.to_ascii_lowercase().as_str(),
        "http"
            | "https"
            | "mailto"
            | "ftp"
            | "tel"
            | "magnet"
            | "news"
            | "nntp"
            | "irc"
            | "ircs"
            | "xmpp"
            | "feed"
            | "itms"
    ) || scheme.contains(['/', '?', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(clean(html, "http://example.org/a/"), expected, "{html:?}");
    }

    #[test]
    fn html_is_cleaned() {
        check("a <b>b</b><script>alert(1)</script> c", "a <b>b</b> c");
        check("<p onclick='x' class=y>z</p>", "<p class=\"y\">z</p>");
        check(
            "<a href='../x?a=1&amp;b=2'>x</a>",
            "<a href=\"http://example.org/x?a=1&amp;b=2\">x</a>",
        );
        check(
            "<a href='java\nscript:x'>x</a><a href=' javascript:x'>y</a>",
            "<a>x</a><a>y</a>",
        );
        check("<img src=x.png>", "<img src=\"http://example.org/a/x.png\" />");
        check("<custom>x</custom><style>p{}</style>", "x");
        check("1 &lt; 2 <br>", "1 &lt; 2 <br />");
        check("<embed src=x.swf><svg><path d='M0'></svg>x", "x");
        check(
            "<br style='clear:both' clear=all>",
            "<br clear=\"all\" style=\"clear: both;\" />",
        );
        check("<p style='position: fixed'>x</p>", "<p>x</p>");
    }

    #[test]
    fn comments_stay_when_they_are_plain() {
        check("a<!-- c & d --><b>x</b>", "a<!-- c & d --><b>x</b>");
        check("<b>x</b><?php echo 1 ?>y<!-- a--b -->z", "<b>x</b>yz");
        check("<p/>x<br/>", "<p></p>x<br />");
        check("</&<style>x", "<!--&<style-->x");
        check("<!--a<!-->x<b>y</b>", "x<b>y</b>");
    }

    #[test]
    fn references_stay_as_written() {
        check(
            "<b>it&#8217;s&nbsp;so &amp; so, A & B</b>",
            "<b>it&#8217;s&nbsp;so &amp; so, A & B</b>",
        );
        check(
            "<b>&#146; &#39;x&#39; &#X41; &unknown; &</b>",
            "<b>&#x2019; 'x' &#x41; &amp;unknown; &</b>",
        );
        check(
            "<i title='a &amp; b & &#60;'>x</i>",
            "<i title=\"a &amp; b &amp; &#60;\">x</i>",
        );
        check(
            "<a href='http://e.org/?a=1&b=2&amp;c'>x</a>",
            "<a href=\"http://e.org/?a=1&amp;b=2&amp;c\">x</a>",
        );
        check("<a href='java&#115;cript:x'>x</a>", "<a>x</a>");
        check(
            "&lt;script&gt;<b>x</b> \u{fdd0}lt;script>",
            "&lt;script&gt;<b>x</b> lt;script>",
        );
    }
}
