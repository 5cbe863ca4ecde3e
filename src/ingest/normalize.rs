//! What a feed says, made into entries: identity, clean text, repaired dates, news or history. Pure.
//!
//! The heuristics, each with the kind of case behind it:
//! - The identity of an item is its guid, else its link, else its text. A guid that several items of one document
//!   share (a feed that writes its own address into each) is no guid; a link that several share (all lead to the
//!   front page) counts together with the title. A guid that is an address is compared without scheme and `www.`:
//!   moving to https renames no article.
//! - A date more than an hour ahead of us is no date, and neither is one before 1990 (unset clocks write 1970). An
//!   item without a date is as old as our first sight of it; several keep the order of the document.
//! - At a feed's first poll what is older than a day is history, and so is what has no date: a new installation has
//!   a first digest and no flood. What is older than 30 days is never news.
//! - An item without a title is known by the first words of its text.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::Url;

use super::parse::{ParsedEntry, ParsedFeed};
use super::publisher::{self, Habit};
use super::url::{canonical, link_key};
use crate::model::{FeedHints, Hub, IdentityKind, NewEntry};
use crate::time::Timestamp;

/// Longest title.
pub const TITLE_MAX_BYTES: usize = 1_024;
/// Longest summary: what tagging and clustering read, and more than any mail shows.
pub const SUMMARY_MAX_BYTES: usize = 4_096;
const NAME_MAX_BYTES: usize = 200;
const CATEGORIES_MAX: usize = 20;
/// Words of the text that stand in for a missing title.
const TITLE_WORDS: usize = 14;
const AHEAD_MAX: Duration = Duration::from_hours(1);
const NEWS_MAX_AGE: Duration = Duration::from_hours(30 * 24);
/// 1990-01-01: before that there were no feeds to date.
const OLDEST: Timestamp = Timestamp::from_unix(631_152_000);
/// Dates kept as the feed's rhythm.
const RECENT_MAX: usize = 20;

/// What normalizing depends on besides the document.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Now.
    pub now: Timestamp,
    /// It is the feed's first good poll.
    pub first_poll: bool,
    /// What is older is history then.
    pub first_poll_news: Duration,
    /// What makes two items the same, when the operator set it.
    pub identity: Option<IdentityKind>,
    /// Most entries kept, the newest.
    pub entries_max: usize,
    /// Query parameters cut from links beside the built-in ones.
    pub tracking: &'a [String],
    /// The address the document came from.
    pub url: &'a str,
    /// Dates known before this poll, newest first.
    pub recent: &'a [Timestamp],
}

/// A document made ready to be stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Normalized {
    /// The feed's title.
    pub title: String,
    /// Its page.
    pub site_url: String,
    /// Its items, in document order, each identity once.
    pub entries: Vec<NewEntry>,
    /// What it says about polling.
    pub hints: FeedHints,
    /// Items it had.
    pub n_items: u32,
    /// Items without a usable date.
    pub n_undated: u32,
    /// The feed's rhythm with this document.
    pub recent: Vec<Timestamp>,
    /// The page with older items, when entries may have fallen off this one since the last poll (RFC 5005).
    pub older_page: Option<String>,
    /// The hub that tells of its news, set by whoever knows the answer's headers too.
    pub hub: Hub,
}

/// An item with what identity is decided on.
struct Item<'a> {
    parsed: &'a ParsedEntry,
    position: u32,
    title: String,
    publisher: String,
    summary: String,
    link: String,
    guid: String,
    published: Option<Timestamp>,
}

/// Makes entries of a document.
#[must_use]
pub fn normalize(feed: &ParsedFeed, terms: &Terms<'_>) -> Normalized {
    let base = Url::parse(terms.url).ok();
    let title = feed.title.plain(TITLE_MAX_BYTES);
    let mut items = read_items(feed, &title, base.as_ref(), terms);
    let n_items = u32::try_from(items.len())
        .unwrap_or(u32::MAX)
        .saturating_add(feed.entries_dropped);
    let n_undated = u32::try_from(items.iter().filter(|item| item.published.is_none()).count()).unwrap_or(u32::MAX);
    keep_newest(&mut items, terms.entries_max);
    let keys = identities(&items, terms.identity);
    let mut seen = BTreeSet::new();
    let entries: Vec<NewEntry> = items
        .into_iter()
        .zip(keys)
        .filter(|(_, (_, identity))| seen.insert(*identity))
        .map(|(item, (kind, identity))| finish(item, kind, identity, feed, terms))
        .collect();
    Normalized {
        title,
        site_url: canonical(&feed.link, base.as_ref(), terms.tracking).unwrap_or_default(),
        hints: hints(feed),
        n_items,
        n_undated,
        recent: rhythm(&entries, terms.recent),
        older_page: older_page(feed, &entries, terms),
        hub: Hub::default(),
        entries,
    }
}

