//! Whether a name in a headline is the company: a linear model over features a person can see.
//!
//! The weights stand in `weights.tsv`, one a line, fitted by `scripts/fit_context.py`; the sum goes through the
//! logistic function, and [`ACCEPT`] is the least probability that counts. Kinds of real case behind the features:
//!
//! - "Ford's profit" and "Gerald Ford": a possessive speaks for a company, a given name before against it.
//! - "Target Cuts Jobs" and "A Target for Hackers": what companies do follows; an article stands before.
//! - "rival Square", "chipmaker Arm": a role before the name is the best sign there is.
//! - "Amazon rainforest", "Best Buy Signals": the next word makes it something else.
//! - "Affirm (AFRM)": the ticker agrees.
//! - "Tyson Fury", "boxer Tyson": a person; "Firms Circle Volkswagen": an everyday word before a company is a verb.
//! - In a Title Case Headline a capital says little; in a sentence, in its middle, it says much.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Deserialize;

use super::features::{FEATURES, Feature, FeatureSet};
use super::gazetteer::{Company, Name, NameKind, doubt};
use super::matcher::Fit;
use super::tokens::{Case, Words, gap, look};

/// Least probability of a mention.
pub(super) const ACCEPT: f64 = 0.5;

/// What a word can be to a name beside it (bits).
pub(super) mod cue {
    pub const VERB: u16 = 1;
    pub const NOUN: u16 = 1 << 1;
    pub const LEGAL: u16 = 1 << 2;
    pub const ROLE: u16 = 1 << 3;
    pub const DEAL: u16 = 1 << 4;
    pub const GIVEN: u16 = 1 << 5;
    pub const DETERMINER: u16 = 1 << 6;
    pub const PREPOSITION: u16 = 1 << 7;
    pub const MARKET: u16 = 1 << 8;
    pub const ELSEWHERE: u16 = 1 << 9;
    /// An everyday English word.
    pub const COMMON: u16 = 1 << 10;
    /// Ends companies' names only.
    pub const LAST: u16 = 1 << 11;
    /// Ends companies' names among others.
    pub const LAST_WEAK: u16 = 1 << 12;
    /// A place, a people, a person of the news.
    pub const NATION: u16 = 1 << 13;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CueFile {
    verb_after: String,
    noun_after: String,
    legal_after: String,
    role_before: String,
    deal_before: String,
    given: String,
    determiner: String,
    preposition: String,
    market: String,
    elsewhere: String,
    last: String,
    last_weak: String,
    nation: String,
}

/// Cue words and weights.
#[derive(Debug)]
pub(super) struct Context {
    cues: HashMap<String, u16, BuildHasherDefault<WordHasher>>,
    weights: Vec<f64>,
}

/// FNV-1a: every word of every headline is looked up, and only built-in words are ever inserted.
#[derive(Debug)]
struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A name in its headline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub words: &'a Words<'a>,
    /// Cue bits of each word.
    pub cues: &'a [u16],
    pub first: usize,
    pub end: usize,
    pub fit: Fit,
    pub name: &'a Name,
    pub company: &'a Company,
    /// A ticker of the company stands in the headline.
    pub ticker: bool,
    /// How many other companies the headline surely names.
    pub peers: usize,
    /// A sure company stands beside it in a list.
    pub list: bool,
    /// A sure company follows without a sign between: "Firms Circle Volkswagen".
    pub company_after: bool,
}

impl Context {
    pub(super) fn new() -> Self {
        let file: CueFile =
            toml::from_str(include_str!("cues.toml")).expect("cues.toml is part of the program and read by a test");
        let mut cues: HashMap<String, u16, _> =
            HashMap::with_capacity_and_hasher(48_000, BuildHasherDefault::default());
        let common = include_str!("words.txt")
            .lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(str::split_whitespace);
        for word in common {
            cues.insert(word.to_owned(), cue::COMMON);
        }
        for (words, bit) in [
            (&file.verb_after, cue::VERB),
            (&file.noun_after, cue::NOUN),
            (&file.legal_after, cue::LEGAL),
            (&file.role_before, cue::ROLE),
            (&file.deal_before, cue::DEAL),
            (&file.given, cue::GIVEN),
            (&file.determiner, cue::DETERMINER),
            (&file.preposition, cue::PREPOSITION),
            (&file.market, cue::MARKET),
            (&file.elsewhere, cue::ELSEWHERE),
            (&file.last, cue::LAST),
            (&file.last_weak, cue::LAST_WEAK),
            (&file.nation, cue::NATION),
        ] {
            for word in words.split_whitespace() {
                *cues.entry(word.to_owned()).or_default() |= bit;
            }
        }
        let mut weights = vec![0.0; FEATURES.len()];
        for line in include_str!("weights.tsv").lines().filter(|l| !l.starts_with('#')) {
            let Some((text, weight)) = line.split_once('\t') else {
                continue;
            };
            if let Some(slot) = FEATURES
                .iter()
                .position(|(_, t)| *t == text)
                .and_then(|i| weights.get_mut(i))
            {
                *slot = weight.trim().parse().unwrap_or(0.0);
            }
        }
        Self { cues, weights }
    }

