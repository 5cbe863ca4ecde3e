//! Finds names, blocking phrases and theme phrases in one pass of one automaton over the folded line.
//!
//! The automaton reports every match that begins and ends with words; what a match is worth is decided here by the
//! capitals of the text: `Apple` and `APPLE` may be the company, `apple` is not; `UPS` is, `Ups` is not.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::gazetteer::Gazetteer;
use super::tokens::{Case, Words, gap, look};

/// What a pattern of the automaton stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A name of the gazetteer.
    Name(usize),
    /// A phrase inside which names do not count.
    Blocker,
    /// A phrase of the theme rules.
    Phrase(usize),
}

/// How the capitals of the text agree with those of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Letter for letter.
    Exact,
    /// In capitals where the name is not (`NVIDIA`).
    Upper,
    /// Otherwise (`Softbank`).
    Loose,
}

/// A name found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// First word.
    pub first: usize,
    /// One past the last word.
    pub end: usize,
    /// Which name.
    pub name: usize,
    /// Capitals.
    pub fit: Fit,
}

/// A theme phrase found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Which phrase.
    pub phrase: usize,
    /// First word.
    pub first: usize,
    /// One past the last word.
    pub end: usize,
}

/// Everything one pass found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Names, blocked ones left out, every overlap kept.
    pub names: Vec<Found>,
    /// Theme phrases.
    pub hits: Vec<Hit>,
}

/// The automaton and what its patterns mean.
#[derive(Debug)]
pub(super) struct Matcher {
    automaton: AhoCorasick,
    targets: Vec<Target>,
    shapes: Vec<Shape>,
}

/// What the text must look like for a name to count.
#[derive(Debug, Clone)]
struct Shape {
    surface: String,
    looks: Vec<u8>,
    /// The name itself has a comma, a bracket or an exclamation mark inside.
    broken: bool,
    /// Capitals of at most four letters: anything else is another word.
    acronym: bool,
}

impl Matcher {
    /// Builds the automaton from the names, the blockers and the theme phrases (a `*` at the end of a phrase leaves
    /// its last word open).
    pub(super) fn new(gazetteer: &Gazetteer, phrases: &[String]) -> Self {
        let mut patterns: Vec<String> = Vec::with_capacity(gazetteer.names.len() + phrases.len());
        let mut targets = Vec::with_capacity(patterns.capacity());
        let mut shapes = Vec::with_capacity(gazetteer.names.len());
        for (index, name) in gazetteer.names.iter().enumerate() {
            let words = Words::new(&name.surface);
            let looks: Vec<u8> = words.tokens.iter().map(|t| t.look).collect();
            let letters = words.folded.trim().chars().count();
            shapes.push(Shape {
                surface: name.surface.clone(),
                broken: words.tokens.iter().skip(1).any(|t| t.after(gap::HARD)),
                acronym: looks.len() == 1 && letters <= 4 && looks.iter().all(|l| l & look::UPPER != 0),
                looks,
            });
            if words.tokens.is_empty() {
                continue;
            }
            targets.push(Target::Name(index));
            patterns.push(words.folded);
        }
        for blocker in &gazetteer.blockers {
            let words = Words::new(blocker);
            if !words.tokens.is_empty() {
                targets.push(Target::Blocker);
                patterns.push(words.folded);
            }
        }
        for (index, phrase) in phrases.iter().enumerate() {
            let open = phrase.ends_with('*');
            let words = Words::new(phrase.trim_end_matches('*'));
            if !words.tokens.is_empty() {
                targets.push(Target::Phrase(index));
                patterns.push(if open {
                    words.folded.trim_end().to_owned()
                } else {
                    words.folded
                });
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .expect("a few tens of thousands of short patterns are far below the automaton's limits");
        Self {
            automaton,
            targets,
            shapes,
        }
    }

    /// Finds everything in a text.
    pub(super) fn scan(&self, words: &Words<'_>) -> Scan {
        let mut scan = Scan::default();
        let mut blocked: Vec<(usize, usize)> = Vec::new();
        for m in self.automaton.find_overlapping_iter(&words.folded) {
            let Some(&target) = self.targets.get(m.pattern().as_usize()) else {
                continue;
            };
            let Some(first) = words.at_folded(m.start() + 1) else {
                continue;
            };
            let end = words.tokens.partition_point(|t| t.folded_start + 1 < m.end());
            match target {
                Target::Name(name) => {
                    if let Some(fit) = self.fit(name, words, first, end) {
                        scan.names.push(Found { first, end, name, fit });
                    }
                }
                Target::Blocker => blocked.push((first, end)),
                Target::Phrase(phrase) => scan.hits.push(Hit { phrase, first, end }),
            }
        }
        if !blocked.is_empty() {
            scan.names
                .retain(|n| !blocked.iter().any(|&(a, b)| a <= n.first && n.end <= b));
        }
        scan
    }

    /// Whether the text's capitals and marks allow the name.
    fn fit(&self, name: usize, words: &Words<'_>, first: usize, end: usize) -> Option<Fit> {
        let shape = self.shapes.get(name)?;
        let tokens = words.tokens.get(first..end)?;
        if tokens.len() != shape.looks.len() {
            return None;
        }
        if !shape.broken && tokens.iter().skip(1).any(|t| t.after(gap::HARD)) {
            return None;
        }
        let surface = words.surface(first, end);
        if surface == shape.surface {
            return Some(Fit::Exact);
        }
        if words.case == Case::Upper {
            return Some(Fit::Upper);
        }
        if shape.acronym {
            return tokens.iter().all(|t| t.is(look::UPPER)).then_some(Fit::Exact);
        }
        let capitals = tokens
            .iter()
            .zip(&shape.looks)
            .all(|(t, l)| l & look::CAPITAL == 0 || t.is(look::CAPITAL));
        let first_is_capital = tokens
            .first()
            .is_some_and(|t| t.is(look::CAPITAL | look::NUMBER | look::WIDE));
        if !capitals || !first_is_capital {
            return None;
        }
        let upper = tokens
            .iter()
            .zip(&shape.looks)
            .any(|(t, l)| t.len() > 1 && t.is(look::UPPER) && l & look::UPPER == 0);
        Some(if upper { Fit::Upper } else { Fit::Loose })
    }
}
