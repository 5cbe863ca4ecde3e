//! Which section a story stands in.
//!
//! - On top stand stories several newsrooms report, or one good outlet where much speaks for them (an agency alone on a
//!   takeover), no more than two of one company; a quiet day takes the best of the rest, up to three.
//! - A company has a section when somebody asked for it by name, or when two stories are about it.
//! - What is left goes to as few themes as can hold it; a theme of one story is no section unless asked for. Nobody looks
//!   for a story under a theme that is far from its strongest: a strike at three plants is no news of operations.
//! - Sections of themes stand in the order of their best story, "more stories" among them: three newsrooms' story on a
//!   carmaker's write-down shares no theme with another and must not stand below a gadget.

use std::collections::{BTreeMap, BTreeSet};

use super::{Detail, Plan, Ranked, section, side_by_side};
use crate::digest::rank::is_echo;
use crate::model::{Block, Section, SectionKind, StoryId, ThemeRef};

/// Stories of one company at the top.
const TOP_PER_COMPANY: usize = 2;
/// Two outlets on a trifle do not make it a top story: it needs this many times the score floor.
const TOP_SHARE: f64 = 1.4;
/// One good outlet's report of a takeover may stand on top, from this many times the floor.
const TOP_ALONE_SHARE: f64 = 1.5;
/// Company sections nobody asked for by name.
const COMPANY_SECTIONS_MAX: usize = 8;
/// Stories a company needs for a section nobody asked for.
const COMPANY_STORIES_MIN: usize = 2;
/// An event kind tells less about where a story belongs than a field does.
const EVENT_SHARE: f64 = 0.7;
/// Least share of a story's strongest theme that another needs to be its home.
const HOME_SHARE: f64 = 0.5;
/// A stock's move tells least: a carmaker's deliveries do not belong under it because its share moved too.
const ECHO_SHARE: f64 = 0.3;

impl Plan<'_> {
    /// Top stories, then companies by unusualness, then themes.
    pub(super) fn sections(&self, full: &[Ranked<'_>], detail: Detail) -> Vec<Section> {
        let mut sections = Vec::new();
        let top = side_by_side(self.top(full));
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
            let blocks: Vec<Block> = side_by_side(mine)
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
        // First what counts; a quiet day takes the best of the rest, up to three.
        for strict in [true, false] {
            for item in full {
                let enough = if strict {
                    self.spec.top_max
                } else {
                    self.spec.top_max.min(3)
                };
                let fits = top.len() < enough && top.iter().all(|other| other.id() != item.id());
                // What a reader follows is at home in its own section when one outlet has it, however much it counts to him.
                let view = &item.story.story;
                let counts = if view.n_independent > 1 {
                    item.score >= self.spec.score_min * TOP_SHARE
                } else {
                    view.score >= self.spec.score_min * TOP_ALONE_SHARE
                };
                if !fits || (strict && !counts) {
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
    pub(super) fn asked(&self) -> &[String] {
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
            .map(|(slug, (n, _, best))| (slug, self.unusual(slug).unwrap_or(1.0), n, best))
            .collect();
        // Ratios in tenths, so that a hair's breadth does not outrank the better story.
        let tenths = |ratio: f64| (ratio * 10.0).round();
        order.sort_by(|a, b| {
            tenths(b.1)
                .total_cmp(&tenths(a.1))
                .then(b.3.total_cmp(&a.3))
                .then(a.0.cmp(b.0))
        });
        if asked.is_empty() {
            order.truncate(COMPANY_SECTIONS_MAX);
        }
        order.into_iter().map(|(slug, ..)| slug.to_owned()).collect()
    }

    /// How many times a company's normal was written, where that is worth telling.
    pub(super) fn unusual(&self, slug: &str) -> Option<f64> {
        let volume = self.edition.volumes.iter().find(|volume| volume.slug == slug)?;
        volume.unusual(self.edition.n_days())
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
        let is_home = |item: &Ranked<'_>, theme: &ThemeRef| {
            // Beyond 1 a score says that many words agree, not that the theme fits better.
            let strongest = item
                .story
                .story
                .themes
                .iter()
                .map(|t| t.score.min(1.0))
                .fold(0.0, f64::max);
            asked.contains(&theme.slug) || (asked.is_empty() && theme.score >= HOME_SHARE * strongest)
        };
        let mut groups: Vec<(String, String, Vec<Ranked<'s>>)> = Vec::new();
        while !rest.is_empty() {
            let mut worth: BTreeMap<&str, (usize, f64, &str)> = BTreeMap::new();
            for item in &rest {
                for theme in &item.story.story.themes {
                    if is_home(item, theme) {
                        let tally = worth
                            .entry(theme.slug.as_str())
                            .or_insert((0, 0.0, theme.name.as_str()));
                        tally.0 += 1;
                        let share = match theme.event {
                            true if is_echo(&theme.slug) => ECHO_SHARE,
                            true => EVENT_SHARE,
                            false => 1.0,
                        };
                        tally.1 += theme.score.min(1.0) * share;
                    }
                }
            }
            let best = worth
                .into_iter()
                .filter(|(_, (n, ..))| *n >= 2 || !asked.is_empty())
                .max_by(|a, b| a.1.1.total_cmp(&b.1.1).then(b.0.cmp(a.0)));
            let Some((slug, (.., name))) = best else { break };
            let (slug, name) = (slug.to_owned(), name.to_owned());
            let has = |item: &Ranked<'s>| {
                let mut themes = item.story.story.themes.iter();
                themes.any(|theme| theme.slug == slug && is_home(item, theme))
            };
            let (mine, others) = rest.into_iter().partition(has);
            rest = others;
            groups.push((slug, name, mine));
        }
        // A theme the reader asked for whose stories all stand elsewhere keeps a place for their numbers.
        for slug in &choices.themes {
            if !groups.iter().any(|(known, ..)| known == slug) {
                let name = self.names.get(slug).unwrap_or(slug).clone();
                groups.push((slug.clone(), name, Vec::new()));
            }
        }
        if !rest.is_empty() {
            groups.push((String::new(), String::new(), rest));
        }
        let best = |items: &[Ranked<'s>]| items.iter().map(|item| item.score).fold(0.0, f64::max);
        let place = |slug: &str| asked.iter().position(|other| other == slug).unwrap_or(asked.len());
        groups.sort_by(|a, b| {
            place(&a.0)
                .cmp(&place(&b.0))
                .then(best(&b.2).total_cmp(&best(&a.2)))
                .then(a.0.cmp(&b.0))
        });
        groups
            .into_iter()
            .map(|(slug, name, items)| {
                let blocks = side_by_side(items)
                    .iter()
                    .map(|item| self.block(item, &slug, detail.extracts, detail))
                    .collect();
                section(SectionKind::Theme, &slug, &name, blocks)
            })
            .collect()
    }
}
