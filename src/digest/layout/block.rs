//! One story as a reader sees it: in full, as an update, and the reason it is there.

use std::collections::BTreeMap;

use super::{Detail, Plan, Ranked};
use crate::digest::extract::words as title_words;
use crate::digest::view::likeness;
use crate::model::{Block, EditionStory, EntryId, Headline, Mark};
use crate::time::Timestamp;

/// Stories sent before that may come back with news.
const UPDATES_MAX: usize = 5;
/// One new article is an update when the story's score is this many times the floor; of two outlets always.
const UPDATE_SHARE: f64 = 1.2;
/// New headlines shown for an update beside the newest.
const UPDATE_RELATED_MAX: usize = 3;
/// A new headline that resembles an older one this much tells nothing new.
const SAME_WORDS: f64 = 0.5;
/// Being first is a reason when so many wrote on their own.
const SCOOP_FROM: u32 = 3;
/// Longest reason, in characters.
const WHY_MAX: usize = 90;

impl Plan<'_> {
    pub(super) fn updates(&self, known: &[Ranked<'_>]) -> Vec<Block> {
        known
            .iter()
            .filter(|item| item.score >= self.spec.score_min)
            .filter_map(|item| self.update(item))
            .take(UPDATES_MAX)
            .collect()
    }

    /// The new headlines of a story the reader had; `None` when they say what the older ones said, ask instead of
    /// telling, or when one more outlet has written on a small story.
    fn update(&self, item: &Ranked<'_>) -> Option<Block> {
        let story: &EditionStory = item.story;
        let seen_at: BTreeMap<EntryId, Timestamp> = story.entries.iter().copied().collect();
        // A mail that was missed may lie before the one that told this story.
        let since = self
            .reader
            .had
            .get(&story.story.id)
            .copied()
            .unwrap_or(self.reader.since);
        let new = |entry: EntryId| seen_at.get(&entry).is_some_and(|at| *at > since);
        let heads: Vec<&Headline> = std::iter::once(&story.story.lead).chain(&story.story.related).collect();
        let old: Vec<_> = heads
            .iter()
            .filter(|head| !new(head.entry))
            .map(|head| title_words(&head.title))
            .collect();
        let mut telling: Vec<&Headline> = heads
            .into_iter()
            .filter(|head| new(head.entry) && !head.marks.iter().any(|mark| *mark != Mark::Paywall))
            .filter(|head| {
                let own = title_words(&head.title);
                old.iter().all(|other| likeness(&own, other) < SAME_WORDS)
            })
            .collect();
        telling.retain(|head| !head.title.trim_end().ends_with('?'));
        telling.sort_by_key(|head| (std::cmp::Reverse(head.at), head.entry));
        let (lead, rest) = telling.split_first()?;
        let several = rest.iter().any(|head| head.owner != lead.owner);
        if !several && item.score < self.spec.score_min * UPDATE_SHARE {
            return None;
        }
        let n_new = story.entries.iter().filter(|(_, at)| *at > since).count();
        let related: Vec<&Headline> = rest.iter().take(UPDATE_RELATED_MAX).copied().collect();
        let shown = std::iter::once(lead).chain(&related).map(|head| 1 + head.also.len());
        let n_more = n_new.saturating_sub(shown.sum());
        Some(Block {
            story: story.story.id,
            number: 0,
            lead: lead.entry,
            related: related.iter().map(|head| head.entry).collect(),
            n_more: u32::try_from(n_more).unwrap_or(u32::MAX),
            extract: false,
            n_new: u32::try_from(n_new).unwrap_or(u32::MAX),
            why: String::new(),
            fit: item.fit,
            near: Vec::new(),
        })
    }

    pub(super) fn block(&self, item: &Ranked<'_>, slug: &str, extract: bool, detail: Detail) -> Block {
        let view = &item.story.story;
        let mut related: Vec<&Headline> = view.related.iter().take(detail.related_max).collect();
        let hidden =
            u32::try_from(1 + related.iter().map(|head| 1 + head.also.len()).sum::<usize>() + view.lead.also.len());
        related.sort_by_key(|head| (head.at, head.entry));
        Block {
            story: view.id,
            number: 0,
            lead: view.lead.entry,
            related: related.iter().map(|head| head.entry).collect(),
            n_more: view.n_articles.saturating_sub(hidden.unwrap_or(u32::MAX)),
            extract: extract && !view.lead.extract.is_empty(),
            n_new: 0,
            why: if detail.why {
                self.why(item, slug)
            } else {
                String::new()
            },
            fit: item.fit,
            near: Vec::new(),
        }
    }

    /// Why the story stands here, the reader's own reasons first; nothing its section's heading says already.
    fn why(&self, item: &Ranked<'_>, section: &str) -> String {
        let (view, words, choices) = (&item.story.story, self.words, self.reader.choices);
        let mut parts: Vec<String> = Vec::new();
        let company = view
            .companies
            .iter()
            .find(|c| choices.companies.contains(&c.slug) && c.slug != section);
        let theme = view
            .themes
            .iter()
            .find(|t| choices.themes.contains(&t.slug) && t.slug != section);
        let followed = company
            .map(|c| c.name.as_str())
            .or(theme.map(|t| words.theme(&t.slug, &t.name)));
        parts.extend(followed.map(|name| words.why_follow.replace("{name}", name)));
        let unusual = item
            .about()
            .filter(|company| company.slug != section)
            .find_map(|company| Some((company, self.unusual(&company.slug)?)));
        if let Some((company, ratio)) = unusual {
            parts.push(
                words
                    .why_usual
                    .replace("{name}", &company.name)
                    .replace("{x}", &words.times(ratio)),
            );
        }
        if let Some((source, lag)) = view.first_by.as_ref().filter(|_| view.n_independent >= SCOOP_FROM) {
            parts.push(
                words
                    .why_first
                    .replace("{source}", source)
                    .replace("{lag}", &words.span(*lag)),
            );
        }
        if parts.is_empty() {
            let theme = view.themes.iter().find(|theme| theme.slug != section && !theme.event);
            parts.extend(theme.map(|theme| words.theme(&theme.slug, &theme.name).to_owned()));
        }
        let mut why = String::new();
        for part in parts {
            let joined = if why.is_empty() {
                part
            } else {
                format!("{why} · {part}")
            };
            if joined.chars().count() <= WHY_MAX {
                why = joined;
            }
        }
        why
    }
}
