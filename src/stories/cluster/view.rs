//! An entry as it is compared: its terms with their weights of this batch, and the words of its neighbours.

use std::sync::LazyLock;

use super::doc::{Doc, DocTerm};
use super::index::Index;
use super::vocabulary::TermId;

/// How much of a neighbour's words an entry borrows.
const BORROWED: f32 = 0.5;

/// One term of an entry with what it weighs in this batch.
#[derive(Debug, Clone, Copy)]
pub struct Weighed {
    /// The term.
    pub term: TermId,
    /// Its share of the entry's unit vector: TF-IDF, the headline counting twice.
    pub share: f32,
    /// How telling it is.
    pub idf: f32,
    /// Outlets to headlines with it.
    pub spread: f32,
    /// It stands in the headline.
    pub title: bool,
    /// The headline's marks of it.
    pub marks: u8,
}

/// Sums over an entry's terms that every comparison of it needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Headline terms.
    pub n_title: usize,
    /// Their weights.
    pub title: f32,
    /// The squares of their weights.
    pub title_squares: f32,
    /// Their weights times their spread.
    pub title_spread: f32,
    /// The squares of all weights times spread.
    pub spread_squares: f32,
}

/// What pair features need of one entry, made once a batch.
#[derive(Debug, Default)]
pub struct View {
    /// Its terms by number.
    pub terms: Vec<Weighed>,
    /// The same with its neighbours' words.
    pub expanded: Expanded,
    /// Sums over the terms.
    pub sums: Sums,
    /// Cosines with all candidates of this batch.
    pub cosines: Vec<f32>,
}

/// An entry with its neighbours' words: what it would have said at greater length.
#[derive(Debug, Default)]
pub struct Expanded {
    /// Their unit vector, by no order.
    pub terms: Vec<(TermId, f32)>,
    /// Cosine with the nearest neighbour.
    pub best: f32,
}

impl View {
    /// Reads an entry.
    pub fn new(index: &Index, doc: &Doc) -> Self {
        let scale = unit(index, doc);
        let terms: Vec<Weighed> = doc
            .terms
            .iter()
            .map(|t| {
                let idf = index.idf(t.term);
                Weighed {
                    term: t.term,
                    share: frequency(*t) * idf * scale,
                    idf,
                    spread: index.spread(t.term),
                    title: t.title > 0,
                    marks: t.marks,
                }
            })
            .collect();
        let mut sums = Sums::default();
        for t in &terms {
            sums.spread_squares += (t.idf * t.spread).powi(2);
            if t.title {
                sums.n_title += 1;
                sums.title += t.idf;
                sums.title_squares += t.idf * t.idf;
                sums.title_spread += t.idf * t.spread;
            }
        }
        Self {
            terms,
            sums,
            ..Self::default()
        }
    }

    /// Whether the neighbours' words were added.
    pub fn is_expanded(&self) -> bool {
        !self.expanded.terms.is_empty()
    }

    /// Adds the neighbours' words; `space` is left as it was found.
    pub fn with_neighbours(&self, index: &Index, doc: &Doc, space: &mut Space) -> Expanded {
        let mut all: Vec<TermId> = Vec::with_capacity(2 * self.terms.len());
        for t in &self.terms {
            space.add(t.term, t.share, &mut all);
        }
        for (id, weight) in index.near(doc) {
            let Some(other) = index.doc(id) else { continue };
            let scale = BORROWED * weight * unit(index, other);
            for t in &other.terms {
                space.add(t.term, scale * frequency(*t) * index.idf(t.term), &mut all);
            }
        }
        let mut terms: Vec<(TermId, f32)> = all.into_iter().map(|term| (term, space.take(term))).collect();
        let norm = terms.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(1e-9);
        for (_, x) in &mut terms {
            *x /= norm;
        }
        Expanded {
            terms,
            best: index.near(doc).next().map_or(0.0, |n| n.1),
        }
    }

    /// Whether the entry has the term.
    pub fn has(&self, term: TermId) -> bool {
        self.terms.binary_search_by_key(&term, |t| t.term).is_ok()
    }

    /// How many candidates are about as near as this one: a crowd of them speaks of a running topic, not of an event.
    pub fn crowd(&self, cosine: f32) -> f32 {
        (1.0 + self.cosines.iter().filter(|c| **c >= 0.8 * cosine).count() as f32).ln()
    }
}

/// A vector over the whole vocabulary, all zero between uses: sums of sparse vectors without sorting them.
#[derive(Debug)]
pub struct Space {
    at: Vec<f32>,
}

impl Space {
    /// Room for so many terms.
    pub fn new(n_terms: usize) -> Self {
        Self { at: vec![0.0; n_terms] }
    }

    /// Adds to a term, and the term to the list when it was not in it.
    fn add(&mut self, term: TermId, x: f32, list: &mut Vec<TermId>) {
        if let Some(sum) = self.at.get_mut(term as usize).filter(|_| x != 0.0) {
            if *sum == 0.0 {
                list.push(term);
            }
            *sum += x;
        }
    }

    fn take(&mut self, term: TermId) -> f32 {
        self.at.get_mut(term as usize).map(std::mem::take).unwrap_or_default()
    }

    /// Lays a sparse vector out.
    pub fn lay(&mut self, vector: &[(TermId, f32)]) {
        for (term, x) in vector {
            if let Some(at) = self.at.get_mut(*term as usize) {
                *at = *x;
            }
        }
    }

    /// Takes it away again.
    pub fn clear(&mut self, vector: &[(TermId, f32)]) {
        for (term, _) in vector {
            self.take(*term);
        }
    }

    /// Inner product of what is laid out with a sparse vector.
    pub fn dot(&self, vector: &[(TermId, f32)]) -> f32 {
        let at = |term: TermId| self.at.get(term as usize).copied().unwrap_or_default();
        vector.iter().map(|(term, x)| at(*term) * x).sum()
    }
}

/// What makes an entry's weighted terms a unit vector.
fn unit(index: &Index, doc: &Doc) -> f32 {
    let squares = doc.terms.iter().map(|t| (frequency(*t) * index.idf(t.term)).powi(2));
    1.0 / squares.sum::<f32>().sqrt().max(1e-9)
}

/// Damped frequency of a term in its entry, the headline counting twice.
fn frequency(t: DocTerm) -> f32 {
    /// `1 + ln n` for the frequencies there are: both counts are bytes.
    static DAMPED: LazyLock<Vec<f32>> =
        LazyLock::new(|| (0..768_u16).map(|n| 1.0 + f32::from(n.max(1)).ln()).collect());
    let n = 2 * usize::from(t.title) + usize::from(t.summary);
    DAMPED.get(n).copied().unwrap_or(1.0)
}
