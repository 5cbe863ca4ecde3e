//! A person's word on stories, kept from then on: these two entries belong together, those two do not.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::EntryId;

/// One word of a person: `true` for together.
pub type Correction = (bool, EntryId, EntryId);

/// All corrections that touch the window.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    together: BTreeMap<EntryId, BTreeSet<EntryId>>,
    apart: BTreeMap<EntryId, BTreeSet<EntryId>>,
}

impl Corrections {
    /// All of a list, oldest first.
    #[must_use]
    pub fn said(list: &[Correction]) -> Self {
        let mut all = Self::default();
        for (together, a, b) in list {
            if *together {
                all.together(*a, *b);
            } else {
                all.apart(*a, *b);
            }
        }
        all
    }

    /// Two entries belong together. A later word on the same two replaces an earlier one.
    pub fn together(&mut self, a: EntryId, b: EntryId) {
        put(&mut self.together, a, b);
        cut(&mut self.apart, a, b);
    }

    /// Two entries never share a story.
    pub fn apart(&mut self, a: EntryId, b: EntryId) {
        put(&mut self.apart, a, b);
        cut(&mut self.together, a, b);
    }

    /// What an entry was said to belong to.
    pub fn partners(&self, entry: EntryId) -> impl Iterator<Item = EntryId> + '_ {
        self.together.get(&entry).into_iter().flatten().copied()
    }

    /// Whether a person said a word on the entry.
    pub fn name(&self, entry: EntryId) -> bool {
        let any = |map: &BTreeMap<EntryId, BTreeSet<EntryId>>| map.get(&entry).is_some_and(|others| !others.is_empty());
        any(&self.apart) || any(&self.together)
    }

    /// Whether any entry of one story must stay away from any of the other.
    pub fn forbid(&self, story: impl Fn() -> Vec<EntryId>, other: impl Fn() -> Vec<EntryId>) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let others: BTreeSet<EntryId> = other().into_iter().collect();
        story()
            .iter()
            .filter_map(|e| self.apart.get(e))
            .any(|enemies| !enemies.is_disjoint(&others))
    }
}

fn put(map: &mut BTreeMap<EntryId, BTreeSet<EntryId>>, a: EntryId, b: EntryId) {
    map.entry(a).or_default().insert(b);
    map.entry(b).or_default().insert(a);
}

fn cut(map: &mut BTreeMap<EntryId, BTreeSet<EntryId>>, a: EntryId, b: EntryId) {
    for (x, y) in [(a, b), (b, a)] {
        if let Some(set) = map.get_mut(&x) {
            set.remove(&y);
        }
    }
}
