//! From what the automaton found to the companies of one text: ambiguity decided, overlaps settled, unlisted names
//! added, one mention for each company.

use super::context::{ACCEPT, Candidate, Context, cue};
use super::features::{Feature, FeatureSet};
use super::gazetteer::{Gazetteer, NameKind, doubt, slug_of};
use super::matcher::{Found, Scan};
use super::open_names;
use super::ticker::{Marked, TickerHit};
use super::tokens::{Words, gap, look};

/// One company in one text, before it becomes a [`crate::model::Mention`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// Number in the gazetteer; `None` for an unlisted one.
    pub company: Option<usize>,
    pub first: usize,
    pub end: usize,
    pub kind: NameKind,
    pub score: f64,
    pub reason: String,
}

/// A candidate with its features, for fitting the weights.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub found: Found,
    pub features: FeatureSet,
    pub score: f64,
}

/// Companies of a text in the order of their first words, each once.
pub(super) fn find(
    words: &Words<'_>,
    scan: &Scan,
    tickers: &[TickerHit<'_>],
    gazetteer: &Gazetteer,
    context: &Context,
) -> Vec<Named> {
    if scan.names.is_empty() && !words.tokens.iter().any(|t| t.is(look::CAPITAL)) {
        return Vec::new();
    }
    let cues = context.cues(words);
    let judged = judge(words, scan, &cues, tickers, gazetteer, context);
    let mut named = settle(&judged, gazetteer, context);
    // In a list of tickers a word is the ticker, whoever else has that name ("BYD").
    named.retain(|n| {
        !tickers
            .iter()
            .any(|t| t.is_listed(n.first, n.end) && t.company != n.company)
    });
    for n in named.iter_mut().filter(|n| n.kind == NameKind::Company) {
        let next = cues.get(n.end).copied().unwrap_or(0);
        let joined = words.gap(n.end) & (gap::COLON | gap::BREAK | gap::DOT | gap::OPEN | gap::CLOSE) == 0;
        if next & cue::LEGAL != 0 && joined && words.tokens.get(n.end).is_some_and(|t| t.is(look::CAPITAL)) {
            n.end += 1;
        }
    }

    let mut taken = vec![false; words.tokens.len()];
    for n in &named {
        taken.iter_mut().take(n.end).skip(n.first).for_each(|t| *t = true);
    }
    for hit in tickers {
        taken.iter_mut().take(hit.end).skip(hit.first).for_each(|t| *t = true);
    }
    for open in open_names::find(words, &cues, &taken, tickers) {
        named.push(Named {
            company: None,
            first: open.first,
            end: open.end,
            kind: NameKind::Company,
            score: open.score,
            reason: format!("unlisted: {}", open.reason),
        });
    }
    for hit in tickers {
        if let Some(one) = by_ticker(hit, &named) {
            named.push(one);
        }
    }
    named.sort_by_key(|n| (n.first, n.end));
    once_each(named, words)
}

/// Every candidate with its features and score.
pub(super) fn judge(
    words: &Words<'_>,
    scan: &Scan,
    cues: &[u16],
    tickers: &[TickerHit<'_>],
    gazetteer: &Gazetteer,
    context: &Context,
) -> Vec<Judged> {
    let sure: Vec<(usize, usize, usize)> = scan
        .names
        .iter()
        .filter_map(|f| {
            let name = gazetteer.names.get(f.name)?;
            let company = gazetteer.companies.get(name.company)?;
            (name.doubt == 0 && company.tier <= 2 && name.kind == NameKind::Company).then_some((
                name.company,
                f.first,
                f.end,
            ))
        })
        .collect();
    let mut judged = Vec::with_capacity(scan.names.len());
    for found in &scan.names {
        let Some(name) = gazetteer.names.get(found.name) else {
            continue;
        };
        let Some(company) = gazetteer.companies.get(name.company) else {
            continue;
        };
        let listed = |a: usize, b: usize| {
            let between = b.saturating_sub(a);
            between <= 1
                && (words.gap(b) & (gap::COMMA | gap::HYPHEN) != 0
                    || between == 1 && matches!(words.word(a), "and" | "&" | "or" | "vs" | "versus" | "with"))
        };
        let others = || {
            sure.iter()
                .filter(|(c, first, end)| *c != name.company && (*end <= found.first || *first >= found.end))
        };
        let candidate = Candidate {
            words,
            cues,
            first: found.first,
            end: found.end,
            fit: found.fit,
            name,
            company,
            ticker: tickers
                .iter()
                .any(|t| t.company == Some(name.company) && !(t.first >= found.first && t.end <= found.end)),
            peers: others().count(),
            list: others().any(|&(_, first, end)| listed(end, found.first) || listed(found.end, first)),
            company_after: others().any(|&(_, first, _)| first == found.end && words.gap(first) == 0),
        };
        let features = candidate.features();
        let short = found.end - found.first == 1;
        let other = short
            && company
                .unless
                .iter()
                .any(|w| (0..words.tokens.len()).any(|i| words.word(i) == w));
        let score = if other {
            0.0
        } else if name.kind == NameKind::Person {
            0.6
        } else {
            context.score(features, company.lean)
        };
        judged.push(Judged {
            found: *found,
            features,
            score,
        });
    }
    judged
}

/// Keeps the accepted candidates, the leftmost first and of those the longest.
fn settle(judged: &[Judged], gazetteer: &Gazetteer, context: &Context) -> Vec<Named> {
    let mut accepted: Vec<&Judged> = judged.iter().filter(|j| j.score >= ACCEPT).collect();
    let tier = |j: &Judged| {
        let name = gazetteer.names.get(j.found.name);
        name.and_then(|n| gazetteer.companies.get(n.company))
            .map_or(9, |c| c.tier)
    };
    accepted.sort_by(|a, b| {
        (
            a.found.first,
            std::cmp::Reverse(a.found.end),
            !a.features.has(Feature::Ticker),
            tier(a),
            a.found.name,
        )
            .cmp(&(
                b.found.first,
                std::cmp::Reverse(b.found.end),
                !b.features.has(Feature::Ticker),
                tier(b),
                b.found.name,
            ))
    });
    let mut named = Vec::with_capacity(accepted.len());
    let mut free = 0;
    for j in accepted {
        if j.found.first < free {
            continue;
        }
        free = j.found.end;
        let Some(name) = gazetteer.names.get(j.found.name) else {
            continue;
        };
        let lean = gazetteer.companies.get(name.company).map_or(0.0, |c| c.lean);
        let reason = match name.kind {
            NameKind::Person => "a person who runs it".to_owned(),
            NameKind::Product => format!("its product; {}", context.reason(j.features, lean)),
            NameKind::Company if name.doubt & !doubt::SHARED == 0 => "its name".to_owned(),
            NameKind::Company => context.reason(j.features, lean),
        };
        named.push(Named {
            company: Some(name.company),
            first: j.found.first,
            end: j.found.end,
            kind: name.kind,
            score: j.score,
            reason,
        });
    }
    named
}

/// A company that only its ticker names.
fn by_ticker(hit: &TickerHit<'_>, named: &[Named]) -> Option<Named> {
    let company = hit.company?;
    if named
        .iter()
        .any(|n| n.company == Some(company) && n.kind == NameKind::Company)
    {
        return None;
    }
    // The name before the brackets is not in the gazetteer under this ticker: the name is what counts.
    if !matches!(hit.marked, Marked::Stock | Marked::List | Marked::Bare) && named.iter().any(|n| n.end == hit.first) {
        return None;
    }
    let first = if hit.marked == Marked::Exchange {
        hit.end - 1
    } else {
        hit.first
    };
    let (first, end) = if hit.marked == Marked::Exchange && hit.end - hit.first == 2 {
        (hit.first, hit.end)
    } else {
        (first, hit.end)
    };
    let reason = match hit.marked {
        Marked::Dollar => "ticker with a dollar sign",
        Marked::Exchange => "ticker with its exchange",
        Marked::Brackets => "ticker in brackets",
        Marked::Stock => "ticker before stock or shares",
        Marked::List => "one of a list of tickers",
        Marked::Bare => "ticker of a well-known company",
    };
    Some(Named {
        company: Some(company),
        first,
        end,
        kind: NameKind::Company,
        score: 0.8,
        reason: reason.to_owned(),
    })
}

/// The best mention of each company, at the place of its first.
fn once_each(named: Vec<Named>, words: &Words<'_>) -> Vec<Named> {
    let mut kept: Vec<(Named, String)> = Vec::with_capacity(named.len());
    for n in named {
        let slug = match n.company {
            Some(_) => String::new(),
            None => slug_of(words.surface(n.first, n.end)),
        };
        let same = kept
            .iter_mut()
            .find(|(k, known)| k.company == n.company && *known == slug);
        match same {
            None => kept.push((n, slug)),
            Some((known, _)) if n.kind < known.kind => *known = n,
            Some((known, _)) => known.score = known.score.max(n.score),
        }
    }
    kept.into_iter().map(|(n, _)| n).collect()
}
