//! What the engine remembers of each entry in the window.

use super::index::StoryKey;
use super::topics::Topics;
use super::vocabulary::TermId;
use crate::model::EntryId;
use crate::stories::tag::Move;

/// A day.
pub const DAY_SECS: f32 = 86_400.0;
/// Neighbours kept of each entry.
pub const NEAR_MAX: usize = 5;

/// One term of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocTerm {
    /// The term.
    pub term: TermId,
    /// How often it stands in the headline.
    pub title: u8,
    /// How often in the summary.
    pub summary: u8,
    /// [`DIGIT`], [`NUMBER`], [`FIGURE`] and [`ADDED`].
    pub marks: u8,
}

/// A headline's term has a digit in it.
pub const DIGIT: u8 = 1;
/// A headline's telling number.
pub const NUMBER: u8 = 2;
/// A summary's telling number.
pub const FIGURE: u8 = 4;
/// Stands in the headline by another name only: a company's or a market's own.
pub const ADDED: u8 = 8;

/// Headline terms kept in their order: where the subject stands.
pub const LEAD_TERMS: usize = 3;

/// What is kept of an entry. There are as many as the window holds, so each byte counts.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The entry.
    pub entry: EntryId,
    /// Unix seconds.
    pub at: i64,
    /// Whether [`Self::at`] says when it was published.
    pub timed: bool,
    /// Hash of the outlet's name; 0 when unknown.
    pub outlet: u64,
    /// It came through an aggregator, not from the outlet's own feed.
    pub aggregated: bool,
    /// Hash of the headline's terms in their order; 0 where they are too few to name one article.
    pub wording: u64,
    /// Hash of the canonical link; 0 without one.
    pub url: u64,
    /// Its terms by number.
    pub terms: Box<[DocTerm]>,
    /// The headline's first terms in order of appearance.
    pub lead: [Option<TermId>; LEAD_TERMS],
    /// Companies it is about, hashed.
    pub about: Box<[u64]>,
    /// All companies it names, hashed.
    pub companies: Box<[u64]>,
    /// Which markets it says moved.
    pub moves: Box<[Move]>,
    /// What happened to the companies it is about, each with its kind, hashed.
    pub news: Box<[u64]>,
    /// The company whose shares it says moved, with which way, hashed; 0 for none.
    pub shares_moved: u64,
    /// What it is about apart from companies.
    pub topics: Topics,
    /// Nearest neighbours.
    pub near: Near,
    /// Its story.
    pub story: StoryKey,
    /// It is a live blog, a roundup or the like and holds no story together.
    pub loose: bool,
    /// A roundup.
    pub roundup: bool,
}

impl Doc {
    /// Whether there is more than a headline.
    pub fn has_summary(&self) -> bool {
        self.terms.iter().map(|t| u32::from(t.summary)).sum::<u32>() > 4
    }

    /// Seconds between two entries; 0 where the age of one is unknown.
    pub fn gap_secs(&self, other: &Self) -> i64 {
        if self.timed && other.timed {
            (self.at - other.at).abs()
        } else {
            0
        }
    }

    /// Days between two entries; `None` where the age of one is unknown.
    pub fn days_apart(&self, other: &Self) -> Option<f32> {
        (self.timed && other.timed).then(|| self.gap_secs(other) as f32 / DAY_SECS)
    }

    /// Terms with this mark, by number.
    pub fn marked(&self, mark: u8) -> impl Iterator<Item = TermId> + '_ {
        self.terms.iter().filter(move |t| t.marks & mark != 0).map(|t| t.term)
    }

    /// Headline terms as they stand, without a digit in them, by number: what a template repeats.
    pub fn skeleton(&self) -> impl Iterator<Item = TermId> + '_ {
        let plain = |t: &&DocTerm| t.title > 0 && t.marks & (DIGIT | ADDED) == 0;
        self.terms.iter().filter(plain).map(|t| t.term)
    }
}

/// An entry's nearest neighbours with their decayed cosine, best first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Near {
    all: [(u32, f32); NEAR_MAX],
    len: usize,
}

impl Near {
    /// The neighbours, best first.
    pub fn as_slice(&self) -> &[(u32, f32)] {
        self.all.get(..self.len).unwrap_or_default()
    }

    /// Keeps the neighbour if it is among the nearest.
    pub fn note(&mut self, neighbour: u32, cosine: f32, older: impl Fn(u32) -> bool) {
        let kept = self.as_slice();
        if kept.iter().any(|n| n.0 == neighbour) {
            return;
        }
        let at = kept.partition_point(|n| n.1 > cosine || (n.1 >= cosine && older(n.0)));
        if let Some(tail) = self.all.get_mut(at..).filter(|tail| !tail.is_empty()) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = (neighbour, cosine);
            }
            self.len = (self.len + 1).min(NEAR_MAX);
        }
    }
}
