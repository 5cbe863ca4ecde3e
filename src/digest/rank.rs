//! The published score of a story: a weighted sum of visible parts, each between 0 and 1 before its weight.
//!
//! | part | what gives 1 | why |
//! | --- | --- | --- |
//! | coverage | twelve independent outlets or more (on a log scale; one outlet is 0) | what many newsrooms find worth writing is worth reading |
//! | sources | two outlets of the highest weight | the operator's own judgment of an outlet |
//! | freshness | just reported; halved every 12 hours | an hour-old story beats yesterday's |
//! | companies | about a listed company (0.5 when it is only named or unlisted) | this is a digest on companies |
//! | event | a takeover the tagger is sure of; others by the table below | events matter more than commentary |
//! | novelty | the story's first report is inside the window | a saga's tenth day is less news |
//! | marks | (subtracted) sponsored, template, roundup, press release, opinion, live blog | demoted, not hidden |
//!
//! A reader's own fit is added when his sections are laid out. Weights are replaced by name in `[digest.weights]`.

use std::collections::BTreeMap;

use crate::model::{Mark, ScorePart, StoryView};
use crate::time::Timestamp;

/// Weights of the parts; they sum to 1 without the marks.
pub const WEIGHTS: [(&str, f64); 7] = [
    ("coverage", 0.40),
    ("sources", 0.15),
    ("freshness", 0.10),
    ("companies", 0.15),
    ("event", 0.15),
    ("novelty", 0.05),
    ("marks", -0.30),
];

/// How much a theme matters, 0 to 1, when the tagger is sure of it. A decision of a central bank or a tariff moves more
/// than one company's product; a market wrap tells what the other stories told.
const THEMES: [(&str, f64); 19] = [
    ("m-and-a", 1.0),
    ("credit-distress", 0.9),
    ("legal", 0.8),
    ("regulation", 0.8),
    ("leadership", 0.8),
    ("ipo-listing", 0.8),
    ("macro", 0.8),
    ("trade-geopolitics", 0.8),
    ("funding", 0.7),
    ("workforce", 0.7),
    ("earnings", 0.7),
    ("cybersecurity", 0.6),
    ("partnership", 0.6),
    ("operations", 0.5),
    ("capital-return", 0.4),
    ("product", 0.35),
    ("markets", 0.3),
    ("stock-move", 0.15),
    ("analyst-rating", 0.1),
];
const OTHER_EVENT: f64 = 0.6;
const OTHER_TOPIC: f64 = 0.35;
/// From this score on a theme counts in full; one just above the tagger's threshold may well be wrong.
const SURE: f64 = 1.6;
/// Independent outlets beyond this add nothing.
const OUTLETS_FULL: f64 = 12.0;
/// Freshness is halved in this many seconds.
const HALF_LIFE_SECS: f64 = 12.0 * 3600.0;
/// The highest weight a feed may have.
const SOURCE_WEIGHT_MAX: f64 = 3.0;

/// The score of a story and its parts. `source_weights` are the weights of its distinct outlets.
#[must_use]
pub fn score(
    view: &StoryView,
    source_weights: &[f64],
    window_from: Timestamp,
    now: Timestamp,
    weights: &BTreeMap<String, f64>,
) -> (f64, Vec<ScorePart>) {
    let value = |name: &str| match name {
        "coverage" => (f64::from(view.n_independent.max(1)).ln() / OUTLETS_FULL.ln()).min(1.0),
        "sources" => sources(source_weights),
        "freshness" => 0.5_f64.powf(now.since(view.last_at).as_secs() as f64 / HALF_LIFE_SECS),
        "companies" => companies(view),
        "event" => event(view),
        "novelty" => f64::from(u8::from(view.first_at > window_from)),
        _ => marks(&view.lead.marks),
    };
    let parts: Vec<ScorePart> = WEIGHTS
        .iter()
        .map(|(name, built_in)| ScorePart {
            name: (*name).to_owned(),
            value: weights.get(*name).copied().unwrap_or(*built_in) * value(name),
        })
        .filter(|part| part.value != 0.0)
        .collect();
    (parts.iter().map(|part| part.value).sum(), parts)
}

