//! How alike two entries are: visible features and a linear model over them.
//!
//! The weights are in `weights.tsv`, a line of meaning each. They were fitted by logistic regression on pairs of seven
//! labelled collections at once, each counting alike, and checked by leaving each collection out in turn; see
//! `docs/quality.md`.

use std::sync::LazyLock;

use super::index::{Doc, Index, TermId, dot};

/// Number of features.
pub const N_FEATURES: usize = FEATURES.len();

/// The features by name, in the order of [`Features`].
pub const FEATURES: [&str; 21] = [
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
];

/// One value a feature.
pub type Features = [f32; N_FEATURES];

const WEIGHTS: &str = include_str!("weights.tsv");
/// A pair can speak at most this loudly for or against, in log-odds: one odd pair must not decide for a story.
pub const LOGIT_MAX: f32 = 4.0;
/// Most days of distance that count.
const DAYS_MAX: f32 = 4.0;
const DAY_SECS: f32 = 86_400.0;

/// The linear models.
#[derive(Debug)]
pub struct Model {
    bias: f32,
    weights: Features,
    quick: [f32; 5],
}

/// The shipped weights.
pub static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(WEIGHTS));

impl Model {
    fn read(text: &str) -> Self {
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

/// What pair features need of one entry, made once a batch.
#[derive(Debug, Default)]
pub struct View {
    /// Weighted unit vector.
    pub plain: Vec<(TermId, f32)>,
    /// The same with its neighbours' words.
    pub expanded: Vec<(TermId, f32)>,
    /// Headline terms with their weights, by term.
    title: Vec<(TermId, f32)>,
    /// All terms with their weights, by term.
    all: Vec<(TermId, f32)>,
    title_sum: f32,
    /// Cosine with the nearest neighbour.
    pub best: f32,
    /// Cosines with all candidates of this batch.
    pub cosines: Vec<f32>,
}

impl View {
    /// Reads an entry.
    pub fn new(index: &Index, doc: &Doc) -> Self {
        let all: Vec<_> = doc.terms.iter().map(|t| (t.term, index.idf(t.term))).collect();
        let title: Vec<_> = doc
            .terms
            .iter()
            .filter(|t| t.title > 0)
            .map(|t| (t.term, index.idf(t.term)))
            .collect();
        Self {
            plain: index.vector(doc),
            expanded: Vec::new(),
            title_sum: sum(&title),
            title,
            all,
            best: 0.0,
            cosines: Vec::new(),
        }
    }

    /// How many candidates are about as near as this one: a crowd of them speaks of a running topic, not of an event.
    fn crowd(&self, cosine: f32) -> f32 {
        (1.0 + self.cosines.iter().filter(|c| **c >= 0.8 * cosine).count() as f32).ln()
    }

    fn has(&self, term: TermId) -> bool {
        self.all.binary_search_by_key(&term, |t| t.0).is_ok()
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

/// A pair's features without the prevalence, and the weighted overlap of the headlines that the quick model wants.
pub fn features(index: &Index, a: Side<'_>, b: Side<'_>, cosine: f32) -> (Features, f32) {
    let scale = (index.seen() as f32 + 1.0).ln().max(1.0);
    let titles = shared(&a.view.title, &b.view.title);
    let all = shared(&a.view.all, &b.view.all);
    let squares = |v: &[(TermId, f32)]| v.iter().map(|t| t.1 * t.1).sum::<f32>();
    let spread = |v: &[(TermId, f32)]| v.iter().map(|t| t.1 * index.spread(t.0)).sum::<f32>();
    let spread_squares = |v: &[(TermId, f32)]| v.iter().map(|t| (t.1 * index.spread(t.0)).powi(2)).sum::<f32>();
    let contained = |x: &View, y: &View| ratio(sum(&shared(&x.title, &y.all)), x.title_sum);
    let overlap = ratio(sum(&titles), a.view.title_sum.min(b.view.title_sum));
    let days = ((a.doc.at - b.doc.at).abs() as f32 / DAY_SECS).min(DAYS_MAX);
    let same_outlet = a.doc.outlet != 0 && a.doc.outlet == b.doc.outlet;
    let number_shared = a.doc.numbers.iter().any(|n| b.doc.numbers.contains(n));
    let number_conflict = !number_shared && !a.doc.numbers.is_empty() && !b.doc.numbers.is_empty();
    let both_about = !a.doc.about.is_empty() && !b.doc.about.is_empty();
    let same_company = both_about && a.doc.about.iter().any(|c| b.doc.about.contains(c));
    let other_company = both_about && !a.doc.companies.iter().any(|c| b.doc.companies.contains(c));
    let saga = all.iter().map(|t| t.1 * t.1 * (1.0 - index.spread(t.0))).sum::<f32>();
    let features = [
        dot(&a.view.expanded, &b.view.expanded),
        ratio(
            squares(&titles),
            (squares(&a.view.title) * squares(&b.view.title)).sqrt(),
        ),
        contained(a.view, b.view).min(contained(b.view, a.view)),
        top_three(&all) / scale,
        (1.0 + titles.len() as f32).ln(),
        flag(number_shared),
        flag(number_conflict),
        days,
        ratio(saga, squares(&all)),
        flag(a.doc.has_summary() && b.doc.has_summary()),
        (a.view.title.len().min(b.view.title.len()) as f32).max(1.0).ln(),
        (cosine / a.view.best.max(b.view.best).max(0.01)).min(2.0),
        0.0,
        a.view.crowd(cosine).max(b.view.crowd(cosine)),
        flag(same_outlet) * overlap,
        ratio(
            spread_squares(&all),
            (spread_squares(&a.view.all) * spread_squares(&b.view.all)).sqrt(),
        ),
        subject(index, a.doc, b.view).min(subject(index, b.doc, a.view)),
        overlap * days.min(1.0),
        ratio(spread(&titles), spread(&a.view.title).min(spread(&b.view.title))),
        flag(same_company),
        flag(other_company),
    ];
    (features, overlap)
}

/// Puts the stream's prevalence in its place.
pub fn with_prevalence(mut features: Features, log_odds: f32) -> Features {
    for (name, value) in FEATURES.iter().zip(&mut features) {
        if *name == "prevalence" {
            *value = log_odds;
        }
    }
    features
}

/// How much of a headline's first three terms, where the subject stands, is found in the other entry.
fn subject(index: &Index, doc: &Doc, other: &View) -> f32 {
    let first = || doc.order.iter().take(3).map(|t| (*t, index.idf(*t)));
    ratio(
        first().filter(|t| other.has(t.0)).map(|t| t.1).sum(),
        first().map(|t| t.1).sum(),
    )
}

fn flag(condition: bool) -> f32 {
    f32::from(u8::from(condition))
}

fn ratio(part: f32, whole: f32) -> f32 {
    part / whole.max(1e-6)
}

fn sum(terms: &[(TermId, f32)]) -> f32 {
    terms.iter().map(|t| t.1).sum()
}

fn top_three(terms: &[(TermId, f32)]) -> f32 {
    let mut top = [0.0_f32; 3];
    for (_, weight) in terms {
        let mut left = *weight;
        for place in &mut top {
            if left > *place {
                std::mem::swap(&mut left, place);
            }
        }
    }
    top.iter().sum()
}

/// Terms of the first list that are in the second; both sorted by term.
pub fn shared(a: &[(TermId, f32)], b: &[(TermId, f32)]) -> Vec<(TermId, f32)> {
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                found.push(*x);
                i += 1;
                j += 1;
            }
        }
    }
    found
}
