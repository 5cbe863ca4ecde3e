//! Which entries tell the same event: an incremental engine over a window of entries.
//!
//! A batch of new entries goes through five steps, each in its own file: candidates from an inverted index
//! (`candidates`, `index`), features and a linear model for each pair (`pair`, `events`), the prior this stream asks for
//! (`prevalence`), gates that no evidence opens (`gates`), and average link between entries and stories
//! (`link`). Pure: no clock, no database. The same entries in the same batches give the same stories, whatever
//! their order within a batch.

mod candidates;
mod compare;
mod copies;
mod doc;
mod events;
mod evidence;
mod gates;
mod index;
mod item;
mod link;
mod linking;
mod pair;
mod prevalence;
mod read;
mod restart;
mod spread;
mod topics;
mod view;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::corrections::Corrections;
use super::text;
use crate::config::StorySettings;
use crate::model::{EntryId, Placement, PlacementReason, StoryId};
use compare::{Compared, compare};
use copies::Copies;
use doc::Doc;
use index::{DocId, Index, StoryKey};
pub use item::{Item, Merge, Outcome, Settled};
use link::Cuts;
use pair::MODEL;
pub use pair::{FEATURES, Features, Model};
use prevalence::Prevalence;
use read::{Reading, read_all};

/// What granularity 0.0 adds to the mean log-odds from which a new entry joins, and 1.0 takes off.
const GRANULARITY_GAIN: f64 = 3.0;
/// Two stories become one on this much more evidence than a new entry needs.
const MERGE_EXTRA: f32 = 0.4;
/// So do live blogs, roundups and the like.
const LOOSE_EXTRA: f32 = 1.5;

#[derive(Debug, Default)]
struct Story {
    id: Option<StoryId>,
    members: Vec<DocId>,
    /// Entries that left the window and that a person said a word on: it holds for good.
    left: Vec<EntryId>,
}

/// How a new entry began.
struct Joined {
    id: DocId,
    reason: PlacementReason,
    like: Option<DocId>,
}

/// What `[stories]` sets of the engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knobs {
    /// How readily entries join: 0.0 little, 1.0 much, 0.5 as `cut` says.
    pub granularity: f64,
    /// The probability of one event from which an entry joins, averaged over the story's entries.
    pub cut: f64,
    /// How long an entry stays in the window, in seconds.
    pub window_secs: i64,
}

impl Knobs {
    /// Mean log-odds from which a new entry joins.
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    fn join(self) -> f32 {
        let cut = self.cut.clamp(0.001, 0.999);
        ((cut / (1.0 - cut)).ln() + GRANULARITY_GAIN * (1.0 - 2.0 * self.granularity)) as f32
    }
}

impl From<&StorySettings> for Knobs {
    fn from(settings: &StorySettings) -> Self {
        Self {
            granularity: settings.granularity,
            cut: settings.cut,
            window_secs: i64::try_from(settings.window.as_secs()).unwrap_or(i64::MAX),
        }
    }
}

/// The window with its stories.
#[derive(Debug)]
pub struct Engine {
    window_secs: i64,
    cuts: Cuts,
    model: Model,
    index: Index,
    prevalence: Prevalence,
    corrections: Corrections,
    stories: BTreeMap<StoryKey, Story>,
    next_story: StoryKey,
    by_entry: HashMap<EntryId, DocId>,
    by_url: HashMap<u64, DocId>,
    /// Stories of entries that left the window and that a person said a word on.
    past: HashMap<EntryId, StoryKey>,
    copies: Copies,
    opened: Vec<StoryKey>,
    newest_at: i64,
}

/// Sees each compared pair and its features, for fitting the weights.
pub type Observer<'a> = dyn FnMut(EntryId, EntryId, &Features) + 'a;

impl Engine {
    /// An empty engine.
    #[must_use]
    pub fn new(knobs: Knobs, corrections: Corrections) -> Self {
        let join = knobs.join();
        Self {
            window_secs: knobs.window_secs,
            cuts: Cuts {
                join,
                merge: join + MERGE_EXTRA,
                loose: join + LOOSE_EXTRA,
            },
            model: MODEL.clone(),
            index: Index::default(),
            prevalence: Prevalence::default(),
            corrections,
            stories: BTreeMap::new(),
            next_story: 0,
            by_entry: HashMap::default(),
            by_url: HashMap::default(),
            past: HashMap::default(),
            copies: Copies::default(),
            opened: Vec::new(),
            newest_at: i64::MIN,
        }
    }

