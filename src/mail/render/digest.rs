//! An edition and an audience's layout turned into the values its templates show, and the mail made of them.
//!
//! Both parts of the mail come from the one [`Page`]; templates only place what is decided here. Everything that came
//! from a feed passes through [`harmless`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::place;
use super::templates::{RenderError, Templates, harmless};
use super::text::{columns, quoted_printable_len, shorten, sparkline};
use super::words::Words;
use crate::config::{Config, DigestSettings};
use crate::model::{
    Block, Choices, Edition, EditionStory, EntryId, Headline, Layout, Length, Rendered, Section, SectionKind, StoryId,
};
use crate::time::Zone;

/// Subjects aim at this many characters or fewer.
const SUBJECT_CHARS: usize = 68;
/// Mail programs show about so many characters of the preheader.
const PREHEADER_CHARS: usize = 110;
/// A mail with more stories begins with a list of its sections.
const JUMP_FROM: usize = 12;
/// HTML parts larger than this also carry the way out at the top, above any mail program's cut.
const LEAVE_ON_TOP_BYTES: usize = 80 * 1024;
/// A company is called unusual from this ratio to its normal.
pub const UNUSUAL_RATIO: f64 = 1.75;

/// What rendering needs beside the edition and the layout.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderSettings {
    /// The zone all times are shown in: the reader's, else the digest's.
    pub zone: Zone,
    /// Language of fixed strings.
    pub language: String,
    /// Whether there is a web door; without it the way out and the choices are `mailto:` links.
    pub web: bool,
    /// The page of past editions, where there is one that mails may name.
    pub archive: Option<String>,
    /// The address people write to.
    pub list_address: String,
    /// Who runs this, with a postal or contact line.
    pub contact: String,
    /// The operator's own subject template; `None` takes the built-in one.
    pub subject: Option<String>,
    /// One line a story.
    pub compact: bool,
}

impl RenderSettings {
    /// The settings for an audience: what its readers chose, else the digest's own.
    #[must_use]
    pub fn of(config: &Config, digest: &DigestSettings, choices: &Choices) -> Self {
        let zone = choices.zone.as_deref().and_then(|zone| zone.parse().ok());
        Self {
            zone: zone.unwrap_or(digest.zone),
            language: choices.language.clone().unwrap_or_else(|| digest.language.clone()),
            web: config.mailed_url().is_some(),
            archive: archive_page(config, digest),
            list_address: config.mail.list_address.clone(),
            contact: config.mail.contact.clone(),
            subject: digest.subject.clone(),
            compact: choices.length == Length::Short,
        }
    }
}

/// The page of a digest's past editions: only of one that anybody may read, and only where mails may name our pages.
#[must_use]
pub fn archive_page(config: &Config, digest: &DigestSettings) -> Option<String> {
    let url = config.mailed_url().filter(|_| digest.open)?;
    Some(format!("{url}/archive/{}", digest.key))
}

/// Everything the templates of a digest may name.
#[derive(Debug, Serialize)]
struct Page<'a> {
    w: &'a Words,
    name: String,
    heading: String,
    subject: String,
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
    leave_on_top: bool,
    archive: Option<String>,
    compact: bool,
}

#[derive(Debug, Serialize)]
struct Jump {
    title: String,
    anchor: String,
    count: usize,
}

