//! Which entries of the window a new one is compared with, and how each comparison comes out.

use foldhash::HashMap;

use super::Observer;
use super::candidates::Search;
use super::doc::DAY_SECS;
use super::index::{DocId, Index};
use super::pair::{self, Features, LOGIT_MAX, Model, Side};
use super::prevalence::Prevalence;
use super::spread::spread;
use super::view::{Space, View};

/// Days in which a neighbour's closeness halves.
const NEAR_DAYS: f32 = 1.0;
/// Least closeness of a neighbour.
const NEAR_MIN: f32 = 0.12;

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
        views: HashMap::default(),
        pairs: HashMap::default(),
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
        let features = compared.judge((a, b), cosine, features);
        if let (Some(x), Some(y)) = (index.doc(a), index.doc(b)) {
            observe(x.entry, y.entry, &features);
        }
    }
    compared
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

    /// Compares pairs that were no candidates, the later entry first: many at once are shared among the processors.
    pub fn compare_all(&mut self, index: &Index, mut pairs: Vec<(DocId, DocId)>) {
        pairs.retain(|&(b, a)| !self.pairs.contains_key(&(a, b)));
        pairs.sort_unstable();
        pairs.dedup();
        let ids = ids_of(pairs.iter().copied());
        self.see_all(index, &ids);
        self.expand_all(index, &ids);
        let pairs = self.with_cosines(&pairs);
        let found = self.all_features(index, &pairs);
        for (&(b, a, cosine), (features, _)) in pairs.iter().zip(found) {
            self.judge((a, b), cosine, features);
        }
    }

    /// Keeps what the model says of a pair, the earlier entry first, and gives its features with the prevalence.
    fn judge(&mut self, pair: (DocId, DocId), cosine: f32, features: Features) -> Features {
        let features = pair::with_prevalence(features, self.prevalence);
        let logit = self.model.logit(&features).clamp(-LOGIT_MAX, LOGIT_MAX);
        self.pairs.insert(pair, Pair { logit, cosine });
        features
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
        }
        let (cosine, expanded) = (cosine(&self.views, a, b), self.expanded(b, a));
        let Some((features, _)) = self.features(index, (a, b), cosine, expanded) else {
            return -LOGIT_MAX;
        };
        self.judge((a, b), cosine, features);
        self.pair(a, b).map_or(-LOGIT_MAX, |pair| pair.logit)
    }

    /// Reads an entry, with its neighbours' words, if that was not done yet.
    fn see(&mut self, index: &Index, id: DocId) {
        let Some(doc) = index.doc(id) else { return };
        let view = self.views.entry(id).or_insert_with(|| View::new(index, doc));
        if !view.is_expanded() {
            view.expanded = view.with_neighbours(index, doc, &mut self.space);
        }
    }

    fn see_all(&mut self, index: &Index, ids: &[DocId]) {
        let unseen: Vec<DocId> = ids.iter().copied().filter(|id| !self.views.contains_key(id)).collect();
        let read = |id: &DocId| Some((*id, View::new(index, index.doc(*id)?)));
        self.views
            .extend(spread(&unseen, |some| some.iter().filter_map(read).collect()));
    }

    /// All pairs of new entries with their candidates, each once, those of one new entry side by side.
    fn candidate_pairs(&mut self, index: &Index, new: &[DocId], window_secs: i64) -> Vec<Candidate> {
        self.see_all(index, new);
        let views = &self.views;
        let mut pairs: Vec<(DocId, DocId)> = spread(new, |some| {
            let mut search = Search::new(index);
            let mut found = Vec::new();
            for (id, view) in some.iter().filter_map(|id| Some((*id, views.get(id)?))) {
                let others = search.candidates(index, view, id, window_secs);
                found.extend(others.into_iter().map(|other| (id.max(other), id.min(other))));
            }
            found
        });
        pairs.sort_unstable();
        pairs.dedup();
        self.see_all(index, &ids_of(pairs.iter().copied()));
        self.with_cosines(&pairs)
    }

    fn with_cosines(&self, pairs: &[(DocId, DocId)]) -> Vec<Candidate> {
        let views = &self.views;
        spread(pairs, |some| {
            some.iter().map(|&(b, a)| (b, a, cosine(views, a, b))).collect()
        })
    }

    /// Adds the neighbours' words to entries that were read, where that was not done yet.
    fn expand_all(&mut self, index: &Index, ids: &[DocId]) {
        let views = &self.views;
        let expanded = spread(ids, |some| {
            let mut space = Space::new(index.n_terms());
            let expand = |id: &DocId| {
                let view = views.get(id).filter(|view| !view.is_expanded())?;
                Some((*id, view.with_neighbours(index, index.doc(*id)?, &mut space)))
            };
            some.iter().filter_map(expand).collect()
        });
        for (id, expanded) in expanded {
            if let Some(view) = self.views.get_mut(&id) {
                view.expanded = expanded;
            }
        }
    }

    fn expand(&mut self, index: &Index, pairs: &[Candidate]) {
        self.expand_all(index, &ids_of(pairs.iter().map(|&(b, a, _)| (b, a))));
        for &(b, a, cosine) in pairs {
            for id in [a, b] {
                if let Some(view) = self.views.get_mut(&id) {
                    view.cosines.push(cosine);
                }
            }
        }
    }

    /// The features of all pairs. One entry's expanded vector is laid out once for all its pairs.
    fn all_features(&self, index: &Index, pairs: &[Candidate]) -> Vec<(Features, f32)> {
        let by_entry: Vec<&[Candidate]> = pairs.chunk_by(|p, q| p.0 == q.0).collect();
        spread(&by_entry, |some| {
            let mut space = Space::new(index.n_terms());
            let mut found = Vec::new();
            for of_one in some {
                let Some(&(b, ..)) = of_one.first() else { continue };
                let laid = self.views.get(&b).map_or(&[][..], |v| v.expanded.terms.as_slice());
                space.lay(laid);
                for &(_, a, cosine) in *of_one {
                    let expanded = self.views.get(&a).map_or(0.0, |v| space.dot(&v.expanded.terms));
                    found.push(self.features(index, (a, b), cosine, expanded).unwrap_or_default());
                }
                space.clear(laid);
            }
            found
        })
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

    /// Cosine of the expanded vectors; the later entry is laid out, as in [`Self::all_features`].
    fn expanded(&mut self, later: DocId, earlier: DocId) -> f32 {
        let (Some(x), Some(y)) = (self.views.get(&later), self.views.get(&earlier)) else {
            return 0.0;
        };
        self.space.lay(&x.expanded.terms);
        let dot = self.space.dot(&y.expanded.terms);
        self.space.clear(&x.expanded.terms);
        dot
    }
}

fn cosine(views: &HashMap<DocId, View>, a: DocId, b: DocId) -> f32 {
    match (views.get(&a), views.get(&b)) {
        (Some(x), Some(y)) => pair::cosine(x, y),
        _ => 0.0,
    }
}

/// Every entry of some pairs, once.
fn ids_of(pairs: impl Iterator<Item = (DocId, DocId)>) -> Vec<DocId> {
    let mut ids: Vec<DocId> = pairs.flat_map(|(b, a)| [b, a]).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
