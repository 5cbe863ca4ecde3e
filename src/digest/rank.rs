//! The published score of a story: a weighted sum of visible parts, each between 0 and 1 before its weight.
//!
//! | part | what gives 1 | why |
//! | --- | --- | --- |
//! | coverage | six independent outlets or more; one is 0, two are 0.2, three 0.4 | what many newsrooms find worth writing is worth reading; but a gadget seen twice must not stand above an event told by four, nor above an export ban that one agency has |
//! | sources | the best outlet's weight is 2 or more | the operator's own judgment of an outlet |
//! | freshness | just reported; halved every 12 hours, in a weekly digest once in six and a half days | an hour-old story beats yesterday's; a week's first event is not less than its last |
//! | companies | about a listed company (0.5 when it is only named or unlisted) | this is a digest on companies |
//! | event | a takeover; other kinds by `EVENTS`, fields by `TOPICS`; the most telling one counts, three quarters of it where the lead tells what is weighed or expected | a gadget's launch and a note on a share are the least of business news, and a deal that is struck is more than one that is thought of |
//! | size | an unmarked headline names $100 billion or more; $10 billion is 0.75, $100 million 0.25, $10 million 0 | two takeovers of one agency's are not alike: a $14 billion one must not stand below a $38 million one |
//! | novelty | the story came in with this window, however late, and nothing near it was told in the days before (0.5 when something was) | a saga's tenth day is less news |
//! | fit | about a company the reader follows, and on a theme he follows (0.67 and 0.33; 0.22 for a company that is only named) | what he asked for comes first |
//! | marks | (subtracted) sponsored, template, advice, roundup, press release, opinion, explainer, live blog | demoted, not hidden; a listed company's release on a takeover hardly |
//!
//! All but `fit` are the edition's, the same for everybody; `fit` is added when a reader's sections are laid out. Weights
//! are replaced by name in `[digest.weights]`.

use std::collections::BTreeMap;

use super::money::largest_sum;
use crate::model::{Choices, Mark, ScorePart, StoryView, is_ahead};
use crate::time::Timestamp;

/// Weights of the parts; without fit and marks they sum to 1.
pub const WEIGHTS: [(&str, f64); 9] = [
    ("coverage", 0.36),
    ("sources", 0.17),
    ("freshness", 0.08),
    ("companies", 0.05),
    ("event", 0.18),
    ("size", 0.11),
    ("novelty", 0.05),
    (FIT, 0.45),
    ("marks", -0.30),
];

/// The one part that differs between readers.
pub const FIT: &str = "fit";
/// What following gives: a company the story is about, one it only names, a theme.
const FIT_ABOUT: f64 = 0.67;
const FIT_NAMED: f64 = 0.22;
const FIT_THEME: f64 = 0.33;
/// Novelty of a new story near to an older one.
const NOVELTY_NEAR: f64 = 0.5;

/// How much an event kind matters, 0 to 1; a kind that is not here has 0.6.
const EVENTS: [(&str, f64); 15] = [
    ("m-and-a", 1.0),
    ("credit-distress", 0.8),
    ("regulation", 0.8),
    ("ipo-listing", 0.8),
    ("legal", 0.7),
    ("leadership", 0.7),
    ("funding", 0.7),
    ("workforce", 0.7),
    ("earnings", 0.7),
    ("partnership", 0.5),
    ("operations", 0.5),
    ("capital-return", 0.4),
    ("product", 0.2),
    ("stock-move", 0.15),
    ("analyst-rating", 0.1),
];
const OTHER_EVENT: f64 = 0.6;
/// How much a field matters of itself; one that is not here has 0.3, and so has a story no rule knows a theme of.
const TOPICS: [(&str, f64); 9] = [
    ("trade-geopolitics", 0.9),
    ("macro", 0.8),
    ("cybersecurity", 0.6),
    ("energy", 0.5),
    ("chips", 0.4),
    ("ai", 0.4),
    ("autos-ev", 0.4),
    ("health-pharma", 0.4),
    ("metals-materials", 0.4),
];
const OTHER_TOPIC: f64 = 0.3;
/// What an event that has not happened yet is worth of one that has.
const AHEAD_SHARE: f64 = 0.75;
/// Sums of money by their power of ten: so small that they say nothing, so large that more says no more.
const SIZE_LOG_NONE: f64 = 7.0;
const SIZE_LOG_FULL: f64 = 11.0;
/// Independent outlets beyond this add nothing.
const OUTLETS_FULL: f64 = 6.0;
/// Freshness is halved in this many seconds at least.
const HALF_LIFE_SECS: f64 = 12.0 * 3600.0;
/// An outlet of this weight or more has all that sources give.
const SOURCE_WEIGHT_FULL: f64 = 2.0;

