//! An edition (one frozen issue of a digest) and its layout for one audience.

use serde::{Deserialize, Serialize};

use super::{EntryId, StoryId, StoryView};
use crate::time::Timestamp;

/// One due date of a digest's schedule. It is named by its local time, so that a clock that jumps cannot repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// `[[digest]].key`.
    pub digest: String,
    /// The schedule this slot belongs to: empty for the digest's own, else a reader's (`07:30[Europe/Berlin] daily`).
    pub schedule: String,
    /// Local name, `2026-03-29T07:00[Europe/Paris]`.
    pub key: String,
    /// The instant it falls on.
    pub due_at: Timestamp,
}

/// A story inside an edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditionStory {
    /// The story as it stood when the edition was composed.
    pub story: StoryView,
    /// All its entries at that time, oldest first, with their dates: what counts as news to whom.
    pub entries: Vec<(EntryId, Timestamp)>,
    /// Stories that are possibly related to it and not the same, the nearest first.
    #[serde(default)]
    pub near: Vec<StoryId>,
}

/// How much was written on a company, against its own normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompanyVolume {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Ticker, possibly empty.
    pub ticker: String,
    /// Articles a day over the last 14 days, oldest first; the last is this edition's day.
    pub days: Vec<u32>,
    /// A day of this edition's window over the median of the days before; `None` without enough history.
    pub ratio: Option<f64>,
}

/// A company is called unusual from this ratio to its normal.
const UNUSUAL_RATIO: f64 = 1.75;
/// Fewer articles than this are no unusual number: two on a company that has one a day are twice nothing much.
const UNUSUAL_ARTICLES: u32 = 4;

impl CompanyVolume {
    /// Articles in a window of so many days that ends with the last.
    #[must_use]
    pub fn n_articles(&self, n_days: usize) -> u32 {
        self.days.iter().rev().take(n_days).sum()
    }

    /// The ratio to the company's normal where people should be told of it.
    #[must_use]
    pub fn unusual(&self, n_days: usize) -> Option<f64> {
        let many = self.n_articles(n_days) >= UNUSUAL_ARTICLES;
        self.ratio.filter(|ratio| many && *ratio >= UNUSUAL_RATIO)
    }
}

/// What the reader should know about what is missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Feeds configured and active.
    pub n_feeds: u32,
    /// Entries that came in within the window.
    pub n_articles: u32,
    /// Feeds that could not be read: outlet name, since when, reason in a few words.
    pub unreadable: Vec<(String, Timestamp, String)>,
}

/// One frozen issue of a digest, for one slot: everything any of its audiences may be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edition {
    /// Version of this structure, for editions read back next year.
    pub version: u32,
    /// `[[digest]].key`.
    pub digest: String,
    /// The digest's name as readers see it.
    pub title: String,
    /// Its slot.
    pub slot: Slot,
    /// IANA zone all times are shown in.
    pub zone: String,
    /// News from here (exclusive) ...
    pub window_from: Timestamp,
    /// ... to here (inclusive).
    pub window_to: Timestamp,
    /// Stories by descending score.
    pub stories: Vec<EditionStory>,
    /// Volume of every company that has a story here or is followed.
    pub volumes: Vec<CompanyVolume>,
    /// What was read and what was not.
    pub coverage: Coverage,
}

impl Edition {
    /// Whole days of its window, at least one: 1 for a daily digest, 7 for a weekly one.
    #[must_use]
    pub fn n_days(&self) -> usize {
        window_days(self.window_from, self.window_to)
    }
}

/// Whole days of a window, at least one; an hour more or less, as when the clocks change, counts for nothing.
#[must_use]
pub fn window_days(from: Timestamp, to: Timestamp) -> usize {
    const DAY_SECS: u64 = 86_400;
    let days = (to.since(from).as_secs() + DAY_SECS / 2) / DAY_SECS;
    usize::try_from(days).unwrap_or(usize::MAX).max(1)
}

/// What kind of section it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// The most important stories over everything.
    Top,
    /// One company.
    Company,
    /// One theme.
    Theme,
    /// Stories sent before that have news.
    Updates,
    /// One-line items.
    AlsoNoted,
}

/// A story that stands elsewhere in the same mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossRef {
    /// The story.
    pub story: StoryId,
    /// Its number in the mail (1-based, as printed).
    pub number: u32,
}

/// One story as one audience sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The story, found in the edition.
    pub story: StoryId,
    /// Its number in the mail, 1-based in reading order.
    pub number: u32,
    /// The headline to lead with (for an update: the newest telling one).
    pub lead: EntryId,
    /// Related headlines to show, in reading order.
    pub related: Vec<EntryId>,
    /// How many more there are.
    pub n_more: u32,
    /// Whether the extract is shown.
    pub extract: bool,
    /// For an update: how many articles are new since this reader's last mail.
    pub n_new: u32,
    /// Why it is here, at most 90 characters.
    pub why: String,
    /// What the reader's own choices add to the story's score.
    #[serde(default)]
    pub fit: f64,
    /// Stories of the same mail that are possibly related.
    #[serde(default)]
    pub near: Vec<CrossRef>,
}

/// One section of the mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its kind.
    pub kind: SectionKind,
    /// Slug of the company or theme, else empty.
    pub slug: String,
    /// Heading as readers see it.
    pub title: String,
    /// Stories that stand here.
    pub blocks: Vec<Block>,
    /// Stories that belong here too and stand elsewhere.
    pub refs: Vec<CrossRef>,
}

/// What one audience is shown of an edition: sections of references into it. Small, and frozen with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Sections in reading order.
    pub sections: Vec<Section>,
    /// Followed companies and themes without news, by name.
    pub quiet: Vec<String>,
    /// Stories that fell to the size or count limits.
    pub n_dropped: u32,
    /// Lower end of this audience's window.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(days: &[u32], n_days: usize, ratio: f64, expected: Option<f64>) {
        let volume = CompanyVolume {
            slug: "acme".into(),
            name: "Acme".into(),
            ticker: String::new(),
            days: days.to_vec(),
            ratio: Some(ratio),
        };
        assert_eq!(volume.unusual(n_days), expected, "{days:?}");
    }

    #[test]
    fn a_few_articles_are_no_unusual_number() {
        check(&[1, 1, 0, 1, 4], 1, 4.0, Some(4.0));
        check(&[1, 1, 0, 1, 3], 1, 3.0, None);
        check(&[4, 4, 4, 4, 6], 1, 1.5, None);
        check(&[0, 0, 0, 2, 2], 2, 2.0, Some(2.0));
    }
}