#[derive(Debug, Serialize)]
struct SectionPage {
    kind: SectionKind,
    anchor: String,
    title: String,
    ticker: String,
    note: String,
    spark: String,
    blocks: Vec<StoryPage>,
    refs: Vec<RefPage>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct RefPage {
    number: u32,
    title: String,
}

#[derive(Debug, Serialize)]
struct Link {
    mark: String,
    url: String,
}

#[derive(Debug, Serialize)]
struct StoryPage {
    number: u32,
    /// Articles, for a story of one line; empty with one.
    count: String,
    lead: HeadPage,
    meta: Vec<String>,
    extract: String,
    related: Vec<HeadPage>,
    more: String,
    tags: Vec<String>,
    why: String,
}

#[derive(Debug, Serialize)]
struct HeadPage {
    title: String,
    url: String,
    source: String,
    time: String,
    lang: String,
    rtl: bool,
    marks: Vec<String>,
    also: String,
    /// Number of its link in the text part, ` [2]`; empty for a story's lead, whose link stands below it.
    mark: String,
}

/// Renders one audience's mail of an edition; personal places hold [`place`]s.
///
/// # Errors
/// When an operator's template names what does not exist.
pub fn render_digest(
    templates: &Templates,
    edition: &Edition,
    layout: &Layout,
    settings: &RenderSettings,
) -> Result<Rendered, RenderError> {
    let mut page = Builder::new(edition, layout, settings).page();
    if let Some(own) = &settings.subject {
        page.subject = templates.render_line(own, &page)?;
    }
    let mail = templates.render("digest", &page)?;
    if quoted_printable_len(&mail.html) <= LEAVE_ON_TOP_BYTES {
        return Ok(mail);
    }
    page.leave_on_top = true;
    templates.render("digest", &page)
}

struct Builder<'a> {
    edition: &'a Edition,
    layout: &'a Layout,
    settings: &'a RenderSettings,
    words: &'static Words,
    stories: BTreeMap<StoryId, &'a EditionStory>,
    n_links: u32,
}

impl<'a> Builder<'a> {
    fn new(edition: &'a Edition, layout: &'a Layout, settings: &'a RenderSettings) -> Self {
        Self {
            edition,
            layout,
            settings,
            words: Words::of(&settings.language),
            stories: edition.stories.iter().map(|story| (story.story.id, story)).collect(),
            n_links: 0,
        }
    }

    fn page(mut self) -> Page<'a> {
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

    fn section(&mut self, at: usize, section: &Section) -> SectionPage {
        let words = self.words;
        let title = match section.kind {
            SectionKind::Top => words.top.clone(),
            SectionKind::Updates => words.updates.clone(),
            SectionKind::AlsoNoted => words.also_noted.clone(),
            SectionKind::Theme if section.slug.is_empty() => words.more_stories.clone(),
            SectionKind::Company | SectionKind::Theme => harmless(&section.title),
        };
        let mut links = Vec::new();
        let blocks = section
            .blocks
            .iter()
            .filter_map(|block| self.story(section.kind, block, &mut links))
            .collect();
        let refs = section.refs.iter().filter_map(|r| {
            let story = self.stories.get(&r.story)?;
            Some(RefPage {
                number: r.number,
                title: harmless(&story.story.lead.title),
            })
        });
        let refs = refs.collect();
        let (mut ticker, mut note, mut spark) = (String::new(), String::new(), String::new());
        if section.kind == SectionKind::Company
            && let Some(volume) = self.edition.volumes.iter().find(|volume| volume.slug == section.slug)
        {
            ticker = harmless(&volume.ticker);
            if let Some(ratio) = volume.ratio {
                spark = sparkline(&volume.days);
                note = if ratio >= UNUSUAL_RATIO {
                    words.usual.replace("{x}", &words.times(ratio))
                } else {
                    let today = volume.days.last().copied().unwrap_or(0);
                    words.count(&words.articles, today)
                };
            }
        }
        SectionPage {
            kind: section.kind,
            anchor: format!("c{at}"),
            title,
            ticker,
            note,
            spark,
            blocks,
            refs,
            links,
        }
    }

