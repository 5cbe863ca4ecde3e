//! Which entries of the window a new one is compared with, and how each comparison comes out.

use std::collections::{BTreeMap, HashMap};

use super::Observer;
use super::index::{DocId, Index, TermId, dot};
use super::pair::{self, Features, LOGIT_MAX, MODEL, Side, View};
use super::prevalence::Prevalence;

/// Terms of an entry that candidates are looked up with, the most telling first.
const QUERY_TERMS: usize = 24;
/// Newest entries read of each term's list; a word on more headlines than this tells little of an event.
const POSTINGS_READ: usize = 300;
/// Candidates an entry is compared with.
const CANDIDATES: usize = 50;
/// Days in which a candidate's claim to be compared halves.
const CANDIDATE_DAYS: f32 = 4.0;
/// Days in which a neighbour's closeness halves.
const NEAR_DAYS: f32 = 1.0;
/// Least closeness of a neighbour.
const NEAR_MIN: f32 = 0.12;
const DAY_SECS: f32 = 86_400.0;

/// The comparisons of one batch.
#[derive(Debug, Default)]
pub struct Compared {
    views: HashMap<DocId, View>,
    pairs: BTreeMap<(DocId, DocId), Pair>,
    prevalence: f32,
}

/// One comparison.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Log-odds of one event, within bounds.
    pub logit: f32,
    /// Plain cosine.
    pub cosine: f32,
}

/// Compares the new entries with the window and each other.
pub fn compare(
    index: &mut Index,
    prevalence: &mut Prevalence,
    new: &[DocId],
    window_secs: i64,
    observe: &mut Observer<'_>,
) -> Compared {
    let mut compared = Compared::default();
    let mut cosines: BTreeMap<(DocId, DocId), f32> = BTreeMap::new();
    for &id in new {
        compared.see(index, id);
        for other in candidates(index, &compared, id, window_secs) {
            cosines.insert((id.min(other), id.max(other)), 0.0);
        }
    }
    for (&(a, b), cosine) in &mut cosines {
        compared.see(index, a);
        compared.see(index, b);
        *cosine = compared.cosine(a, b);
    }
    neighbours(index, &cosines);
    compared.expand(index, &cosines);
    prevalence.fade(new.len());
    let found: Vec<_> = cosines
        .iter()
        .filter_map(|(&(a, b), &cosine)| Some((a, b, cosine, compared.features(index, a, b, cosine)?)))
        .collect();
    for (.., (features, overlap)) in &found {
        prevalence.count(MODEL.quick_logit(features, *overlap));
    }
    compared.prevalence = prevalence.log_odds();
    for (a, b, cosine, (features, _)) in found {
        let features = pair::with_prevalence(features, compared.prevalence);
        if let (Some(x), Some(y)) = (index.doc(a), index.doc(b)) {
            observe(x.entry, y.entry, &features);
        }
        compared.pairs.insert((a, b), Pair::new(&features, cosine));
    }
    compared
}

impl Pair {
    fn new(features: &Features, cosine: f32) -> Self {
        Self {
            logit: MODEL.logit(features).clamp(-LOGIT_MAX, LOGIT_MAX),
            cosine,
        }
    }
}

/// The window's entries that share the most telling words with this one.
fn candidates(index: &Index, compared: &Compared, id: DocId, window_secs: i64) -> Vec<DocId> {
    let (Some(doc), Some(view)) = (index.doc(id), compared.views.get(&id)) else {
        return Vec::new();
    };
    let mut query: Vec<(TermId, f32)> = view.plain.clone();
    query.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut claims: HashMap<DocId, f32> = HashMap::new();
    for (term, weight) in query.iter().take(QUERY_TERMS) {
        let claim = weight * index.idf(*term);
        for other in index.with_term(*term).take(POSTINGS_READ).filter(|o| *o != id) {
            *claims.entry(other).or_default() += claim;
        }
    }
    let mut found: Vec<(DocId, f32)> = claims
        .into_iter()
        .filter_map(|(other, claim)| {
            let gap = (index.doc(other)?.at - doc.at).abs();
            let fading = 0.5_f32.powf(gap as f32 / DAY_SECS / CANDIDATE_DAYS);
            (gap <= window_secs).then_some((other, claim * fading))
        })
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    found.truncate(CANDIDATES);
    found.into_iter().map(|(other, _)| other).collect()
}

