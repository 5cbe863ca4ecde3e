//! The words of `moves.toml`: markets, moves, and what stands between them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use foldhash::{HashMap, HashSet};
use serde::Deserialize;

use super::moves::Direction;
use super::tokens::Words;

const WORDS: &str = include_str!("moves.toml");
/// Most words of one phrase in `moves.toml`.
const PHRASE_WORDS: usize = 6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    up: Vec<String>,
    down: Vec<String>,
    flat: Vec<String>,
    links: Vec<String>,
    ends: Vec<String>,
    before: Vec<String>,
    never: Vec<String>,
    not_before: Vec<String>,
    wrap: Wrap,
    markets: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrap {
    market: String,
    anywhere: Vec<String>,
    first: Vec<String>,
    index: Vec<String>,
    before: Vec<String>,
}

/// What a phrase means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Market(u8),
    Moved(Direction),
    Link,
    End,
    Before,
    Never,
    NotBefore,
    WrapAnywhere,
    WrapFirst,
    Index,
    IndexBefore,
}

/// The phrases with what each may mean.
#[derive(Debug, Default)]
pub(super) struct Table {
    senses: HashMap<String, Vec<Sense>>,
    /// First words of phrases, so that most words need no further look.
    firsts: HashSet<String>,
    /// Markets by number.
    pub names: Vec<String>,
}

/// The shipped words.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(WORDS).unwrap_or_default());

impl Table {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(text)?;
        let mut table = Self::default();
        let lists = [
            (written.up, Sense::Moved(Direction::Up)),
            (written.down, Sense::Moved(Direction::Down)),
            (written.flat, Sense::Moved(Direction::Flat)),
            (written.links, Sense::Link),
            (written.ends, Sense::End),
            (written.before, Sense::Before),
            (written.never, Sense::Never),
            (written.not_before, Sense::NotBefore),
            (written.wrap.anywhere, Sense::WrapAnywhere),
            (written.wrap.first, Sense::WrapFirst),
            (written.wrap.index, Sense::Index),
            (written.wrap.before, Sense::IndexBefore),
        ];
        for (phrases, sense) in lists {
            table.add(phrases, sense);
        }
        table.names.push(written.wrap.market);
        for (market, phrases) in written.markets {
            let number = u8::try_from(table.names.len()).unwrap_or(u8::MAX);
            table.names.push(market);
            table.add(phrases, Sense::Market(number));
        }
        Ok(table)
    }

    fn add(&mut self, phrases: Vec<String>, sense: Sense) {
        for phrase in phrases {
            self.firsts
                .insert(phrase.split(' ').next().unwrap_or_default().to_owned());
            self.senses.entry(phrase).or_default().push(sense);
        }
    }

    /// The longest phrase from word `at` on that has such a sense, with what `pick` makes of it and its length.
    fn longest<T>(&self, words: &Words<'_>, at: usize, pick: impl Fn(Sense) -> Option<T>) -> Option<(T, usize)> {
        if !self.firsts.contains(words.word(at)) {
            return None;
        }
        let start = words.tokens.get(at)?.folded_start;
        (1..=PHRASE_WORDS).rev().find_map(|length| {
            let last = words.tokens.get(at + length - 1)?;
            let phrase = words.folded.get(start..last.folded_end)?;
            let found = self.senses.get(phrase)?.iter().find_map(|s| pick(*s))?;
            Some((found, length))
        })
    }

    /// How many words from `at` on are such a phrase.
    pub(super) fn is(&self, words: &Words<'_>, at: usize, sense: Sense) -> Option<usize> {
        self.longest(words, at, |s| (s == sense).then_some(())).map(|((), n)| n)
    }

    /// The direction that the words from `at` on tell.
    pub(super) fn moved(&self, words: &Words<'_>, at: usize) -> Option<Direction> {
        let direction = |s| match s {
            Sense::Moved(direction) => Some(direction),
            _ => None,
        };
        self.longest(words, at, direction).map(|(d, _)| d)
    }

    /// The market that the words from `at` on name, and how many they are.
    pub(super) fn market(&self, words: &Words<'_>, at: usize) -> Option<(u8, usize)> {
        let market = |s| match s {
            Sense::Market(number) => Some(number),
            _ => None,
        };
        self.longest(words, at, market)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_read() {
        assert!(Table::read(WORDS).is_ok_and(|table| table.names.len() > 30));
    }
}