    fn story(&mut self, kind: SectionKind, block: &Block, links: &mut Vec<Link>) -> Option<StoryPage> {
        let words = self.words;
        let view = &self.stories.get(&block.story)?.story;
        let noted = kind == SectionKind::AlsoNoted || self.settings.compact;
        let head = |id: EntryId| {
            std::iter::once(&view.lead)
                .chain(&view.related)
                .find(|head| head.entry == id)
        };
        let lead = head(block.lead)?;
        let mut meta = Vec::new();
        if view.n_articles > 1 {
            let mut counts = vec![words.count(&words.articles, view.n_articles)];
            if view.n_outlets > 1 {
                counts.push(words.count(&words.outlets, view.n_outlets));
            }
            if view.n_independent < view.n_outlets && view.n_outlets > 1 {
                counts.push(words.count(&words.independent, view.n_independent));
            }
            meta.push(counts.join(", "));
        }
        if block.n_new > 0 {
            meta.insert(0, words.count(&words.new_articles, block.n_new));
        }
        let mut lead = self.head(lead);
        meta.append(&mut lead.marks.clone());
        if !lead.also.is_empty() {
            meta.push(lead.also.clone());
        }
        if noted && !lead.url.is_empty() {
            lead.mark = self.link(&lead.url, links);
        }
        let shown = block.related.iter().filter(|_| !noted).filter_map(|id| head(*id));
        let mut related: Vec<HeadPage> = shown.map(|head| self.head(head)).collect();
        for item in related.iter_mut().filter(|item| !item.url.is_empty()) {
            item.mark = self.link(&item.url, links);
        }
        Some(StoryPage {
            number: block.number,
            count: if view.n_articles > 1 {
                words.count(&words.articles, view.n_articles)
            } else {
                String::new()
            },
            meta,
            extract: if block.extract {
                harmless(&view.lead.extract)
            } else {
                String::new()
            },
            related,
            more: if block.n_more > 0 && !noted {
                words.count(&words.more, block.n_more)
            } else {
                String::new()
            },
            tags: if noted { Vec::new() } else { tags(view) },
            why: harmless(&block.why),
            lead,
        })
    }

    fn link(&mut self, url: &str, links: &mut Vec<Link>) -> String {
        self.n_links += 1;
        links.push(Link {
            mark: format!("[{}]", self.n_links),
            url: url.to_owned(),
        });
        format!(" [{}]", self.n_links)
    }

    fn head(&self, head: &Headline) -> HeadPage {
        let primary = head.language.split(['-', '_']).next().unwrap_or_default();
        let foreign = !primary.is_empty() && !primary.eq_ignore_ascii_case(&self.words.code);
        let also = if head.also.is_empty() {
            String::new()
        } else {
            let names: Vec<String> = head.also.iter().map(|name| harmless(name)).collect();
            self.words.also.replace("{names}", &names.join(", "))
        };
        HeadPage {
            title: harmless(&head.title),
            url: web_link(&head.url),
            source: harmless(&head.source),
            time: self.words.moment(head.at, self.edition.slot.due_at, self.settings.zone),
            lang: if foreign {
                primary.to_ascii_lowercase()
            } else {
                String::new()
            },
            rtl: matches!(primary.to_ascii_lowercase().as_str(), "ar" | "fa" | "he" | "ur"),
            marks: head
                .marks
                .iter()
                .map(|mark| self.words.mark(*mark).to_owned())
                .collect(),
            also,
            mark: String::new(),
        }
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

/// Event kinds and companies of a story, the names only.
fn tags(view: &crate::model::StoryView) -> Vec<String> {
    const TAGS_MAX: usize = 4;
    let event = view
        .themes
        .iter()
        .find(|theme| theme.event)
        .map(|theme| harmless(&theme.name));
    let companies = view.companies.iter().filter(|company| company.about).map(|company| {
        let (name, ticker) = (harmless(&company.name), harmless(&company.ticker));
        if ticker.is_empty() {
            name
        } else {
            format!("{name} ({ticker})")
        }
    });
    event.into_iter().chain(companies).take(TAGS_MAX).collect()
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

/// A link a mail may carry: http or https, without blanks or signs that could end it early; else none.
fn web_link(url: &str) -> String {
    let fine = (url.starts_with("https://") || url.starts_with("http://"))
        && !url
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '\\'))
        && !place::ALL.iter().any(|place| url.contains(place));
    if fine { url.to_owned() } else { String::new() }
}
