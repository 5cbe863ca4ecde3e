//! Where companies come from: the built-in facts, the hand-kept file, `[[company]]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Gazetteer, NameKind, doubt, slug_of};
use crate::config::CompanySettings;

const FACTS: &str = include_str!("../gazetteer.tsv");
const HAND: &str = include_str!("../companies.toml");

/// Stands first among the tickers of a company that trades under none of them any more.
const NO_TICKER: &str = "-";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandFile {
    #[serde(default)]
    blockers: Vec<String>,
    /// Topic slug to companies that imply it.
    #[serde(default)]
    topics: BTreeMap<String, Vec<String>>,
    /// Names that need a look at their neighbours, beside those the facts mark.
    #[serde(default)]
    doubtful: Vec<String>,
    /// Companies of which nothing but the name is said, by sector.
    #[serde(default)]
    lists: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    company: Vec<HandCompany>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandCompany {
    /// The name in the facts, or a new one.
    name: String,
    /// What readers see, when it is not `name`.
    #[serde(default)]
    shown: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// Names the facts give it that it should not have.
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    tickers: Vec<String>,
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    lean: f64,
    /// Words beside which its names of one word are somebody else's, in lower case.
    #[serde(default)]
    unless: Vec<String>,
    /// `false`: never a company in a headline (an index, a vocabulary accident).
    #[serde(default = "yes")]
    enabled: bool,
}

const fn yes() -> bool {
    true
}

impl Gazetteer {
    /// Reads the built-in facts and the hand-kept changes to them.
    pub(super) fn read_shipped(&mut self) {
        self.read_facts(FACTS);
        let hand: HandFile = toml::from_str(HAND).expect("companies.toml is part of the program and read by a test");
        self.read_hand(hand);
    }

    fn read_facts(&mut self, table: &str) {
        for line in table.lines().filter(|l| !l.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(name), Some(names), Some(tickers), Some(sector), Some(tier)) =
                (cells.next(), cells.next(), cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let company = self.open(name);
            if let Some(c) = self.companies.get_mut(company) {
                c.tier = tier.parse().unwrap_or(4);
                c.tickers = list(tickers).filter(|t| *t != NO_TICKER).map(str::to_owned).collect();
                let shown = list(tickers).next().filter(|t| *t != NO_TICKER);
                shown.unwrap_or_default().clone_into(&mut c.ticker);
                c.field = topic_of(sector);
            }
            for cell in list(names) {
                let (surface, marks) = cell.rsplit_once('=').unwrap_or((cell, ""));
                self.push(company, surface, NameKind::Company, doubts(marks));
            }
        }
    }

    fn read_hand(&mut self, hand: HandFile) {
        self.blockers = hand.blockers;
        for (sector, names) in &hand.lists {
            for cell in names {
                let mut parts = list(cell);
                let Some(first) = parts.next() else { continue };
                let company = self.open(first);
                if let Some(c) = self.companies.get_mut(company) {
                    c.field = c.field.or(topic_of(sector));
                }
                self.name(company, first, NameKind::Company);
                for alias in parts {
                    self.name(company, alias, NameKind::Company);
                }
            }
        }
        for entry in hand.company {
            let company = self.open(&entry.name);
            for surface in &entry.without {
                self.take_away(surface, Some(company));
            }
            if let Some(c) = self.companies.get_mut(company) {
                if !entry.shown.is_empty() {
                    c.name.clone_from(&entry.shown);
                }
                if !entry.parent.is_empty() {
                    c.parent = slug_of(&entry.parent);
                }
                if !entry.tickers.is_empty() {
                    c.tickers.clone_from(&entry.tickers);
                    c.ticker = entry.tickers.first().cloned().unwrap_or_default();
                }
                c.tier = c.tier.min(2);
                c.lean = entry.lean;
                c.unless = entry.unless;
                c.enabled = entry.enabled;
            }
            if !entry.without.contains(&entry.name) {
                self.name(company, &entry.name, NameKind::Company);
            }
            for (kind, names) in [
                (NameKind::Company, &entry.aliases),
                (NameKind::Product, &entry.products),
                (NameKind::Person, &entry.people),
            ] {
                for name in names {
                    self.name(company, name, kind);
                }
            }
        }
        for (topic, names) in hand.topics {
            for name in names {
                let slug = slug_of(&name);
                if let Some(c) = self.by_slug.get(&slug).and_then(|&i| self.companies.get_mut(i)) {
                    c.topics.push(topic.clone());
                }
            }
        }
        for cell in &hand.doubtful {
            let (surface, marks) = cell.rsplit_once('=').unwrap_or((cell, "w"));
            for index in self.by_surface.get(surface).into_iter().flatten() {
                if let Some(name) = self.names.get_mut(*index) {
                    name.doubt |= doubts(marks);
                }
            }
        }
    }

    /// Reads one `[[company]]`.
    pub(super) fn read_settings(&mut self, settings: &CompanySettings) {
        let company = match self.by_slug.get(&settings.slug) {
            Some(&i) => i,
            None => self.open_as(
                &settings.slug,
                if settings.name.is_empty() {
                    &settings.slug
                } else {
                    &settings.name
                },
            ),
        };
        if let Some(c) = self.companies.get_mut(company) {
            c.enabled = settings.enabled;
            c.tier = 1;
            if !settings.name.is_empty() {
                c.name.clone_from(&settings.name);
            }
            for ticker in settings.tickers.iter().rev() {
                c.tickers.retain(|t| t != ticker);
                c.tickers.insert(0, ticker.clone());
                c.ticker.clone_from(ticker);
            }
        }
        let mut names = settings.aliases.clone();
        if !settings.name.is_empty() {
            names.push(settings.name.clone());
        }
        for name in &names {
            self.name(company, name, NameKind::Company);
        }
        for name in &settings.products {
            self.name(company, name, NameKind::Product);
        }
        if let Some(ambiguous) = settings.ambiguous {
            for name in self
                .names
                .iter_mut()
                .filter(|n| n.company == company && n.kind == NameKind::Company)
            {
                name.doubt = if ambiguous { name.doubt | doubt::WORD } else { 0 };
            }
        }
        self.blockers.extend(settings.not.iter().cloned());
    }
}

/// The theme that a sector of the facts may stand for, where it stands for one: "Industrials" says nothing.
fn topic_of(sector: &str) -> Option<&'static str> {
    match sector {
        "Health Care" => Some("health-pharma"),
        "Energy" => Some("energy"),
        "Materials" => Some("metals-materials"),
        _ => None,
    }
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').map(str::trim).filter(|s| !s.is_empty())
}

fn doubts(marks: &str) -> u8 {
    marks.bytes().fold(0, |bits, mark| {
        bits | match mark {
            b'w' => doubt::WORD,
            b'g' => doubt::GIVEN,
            b'p' => doubt::PLACE,
            b'f' => doubt::PHRASE,
            b's' => doubt::SHARED,
            b't' => doubt::SHORT,
            b'c' => doubt::CURATED,
            _ => 0,
        }
    })
}
