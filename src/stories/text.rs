//! Headlines and summaries as terms: words, numbers with their units, CJK bigrams.
//!
//! Language-agnostic: Unicode word boundaries, compatibility forms folded, lower case; of endings the plural "s" is cut,
//! the commonest of English ("flights cancelled" and "flight cancellations"), and what Cyrillic words are inflected with: a
//! name has up to twelve forms there. No stop words: how little a common word says is learnt from the stream. Everything is
//! capped, so that a hostile text costs no more than a long honest one.
//!
//! - A name of the outlet at a headline's end ("... | Reuters") says nothing about the event and is cut.
//! - "$6.4 billion", "$6.4bn" and "6.4 bn" are one number; "28 percent" and "28%" too. Numbers tell two days of one
//!   template apart, and join two outlets that report one deal. "6,4 млрд" is that number too.

use crate::model::{decimal, magnitude};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Longest part of a headline that is read, in bytes.
const TITLE_BYTES_MAX: usize = 512;
/// Longest part of a summary that is read, in bytes.
const SUMMARY_BYTES_MAX: usize = 900;
/// Most terms of a headline.
pub const TITLE_TERMS_MAX: usize = 40;
/// Most terms of a summary.
pub const SUMMARY_TERMS_MAX: usize = 80;
/// Longest term, in characters; the rest is cut.
const TERM_CHARS_MAX: usize = 32;
/// A headline shorter than this after the cut keeps its outlet-like ending.
const TITLE_KEPT_CHARS: usize = 25;
/// Longest ending that is taken for an outlet's name.
const OUTLET_CHARS_MAX: usize = 40;

/// Least that is left of a word without its ending: of a short word the ending is too large a part.
const STEM_CHARS_MIN: usize = 5;
/// Endings of Russian and Ukrainian nouns, adjectives and verbs.
const ENDINGS: [&str; 90] = [
    "иями", "ями", "ами", "иях", "ах", "ях", "ого", "его", "ому", "ему", "ыми", "ими", "ией", "ов", "ев", "ей", "ам",
    "ям", "ом", "ем", "ой", "ый", "ий", "ая", "яя", "ое", "ее", "ые", "ие", "ую", "юю", "ым", "им", "ых", "их", "ия",
    "ию", "ии", "а", "я", "о", "е", "ы", "и", "у", "ю", "ь", "й", "і", "ї", "є", "ів", "їв", "ою", "ею", "ій", "ої",
    "ньої", "ними", "ння", "нню", "нням", "л", "ла", "ло", "ли", "лся", "лась", "лось", "лись", "ть", "ться", "ет",
    "ют", "ит", "ят", "ал", "ала", "ало", "али", "ил", "ила", "ило", "или", "ает", "яет", "ают", "яют", "ует", "уют",
];

/// Endings of English words without their plural "s", longer ones before what they end in.
const ENGLISH_ENDINGS: [&str; 14] = [
    "ation", "ator", "ment", "ing", "ion", "ied", "er", "or", "ed", "ie", "al", "ly", "e", "y",
];
/// Least that is left of an English word.
const ENGLISH_STEM_MIN: usize = 4;

/// What kind of term it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A word, or a CJK bigram.
    Word,
    /// A number that names something: with a unit, a fraction or at least three digits.
    Number,
}

/// One term of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Its folded form; a number as value and unit (`6.4e9`, `28%`).
    pub text: String,
    /// Its kind.
    pub kind: Kind,
    /// What was cut from the word's end, for people to read it whole.
    pub ending: String,
}

impl Term {
    fn whole(text: String) -> Self {
        Self {
            text,
            kind: Kind::Word,
            ending: String::new(),
        }
    }
}

/// A term as people write it: `6.4e9` as `6.4 billion`, a word with its ending.
#[must_use]
pub fn as_written(text: &str, ending: &str) -> String {
    let exponents = [
        ("e12", " trillion"),
        ("e9", " billion"),
        ("e6", " million"),
        ("e3", " thousand"),
    ];
    let number = text.starts_with(|c: char| c.is_ascii_digit());
    let spelled = exponents
        .iter()
        .filter(|_| number)
        .find_map(|(unit, word)| Some(format!("{}{word}", text.strip_suffix(unit)?)));
    spelled.unwrap_or_else(|| format!("{text}{ending}"))
}

