//! New entries and the stories they resemble, linked under the rules; stories that turn out to be one are united.

use std::collections::BTreeMap;

use super::compare::Compared;
use super::doc::Doc;
use super::gates;
use super::index::{DocId, Index, StoryKey};
use super::item::Merge;
use super::link::{self, Node};
use super::{Engine, Story};

/// Members of a story an entry is compared with.
const SAMPLE: usize = 12;

/// Members that stand for a story where no candidate pair spoke for it.
const FEW: usize = 4;

/// Pairs of entries that are compared at once: each takes some 300 bytes until it is done.
const PAIRS_AT_ONCE: usize = 65_536;

/// The engine's answers while its stories are linked.
struct Linking<'a> {
    engine: &'a Engine,
    keys: &'a [StoryKey],
    samples: &'a [Vec<DocId>],
    compared: &'a mut Compared,
}

impl Linking<'_> {
    fn keys_of(&self, nodes: &[usize]) -> Vec<StoryKey> {
        nodes.iter().filter_map(|n| self.keys.get(*n).copied()).collect()
    }

    fn few_of(&self, nodes: &[usize]) -> Vec<DocId> {
        let samples = nodes.iter().filter_map(|n| self.samples.get(*n));
        samples.flat_map(|s| s.iter().take(FEW)).take(FEW).copied().collect()
    }
}

impl link::Rules for Linking<'_> {
    fn allow(&mut self, a: &[usize], b: &[usize]) -> bool {
        self.engine.may_join(&self.keys_of(a), &self.keys_of(b))
    }

    fn compare(&mut self, a: &[usize], b: &[usize]) -> f32 {
        let (xs, ys) = (self.few_of(a), self.few_of(b));
        self.compared.mean(&self.engine.index, &xs, &ys)
    }
}

impl Engine {
    /// Members an entry is compared with: the first, the latest and some between; what is loose only where there is
    /// nothing else.
    pub(super) fn sample(&self, story: StoryKey) -> Vec<DocId> {
        let Some(story) = self.stories.get(&story) else {
            return Vec::new();
        };
        let firm = |id: &DocId| self.index.doc(*id).is_some_and(|d| !d.loose);
        let mut members: Vec<DocId> = story.members.iter().copied().filter(firm).collect();
        if members.is_empty() {
            members.clone_from(&story.members);
        }
        let last = members.len().saturating_sub(1);
        if members.len() <= SAMPLE {
            return members;
        }
        (0..SAMPLE)
            .filter_map(|i| members.get(i * last / (SAMPLE - 1)).copied())
            .collect()
    }

