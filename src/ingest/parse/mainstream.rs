//! feed-rs, for the documents it reads exactly as our own reader does. The only file that knows feed-rs.
//!
//! [`suits`] looks over a document first, and lets through clean RSS 2.0 of the plain kind: only elements whose meaning
//! both readers share, references XML knows, addresses in normal form. Whatever is beyond that, and whatever feed-rs
//! then refuses or panics on, is the tolerant reader's; a test holds both readers against each other on the rest.
//! A panic is caught and costs the fast path only. It is still printed: past the look-over it is news.

use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model;

use super::feed::{Category, Date, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Text};
use super::markup::looks_like_html;
use super::{ParseContext, repair};
use crate::ingest::date;
use crate::time::Timestamp;

/// Longer documents are rare, and feed-rs has no limits of its own.
const DOCUMENT_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Reads a document with feed-rs; `None` when it is not for feed-rs, or feed-rs fails on it.
pub(super) fn read(text: &str, context: &ParseContext<'_>) -> Option<ParsedFeed> {
    let suited = suits(text)?;
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(context.url).filter(|url| !url.is_empty()))
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|text| chrono::DateTime::from_timestamp(date::parse(text)?.unix(), 0))
        .sanitize_content(false)
        .build();
    // The text is decoded: what its declaration says of the encoding is no longer true.
    let body = text
        .split_once("?>")
        .filter(|_| text.starts_with("<?xml"))
        .map_or(text, |(_, body)| body);
    let feed = catch_unwind(AssertUnwindSafe(|| parser.parse(body.as_bytes())))
        .ok()?
        .ok()?;
    let mut feed = map_feed(feed);
    feed.update_secs = super::fields::update_secs(suited.period, suited.frequency);
    let whole = feed.entries.len() == suited.items && feed.entries.iter().all(|entry| !entry.link.is_empty());
    whole.then_some(feed)
}

/// What looking over a document found.
#[derive(Default)]
struct Suited<'a> {
    items: usize,
    /// `sy:updatePeriod` and `sy:updateFrequency`, which feed-rs does not read.
    period: &'a str,
    frequency: &'a str,
}

/// Looks over a document; `None` when it is not plain RSS 2.0.
fn suits(text: &str) -> Option<Suited<'_>> {
    if text.len() > DOCUMENT_MAX_BYTES || !text.is_ascii() && text.contains(['\u{c2}', '\u{c3}']) {
        return None;
    }
    let mut rest = text;
    let mut depth = 0_usize;
    let mut suited = Suited::default();
    while let Some((before, after)) = rest.split_once('<') {
        if !has_plain_references(before) {
            return None;
        }
        if let Some(section) = after.strip_prefix("![CDATA[") {
            rest = section.split_once("]]>")?.1;
            continue;
        }
        if let Some(declaration) = after.strip_prefix('?') {
            // A second declaration, or a late one, is what feed-rs panics on.
            let first = before.is_empty() && rest.len() == text.len();
            let late = declaration.starts_with("xml") && !declaration.starts_with("xml-") && !first;
            if late || depth > 0 {
                return None;
            }
            rest = declaration.split_once("?>")?.1;
            continue;
        }
        let (tag, tail) = after.split_once('>')?;
        rest = tail;
        if tag.starts_with('/') {
            depth = depth.checked_sub(1)?;
            continue;
        }
        let (name, attributes) = tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
        if !is_plain(name, attributes, depth) {
            return None;
        }
        let value = tail.split_once('<').map_or("", |(value, _)| value.trim());
        match name {
            "link" | "comments" if !is_normal(value) => return None,
            "language" if value.contains(|c: char| c.is_ascii_uppercase()) => return None,
            "dc:creator" if value.contains('@') => return None,
            "sy:updatePeriod" => suited.period = value,
            "sy:updateFrequency" => suited.frequency = value,
            "item" => suited.items += 1,
            _ => {}
        }
        depth += usize::from(!attributes.ends_with('/'));
    }
    (depth == 0).then_some(suited)
}

/// The elements both readers understand alike, each where it belongs.
fn is_plain(name: &str, attributes: &str, depth: usize) -> bool {
    let bare = attributes.is_empty();
    match depth {
        0 => {
            let plain = !attributes.contains("xml:") && !attributes.contains("xmlns=");
            name == "rss" && plain && attributes.contains("version=\"2.0\"")
        }
        1 => name == "channel" && bare,
        2 if name == "atom:link" => {
            let mut addresses = attributes.split('"').filter(|part| part.starts_with("http"));
            attributes.contains("rel=\"self\"")
                && attributes.contains("type=\"")
                && addresses.all(is_normal)
                && attributes.ends_with('/')
        }
        2 => bare && CHANNEL.contains(&name),
        3 if name == "guid" => bare || attributes == "isPermaLink=\"false\"" || attributes == "isPermaLink=\"true\"",
        3 => bare && ITEM.contains(&name),
        _ => false,
    }
}

