//! What the engine remembers of each entry in the window, and the inverted index over it.
//!
//! Word frequencies outlive the window: in a quiet stream the window alone is too small to say which words are common.

use std::collections::{HashMap, VecDeque};

use crate::model::EntryId;

/// A term's number in the vocabulary.
pub type TermId = u32;
/// A story as the engine numbers it.
pub type StoryKey = u64;
/// An entry's place in the order of arrival.
pub type DocId = u64;

/// Neighbours kept of each entry.
pub const NEAR_MAX: usize = 5;
/// How much of a neighbour's words an entry borrows.
const BORROWED: f32 = 0.5;
/// Words of the vocabulary above which the rarest are forgotten.
const WORDS_MAX: usize = 2_000_000;

/// One term of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocTerm {
    /// The term.
    pub term: TermId,
    /// How often it stands in the headline.
    pub title: u8,
    /// How often in the summary.
    pub summary: u8,
}

/// What is kept of an entry.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The entry.
    pub entry: EntryId,
    /// Unix seconds.
    pub at: i64,
    /// Hash of the outlet's name; 0 when unknown.
    pub outlet: u64,
    /// Hash of the canonical link; 0 without one.
    pub url: u64,
    /// Its terms by number.
    pub terms: Box<[DocTerm]>,
    /// Headline terms in order of appearance.
    pub order: Box<[TermId]>,
    /// Telling numbers of the headline.
    pub numbers: Box<[TermId]>,
    /// Headline terms without a digit in them, sorted: what a template repeats.
    pub skeleton: Box<[TermId]>,
    /// Headline terms with a digit in them, sorted.
    pub digits: Box<[TermId]>,
    /// Telling numbers of the summary.
    pub figures: Box<[TermId]>,
    /// Companies it is about, hashed.
    pub about: Box<[u64]>,
    /// All companies it names, hashed.
    pub companies: Box<[u64]>,
    /// Nearest neighbours with their decayed cosine, best first.
    pub near: Vec<(DocId, f32)>,
    /// Its story.
    pub story: StoryKey,
    /// It is a live blog, a roundup or the like and holds no story together.
    pub loose: bool,
}

impl Doc {
    /// Whether there is more than a headline.
    pub fn has_summary(&self) -> bool {
        self.terms.iter().map(|t| u32::from(t.summary)).sum::<u32>() > 4
    }
}

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
    /// Its weight, as of the last refresh.
    idf: f32,
}

/// Window, vocabulary and postings.
#[derive(Debug, Default)]
pub struct Index {
    words: HashMap<Box<str>, TermId>,
    names: Vec<Box<str>>,
    free: Vec<TermId>,
    docs: VecDeque<Doc>,
    first: DocId,
    postings: Vec<VecDeque<DocId>>,
    outlets: HashMap<(TermId, u64), u32>,
    stats: Vec<TermStats>,
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

    /// The number the next entry will get.
    pub fn next_id(&self) -> DocId {
        self.first + self.docs.len() as u64
    }

