//! What an entry is about and what it only mentions, and what a story's entries agree on.
//!
//! - "Apple sues Oppo": the subject and its object; both are what the item is about.
//! - "Wedbush raises Apple's target": the analyst's house is a source, not the subject.
//! - "Why Nvidia, not Intel, leads, says Morgan Stanley": who says something at the end is a source.
//! - "Nvidia rival Brundle raises $20 million": Nvidia is what the other is measured by.
//! - A company that only the summary names is mentioned, unless the headline describes it (`described`).

use std::collections::BTreeMap;

use super::Tags;
use super::mentions::Named;
use super::themes::ThemeInfo;
use super::tokens::{Words, look};
use crate::model::{CompanyRef, MentionPlace, ThemeRef};

/// Words after an analyst's house.
const JUDGES: [&str; 38] = [
    "upgrades",
    "downgrades",
    "upgraded",
    "downgraded",
    "initiates",
    "initiated",
    "reiterates",
    "reiterated",
    "maintains",
    "maintained",
    "raises",
    "lowers",
    "lifts",
    "trims",
    "says",
    "sees",
    "said",
    "expects",
    "warns",
    "recommends",
    "names",
    "analyst",
    "analysts",
    "strategist",
    "strategists",
    "economist",
    "economists",
    "thinks",
    "predicts",
    "forecasts",
    "calls",
    "rates",
    "boosts",
    "cuts",
    "spotlights",
    "likes",
    "assigns",
    "resumes",
];

/// Houses that judge other companies for a living: with a judging word after them they are sources.
const HOUSES: [&str; 34] = [
    "morgan-stanley",
    "goldman-sachs",
    "jpmorgan-chase",
    "citigroup",
    "bank-of-america",
    "wells-fargo",
    "barclays",
    "ubs",
    "deutsche-bank",
    "jefferies",
    "wedbush",
    "piper-sandler",
    "evercore",
    "bernstein",
    "b-riley",
    "td-cowen",
    "raymond-james",
    "stifel",
    "keybanc",
    "oppenheimer",
    "mizuho",
    "hsbc",
    "bnp-paribas",
    "nomura",
    "macquarie",
    "rbc",
    "royal-bank-of-canada",
    "baird",
    "needham",
    "truist",
    "cantor-fitzgerald",
    "bmo",
    "moody-s",
    "s-and-p-global",
];

/// Most companies a headline can be about; a longer list names them only.
const ABOUT_MAX: usize = 4;

/// For each mention of a title, whether the item is about it.
pub(super) fn about(words: &Words<'_>, named: &[Named], slugs: &[String]) -> Vec<bool> {
    let alone = named.len() == 1;
    let mut left = ABOUT_MAX;
    named
        .iter()
        .zip(slugs)
        .map(|(n, slug)| {
            let next = word_after(words, n);
            let source = judges(words, n, slug)
                || n.end == words.tokens.len()
                    && matches!(words.word(n.first.wrapping_sub(1)), "says" | "said" | "warns" | "by");
            let measure = matches!(next, "rival" | "rivals" | "challenger" | "competitor" | "competitors");
            let late = words.tokens.len() >= 8 && n.first * 4 >= words.tokens.len() * 3;
            let about = !measure
                && (alone || !source && (!late || named.len() <= 2) && named.len() <= 2 * ABOUT_MAX && left > 0);
            left -= usize::from(about && left > 0);
            about
        })
        .collect()
}

/// A house that judges others is a source: `Jefferies analysts`, `Moody's says`.
pub(super) fn judges(words: &Words<'_>, n: &Named, slug: &str) -> bool {
    HOUSES.contains(&slug) && JUDGES.contains(&word_after(words, n))
}

/// The word after a name and its `'s`.
fn word_after<'w>(words: &'w Words<'_>, n: &Named) -> &'w str {
    let possessive = words.tokens.get(n.end).is_some_and(|t| t.is(look::POSSESSIVE));
    words.word(n.end + usize::from(possessive))
}

/// One entry of a story as [`agree`] weighs it.
#[derive(Debug, Clone, Copy)]
pub struct EntryTags<'a> {
    /// Its tags.
    pub tags: &'a Tags,
    /// How much its word counts: 1.0 for a report, less for opinion, roundups, live blogs and reprints.
    pub weight: f64,
    /// It is the lead headline.
    pub lead: bool,
}

