//! Words with a capital that may be part of a name no list has, and runs of them.

use super::context::cue;
use super::tokens::{Case, Token, Words, gap, look};

/// A headline's words, what each is known for, and which belong to a name already.
pub(super) struct Capitals<'a> {
    pub words: &'a Words<'a>,
    pub cues: &'a [u16],
    pub taken: &'a [bool],
}

impl Capitals<'_> {
    pub(super) fn token(&self, index: usize) -> Option<&Token> {
        self.words.tokens.get(index)
    }

    pub(super) fn cue(&self, index: usize) -> u16 {
        self.cues.get(index).copied().unwrap_or(0)
    }

    pub(super) fn is_taken(&self, index: usize) -> bool {
        self.taken.get(index).copied().unwrap_or(false)
    }

    /// A word that may be part of an unlisted name.
    pub(super) fn proper(&self, index: usize) -> bool {
        self.token(index)
            .is_some_and(|t| t.is(look::CAPITAL) && !t.is(look::POSSESSIVE | look::WIDE))
            && !self.is_taken(index)
            && self.cue(index) & (cue::DETERMINER | cue::PREPOSITION) == 0
            && !self.words.word(index).ends_with("n't")
    }

    /// A proper word that is no everyday word, verb or given name.
    pub(super) fn rare(&self, index: usize) -> bool {
        self.proper(index)
            && self.cue(index)
                & (cue::COMMON
                    | cue::VERB
                    | cue::GIVEN
                    | cue::NOUN
                    | cue::ROLE
                    | cue::MARKET
                    | cue::LEGAL
                    | cue::NATION)
                == 0
            && self.token(index).is_some_and(|t| t.len() >= 3 && !t.is(look::NUMBER))
    }

    /// A capital inside the word (`DigitalBridge`), not all capitals.
    pub(super) fn camel(&self, index: usize) -> bool {
        let Some(token) = self.token(index) else { return false };
        if token.is(look::UPPER) || token.len() < 5 {
            return false;
        }
        let text = self.words.surface(index, index + 1);
        !text.starts_with("Mc")
            && !text.starts_with("Mac")
            && !text.starts_with("De")
            && !text.contains('\'')
            && !text.contains('\u{2019}')
            && text.bytes().all(|b| b.is_ascii_alphabetic())
            && text.bytes().skip(1).filter(u8::is_ascii_uppercase).count() == 1
            && text.bytes().last().is_some_and(|b| b.is_ascii_lowercase())
    }

    /// The start of a run of at most `most` proper words that ends before `end`.
    pub(super) fn run_before(&self, end: usize, most: usize) -> Option<usize> {
        let mut first = end;
        while first > 0 && end - first < most {
            let index = first - 1;
            let joined = first == end || self.words.gap(first) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0;
            let title = self.words.case != Case::Sentence;
            let allowed = if title && first < end {
                self.proper(index) && self.cue(index) & cue::VERB == 0
            } else {
                self.proper(index)
            };
            if !joined || !allowed {
                break;
            }
            first = index;
        }
        (first < end && (first..end).any(|i| self.rare(i))).then_some(first)
    }

    /// The end of a run of rare words that begins at `first`, at most three.
    pub(super) fn run_after(&self, first: usize) -> usize {
        let mut end = first + 1;
        while end < first + 3 && self.rare(end) && self.words.gap(end) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0 {
            end += 1;
        }
        end
    }
}
