//! What a feed document says, whatever its format: plain data, close to the wire, nothing decided.
//!
//! An absent value is an empty string, an empty list or `None`. Texts are as the feed gave them once its XML or JSON
//! is decoded; [`super::text::plain`] makes readable text of them. Links are absolute where a base is known.

use crate::time::Timestamp;

/// The format a feed is written in, by the name feed programs use for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedFormat {
    /// RSS 0.90 of Netscape, an RDF dialect.
    Rss090,
    /// RSS 0.91 of Netscape (with the DTD).
    Rss091n,
    /// RSS 0.91 of Userland.
    Rss091u,
    /// RSS 0.92.
    Rss092,
    /// RSS 0.93.
    Rss093,
    /// RSS 0.94.
    Rss094,
    /// RSS 1.0, an RDF dialect.
    Rss10,
    /// RSS 2.0 and its point releases.
    Rss20,
    /// RSS without a version we know.
    #[default]
    Rss,
    /// Atom 0.1.
    Atom01,
    /// Atom 0.2.
    Atom02,
    /// Atom 0.3.
    Atom03,
    /// Atom 1.0 (RFC 4287).
    Atom10,
    /// Atom without a namespace or version we know.
    Atom,
    /// Microsoft's Channel Definition Format.
    Cdf,
    /// JSON Feed 1.0.
    Json1,
    /// JSON Feed 1.1.
    Json11,
    /// A web page with h-entry microformats.
    HFeed,
}

impl FeedFormat {
    /// The short name: `rss20`, `atom10`, `json11`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss090 => "rss090",
            Self::Rss091n => "rss091n",
            Self::Rss091u => "rss091u",
            Self::Rss092 => "rss092",
            Self::Rss093 => "rss093",
            Self::Rss094 => "rss094",
            Self::Rss10 => "rss10",
            Self::Rss20 => "rss20",
            Self::Rss => "rss",
            Self::Atom01 => "atom01",
            Self::Atom02 => "atom02",
            Self::Atom03 => "atom03",
            Self::Atom10 => "atom10",
            Self::Atom => "atom",
            Self::Cdf => "cdf",
            Self::Json1 => "json1",
            Self::Json11 => "json11",
            Self::HFeed => "hfeed",
        }
    }

    /// Whether it is one of the Atoms, whose text constructs say what they hold.
    #[must_use]
    pub const fn is_atom(self) -> bool {
        matches!(
            self,
            Self::Atom01 | Self::Atom02 | Self::Atom03 | Self::Atom10 | Self::Atom
        )
    }
}

/// A text and whether it is HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The text, decoded once.
    pub value: String,
    /// It is HTML (or may be, where the format leaves that open); otherwise every character stands for itself.
    pub html: bool,
    /// What relative links in it are relative to; empty when unknown.
    pub base: String,
}

impl Text {
    /// No text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// As readable text on one line, at most `max_len` bytes.
    #[must_use]
    pub fn plain(&self, max_len: usize) -> String {
        if self.html {
            super::text::plain(&self.value, max_len)
        } else {
            super::text::tidy(&self.value, max_len)
        }
    }
}

/// A date as written and as understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Date {
    /// As written; empty where the reader did not keep it.
    pub raw: String,
    /// As understood.
    pub at: Option<Timestamp>,
}

/// An Atom link, or what corresponds to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The target, absolute where a base is known.
    pub href: String,
    /// `alternate`, `self`, `hub`, `next`, `prev-archive`, `replies`, ... in lower case.
    pub rel: String,
    /// Media type, possibly empty.
    pub kind: String,
    /// Title, possibly empty.
    pub title: String,
}

/// A person or an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Home page.
    pub href: String,
}

impl Person {
    /// Nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.name.is_empty() && self.email.is_empty() && self.href.is_empty()
    }
}

/// A category, tag, subject or keyword.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Category {
    /// The word.
    pub term: String,
    /// The vocabulary it is from, possibly empty.
    pub scheme: String,
    /// For people to read, possibly empty.
    pub label: String,
}

/// A file that belongs to an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosure {
    /// Where it is.
    pub href: String,
    /// Media type, possibly empty.
    pub kind: String,
    /// Size as written, possibly empty or nonsense.
    pub length: String,
}

/// Where an aggregator's item came from (RSS `source`, Atom `source`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Name of the publisher or its feed.
    pub title: String,
    /// Its page or feed.
    pub href: String,
}

