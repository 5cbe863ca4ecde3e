//! Which entries of the window a new one is compared with, and how each comparison comes out.

use std::collections::HashMap;

use super::Observer;
use super::candidates::Search;
use super::index::{DocId, Index};
use super::pair::{self, Features, LOGIT_MAX, Model, Side};
use super::prevalence::Prevalence;
use super::view::{Space, View};

/// Days in which a neighbour's closeness halves.
const NEAR_DAYS: f32 = 1.0;
/// Least closeness of a neighbour.
const NEAR_MIN: f32 = 0.12;
const DAY_SECS: f32 = 86_400.0;

/// The comparisons of one batch.
#[derive(Debug)]
pub struct Compared {
    model: Model,
    views: HashMap<DocId, View>,
    pairs: HashMap<(DocId, DocId), Pair>,
    prevalence: f32,
    space: Space,
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
    (model, prevalence): (&Model, &mut Prevalence),
    new: &[DocId],
    window_secs: i64,
    observe: &mut Observer<'_>,
) -> Compared {
    let mut compared = Compared {
        model: model.clone(),
        views: HashMap::new(),
        pairs: HashMap::new(),
        prevalence: 0.0,
        space: Space::new(index.n_terms()),
    };
    let pairs = compared.candidate_pairs(index, new, window_secs);
    neighbours(index, &pairs);
    compared.expand(index, &pairs);
    prevalence.fade(new.len());
    let found = compared.all_features(index, &pairs);
    for (features, overlap) in &found {
        prevalence.count(model.quick_logit(features, *overlap));
    }
    compared.prevalence = prevalence.log_odds();
    for (&(b, a, cosine), (features, _)) in pairs.iter().zip(found) {
        let features = pair::with_prevalence(features, compared.prevalence);
        if let (Some(x), Some(y)) = (index.doc(a), index.doc(b)) {
            observe(x.entry, y.entry, &features);
        }
        compared.pairs.insert((a, b), Pair::new(model, &features, cosine));
    }
    compared
}

impl Pair {
    fn new(model: &Model, features: &Features, cosine: f32) -> Self {
        Self {
            logit: model.logit(features).clamp(-LOGIT_MAX, LOGIT_MAX),
            cosine,
        }
    }
}

/// A pair to compare: the later entry, the earlier one, the cosine of their plain vectors.
type Candidate = (DocId, DocId, f32);

fn neighbours(index: &mut Index, pairs: &[Candidate]) {
    for &(b, a, cosine) in pairs {
        let days = index.gap_secs(a, b) as f32 / DAY_SECS;
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

    /// The pairs of new entries that could not speak louder for one event, the later entry first, in order.
    pub fn certain(&self, first_new: DocId) -> Vec<(DocId, DocId)> {
        let sure = self.pairs.iter().filter(|(_, pair)| pair.logit >= LOGIT_MAX);
        let mut found: Vec<(DocId, DocId)> = sure.map(|((a, b), _)| (*b, *a)).filter(|p| p.0 >= first_new).collect();
        found.sort_unstable();
        found
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
        let (cosine, expanded) = (self.cosine(a, b), self.expanded(a, b));
        let Some((features, _)) = self.features(index, (a, b), cosine, expanded) else {
            return -LOGIT_MAX;
        };
        let features = pair::with_prevalence(features, self.prevalence);
        let pair = Pair::new(&self.model, &features, cosine);
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
            (Some(x), Some(y)) => pair::cosine(x, y),
            _ => 0.0,
        }
    }

    /// All pairs of new entries with their candidates, each once, those of one new entry side by side.
    fn candidate_pairs(&mut self, index: &Index, new: &[DocId], window_secs: i64) -> Vec<Candidate> {
        let mut pairs: Vec<(DocId, DocId)> = Vec::new();
        let mut search = Search::new(index);
        for &id in new {
            self.see(index, id);
            if let Some(view) = self.views.get(&id) {
                let found = search.candidates(index, view, id, window_secs);
                pairs.extend(found.into_iter().map(|other| (id.max(other), id.min(other))));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (b, a) in &pairs {
            self.see(index, *a);
            self.see(index, *b);
        }
        pairs.into_iter().map(|(b, a)| (b, a, self.cosine(a, b))).collect()
    }

    fn expand(&mut self, index: &Index, pairs: &[Candidate]) {
        for &(b, a, cosine) in pairs {
            for id in [a, b] {
                self.expand_one(index, id);
                if let Some(view) = self.views.get_mut(&id) {
                    view.cosines.push(cosine);
                }
            }
        }
    }

    fn expand_one(&mut self, index: &Index, id: DocId) {
        if let (Some(doc), Some(view)) = (index.doc(id), self.views.get_mut(&id)) {
            view.expand(index, doc, &mut self.space);
        }
    }

    /// The features of all pairs. One entry's expanded vector is laid out once for all its pairs.
    fn all_features(&mut self, index: &Index, pairs: &[Candidate]) -> Vec<(Features, f32)> {
        let mut found = Vec::with_capacity(pairs.len());
        for of_one in pairs.chunk_by(|p, q| p.0 == q.0) {
            let Some(&(b, ..)) = of_one.first() else { continue };
            let laid = self.views.get(&b).map_or(&[][..], |v| v.expanded.as_slice());
            self.space.lay(laid);
            for &(_, a, cosine) in of_one {
                let expanded = self.views.get(&a).map_or(0.0, |v| self.space.dot(&v.expanded));
                found.push(self.features(index, (a, b), cosine, expanded).unwrap_or_default());
            }
            self.space.clear(laid);
        }
        found
    }

    fn features(&self, index: &Index, (a, b): (DocId, DocId), cosine: f32, expanded: f32) -> Option<(Features, f32)> {
        let side = |id| {
            Some(Side {
                doc: index.doc(id)?,
                view: self.views.get(&id)?,
            })
        };
        Some(pair::features(index, side(a)?, side(b)?, cosine, expanded))
    }

    /// Cosine of the expanded vectors.
    fn expanded(&mut self, a: DocId, b: DocId) -> f32 {
        let (Some(x), Some(y)) = (self.views.get(&a), self.views.get(&b)) else {
            return 0.0;
        };
        self.space.lay(&x.expanded);
        let dot = self.space.dot(&y.expanded);
        self.space.clear(&x.expanded);
        dot
    }
}
