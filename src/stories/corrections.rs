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

    /// Whether any entry of one story must stay away from any of the other, by a word on the two or on entries they
    /// belong to: who stays away from a friend stays away also before the friend has come.
    pub fn forbid(&self, story: impl Fn() -> Vec<EntryId>, other: impl Fn() -> Vec<EntryId>) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let (mine, others) = (BTreeSet::from_iter(story()), BTreeSet::from_iter(other()));
        let (my_circle, other_circle) = (self.circle(&mine), self.circle(&others));
        // Words that contradict each other over a third entry: the one on the two themselves holds.
        if my_circle.is_disjoint(&other_circle) {
            self.quarrel(&my_circle, &other_circle)
        } else {
            self.quarrel(&mine, &others)
        }
    }

    fn quarrel(&self, mine: &BTreeSet<EntryId>, others: &BTreeSet<EntryId>) -> bool {
        mine.iter()
            .filter_map(|entry| self.apart.get(entry))
            .any(|enemies| !enemies.is_disjoint(others))
    }

    /// Entries with all that belong to them.
    fn circle(&self, entries: &BTreeSet<EntryId>) -> BTreeSet<EntryId> {
        let mut circle = BTreeSet::new();
        let mut open: Vec<EntryId> = entries.iter().copied().collect();
        while let Some(entry) = open.pop() {
            if circle.insert(entry) {
                open.extend(self.partners(entry));
            }
        }
        circle
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &[(bool, i64, i64)], story: i64, other: i64, expected: bool) {
        let said: Vec<Correction> = said
            .iter()
            .map(|(together, a, b)| (*together, EntryId::new(*a), EntryId::new(*b)))
            .collect();
        let all = Corrections::said(&said);
        let forbidden = all.forbid(|| vec![EntryId::new(story)], || vec![EntryId::new(other)]);
        assert_eq!(forbidden, expected, "{story} and {other}");
    }

    #[test]
    fn a_word_on_two_holds_for_those_who_belong_to_them() {
        check(&[(false, 1, 2)], 1, 2, true);
        check(&[(false, 1, 2)], 1, 3, false);
        check(&[(true, 12, 18), (false, 1, 12)], 18, 1, true);
        check(&[(true, 12, 18), (true, 18, 20), (false, 1, 12)], 20, 1, true);
        check(&[(true, 12, 18), (false, 1, 12)], 18, 12, false);
        // The last word on the same two.
        check(&[(false, 1, 2), (true, 1, 2)], 1, 2, false);
    }

    #[test]
    fn where_words_contradict_the_one_on_the_two_holds() {
        let said = [(true, 1, 2), (true, 2, 3), (false, 1, 3)];
        check(&said, 1, 2, false);
        check(&said, 2, 3, false);
        check(&said, 1, 3, true);
    }
}
