//! The published score of a story: a weighted sum of visible parts, each between 0 and 1 before its weight.
//!
//! | part | what gives 1 | why |
//! | --- | --- | --- |
//! | coverage | six independent outlets or more (on a log scale; one outlet is 0) | what many newsrooms find worth writing is worth reading: a gadget seen twice must not stand above an event told by four |
//! | sources | two outlets of the highest weight | the operator's own judgment of an outlet |
//! | freshness | just reported; halved every 12 hours | an hour-old story beats yesterday's |
//! | companies | about a listed company (0.5 when it is only named or unlisted) | this is a digest on companies |
//! | event | a takeover; other kinds by `EVENTS`, topics 0.3 | events matter more than commentary |
//! | novelty | the story's first report is inside the window | a saga's tenth day is less news |
//! | marks | (subtracted) sponsored, template, roundup, press release, opinion, live blog | demoted, not hidden |
//!
//! A reader's own fit is added when his sections are laid out. Weights are replaced by name in `[digest.weights]`.

use std::collections::BTreeMap;

use crate::model::{Mark, ScorePart, StoryView};
use crate::time::Timestamp;

/// Weights of the parts; they sum to 1 without the marks.
pub const WEIGHTS: [(&str, f64); 7] = [
    ("coverage", 0.45),
    ("sources", 0.15),
    ("freshness", 0.10),
    ("companies", 0.10),
    ("event", 0.15),
    ("novelty", 0.05),
    ("marks", -0.30),
];

/// How much an event kind matters, 0 to 1; a kind that is not here has 0.6.
const EVENTS: [(&str, f64); 15] = [
    ("m-and-a", 1.0),
    ("credit-distress", 0.9),
    ("legal", 0.8),
    ("regulation", 0.8),
    ("leadership", 0.8),
    ("ipo-listing", 0.8),
    ("funding", 0.7),
    ("workforce", 0.7),
    ("earnings", 0.7),
    ("partnership", 0.6),
    ("operations", 0.6),
    ("product", 0.6),
    ("capital-return", 0.4),
    ("stock-move", 0.15),
    ("analyst-rating", 0.1),
];
const OTHER_EVENT: f64 = 0.6;
const TOPIC: f64 = 0.3;
/// Independent outlets beyond this add nothing.
const OUTLETS_FULL: f64 = 6.0;
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
    let of = |slug: &str, event: bool| match EVENTS.iter().find(|(known, _)| *known == slug) {
        Some((_, value)) => *value,
        None if event => OTHER_EVENT,
        None => TOPIC,
    };
    view.themes
        .iter()
        .map(|theme| of(&theme.slug, theme.event))
        .fold(0.0, f64::max)
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