/// What of a story is no part of its view.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The weights of its distinct outlets.
    pub source_weights: &'a [f64],
    /// First report of the earliest story near to it.
    pub near_since: Option<Timestamp>,
    /// When its first article came in.
    pub known_since: Timestamp,
}

/// The score of a story for nobody in particular, and its parts. The window is the edition's.
#[must_use]
pub fn score(
    view: &StoryView,
    beside: Beside<'_>,
    (from, to): (Timestamp, Timestamp),
    weights: &BTreeMap<String, f64>,
) -> (f64, Vec<ScorePart>) {
    let half_life = HALF_LIFE_SECS.max(to.since(from).as_secs_f64() - HALF_LIFE_SECS);
    let value = |name: &str| match name {
        "coverage" => (f64::from(view.n_independent.max(1) - 1) / (OUTLETS_FULL - 1.0)).min(1.0),
        "sources" => sources(beside.source_weights),
        "freshness" => 0.5_f64.powf(to.since(view.last_at).as_secs() as f64 / half_life),
        "companies" => companies(view),
        "event" => event(view),
        "size" => size(view),
        "novelty" if beside.known_since <= from => 0.0,
        "novelty" if beside.near_since.is_some_and(|since| since <= from) => NOVELTY_NEAR,
        "novelty" => 1.0,
        _ => marks(view),
    };
    let parts: Vec<ScorePart> = WEIGHTS
        .iter()
        .filter(|(name, _)| *name != FIT)
        .map(|(name, _)| ScorePart {
            name: (*name).to_owned(),
            value: weight(name, weights) * value(name),
        })
        .filter(|part| part.value != 0.0)
        .collect();
    (parts.iter().map(|part| part.value).sum(), parts)
}

/// What a reader's choices add to a story's score.
#[must_use]
pub fn fit(view: &StoryView, choices: &Choices, weights: &BTreeMap<String, f64>) -> f64 {
    let followed = view.companies.iter().filter(|c| choices.companies.contains(&c.slug));
    let company = followed
        .map(|company| if company.about { FIT_ABOUT } else { FIT_NAMED })
        .fold(0.0, f64::max);
    let theme = view.themes.iter().any(|theme| choices.themes.contains(&theme.slug));
    weight(FIT, weights) * (company + if theme { FIT_THEME } else { 0.0 })
}

/// A share's move and an analyst's word on it come after whatever they answer to.
#[must_use]
pub fn is_echo(theme: &str) -> bool {
    matches!(theme, "stock-move" | "analyst-rating")
}

/// The weight of a part: the digest's own, else the built-in one; 0 for a part that does not exist.
#[must_use]
pub fn weight(name: &str, weights: &BTreeMap<String, f64>) -> f64 {
    let built_in = || {
        WEIGHTS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, weight)| *weight)
    };
    weights.get(name).copied().or_else(built_in).unwrap_or(0.0)
}

fn sources(weights: &[f64]) -> f64 {
    let best = weights.iter().copied().fold(0.0, f64::max);
    (best / SOURCE_WEIGHT_FULL).clamp(0.0, 1.0)
}

