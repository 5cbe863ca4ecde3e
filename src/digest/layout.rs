//! What one audience is shown of an edition: which stories, in which sections, in which order.
//!
//! - A story stands once. Where it belongs elsewhere too, a cross reference says its number.
//! - Nothing a reader had comes back, but as an update: with a headline that is new to him and words the older ones had
//!   not.
//! - No source, company or theme fills the mail (caps), and nothing below the score floor pads it: a short mail is a
//!   good mail.
//! - Stories of one outlet with little to speak for them become one line under "also noted", or are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::extract::words as title_words;
use super::view::likeness;
use crate::config::DigestSettings;
use crate::mail::render::{UNUSUAL_RATIO, Words};
use crate::model::{
    Block, Choices, CompanyRef, CrossRef, Edition, EditionStory, EntryId, Headline, Layout, Length, Mark, Section,
    SectionKind, StoryId,
};
use crate::time::Timestamp;

/// Stories of one company in full.
const PER_COMPANY_MAX: usize = 5;
/// Stories whose first theme is the same, in full.
const PER_THEME_MAX: usize = 6;
/// Stories of one company at the top.
const TOP_PER_COMPANY: usize = 2;
/// Company sections nobody asked for by name.
const COMPANY_SECTIONS_MAX: usize = 8;
/// Stories a company needs for a section nobody asked for.
const COMPANY_STORIES_MIN: usize = 2;
/// Stories sent before that may come back with news.
const UPDATES_MAX: usize = 6;
/// New headlines shown for an update beside the newest.
const UPDATE_RELATED_MAX: usize = 3;
/// A new headline that resembles an older one this much tells nothing new.
const SAME_WORDS: f64 = 0.5;
/// Below this share of the score floor a story is not even noted.
const NOTED_SHARE: f64 = 0.6;
/// Stories of a short mail.
const SHORT_MAX: usize = 12;
/// Cross references of one section.
const REFS_MAX: usize = 4;
/// Longest reason, in characters.
const WHY_MAX: usize = 90;
/// What following a company or theme adds to a score.
const FIT_ABOUT: f64 = 0.3;
const FIT_NAMED: f64 = 0.1;
const FIT_THEME: f64 = 0.15;

/// The reader an edition is laid out for.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// What he chose.
    pub choices: &'a Choices,
    /// Stories he was sent.
    pub had: &'a BTreeSet<StoryId>,
    /// News to him is what came in after this.
    pub since: Timestamp,
}

/// How much of each story is shown; less of it is how a mail is made to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// Extracts in the top section.
    pub top_extracts: bool,
    /// Extracts elsewhere.
    pub extracts: bool,
    /// Related headlines of a story.
    pub related_max: usize,
    /// Reasons.
    pub why: bool,
    /// Stories in full.
    pub stories_max: usize,
    /// One-line items.
    pub noted_max: usize,
}

impl Detail {
    /// Everything the digest's settings and the reader's choices allow.
    #[must_use]
    pub fn full(spec: &DigestSettings, choices: &Choices) -> Self {
        let long = choices.length == Length::Long;
        Self {
            top_extracts: long,
            extracts: long,
            related_max: if long { spec.related_max } else { 0 },
            why: long,
            stories_max: if long {
                spec.stories_max
            } else {
                spec.stories_max.min(SHORT_MAX)
            },
            noted_max: if long { spec.noted_max } else { spec.noted_max.min(5) },
        }
    }

    /// One step less; `None` when nothing is left to take away.
    #[must_use]
    pub fn less(self) -> Option<Self> {
        let next = if self.extracts {
            Self {
                extracts: false,
                ..self
            }
        } else if self.top_extracts {
            Self {
                top_extracts: false,
                ..self
            }
        } else if self.related_max > 0 {
            Self {
                related_max: self.related_max - 1,
                ..self
            }
        } else if self.why {
            Self { why: false, ..self }
        } else if self.stories_max > 1 {
            Self {
                stories_max: self.stories_max * 3 / 4,
                ..self
            }
        } else if self.noted_max > 0 {
            Self {
                noted_max: self.noted_max / 2,
                ..self
            }
        } else {
            return None;
        };
        Some(next)
    }
}

