//! The fast path: feed-rs for clean documents. The only file that knows feed-rs.
//!
//! feed-rs panics on some inputs; a panic is caught here and costs the fast path, never the feed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use feed_rs::model;

use super::feed::{Category, Date, Enclosure, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Text};
use super::{ENTRIES_MAX, ParseContext};
use crate::time::Timestamp;

/// Reads a document with feed-rs; `None` when it refuses or panics.
pub(super) fn read(body: &[u8], context: &ParseContext<'_>) -> Option<ParsedFeed> {
    let parser = feed_rs::parser::Builder::new()
        .base_uri(Some(context.url).filter(|url| !url.is_empty()))
        .id_generator(|_, _, _| String::new())
        .sanitize_content(false)
        .build();
    let feed = catch_unwind(AssertUnwindSafe(|| parser.parse(body))).ok()?.ok()?;
    Some(map_feed(feed))
}

fn map_feed(feed: model::Feed) -> ParsedFeed {
    let links: Vec<Link> = feed.links.into_iter().map(map_link).collect();
    let dropped = feed.entries.len().saturating_sub(ENTRIES_MAX);
    ParsedFeed {
        format: match feed.feed_type {
            model::FeedType::Atom => FeedFormat::Atom10,
            model::FeedType::JSON => FeedFormat::Json1,
            model::FeedType::RSS0 => FeedFormat::Rss,
            model::FeedType::RSS1 => FeedFormat::Rss10,
            model::FeedType::RSS2 => FeedFormat::Rss20,
        },
        title: map_text(feed.title),
        subtitle: map_text(feed.description),
        link: alternate(&links),
        links,
        id: feed.id,
        published: map_date(feed.published),
        updated: map_date(feed.updated),
        language: feed.language.unwrap_or_default(),
        rights: map_text(feed.rights),
        authors: feed.authors.into_iter().map(map_person).collect(),
        contributors: feed.contributors.into_iter().map(map_person).collect(),
        categories: feed.categories.into_iter().map(map_category).collect(),
        generator: feed.generator.map(|generator| generator.content).unwrap_or_default(),
        image: feed.logo.map(|image| image.uri).unwrap_or_default(),
        icon: feed.icon.map(|image| image.uri).unwrap_or_default(),
        ttl_minutes: feed.ttl,
        entries: feed.entries.into_iter().take(ENTRIES_MAX).map(map_entry).collect(),
        entries_dropped: u32::try_from(dropped).unwrap_or(u32::MAX),
        ..ParsedFeed::default()
    }
}

fn map_entry(entry: model::Entry) -> ParsedEntry {
    let mut links: Vec<Link> = Vec::with_capacity(entry.links.len());
    let mut enclosures = Vec::new();
    for link in entry.links {
        if link.rel.as_deref() == Some("enclosure") {
            enclosures.push(Enclosure {
                href: link.href,
                kind: link.media_type.unwrap_or_default(),
                length: link.length.map(|length| length.to_string()).unwrap_or_default(),
            });
        } else {
            links.push(map_link(link));
        }
    }
    let mut thumbnails = Vec::new();
    for media in entry.media {
        thumbnails.extend(media.thumbnails.into_iter().map(|thumbnail| thumbnail.image.uri));
        enclosures.extend(media.content.into_iter().filter_map(|content| {
            Some(Enclosure {
                href: content.url?.to_string(),
                kind: content.content_type.map(|kind| kind.to_string()).unwrap_or_default(),
                length: content.size.map(|size| size.to_string()).unwrap_or_default(),
            })
        }));
    }
    ParsedEntry {
        title: map_text(entry.title),
        link: alternate(&links),
        links,
        id: entry.id,
        published: map_date(entry.published),
        updated: map_date(entry.updated),
        summary: map_text(entry.summary),
        content: entry
            .content
            .map(|content| Text {
                html: content.content_type.subty() != "plain",
                value: content.body.unwrap_or_default(),
                base: String::new(),
            })
            .unwrap_or_default(),
        authors: entry.authors.into_iter().map(map_person).collect(),
        contributors: entry.contributors.into_iter().map(map_person).collect(),
        rights: map_text(entry.rights),
        categories: entry.categories.into_iter().map(map_category).collect(),
        enclosures,
        thumbnails,
        language: entry.language.unwrap_or_default(),
        ..ParsedEntry::default()
    }
}

fn alternate(links: &[Link]) -> String {
    links
        .iter()
        .find(|link| link.rel == "alternate")
        .map(|link| link.href.clone())
        .unwrap_or_default()
}

fn map_text(text: Option<model::Text>) -> Text {
    text.map(|text| Text {
        html: true,
        value: text.content,
        base: String::new(),
    })
    .unwrap_or_default()
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
        kind: link.media_type.unwrap_or_default(),
        title: link.title.unwrap_or_default(),
    }
}

fn map_person(person: model::Person) -> Person {
    Person {
        name: person.name.unwrap_or_default(),
        email: person.email.unwrap_or_default(),
        href: person.uri.unwrap_or_default(),
    }
}

fn map_category(category: model::Category) -> Category {
    Category {
        term: category.term,
        scheme: category.scheme.unwrap_or_default(),
        label: category.label.unwrap_or_default(),
    }
}