/// Elements of a channel that both readers understand alike.
const CHANNEL: [&str; 13] = [
    "title",
    "link",
    "description",
    "language",
    "copyright",
    "lastBuildDate",
    "pubDate",
    "generator",
    "ttl",
    "item",
    "image",
    "sy:updatePeriod",
    "sy:updateFrequency",
];

/// Elements of an item, or of the channel's image, that both readers understand alike or both ignore.
const ITEM: [&str; 14] = [
    "title",
    "link",
    "description",
    "pubDate",
    "comments",
    "category",
    "slash:comments",
    "dc:creator",
    "content:encoded",
    "wfw:commentRss",
    "post-id",
    "url",
    "width",
    "height",
];

/// Only references that XML itself knows.
fn has_plain_references(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| {
        ["amp;", "lt;", "gt;", "quot;", "apos;"]
            .iter()
            .any(|name| rest.starts_with(name))
    })
}

/// An address that normalizing does not change.
fn is_normal(address: &str) -> bool {
    let Some(rest) = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))
    else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else {
        return false;
    };
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && host.bytes().any(|b| b.is_ascii_lowercase())
        && path.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'?' | b'=' | b'%' | b'#' | b'+')
        })
        && !path.contains("./")
        && !path.ends_with('.')
}

fn map_feed(feed: model::Feed) -> ParsedFeed {
    let links: Vec<Link> = feed.links.into_iter().map(map_link).collect();
    ParsedFeed {
        format: FeedFormat::Rss20,
        title: map_text(feed.title, false),
        subtitle: map_text(feed.description, true),
        link: links
            .iter()
            .rfind(|link| link.rel == "alternate")
            .map(|link| link.href.clone())
            .unwrap_or_default(),
        links,
        published: map_date(feed.published),
        updated: map_date(feed.updated),
        language: feed.language.unwrap_or_default(),
        rights: map_text(feed.rights, false),
        generator: feed
            .generator
            .map(|generator| generator.content.trim().to_owned())
            .unwrap_or_default(),
        image: feed.logo.map(|image| image.uri.trim().to_owned()).unwrap_or_default(),
        ttl_minutes: feed.ttl,
        entries: feed.entries.into_iter().map(map_entry).collect(),
        ..ParsedFeed::default()
    }
}

fn map_entry(entry: model::Entry) -> ParsedEntry {
    let mut links: Vec<Link> = Vec::with_capacity(entry.links.len());
    let mut comments = String::new();
    for link in entry.links {
        match link.target {
            Some(model::LinkTarget::Comments) => comments = link.href,
            Some(_) => {}
            None => links.push(map_link(link)),
        }
    }
    ParsedEntry {
        title: map_text(entry.title, false),
        link: links.last().map(|link| link.href.clone()).unwrap_or_default(),
        links,
        id: entry.id,
        published: map_date(entry.published),
        summary: map_text(entry.summary, true),
        content: entry
            .content
            .and_then(|content| content.body)
            .map(|body| text(&body, true))
            .unwrap_or_default(),
        authors: entry
            .authors
            .into_iter()
            .map(map_person)
            .filter(|person| !person.is_empty())
            .collect(),
        categories: map_categories(entry.categories),
        comments,
        ..ParsedEntry::default()
    }
}

fn map_text(value: Option<model::Text>, html: bool) -> Text {
    value.map(|value| text(&value.content, html)).unwrap_or_default()
}

fn text(value: &str, html: bool) -> Text {
    let value = repair::text(value.trim());
    Text {
        html: !value.is_empty() && (html || looks_like_html(&value)),
        value,
        base: String::new(),
    }
}

fn map_date(at: Option<chrono::DateTime<chrono::Utc>>) -> Date {
    Date {
        raw: String::new(),
        at: at.map(|at| Timestamp::from_unix(at.timestamp())),
    }
}

fn map_link(link: model::Link) -> Link {
    Link {
        href: link.href,
        rel: link.rel.unwrap_or_else(|| "alternate".to_owned()),
        kind: link.media_type.unwrap_or_else(|| "text/html".to_owned()),
        title: link.title.unwrap_or_default(),
    }
}

fn map_person(person: model::Person) -> Person {
    Person {
        name: repair::text(person.name.unwrap_or_default().trim()),
        email: person.email.unwrap_or_default(),
        href: person.uri.unwrap_or_default(),
    }
}

fn map_categories(categories: Vec<model::Category>) -> Vec<Category> {
    let mut words: Vec<Category> = Vec::new();
    for category in categories {
        let word = Category {
            term: repair::text(category.term.trim()),
            ..Category::default()
        };
        if !word.term.is_empty() && !words.contains(&word) && words.len() < super::fields::LIST_MAX {
            words.push(word);
        }
    }
    words
}