    /// The same engine judging pairs by other weights than the shipped ones.
    #[must_use]
    pub fn with_model(self, model: Model) -> Self {
        Self { model, ..self }
    }

    /// Entries in the window.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the window is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was learnt of the stream, to be kept over a restart.
    #[must_use]
    pub fn learnt(&self) -> String {
        self.prevalence.to_text()
    }

    /// Puts back what [`Self::learnt`] gave.
    pub fn learn(&mut self, text: &str) {
        self.prevalence = Prevalence::from_text(text);
    }

    /// Counts the words of an entry that is older than the window.
    pub fn count_words(&mut self, title: &str, summary: &str) {
        let terms: BTreeSet<_> = text::title_terms(text::split_outlet(title).0)
            .into_iter()
            .chain(text::summary_terms(summary))
            .map(|t| self.index.intern(&t))
            .collect();
        self.index.count_only(terms.into_iter());
    }

    /// Tells the row ids of the stories the last batch opened, by [`Placement::opens`].
    pub fn settle(&mut self, ids: &BTreeMap<u32, StoryId>) {
        for (opens, id) in ids {
            let key = usize::try_from(*opens).ok().and_then(|at| self.opened.get(at));
            if let Some(story) = key.and_then(|key| self.stories.get_mut(key)) {
                story.id = Some(*id);
            }
        }
    }

    /// Places a batch. Entries that are in the window already are left alone.
    pub fn place(&mut self, batch: &[Item]) -> Outcome {
        self.place_observed(batch, &mut |_, _, _| {})
    }

    /// The same, showing each compared pair.
    pub fn place_observed(&mut self, batch: &[Item], observe: &mut Observer<'_>) -> Outcome {
        let mut new: Vec<&Item> = batch.iter().filter(|i| !self.by_entry.contains_key(&i.entry)).collect();
        new.sort_by_key(|i| (i.dated_at, i.entry));
        new.dedup_by_key(|i| i.entry);
        if new.is_empty() {
            return Outcome::default();
        }
        self.expire(&new);
        let first = self.index.next_id();
        let mut merges = Vec::new();
        let read = new.iter().zip(read_all(&new));
        let joined: Vec<Joined> = read
            .map(|(item, reading)| self.identity(item, reading, &mut merges))
            .collect();
        self.index.refresh();
        let ids: Vec<DocId> = (first..self.index.next_id()).collect();
        let judges = (&self.model, &mut self.prevalence);
        let mut compared = compare(&mut self.index, judges, &ids, self.window_secs, observe);
        merges.extend(self.link(&ids, &mut compared));
        self.outcome(&joined, &compared, merges)
    }

    /// Forgets what is too old for the newest entry.
    fn expire(&mut self, new: &[&Item]) {
        let newest = new.iter().map(|i| i.dated_at.unix()).max().unwrap_or_default();
        self.newest_at = self.newest_at.max(newest);
        for (id, doc) in self.index.expire(self.newest_at.saturating_sub(self.window_secs)) {
            self.by_entry.remove(&doc.entry);
            if self.by_url.get(&doc.url) == Some(&id) {
                self.by_url.remove(&doc.url);
            }
            self.copies.forget(id, &doc);
            if let Some(story) = self.stories.get_mut(&doc.story) {
                if let Ok(at) = story.members.binary_search(&id) {
                    story.members.remove(at);
                }
                if self.corrections.name(doc.entry) {
                    story.left.push(doc.entry);
                    self.past.insert(doc.entry, doc.story);
                }
                if story.members.is_empty() && story.left.is_empty() {
                    self.stories.remove(&doc.story);
                }
            }
        }
    }

