//! What other settings would have made of stored entries: stories that would merge, split, appear or vanish.
//!
//! Pure: two maps from entries to stories in, the differences out.
//!
//! - merge: stories that stand apart would be one, and readers know at least one of them as told by several entries.
//! - split: a story's entries would be spread over several.
//! - appear: entries that stand alone would be a story.
//! - vanish: the entries of a story would all stand alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntryId, StoryId};

/// Which story each entry is in.
pub type Places = BTreeMap<EntryId, StoryId>;
/// The entries of one story.
pub type Group = Vec<EntryId>;

/// The differences between two groupings of the same entries. Each list holds its largest change first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Stories that would be one.
    pub merge: Vec<Vec<Group>>,
    /// One story's entries as they would be spread.
    pub split: Vec<Vec<Group>>,
    /// Entries that stand alone and would be one story.
    pub appear: Vec<Vec<Group>>,
    /// One story's entries, each of which would stand alone.
    pub vanish: Vec<Vec<Group>>,
}

/// Compares the stored places with others.
#[must_use]
pub fn compare(stored: &Places, other: &Places) -> Changes {
    let mut changes = Changes::default();
    for parts in parts(other, stored) {
        if parts.iter().all(|part| part.len() == 1) && singles(stored, &parts) {
            changes.appear.push(parts);
        } else {
            changes.merge.push(parts);
        }
    }
    for parts in parts(stored, other) {
        if singles(other, &parts) {
            changes.vanish.push(parts);
        } else {
            changes.split.push(parts);
        }
    }
    for list in [
        &mut changes.merge,
        &mut changes.split,
        &mut changes.appear,
        &mut changes.vanish,
    ] {
        list.sort_by_key(|parts| (usize::MAX - parts.iter().map(Vec::len).sum::<usize>(), parts.clone()));
    }
    changes
}

/// Stories told by several entries.
#[must_use]
pub fn told_by_several(places: &Places) -> usize {
    groups(places).values().filter(|group| group.len() > 1).count()
}

/// How many stories there are.
#[must_use]
pub fn n_stories(places: &Places) -> usize {
    places.values().collect::<BTreeSet<_>>().len()
}

fn groups(places: &Places) -> BTreeMap<StoryId, Group> {
    let mut groups: BTreeMap<StoryId, Group> = BTreeMap::new();
    for (entry, story) in places {
        groups.entry(*story).or_default().push(*entry);
    }
    groups
}

/// The stories of `by` that hold entries of several stories of `within`, as those several parts.
fn parts(by: &Places, within: &Places) -> Vec<Vec<Group>> {
    groups(by)
        .into_values()
        .map(|group| {
            let inner: Places = group.iter().filter_map(|e| Some((*e, *within.get(e)?))).collect();
            groups(&inner).into_values().collect::<Vec<Group>>()
        })
        .filter(|parts| parts.len() > 1)
        .collect()
}

/// Whether each of these entries is alone in its story.
fn singles(places: &Places, parts: &[Group]) -> bool {
    let stories: BTreeSet<StoryId> = parts.iter().flatten().filter_map(|e| places.get(e)).copied().collect();
    let n = places.values().filter(|story| stories.contains(story)).count();
    n == parts.iter().map(Vec::len).sum::<usize>() && stories.len() == n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(stories: &[&[i64]]) -> Places {
        let numbered = (1_i64..).zip(stories);
        numbered
            .flat_map(|(story, entries)| entries.iter().map(move |e| (EntryId::new(*e), StoryId::new(story))))
            .collect()
    }

    /// Merges, splits, appearances, vanishings.
    #[track_caller]
    fn check(stored: &[&[i64]], other: &[&[i64]], expected: (usize, usize, usize, usize)) {
        let c = compare(&places(stored), &places(other));
        let found = (c.merge.len(), c.split.len(), c.appear.len(), c.vanish.len());
        assert_eq!(found, expected, "{c:?}");
    }

    #[test]
    fn what_changes_is_named_once() {
        check(&[&[1, 2], &[3]], &[&[3], &[1, 2]], (0, 0, 0, 0));
        check(&[&[1, 2], &[3]], &[&[1, 2, 3]], (1, 0, 0, 0));
        check(&[&[1, 2, 3]], &[&[1, 2], &[3]], (0, 1, 0, 0));
        check(&[&[1], &[2], &[3]], &[&[1, 2], &[3]], (0, 0, 1, 0));
        check(&[&[1, 2], &[3]], &[&[1], &[2], &[3]], (0, 0, 0, 1));
        // One entry changes its story: one side splits, the other merges.
        check(&[&[1, 2, 3], &[4]], &[&[1, 2], &[3, 4]], (1, 1, 0, 0));
    }

    #[test]
    fn the_largest_change_comes_first() {
        let c = compare(
            &places(&[&[1, 2], &[3], &[4, 5, 6], &[7]]),
            &places(&[&[1, 2, 3], &[4, 5, 6, 7]]),
        );
        let sizes: Vec<usize> = c.merge.iter().map(|parts| parts.iter().map(Vec::len).sum()).collect();
        assert_eq!(sizes, [4, 3]);
    }
}