fn neighbours(index: &mut Index, cosines: &BTreeMap<(DocId, DocId), f32>) {
    for (&(a, b), cosine) in cosines {
        let (Some(x), Some(y)) = (index.doc(a), index.doc(b)) else {
            continue;
        };
        let days = (x.at - y.at).abs() as f32 / DAY_SECS;
        let near = cosine * 0.5_f32.powf(days / NEAR_DAYS);
        if near >= NEAR_MIN {
            index.note_near(a, b, near);
            index.note_near(b, a, near);
        }
    }
}

impl Compared {
    /// The pairs that were compared.
    pub fn pairs(&self) -> impl Iterator<Item = (DocId, DocId)> + '_ {
        self.pairs.keys().copied()
    }

    /// One comparison, in either order.
    pub fn pair(&self, a: DocId, b: DocId) -> Option<Pair> {
        self.pairs.get(&(a.min(b), a.max(b))).copied()
    }

    /// Mean log-odds between two sets of entries; what was no candidate pair is compared now.
    pub fn mean(&mut self, index: &Index, xs: &[DocId], ys: &[DocId]) -> f32 {
        let (mut sum, mut n) = (0.0, 0.0_f32);
        for &x in xs {
            for &y in ys {
                sum += self.logit(index, x, y);
                n += 1.0;
            }
        }
        sum / n.max(1.0)
    }

    fn logit(&mut self, index: &Index, x: DocId, y: DocId) -> f32 {
        let (a, b) = (x.min(y), x.max(y));
        if let Some(pair) = self.pairs.get(&(a, b)) {
            return pair.logit;
        }
        for id in [a, b] {
            self.see(index, id);
            self.expand_one(index, id);
        }
        let cosine = self.cosine(a, b);
        let Some((features, _)) = self.features(index, a, b, cosine) else {
            return -LOGIT_MAX;
        };
        let pair = Pair::new(&pair::with_prevalence(features, self.prevalence), cosine);
        self.pairs.insert((a, b), pair);
        pair.logit
    }

    fn see(&mut self, index: &Index, id: DocId) {
        if let Some(doc) = index.doc(id) {
            self.views.entry(id).or_insert_with(|| View::new(index, doc));
        }
    }

    fn cosine(&self, a: DocId, b: DocId) -> f32 {
        match (self.views.get(&a), self.views.get(&b)) {
            (Some(x), Some(y)) => dot(&x.plain, &y.plain),
            _ => 0.0,
        }
    }

    fn expand(&mut self, index: &Index, cosines: &BTreeMap<(DocId, DocId), f32>) {
        for (&(a, b), cosine) in cosines {
            for id in [a, b] {
                self.expand_one(index, id);
                if let Some(view) = self.views.get_mut(&id) {
                    view.cosines.push(*cosine);
                }
            }
        }
    }

    fn expand_one(&mut self, index: &Index, id: DocId) {
        let (Some(doc), Some(view)) = (index.doc(id), self.views.get_mut(&id)) else {
            return;
        };
        if view.expanded.is_empty() {
            view.expanded = index.expanded(doc);
            view.best = doc.near.first().map_or(0.0, |n| n.1);
        }
    }

    fn features(&self, index: &Index, a: DocId, b: DocId, cosine: f32) -> Option<(Features, f32)> {
        let side = |id| {
            Some(Side {
                doc: index.doc(id)?,
                view: self.views.get(&id)?,
            })
        };
        Some(pair::features(index, side(a)?, side(b)?, cosine))
    }
}
