//! The entries of the window and the inverted index over them.
//!
//! Word frequencies outlive the window: in a quiet stream the window alone is too small to say which words are common.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::doc::{Doc, DocTerm};
use super::topics::TopicWeights;
use super::vocabulary::{TermId, Vocabulary};
use crate::stories::text::Term;

/// A story as the engine numbers it.
pub type StoryKey = u64;
/// An entry's place in the order of arrival.
pub type DocId = u64;

/// An entry whose age nobody knows leaves after so many later ones.
const UNTIMED_KEPT: DocId = 10_000;
/// Words of the vocabulary above which the rarest are forgotten.
const WORDS_MAX: usize = 2_000_000;

/// Counts of a term.
#[derive(Debug, Clone, Copy, Default)]
struct TermStats {
    /// Entries ever seen that hold it.
    seen: u32,
    /// Entries of the window that hold it.
    docs: u32,
    /// Entries of the window that hold it in the headline.
    titles: u32,
    /// Outlets that had it in a headline of the window.
    outlets: u32,
}

/// Window, vocabulary and postings.
///
/// Postings and neighbours hold the low half of a [`DocId`]: within one window it names an entry, see [`Index::whole`].
#[derive(Debug, Default)]
pub struct Index {
    words: Vocabulary,
    docs: VecDeque<Doc>,
    /// Each entry's time once more, side by side: thousands are looked at for each new entry. `None` when unknown.
    times: VecDeque<Option<i64>>,
    first: DocId,
    postings: Vec<VecDeque<u32>>,
    /// Headlines by term and outlet, hashed together.
    outlets: HashMap<u64, u32>,
    stats: Vec<TermStats>,
    /// Each term's weight as of the last refresh.
    idf: Vec<f32>,
    topics: TopicWeights,
    seen: u64,
}

impl Index {
    /// Entries in the window.
    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// Entries ever counted for word frequencies.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The entry, while it is in the window.
    pub fn doc(&self, id: DocId) -> Option<&Doc> {
        self.docs.get(usize::try_from(id.checked_sub(self.first)?).ok()?)
    }

    /// The same, to change.
    pub fn doc_mut(&mut self, id: DocId) -> Option<&mut Doc> {
        self.docs.get_mut(usize::try_from(id.checked_sub(self.first)?).ok()?)
    }

    /// Whether the entry is in the window.
    pub fn holds(&self, id: DocId) -> bool {
        id >= self.first && id < self.next_id()
    }

    /// Seconds between two entries; 0 where the age of one is unknown.
    pub fn gap_secs(&self, a: DocId, b: DocId) -> i64 {
        match (self.time(a), self.time(b)) {
            (Some(a), Some(b)) => (a - b).abs(),
            _ => 0,
        }
    }

    fn time(&self, id: DocId) -> Option<i64> {
        let place = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.times.get(place).copied().flatten()
    }

    /// The number of the window's oldest entry.
    pub fn first(&self) -> DocId {
        self.first
    }

    /// Terms of the vocabulary, those without a word included.
    pub fn n_terms(&self) -> usize {
        self.words.len()
    }

    /// The entry of the window whose number ends in this: no window holds 2^32 of them.
    fn whole(&self, low: u32) -> DocId {
        self.first + u64::from(low.wrapping_sub(low_half(self.first)))
    }

    /// The number the next entry will get.
    pub fn next_id(&self) -> DocId {
        self.first + self.docs.len() as u64
    }

    /// The number of a word, made when it is new.
    pub fn intern(&mut self, term: &Term) -> TermId {
        let id = self.words.intern(term);
        while self.stats.len() < self.words.len() {
            self.postings.push(VecDeque::new());
            self.stats.push(TermStats::default());
            self.idf.push(0.0);
        }
        id
    }

    /// The word behind a number, as it was written where it was first seen.
    pub fn name(&self, term: TermId) -> String {
        self.words.name(term)
    }

    fn stats(&self, term: TermId) -> TermStats {
        self.stats.get(term as usize).copied().unwrap_or_default()
    }

    /// How telling a term is: rare ones much, ubiquitous ones nothing.
    pub fn idf(&self, term: TermId) -> f32 {
        self.idf.get(term as usize).copied().unwrap_or_default()
    }

    /// How telling each topic is.
    pub fn topics(&self) -> &TopicWeights {
        &self.topics
    }

    /// Outlets to entries among the headlines with this term: 1 where every outlet used it once, as with one event;
    /// low where the same outlets come back to it, as with a saga or a daily template.
    pub fn spread(&self, term: TermId) -> f32 {
        let stats = self.stats(term);
        if stats.titles == 0 {
            1.0
        } else {
            stats.outlets as f32 / stats.titles as f32
        }
    }

