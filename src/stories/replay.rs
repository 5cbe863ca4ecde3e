//! A stream placed batch after batch without a database: stories get the numbers a database would give.
//!
//! `courant eval` and `courant backtest` measure with it what the daemon does; it decides nothing of its own.

use std::collections::BTreeMap;

use super::cluster::{Engine, Item, Observer, Settled};
use crate::model::{EntryId, StoryId};

/// An engine with the stories of everything it has placed.
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    stories: BTreeMap<EntryId, StoryId>,
    merged: BTreeMap<StoryId, StoryId>,
    newest: i64,
}

impl Replay {
    /// Begins with what has its story already.
    #[must_use]
    pub fn new(mut engine: Engine, settled: &[Settled]) -> Self {
        engine.restore(settled);
        Self {
            engine,
            stories: settled.iter().map(|s| (s.item.entry, s.story)).collect(),
            merged: BTreeMap::new(),
            newest: settled.iter().map(|s| s.story.get()).max().unwrap_or_default(),
        }
    }

    /// Takes back which stories entries older than the window are in, where a person said a word on them.
    pub fn remember(&mut self, places: &[(EntryId, StoryId)]) {
        self.engine.remember(places);
    }

    /// Opens no story under a number up to this one.
    pub fn number_after(&mut self, story: StoryId) {
        self.newest = self.newest.max(story.get());
    }

    /// Places a batch, showing each compared pair.
    pub fn place(&mut self, batch: &[Item], observe: &mut Observer<'_>) {
        let outcome = self.engine.place_observed(batch, observe);
        let mut opened: BTreeMap<u32, StoryId> = BTreeMap::new();
        for placement in &outcome.placements {
            let story = placement.story.unwrap_or_else(|| {
                *opened.entry(placement.opens).or_insert_with(|| {
                    self.newest += 1;
                    StoryId::new(self.newest)
                })
            });
            self.stories.insert(placement.entry, story);
        }
        self.engine.settle(&opened);
        self.merged.extend(outcome.merges.iter().map(|m| (m.from, m.into)));
    }

    /// Each entry's story in the end.
    #[must_use]
    pub fn stories(&self) -> BTreeMap<EntryId, StoryId> {
        let living = |mut story: StoryId| {
            while let Some(into) = self.merged.get(&story) {
                story = *into;
            }
            story
        };
        self.stories
            .iter()
            .map(|(entry, story)| (*entry, living(*story)))
            .collect()
    }
}
