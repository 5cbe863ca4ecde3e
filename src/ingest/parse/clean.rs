//! HTML made safe to print: elements and attributes from a list, links absolute, scripts and styles gone.
//!
//! It works on tokens, so its time is linear and nesting costs nothing; it does not balance tags. Digests never carry a
//! feed's HTML; this is for `courant parse`, whose output others may show.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use super::markup::{is_html, is_void};
use super::scope::resolve;

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
    input.push_back(StrTendril::from_slice(html));
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
            CharacterTokens(text) if state.hidden.is_none() => push_escaped(&mut state.out, &text, false),
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
                    } else if is_html(&tag.name) {
                        push_tag(&mut state.out, &tag, self.base.as_ref());
                    }
                } else if is_html(&tag.name) && !is_void(&tag.name) {
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
        .filter(|(name, _)| is_allowed(name))
        .collect();
    attributes.sort_unstable();
    for (name, value) in attributes {
        let value = if matches!(name, "href" | "src" | "cite" | "poster") {
            let address = resolve(base, value);
            if !is_safe(&address) {
                continue;
            }
            address
        } else {
            value.to_owned()
        };
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        push_escaped(out, &value, true);
        out.push('"');
    }
    out.push_str(if is_void(&tag.name) { " />" } else { ">" });
}

fn is_allowed(name: &str) -> bool {
    matches!(
        name,
        "abbr"
            | "align"
            | "alt"
            | "axis"
            | "border"
            | "cite"
            | "class"
            | "colspan"
            | "datetime"
            | "dir"
            | "height"
            | "href"
            | "hreflang"
            | "id"
            | "lang"
            | "name"
            | "poster"
            | "rel"
            | "rowspan"
            | "scope"
            | "span"
            | "src"
            | "start"
            | "summary"
            | "title"
            | "type"
            | "valign"
            | "value"
            | "width"
    )
}

/// Relative addresses and the schemes that only fetch or write.
fn is_safe(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return true;
    };
    matches!(
        scheme.to_ascii_lowercase().as_str(),
        "http" | "https" | "mailto" | "ftp" | "tel" | "magnet" | "news" | "nntp" | "irc" | "ircs" | "xmpp" | "feed"
    ) || scheme.contains(['/', '?', '#'])
}

fn push_escaped(out: &mut String, text: &str, attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
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
    }
}