fn read_items<'a>(feed: &'a ParsedFeed, feed_title: &str, base: Option<&Url>, terms: &Terms<'_>) -> Vec<Item<'a>> {
    let titles: Vec<String> = feed
        .entries
        .iter()
        .map(|entry| entry.title.plain(TITLE_MAX_BYTES))
        .collect();
    let habit = publisher::habit(feed_title, titles.iter().map(String::as_str));
    let positions = 0_u32..;
    let mut items = Vec::with_capacity(feed.entries.len());
    for ((parsed, title), position) in feed.entries.iter().zip(&titles).zip(positions) {
        let item = read_item(parsed, title, position, feed_title, &habit, base, terms);
        // Nothing to show and nothing to know it by.
        if !(item.title.is_empty() && item.link.is_empty() && item.summary.is_empty()) {
            items.push(item);
        }
    }
    items
}

fn read_item<'a>(
    parsed: &'a ParsedEntry,
    title: &str,
    position: u32,
    feed_title: &str,
    habit: &Habit,
    base: Option<&Url>,
    terms: &Terms<'_>,
) -> Item<'a> {
    let source = super::parse::text::tidy(&parsed.source.title, NAME_MAX_BYTES);
    let split = publisher::split(title, &source, feed_title, habit);
    let mut summary = parsed.summary.plain(SUMMARY_MAX_BYTES);
    if summary.is_empty() || summary == title {
        summary = parsed.content.plain(SUMMARY_MAX_BYTES);
    }
    without_boilerplate(&mut summary);
    let permalink = if parsed.is_permalink { parsed.id.as_str() } else { "" };
    let link = [parsed.original_link.as_str(), parsed.link.as_str(), permalink]
        .into_iter()
        .find_map(|link| canonical(link, base, terms.tracking))
        .unwrap_or_default();
    Item {
        parsed,
        position,
        title: split.title,
        publisher: split.publisher,
        summary,
        link,
        guid: parsed.id.trim().to_owned(),
        published: usable_date(parsed, terms.now),
    }
}

/// "The post X appeared first on Y." and its like: WordPress puts it under each text.
fn without_boilerplate(summary: &mut String) {
    if let Some(at) = summary.rfind("The post ")
        && summary
            .get(at..)
            .is_some_and(|tail| tail.contains(" appeared first on "))
    {
        summary.truncate(at);
    }
    for tail in ["[…]", "[...]", "Read more", "Continue reading", "Read More"] {
        if let Some(start) = summary.trim_end().strip_suffix(tail) {
            let len = start.len();
            summary.truncate(len);
        }
    }
    let len = summary.trim_end().len();
    summary.truncate(len);
}

fn usable_date(entry: &ParsedEntry, now: Timestamp) -> Option<Timestamp> {
    let latest = now.plus(AHEAD_MAX);
    [entry.published.at, entry.updated.at]
        .into_iter()
        .flatten()
        .find(|at| *at >= OLDEST && *at <= latest)
}

fn keep_newest(items: &mut Vec<Item<'_>>, entries_max: usize) {
    if items.len() <= entries_max {
        return;
    }
    // Undated items keep their place near the top: feeds list the newest first.
    items.sort_by_key(|item| std::cmp::Reverse((item.published.is_none(), item.published)));
    items.truncate(entries_max);
    items.sort_by_key(|item| item.position);
}

/// What each item is known by. See the top of the file.
fn identities(items: &[Item<'_>], wanted: Option<IdentityKind>) -> Vec<(IdentityKind, [u8; 32])> {
    let mut guids: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let mut links: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        guids.entry(&item.guid).or_default().insert((&item.link, &item.title));
        links.entry(&item.link).or_default().insert(&item.title);
    }
    items
        .iter()
        .map(|item| {
            let own_guid = !item.guid.is_empty() && guids.get(item.guid.as_str()).is_none_or(|uses| uses.len() == 1);
            let own_link = links.get(item.link.as_str()).is_none_or(|uses| uses.len() == 1);
            let kind = match wanted {
                Some(IdentityKind::Guid) | None if own_guid => IdentityKind::Guid,
                Some(IdentityKind::Text) => IdentityKind::Text,
                _ if !item.link.is_empty() => IdentityKind::Link,
                _ if own_guid => IdentityKind::Guid,
                _ => IdentityKind::Text,
            };
            let key = match kind {
                IdentityKind::Guid => digest(&["guid", guid_key(&item.guid)]),
                IdentityKind::Link if own_link => digest(&["link", link_key(&item.link)]),
                IdentityKind::Link => digest(&["link", link_key(&item.link), &item.title]),
                IdentityKind::Text => digest(&["text", &item.title, &item.summary]),
            };
            (kind, key)
        })
        .collect()
}

