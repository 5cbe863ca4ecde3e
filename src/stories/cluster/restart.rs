//! The window as it was before a restart.

use std::collections::BTreeMap;

use super::Engine;
use super::index::StoryKey;
use super::item::{Item, Settled};
use super::read::{Reading, read_all};
use crate::model::{EntryId, StoryId};

/// Entries that are read at once after a restart.
const READ_AT_ONCE: usize = 1_000;

impl Engine {
    /// Takes back entries with their stories, in the order in which they were placed.
    pub fn restore(&mut self, settled: &[Settled]) {
        let mut keys: BTreeMap<StoryId, StoryKey> = BTreeMap::new();
        for some in settled.chunks(READ_AT_ONCE) {
            let items: Vec<&Item> = some.iter().map(|s| &s.item).collect();
            for (s, reading) in some.iter().zip(read_all(&items)) {
                if self.by_entry.contains_key(&s.item.entry) {
                    continue;
                }
                let key = *keys.entry(s.story).or_insert_with(|| {
                    self.next_story += 1;
                    self.next_story
                });
                self.take_back(s, reading, key);
            }
        }
        self.index.refresh();
    }

    fn take_back(&mut self, settled: &Settled, reading: Reading, key: StoryKey) {
        let mut doc = reading.numbered(&mut self.index);
        doc.story = key;
        let id = self.push(doc);
        let story = self.stories.entry(key).or_default();
        story.id = Some(settled.story);
        story.members.push(id);
        for (other, cosine) in &settled.near {
            if let Some(other) = self.by_entry.get(other).copied() {
                self.index.note_near(id, other, *cosine);
                self.index.note_near(other, id, *cosine);
            }
        }
    }

    /// Takes back which story an entry older than the window is in, where a person said a word on it.
    pub fn remember(&mut self, places: &[(EntryId, StoryId)]) {
        let mut keys: BTreeMap<StoryId, StoryKey> =
            self.stories.iter().filter_map(|(k, s)| Some((s.id?, *k))).collect();
        for (entry, id) in places.iter().filter(|p| !self.by_entry.contains_key(&p.0)) {
            let key = *keys.entry(*id).or_insert_with(|| {
                self.next_story += 1;
                self.next_story
            });
            let story = self.stories.entry(key).or_default();
            story.id = Some(*id);
            story.left.push(*entry);
            self.past.insert(*entry, key);
        }
    }
}
