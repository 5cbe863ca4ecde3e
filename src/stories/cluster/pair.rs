//! How alike two entries are: visible features and a linear model over them.
//!
//! The weights are in `weights.tsv`, a line of meaning each. They were fitted by logistic regression on pairs of seven
//! labelled collections at once, each counting alike, then tuned on whole streams (`same_topic` and the bias by hand, on
//! streams; `two_roundups` is set); see `docs/quality.md`.

use std::sync::LazyLock;

use super::doc::{Doc, NUMBER};
use super::events;
use super::gates::REPEAT_SECS;
use super::index::Index;
use super::view::{View, Weighed};

/// Number of features.
pub const N_FEATURES: usize = FEATURES.len();

/// The features by name, in the order of [`Features`].
pub const FEATURES: [&str; 26] = [
    "expanded",
    "title_cosine",
    "contained",
    "rare_shared",
    "n_shared",
    "number_shared",
    "number_conflict",
    "days",
    "saga",
    "summaries",
    "shortest",
    "relative",
    "prevalence",
    "crowd",
    "outlet_repeat",
    "outlet_spread",
    "subject",
    "day_overlap",
    "title_spread",
    "same_company",
    "other_company",
    "one_summary",
    "same_move",
    "same_news",
    "same_topic",
    "two_roundups",
];

/// Where the stream's prevalence stands in [`FEATURES`].
const PREVALENCE: usize = 12;
const _: () = assert!(matches!(FEATURES[PREVALENCE].as_bytes(), b"prevalence"));

/// One value a feature.
pub type Features = [f32; N_FEATURES];

const WEIGHTS: &str = include_str!("weights.tsv");
/// A pair can speak at most this loudly for or against, in log-odds: one odd pair must not decide for a story.
pub const LOGIT_MAX: f32 = 4.0;
/// Most days of distance that count.
const DAYS_MAX: f32 = 4.0;
/// Summaries of fewer terms say little of an article.
const RETOLD_TERMS: usize = 10;
/// Share of the shorter summary's terms from which it is the other one, or its beginning.
const RETOLD_SHARE: f32 = 0.9;

/// The linear models.
#[derive(Debug, Clone)]
pub struct Model {
    bias: f32,
    weights: Features,
    quick: [f32; 5],
}

/// The shipped weights.
pub static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(WEIGHTS));

impl Model {
    /// Reads weights as `weights.tsv` has them; what is missing weighs nothing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let weight = |name: &str| -> f32 {
            text.lines()
                .filter_map(|line| line.split_once('\t'))
                .find(|(key, _)| *key == name)
                .and_then(|(_, rest)| rest.split('\t').next()?.trim().parse().ok())
                .unwrap_or(0.0)
        };
        Self {
            bias: weight("bias"),
            weights: FEATURES.map(weight),
            quick: [
                "quick_bias",
                "quick_expanded",
                "quick_overlap",
                "quick_contained",
                "quick_rare",
            ]
            .map(weight),
        }
    }

    /// Log-odds that the two entries tell one event.
    #[must_use]
    pub fn logit(&self, features: &Features) -> f32 {
        self.bias + features.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f32>()
    }

    /// A cruder estimate before the share of same-story pairs in this stream is known, to find that share with.
    #[must_use]
    pub fn quick_logit(&self, features: &Features, overlap: f32) -> f32 {
        let [bias, expanded, by_overlap, contained, rare] = self.quick;
        let [e, _, c, r, ..] = *features;
        bias + expanded * e + by_overlap * overlap + contained * c + rare * r
    }
}

/// One entry with its view.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The entry.
    pub doc: &'a Doc,
    /// Its view.
    pub view: &'a View,
}

/// What two entries share, summed in one pass over both.
#[derive(Default)]
struct Shared {
    /// Headline terms in both headlines: their number, weights, squares of weights, weights times spread.
    n_titles: usize,
    titles: f32,
    title_squares: f32,
    title_spread: f32,
    /// Weights of headline terms of the first in the second anywhere, and the other way round.
    first_in_second: f32,
    second_in_first: f32,
    /// Terms anywhere in both: squares of weights, the same of what recurs, squares of weights times spread.
    squares: f32,
    saga: f32,
    spread_squares: f32,
    /// The three largest weights.
    top: [f32; 3],
    /// A telling number of both headlines.
    number: bool,
}

impl Shared {
    fn of(a: &View, b: &View) -> Self {
        let mut shared = Self::default();
        let (mut i, mut j) = (0, 0);
        while let (Some(x), Some(y)) = (a.terms.get(i), b.terms.get(j)) {
            if x.term == y.term {
                shared.add(x, y);
            }
            i += usize::from(x.term <= y.term);
            j += usize::from(y.term <= x.term);
        }
        shared
    }

    fn add(&mut self, x: &Weighed, y: &Weighed) {
        let (idf, square) = (x.idf, x.idf * x.idf);
        self.squares += square;
        self.saga += square * (1.0 - x.spread);
        self.spread_squares += (idf * x.spread).powi(2);
        if x.title {
            self.first_in_second += idf;
        }
        if y.title {
            self.second_in_first += idf;
        }
        if x.title && y.title {
            self.n_titles += 1;
            self.titles += idf;
            self.title_squares += square;
            self.title_spread += idf * x.spread;
            self.number |= x.marks & y.marks & NUMBER != 0;
        }
        let mut left = idf;
        for place in &mut self.top {
            if left > *place {
                std::mem::swap(&mut left, place);
            }
        }
    }
}

