//! The theme rules as the files in `themes` and the user's `[[theme]]` tables write them, and their reading into numbers.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::themes::THRESHOLD;
use crate::config::ThemeSettings;

/// Phrases that stand for each other in rules.
const CLASSES: &str = include_str!("themes/classes.toml");
/// The built-in themes in the order readers see them.
const THEMES: [&str; 26] = [
    include_str!("themes/markets.toml"),
    include_str!("themes/macro.toml"),
    include_str!("themes/trade-geopolitics.toml"),
    include_str!("themes/ai.toml"),
    include_str!("themes/chips.toml"),
    include_str!("themes/cybersecurity.toml"),
    include_str!("themes/crypto.toml"),
    include_str!("themes/energy.toml"),
    include_str!("themes/metals-materials.toml"),
    include_str!("themes/autos-ev.toml"),
    include_str!("themes/health-pharma.toml"),
    include_str!("themes/earnings.toml"),
    include_str!("themes/m-and-a.toml"),
    include_str!("themes/funding.toml"),
    include_str!("themes/ipo-listing.toml"),
    include_str!("themes/capital-return.toml"),
    include_str!("themes/credit-distress.toml"),
    include_str!("themes/workforce.toml"),
    include_str!("themes/leadership.toml"),
    include_str!("themes/legal.toml"),
    include_str!("themes/regulation.toml"),
    include_str!("themes/product.toml"),
    include_str!("themes/partnership.toml"),
    include_str!("themes/operations.toml"),
    include_str!("themes/analyst-rating.toml"),
    include_str!("themes/stock-move.toml"),
];

/// The rules of one theme as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThemeRules {
    pub slug: String,
    pub name: String,
    pub event: bool,
    /// What a company of this topic adds, when the headline is about it.
    #[serde(default)]
    pub company: f64,
    /// Least score, where it is not [`THRESHOLD`].
    #[serde(default = "threshold")]
    pub cut: f64,
    pub phrases: BTreeMap<String, f64>,
    #[serde(default)]
    pub not: BTreeMap<String, f64>,
}

const fn threshold() -> f64 {
    THRESHOLD
}

/// Facts that rules can name in braces.
pub(super) const FACTS: [&str; 8] = [
    "{company}",
    "{companies}",
    "{none}",
    "{ticker}",
    "{percent}",
    "{money}",
    "{question}",
    "{number}",
];

/// A rule in numbers.
#[derive(Debug)]
pub(super) struct Rule {
    pub theme: usize,
    pub weight: f64,
    pub text: String,
    /// All of them hold; the atoms of one chain hold in their order.
    pub chains: Vec<Vec<usize>>,
}

/// Numbers phrases and atoms as rules are read.
#[derive(Default)]
pub(super) struct Builder {
    pub atoms: HashMap<String, usize>,
    phrases: HashMap<String, usize>,
    pub order: Vec<String>,
    pub atoms_of: Vec<Vec<usize>>,
    pub classes: BTreeMap<String, Vec<String>>,
}

impl Builder {
    fn phrase(&mut self, phrase: &str) -> usize {
        if let Some(&known) = self.phrases.get(phrase) {
            return known;
        }
        let index = self.order.len();
        self.order.push(phrase.to_owned());
        self.atoms_of.push(Vec::new());
        self.phrases.insert(phrase.to_owned(), index);
        index
    }

    /// How many phrases make each atom true; a fact, which no phrase does, holds for many headlines.
    pub(super) fn breadths(&self) -> Vec<usize> {
        let mut breadths = vec![0; self.atoms.len()];
        for &atom in self.atoms_of.iter().flatten() {
            if let Some(breadth) = breadths.get_mut(atom) {
                *breadth += 1;
            }
        }
        for breadth in breadths.iter_mut().filter(|b| **b == 0) {
            *breadth = usize::MAX;
        }
        breadths
    }

    fn atom(&mut self, text: &str) -> usize {
        if let Some(&known) = self.atoms.get(text) {
            return known;
        }
        let atom = self.atoms.len();
        self.atoms.insert(text.to_owned(), atom);
        if text.starts_with('{') {
            return atom;
        }
        let members = match text.strip_prefix('@') {
            Some(class) => self.classes.get(class).cloned().unwrap_or_default(),
            None => vec![text.to_owned()],
        };
        for member in members {
            let phrase = self.phrase(&member);
            if let Some(atoms) = self.atoms_of.get_mut(phrase) {
                atoms.push(atom);
            }
        }
        atom
    }

    pub(super) fn rule(&mut self, theme: usize, text: &str, weight: f64) -> Rule {
        let chains = text
            .split(" & ")
            .map(|chain| chain.split(" > ").map(|part| self.atom(part.trim())).collect())
            .collect();
        Rule {
            theme,
            weight,
            text: text.to_owned(),
            chains,
        }
    }
}

/// The built-in themes with the user's over them, and what their rules are read with.
pub(super) fn read(settings: &[ThemeSettings]) -> (Vec<ThemeRules>, Builder) {
    let mut themes: Vec<ThemeRules> = THEMES
        .iter()
        .map(|text| toml::from_str(text).expect("the files of the themes are part of the program and read by a test"))
        .collect();
    apply(&mut themes, settings);
    let builder = Builder {
        classes: toml::from_str(CLASSES).expect("the classes are part of the program and read by a test"),
        ..Builder::default()
    };
    (themes, builder)
}

/// The user's `[[theme]]` tables over the built-in ones.
fn apply(themes: &mut Vec<ThemeRules>, settings: &[ThemeSettings]) {
    for own in settings {
        let known = themes.iter().position(|t| t.slug == own.slug);
        if !own.enabled {
            if let Some(index) = known {
                themes.remove(index);
            }
            continue;
        }
        if known.is_none() {
            themes.push(ThemeRules {
                slug: own.slug.clone(),
                name: if own.name.is_empty() {
                    own.slug.clone()
                } else {
                    own.name.clone()
                },
                event: false,
                company: 0.6,
                cut: THRESHOLD,
                phrases: BTreeMap::new(),
                not: BTreeMap::new(),
            });
        }
        let index = known.unwrap_or(themes.len() - 1);
        let Some(theme) = themes.get_mut(index) else { continue };
        if own.replace {
            theme.phrases.clear();
            theme.not.clear();
        }
        if !own.name.is_empty() {
            theme.name.clone_from(&own.name);
        }
        theme
            .phrases
            .extend(own.phrases.iter().map(|(p, w)| (p.to_lowercase(), *w)));
        theme.not.extend(own.not.iter().map(|(p, w)| (p.to_lowercase(), *w)));
    }
}
