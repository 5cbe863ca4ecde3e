//! Character references in XML: the five of XML, all of HTML (declared or not), numbers of any kind.

use html5ever::data::NAMED_ENTITIES;

/// What windows-1252 has at 0x80 to 0x9F: references to these numbers always mean it.
const CP1252: [char; 32] = [
    '\u{20ac}', '\u{fffd}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{fffd}', '\u{17d}', '\u{fffd}', '\u{fffd}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{fffd}', '\u{17e}', '\u{178}',
];

/// The character windows-1252 has where Unicode has the control character `code` (0x80 to 0x9F).
pub(super) fn cp1252(code: u32) -> Option<char> {
    CP1252
        .get(usize::try_from(code).ok()?.checked_sub(0x80)?)
        .copied()
        .filter(|c| *c != '\u{fffd}')
}

/// The byte windows-1252 has for a character.
pub(super) fn to_cp1252(c: char) -> Option<u8> {
    let code = u32::from(c);
    if code < 0x80 || (0x80..=0xff).contains(&code) {
        return u8::try_from(code).ok();
    }
    let at = CP1252.iter().position(|known| *known == c && c != '\u{fffd}')?;
    u8::try_from(0x80 + at).ok()
}

/// Appends what `&name;` stands for; an unknown name stays as written. `high` carries half of a surrogate pair that
/// was written as two references.
pub(super) fn push(out: &mut String, name: &str, high: &mut Option<u32>) {
    let waiting = high.take();
    if let Some(digits) = name.strip_prefix('#') {
        let code = digits
            .strip_prefix(['x', 'X'])
            .map_or_else(|| digits.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
        match (code, waiting) {
            (Some(low @ 0xdc00..=0xdfff), Some(first)) => {
                out.extend(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)));
            }
            (Some(first @ 0xd800..=0xdbff), _) => *high = Some(first),
            (Some(code @ 0x80..=0x9f), _) => out.extend(cp1252(code)),
            (Some(code), _) => {
                out.extend(char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')));
            }
            (None, _) => {}
        }
        return;
    }
    match name {
        "amp" => out.push('&'),
        "lt" => out.push('<'),
        "gt" => out.push('>'),
        "quot" => out.push('"'),
        "apos" => out.push('\''),
        _ => {
            let mut key = String::with_capacity(name.len() + 1);
            key.push_str(name);
            key.push(';');
            match NAMED_ENTITIES.get(key.as_str()) {
                Some((first, second)) if *first != 0 => {
                    out.extend(char::from_u32(*first));
                    out.extend(char::from_u32(*second).filter(|c| *c != '\0'));
                }
                _ => {
                    out.push('&');
                    out.push_str(&key);
                }
            }
        }
    }
}

/// Whether HTML knows `&name;`.
pub(super) fn is_known(name: &str) -> bool {
    NAMED_ENTITIES
        .get(format!("{name};").as_str())
        .is_some_and(|(first, _)| *first != 0)
}

/// Decodes the references of an attribute value or of a text that was escaped.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut high = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name_len = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .unwrap_or(after.len());
        match after.split_at_checked(name_len) {
            Some((name, tail)) if !name.is_empty() && name_len <= 32 && tail.starts_with(';') => {
                push(&mut out, name, &mut high);
                rest = tail.strip_prefix(';').unwrap_or(tail);
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(decode(text), expected, "{text:?}");
    }

    #[test]
    fn references() {
        check("a&amp;b&lt;c&gt;&quot;&apos;", "a&b<c>\"'");
        check("caf&eacute;&nbsp;&mdash;", "café\u{a0}—");
        check("&#233;&#xE9;&#XE9;", "ééé");
        check("&#147;q&#148; &#x85;", "“q” …");
        check("&#55357;&#56832;", "😀");
        check("&#0;&#x110000;&#8;&#99999999999;&#xd800;", "");
        check("AT&T & R&D; a?x=1&y=2", "AT&T & R&D; a?x=1&y=2");
        check("&madeup;", "&madeup;");
    }

    #[test]
    fn windows_1252_and_back() {
        assert_eq!(to_cp1252('€'), Some(0x80));
        assert_eq!(to_cp1252('é'), Some(0xe9));
        assert_eq!(to_cp1252('中'), None);
    }
}