/// A pair's features without the prevalence, and the weighted overlap of the headlines that the quick model wants.
/// `cosine` is that of the plain vectors, `expanded` that of the expanded ones.
pub fn features(index: &Index, a: Side<'_>, b: Side<'_>, cosine: f32, expanded: f32) -> (Features, f32) {
    let scale = (index.seen() as f32 + 1.0).ln().max(1.0);
    let shared = Shared::of(a.view, b.view);
    let (x, y) = (a.view.sums, b.view.sums);
    let overlap = ratio(shared.titles, x.title.min(y.title));
    let days = a.doc.days_apart(b.doc).unwrap_or(0.0).min(DAYS_MAX);
    // By an aggregator an outlet's articles come a second time, with other headlines too.
    let second_way = a.doc.aggregated != b.doc.aggregated && a.doc.gap_secs(b.doc) < REPEAT_SECS;
    let same_outlet = a.doc.outlet != 0 && a.doc.outlet == b.doc.outlet && !second_way;
    let numbered = |doc: &Doc| doc.marked(NUMBER).next().is_some();
    let number_conflict = !shared.number && numbered(a.doc) && numbered(b.doc);
    let both_about = !a.doc.about.is_empty() && !b.doc.about.is_empty();
    let same_company = both_about && a.doc.about.iter().any(|c| b.doc.about.contains(c));
    let other_company = both_about && !a.doc.companies.iter().any(|c| b.doc.companies.contains(c));
    let features = [
        expanded,
        ratio(shared.title_squares, (x.title_squares * y.title_squares).sqrt()),
        ratio(shared.first_in_second, x.title).min(ratio(shared.second_in_first, y.title)),
        shared.top.iter().sum::<f32>() / scale,
        (1.0 + shared.n_titles as f32).ln(),
        flag(shared.number),
        flag(number_conflict),
        days,
        ratio(shared.saga, shared.squares),
        flag(a.doc.has_summary() && b.doc.has_summary()),
        (x.n_title.min(y.n_title) as f32).max(1.0).ln(),
        (cosine / a.view.expanded.best.max(b.view.expanded.best).max(0.01)).min(2.0),
        0.0,
        a.view.crowd(cosine).max(b.view.crowd(cosine)),
        flag(same_outlet && !retold(a.doc, b.doc)) * overlap,
        ratio(shared.spread_squares, (x.spread_squares * y.spread_squares).sqrt()),
        subject(index, a.doc, b.view).min(subject(index, b.doc, a.view)),
        overlap * days.min(1.0),
        ratio(shared.title_spread, x.title_spread.min(y.title_spread)),
        flag(same_company),
        flag(other_company),
        flag(a.doc.has_summary() != b.doc.has_summary()),
        events::same_move(a.doc, b.doc),
        events::same_news(a.doc, b.doc),
        index.topics().alike(a.doc.topics, b.doc.topics),
        flag(a.doc.roundup && b.doc.roundup && a.doc.wording != b.doc.wording),
    ];
    (features, overlap)
}

/// Cosine of the plain vectors.
pub fn cosine(a: &View, b: &View) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (a.terms.get(i), b.terms.get(j)) {
        if x.term == y.term {
            sum += x.share * y.share;
        }
        i += usize::from(x.term <= y.term);
        j += usize::from(y.term <= x.term);
    }
    sum
}

/// Puts the stream's prevalence in its place.
pub fn with_prevalence(mut features: Features, log_odds: f32) -> Features {
    if let Some(value) = features.get_mut(PREVALENCE) {
        *value = log_odds;
    }
    features
}

/// How much of a headline's first three terms, where the subject stands, is found in the other entry.
fn subject(index: &Index, doc: &Doc, other: &View) -> f32 {
    let first = || doc.lead.iter().flatten().map(|t| (*t, index.idf(*t)));
    ratio(
        first().filter(|t| other.has(t.0)).map(|t| t.1).sum(),
        first().map(|t| t.1).sum(),
    )
}

/// One outlet's article in two forms, as a text and as a video: one summary, within a day.
fn retold(a: &Doc, b: &Doc) -> bool {
    let told = |doc: &Doc| doc.terms.iter().filter(|t| t.summary > 0).count();
    let shorter = told(a).min(told(b));
    let one_day = a.timed && b.timed && a.gap_secs(b) < REPEAT_SECS;
    if shorter < RETOLD_TERMS || !one_day {
        return false;
    }
    let both = a.terms.iter().filter(|t| {
        let other = b.terms.binary_search_by_key(&t.term, |o| o.term);
        t.summary > 0 && other.is_ok_and(|at| b.terms.get(at).is_some_and(|o| o.summary > 0))
    });
    both.count() as f32 >= RETOLD_SHARE * shorter as f32
}

fn flag(condition: bool) -> f32 {
    f32::from(u8::from(condition))
}

fn ratio(part: f32, whole: f32) -> f32 {
    part / whole.max(1e-6)
}
