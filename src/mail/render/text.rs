//! Lines of the text part.

use unicode_segmentation::UnicodeSegmentation;

/// Widest line, in characters; links are longer where they must be.
pub const COLUMNS: usize = 72;

/// Breaks text at blanks into lines of at most [`COLUMNS`], the first beginning with `first`, the others with `rest`. A
/// word that is longer stays whole: a broken link is worse than a long line.
#[must_use]
pub fn wrap(text: &str, first: &str, rest: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let (mut width, mut empty) = (columns(first), true);
    for word in text.split_whitespace() {
        let needed = columns(word);
        if !empty && width + 1 + needed > COLUMNS {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            (width, empty) = (columns(rest), true);
        }
        if !empty {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += needed;
        empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// Columns a text takes: two for each wide East Asian character, one for any other user-perceived character.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.graphemes(true)
        .map(|grapheme| match grapheme.chars().next() {
            Some(
                '\u{1100}'..='\u{115f}'
                | '\u{2e80}'..='\u{a4cf}'
                | '\u{ac00}'..='\u{d7a3}'
                | '\u{f900}'..='\u{faff}'
                | '\u{ff00}'..='\u{ff60}'
                | '\u{1f300}'..='\u{1faff}',
            ) => 2,
            _ => 1,
        })
        .sum()
}

/// Cuts a text to so many characters at a word's end, with an ellipsis where something is gone.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max.saturating_sub(1)).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    let kept = if whole.chars().count() * 2 >= max {
        whole
    } else {
        cut.as_str()
    };
    format!("{}…", kept.trim_end_matches([' ', ',', ';', ':', '-', '–', '—', '.']))
}

/// A row of bars, one for each number, scaled to the largest: `▁▁▂▁▇`.
#[must_use]
pub fn sparkline(days: &[u32]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = days.iter().copied().max().unwrap_or(0).max(1);
    days.iter()
        .map(|n| {
            let step = (u64::from(*n) * 7).div_ceil(u64::from(top));
            BARS.get(usize::try_from(step).unwrap_or(7)).copied().unwrap_or('█')
        })
        .collect()
}

/// Bytes of a text once it is quoted-printable (RFC 2045 section 6.7) with CRLF, which is what a size limit is about.
#[must_use]
pub fn quoted_printable_len(text: &str) -> usize {
    const SOFT_LINE: usize = 75;
    text.lines()
        .map(|line| {
            let encoded: usize = line
                .bytes()
                .map(|byte| {
                    if matches!(byte, b' '..=b'<' | b'>'..=b'~' | b'\t') {
                        1
                    } else {
                        3
                    }
                })
                .sum();
            encoded + 3 * (encoded / (SOFT_LINE - 3)) + 2
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(wrap(text, "1. ", "   "), expected.join("\n"));
    }

    #[test]
    fn wraps_at_blanks_and_never_inside_a_word() {
        check("Short", &["1. Short"]);
        check(
            "Nvidia agrees to buy a maker of network cards for seven billion dollars in cash",
            &[
                "1. Nvidia agrees to buy a maker of network cards for seven billion",
                "   dollars in cash",
            ],
        );
        let link = format!("https://example.org/{}", "a".repeat(90));
        check(&format!("See {link} now"), &["1. See", &format!("   {link}"), "   now"]);
    }

    #[test]
    fn shortens_at_a_word() {
        assert_eq!(shorten("Nvidia buys Mellanox", 40), "Nvidia buys Mellanox");
        assert_eq!(shorten("Nvidia buys Mellanox for cash", 22), "Nvidia buys Mellanox…");
        assert_eq!(shorten(&"x".repeat(50), 10).chars().count(), 10);
    }

    #[test]
    fn draws_days_on_their_own_scale() {
        assert_eq!(sparkline(&[0, 1, 2, 7]), "▁▂▃█");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn counts_encoded_bytes() {
        assert_eq!(quoted_printable_len("a=b\n"), 7);
        assert_eq!(quoted_printable_len("é\n"), 8);
        assert!(quoted_printable_len(&"a".repeat(1000)) >= 1000 + 3 * 13);
    }
}
