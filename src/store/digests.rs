//! What composing reads, and editions with their audiences and deliveries as they are recorded.

use crate::model::{Entry, EntryId, Mark, Mention, PlacementReason, StoryId, ThemeTag};

/// One entry of a story that may be composed.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateEntry {
    /// The entry.
    pub entry: Entry,
    /// Why it is in its story.
    pub reason: PlacementReason,
    /// The entry it reprints or resembles most.
    pub like: Option<EntryId>,
    /// What kind of item it is.
    pub marks: Vec<Mark>,
    /// Companies found in it.
    pub mentions: Vec<Mention>,
    /// Its themes.
    pub themes: Vec<ThemeTag>,
}

/// A story that may be composed, with every entry it had by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: StoryId,
    /// The entry whose headline stands for it.
    pub lead: EntryId,
    /// Its entries, oldest first.
    pub entries: Vec<CandidateEntry>,
}
