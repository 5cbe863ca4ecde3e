//! What one audience is shown of an edition: which stories, in which sections, in which order.
//!
//! - A story stands once. Where it belongs elsewhere too, a cross reference says its number: in the section of another
//!   company it is about, of its main theme, and of a theme the reader asked for.
//! - Stories that are possibly related stand side by side within a section, and name each other's number across
//!   sections; they are never folded.
//! - Nothing a reader had comes back, but as an update: with a headline that is new to him and words the older ones had
//!   not.
//! - No source, company or theme fills the mail (caps), and nothing below the score floor pads it: a short mail is a
//!   good mail.
//! - Stories of one outlet with little to speak for them become one line under "also noted", and so does what the caps
//!   leave no place for, as far as there is room: a week's argument on card rates, told by many, was gone from a mail
//!   full of rules and approvals.

mod block;
mod detail;
mod pick;
mod sections;

use std::collections::{BTreeMap, BTreeSet};

use super::rank;
use crate::config::DigestSettings;
use crate::language::Words;
use crate::model::{
    Block, Choices, CompanyRef, CrossRef, Edition, EditionStory, Layout, Section, SectionKind, StoryId, StoryView,
};
use crate::time::Timestamp;

pub use detail::Detail;

/// Cross references of one section.
const REFS_MAX: usize = 3;
/// Possibly related stories named at one story.
const NEAR_MAX: usize = 3;

/// The reader an edition is laid out for.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// What he chose.
    pub choices: &'a Choices,
    /// Stories he was sent.
    pub had: &'a BTreeMap<StoryId, Timestamp>,
    /// News to him is what came in after this.
    pub since: Timestamp,
}

/// A story with what it is worth to this reader.
#[derive(Clone, Copy)]
struct Ranked<'a> {
    story: &'a EditionStory,
    /// He asked for one of its companies or themes.
    followed: bool,
    /// What that adds.
    fit: f64,
    /// With it.
    score: f64,
}

impl<'a> Ranked<'a> {
    fn id(&self) -> StoryId {
        self.story.story.id
    }

    fn about(&self) -> impl Iterator<Item = &'a CompanyRef> + use<'a> {
        self.story.story.companies.iter().filter(|company| company.about)
    }

    fn first_company(&self) -> &'a str {
        self.about()
            .find(|company| !company.unlisted)
            .map_or("", |company| company.slug.as_str())
    }

    fn first_theme(&self) -> &'a str {
        self.story.story.themes.first().map_or("", |theme| theme.slug.as_str())
    }

    /// Whether one of the two came near the other without being the same.
    fn is_near(&self, other: &Self) -> bool {
        self.story.near.contains(&other.id()) || other.story.near.contains(&self.id())
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
            .partition(|item| self.reader.had.contains_key(&item.id()));
        let updates = self.updates(&known);
        let picked = self.pick(&fresh, detail);
        let mut sections = self.sections(&picked.full, detail);
        if !updates.is_empty() {
            sections.push(section(SectionKind::Updates, "", "", updates));
        }
        if !picked.noted.is_empty() {
            let blocks = picked.noted.iter().map(lean).collect();
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
            let fit = rank::fit(view, choices, &self.spec.weights);
            let followed = follows(view, choices);
            if news && !muted && (everything || followed) {
                ranked.push(Ranked {
                    story,
                    followed,
                    fit,
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

    /// Numbers the blocks in reading order, adds the cross references, and drops empty sections.
    fn number(&self, sections: &mut Vec<Section>, full: &[Ranked<'_>]) {
        let mut numbers: BTreeMap<StoryId, u32> = BTreeMap::new();
        let blocks = sections.iter_mut().flat_map(|section| &mut section.blocks);
        for (next, block) in (1..).zip(blocks) {
            block.number = next;
            numbers.insert(block.story, next);
        }
        let cross = |story: StoryId| {
            let number = *numbers.get(&story)?;
            Some(CrossRef { story, number })
        };
        for section in &mut *sections {
            let here: BTreeSet<StoryId> = section.blocks.iter().map(|block| block.story).collect();
            let elsewhere = full
                .iter()
                .filter(|item| !here.contains(&item.id()) && self.belongs(item, section));
            section.refs = elsewhere.filter_map(|item| cross(item.id())).take(REFS_MAX).collect();
            for block in &mut section.blocks {
                let Some(own) = full.iter().find(|item| item.id() == block.story) else {
                    continue;
                };
                let near = full.iter().filter(|item| item.id() != own.id() && item.is_near(own));
                block.near = near.filter_map(|item| cross(item.id())).take(NEAR_MAX).collect();
                block.near.sort_by_key(|near| near.number);
            }
        }
        sections.retain(|section| !section.blocks.is_empty() || !section.refs.is_empty());
    }

    /// Whether a story belongs to a section it may not stand in.
    fn belongs(&self, item: &Ranked<'_>, section: &Section) -> bool {
        match section.kind {
            SectionKind::Company => item.about().any(|company| company.slug == section.slug),
            SectionKind::Theme if self.reader.choices.themes.contains(&section.slug) => {
                item.story.story.themes.iter().any(|theme| theme.slug == section.slug)
            }
            SectionKind::Theme => !section.slug.is_empty() && item.first_theme() == section.slug,
            _ => false,
        }
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

/// Whether a story names a company or has a theme the reader follows.
fn follows(view: &StoryView, choices: &Choices) -> bool {
    view.companies.iter().any(|c| choices.companies.contains(&c.slug))
        || view.themes.iter().any(|theme| choices.themes.contains(&theme.slug))
}

/// Puts stories that are possibly related behind the best of them; the order is otherwise kept.
fn side_by_side<'a>(mut items: Vec<Ranked<'a>>) -> Vec<Ranked<'a>> {
    let mut out: Vec<Ranked<'a>> = Vec::new();
    while !items.is_empty() {
        let first = items.remove(0);
        out.push(first);
        let (near, others) = items.into_iter().partition(|item| item.is_near(&first));
        let near: Vec<Ranked<'a>> = near;
        out.extend(near);
        items = others;
    }
    out
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

fn lean(item: &Ranked<'_>) -> Block {
    Block {
        story: item.id(),
        number: 0,
        lead: item.story.story.lead.entry,
        related: Vec::new(),
        n_more: 0,
        extract: false,
        n_new: 0,
        why: String::new(),
        fit: item.fit,
        near: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