fn sources(weights: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = weights.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let best: f64 = sorted.iter().take(2).sum();
    (best / (2.0 * SOURCE_WEIGHT_MAX)).clamp(0.0, 1.0)
}

fn companies(view: &StoryView) -> f64 {
    view.companies
        .iter()
        .map(|company| if company.about && !company.unlisted { 1.0 } else { 0.5 })
        .fold(0.0, f64::max)
}

fn event(view: &StoryView) -> f64 {
    let of = |slug: &str, event: bool| match THEMES.iter().find(|(known, _)| *known == slug) {
        Some((_, value)) => *value,
        None if event => OTHER_EVENT,
        None => OTHER_TOPIC,
    };
    let worth = view
        .themes
        .iter()
        .map(|theme| of(&theme.slug, theme.event) * (theme.score / SURE).clamp(0.0, 1.0));
    worth.fold(0.0, f64::max)
}

fn marks(marks: &[Mark]) -> f64 {
    let of = |mark: &Mark| match mark {
        Mark::Sponsored => 1.0,
        Mark::Template => 0.8,
        Mark::Roundup | Mark::PressRelease => 0.7,
        Mark::Opinion => 0.5,
        Mark::LiveBlog => 0.3,
        Mark::Paywall | Mark::Reprint => 0.0,
    };
    marks.iter().map(of).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CompanyRef, EntryId, Headline, StoryId, ThemeRef};

    fn story(n_independent: u32, theme: &str, marks: &[Mark]) -> StoryView {
        let at = Timestamp::from_unix(1_000_000);
        let lead = Headline {
            entry: EntryId::new(1),
            title: "Acme buys Roadrunner".into(),
            url: String::new(),
            source: "Wire".into(),
            owner: "Wire".into(),
            at,
            extract: String::new(),
            language: String::new(),
            marks: marks.to_vec(),
            also: Vec::new(),
        };
        StoryView {
            id: StoryId::new(1),
            lead,
            related: Vec::new(),
            n_articles: n_independent,
            n_outlets: n_independent,
            n_independent,
            first_at: at,
            last_at: at,
            first_by: None,
            companies: vec![CompanyRef {
                slug: "acme".into(),
                name: "Acme".into(),
                ticker: String::new(),
                about: true,
                unlisted: false,
                score: 1.0,
            }],
            themes: vec![ThemeRef {
                slug: theme.into(),
                name: theme.into(),
                event: true,
                score: 2.0,
            }],
            score: 0.0,
            parts: Vec::new(),
        }
    }

    fn score_of(story: &StoryView) -> f64 {
        let now = Timestamp::from_unix(1_010_000);
        score(story, &[1.0], Timestamp::from_unix(0), now, &BTreeMap::new()).0
    }

    #[track_caller]
    fn above(more: &StoryView, less: &StoryView) {
        assert!(score_of(more) > score_of(less), "{} {}", score_of(more), score_of(less));
    }

    #[test]
    fn what_matters_more_scores_more() {
        above(&story(6, "product", &[]), &story(2, "product", &[]));
        above(&story(2, "m-and-a", &[]), &story(2, "product", &[]));
        above(&story(1, "product", &[]), &story(1, "product", &[Mark::PressRelease]));
        above(
            &story(1, "product", &[Mark::Opinion]),
            &story(1, "product", &[Mark::Sponsored]),
        );
    }

    #[test]
    fn the_parts_sum_up_and_weights_can_be_replaced() {
        let story = story(4, "legal", &[Mark::Opinion]);
        let now = Timestamp::from_unix(1_010_000);
        let (total, parts) = score(&story, &[1.0], Timestamp::from_unix(0), now, &BTreeMap::new());
        assert!((total - parts.iter().map(|part| part.value).sum::<f64>()).abs() < 1e-12);
        assert_eq!(parts.len(), WEIGHTS.len());
        let none = WEIGHTS.iter().map(|(name, _)| ((*name).to_owned(), 0.0)).collect();
        assert_eq!(
            score(&story, &[1.0], Timestamp::from_unix(0), now, &none),
            (0.0, Vec::new())
        );
    }
}