/// Cuts an outlet's name off a headline's end: `Big deal announced by Acme | Reuters`.
///
/// Gives the headline and the name, where there was one.
#[must_use]
pub fn split_outlet(title: &str) -> (&str, Option<&str>) {
    let title = title.trim();
    let mut best = None;
    for (at, separator) in title
        .char_indices()
        .filter(|(_, c)| matches!(c, '|' | '-' | '\u{2013}' | '\u{2014}'))
    {
        let (Some(head), Some(tail)) = (title.get(..at), title.get(at + separator.len_utf8()..)) else {
            continue;
        };
        if head.ends_with(char::is_whitespace) && tail.starts_with(char::is_whitespace) {
            best = Some((head.trim_end(), tail.trim()));
        }
    }
    match best {
        Some((head, tail))
            if head.chars().count() >= TITLE_KEPT_CHARS && (2..=OUTLET_CHARS_MAX).contains(&tail.chars().count()) =>
        {
            (head, Some(tail))
        }
        _ => (title, None),
    }
}

/// The terms of a headline, in order.
#[must_use]
pub fn title_terms(title: &str) -> Vec<Term> {
    terms(capped(title, TITLE_BYTES_MAX), TITLE_TERMS_MAX)
}

/// The terms of a summary, in order.
#[must_use]
pub fn summary_terms(summary: &str) -> Vec<Term> {
    terms(capped(summary, SUMMARY_BYTES_MAX), SUMMARY_TERMS_MAX)
}

fn capped(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

fn terms(text: &str, max: usize) -> Vec<Term> {
    let folded = folded(text);
    if folded.is_ascii() {
        terms_of(&ascii_tokens(&folded), max)
    } else {
        terms_of(&tokens(&folded), max)
    }
}

/// Words and marks between Unicode's word boundaries.
fn tokens(text: &str) -> Vec<&str> {
    text.split_word_bounds().filter(|t| !t.trim().is_empty()).collect()
}

/// The same of ASCII alone, of which the library finds the words several times as fast.
fn ascii_tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::with_capacity(text.len() / 5);
    let mut end = 0;
    for (start, word) in text.unicode_word_indices() {
        found.extend(ascii_marks(text, end, start));
        found.push(word);
        end = start + word.len();
    }
    found.extend(ascii_marks(text, end, text.len()));
    found
}

fn ascii_marks(text: &str, start: usize, end: usize) -> impl Iterator<Item = &str> {
    let between = text.get(start..end).unwrap_or_default();
    between.split_inclusive(|_| true).filter(|mark| !mark.trim().is_empty())
}

fn terms_of(tokens: &[&str], max: usize) -> Vec<Term> {
    let mut found = Vec::with_capacity(tokens.len().min(max));
    let mut at = 0;
    while let Some(token) = tokens.get(at).copied() {
        if found.len() >= max {
            break;
        }
        at += 1;
        let next = tokens.get(at).copied().unwrap_or_default();
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            let (term, took_next) = number(token, next);
            found.push(term);
            at += usize::from(took_next);
        } else if token.chars().next().is_some_and(is_cjk) {
            at = bigrams(tokens, at, &mut found, max);
        } else if token.chars().any(char::is_alphanumeric) {
            found.push(word(token));
        }
    }
    found
}

/// Lower case, compatibility forms and apostrophes made one.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower = |c: char| if c == '\u{2019}' { '\'' } else { c }.to_lowercase();
    // Most texts are normal already: looking is much cheaper than making them so.
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.chars().flat_map(lower).collect(),
        IsNormalized::No | IsNormalized::Maybe => text.nfkc().flat_map(lower).collect(),
    }
}

/// Whether words of this script are written without spaces between them.
#[must_use]
pub fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Joins a run of CJK tokens, which end after each character, and takes its bigrams. Gives where the run ends.
fn bigrams(tokens: &[&str], after_first: usize, found: &mut Vec<Term>, max: usize) -> usize {
    let first = after_first.saturating_sub(1);
    let run: Vec<char> = tokens
        .iter()
        .skip(first)
        .take(2 * max)
        .take_while(|t| t.chars().next().is_some_and(is_cjk))
        .flat_map(|t| t.chars())
        .collect();
    let n_tokens = tokens
        .iter()
        .skip(first)
        .take(2 * max)
        .take_while(|t| t.chars().next().is_some_and(is_cjk))
        .count();
    let room = max.saturating_sub(found.len());
    if run.len() == 1 {
        found.extend(run.iter().map(|c| Term::whole(c.to_string())));
    }
    found.extend(run.windows(2).take(room).map(|pair| Term::whole(pair.iter().collect())));
    first + n_tokens.max(1)
}

fn word(token: &str) -> Term {
    let bare = token.strip_suffix("'s").unwrap_or(token).trim_matches('\'');
    let mut text: String = if bare.len() <= TERM_CHARS_MAX && !bare.contains('.') {
        bare.to_owned()
    } else {
        bare.chars().filter(|c| *c != '.').take(TERM_CHARS_MAX).collect()
    };
    let plural = text.len() > 4 && text.ends_with('s') && !text.ends_with("ss") && text.chars().count() > 4;
    let stem = text.strip_suffix('s').filter(|_| plural).unwrap_or(&text);
    let stem = if stem.chars().next_back().is_some_and(is_cyrillic) {
        without_cyrillic_ending(stem)
    } else if stem.is_ascii() {
        without_english_ending(stem)
    } else {
        stem
    };
    let ending = text.split_off(stem.len());
    Term {
        text,
        kind: Kind::Word,
        ending,
    }
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}