    /// Cue bits of a folded word.
    pub(super) fn cue(&self, word: &str) -> u16 {
        self.cues.get(word).copied().unwrap_or(0)
    }

    /// Cue bits of every word of a text.
    pub(super) fn cues(&self, words: &Words<'_>) -> Vec<u16> {
        (0..words.tokens.len()).map(|i| self.cue(words.word(i))).collect()
    }

    /// The probability that a candidate is the company.
    pub(super) fn score(&self, features: FeatureSet, lean: f64) -> f64 {
        let sum: f64 = features.numbers().filter_map(|n| self.weights.get(n)).sum();
        1.0 / (1.0 + (-sum - lean).exp())
    }

    /// The features that moved the score most, in words.
    pub(super) fn reason(&self, features: FeatureSet, lean: f64) -> String {
        let mut parts: Vec<(f64, &str)> = self
            .weights
            .iter()
            .zip(FEATURES)
            .filter(|(w, (f, _))| features.has(*f) && *f != Feature::Bias && w.abs() >= 0.2)
            .map(|(w, (_, text))| (*w, *text))
            .collect();
        if lean != 0.0 {
            parts.push((lean, "usual meaning"));
        }
        parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let mut text = String::new();
        for (weight, name) in parts.into_iter().take(5) {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(name);
            text.push_str(if weight > 0.0 { " +" } else { " -" });
        }
        text
    }
}

