//! What one audience is shown of an edition: which stories, in which sections, in which order.
//!
//! - A story stands once. Where it belongs elsewhere too, a cross reference says its number.
//! - Nothing a reader had comes back, but as an update: with a headline that is new to him and words the older ones had
//!   not.
//! - No source, company or theme fills the mail (caps), and nothing below the score floor pads it: a short mail is a
//!   good mail.
//! - Stories of one outlet with little to speak for them become one line under "also noted", or are left out.

mod block;
mod detail;
mod pick;
mod sections;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::DigestSettings;
use crate::mail::render::Words;
use crate::model::{
    Block, Choices, CompanyRef, CrossRef, Edition, EditionStory, Layout, Section, SectionKind, StoryId,
};
use crate::time::Timestamp;

pub use detail::Detail;

/// Cross references of one section.
const REFS_MAX: usize = 4;
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
        Self::number(&mut sections, &picked.full);
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

    /// Numbers the blocks in reading order, drops empty sections, and adds the cross references.
    fn number(sections: &mut Vec<Section>, full: &[Ranked<'_>]) {
        let mut numbers: BTreeMap<StoryId, u32> = BTreeMap::new();
        let blocks = sections.iter_mut().flat_map(|section| &mut section.blocks);
        for (next, block) in (1..).zip(blocks) {
            block.number = next;
            numbers.insert(block.story, next);
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

#[cfg(test)]
mod tests;
