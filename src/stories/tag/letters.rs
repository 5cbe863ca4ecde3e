//! Letter by letter: what belongs to a word, what a word looks like, its folded form.

use unicode_normalization::UnicodeNormalization as _;

use super::tokens::look;

/// Whether `d` belongs to the word that began at `start`.
pub(super) fn continues(text: &str, start: usize, at: usize, last: char, d: char, next: char) -> bool {
    if d.is_alphanumeric() {
        return true;
    }
    match d {
        '&' | '\'' | '\u{2019}' => last.is_alphanumeric() && next.is_alphanumeric() && !is_wide(next),
        '+' => last.is_alphabetic(),
        ',' => last.is_ascii_digit() && next.is_ascii_digit(),
        '.' => {
            (last.is_ascii_digit() && next.is_ascii_digit())
                || (last.is_alphabetic() && next.is_alphabetic())
                // The last stop of U.S. or J.P.
                || text.get(start..at).is_some_and(|w| w.contains('.') && !w.contains(|c: char| c.is_ascii_digit()) && w.len() <= 6)
        }
        _ => false,
    }
}

/// Scripts that write no spaces: each character is a word of its own.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// Bits of [`look`] that a word's letters say.
pub(super) fn look_of(word: &str) -> u8 {
    let mut bits = 0;
    let mut letters = 0_usize;
    let mut capitals = 0_usize;
    for (i, c) in word.chars().enumerate() {
        if c.is_ascii_digit() {
            bits |= look::DIGIT;
            if i == 0 {
                bits |= look::NUMBER;
            }
        } else if is_wide(c) {
            bits |= look::WIDE;
        } else if c.is_alphabetic() {
            letters += 1;
            if c.is_uppercase() {
                capitals += 1;
                if letters == 1 {
                    bits |= look::CAPITAL;
                }
            }
        }
    }
    if letters > 0 && letters == capitals {
        bits |= look::UPPER;
    }
    bits
}

/// Lower case, accents off, dots out of abbreviations, curly apostrophes straight.
pub(super) fn fold(word: &str, out: &mut String) {
    let dotted = word.contains('.') && !word.contains(|c: char| c.is_ascii_digit()) && {
        word.split('.').all(|part| part.chars().count() <= 1)
    };
    for c in word.chars() {
        match c {
            '.' if dotted => {}
            _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            '\u{2019}' => out.push('\''),
            '\u{df}' => out.push_str("ss"),
            '\u{f8}' | '\u{d8}' => out.push('o'),
            '\u{142}' | '\u{141}' => out.push('l'),
            '\u{e6}' | '\u{c6}' => out.push_str("ae"),
            '\u{153}' | '\u{152}' => out.push_str("oe"),
            '\u{131}' => out.push('i'),
            _ if is_wide(c) => out.push(c),
            _ => out.extend(
                std::iter::once(c)
                    .nfkd()
                    .filter(|d| !unicode_normalization::char::is_combining_mark(*d))
                    .flat_map(char::to_lowercase),
            ),
        }
    }
}
