//! The entries of the window that a new one is compared with: those that share its most telling words, newer ones
//! first among equals.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::doc::DAY_SECS;
use super::index::{DocId, Index};
use super::view::View;
use super::vocabulary::TermId;

/// Terms of an entry that candidates are looked up with, the most telling first.
const QUERY_TERMS: usize = 24;
/// Newest entries read of each term's list; a word on more headlines than this tells little of an event.
const POSTINGS_READ: usize = 300;
/// Candidates an entry is compared with.
pub const CANDIDATES: usize = 50;
/// Days in which a candidate's claim to be compared halves.
const CANDIDATE_DAYS: f32 = 4.0;

/// A look through the index, with the room it needs for one entry after the other.
pub struct Search {
    /// Each entry's claim, by its place in the window; all zero between entries.
    claims: Vec<f32>,
    /// Entries with a claim.
    claimants: Vec<DocId>,
    first: DocId,
}

#[derive(PartialEq)]
struct Claimant {
    claim: f32,
    id: DocId,
}

impl Eq for Claimant {}

impl PartialOrd for Claimant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Claimant {
    fn cmp(&self, other: &Self) -> Ordering {
        self.claim.total_cmp(&other.claim).then(self.id.cmp(&other.id))
    }
}

impl Search {
    /// Room for the index's window as it is now.
    pub fn new(index: &Index) -> Self {
        Self {
            claims: vec![0.0; index.len()],
            claimants: Vec::new(),
            first: index.first(),
        }
    }

    /// The window's entries that share the most telling words with this one.
    pub fn candidates(&mut self, index: &Index, view: &View, id: DocId, window_secs: i64) -> Vec<DocId> {
        let mut query: Vec<(TermId, f32, f32)> = view.terms.iter().map(|t| (t.term, t.share, t.idf)).collect();
        query.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (term, share, idf) in query.into_iter().take(QUERY_TERMS) {
            let claim = share * idf;
            for other in index.with_term(term).take(POSTINGS_READ).filter(|o| *o != id) {
                self.add(other, claim);
            }
        }
        self.best(index, id, window_secs)
    }

    fn add(&mut self, other: DocId, claim: f32) {
        let place = usize::try_from(other - self.first).unwrap_or(usize::MAX);
        if let Some(sum) = self.claims.get_mut(place).filter(|_| claim > 0.0) {
            if *sum == 0.0 {
                self.claimants.push(other);
            }
            *sum += claim;
        }
    }

    /// The strongest claims, faded by distance in time; takes all claims back.
    fn best(&mut self, index: &Index, of: DocId, window_secs: i64) -> Vec<DocId> {
        let mut best: BinaryHeap<Reverse<Claimant>> = BinaryHeap::with_capacity(CANDIDATES + 1);
        for id in self.claimants.drain(..) {
            let place = usize::try_from(id - self.first).unwrap_or(usize::MAX);
            let claim = self.claims.get_mut(place).map(std::mem::take).unwrap_or_default();
            let full = best.len() >= CANDIDATES;
            // Fading only takes away: most need not be looked at further.
            if full && best.peek().is_some_and(|least| claim < least.0.claim) {
                continue;
            }
            let gap = index.gap_secs(id, of);
            if gap > window_secs {
                continue;
            }
            let claim = claim * 0.5_f32.powf(gap as f32 / DAY_SECS / CANDIDATE_DAYS);
            best.push(Reverse(Claimant { claim, id }));
            if best.len() > CANDIDATES {
                best.pop();
            }
        }
        best.into_iter().map(|claimant| claimant.0.id).collect()
    }
}
