//! Themes of a headline by weighted phrases. The rules stand in `themes`, a file a theme; `theme_rules` reads
//! them, this file applies them.
//!
//! A rule is a phrase (`"price target"`), a phrase with open ending (`"tariff*"`), a class of phrases (`"@rises"`), a
//! fact about the headline (`"{company}"`), or several of them: `a & b` anywhere, `a > b` in this order with at most
//! [`REACH`] words between, `a > b & c` both ways at once. The weights of all rules that hold are summed; a theme counts
//! from [`THRESHOLD`], or from its own `cut`.

use super::matcher::Scan;
use super::theme_rules::{self, FACTS, Rule};
use super::tokens::{Words, gap, look};
use crate::config::ThemeSettings;
use crate::model::ThemeTag;

/// Least score of a theme.
pub(super) const THRESHOLD: f64 = 0.7;
/// Most words between the parts of an ordered rule.
const REACH: usize = 6;
/// What the summary adds to the title at most: it never decides alone.
const SUMMARY_MAX: f64 = 0.6;
/// How much a phrase in the summary counts against one in the title.
const SUMMARY_SHARE: f64 = 0.4;

/// How much the sector of a company counts against a topic that a person gave it.
const FIELD_SHARE: f64 = 0.5;

/// A theme as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeInfo {
    /// Slug (`m-and-a`).
    pub slug: String,
    /// Name (`Mergers and stakes`).
    pub name: String,
    /// `true` for what happened (`earnings`), `false` for a field (`chips`).
    pub event: bool,
}

/// What one pass knows about a headline beside its words.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts<'a> {
    /// Where the companies stand that the headline is about.
    pub about: Vec<(usize, usize)>,
    /// All companies named.
    pub companies: usize,
    /// A marked ticker stands in it.
    pub ticker: bool,
    /// Where the title's companies and tickers stand: words inside a longer one are no evidence ("DTE Energy",
    /// "NASDAQ: NVDA").
    pub names: Vec<(usize, usize)>,
    /// Topics of the first company it is about that at least half of the others share.
    pub topics: Vec<&'a str>,
    /// The theme that the sector of the first company may stand for.
    pub field: Option<&'static str>,
}

/// The rules, ready to apply.
#[derive(Debug)]
pub(super) struct Themes {
    infos: Vec<ThemeInfo>,
    company: Vec<f64>,
    cuts: Vec<f64>,
    rules: Vec<Rule>,
    /// Rules by the atom that fewest phrases make true.
    by_atom: Vec<Vec<usize>>,
    /// Atoms that each phrase makes true.
    atoms_of: Vec<Vec<usize>>,
    /// Atom number of each fact, in the order of [`FACTS`].
    facts: Vec<Option<usize>>,
    phrases: Vec<String>,
}

/// An atom that holds, and where.
#[derive(Debug, Clone, Copy)]
struct Held {
    atom: usize,
    first: usize,
    end: usize,
}

/// Whether the atoms of a chain hold in their order, the first of them at `from`.
fn follows(held: &[Held], chain: &[usize], from: &Held) -> bool {
    let mut end = from.end;
    chain.iter().skip(1).all(|&atom| {
        let next = held
            .iter()
            .find(|h| h.atom == atom && h.first >= end && h.first <= end + REACH);
        if let Some(next) = next {
            end = next.end;
        }
        next.is_some()
    })
}

impl Themes {
    pub(super) fn new(settings: &[ThemeSettings]) -> Self {
        let (themes, mut builder) = theme_rules::read(settings);
        let mut rules = Vec::new();
        for (theme, rule) in themes.iter().enumerate() {
            for (text, weight) in &rule.phrases {
                rules.push(builder.rule(theme, text, *weight));
            }
            for (text, weight) in &rule.not {
                rules.push(builder.rule(theme, text, -weight.abs()));
            }
        }
        let breadths = builder.breadths();
        let mut by_atom = vec![Vec::new(); builder.atoms.len()];
        for (index, rule) in rules.iter().enumerate() {
            let atoms = rule.chains.iter().flatten();
            let rarest = atoms.min_by_key(|a| breadths.get(**a).copied().unwrap_or(usize::MAX));
            if let Some(slot) = rarest.and_then(|a| by_atom.get_mut(*a)) {
                slot.push(index);
            }
        }
        Self {
            company: themes.iter().map(|t| t.company).collect(),
            cuts: themes.iter().map(|t| t.cut).collect(),
            infos: themes
                .into_iter()
                .map(|t| ThemeInfo {
                    slug: t.slug,
                    name: t.name,
                    event: t.event,
                })
                .collect(),
            rules,
            by_atom,
            facts: FACTS.iter().map(|f| builder.atoms.get(*f).copied()).collect(),
            atoms_of: builder.atoms_of,
            phrases: builder.order,
        }
    }

    /// The phrases the automaton has to find, in the order [`super::matcher::Hit::phrase`] counts them.
    pub(super) fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// The themes in display order.
    pub(super) fn infos(&self) -> &[ThemeInfo] {
        &self.infos
    }