/// Least share of the entries' weight that has to name a company or theme the lead does not have.
const SHARE_MIN: f64 = 0.3;
/// Share of the entries' weight from which the story is about a company that most of them are about.
const ABOUT_SHARE: f64 = 0.4;

/// What the entries of one story agree on: its companies, the main one first, and its themes, the strongest first.
///
/// A company or theme counts when the lead headline has it or at least three tenths of the entries (by weight), at
/// least two, do. A company no list has needs the lead and a second entry, or a score of its own of 0.8.
pub fn agree(entries: &[EntryTags<'_>], themes: &[ThemeInfo]) -> (Vec<CompanyRef>, Vec<ThemeRef>) {
    let total: f64 = entries.iter().map(|e| e.weight).sum::<f64>().max(f64::EPSILON);
    (companies(entries, total), story_themes(entries, total, themes))
}

#[derive(Default)]
struct Support {
    weight: f64,
    about: f64,
    score: f64,
    count: usize,
    lead: bool,
    first: usize,
}

fn companies(entries: &[EntryTags<'_>], total: f64) -> Vec<CompanyRef> {
    let mut found: BTreeMap<&str, (Support, CompanyRef)> = BTreeMap::new();
    for entry in entries {
        for (position, m) in entry.tags.mentions.iter().enumerate() {
            let title = m.place == MentionPlace::Title;
            let worth = if title { 1.0 } else { 0.5 };
            let (support, shown) = found.entry(&m.company).or_insert_with(|| {
                let shown = CompanyRef {
                    slug: m.company.clone(),
                    name: m.name.clone(),
                    ticker: m.ticker.clone(),
                    about: false,
                    unlisted: m.unlisted,
                    score: 0.0,
                };
                (
                    Support {
                        first: position,
                        ..Support::default()
                    },
                    shown,
                )
            });
            support.weight += entry.weight * worth;
            support.about += if m.about { entry.weight } else { 0.0 };
            support.score = support.score.max(m.score * worth);
            support.count += 1;
            if entry.lead && title {
                support.lead = true;
                support.first = position;
            }
            shown.unlisted &= m.unlisted;
        }
    }
    let mut kept: Vec<(Support, CompanyRef)> = found
        .into_values()
        .filter(|(s, c)| {
            let agreed = s.count >= 2 && s.weight / total >= SHARE_MIN;
            if c.unlisted {
                s.score >= 0.8 || (s.count >= 2 && (s.lead || agreed)) || entries.len() == 1
            } else {
                s.lead || agreed || entries.len() == 1
            }
        })
        .map(|(s, mut c)| {
            c.about = s.about / total >= ABOUT_SHARE;
            c.score = (s.score * (0.5 + 0.5 * (s.weight / total).min(1.0))).min(1.0);
            (s, c)
        })
        .collect();
    kept.sort_by(|(a, x), (b, y)| {
        y.about
            .cmp(&x.about)
            .then(b.about.total_cmp(&a.about))
            .then(b.weight.total_cmp(&a.weight))
            .then(a.first.cmp(&b.first))
            .then(x.slug.cmp(&y.slug))
    });
    kept.into_iter().map(|(_, c)| c).collect()
}

fn story_themes(entries: &[EntryTags<'_>], total: f64, themes: &[ThemeInfo]) -> Vec<ThemeRef> {
    let mut kept: Vec<(usize, ThemeRef)> = Vec::new();
    for (order, info) in themes.iter().enumerate() {
        let mut weight = 0.0;
        let mut sum = 0.0;
        let mut count = 0_usize;
        let mut lead = false;
        for entry in entries {
            if let Some(tag) = entry.tags.themes.iter().find(|t| t.theme == info.slug) {
                weight += entry.weight;
                sum += entry.weight * tag.score;
                count += 1;
                lead |= entry.lead;
            }
        }
        let agreed = count >= 2 && weight / total >= SHARE_MIN;
        if lead || agreed || (count > 0 && entries.len() == 1) {
            kept.push((
                order,
                ThemeRef {
                    slug: info.slug.clone(),
                    name: info.name.clone(),
                    event: info.event,
                    score: sum / total,
                },
            ));
        }
    }
    kept.sort_by(|(a, x), (b, y)| y.score.total_cmp(&x.score).then(a.cmp(b)));
    kept.into_iter().map(|(_, t)| t).collect()
}
