//! What an entry is about and what it only mentions, and what a story's entries agree on.
//!
//! - "Apple sues Oppo": the subject and its object; both are what the item is about.
//! - "Wedbush raises Apple's target": the analyst's house is a source, not the subject.
//! - "Why Nvidia, not Intel, leads, says Morgan Stanley": who says something at the end is a source.
//! - "Nvidia rival Brundle raises $20 million": Nvidia is what the other is measured by.
//! - "Uranium group to buy a miner", "Acme bids for a specialist insurer": the headline describes a company without its name,
//!   so the one that the summary's first sentence names surely and the headline does not is what it is about, unless it is a
//!   source there. Where the headline names another, the description has to say of which nation. A summary that begins
//!   with the headline is an aggregator's list of others' headlines and describes nothing.
//! - Any other company that only the summary names is mentioned.

use std::collections::BTreeMap;

use super::Tags;
use super::context::cue;
use super::gazetteer::NameKind;
use super::mentions::Named;
use super::themes::ThemeInfo;
use super::tokens::{Words, gap, look};
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
            let possessive = words.tokens.get(n.end).is_some_and(|t| t.is(look::POSSESSIVE));
            let next = words.word(n.end + usize::from(possessive));
            let source = HOUSES.contains(&slug.as_str()) && JUDGES.contains(&next)
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

/// What a headline calls a company whose name it keeps for the summary.
const DESCRIPTIONS: [&str; 41] = [
    "airline",
    "automaker",
    "biotech",
    "brand",
    "brewer",
    "broker",
    "builder",
    "carmaker",
    "carrier",
    "chain",
    "chipmaker",
    "company",
    "conglomerate",
    "contractor",
    "developer",
    "drugmaker",
    "fintech",
    "firm",
    "giant",
    "grocer",
    "group",
    "house",
    "insurer",
    "lender",
    "maker",
    "manufacturer",
    "miner",
    "operator",
    "owner",
    "platform",
    "producer",
    "publisher",
    "refiner",
    "retailer",
    "rival",
    "start-up",
    "startup",
    "steelmaker",
    "supplier",
    "unicorn",
    "utility",
];
/// Words before it among which a nation's stands.
const NATION_REACH: usize = 3;
/// Least score of a name that says whom the headline describes.
const DESCRIBED_SCORE: f64 = 0.9;
/// Words of a summary in which its first sentence is looked for.
const SENTENCE_MAX: usize = 40;

/// For each mention of a summary, whether the headline describes that company without naming it. `above` are the names of
/// the headline, `cues` what its words are known for.
pub(super) fn described(
    headline: (&Words<'_>, &[u16]),
    above: (&[Named], &[String]),
    summary: &Words<'_>,
    (named, slugs): (&[Named], &[String]),
) -> Vec<bool> {
    let by_nation = describes(headline, above.0);
    if !by_nation.is_some_and(|by_nation| by_nation || above.0.is_empty()) {
        return vec![false; named.len()];
    }
    let repeats = (0..headline.0.tokens.len().min(4)).all(|at| headline.0.word(at) == summary.word(at));
    let end = (1..summary.tokens.len().min(SENTENCE_MAX))
        .find(|at| summary.gap(*at) & gap::DOT != 0)
        .unwrap_or(SENTENCE_MAX);
    let listed = |n: &Named| n.end <= end && n.kind == NameKind::Company && n.company.is_some();
    let new = |n: &Named, slug: &String| listed(n) && !above.1.contains(slug);
    let n_new = named.iter().zip(slugs).filter(|(n, slug)| new(n, slug)).count();
    let fine = !repeats && n_new == 1;
    named
        .iter()
        .zip(slugs)
        .zip(about(summary, named, slugs))
        .map(|((n, slug), about)| fine && about && new(n, slug) && n.score >= DESCRIBED_SCORE && !is_source(summary, n))
        .collect()
}

/// Whether a headline describes a company that is not named beside it, and then whether by its nation.
fn describes((words, cues): (&Words<'_>, &[u16]), named: &[Named]) -> Option<bool> {
    let nation = |at: &usize| cues.get(*at).copied().unwrap_or(0) & cue::NATION != 0;
    (0..words.tokens.len())
        .filter(|at| DESCRIPTIONS.contains(&words.word(*at)) && !named.iter().any(|n| n.first == at + 1))
        .map(|at| (at.saturating_sub(NATION_REACH)..at).any(|before| nation(&before)))
        .max()
}

/// `according to Goldman`, `an analyst at Jefferies`, `told Reuters`.
fn is_source(words: &Words<'_>, n: &Named) -> bool {
    let before = words.word(n.first.wrapping_sub(1));
    let earlier = words.word(n.first.wrapping_sub(2));
    matches!(before, "told" | "tells" | "at" | "says" | "said" | "via") || before == "to" && earlier == "according"
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