    /// Adds an item with a story of its own, or with the one that a person, its link or its very wording says. Stories
    /// that a person's word on the item makes one are united.
    fn identity(&mut self, item: &Item, reading: Reading, merges: &mut Vec<Merge>) -> Joined {
        let mut doc = reading.numbered(&mut self.index);
        let partners: Vec<EntryId> = self.corrections.partners(item.entry).collect();
        let said = partners.iter().find_map(|partner| {
            let story = self.story_of(*partner)?;
            let like = self.by_entry.get(partner).copied();
            let fine = !self.corrections.forbid(|| vec![item.entry], || self.entries_of(story));
            fine.then_some((story, PlacementReason::Corrected, like))
        });
        let story_of = |(like, reason)| Some((self.index.doc(like)?.story, reason, Some(like)));
        let linked = || story_of((*self.by_url.get(&doc.url)?, PlacementReason::SameUrl));
        let copied = || story_of(self.copies.original(&self.index, &doc)?);
        let found = said.or_else(linked).or_else(copied);
        let fine = found.filter(|f| f.1 == PlacementReason::Corrected || self.may_enter(&doc, f.0));
        let (story, reason, like) = fine.unwrap_or_else(|| {
            self.next_story += 1;
            (self.next_story, PlacementReason::First, None)
        });
        doc.story = story;
        let id = self.push(doc);
        self.stories.entry(story).or_default().members.push(id);
        for partner in partners {
            if let (Some(mine), Some(other)) = (self.story_of(item.entry), self.story_of(partner))
                && mine != other
                && !self
                    .corrections
                    .forbid(|| self.entries_of(mine), || self.entries_of(other))
            {
                self.unite(&[mine, other], merges);
            }
        }
        Joined { id, reason, like }
    }

    /// The story an entry is in, also when it left the window and a person said a word on it.
    fn story_of(&self, entry: EntryId) -> Option<StoryKey> {
        let inside = self.by_entry.get(&entry).and_then(|id| self.index.doc(*id));
        inside.map(|doc| doc.story).or_else(|| self.past.get(&entry).copied())
    }

    /// Whether neither a gate nor a person keeps an entry out of a story.
    fn may_enter(&self, doc: &Doc, story: StoryKey) -> bool {
        let members = self.stories.get(&story).map_or(&[][..], |s| s.members.as_slice());
        let mut others = members.iter().filter_map(|m| self.index.doc(*m));
        others.all(|other| gates::forbid(doc, other).is_none())
            && !self.corrections.forbid(|| vec![doc.entry], || self.entries_of(story))
    }

    fn push(&mut self, doc: Doc) -> DocId {
        let (entry, url, at) = (doc.entry, doc.url, doc.at);
        self.copies.note(self.index.next_id(), &doc);
        let id = self.index.push(doc);
        self.by_entry.insert(entry, id);
        if url != 0 {
            self.by_url.entry(url).or_insert(id);
        }
        self.newest_at = self.newest_at.max(at);
        id
    }

    fn entries_of(&self, story: StoryKey) -> Vec<EntryId> {
        self.stories
            .get(&story)
            .into_iter()
            .flat_map(|s| {
                let inside = s.members.iter().filter_map(|m| self.index.doc(*m).map(|d| d.entry));
                inside.chain(s.left.iter().copied())
            })
            .collect()
    }

    fn outcome(&mut self, joined: &[Joined], compared: &Compared, merges: Vec<Merge>) -> Outcome {
        self.opened.clear();
        let mut outcome = Outcome {
            merges,
            ..Outcome::default()
        };
        for Joined { id, reason, like } in joined {
            let Some(doc) = self.index.doc(*id) else { continue };
            let story = self.stories.get(&doc.story);
            let settled = story.and_then(|s| s.id);
            let opens = if settled.is_some() {
                0
            } else {
                let at = self.opened.iter().position(|k| *k == doc.story).unwrap_or_else(|| {
                    self.opened.push(doc.story);
                    self.opened.len() - 1
                });
                u32::try_from(at).unwrap_or(u32::MAX)
            };
            let mates = story.map_or(&[][..], |s| s.members.as_slice());
            let why = evidence::explain(&self.index, compared, (*id, doc), mates, (*reason, *like));
            let near = self.index.near(doc);
            let near = near.filter_map(|(n, w)| Some((self.index.doc(n)?.entry, w)));
            outcome.near.insert(doc.entry, near.collect());
            outcome.placements.push(Placement {
                entry: doc.entry,
                story: settled,
                opens,
                reason: why.reason,
                like: why.like,
                similarity: why.similarity,
                evidence: why.words,
            });
        }
        outcome.placements.sort_by_key(|p| p.entry);
        outcome
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