    /// The themes of an entry, the strongest first.
    pub(super) fn tag(
        &self,
        title: (&Words<'_>, &Scan),
        summary: Option<(&Words<'_>, &Scan)>,
        facts: &Facts<'_>,
    ) -> Vec<ThemeTag> {
        let mut scores = vec![0.0; self.infos.len()];
        let held = self.held(title.0, title.1, facts, true);
        let fired = self.fired(&held);
        for rule in fired.iter().filter_map(|&r| self.rules.get(r)) {
            if let Some(score) = scores.get_mut(rule.theme) {
                *score += rule.weight;
            }
        }
        for (index, score) in scores.iter_mut().enumerate() {
            *score += self.topic(index, facts);
        }
        let mut below = Vec::new();
        if let Some((words, scan)) = summary {
            let held = self.held(words, scan, facts, false);
            below = self.fired(&held);
            let mut extra = vec![0.0_f64; scores.len()];
            for rule in below.iter().filter_map(|&r| self.rules.get(r)) {
                if let Some(score) = extra.get_mut(rule.theme) {
                    *score += rule.weight * SUMMARY_SHARE;
                }
            }
            for (score, extra) in scores.iter_mut().zip(extra) {
                *score += extra.clamp(0.0, SUMMARY_MAX);
            }
        }
        let mut tags: Vec<ThemeTag> = scores
            .iter()
            .enumerate()
            .filter(|(index, score)| **score >= self.cuts.get(*index).copied().unwrap_or(THRESHOLD) - 1e-9)
            .map(|(index, score)| ThemeTag {
                theme: self.infos.get(index).map(|i| i.slug.clone()).unwrap_or_default(),
                score: *score,
                reason: self.reason(index, &fired, &below, facts),
            })
            .collect();
        tags.sort_by(|a, b| b.score.total_cmp(&a.score));
        tags
    }

    fn topic(&self, theme: usize, facts: &Facts<'_>) -> f64 {
        let (Some(info), Some(weight)) = (self.infos.get(theme), self.company.get(theme)) else {
            return 0.0;
        };
        if facts.topics.contains(&info.slug.as_str()) {
            *weight
        } else if facts.field == Some(info.slug.as_str()) {
            *weight * FIELD_SHARE
        } else {
            0.0
        }
    }

    fn held(&self, words: &Words<'_>, scan: &Scan, facts: &Facts<'_>, title: bool) -> Vec<Held> {
        let mut held = Vec::with_capacity(scan.hits.len() + 8);
        for hit in &scan.hits {
            // A word inside a longer name, or across its end, says nothing by itself.
            let part_of = |&(first, end): &(usize, usize)| {
                first < hit.end && hit.first < end && (first < hit.first || hit.end < end)
            };
            if title && facts.names.iter().any(part_of) {
                continue;
            }
            for &atom in self.atoms_of.get(hit.phrase).into_iter().flatten() {
                held.push(Held {
                    atom,
                    first: hit.first,
                    end: hit.end,
                });
            }
        }
        let percent = words.tokens.iter().any(|t| t.is(look::PERCENT));
        let number = words.tokens.iter().any(|t| t.is(look::NUMBER));
        let money = words.tokens.iter().any(|t| t.after(gap::MONEY) && t.is(look::NUMBER));
        let holds = [
            false,
            facts.companies >= 2,
            facts.companies == 0,
            facts.ticker,
            percent,
            money,
            words.text.ends_with('?'),
            number,
        ];
        for (atom, holds) in self.facts.iter().zip(holds) {
            if let (Some(atom), true) = (atom, holds) {
                held.push(Held {
                    atom: *atom,
                    first: 0,
                    end: 0,
                });
            }
        }
        if let Some(Some(atom)) = self.facts.first() {
            // The summary's words stand in another text: there the company is only known to be meant.
            let places = facts.about.iter().map(|&at| if title { at } else { (0, 0) });
            held.extend(places.map(|(first, end)| Held {
                atom: *atom,
                first,
                end,
            }));
        }
        held
    }

    /// Numbers of the rules that hold, each once.
    fn fired(&self, held: &[Held]) -> Vec<usize> {
        let mut present = vec![0_u64; self.by_atom.len() / 64 + 1];
        let mut atoms = Vec::with_capacity(held.len());
        for one in held {
            if let Some(bits) = present.get_mut(one.atom / 64) {
                if *bits & (1 << (one.atom % 64)) == 0 {
                    atoms.push(one.atom);
                }
                *bits |= 1 << (one.atom % 64);
            }
        }
        let is_present = |atom: usize| {
            present
                .get(atom / 64)
                .is_some_and(|bits| bits & (1 << (atom % 64)) != 0)
        };
        let in_order = |chain: &Vec<usize>| {
            let mut starts = held.iter().filter(|h| Some(&h.atom) == chain.first());
            chain.len() < 2 || starts.any(|start| follows(held, chain, start))
        };
        let holds =
            |rule: &Rule| rule.chains.iter().flatten().all(|&a| is_present(a)) && rule.chains.iter().all(in_order);
        atoms
            .iter()
            .filter_map(|&atom| self.by_atom.get(atom))
            .flatten()
            .filter(|&&index| self.rules.get(index).is_some_and(holds))
            .copied()
            .collect()
    }

    fn reason(&self, theme: usize, fired: &[usize], below: &[usize], facts: &Facts<'_>) -> String {
        let mut text = String::new();
        let mut add = |part: &str, weight: f64| {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(part);
            text.push_str(if weight < 0.0 { " -" } else { " +" });
            let tenths = (weight.abs() * 10.0).round();
            text.push_str(&(tenths / 10.0).to_string());
        };
        for rule in fired
            .iter()
            .filter_map(|&r| self.rules.get(r))
            .filter(|r| r.theme == theme)
        {
            add(&rule.text, rule.weight);
        }
        let topic = self.topic(theme, facts);
        if topic > 0.0 {
            add("its companies", topic);
        }
        for rule in below
            .iter()
            .filter_map(|&r| self.rules.get(r))
            .filter(|r| r.theme == theme)
            .take(3)
        {
            add(&format!("summary: {}", rule.text), rule.weight * SUMMARY_SHARE);
        }
        text
    }
}
