//! What the engine remembers of each entry in the window, and the inverted index over it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::EntryId;

/// A term's number in the vocabulary.
pub type TermId = u32;
/// A story as the engine numbers it; row ids come later.
pub type StoryKey = u32;
/// An entry's place in the order of arrival.
pub type DocId = u64;

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
    /// Hash of the language tag; 0 when unknown.
    pub language: u64,
    /// Its terms by number.
    pub terms: Box<[DocTerm]>,
    /// Headline terms in order of appearance.
    pub order: Box<[TermId]>,
    /// Numbers of the headline and summary, by term number.
    pub numbers: Box<[TermId]>,
    /// Companies it is about, hashed, sorted.
    pub about: Box<[u64]>,
    /// All companies it names, hashed, sorted.
    pub companies: Box<[u64]>,
    /// Nearest neighbours with their decayed cosine, best first.
    pub near: Vec<(DocId, f32)>,
    /// Its story.
    pub story: StoryKey,
    /// It is a live blog, a roundup or the like and holds no story together.
    pub loose: bool,
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
    /// Entries ever counted for word frequencies, in the window or not.
    seen: u64,
}

/// Counts of a term over the window.
#[derive(Debug, Clone, Copy, Default)]
pub struct TermStats {
    /// Entries ever seen that hold it.
    pub seen: u32,
    /// Entries of the window that hold it.
    pub docs: u32,
    /// Entries that hold it in the headline.
    pub titles: u32,
    /// Outlets that had it in a headline.
    pub outlets: u32,
}

impl Index {
    /// Entries in the window.
    pub fn len(&self) -> usize {
        self.docs.len()
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

    /// Counts of a term.
    pub fn stats(&self, term: TermId) -> TermStats {
        self.stats.get(term as usize).copied().unwrap_or_default()
    }

    /// Entries with this term, newest first.
    pub fn with_term(&self, term: TermId) -> impl Iterator<Item = DocId> + '_ {
        self.postings.get(term as usize).into_iter().flat_map(|p| p.iter().rev().copied())
    }

    /// How telling a term is: rare ones much, ubiquitous ones nothing.
    pub fn idf(&self, term: TermId) -> f32 {
        let df = self.stats(term).seen as f32;
        ((self.seen as f32 + 1.0) / (df + 0.5)).ln().max(0.0)
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, doc: Doc) -> DocId {
        let id = self.next_id();
        for t in &doc.terms {
            if let Some(posting) = self.postings.get_mut(t.term as usize) {
                posting.push_back(id);
            }
            if let Some(stats) = self.stats.get_mut(t.term as usize) {
                stats.docs += 1;
                stats.seen += 1;
                if t.title > 0 {
                    stats.titles += 1;
                    let outlet = if doc.outlet == 0 { id | 1 << 63 } else { doc.outlet };
                    let n = self.outlets.entry((t.term, outlet)).or_default();
                    *n += 1;
                    stats.outlets += u32::from(*n == 1);
                }
            }
        }
        self.seen += 1;
        self.docs.push_back(doc);
        id
    }

    /// Forgets entries from the front while they are older than this.
    pub fn expire(&mut self, before: i64) -> Vec<Doc> {
        let mut gone = Vec::new();
        while self.docs.front().is_some_and(|d| d.at < before) {
            let Some(doc) = self.docs.pop_front() else { break };
            let id = self.first;
            self.first += 1;
            for t in &doc.terms {
                self.forget(t, id, doc.outlet);
            }
            gone.push(doc);
        }
        gone
    }

    fn forget(&mut self, t: &DocTerm, id: DocId, outlet: u64) {
        let Some(stats) = self.stats.get_mut(t.term as usize) else { return };
        stats.docs = stats.docs.saturating_sub(1);
        if t.title > 0 {
            stats.titles = stats.titles.saturating_sub(1);
            let key = (t.term, if outlet == 0 { id | 1 << 63 } else { outlet });
            if let Some(n) = self.outlets.get_mut(&key) {
                *n -= 1;
                if *n == 0 {
                    self.outlets.remove(&key);
                    stats.outlets = stats.outlets.saturating_sub(1);
                }
            }
        }
        let unused = stats.docs == 0;
        if let Some(posting) = self.postings.get_mut(t.term as usize) {
            if posting.front() == Some(&id) {
                posting.pop_front();
            }
            if unused {
                *posting = VecDeque::new();
            }
        }
    }

    /// Entries ever counted.
    pub fn seen(&self) -> u64 { self.seen }

    /// Weighted terms of an entry as a unit vector.
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

    /// An entry's vector plus half of its neighbours': what the entry would say had it been longer.
    pub fn expanded(&self, doc: &Doc) -> Vec<(TermId, f32)> {
        let mut sum: BTreeMap<TermId, f32> = self.vector(doc).into_iter().collect();
        for (id, w) in &doc.near {
            let Some(other) = self.doc(*id) else { continue };
            for (t, x) in self.vector(other) {
                *sum.entry(t).or_default() += 0.5 * w * x;
            }
        }
        let mut v: Vec<(TermId, f32)> = sum.into_iter().collect();
        normalize(&mut v);
        v
    }
}

/// Scales to length 1.
pub fn normalize(v: &mut [(TermId, f32)]) {
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