/// A story with what it is worth to this reader.
#[derive(Clone, Copy)]
struct Ranked<'a> {
    story: &'a EditionStory,
    score: f64,
}

impl Ranked<'_> {
    fn id(&self) -> StoryId {
        self.story.story.id
    }

    fn about(&self) -> impl Iterator<Item = &CompanyRef> {
        self.story.story.companies.iter().filter(|company| company.about)
    }

    fn first_company(&self) -> &str {
        self.about()
            .find(|company| !company.unlisted)
            .map_or("", |company| company.slug.as_str())
    }

    fn first_theme(&self) -> &str {
        self.story.story.themes.first().map_or("", |theme| theme.slug.as_str())
    }
}

/// Everything an edition is laid out by.
pub struct Plan<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// Who for.
    pub reader: Reader<'a>,
    /// The digest's settings.
    pub spec: &'a DigestSettings,
    /// Names of companies and themes by slug, for sections and the quiet list.
    pub names: &'a BTreeMap<String, String>,
    /// The reader's language.
    pub words: &'a Words,
}

impl Plan<'_> {
    /// Lays the edition out in as much detail as `measure` finds room for: `measure` gives a layout's size in bytes.
    ///
    /// # Errors
    /// What `measure` returns.
    pub fn fit<E>(&self, size_max: usize, measure: impl Fn(&Layout) -> Result<usize, E>) -> Result<Layout, E> {
        let mut detail = Detail::full(self.spec, self.reader.choices);
        loop {
            let layout = self.layout(detail);
            if measure(&layout)? <= size_max {
                return Ok(layout);
            }
            match detail.less() {
                Some(less) => detail = less,
                None => return Ok(layout),
            }
        }
    }

    /// Lays the edition out.
    #[must_use]
    pub fn layout(&self, detail: Detail) -> Layout {
        let ranked = self.ranked();
        let (known, fresh): (Vec<_>, Vec<_>) = ranked
            .into_iter()
            .partition(|item| self.reader.had.contains(&item.id()));
        let updates = self.updates(&known);
        let picked = self.pick(&fresh, detail);
        let mut sections = self.sections(&picked.full, detail);
        if !updates.is_empty() {
            sections.push(section(SectionKind::Updates, "", "", updates));
        }
        if !picked.noted.is_empty() {
            let blocks = picked.noted.iter().map(|item| lean(item.story)).collect();
            sections.push(section(SectionKind::AlsoNoted, "", "", blocks));
        }
        self.number(&mut sections, &picked.full);
        let quiet = self.quiet(&sections);
        Layout {
            sections,
            quiet,
            n_dropped: picked.n_dropped,
            since: self.reader.since,
        }
    }

    /// What is news to the reader and not muted, best first.
    fn ranked(&self) -> Vec<Ranked<'_>> {
        let choices = self.reader.choices;
        let everything = choices.companies.is_empty() && choices.themes.is_empty();
        let mut ranked: Vec<Ranked<'_>> = Vec::new();
        for story in &self.edition.stories {
            let view = &story.story;
            let news = story.entries.iter().any(|(_, at)| *at > self.reader.since);
            let muted = view
                .companies
                .iter()
                .filter(|company| company.about)
                .any(|c| choices.muted.contains(&c.slug))
                || view.themes.iter().any(|theme| choices.muted.contains(&theme.slug));
            let fit = fit(story, choices);
            if news && !muted && (everything || fit > 0.0) {
                ranked.push(Ranked {
                    story,
                    score: view.score + fit,
                });
            }
        }
        ranked.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| b.story.story.last_at.cmp(&a.story.story.last_at))
                .then_with(|| a.id().cmp(&b.id()))
        });
        ranked
    }

    fn updates(&self, known: &[Ranked<'_>]) -> Vec<Block> {
        known
            .iter()
            .filter(|item| item.score >= self.spec.score_min)
            .filter_map(|item| self.update(item.story))
            .take(UPDATES_MAX)
            .collect()
    }

    /// The new headlines of a story the reader had; `None` when they say what the older ones said.
    fn update(&self, story: &EditionStory) -> Option<Block> {
        let seen_at: BTreeMap<EntryId, Timestamp> = story.entries.iter().copied().collect();
        let new = |entry: EntryId| seen_at.get(&entry).is_some_and(|at| *at > self.reader.since);
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
        telling.sort_by_key(|head| (std::cmp::Reverse(head.at), head.entry));
        let (lead, rest) = telling.split_first()?;
        let n_new = story.entries.iter().filter(|(_, at)| *at > self.reader.since).count();
        Some(Block {
            story: story.story.id,
            number: 0,
            lead: lead.entry,
            related: rest.iter().take(UPDATE_RELATED_MAX).map(|head| head.entry).collect(),
            n_more: 0,
            extract: false,
            n_new: u32::try_from(n_new).unwrap_or(u32::MAX),
            why: String::new(),
        })
    }

    /// Chooses from the ranked stories what stands in full and what is noted.
    fn pick<'s>(&self, fresh: &[Ranked<'s>], detail: Detail) -> Picked<'s> {
        let mut picked = Picked::default();
        let mut caps = Caps::default();
        for item in fresh {
            let view = &item.story.story;
            let furniture = view
                .lead
                .marks
                .iter()
                .any(|mark| matches!(mark, Mark::Roundup | Mark::Template | Mark::Sponsored));
            let worth = item.score >= self.spec.score_min && !(furniture && view.n_independent < 2);
            let followed = item.score > view.score;
            let room = picked.full.len() < detail.stories_max;
            if worth && room && caps.allow(item, self.spec.per_source_max, followed) {
                picked.full.push(*item);
            } else if view.n_outlets == 1
                && item.score >= self.spec.score_min * NOTED_SHARE
                && !view.lead.marks.contains(&Mark::Sponsored)
                && picked.noted.len() < detail.noted_max
                && caps.note(item, self.spec.per_source_max)
            {
                picked.noted.push(*item);
            } else if worth {
                picked.n_dropped += 1;
            }
        }
        picked
    }

    /// Top stories, then companies by unusualness, then themes.
    fn sections(&self, full: &[Ranked<'_>], detail: Detail) -> Vec<Section> {
        let mut sections = Vec::new();
        let top = self.top(full);
        if !top.is_empty() {
            let blocks = top
                .iter()
                .map(|item| self.block(item, "", detail.top_extracts, detail))
                .collect();
            sections.push(section(SectionKind::Top, "", "", blocks));
        }
        let is_top: BTreeSet<StoryId> = top.iter().map(Ranked::id).collect();
        let mut rest: Vec<Ranked<'_>> = full
            .iter()
            .filter(|item| !is_top.contains(&item.id()))
            .copied()
            .collect();
        for slug in self.company_order(full, &rest) {
            let (mine, others) = rest
                .into_iter()
                .partition(|item| self.home(item) == Some(slug.as_str()));
            rest = others;
            let mine: Vec<Ranked<'_>> = mine;
            let blocks: Vec<Block> = mine
                .iter()
                .map(|item| self.block(item, &slug, detail.extracts, detail))
                .collect();
            let title = self.names.get(&slug).cloned().unwrap_or_else(|| slug.clone());
            sections.push(section(SectionKind::Company, &slug, &title, blocks));
        }
        sections.extend(self.themes(rest, detail));
        sections
    }

    fn top<'s>(&self, full: &[Ranked<'s>]) -> Vec<Ranked<'s>> {
        let mut top: Vec<Ranked<'s>> = Vec::new();
        let mut caps: BTreeMap<String, usize> = BTreeMap::new();
        // First what several newsrooms report; a quiet day takes the best of the rest, up to three.
        for several in [true, false] {
            for item in full {
                let enough = if several {
                    self.spec.top_max
                } else {
                    self.spec.top_max.min(3)
                };
                let fits = top.len() < enough && top.iter().all(|other| other.id() != item.id());
                if !fits || (several && item.story.story.n_independent < 2) {
                    continue;
                }
                let n = caps.entry(item.first_company().to_owned()).or_default();
                if item.first_company().is_empty() || *n < TOP_PER_COMPANY {
                    *n += 1;
                    top.push(*item);
                }
            }
        }
        top.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id().cmp(&b.id())));
        top
    }

    /// Companies asked for by name: the reader's, else the digest's.
    fn asked(&self) -> &[String] {
        let choices = self.reader.choices;
        if choices.companies.is_empty() && choices.themes.is_empty() {
            &self.spec.companies
        } else {
            &choices.companies
        }
    }

    /// Slugs of company sections, the most unusual first.
    fn company_order(&self, full: &[Ranked<'_>], rest: &[Ranked<'_>]) -> Vec<String> {
        let mut found: BTreeMap<&str, (usize, usize, f64)> = BTreeMap::new();
        for item in full {
            for company in item.about().filter(|company| !company.unlisted) {
                let tally = found.entry(company.slug.as_str()).or_insert((0, 0, 0.0));
                tally.0 += 1;
                tally.2 = tally.2.max(item.score);
            }
        }
        for item in rest {
            if let Some(tally) = self.home(item).and_then(|slug| found.get_mut(slug)) {
                tally.1 += 1;
            }
        }
        let asked = self.asked();
        let mut order: Vec<(&str, f64, usize, f64)> = found
            .into_iter()
            .filter(|(slug, (n, n_here, _))| {
                let named = asked.iter().any(|other| other == slug);
                *n_here > 0 && (named || (asked.is_empty() && *n >= COMPANY_STORIES_MIN)) || (named && *n > 0)
            })
            .map(|(slug, (n, _, best))| (slug, self.ratio(slug).unwrap_or(1.0), n, best))
            .collect();
        // Ratios in tenths, so that a hair's breadth does not outrank the better story.
        let tenths = |ratio: f64| (ratio * 10.0).round() as i64;
        order.sort_by(|a, b| {
            tenths(b.1)
                .cmp(&tenths(a.1))
                .then(b.3.total_cmp(&a.3))
                .then(a.0.cmp(b.0))
        });
        if asked.is_empty() {
            order.truncate(COMPANY_SECTIONS_MAX);
        }
        order.into_iter().map(|(slug, ..)| slug.to_owned()).collect()
    }

    fn ratio(&self, slug: &str) -> Option<f64> {
        self.edition.volumes.iter().find(|volume| volume.slug == slug)?.ratio
    }

    /// The company section a story belongs to first: one asked for, else the company it is most about.
    fn home<'s>(&self, item: &Ranked<'s>) -> Option<&'s str> {
        let companies = &item.story.story.companies;
        let asked = self.asked();
        if asked.is_empty() {
            return companies
                .iter()
                .find(|company| company.about && !company.unlisted)
                .map(|c| c.slug.as_str());
        }
        companies
            .iter()
            .find(|company| asked.contains(&company.slug))
            .map(|company| company.slug.as_str())
    }

    /// Sections by theme, chosen so that few sections hold the stories that are left; what stands alone comes last.
    fn themes<'s>(&self, mut rest: Vec<Ranked<'s>>, detail: Detail) -> Vec<Section> {
        let choices = self.reader.choices;
        let asked: &[String] = if choices.themes.is_empty() {
            &self.spec.themes
        } else {
            &choices.themes
        };
        let mut groups: Vec<(String, String, Vec<Ranked<'s>>)> = Vec::new();
        while !rest.is_empty() {
            let mut worth: BTreeMap<&str, (usize, f64, &str)> = BTreeMap::new();
            for item in &rest {
                for theme in &item.story.story.themes {
                    if asked.is_empty() || asked.contains(&theme.slug) {
                        let tally = worth
                            .entry(theme.slug.as_str())
                            .or_insert((0, 0.0, theme.name.as_str()));
                        tally.0 += 1;
                        tally.1 += theme.score.min(1.0);
                    }
                }
            }
            let best = worth
                .into_iter()
                .filter(|(_, (n, ..))| *n >= 2 || !asked.is_empty())
                .max_by(|a, b| a.1.1.total_cmp(&b.1.1).then(b.0.cmp(a.0)));
            let Some((slug, (.., name))) = best else { break };
            let (slug, name) = (slug.to_owned(), name.to_owned());
            let has = |item: &Ranked<'s>| item.story.story.themes.iter().any(|theme| theme.slug == slug);
            let (mine, others) = rest.into_iter().partition(has);
            rest = others;
            groups.push((slug, name, mine));
        }
        let best = |items: &[Ranked<'s>]| items.iter().map(|item| item.score).fold(0.0, f64::max);
        let place = |slug: &str| asked.iter().position(|other| other == slug);
        groups.sort_by(|a, b| {
            place(&a.0)
                .cmp(&place(&b.0))
                .then(best(&b.2).total_cmp(&best(&a.2)))
                .then(a.0.cmp(&b.0))
        });
        if !rest.is_empty() {
            groups.push((String::new(), String::new(), rest));
        }
        groups
            .into_iter()
            .map(|(slug, name, items)| {
                let blocks = items
                    .iter()
                    .map(|item| self.block(item, &slug, detail.extracts, detail))
                    .collect();
                section(SectionKind::Theme, &slug, &name, blocks)
            })
            .collect()
    }

    fn block(&self, item: &Ranked<'_>, slug: &str, extract: bool, detail: Detail) -> Block {
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
        let followed = company.map(|c| &c.name).or(theme.map(|t| &t.name));
        parts.extend(followed.map(|name| words.why_follow.replace("{name}", name)));
        let unusual = item
            .about()
            .filter(|company| company.slug != section)
            .find_map(|company| {
                Some((
                    company,
                    self.ratio(&company.slug).filter(|ratio| *ratio >= UNUSUAL_RATIO)?,
                ))
            });
        if let Some((company, ratio)) = unusual {
            parts.push(
                words
                    .why_usual
                    .replace("{name}", &company.name)
                    .replace("{x}", &words.times(ratio)),
            );
        }
        if let Some((source, lag)) = &view.first_by {
            parts.push(
                words
                    .why_first
                    .replace("{source}", source)
                    .replace("{lag}", &words.span(*lag)),
            );
        }
        if parts.is_empty() && view.n_independent > 1 {
            parts.push(words.count(&words.independent_outlets, view.n_independent));
        }
        if parts.is_empty() {
            let theme = view.themes.iter().find(|theme| theme.slug != section && !theme.event);
            parts.extend(theme.map(|theme| theme.name.clone()));
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

    /// Numbers the blocks in reading order, drops empty sections, and adds the cross references.
    fn number(&self, sections: &mut Vec<Section>, full: &[Ranked<'_>]) {
        let mut numbers: BTreeMap<StoryId, u32> = BTreeMap::new();
        let mut next = 1;
        for block in sections.iter_mut().flat_map(|section| &mut section.blocks) {
            block.number = next;
            numbers.insert(block.story, next);
            next += 1;
        }
        for section in sections
            .iter_mut()
            .filter(|section| section.kind == SectionKind::Company)
        {
            let here: BTreeSet<StoryId> = section.blocks.iter().map(|block| block.story).collect();
            section.refs = full
                .iter()
                .filter(|item| !here.contains(&item.id()) && item.about().any(|company| company.slug == section.slug))
                .filter_map(|item| {
                    Some(CrossRef {
                        story: item.id(),
                        number: *numbers.get(&item.id())?,
                    })
                })
                .take(REFS_MAX)
                .collect();
        }
        sections.retain(|section| !section.blocks.is_empty() || !section.refs.is_empty());
    }

    /// Companies and themes asked for by name that nothing here is about.
    fn quiet(&self, sections: &[Section]) -> Vec<String> {
        let shown: BTreeSet<StoryId> = sections
            .iter()
            .flat_map(|section| &section.blocks)
            .map(|block| block.story)
            .collect();
        let stories = self
            .edition
            .stories
            .iter()
            .filter(|story| shown.contains(&story.story.id));
        let heard: BTreeSet<&str> = stories
            .flat_map(|story| {
                let companies = story.story.companies.iter().map(|company| company.slug.as_str());
                companies.chain(story.story.themes.iter().map(|theme| theme.slug.as_str()))
            })
            .collect();
        let asked = self.asked().iter().chain(&self.reader.choices.themes);
        let silent = asked.filter(|slug| !heard.contains(slug.as_str()));
        silent
            .map(|slug| self.names.get(slug).unwrap_or(slug).clone())
            .collect()
    }
}

#[derive(Default)]
struct Picked<'a> {
    full: Vec<Ranked<'a>>,
    noted: Vec<Ranked<'a>>,
    n_dropped: u32,
}

/// What has been used up of the caps.
#[derive(Default)]
struct Caps<'a> {
    sources: BTreeMap<&'a str, usize>,
    noted: BTreeMap<&'a str, usize>,
    companies: BTreeMap<&'a str, usize>,
    themes: BTreeMap<&'a str, usize>,
}

impl<'a> Caps<'a> {
    /// Takes a place in full, when source, company and theme have one left. What a reader follows knows no cap of
    /// company or theme.
    fn allow(&mut self, item: &Ranked<'a>, per_source_max: usize, followed: bool) -> bool {
        let view = &item.story.story;
        let company = view
            .companies
            .iter()
            .find(|c| c.about && !c.unlisted)
            .map_or("", |c| c.slug.as_str());
        let theme = view.themes.first().map_or("", |theme| theme.slug.as_str());
        debug_assert_eq!(company, item.first_company());
        debug_assert_eq!(theme, item.first_theme());
        let used = |map: &BTreeMap<&str, usize>, key: &str| {
            if key.is_empty() {
                0
            } else {
                map.get(key).copied().unwrap_or(0)
            }
        };
        // A story several outlets have is no one source's filling.
        let by_source = view.n_independent > 1 || used(&self.sources, &view.lead.source) < per_source_max;
        let by_group =
            followed || (used(&self.companies, company) < PER_COMPANY_MAX && used(&self.themes, theme) < PER_THEME_MAX);
        if !by_source || !by_group {
            return false;
        }
        *self.sources.entry(view.lead.source.as_str()).or_default() += 1;
        *self.companies.entry(company).or_default() += 1;
        *self.themes.entry(theme).or_default() += 1;
        true
    }

    fn note(&mut self, item: &Ranked<'a>, per_source_max: usize) -> bool {
        let n = self.noted.entry(item.story.story.lead.source.as_str()).or_default();
        *n += 1;
        *n <= per_source_max
    }
}

/// What a reader's choices add to a story's score.
fn fit(story: &EditionStory, choices: &Choices) -> f64 {
    let companies = story
        .story
        .companies
        .iter()
        .filter(|company| choices.companies.contains(&company.slug));
    let company = companies
        .map(|company| if company.about { FIT_ABOUT } else { FIT_NAMED })
        .fold(0.0, f64::max);
    let theme = story
        .story
        .themes
        .iter()
        .any(|theme| choices.themes.contains(&theme.slug));
    company + if theme { FIT_THEME } else { 0.0 }
}

fn section(kind: SectionKind, slug: &str, title: &str, blocks: Vec<Block>) -> Section {
    Section {
        kind,
        slug: slug.to_owned(),
        title: title.to_owned(),
        blocks,
        refs: Vec::new(),
    }
}

fn lean(story: &EditionStory) -> Block {
    Block {
        story: story.story.id,
        number: 0,
        lead: story.story.lead.entry,
        related: Vec::new(),
        n_more: 0,
        extract: false,
        n_new: 0,
        why: String::new(),
    }
}