    /// Joins the batch's stories with each other and with those of the window.
    pub(super) fn link(&mut self, ids: &[DocId], compared: &mut Compared) -> Vec<Merge> {
        let first = ids.first().copied().unwrap_or_default();
        let mut merges = Vec::new();
        self.join_certain(compared, first, &mut merges);
        let story_of = |index: &Index, id: DocId| index.doc(id).map(|d| d.story);
        let mut keys: Vec<StoryKey> = ids.iter().filter_map(|id| story_of(&self.index, *id)).collect();
        let mut touching: Vec<(StoryKey, StoryKey)> = Vec::new();
        for (a, b) in compared.pairs() {
            if let (Some(x), Some(y)) = (story_of(&self.index, a), story_of(&self.index, b))
                && x != y
            {
                keys.extend([x, y]);
                touching.push((x.min(y), x.max(y)));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        touching.sort_unstable();
        touching.dedup();
        let samples: Vec<Vec<DocId>> = keys.iter().map(|k| self.sample(*k)).collect();
        let at = |key: StoryKey| keys.binary_search(&key).unwrap_or_default();
        let sample = |key: StoryKey| samples.get(at(key)).map_or(&[][..], Vec::as_slice);
        let mut waiting = Vec::new();
        for (x, y) in &touching {
            waiting.extend(pairs(sample(*x), sample(*y)));
            if waiting.len() >= PAIRS_AT_ONCE {
                compared.compare_all(&self.index, std::mem::take(&mut waiting));
            }
        }
        compared.compare_all(&self.index, waiting);
        let mut edges = vec![BTreeMap::new(); keys.len()];
        for (x, y) in touching {
            let (x, y) = (at(x), at(y));
            if let (Some(a), Some(b)) = (samples.get(x), samples.get(y)) {
                let mean = compared.mean(&self.index, a, b);
                if let Some(edge) = edges.get_mut(x) {
                    edge.insert(y, mean);
                }
                if let Some(edge) = edges.get_mut(y) {
                    edge.insert(x, mean);
                }
            }
        }
        let nodes = keys.iter().map(|key| self.node(*key, first)).collect();
        let mut rules = Linking {
            engine: self,
            keys: &keys,
            samples: &samples,
            compared,
        };
        let groups = link::join_all(nodes, edges, self.cuts, &mut rules);
        for group in groups {
            let members: Vec<StoryKey> = group.iter().filter_map(|n| keys.get(*n).copied()).collect();
            self.unite(&members, &mut merges);
        }
        merges
    }

    /// Joins the new entries of pairs as certain as a pair can be, one by one, before anything else is weighed: average
    /// link would begin with them, at a price that grows with the square of a burst.
    fn join_certain(&mut self, compared: &mut Compared, first: DocId, merges: &mut Vec<Merge>) {
        let story_of = |index: &Index, id: DocId| index.doc(id).map(|d| d.story);
        for (later, earlier) in compared.certain(first) {
            let (Some(x), Some(y)) = (story_of(&self.index, later), story_of(&self.index, earlier)) else {
                continue;
            };
            if x == y || !self.is_open(x, first) {
                continue;
            }
            let (mut few, mut there) = (self.sample(x), self.sample(y));
            few.truncate(FEW);
            there.truncate(FEW);
            let loose = self.node(x, first).loose || self.node(y, first).loose;
            let mean = compared.mean(&self.index, &few, &there);
            if !loose && mean >= self.cuts.join && self.may_join(&[x], &[y]) {
                self.unite(&[x, y], merges);
            }
        }
    }

    /// Whether a story holds new entries only.
    fn is_open(&self, key: StoryKey, first_new: DocId) -> bool {
        let new = |story: &Story| story.left.is_empty() && story.members.iter().all(|m| *m >= first_new);
        self.stories.get(&key).is_none_or(new)
    }

    pub(super) fn node(&self, key: StoryKey, first_new: DocId) -> Node {
        let members = self.stories.get(&key).map_or(&[][..], |s| s.members.as_slice());
        let loose = |id: &DocId| self.index.doc(*id).is_some_and(|d| d.loose);
        Node {
            size: members.len() as f32,
            settled: !self.is_open(key, first_new),
            loose: members.iter().all(loose),
        }
    }

    pub(super) fn may_join(&self, a: &[StoryKey], b: &[StoryKey]) -> bool {
        let entries = |keys: &[StoryKey]| keys.iter().flat_map(|k| self.entries_of(*k)).collect::<Vec<_>>();
        if self.corrections.forbid(|| entries(a), || entries(b)) {
            return false;
        }
        let docs = |keys: &[StoryKey]| -> Vec<&Doc> {
            keys.iter()
                .filter_map(|k| self.stories.get(k))
                .flat_map(|s| s.members.iter().filter_map(|m| self.index.doc(*m)))
                .collect()
        };
        let (left, right) = (docs(a), docs(b));
        !left.iter().any(|x| right.iter().any(|y| gates::forbid(x, y).is_some()))
    }

    /// Makes one story of several: the oldest settled one goes on.
    pub(super) fn unite(&mut self, keys: &[StoryKey], merges: &mut Vec<Merge>) {
        let settled = |k: &&StoryKey| self.stories.get(k).is_some_and(|s| s.id.is_some());
        let Some(keep) = keys.iter().filter(settled).min().or(keys.iter().min()).copied() else {
            return;
        };
        for key in keys.iter().filter(|k| **k != keep) {
            let Some(story) = self.stories.remove(key) else {
                continue;
            };
            for m in &story.members {
                if let Some(doc) = self.index.doc_mut(*m) {
                    doc.story = keep;
                }
            }
            self.past.extend(story.left.iter().map(|entry| (*entry, keep)));
            let into = self.stories.entry(keep).or_default();
            into.left.extend(story.left);
            into.members.extend(story.members);
            into.members.sort_unstable();
            if let (Some(from), Some(into)) = (story.id, into.id) {
                merges.push(Merge { from, into });
            }
        }
    }
}

/// Each entry of one list with each of the other, the later one first.
fn pairs(xs: &[DocId], ys: &[DocId]) -> impl Iterator<Item = (DocId, DocId)> {
    xs.iter()
        .flat_map(move |x| ys.iter().map(move |y| (*x.max(y), *x.min(y))))
}
