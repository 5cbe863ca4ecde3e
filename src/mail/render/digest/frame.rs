//! What stands around the stories of a digest: subject, preheader, header lines, the list of sections, the closing lines
//! and the footer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::RenderSettings;
use super::section::SectionPage;
use crate::language::Words;
use crate::mail::render::place;
use crate::mail::render::templates::harmless;
use crate::mail::render::text::{columns, shorten};
use crate::model::{Edition, EditionStory, Layout, StoryId};

/// Subjects aim at this many characters or fewer.
const SUBJECT_CHARS: usize = 68;
/// Mail programs show about so many characters of the preheader.
const PREHEADER_CHARS: usize = 110;
/// A mail with more stories begins with a list of its sections.
const JUMP_FROM: usize = 12;

/// Everything the templates of a digest may name.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    w: &'a Words,
    name: String,
    heading: String,
    pub(super) subject: String,
    preheader: String,
    date: String,
    short_date: String,
    counts: String,
    window: String,
    lead: String,
    n_stories: usize,
    n_companies: usize,
    jump: Vec<Jump>,
    jump_text: String,
    sections: Vec<SectionPage>,
    closing: Vec<String>,
    why_you: String,
    reply_to: String,
    sent_by: String,
    settings: &'static str,
    leave: &'static str,
    pub(super) leave_on_top: bool,
    archive: Option<String>,
    edition: Option<String>,
    compact: bool,
}

#[derive(Debug, Serialize)]
struct Jump {
    title: String,
    anchor: String,
    count: usize,
}

pub(super) struct Builder<'a> {
    pub(super) edition: &'a Edition,
    pub(super) layout: &'a Layout,
    pub(super) settings: &'a RenderSettings,
    pub(super) words: &'a Words,
    pub(super) stories: BTreeMap<StoryId, &'a EditionStory>,
    pub(super) n_links: u32,
}

impl<'a> Builder<'a> {
    pub(super) fn new(edition: &'a Edition, layout: &'a Layout, settings: &'a RenderSettings) -> Self {
        Self {
            edition,
            layout,
            settings,
            words: settings.language.digest(),
            stories: edition.stories.iter().map(|story| (story.story.id, story)).collect(),
            n_links: 0,
        }
    }

