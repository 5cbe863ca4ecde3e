//! OPML subscription lists, read leniently and written properly (OPML 2.0).
//!
//! Lists in the wild are often no XML: bare `&` in addresses, attributes in any case, elements never closed. They are
//! read as a browser reads tags, which needs none of that to be right. Pure.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, EndTag, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::parse::text::{plain, tidy};

/// Feeds read of one list.
pub const FEEDS_MAX: usize = 20_000;
const NAME_MAX_BYTES: usize = 200;
const DEPTH_MAX: usize = 64;

/// One feed of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpmlFeed {
    /// Its address.
    pub url: String,
    /// Its name, possibly empty.
    pub name: String,
    /// Its page, possibly empty.
    pub site_url: String,
    /// The folder it was in, else its first category; possibly empty.
    pub group: String,
}

/// The feeds of a list, each address once, in order.
#[must_use]
pub fn read(document: &str) -> Vec<OpmlFeed> {
    let sink = Outlines::default();
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(document));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.found.into_inner().feeds
}

#[derive(Default)]
struct Found {
    /// Open outlines: a folder's name, or empty for a feed's own.
    open: Vec<String>,
    seen: BTreeSet<String>,
    feeds: Vec<OpmlFeed>,
}

#[derive(Default)]
struct Outlines {
    found: RefCell<Found>,
}

impl TokenSink for Outlines {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if &*tag.name == "outline" {
            let mut found = self.found.borrow_mut();
            match tag.kind {
                StartTag => found.outline(&tag),
                EndTag => {
                    found.open.pop();
                }
            }
        }
        TokenSinkResult::Continue
    }
}

impl Found {
    fn outline(&mut self, tag: &Tag) {
        let attribute = |names: &[&str]| {
            let value = |name: &&str| {
                tag.attrs
                    .iter()
                    .find(|attr| &*attr.name.local == *name)
                    .map(|attr| attr.value.trim())
            };
            names
                .iter()
                .filter_map(value)
                .find(|value| !value.is_empty())
                .unwrap_or("")
                .to_owned()
        };
        let name = plain(&attribute(&["title", "text"]), NAME_MAX_BYTES);
        // `url` is a feed's address only where the outline is no link to something else.
        let is_link = matches!(attribute(&["type"]).to_ascii_lowercase().as_str(), "link" | "include");
        let url = web_address(&attribute(if is_link { &["xmlurl"] } else { &["xmlurl", "url"] }));
        let is_feed = !url.is_empty();
        if is_feed && self.feeds.len() < FEEDS_MAX && self.seen.insert(url.clone()) {
            let folder = self.open.iter().rev().find(|name| !name.is_empty()).cloned();
            let category = attribute(&["category"]);
            let category = category.split(',').next().unwrap_or("").trim_matches('/');
            self.feeds.push(OpmlFeed {
                url,
                site_url: web_address(&attribute(&["htmlurl"])),
                group: folder.unwrap_or_else(|| tidy(category, NAME_MAX_BYTES)),
                name: name.clone(),
            });
        }
        if !tag.self_closing && self.open.len() < DEPTH_MAX {
            // A feed's outline holds no feeds; an unclosed one must not name a folder.
            self.open.push(if is_feed { String::new() } else { name });
        }
    }
}

/// An http(s) address as it is; `feed:` addresses as what they stand for; empty for anything else.
fn web_address(text: &str) -> String {
    let text = text
        .strip_prefix("feed:")
        .filter(|rest| rest.starts_with("http"))
        .unwrap_or(text);
    let text = text
        .strip_prefix("feed://")
        .map_or_else(|| text.to_owned(), |rest| format!("http://{rest}"));
    url::Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .map(String::from)
        .unwrap_or_default()
}

/// Writes a list; feeds of one group are put into one folder, in the order groups first come.
#[must_use]
pub fn write(title: &str, feeds: &[OpmlFeed]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>{}</title>\n  </head>\n  <body>\n",
        escape(title)
    );
    let mut groups: Vec<&str> = Vec::new();
    for feed in feeds {
        if !groups.contains(&feed.group.as_str()) {
            groups.push(&feed.group);
        }
    }
    for group in groups {
        let indent = if group.is_empty() { "    " } else { "      " };
        if !group.is_empty() {
            let _ = writeln!(out, "    <outline text=\"{0}\" title=\"{0}\">", escape(group));
        }
        for feed in feeds.iter().filter(|feed| feed.group == group) {
            let name = if feed.name.is_empty() { &feed.url } else { &feed.name };
            let _ = write!(
                out,
                "{indent}<outline type=\"rss\" text=\"{0}\" title=\"{0}\" xmlUrl=\"{1}\"",
                escape(name),
                escape(&feed.url)
            );
            if !feed.site_url.is_empty() {
                let _ = write!(out, " htmlUrl=\"{}\"", escape(&feed.site_url));
            }
            out.push_str("/>\n");
        }
        if !group.is_empty() {
            out.push_str("    </outline>\n");
        }
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[(&str, &str, &str)]) {
        let found = read(&format!(
            "<opml version='1.0'><head><title>t</title></head><body>{body}</body></opml>"
        ));
        let found: Vec<_> = found
            .iter()
            .map(|feed| (feed.url.as_str(), feed.name.as_str(), feed.group.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_are_read_leniently() {
        check(
            "<outline text='A' xmlUrl='https://e.org/a'/>",
            &[("https://e.org/a", "A", "")],
        );
        check(
            "<OUTLINE TITLE='A' XMLURL='https://e.org/a'>",
            &[("https://e.org/a", "A", "")],
        );
        check(
            "<outline text=A xmlUrl=https://e.org/a?x=1&y=2>",
            &[("https://e.org/a?x=1&y=2", "A", "")],
        );
        check(
            "<outline text='A &amp;amp; B' xmlUrl='https://e.org/a'/>",
            &[("https://e.org/a", "A & B", "")],
        );
        check(
            "<outline type='rss' url='https://e.org/a' text='A'/>",
            &[("https://e.org/a", "A", "")],
        );
        check("<outline type='link' url='https://e.org/a' text='A'/>", &[]);
        check(
            "<outline text='A' xmlUrl='feed://e.org/a'/>",
            &[("http://e.org/a", "A", "")],
        );
        check("<outline text='A' xmlUrl='javascript:x'/><outline text='B'/>", &[]);
        check("", &[]);
    }

    #[test]
    fn folders_and_categories_become_groups() {
        check(
            "<outline text='Business'><outline text='A' xmlUrl='https://e.org/a'/>\
             <outline text='Banks'><outline text='B' xmlUrl='https://e.org/b'></outline></outline></outline>\
             <outline text='C' category='/tech/chips,x' xmlUrl='https://e.org/c'/>",
            &[
                ("https://e.org/a", "A", "Business"),
                ("https://e.org/b", "B", "Banks"),
                ("https://e.org/c", "C", "tech/chips"),
            ],
        );
    }

    #[test]
    fn an_address_comes_once() {
        check(
            "<outline text='A' xmlUrl='https://e.org/a'/><outline text='B' xmlUrl='https://e.org/a'/>",
            &[("https://e.org/a", "A", "")],
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let feeds = [
            OpmlFeed {
                url: "https://e.org/a?x=1&y=2".into(),
                name: "A \"quoted\" name".into(),
                site_url: "https://e.org/".into(),
                group: "One & two".into(),
            },
            OpmlFeed {
                url: "https://e.org/b".into(),
                name: "B".into(),
                site_url: String::new(),
                group: String::new(),
            },
        ];
        assert_eq!(read(&write("All", &feeds)), feeds);
    }
}