/// A feed document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedFeed {
    /// Its format.
    pub format: FeedFormat,
    /// Its name.
    pub title: Text,
    /// Its description.
    pub subtitle: Text,
    /// The page it belongs to.
    pub link: String,
    /// All links, hub and archive links among them.
    pub links: Vec<Link>,
    /// Its own id.
    pub id: String,
    /// When it was published.
    pub published: Date,
    /// When it last changed.
    pub updated: Date,
    /// BCP 47 tag as written.
    pub language: String,
    /// Copyright.
    pub rights: Text,
    /// Authors.
    pub authors: Vec<Person>,
    /// Contributors.
    pub contributors: Vec<Person>,
    /// Categories.
    pub categories: Vec<Category>,
    /// The program that made it.
    pub generator: String,
    /// Its picture or logo.
    pub image: String,
    /// Its small icon.
    pub icon: String,
    /// RSS `ttl`: minutes it may be cached.
    pub ttl_minutes: Option<u32>,
    /// RSS `skipHours`: hours of the day (GMT, 0 to 23) without news.
    pub skip_hours: Vec<u8>,
    /// RSS `skipDays`: days without news, 0 Monday to 6 Sunday.
    pub skip_days: Vec<u8>,
    /// `sy:updatePeriod` over `sy:updateFrequency`, in seconds.
    pub update_secs: Option<u32>,
    /// RSS `newLocation` or `itunes:new-feed-url`: where the feed says it moved to.
    pub moved_to: String,
    /// `itunes:complete` or RFC 5005 `fh:complete`.
    pub complete: bool,
    /// Its items in document order.
    pub entries: Vec<ParsedEntry>,
    /// Items beyond the limit, not read.
    pub entries_dropped: u32,
    /// The document ended before its root element did.
    pub truncated: bool,
    /// The document broke its format's rules and was repaired.
    pub repaired: bool,
}

impl ParsedFeed {
    /// Keeps the newest entries, in document order; entries without a date count as older than those with one.
    pub(super) fn keep_newest(&mut self, max: usize) {
        if self.entries.len() <= max {
            return;
        }
        let mut order: Vec<(Option<Timestamp>, usize)> = self
            .entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.at(), place))
            .collect();
        order.sort_by_key(|(at, place)| (std::cmp::Reverse(*at), *place));
        let kept: std::collections::BTreeSet<usize> = order.iter().take(max).map(|(_, place)| *place).collect();
        let dropped = self.entries.len() - kept.len();
        self.entries_dropped = self
            .entries_dropped
            .saturating_add(u32::try_from(dropped).unwrap_or(u32::MAX));
        let mut place = 0;
        self.entries.retain(|_| {
            place += 1;
            kept.contains(&(place - 1))
        });
    }

    /// The first link of this relation: `hub`, `self`, `next`, `prev-archive`.
    #[must_use]
    pub fn href(&self, rel: &str) -> Option<&str> {
        self.links
            .iter()
            .find(|link| link.rel == rel)
            .map(|link| link.href.as_str())
    }
}

/// One item of a feed document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedEntry {
    /// Its headline.
    pub title: Text,
    /// Its page.
    pub link: String,
    /// All its links, enclosures among them.
    pub links: Vec<Link>,
    /// Its own id (`guid`, `atom:id`, `rdf:about`); empty when it has none.
    pub id: String,
    /// The id may serve as the item's address: not denied by RSS `isPermaLink`.
    pub is_permalink: bool,
    /// FeedBurner's `origLink`: the page before the tracking redirect.
    pub original_link: String,
    /// When it was published.
    pub published: Date,
    /// When it last changed.
    pub updated: Date,
    /// A short text on it.
    pub summary: Text,
    /// Its full text.
    pub content: Text,
    /// Authors.
    pub authors: Vec<Person>,
    /// Contributors.
    pub contributors: Vec<Person>,
    /// Copyright.
    pub rights: Text,
    /// Categories.
    pub categories: Vec<Category>,
    /// Files.
    pub enclosures: Vec<Enclosure>,
    /// Addresses of small pictures.
    pub thumbnails: Vec<String>,
    /// BCP 47 tag as written, when the entry differs from or adds to the feed.
    pub language: String,
    /// Where it came from, when it is an aggregator's.
    pub source: Source,
    /// The page with its comments.
    pub comments: String,
    /// When its file was made (`created`); counts only when nothing else is known, and then stands in `published`.
    pub created: Date,
}

impl ParsedEntry {
    /// The date that says most about when it became news: publication, else the last change.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.published.at.or(self.updated.at)
    }

    /// The first link of this relation.
    #[must_use]
    pub fn href(&self, rel: &str) -> Option<&str> {
        self.links
            .iter()
            .find(|link| link.rel == rel)
            .map(|link| link.href.as_str())
    }
}