fn guid_key(guid: &str) -> &str {
    if guid.starts_with("http://") || guid.starts_with("https://") {
        link_key(guid)
    } else {
        guid
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().into()
}

fn finish(item: Item<'_>, kind: IdentityKind, identity: [u8; 32], feed: &ParsedFeed, terms: &Terms<'_>) -> NewEntry {
    let dated_at = match item.published {
        Some(published) => published.min(terms.now),
        None => terms.now.minus(Duration::from_secs(u64::from(item.position))),
    };
    let old_for_new_feed =
        terms.first_poll && (item.published.is_none() || terms.now.since(dated_at) > terms.first_poll_news);
    let title = if item.title.is_empty() {
        stand_in(&item)
    } else {
        item.title
    };
    let author = item
        .parsed
        .authors
        .first()
        .or(feed.authors.first())
        .map_or("", |person| person.name.as_str());
    NewEntry {
        content_hash: digest(&[&title, &item.summary, &item.link]),
        identity,
        identity_kind: kind,
        author: super::parse::text::tidy(author, NAME_MAX_BYTES),
        language: language(&[&item.parsed.language, &feed.language]),
        publisher: item.publisher,
        categories: categories(item.parsed),
        published_at: item.published,
        dated_at,
        history: old_for_new_feed || terms.now.since(dated_at) > NEWS_MAX_AGE,
        url: item.link,
        title,
        summary: item.summary,
    }
}

/// A title for an item that has none.
fn stand_in(item: &Item<'_>) -> String {
    let words: Vec<&str> = item.summary.split_whitespace().take(TITLE_WORDS + 1).collect();
    let mut title = words.iter().take(TITLE_WORDS).copied().collect::<Vec<_>>().join(" ");
    if words.len() > TITLE_WORDS {
        title.push('…');
    }
    if title.is_empty() {
        link_key(&item.link).clone_into(&mut title);
    }
    super::parse::text::cut(&title, TITLE_MAX_BYTES).to_owned()
}

fn language(candidates: &[&str]) -> String {
    candidates
        .iter()
        .map(|tag| tag.trim().to_ascii_lowercase().replace('_', "-"))
        .find(|tag| (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .unwrap_or_default()
}

fn categories(entry: &ParsedEntry) -> Vec<String> {
    let mut words = Vec::new();
    for category in &entry.categories {
        let word = if category.label.is_empty() {
            &category.term
        } else {
            &category.label
        };
        let word = super::parse::text::plain(word, NAME_MAX_BYTES);
        if !word.is_empty() && !words.contains(&word) && words.len() < CATEGORIES_MAX {
            words.push(word);
        }
    }
    words
}

fn hints(feed: &ParsedFeed) -> FeedHints {
    let ttl = u64::from(feed.ttl_minutes.unwrap_or(0)) * 60;
    let bits = |numbers: &[u8], below: u8| {
        let set = numbers.iter().filter(|n| **n < below);
        set.fold(0_u32, |bits, n| bits | 1 << n)
    };
    FeedHints {
        ttl: Duration::from_secs(ttl.max(u64::from(feed.update_secs.unwrap_or(0)))),
        skip_hours: bits(&feed.skip_hours, 24),
        skip_days: u8::try_from(bits(&feed.skip_days, 7)).unwrap_or(0),
    }
}

/// The page to go on with, when every item here is newer than what was known: then some may be missing in between.
fn older_page(feed: &ParsedFeed, entries: &[NewEntry], terms: &Terms<'_>) -> Option<String> {
    let newest_known = *terms.recent.first().filter(|_| !terms.first_poll)?;
    let reaches_back = entries
        .iter()
        .any(|entry| entry.published_at.is_none_or(|at| at <= newest_known));
    if reaches_back || entries.is_empty() {
        return None;
    }
    let link = feed.href("prev-archive").or_else(|| feed.href("next"))?;
    let (here, there) = (
        Url::parse(terms.url).ok()?,
        Url::parse(terms.url).ok()?.join(link).ok()?,
    );
    (here.origin() == there.origin() && here != there).then(|| there.into())
}

/// The newest dates of the feed, newest first: what was known and what this document adds.
fn rhythm(entries: &[NewEntry], known: &[Timestamp]) -> Vec<Timestamp> {
    let mut dates: Vec<Timestamp> = entries
        .iter()
        .filter_map(|entry| entry.published_at)
        .chain(known.iter().copied())
        .collect();
    dates.sort_unstable_by(|a, b| b.cmp(a));
    dates.dedup();
    dates.truncate(RECENT_MAX);
    dates
}

#[cfg(test)]
mod tests;