    /// Entries with this term, newest first.
    pub fn with_term(&self, term: TermId) -> impl Iterator<Item = DocId> + '_ {
        self.postings
            .get(term as usize)
            .into_iter()
            .flat_map(|p| p.iter().rev().map(|low| self.whole(*low)))
    }

    /// An entry's nearest neighbours with their decayed cosine, best first; those that left the window are left out.
    pub fn near<'a>(&'a self, doc: &'a Doc) -> impl Iterator<Item = (DocId, f32)> + 'a {
        let near = doc
            .near
            .as_slice()
            .iter()
            .map(|(low, cosine)| (self.whole(*low), *cosine));
        near.filter(|(id, _)| self.holds(*id))
    }

    /// Counts words without keeping the entry: for those older than the window.
    pub fn count_only(&mut self, terms: impl Iterator<Item = TermId>) {
        self.seen += 1;
        for term in terms {
            if let Some(stats) = self.stats.get_mut(term as usize) {
                stats.seen += 1;
            }
        }
    }

    /// Adds an entry at the end. Weights change at the next [`Self::refresh`].
    pub fn push(&mut self, doc: Doc) -> DocId {
        let id = self.next_id();
        for t in &doc.terms {
            if let Some(posting) = self.postings.get_mut(t.term as usize) {
                posting.push_back(low_half(id));
            }
            let Some(stats) = self.stats.get_mut(t.term as usize) else {
                continue;
            };
            stats.docs += 1;
            stats.seen += 1;
            if t.title > 0 {
                stats.titles += 1;
                // Entries without an outlet count as one outlet each.
                let n = match doc.outlet {
                    0 => &mut 0,
                    outlet => self.outlets.entry(outlet_key(t.term, outlet)).or_default(),
                };
                *n += 1;
                stats.outlets += u32::from(*n == 1);
            }
        }
        self.topics.add(doc.topics);
        self.seen += 1;
        self.times.push_back(doc.timed.then_some(doc.at));
        self.docs.push_back(doc);
        id
    }

    /// Brings the weights up to date; once a batch, so that all pairs of a batch see the same ones.
    pub fn refresh(&mut self) {
        if self.words.n_known() > WORDS_MAX {
            self.forget_words();
        }
        let n = self.seen as f32 + 1.0;
        for (idf, stats) in self.idf.iter_mut().zip(&self.stats) {
            *idf = (n / (stats.seen as f32 + 0.5)).ln().max(0.0);
        }
        self.topics.refresh(self.docs.len());
    }

    /// Drops words that no entry of the window holds.
    fn forget_words(&mut self) {
        let stats = &mut self.stats;
        self.words.forget(|id| {
            let unused = stats.get_mut(id as usize).filter(|s| s.docs == 0);
            unused.map(|counts| *counts = TermStats::default()).is_some()
        });
    }

    /// Forgets entries from the front while they are older than this.
    pub fn expire(&mut self, before: i64) -> Vec<(DocId, Doc)> {
        let mut gone = Vec::new();
        let newest = self.next_id();
        let old = |doc: &Doc, id: DocId| {
            if doc.timed {
                doc.at < before
            } else {
                newest - id > UNTIMED_KEPT
            }
        };
        while self.docs.front().is_some_and(|d| old(d, self.first)) {
            let Some(doc) = self.docs.pop_front() else { break };
            let id = self.first;
            self.first += 1;
            self.times.pop_front();
            self.topics.remove(doc.topics);
            for t in &doc.terms {
                self.forget(*t, id, doc.outlet);
            }
            gone.push((id, doc));
        }
        gone
    }

    fn forget(&mut self, t: DocTerm, id: DocId, outlet: u64) {
        let Some(stats) = self.stats.get_mut(t.term as usize) else {
            return;
        };
        stats.docs = stats.docs.saturating_sub(1);
        if t.title > 0 {
            stats.titles = stats.titles.saturating_sub(1);
            let key = outlet_key(t.term, outlet);
            let left = self.outlets.get_mut(&key).map_or(0, |n| {
                *n = n.saturating_sub(1);
                *n
            });
            if left == 0 {
                self.outlets.remove(&key);
                stats.outlets = stats.outlets.saturating_sub(1);
            }
        }
        if let Some(posting) = self.postings.get_mut(t.term as usize) {
            if posting.front() == Some(&low_half(id)) {
                posting.pop_front();
            }
            if posting.is_empty() {
                *posting = VecDeque::new();
            }
        }
    }

    /// Notes a neighbour with its decayed cosine, keeping the nearest few.
    pub fn note_near(&mut self, id: DocId, neighbour: DocId, cosine: f32) {
        let first = low_half(self.first);
        let place = |low: u32| low.wrapping_sub(first);
        let low = low_half(neighbour);
        if let Some(doc) = self.doc_mut(id) {
            doc.near.note(low, cosine, |other| place(other) < place(low));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
const fn low_half(id: DocId) -> u32 {
    id as u32
}

/// One number for a term and an outlet's hash.
fn outlet_key(term: TermId, outlet: u64) -> u64 {
    outlet ^ u64::from(term).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