/// Cuts the longest inflection of a Cyrillic word that leaves enough of it.
fn without_cyrillic_ending(word: &str) -> &str {
    let n_chars = word.chars().count();
    let endings = ENDINGS.iter().filter_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        (ending.chars().count() + STEM_CHARS_MIN <= n_chars).then_some(stem)
    });
    endings.min_by_key(|stem| stem.len()).unwrap_or(word)
}

/// Cuts the first ending that leaves enough of an English word, and a letter that was doubled before it.
fn without_english_ending(word: &str) -> &str {
    let mut stems = ENGLISH_ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    let Some(stem) = stems.find(|stem| stem.len() >= ENGLISH_STEM_MIN) else {
        return word;
    };
    let mut back = stem.chars().rev();
    let last = back.next();
    let doubled = last == back.next() && stem.len() > ENGLISH_STEM_MIN;
    last.filter(|_| doubled)
        .and_then(|letter| stem.strip_suffix(letter))
        .unwrap_or(stem)
}

/// Reads `6.4bn`, `35,553`, `28` before `%`; says whether the next token was its unit.
fn number(token: &str, next: &str) -> (Term, bool) {
    let digits = token
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .unwrap_or(token.len());
    let (value, suffix) = token.split_at_checked(digits).unwrap_or((token, ""));
    let value: String = decimal(value).chars().take(TERM_CHARS_MAX).collect();
    let (unit, took_next) = match (magnitude(suffix), magnitude(next)) {
        (Some(unit), _) => (unit, false),
        (None, Some(unit)) if suffix.is_empty() => (unit, true),
        _ => ("", false),
    };
    if unit.is_empty() && !suffix.is_empty() {
        return (word(token), false);
    }
    let value = value.trim_end_matches('.');
    let year = value.parse::<u32>().is_ok_and(|n| (1900..2100).contains(&n));
    let telling = !unit.is_empty() || value.contains('.') || (value.len() >= 3 && !year);
    let kind = if telling { Kind::Number } else { Kind::Word };
    (
        Term {
            text: format!("{value}{unit}"),
            kind,
            ending: String::new(),
        },
        took_next,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ascii_has_the_same_terms_either_way(text in "[ -~\t\n]{0,80}|([$(\"]?[0-9.,]{1,7}( ?(bn|billion|%|_+|m))?[ ;:'._]){1,9}") {
            prop_assert_eq!(terms_of(&ascii_tokens(&text), 40), terms_of(&tokens(&text), 40));
        }
    }

    #[track_caller]
    fn check(title: &str, expected: &[&str]) {
        let terms = title_terms(title);
        let found: Vec<&str> = terms.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(found, expected, "{title}");
    }

    #[test]
    fn words_are_folded() {
        check("Acme\u{2019}s plants: NO strikes", &["acme", "plant", "no", "strik"]);
        check("U.S. gas falls", &["us", "gas", "fall"]);
    }

    #[test]
    fn an_english_word_is_one_in_its_commonest_forms() {
        check(
            "flights cancelled, flight cancellations, cancel",
            &["flight", "cancel", "flight", "cancel", "cancel"],
        );
        check("surge surges surged surging", &["surg"; 4]);
        check("invest investor investing investment", &["invest"; 4]);
        check("rally rallies rallied", &["rall"; 3]);
        check("bring sing red bed gas", &["bring", "sing", "red", "bed", "gas"]);
    }

    #[test]
    fn people_are_shown_what_was_written() {
        let written = |text: &str| -> Vec<String> {
            let terms = title_terms(text);
            terms.iter().map(|t| as_written(&t.text, &t.ending)).collect()
        };
        assert_eq!(
            written("Rescue talks: cancelled suits cost $6.4bn, 28% more"),
            [
                "rescue",
                "talks",
                "cancelled",
                "suits",
                "cost",
                "6.4 billion",
                "28%",
                "more"
            ]
        );
    }

    #[test]
    fn one_number_has_one_form() {
        check("$6.4bn", &["6.4e9"]);
        check("6.4 billion", &["6.4e9"]);
        check("6,4 млрд", &["6.4e9"]);
        check("35,553", &["35553"]);
        check("28 percent", &["28%"]);
    }

    #[test]
    fn a_cyrillic_word_is_one_in_all_its_forms() {
        check("завод завода заводу заводом заводов", &["завод"; 5]);
        check("столица столицы столицей столицами", &["столиц"; 4]);
        check("год года; он", &["год", "года", "он"]);
    }
}
