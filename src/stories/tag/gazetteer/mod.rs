//! Who the companies are: the built-in facts, the hand-kept changes to them, and the user's `[[company]]` tables,
//! read in that order; what comes later wins.
//!
//! `gazetteer.tsv` is built by `scripts/gazetteer.py`; `companies.toml` is kept by hand.

mod sources;

use std::collections::{BTreeMap, HashMap};

use crate::config::CompanySettings;
use crate::model::KnownName;

/// Why a name may not be the company (bits).
pub(in crate::stories::tag) mod doubt {
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
pub(in crate::stories::tag) enum NameKind {
    /// The company itself.
    Company,
    /// Something it makes (`iPhone`).
    Product,
    /// Somebody who runs it (`Jensen Huang`).
    Person,
}

/// A company.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::stories::tag) struct Company {
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
pub(in crate::stories::tag) struct Name {
    pub company: usize,
    pub surface: String,
    pub kind: NameKind,
    /// Bits of [`doubt`].
    pub doubt: u8,
}

/// Everything known about companies.
#[derive(Debug, Default)]
pub(in crate::stories::tag) struct Gazetteer {
    pub companies: Vec<Company>,
    pub names: Vec<Name>,
    /// Phrases in which a name inside does not count, folded by the reader.
    pub blockers: Vec<String>,
    by_slug: HashMap<String, usize>,
    by_ticker: HashMap<String, usize>,
    by_surface: HashMap<String, Vec<usize>>,
}

/// The owner of a name that was taken away.
const NOBODY: usize = usize::MAX;

/// `Warner Bros. Discovery` becomes `warner-bros-discovery`.
pub(in crate::stories::tag) fn slug_of(name: &str) -> String {
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
    pub(in crate::stories::tag) fn new(settings: &[CompanySettings]) -> Self {
        let mut all = Self::default();
        all.read_shipped();
        for company in settings {
            all.read_settings(company);
        }
        all.finish();
        all
    }

    pub(in crate::stories::tag) fn by_slug(&self, slug: &str) -> Option<&Company> {
        self.by_slug.get(slug).and_then(|&i| self.companies.get(i))
    }

    /// The company that trades under a ticker, without its exchange.
    pub(in crate::stories::tag) fn by_ticker(&self, ticker: &str) -> Option<usize> {
        self.by_ticker.get(ticker).copied()
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

impl Gazetteer {
    /// Lets companies suggest a theme.
    pub(in crate::stories::tag) fn add_topic(&mut self, topic: &str, slugs: &[String]) {
        for slug in slugs {
            if let Some(company) = self.by_slug.get(slug).and_then(|&i| self.companies.get_mut(i)) {
                company.topics.push(topic.to_owned());
            }
        }
    }

    /// Slugs and names of the companies that `text` names in part or whole, the closest first.
    pub(in crate::stories::tag) fn search(&self, text: &str, most: usize) -> Vec<(&str, Vec<String>)> {
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
    pub(in crate::stories::tag) fn known_names(&self) -> Vec<KnownName> {
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