impl Candidate<'_> {
    fn cue(&self, index: Option<usize>) -> u16 {
        index.and_then(|i| self.cues.get(i)).copied().unwrap_or(0)
    }

    /// What can be seen at this name.
    pub(super) fn features(&self) -> FeatureSet {
        use Feature as F;
        let mut set = FeatureSet::default();
        self.name_features(&mut set);
        let cued = self.neighbor_features(&mut set);
        let words = self.words;
        let doubtful = self.name.doubt & !doubt::SHARED & !doubt::CURATED != 0;
        let market = self.cues.iter().filter(|c| **c & cue::MARKET != 0).count();
        set.put(F::Market, market == 1);
        set.put(F::Market2, market >= 2);
        set.put(F::Elsewhere, self.cues.iter().any(|c| c & cue::ELSEWHERE != 0));
        set.put(F::Ticker, self.ticker);
        set.put(F::Peer, self.peers > 0);
        set.put(F::List, self.list);
        set.put(F::DoubtTitle, doubtful && words.case == Case::Title);
        set.put(F::DoubtUpper, doubtful && words.case == Case::Upper);
        set.put(
            F::DoubtMid,
            doubtful && words.case == Case::Sentence && !set.has(F::First) && !set.has(F::ClauseFirst),
        );
        set.put(
            F::DoubtFirst,
            doubtful && (set.has(F::First) || set.has(F::ClauseFirst)),
        );
        set.put(F::DoubtNoCue, doubtful && !cued && !self.ticker && self.peers == 0);
        set.put(F::DoubtMarket, doubtful && market > 0);
        let everyday = self.name.doubt & doubt::WORD != 0;
        set.put(F::CompanyAfter, everyday && self.company_after);
        set.put(F::SmallNoCue, self.company.tier >= 3 && !cued && !self.ticker);
        set
    }

    fn name_features(&self, set: &mut FeatureSet) {
        use Feature as F;
        set.put(F::Bias, true);
        for (bit, feature) in [
            (doubt::WORD, F::Word),
            (doubt::GIVEN, F::Given),
            (doubt::PLACE, F::Place),
            (doubt::PHRASE, F::Phrase),
            (doubt::SHARED, F::Shared),
            (doubt::SHORT, F::Short),
            (doubt::CURATED, F::Curated),
        ] {
            set.put(feature, self.name.doubt & bit != 0);
        }
        set.put(F::Sure, self.name.doubt == 0);
        set.put(
            match self.company.tier {
                1 => F::Tier1,
                2 => F::Tier2,
                3 => F::Tier3,
                _ => F::Tier4,
            },
            true,
        );
        set.put(
            match self.fit {
                Fit::Exact => F::Exact,
                Fit::Upper => F::UpperFit,
                Fit::Loose => F::LooseFit,
            },
            true,
        );
        let count = self.end - self.first;
        let letters = self.words.tokens.get(self.first).map_or(0, super::tokens::Token::len);
        set.put(F::OneWord, count == 1);
        set.put(F::LongWord, count == 1 && letters >= 8);
        set.put(F::ManyWords, count >= 3);
        set.put(
            F::Acronym,
            count == 1 && letters <= 5 && self.words.tokens.get(self.first).is_some_and(|t| t.is(look::UPPER)),
        );
        set.put(F::Product, self.name.kind == NameKind::Product);
        set.put(F::Small, self.company.tier >= 3 && count == 1);
        let word = self.name.doubt & doubt::WORD != 0;
        set.put(F::WordMinor, word && self.company.tier == 2);
        set.put(F::WordSmall, word && self.company.tier >= 3);
    }

    /// Features of the words beside the name; whether one of them speaks for a company.
    fn neighbor_features(&self, set: &mut FeatureSet) -> bool {
        use Feature as F;
        let words = self.words;
        let before = self.first.checked_sub(1);
        let gap_before = words.gap(self.first);
        set.put(F::First, before.is_none());
        let clause_first = before.is_some() && gap_before & gap::CLAUSE != 0;
        set.put(F::ClauseFirst, clause_first);
        set.put(F::Hash, gap_before & gap::HASH != 0);
        set.put(F::HyphenBefore, gap_before & gap::HYPHEN != 0);

        let last = words.tokens.get(self.end.saturating_sub(1));
        let possessive = words.tokens.get(self.end).is_some_and(|t| t.is(look::POSSESSIVE));
        let apostrophe = last.is_some_and(|t| t.is(look::APOSTROPHE));
        set.put(F::Possessive, possessive || apostrophe);
        let after = if possessive { self.end + 1 } else { self.end };
        let gap_after = words.gap(after);
        let next = words.tokens.get(after);
        set.put(F::Last, next.is_none());
        set.put(
            F::EndBefore,
            next.is_some() && gap_after & (gap::CLAUSE | gap::CLOSE) != 0,
        );
        set.put(F::CommaAfter, next.is_some() && gap_after & gap::COMMA != 0);
        set.put(F::Quoted, gap_before & gap::QUOTE != 0 && gap_after & gap::QUOTE != 0);
        let adjacent = gap_after & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0;
        let hyphen = gap_after & gap::HYPHEN != 0;
        set.put(F::HyphenAfter, hyphen && !self.list);
        let cue_after = if adjacent { self.cue(Some(after)) } else { 0 };
        set.put(
            F::HyphenCompany,
            hyphen
                && matches!(
                    words.word(after),
                    "backed" | "owned" | "led" | "made" | "controlled" | "branded" | "founded"
                ),
        );
        set.put(F::VerbAfter, !hyphen && cue_after & cue::VERB != 0);
        set.put(F::NounAfter, !hyphen && cue_after & cue::NOUN != 0);
        set.put(F::LegalAfter, !hyphen && cue_after & cue::LEGAL != 0);
        set.put(F::OfAfter, adjacent && words.word(after) == "of");
        set.put(F::AndAfter, matches!(words.word(after), "and" | "&"));
        if let Some(next) = next.filter(|_| adjacent && !hyphen) {
            let plain = cue_after & (cue::VERB | cue::NOUN | cue::LEGAL) == 0;
            let capital = next.is(look::CAPITAL) && !next.is(look::POSSESSIVE);
            set.put(F::CapitalAfter, capital && plain && words.case == Case::Sentence);
            set.put(F::TitleAfter, capital && plain && words.case != Case::Sentence);
            set.put(F::LowerAfter, plain && !capital && !next.is(look::NUMBER));
            set.put(F::NumberAfter, next.is(look::NUMBER));
            // "Tyson Fury": the name is a person's given name, and a capital goes on from it.
            let given = self.end - self.first == 1 && self.cue(Some(self.first)) & cue::GIVEN != 0;
            set.put(
                F::FamilyAfter,
                given && capital && plain && words.case == Case::Sentence && !possessive,
            );
            set.put(
                F::WordFirstLower,
                before.is_none() && plain && !capital && self.name.doubt & doubt::WORD != 0,
            );
        }

        let linked = gap_before & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0;
        let cue_before = if linked { self.cue(before) } else { 0 };
        set.put(F::RoleBefore, cue_before & cue::ROLE != 0);
        set.put(F::DealBefore, cue_before & cue::DEAL != 0);
        set.put(F::GivenBefore, cue_before & cue::GIVEN != 0);
        set.put(
            F::Person,
            cue_before & cue::GIVEN != 0 && self.name.doubt & doubt::GIVEN != 0,
        );
        set.put(F::Determiner, cue_before & cue::DETERMINER != 0);
        set.put(F::Preposition, cue_before & cue::PREPOSITION != 0);
        if let Some(previous) = before.and_then(|i| words.tokens.get(i)).filter(|_| linked) {
            let word = before.map_or("", |i| words.word(i));
            set.put(F::PlaceBefore, matches!(word, "in" | "at" | "near" | "inside" | "on"));
            set.put(F::OfBefore, word == "of");
            set.put(F::NumberBefore, previous.is(look::NUMBER));
            let plain = cue_before & (cue::ROLE | cue::DEAL | cue::DETERMINER | cue::PREPOSITION) == 0;
            let capital = previous.is(look::CAPITAL) && plain;
            let opens = before == Some(0) || before.is_some_and(|i| words.gap(i) & gap::CLAUSE != 0);
            set.put(F::CapitalBefore, capital && words.case == Case::Sentence && !opens);
            set.put(F::TitleBefore, capital && words.case != Case::Sentence);
        }
        set.has(F::Possessive)
            || set.has(F::VerbAfter)
            || set.has(F::NounAfter)
            || set.has(F::LegalAfter)
            || set.has(F::RoleBefore)
            || set.has(F::HyphenCompany)
    }
}