    /// The number of a word, made when it is new.
    pub fn intern(&mut self, word: &str) -> TermId {
        if let Some(id) = self.words.get(word) {
            return *id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.names.push("".into());
            self.postings.push(VecDeque::new());
            self.stats.push(TermStats::default());
            TermId::try_from(self.names.len() - 1).unwrap_or(TermId::MAX)
        });
        if let Some(name) = self.names.get_mut(id as usize) {
            *name = word.into();
        }
        self.words.insert(word.into(), id);
        id
    }

    /// The word behind a number.
    pub fn name(&self, term: TermId) -> &str {
        self.names.get(term as usize).map_or("", |n| n)
    }

    fn stats(&self, term: TermId) -> TermStats {
        self.stats.get(term as usize).copied().unwrap_or_default()
    }

    /// How telling a term is: rare ones much, ubiquitous ones nothing.
    pub fn idf(&self, term: TermId) -> f32 {
        self.stats(term).idf
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
            .flat_map(|p| p.iter().rev().copied())
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
                posting.push_back(id);
            }
            let Some(stats) = self.stats.get_mut(t.term as usize) else {
                continue;
            };
            stats.docs += 1;
            stats.seen += 1;
            if t.title > 0 {
                stats.titles += 1;
                let n = self.outlets.entry((t.term, outlet_key(&doc, id))).or_default();
                *n += 1;
                stats.outlets += u32::from(*n == 1);
            }
        }
        self.seen += 1;
        self.docs.push_back(doc);
        id
    }

    /// Brings the weights up to date; once a batch, so that all pairs of a batch see the same ones.
    pub fn refresh(&mut self) {
        if self.words.len() > WORDS_MAX {
            self.forget_words();
        }
        let n = self.seen as f32 + 1.0;
        for stats in &mut self.stats {
            stats.idf = (n / (stats.seen as f32 + 0.5)).ln().max(0.0);
        }
    }

    /// Drops words that no entry of the window holds.
    fn forget_words(&mut self) {
        let (stats, names, free) = (&mut self.stats, &mut self.names, &mut self.free);
        self.words.retain(|_, id| {
            let Some(counts) = stats.get_mut(*id as usize).filter(|s| s.docs == 0) else {
                return true;
            };
            *counts = TermStats::default();
            if let Some(name) = names.get_mut(*id as usize) {
                *name = "".into();
            }
            free.push(*id);
            false
        });
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Forgets entries from the front while they are older than this.
    pub fn expire(&mut self, before: i64) -> Vec<(DocId, Doc)> {
        let mut gone = Vec::new();
        while self.docs.front().is_some_and(|d| d.at < before) {
            let Some(doc) = self.docs.pop_front() else { break };
            let id = self.first;
            self.first += 1;
            let outlet = outlet_key(&doc, id);
            for t in &doc.terms {
                self.forget(*t, id, outlet);
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
            if let Some(n) = self.outlets.get_mut(&(t.term, outlet)) {
                *n = n.saturating_sub(1);
                if *n == 0 {
                    self.outlets.remove(&(t.term, outlet));
                    stats.outlets = stats.outlets.saturating_sub(1);
                }
            }
        }
        if let Some(posting) = self.postings.get_mut(t.term as usize) {
            if posting.front() == Some(&id) {
                posting.pop_front();
            }
            if posting.is_empty() {
                *posting = VecDeque::new();
            }
        }
    }

    /// Weighted terms of an entry as a unit vector: TF-IDF, the headline counting twice.
    pub fn vector(&self, doc: &Doc) -> Vec<(TermId, f32)> {
        let mut v: Vec<(TermId, f32)> = doc
            .terms
            .iter()
            .map(|t| {
                let tf = 2.0 * f32::from(t.title) + f32::from(t.summary);
                (t.term, (1.0 + tf.ln()) * self.idf(t.term))
            })
            .collect();
        normalize(&mut v);
        v
    }

    /// An entry's vector plus half of its neighbours': what it would have said at greater length.
    pub fn expanded(&self, doc: &Doc) -> Vec<(TermId, f32)> {
        let mut all = self.vector(doc);
        for (id, weight) in &doc.near {
            if let Some(other) = self.doc(*id) {
                all.extend(self.vector(other).into_iter().map(|(t, x)| (t, BORROWED * weight * x)));
            }
        }
        all.sort_by_key(|t| t.0);
        all.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        normalize(&mut all);
        all
    }

    /// Notes a neighbour with its decayed cosine, keeping the nearest few.
    pub fn note_near(&mut self, id: DocId, neighbour: DocId, cosine: f32) {
        let Some(doc) = self.doc_mut(id) else { return };
        if doc.near.iter().any(|n| n.0 == neighbour) {
            return;
        }
        let at = doc
            .near
            .partition_point(|n| n.1 > cosine || (n.1 >= cosine && n.0 < neighbour));
        if at < NEAR_MAX {
            doc.near.truncate(NEAR_MAX - 1);
            doc.near.insert(at, (neighbour, cosine));
        }
    }
}

/// Entries without an outlet count as one outlet each.
fn outlet_key(doc: &Doc, id: DocId) -> u64 {
    if doc.outlet == 0 { id | 1 << 63 } else { doc.outlet }
}

/// Scales to length 1.
fn normalize(v: &mut [(TermId, f32)]) {
    let norm = v.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-9);
    for (_, x) in v {
        *x /= norm;
    }
}

/// Inner product of two vectors sorted by term.
pub fn dot(a: &[(TermId, f32)], b: &[(TermId, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some((s, x)), Some((t, y))) = (a.get(i), b.get(j)) {
        match s.cmp(t) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x * y;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}
