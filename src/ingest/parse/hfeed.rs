//! h-feed: a web page whose articles carry h-entry microformats. The last resort, for pages that have no feed.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use super::feed::{Date, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Text};
use super::markup::is_void;
use super::scope::resolve;
use super::{ENTRIES_MAX, ParseContext, text};
use crate::ingest::date;

/// Elements open at once; deeper ones are not looked at.
const DEPTH_MAX: usize = 256;

/// Bytes of a page that are read.
const PAGE_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Reads a page's entries; `None` when it has none with a link and a name.
pub(super) fn read(html: &str, context: &ParseContext<'_>) -> Option<ParsedFeed> {
    if !html.contains("h-entry") && !html.contains("hentry") {
        return None;
    }
    let sink = Page {
        base: Url::parse(context.url).ok(),
        state: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text::cut(html, PAGE_MAX_BYTES)));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let state = tokenizer.sink.state.into_inner();
    let mut feed = ParsedFeed {
        format: FeedFormat::HFeed,
        title: Text {
            value: text::tidy(&state.title, 1024),
            ..Text::default()
        },
        link: context.url.to_owned(),
        entries: state.entries,
        ..ParsedFeed::default()
    };
    feed.entries
        .retain(|entry| !entry.link.is_empty() && !entry.title.is_empty());
    feed.keep_newest(ENTRIES_MAX);
    (!feed.entries.is_empty()).then_some(feed)
}

struct Page {
    base: Option<Url>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<ParsedEntry>,
    entry: Option<(usize, ParsedEntry)>,
    open: Vec<html5ever::LocalName>,
    /// The property whose text is being read, and the depth of its element.
    property: Option<(usize, Property, String)>,
    title: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Property {
    PageTitle,
    Name,
    Summary,
    Author,
    Published,
    Category,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            CharacterTokens(chunk) => {
                if let Some((_, _, text)) = &mut state.property
                    && text.len() < 4096
                {
                    text.push_str(&chunk);
                }
            }
            TagToken(tag) if tag.kind == StartTag => {
                state.start(&tag, self.base.as_ref());
                if matches!(&*tag.name, "script" | "style") {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            TagToken(tag) => {
                if let Some(at) = state.open.iter().rposition(|name| *name == tag.name) {
                    state.close_down_to(at);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

impl State {
    fn start(&mut self, tag: &Tag, base: Option<&Url>) {
        let depth = self.open.len();
        let classes: Vec<&str> = attribute(tag, "class")
            .unwrap_or_default()
            .split_ascii_whitespace()
            .collect();
        let has = |names: &[&str]| names.iter().any(|name| classes.contains(name));
        if self.entry.is_none() && has(&["h-entry", "hentry"]) {
            self.entry = Some((depth, ParsedEntry::default()));
        }
        let mut property = (&*tag.name == "title").then_some(Property::PageTitle);
        if let Some((_, entry)) = &mut self.entry {
            let href = attribute(tag, "href").map(|href| resolve(base, href));
            if let (true, true, Some(href)) = (
                has(&["u-url", "permalink"]) || attribute(tag, "rel") == Some("bookmark"),
                entry.link.is_empty(),
                &href,
            ) {
                entry.links.push(Link {
                    href: href.clone(),
                    rel: "alternate".to_owned(),
                    ..Link::default()
                });
                entry.link.clone_from(href);
            }
            if let (true, Some(stamp)) = (
                has(&["dt-published", "published"]),
                attribute(tag, "datetime").or_else(|| attribute(tag, "title")),
            ) {
                entry.published = Date {
                    raw: stamp.to_owned(),
                    at: date::parse(stamp),
                };
            } else if has(&["dt-published", "published"]) {
                property = Some(Property::Published);
            }
            if has(&["p-name", "entry-title"]) && entry.title.is_empty() {
                property = Some(Property::Name);
            } else if has(&["p-summary", "entry-summary", "e-content", "entry-content"]) && entry.summary.is_empty() {
                property = Some(Property::Summary);
            } else if has(&["p-author"]) && entry.authors.is_empty() {
                property = Some(Property::Author);
            } else if has(&["p-category"]) {
                property = Some(Property::Category);
            }
        }
        if tag.self_closing || is_void(&tag.name) || depth >= DEPTH_MAX {
            return;
        }
        if let (Some(property), None) = (property, &self.property) {
            self.property = Some((depth, property, String::new()));
        }
        self.open.push(tag.name.clone());
    }

    fn close_down_to(&mut self, at: usize) {
        self.open.truncate(at);
        if self.property.as_ref().is_some_and(|(depth, ..)| *depth >= at)
            && let Some((_, property, text)) = self.property.take()
        {
            self.set(property, &text::tidy(&text, 2048));
        }
        if self.entry.as_ref().is_some_and(|(depth, _)| *depth >= at)
            && let Some((_, entry)) = self.entry.take()
            && self.entries.len() < ENTRIES_MAX * 4
        {
            self.entries.push(entry);
        }
    }

    fn set(&mut self, property: Property, value: &str) {
        if property == Property::PageTitle {
            if self.title.is_empty() {
                value.clone_into(&mut self.title);
            }
            return;
        }
        let Some((_, entry)) = &mut self.entry else { return };
        let text = Text {
            value: value.to_owned(),
            ..Text::default()
        };
        match property {
            Property::Name => entry.title = text,
            Property::Summary => entry.summary = text,
            Property::Author => entry.authors.push(Person {
                name: value.to_owned(),
                ..Person::default()
            }),
            Property::Published => {
                entry.published = Date {
                    raw: value.to_owned(),
                    at: date::parse(value),
                }
            }
            Property::Category => {
                entry.categories.push(super::feed::Category {
                    term: value.to_owned(),
                    ..Default::default()
                });
            }
            Property::PageTitle => {}
        }
    }
}
