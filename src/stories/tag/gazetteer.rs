//! Who the companies are: the built-in facts, the hand-kept changes to them, and the user's `[[company]]` tables,
//! read in that order; what comes later wins.
//!
//! `gazetteer.tsv` is built by `scripts/gazetteer.py`; `companies.toml` is kept by hand.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::config::CompanySettings;
use crate::model::KnownName;

const FACTS: &str = include_str!("gazetteer.tsv");
const HAND: &str = include_str!("companies.toml");

/// Why a name may not be the company (bits).
pub(super) mod doubt {
    /// An everyday word (`Target`).
    pub const WORD: u8 = 1;
    /// A given name or a family name (`Ford`).
    pub const GIVEN: u8 = 1 << 1;
    /// A place (`Amazon`).
    pub const PLACE: u8 = 1 << 2;
    /// Several everyday words (`Best Buy`).
    pub const PHRASE: u8 = 1 << 3;
    /// More than one company goes by it (`Prudential`).
    pub const SHARED: u8 = 1 << 4;
    /// Two letters or so (`BT`).
    pub const SHORT: u8 = 1 << 5;
    /// Known to mean something else as well (`Airbus`, an aircraft).
    pub const CURATED: u8 = 1 << 6;
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameKind {
    /// The company itself.
    Company,
    /// Something it makes (`iPhone`).
    Product,
    /// Somebody who runs it (`Jensen Huang`).
    Person,
}

/// A company.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Company {
    pub slug: String,
    /// As readers see it.
    pub name: String,
    /// Slug of the owner; empty when there is none that readers know.
    pub parent: String,
    /// The ticker readers are shown: the line it trades under now; empty when none is known.
    pub ticker: String,
    /// All tickers read in headlines.
    pub tickers: Vec<String>,
    /// Topics its news usually has (`chips`).
    pub topics: Vec<String>,
    /// The theme its sector may suggest: weaker, since a sector holds suppliers and retailers too.
    pub field: Option<&'static str>,
    /// 1 well known, 2 large, 3 and 4 listed somewhere.
    pub tier: u8,
    /// Added to the score of its names; what the hand file knows about their use.
    pub lean: f64,
    /// Words in whose company its short names mean somebody else, folded.
    pub unless: Vec<String>,
    pub enabled: bool,
}

/// One way to name a company.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    pub company: usize,
    pub surface: String,
    pub kind: NameKind,
    /// Bits of [`doubt`].
    pub doubt: u8,
}

/// Everything known about companies.
#[derive(Debug, Default)]
pub(super) struct Gazetteer {
    pub companies: Vec<Company>,
    pub names: Vec<Name>,
    /// Phrases in which a name inside does not count, folded by the reader.
    pub blockers: Vec<String>,
    by_slug: HashMap<String, usize>,
    by_ticker: HashMap<String, usize>,
    by_surface: HashMap<String, Vec<usize>>,
}

/// Stands first among the tickers of a company that trades under none of them any more.
const NO_TICKER: &str = "-";
/// The owner of a name that was taken away.
const NOBODY: usize = usize::MAX;

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

/// `Warner Bros. Discovery` becomes `warner-bros-discovery`.
pub(super) fn slug_of(name: &str) -> String {
    let words = super::tokens::Words::new(name);
    let mut slug = String::new();
    for i in 0..words.tokens.len() {
        let word = words.word(i);
        let clean = word
            .trim_matches('\'')
            .replace('&', if word == "&" { "and" } else { "-and-" })
            .replace(['.', '\'', '+'], "");
        if !slug.is_empty() && clean != "s" {
            slug.push('-');
        }
        slug.push_str(&clean);
    }
    slug
}

impl Gazetteer {
    /// The built-in companies with the user's changes.
    pub(super) fn new(settings: &[CompanySettings]) -> Self {
        let mut all = Self::default();
        all.read_facts(FACTS);
        let hand: HandFile = toml::from_str(HAND).expect("companies.toml is part of the program and read by a test");
        all.read_hand(hand);
        for company in settings {
            all.read_settings(company);
        }
        all.finish();
        all
    }

    pub(super) fn by_slug(&self, slug: &str) -> Option<&Company> {
        self.by_slug.get(slug).and_then(|&i| self.companies.get(i))
    }

