//! Why an entry is in its story, in words a person can read: kept with the placement, shown by `courant explain`.

use super::compare::Compared;
use super::doc::Doc;
use super::index::{DocId, Index};
use super::{events, gates};
use crate::model::{EntryId, PlacementReason};

/// Shared terms named.
const TERMS_NAMED: usize = 5;
/// From this headline-and-text cosine on, another outlet's entry is a reprint.
const REPRINT_COSINE: f32 = 0.86;
const HOUR_SECS: i64 = 3600;

/// The reason for one placement.
pub struct Why {
    /// Its kind.
    pub reason: PlacementReason,
    /// The entry it resembles most.
    pub like: Option<EntryId>,
    /// Strength from 0 to 1.
    pub similarity: f64,
    /// For people.
    pub words: String,
}

/// Explains an entry's place among its story's members.
pub fn explain(
    index: &Index,
    compared: &Compared,
    (id, doc): (DocId, &Doc),
    members: &[DocId],
    (reason, like): (PlacementReason, Option<DocId>),
) -> Why {
    if reason == PlacementReason::Corrected && like.is_none() {
        return Why {
            reason,
            like: None,
            similarity: 1.0,
            words: "a person put it with an entry of long ago".into(),
        };
    }
    if let Some(other) = like.and_then(|l| index.doc(l)) {
        let words = match reason {
            PlacementReason::Corrected => "a person put these together",
            PlacementReason::Reprint => "the same headline, word for word",
            PlacementReason::Similar => "the outlet's own of what an aggregator brought first",
            _ => "the same link",
        };
        return Why {
            reason,
            like: Some(other.entry),
            similarity: 1.0,
            words: words.into(),
        };
    }
    let best = members
        .iter()
        .filter(|m| **m != id)
        .filter_map(|m| Some((*m, compared.pair(id, *m)?)))
        .max_by(|a, b| a.1.logit.total_cmp(&b.1.logit).then(b.0.cmp(&a.0)));
    let Some((other_id, pair)) = best else {
        return alone(index, compared, id, doc);
    };
    let Some(other) = index.doc(other_id) else {
        return alone(index, compared, id, doc);
    };
    let earlier = (other.at, other.entry) < (doc.at, doc.entry);
    let reprint = earlier && other.outlet != doc.outlet && pair.cosine >= REPRINT_COSINE;
    let opened = members.iter().all(|m| *m >= id);
    Why {
        reason: match (opened, reprint) {
            (true, _) => PlacementReason::First,
            (false, true) => PlacementReason::Reprint,
            (false, false) => PlacementReason::Similar,
        },
        like: Some(other.entry),
        similarity: f64::from(1.0 / (1.0 + (-pair.logit).exp())),
        words: words(index, doc, other),
    }
}

/// An entry that stands alone: what came nearest, and what kept it away.
fn alone(index: &Index, compared: &Compared, id: DocId, doc: &Doc) -> Why {
    let nearest = index
        .near(doc)
        .find_map(|(n, _)| Some((index.doc(n)?, compared.pair(id, n)?)));
    let words = match nearest {
        Some((other, _)) if gates::forbid(doc, other).is_some() => {
            format!(
                "kept from entry {}: {}",
                other.entry,
                gates::forbid(doc, other).unwrap_or_default()
            )
        }
        Some((other, _)) => format!(
            "nearest is entry {}, not near enough: {}",
            other.entry,
            words(index, doc, other)
        ),
        None => "nothing like it in the window".into(),
    };
    Why {
        reason: PlacementReason::First,
        like: None,
        similarity: 1.0,
        words,
    }
}

/// `shares openai 6.1, softbank 5.2, 30 billion 4.8; 3 h apart; same company; both on ai; both tell: one kind of event of one company, ...`
fn words(index: &Index, a: &Doc, b: &Doc) -> String {
    let mut shared: Vec<(String, f32)> = a
        .terms
        .iter()
        .filter(|t| b.terms.binary_search_by_key(&t.term, |o| o.term).is_ok())
        .map(|t| (index.name(t.term), index.idf(t.term)))
        .filter(|t| t.1 > 0.0)
        .collect();
    shared.sort_by(|x, y| y.1.total_cmp(&x.1).then_with(|| x.0.cmp(&y.0)));
    let named: Vec<String> = shared
        .iter()
        .take(TERMS_NAMED)
        .map(|(word, weight)| format!("{word} {weight:.1}"))
        .collect();
    let hours = a.gap_secs(b) / HOUR_SECS;
    let mut parts = vec![
        if named.is_empty() {
            "shares no telling word".to_owned()
        } else {
            format!("shares {}", named.join(", "))
        },
        if !a.timed || !b.timed {
            "when is unknown".to_owned()
        } else if hours < 48 {
            format!("{hours} h apart")
        } else {
            format!("{} days apart", hours / 24)
        },
    ];
    if a.about.iter().any(|c| b.about.contains(c)) {
        parts.push("same company".into());
    }
    let topics = a.topics.shared_in_words(b.topics);
    if !topics.is_empty() {
        parts.push(format!("both on {}", topics.join(", ")));
    }
    let happened = events::shared_in_words(a, b);
    if !happened.is_empty() {
        parts.push(format!("both tell: {}", happened.join(", ")));
    }
    parts.join("; ")
}
