//! JSON Feed 1.0 and 1.1, leniently: a member of the wrong type costs that member.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use url::Url;

use super::feed::{Category, Date, Enclosure, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Text};
use super::scope::resolve;
use super::{ENTRIES_MAX, ITEMS_READ_MAX, ParseContext, ParseFailure, repair};
use crate::ingest::date;

/// Members of the feed that are read; others are skipped without being kept.
const MEMBERS: [&str; 13] = [
    "version",
    "title",
    "description",
    "home_page_url",
    "feed_url",
    "next_url",
    "language",
    "author",
    "authors",
    "icon",
    "favicon",
    "expired",
    "hubs",
];

/// Reads a JSON document. Whole items before a cut are kept.
pub(super) fn read(text: &str, context: &ParseContext<'_>) -> Result<ParsedFeed, ParseFailure> {
    let mut document = Document {
        base: Url::parse(context.url).ok(),
        ..Document::default()
    };
    let outcome = serde_json::Deserializer::from_str(text).deserialize_any(&mut document);
    let Document {
        base,
        members: feed,
        parsed,
        has_items,
    } = document;
    let version = string(&feed, "version");
    let named = version.contains("jsonfeed.org");
    if !named && (!has_items || !feed.contains_key("title")) {
        return Err(match outcome {
            Ok(()) => ParseFailure::JsonNoFeed,
            Err(_) if has_items || text.trim_start_matches(['{', '[']).trim_start().starts_with(['"', '{']) => {
                ParseFailure::JsonBroken
            }
            Err(_) => ParseFailure::Garbage,
        });
    }
    if outcome.is_err() && parsed.entries.is_empty() {
        return Err(ParseFailure::JsonBroken);
    }
    let at = |name: &str| resolve(base.as_ref(), &string(&feed, name));
    let mut parsed = ParsedFeed {
        format: if version.ends_with("1.1") {
            FeedFormat::Json11
        } else {
            FeedFormat::Json1
        },
        title: plain(&feed, "title"),
        subtitle: plain(&feed, "description"),
        link: at("home_page_url"),
        language: string(&feed, "language"),
        authors: authors(&feed, base.as_ref()),
        image: at("icon"),
        icon: at("favicon"),
        complete: feed.get("expired").and_then(Value::as_bool).unwrap_or(false),
        id: at("feed_url"),
        truncated: outcome.is_err(),
        ..parsed
    };
    for (name, rel) in [
        ("home_page_url", "alternate"),
        ("feed_url", "self"),
        ("next_url", "next"),
    ] {
        push_link(&mut parsed.links, at(name), rel);
    }
    for hub in objects(&feed, "hubs") {
        push_link(&mut parsed.links, string(hub, "url"), "hub");
    }
    parsed.keep_newest(ENTRIES_MAX);
    Ok(parsed)
}

/// A document while it is being read: its items one at a time, so that their number costs no memory.
#[derive(Default)]
struct Document {
    base: Option<Url>,
    members: Map<String, Value>,
    parsed: ParsedFeed,
    has_items: bool,
}

impl<'de> Visitor<'de> for &mut Document {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "items" {
                map.next_value_seed(Items(self))?;
            } else if MEMBERS.contains(&name.as_str()) {
                let value = map.next_value()?;
                self.members.insert(name, value);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The `items` member.
struct Items<'d>(&'d mut Document);

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let document = self.0;
        document.has_items = true;
        let mut n_read = 0;
        while n_read < ITEMS_READ_MAX
            && let Some(item) = items.next_element::<Value>()?
        {
            n_read += 1;
            if let Value::Object(item) = item {
                document.parsed.entries.push(read_item(&item, document.base.as_ref()));
                if document.parsed.entries.len() >= ENTRIES_MAX * 4 {
                    document.parsed.keep_newest(ENTRIES_MAX);
                }
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            document.parsed.entries_dropped = document.parsed.entries_dropped.saturating_add(1);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn read_item(item: &Map<String, Value>, base: Option<&Url>) -> ParsedEntry {
    let link = resolve(base, &string(item, "url"));
    let external = resolve(base, &string(item, "external_url"));
    let html = string(item, "content_html");
    let content = if html.is_empty() {
        plain(item, "content_text")
    } else {
        text(&html, true, base)
    };
    let mut entry = ParsedEntry {
        title: plain(item, "title"),
        id: string(item, "id"),
        is_permalink: true,
        published: date_of(item, "date_published"),
        updated: date_of(item, "date_modified"),
        summary: plain(item, "summary"),
        content,
        authors: authors(item, base),
        categories: item
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|tag| Category {
                term: tag.to_owned(),
                ..Category::default()
            })
            .collect(),
        language: string(item, "language"),
        ..ParsedEntry::default()
    };
    for name in ["image", "banner_image"] {
        let image = resolve(base, &string(item, name));
        if !image.is_empty() {
            entry.thumbnails.push(image);
        }
    }
    for attachment in objects(item, "attachments") {
        entry.enclosures.push(Enclosure {
            href: resolve(base, &string(attachment, "url")),
            kind: string(attachment, "mime_type"),
            length: attachment
                .get("size_in_bytes")
                .filter(|size| size.is_number())
                .map(ToString::to_string)
                .unwrap_or_default(),
        });
    }
    push_link(&mut entry.links, link.clone(), "alternate");
    push_link(&mut entry.links, external.clone(), "related");
    let is_web = entry.id.starts_with("http://") || entry.id.starts_with("https://");
    entry.link = match (link.is_empty(), external.is_empty()) {
        (false, _) => link,
        (true, false) => external,
        (true, true) if is_web => entry.id.clone(),
        (true, true) => String::new(),
    };
    entry
}

/// A string member; numbers count as their digits (ids are often numbers).
fn string(object: &Map<String, Value>, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(value)) => value.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn text(value: &str, html: bool, base: Option<&Url>) -> Text {
    Text {
        value: repair::text(value),
        html,
        base: base.map(ToString::to_string).unwrap_or_default(),
    }
}

fn plain(object: &Map<String, Value>, name: &str) -> Text {
    let value = string(object, name);
    text(&value, super::markup::looks_like_html(&value), None)
}

fn date_of(object: &Map<String, Value>, name: &str) -> Date {
    let raw = string(object, name);
    Date {
        at: date::parse(&raw),
        raw,
    }
}

fn objects<'a>(object: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// `authors` of 1.1, else `author` of 1.0.
fn authors(object: &Map<String, Value>, base: Option<&Url>) -> Vec<Person> {
    let single = object.get("author").and_then(Value::as_object);
    let mut people: Vec<Person> = objects(object, "authors")
        .map(|author| Person {
            name: string(author, "name"),
            email: String::new(),
            href: resolve(base, &string(author, "url")),
        })
        .collect();
    if people.is_empty() {
        people.extend(single.map(|author| Person {
            name: string(author, "name"),
            email: String::new(),
            href: resolve(base, &string(author, "url")),
        }));
    }
    people.retain(|person| !person.is_empty());
    people
}

fn push_link(links: &mut Vec<Link>, href: String, rel: &str) {
    if !href.is_empty() {
        links.push(Link {
            href,
            rel: rel.to_owned(),
            ..Link::default()
        });
    }
}