    /// The company that trades under a ticker, without its exchange.
    pub(super) fn by_ticker(&self, ticker: &str) -> Option<usize> {
        self.by_ticker.get(ticker).copied()
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

    fn read_settings(&mut self, settings: &CompanySettings) {
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

    /// Adds a name, taking it from any company that has it: what comes later wins.
    fn name(&mut self, company: usize, surface: &str, kind: NameKind) {
        let known = self.take_away(surface, None);
        self.push(company, surface, kind, known & !doubt::SHARED);
    }

    fn push(&mut self, company: usize, surface: &str, kind: NameKind, doubt: u8) {
        self.by_surface
            .entry(surface.to_owned())
            .or_default()
            .push(self.names.len());
        self.names.push(Name {
            company,
            surface: surface.to_owned(),
            kind,
            doubt,
        });
    }

    /// Takes a name from one company or from all; returns the doubts about it.
    fn take_away(&mut self, surface: &str, from: Option<usize>) -> u8 {
        let mut known = 0;
        for index in self.by_surface.get(surface).into_iter().flatten() {
            if let Some(name) = self.names.get_mut(*index)
                && from.is_none_or(|company| company == name.company)
            {
                known |= name.doubt;
                name.company = NOBODY;
            }
        }
        known
    }

    fn open(&mut self, name: &str) -> usize {
        self.open_as(&slug_of(name), name)
    }

    fn open_as(&mut self, slug: &str, name: &str) -> usize {
        if let Some(&known) = self.by_slug.get(slug) {
            return known;
        }
        let index = self.companies.len();
        self.companies.push(Company {
            slug: slug.to_owned(),
            name: name.to_owned(),
            parent: String::new(),
            ticker: String::new(),
            tickers: Vec::new(),
            topics: Vec::new(),
            field: None,
            tier: 2,
            lean: 0.0,
            unless: Vec::new(),
            enabled: true,
        });
        self.by_slug.insert(slug.to_owned(), index);
        index
    }

    fn finish(&mut self) {
        let companies = &self.companies;
        self.names
            .retain(|n| companies.get(n.company).is_some_and(|c| c.enabled));
        self.by_surface = HashMap::new();
        for (index, company) in self.companies.iter().enumerate().filter(|(_, c)| c.enabled) {
            for ticker in company.tickers.iter().filter(|t| !t.contains('.')) {
                let holder = self.by_ticker.entry(ticker.clone()).or_insert(index);
                if self.companies.get(*holder).is_some_and(|c| c.tier > company.tier) {
                    *holder = index;
                }
            }
        }
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

impl Gazetteer {
    /// Lets companies suggest a theme.
    pub(super) fn add_topic(&mut self, topic: &str, slugs: &[String]) {
        for slug in slugs {
            if let Some(company) = self.by_slug.get(slug).and_then(|&i| self.companies.get_mut(i)) {
                company.topics.push(topic.to_owned());
            }
        }
    }

    /// Slugs and names of the companies that `text` names in part or whole, the closest first.
    pub(super) fn search(&self, text: &str, most: usize) -> Vec<(&str, Vec<String>)> {
        let wanted = text.trim().to_lowercase();
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found: BTreeMap<usize, (u8, Vec<String>)> = BTreeMap::new();
        for name in &self.names {
            let surface = name.surface.to_lowercase();
            let rank = match surface {
                ref s if *s == wanted => 0,
                ref s if s.starts_with(&wanted) => 2,
                ref s if s.contains(&wanted) => 3,
                _ => continue,
            };
            let entry = found.entry(name.company).or_insert((9, Vec::new()));
            entry.0 = entry.0.min(rank);
        }
        for (index, company) in self.companies.iter().enumerate().filter(|(_, c)| c.enabled) {
            if company.slug == wanted || company.tickers.iter().any(|t| t.to_lowercase() == wanted) {
                found.entry(index).or_insert((1, Vec::new())).0 = 0;
            }
        }
        for name in &self.names {
            if let Some((_, names)) = found.get_mut(&name.company) {
                names.push(name.surface.clone());
            }
        }
        let mut ranked: Vec<(u8, u8, &str, Vec<String>)> = found
            .into_iter()
            .filter_map(|(i, (rank, names))| self.companies.get(i).map(|c| (rank, c.tier, c.slug.as_str(), names)))
            .collect();
        ranked.sort();
        ranked
            .into_iter()
            .take(most)
            .map(|(_, _, slug, names)| (slug, names))
            .collect()
    }

    /// What readers may call each company; the well-known first, and of equals by slug.
    pub(super) fn known_names(&self) -> Vec<KnownName> {
        let mut others: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for name in self.names.iter().filter(|name| name.kind == NameKind::Company) {
            others.entry(name.company).or_default().push(name.surface.clone());
        }
        let mut companies: Vec<_> = self.companies.iter().enumerate().filter(|(_, c)| c.enabled).collect();
        companies.sort_by_key(|(_, company)| (company.tier, &company.slug));
        companies
            .into_iter()
            .map(|(index, company)| KnownName {
                kind: crate::model::NameKind::Company,
                slug: company.slug.clone(),
                name: company.name.clone(),
                others: [company.tickers.clone(), others.remove(&index).unwrap_or_default()].concat(),
            })
            .collect()
    }
}
