//! What goes into the engine and what comes out of it.

use std::collections::BTreeMap;

use crate::model::{EntryId, Placement, StoryId};
use crate::time::Timestamp;

/// An entry as the engine wants it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The entry.
    pub entry: EntryId,
    /// Canonical link, possibly empty.
    pub url: String,
    /// Plain headline.
    pub title: String,
    /// Plain summary, possibly empty.
    pub summary: String,
    /// The outlet, possibly empty.
    pub outlet: String,
    /// The time windows use.
    pub dated_at: Timestamp,
    /// That time says when it was published. Without, distance in time is no evidence for or against anything.
    pub timed: bool,
    /// Slugs of the companies it is about.
    pub about: Vec<String>,
    /// Slugs of all companies it names.
    pub companies: Vec<String>,
    /// Slugs of its themes.
    pub themes: Vec<String>,
    /// A live blog, a roundup or the like: it may join a story and never holds one together.
    pub loose: bool,
    /// A roundup: made of many things, and not the things of another one.
    pub roundup: bool,
}

/// An entry that has its story already, read back from the database.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The entry.
    pub item: Item,
    /// Its story.
    pub story: StoryId,
    /// Its neighbours when it was placed.
    pub near: Vec<(EntryId, f32)>,
}

/// Two stories that turned out to be one.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The story that ends.
    pub from: StoryId,
    /// The story that goes on.
    pub into: StoryId,
}

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// One for each new entry, by entry.
    pub placements: Vec<Placement>,
    /// Neighbours of each new entry, nearest first, with their decayed cosine.
    pub near: BTreeMap<EntryId, Vec<(EntryId, f32)>>,
    /// Stories that end.
    pub merges: Vec<Merge>,
}