fn companies(view: &StoryView) -> f64 {
    view.companies
        .iter()
        .map(|company| if company.about && !company.unlisted { 1.0 } else { 0.5 })
        .fold(0.0, f64::max)
}

fn event(view: &StoryView) -> f64 {
    let of = |slug: &str, event: bool| {
        let known: &[(&str, f64)] = if event { &EVENTS } else { &TOPICS };
        let other = if event { OTHER_EVENT } else { OTHER_TOPIC };
        known
            .iter()
            .find(|(name, _)| *name == slug)
            .map_or(other, |(_, value)| *value)
    };
    let themes = view.themes.iter().map(|theme| of(&theme.slug, theme.event));
    let most = themes.reduce(f64::max).unwrap_or(OTHER_TOPIC);
    if is_ahead(&view.lead.title.to_lowercase()) {
        AHEAD_SHARE * most
    } else {
        most
    }
}

/// The largest sum that a headline of the story names; what is marked tells other things too.
fn size(view: &StoryView) -> f64 {
    let headlines = std::iter::once(&view.lead).chain(&view.related);
    let plain = headlines.filter(|headline| headline.marks.is_empty());
    let sums = plain.filter_map(|headline| largest_sum(&headline.title));
    sums.map(|sum| (sum.log10() - SIZE_LOG_NONE) / (SIZE_LOG_FULL - SIZE_LOG_NONE))
        .fold(0.0, f64::max)
        .min(1.0)
}

fn marks(view: &StoryView) -> f64 {
    let of = |mark: &Mark| match mark {
        Mark::PressRelease if is_listed_takeover(view) => 0.2,
        Mark::Sponsored => 1.0,
        Mark::Template | Mark::Advice => 0.8,
        Mark::Roundup => 0.7,
        Mark::Opinion | Mark::Explainer | Mark::PressRelease => 0.5,
        Mark::LiveBlog => 0.3,
        Mark::Paywall | Mark::Reprint => 0.0,
    };
    view.lead.marks.iter().map(of).fold(0.0, f64::max)
}

