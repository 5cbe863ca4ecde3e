//! A section of a digest: its stories with their headlines, counts and tags, its cross references and its links.

use serde::Serialize;

use super::frame::Builder;
use crate::language::Words;
use crate::mail::render::place;
use crate::mail::render::templates::harmless;
use crate::mail::render::text::sparkline;
use crate::model::{Block, EntryId, Headline, Section, SectionKind, StoryView};

#[derive(Debug, Serialize)]
pub(super) struct SectionPage {
    kind: SectionKind,
    pub(super) anchor: String,
    pub(super) title: String,
    ticker: String,
    note: String,
    spark: String,
    pub(super) blocks: Vec<StoryPage>,
    refs: Vec<RefPage>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
pub(super) struct RefPage {
    number: u32,
    title: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    mark: String,
    url: String,
}

#[derive(Debug, Serialize)]
pub(super) struct StoryPage {
    number: u32,
    /// Articles, for a story of one line; empty with one.
    count: String,
    pub(super) lead: HeadPage,
    meta: Vec<String>,
    extract: String,
    related: Vec<HeadPage>,
    /// How many more articles there are, event kind and companies, why, what is possibly related.
    foot: Vec<String>,
    why: String,
    /// Numbers of stories in this mail that are possibly related.
    near: Vec<u32>,
    /// The same in words; empty without any.
    near_text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct HeadPage {
    pub(super) title: String,
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

impl Builder<'_> {
    pub(super) fn section(&mut self, at: usize, section: &Section) -> SectionPage {
        let words = self.words;
        let title = match section.kind {
            SectionKind::Top => words.top.clone(),
            SectionKind::Updates => words.updates.clone(),
            SectionKind::AlsoNoted => words.also_noted.clone(),
            SectionKind::Theme if section.slug.is_empty() => words.more_stories.clone(),
            SectionKind::Theme => harmless(words.theme(&section.slug, &section.title)),
            SectionKind::Company => harmless(&section.title),
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
            if volume.ratio.is_some() {
                let n_days = self.edition.n_days();
                spark = sparkline(&volume.days);
                note = words.count(&words.articles, volume.n_articles(n_days));
                if let Some(ratio) = volume.unusual(n_days) {
                    note = format!("{note}, {}", words.usual.replace("{x}", &words.times(ratio)));
                }
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
        if !lead.also.is_empty() {
            meta.insert(0, lead.also.clone());
        }
        meta.append(&mut lead.marks.clone());
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
            foot: if noted { Vec::new() } else { self.foot(view, block) },
            why: harmless(&block.why),
            near_text: self.near(block),
            near: block.near.iter().map(|near| near.number).collect(),
            lead,
        })
    }

    fn foot(&self, view: &StoryView, block: &Block) -> Vec<String> {
        let mut foot = Vec::new();
        if block.n_more > 0 {
            foot.push(self.words.count(&self.words.more, block.n_more));
        }
        foot.extend(tags(view, self.words));
        foot.extend(
            [harmless(&block.why), self.near(block)]
                .into_iter()
                .filter(|text| !text.is_empty()),
        );
        foot
    }

    fn near(&self, block: &Block) -> String {
        let numbers: Vec<String> = block.near.iter().map(|near| near.number.to_string()).collect();
        if numbers.is_empty() {
            return String::new();
        }
        format!("{}: {}", self.words.near, numbers.join(", "))
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
}

/// Event kinds and companies of a story, the names only.
fn tags(view: &StoryView, words: &Words) -> Vec<String> {
    const TAGS_MAX: usize = 4;
    let event = view
        .themes
        .iter()
        .find(|theme| theme.event)
        .map(|theme| harmless(words.theme(&theme.slug, &theme.name)));
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

/// A link a mail may carry: http or https, without blanks or signs that could end it early; else none.
fn web_link(url: &str) -> String {
    let fine = (url.starts_with("https://") || url.starts_with("http://"))
        && !url
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '\\'))
        && !place::ALL.iter().any(|place| url.contains(place));
    if fine { url.to_owned() } else { String::new() }
}
