//! Text that was decoded wrongly before it reached the feed.
//!
//! Heuristics:
//! - "cafÃ©" is UTF-8 that a program took for windows-1252 and encoded again. It is undone when the whole text maps
//!   back to bytes and these are UTF-8: chance alone does not do that.
//! - C1 control characters are windows-1252 punctuation whose bytes were taken for Latin-1.

use super::entities::{cp1252, to_cp1252};

/// A text with its old mistakes undone and control characters removed.
pub(super) fn text(text: &str) -> String {
    let clean = !text
        .bytes()
        .any(|byte| (byte < b' ' && byte != b'\n' && byte != b'\t') || byte == 0xc2 || byte == 0xc3 || byte == 0x7f);
    if clean {
        return text.to_owned();
    }
    let text = undo_double_encoding(text).unwrap_or_else(|| text.to_owned());
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{80}'..='\u{9f}' => out.extend(cp1252(u32::from(c))),
            '\n' | '\t' => out.push(c),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    out
}

fn undo_double_encoding(text: &str) -> Option<String> {
    // A lead byte of UTF-8 shows as one of these letters.
    if !text.contains(|c| matches!(c, '\u{c2}'..='\u{f4}')) {
        return None;
    }
    let bytes = text.chars().map(to_cp1252).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wrong: &str, right: &str) {
        assert_eq!(text(wrong), right, "{wrong:?}");
    }

    #[test]
    fn mistakes_are_undone() {
        check("cafÃ©", "café");
        check("itâ€™s", "it’s");
        check("café", "café");
        check("Ã", "Ã");
        check("a\u{93}b\u{94}", "a“b”");
        check("a\r\nb\rc\u{8}", "a\nb\nc");
    }
}