/// The buyer's own release is often all there is on the day ("GSK to acquire RAPT Therapeutics").
fn is_listed_takeover(view: &StoryView) -> bool {
    let listed = view.companies.iter().any(|company| company.about && !company.unlisted);
    listed && view.themes.iter().any(|theme| theme.slug == "m-and-a")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CompanyRef, EntryId, Headline, StoryId, ThemeRef};

    fn story(n_independent: u32, themes: &[(&str, bool)], company: bool) -> StoryView {
        let at = Timestamp::from_unix(86_400);
        let theme = |(slug, event): &(&str, bool)| ThemeRef {
            slug: (*slug).to_owned(),
            name: (*slug).to_owned(),
            event: *event,
            score: 1.0,
        };
        let acme = CompanyRef {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            ticker: String::new(),
            about: true,
            unlisted: false,
            score: 1.0,
        };
        StoryView {
            id: StoryId::new(1),
            lead: Headline {
                entry: EntryId::new(1),
                title: "Acme buys Globex".to_owned(),
                url: String::new(),
                source: "Harbor Wire".to_owned(),
                owner: "Harbor".to_owned(),
                at,
                extract: String::new(),
                language: String::new(),
                marks: Vec::new(),
                also: Vec::new(),
            },
            related: Vec::new(),
            n_articles: n_independent,
            n_outlets: n_independent,
            n_independent,
            first_at: at,
            last_at: at,
            first_by: None,
            companies: company.then_some(acme).into_iter().collect(),
            themes: themes.iter().map(theme).collect(),
            score: 0.0,
            parts: Vec::new(),
        }
    }

    fn points(view: &StoryView, weight: f64) -> f64 {
        let beside = Beside {
            source_weights: &[weight],
            near_since: None,
            known_since: view.first_at,
        };
        let (from, to) = (Timestamp::from_unix(43_200), Timestamp::from_unix(129_600));
        score(view, beside, (from, to), &BTreeMap::new()).0
    }

    /// Stories by what they are worth, the best first.
    #[test]
    fn business_news_stands_above_gadgets() {
        let order = [
            points(&story(6, &[("regulation", true)], true), 1.0),
            points(&story(4, &[("legal", true)], true), 1.0),
            points(&story(1, &[("m-and-a", true)], true), 1.5),
            points(&story(2, &[("product", true), ("ai", false)], true), 0.8),
            points(&story(1, &[("product", true)], true), 0.8),
            points(&story(1, &[], false), 0.8),
        ];
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
        let ban = points(&story(1, &[("trade-geopolitics", false)], false), 1.5);
        assert!(ban > points(&story(2, &[("product", true)], false), 0.8));
    }

    #[test]
    fn a_deal_that_is_weighed_is_less_than_one_that_is_struck() {
        let deal = |title: &str| {
            let mut view = story(1, &[("m-and-a", true)], true);
            view.lead.title = title.to_owned();
            points(&view, 1.0)
        };
        let struck = deal("Acme buys Globex for $2 billion");
        assert!(struck > deal("Acme weighs a $2 billion bid for Globex"));
        assert!(struck > deal("Acme is said to consider a $2 billion bid for Globex"));
    }

    #[test]
    fn a_listed_companys_release_on_a_takeover_is_hardly_marked_down() {
        let release = |theme: &str, unlisted: bool| {
            let mut view = story(1, &[(theme, true)], true);
            view.companies[0].unlisted = unlisted;
            let plain = points(&view, 1.0);
            view.lead.marks = vec![Mark::PressRelease];
            plain - points(&view, 1.0)
        };
        let taken = [
            release("m-and-a", false),
            release("m-and-a", true),
            release("product", false),
        ];
        assert!(taken[0] < 0.1 && taken[1] > 0.1 && taken[2] > 0.1, "{taken:?}");
    }

    #[test]
    fn of_two_takeovers_the_larger_stands_above() {
        let deal = |title: &str, marks: Vec<Mark>| {
            let mut view = story(1, &[("m-and-a", true)], true);
            view.lead.title = title.to_owned();
            view.lead.marks = marks;
            size(&view)
        };
        let sizes = [
            "$5 million",
            "$38 million",
            "$1 billion",
            "$14.5 billion",
            "$100 billion",
            "$3 trillion",
        ]
        .map(|sum| deal(&format!("Acme buys Globex for {sum}"), Vec::new()));
        assert!(sizes.is_sorted(), "{sizes:?}");
        assert!(sizes[0].abs() < 1e-9 && (sizes[2] - 0.5).abs() < 1e-9 && (sizes[5] - 1.0).abs() < 1e-9);
        assert!(deal("Why Acme paid $14.5 billion", vec![Mark::Explainer]).abs() < 1e-9);
    }

    #[test]
    fn what_was_told_before_is_less_new() {
        let (from, to) = (Timestamp::from_unix(43_200), Timestamp::from_unix(129_600));
        let novelty = |near_since: Option<i64>, first_at: i64| {
            let view = StoryView {
                first_at: Timestamp::from_unix(first_at),
                ..story(1, &[], false)
            };
            let beside = Beside {
                source_weights: &[],
                near_since: near_since.map(Timestamp::from_unix),
                known_since: Timestamp::from_unix(first_at),
            };
            let (_, parts) = score(
                &view,
                beside,
                (from, to),
                &BTreeMap::from([("novelty".to_owned(), 1.0)]),
            );
            parts
                .iter()
                .find(|part| part.name == "novelty")
                .map_or(0.0, |part| part.value)
        };
        assert!((novelty(None, 50_000) - 1.0).abs() < 1e-9);
        assert!((novelty(Some(60_000), 50_000) - 1.0).abs() < 1e-9);
        assert!((novelty(Some(10_000), 50_000) - 0.5).abs() < 1e-9);
        assert!(novelty(None, 10_000).abs() < 1e-9);
    }
}
