//! Entries: one item of one feed.

use super::{EntryId, FeedId};
use crate::time::Timestamp;

/// What an entry's identity was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// The feed's own id for the item.
    Guid,
    /// The canonical link.
    Link,
    /// Title and text.
    Text,
}

/// A normalized item that has no row yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// SHA-256 of the identity key.
    pub identity: [u8; 32],
    /// What the key was made from.
    pub identity_kind: IdentityKind,
    /// Canonical link, http or https; empty when the item had none.
    pub url: String,
    /// Plain text, never empty, at most 1 KiB, without control and bidi characters.
    pub title: String,
    /// Plain text, capped.
    pub summary: String,
    /// First author, empty when unknown.
    pub author: String,
    /// BCP 47 tag, lower case; empty when unknown.
    pub language: String,
    /// The publisher named by an aggregator (RSS `source`, or " - Reuters" at a headline's end), empty otherwise.
    pub publisher: String,
    /// Category words of the feed.
    pub categories: Vec<String>,
    /// Repaired publication time; `None` when the feed gave no usable one.
    pub published_at: Option<Timestamp>,
    /// The time every window uses: the earlier of publication and first sight.
    pub dated_at: Timestamp,
    /// SHA-256 of title, summary and link: a change is a new revision, not a new entry.
    pub content_hash: [u8; 32],
    /// Older than the feed's place in this installation: kept for matching, never mailed as news.
    pub history: bool,
}

/// A stored item.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Row id.
    pub id: EntryId,
    /// The feed it came from first.
    pub feed_id: FeedId,
    /// Key of that feed.
    pub feed_key: String,
    /// Canonical link, possibly empty.
    pub url: String,
    /// Plain title.
    pub title: String,
    /// Plain summary.
    pub summary: String,
    /// Author, possibly empty.
    pub author: String,
    /// BCP 47 tag, possibly empty.
    pub language: String,
    /// The outlet as readers see it: the aggregator's named publisher, else the feed's name.
    pub source: String,
    /// Who owns the outlet; reports of one owner count once as independent.
    pub owner: String,
    /// Source weight, 1.0 is normal.
    pub weight: f64,
    /// The feed carries press releases or sponsored text.
    pub press_release: bool,
    /// Publication time when known.
    pub published_at: Option<Timestamp>,
    /// When we first saw it: when its poll began, or right after the window of an edition that was closed meanwhile.
    pub first_seen_at: Timestamp,
    /// The time every window uses.
    pub dated_at: Timestamp,
    /// How often its text changed.
    pub revision: u32,
    /// Never mailed as news.
    pub history: bool,
}