    pub(super) fn page(mut self) -> Page<'a> {
        let words = self.words;
        let layout = self.layout;
        let sections: Vec<SectionPage> = layout
            .sections
            .iter()
            .enumerate()
            .map(|(at, s)| self.section(at, s))
            .collect();
        let n_stories = sections.iter().map(|section| section.blocks.len()).sum();
        let n_companies = self.n_companies();
        let heads: Vec<&str> = sections
            .iter()
            .flat_map(|section| &section.blocks)
            .map(|block| block.lead.title.as_str())
            .collect();
        let local = self.settings.zone.local(self.edition.slot.due_at);
        let name = harmless(&self.edition.title);
        let lead = heads.first().copied().unwrap_or_default().to_owned();
        let date = words.short_date(&local);
        let (leave, settings) = if self.settings.web {
            (place::LEAVE_URL, place::SETTINGS_URL)
        } else {
            (place::LEAVE_MAILTO, place::SETTINGS_MAILTO)
        };
        let jump = jump(&sections, n_stories);
        Page {
            w: words,
            heading: format!("{name}, {date}"),
            subject: subject(words, &date, &lead, n_stories, n_companies),
            preheader: preheader(&heads),
            date: words.long_date(&local),
            short_date: date,
            counts: self.counts(n_stories),
            window: self.window(),
            lead,
            n_stories,
            n_companies,
            jump_text: jump
                .iter()
                .map(|j| format!("{} {}", j.title, j.count))
                .collect::<Vec<_>>()
                .join(" | "),
            jump,
            sections,
            closing: self.closing(),
            why_you: words
                .why_you
                .replace("{address}", place::ADDRESS)
                .replace("{date}", place::CONFIRMED_ON),
            reply_to: words.reply_to.replace("{address}", &self.settings.list_address),
            sent_by: words.sent_by.replace("{contact}", &self.settings.contact),
            settings,
            leave,
            leave_on_top: false,
            archive: self.settings.archive.clone(),
            edition: self.settings.edition.clone(),
            compact: self.settings.compact,
            name,
        }
    }

    /// Listed companies the mail's stories are about.
    fn n_companies(&self) -> usize {
        let blocks = self.layout.sections.iter().flat_map(|section| &section.blocks);
        let stories = blocks.filter_map(|block| self.stories.get(&block.story));
        let companies = stories.flat_map(|story| &story.story.companies);
        let about = companies.filter(|company| company.about && !company.unlisted);
        about
            .map(|company| company.slug.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn counts(&self, n_stories: usize) -> String {
        let words = self.words;
        let coverage = &self.edition.coverage;
        words
            .counts
            .replace(
                "{stories}",
                &words.count(&words.stories, u32::try_from(n_stories).unwrap_or(u32::MAX)),
            )
            .replace("{articles}", &words.count(&words.articles, coverage.n_articles))
            .replace("{sources}", &words.count(&words.sources, coverage.n_feeds))
    }

    fn window(&self) -> String {
        let words = self.words;
        let (from, to) = (self.layout.since, self.edition.window_to);
        let zone = self.settings.zone;
        let end = zone.local(to);
        let weekday = |local: &crate::time::LocalTime| {
            let day = words
                .weekdays_short
                .get(local.weekday() as usize)
                .map_or("", String::as_str);
            format!("{day} {}", local.clock())
        };
        let start = zone.local(from);
        let far = to.since(from).as_secs() > 6 * 86_400;
        let start = if far {
            format!("{} {}", words.short_date(&start), start.clock())
        } else {
            weekday(&start)
        };
        let end_text = format!("{} {}", weekday(&end), end.abbreviation());
        words.window.replace("{from}", &start).replace("{to}", &end_text)
    }

    fn closing(&self) -> Vec<String> {
        /// Broken sources named one by one; more are counted.
        const NAMED_MAX: usize = 5;
        let words = self.words;
        let mut lines = Vec::new();
        if !self.layout.quiet.is_empty() {
            let names: Vec<String> = self.layout.quiet.iter().map(|name| harmless(name)).collect();
            lines.push(words.nothing_on.replace("{names}", &words.list(&names)));
        }
        let broken = &self.edition.coverage.unreadable;
        if !broken.is_empty() {
            let n = u32::try_from(broken.len()).unwrap_or(u32::MAX);
            let mut names: Vec<String> = broken
                .iter()
                .take(NAMED_MAX)
                .map(|(source, since, reason)| {
                    let since = words.moment(*since, self.edition.slot.due_at, self.settings.zone);
                    words
                        .unreadable_since
                        .replace("{source}", &harmless(source))
                        .replace("{date}", &since)
                        .replace("{reason}", &harmless(reason))
                })
                .collect();
            if broken.len() > NAMED_MAX {
                names.push(words.count(&words.more, n.saturating_sub(5)));
            }
            let text = words
                .count(&words.unreadable, n)
                .replace("{all}", &self.edition.coverage.n_feeds.to_string());
            lines.push(text.replace("{names}", &names.join(", ")));
        }
        if self.layout.n_dropped > 0 {
            lines.push(words.count(&words.dropped, self.layout.n_dropped));
        }
        lines
    }
}

fn jump(sections: &[SectionPage], n_stories: usize) -> Vec<Jump> {
    if n_stories <= JUMP_FROM {
        return Vec::new();
    }
    let shown = sections.iter().filter(|section| !section.blocks.is_empty());
    shown
        .map(|section| Jump {
            title: section.title.clone(),
            anchor: section.anchor.clone(),
            count: section.blocks.len(),
        })
        .collect()
}

/// `Tue 21 Sep: Nvidia buys Foobar + 23 more (7 companies)`; the headline gives way, then the companies.
fn subject(words: &Words, date: &str, lead: &str, n_stories: usize, n_companies: usize) -> String {
    const LEAD_MIN: usize = 24;
    if lead.is_empty() {
        return format!("{date}: {}", words.empty_subject);
    }
    let more = u32::try_from(n_stories.saturating_sub(1)).unwrap_or(u32::MAX);
    let frame = |lead: &str| match more {
        0 => lead.to_owned(),
        n => words.count(&words.subject_more, n).replace("{lead}", lead),
    };
    let companies = match u32::try_from(n_companies).unwrap_or(u32::MAX) {
        0 => String::new(),
        n => format!(" ({})", words.count(&words.companies, n)),
    };
    let room = |tail: &str| SUBJECT_CHARS.saturating_sub(columns(date) + 2 + columns(&frame("")) + columns(tail));
    let tail = if columns(lead) <= room(&companies) || room(&companies) >= LEAD_MIN * 2 {
        companies
    } else {
        String::new()
    };
    format!("{date}: {}{tail}", frame(&shorten(lead, room(&tail).max(LEAD_MIN))))
}

/// The second and third story, for the line mail programs show beside the subject.
fn preheader(heads: &[&str]) -> String {
    let text = heads.iter().skip(1).take(3).copied().collect::<Vec<_>>().join(" · ");
    shorten(&text, PREHEADER_CHARS)
}
