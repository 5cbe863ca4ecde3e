//! Character references of HTML that is cleaned: the tokenizer would decode them, so each `&` is hidden from it and put
//! back into what comes out, escaped where it begins no reference.

use crate::ingest::parse::entities;

/// Stands for `&` while the tokenizer works. A noncharacter: no text has it.
pub(super) const MARK: &str = "\u{fdd0}";

/// The HTML with its ampersands hidden.
pub(super) fn marked(html: &str) -> String {
    html.replace(MARK, "").replace('&', MARK)
}

/// Writes text, its references as they were written.
pub(super) fn push_text(out: &mut String, text: &str) {
    let mut parts = text.split(MARK);
    push_plain(out, parts.next().unwrap_or_default());
    for part in parts {
        let rest = push_reference(out, part);
        push_plain(out, rest);
    }
}

fn push_plain(out: &mut String, text: &str) {
    out.push_str(&text.replace('<', "&lt;"));
}

/// Writes the reference that `text` begins with after its ampersand, or the ampersand alone; what is left of `text`.
fn push_reference<'a>(out: &mut String, text: &'a str) -> &'a str {
    let Some((name, rest)) = name_of(text) else {
        out.push('&');
        return text;
    };
    let ended = rest.strip_prefix(';');
    let Some(number) = name.strip_prefix('#') else {
        if entities::is_known(name) {
            out.push_str(&format!("&{name};"));
            return ended.unwrap_or(rest);
        }
        out.push_str(&format!("&amp;{name}"));
        return rest;
    };
    match (number, ended) {
        ("39", Some(_)) => out.push('\''),
        ("34", Some(_)) => out.push('"'),
        _ => {
            let number = number.to_ascii_lowercase();
            let code = number
                .strip_prefix('x')
                .map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            // Numbers of windows-1252 where Unicode has controls: what was meant is written.
            match code
                .filter(|code| (0x80..=0x9f).contains(code))
                .and_then(entities::cp1252)
            {
                Some(meant) => out.push_str(&format!("&#x{:x};", u32::from(meant))),
                None => out.push_str(&format!("&#{number};")),
            }
        }
    }
    ended.unwrap_or(rest)
}

/// The name or `#` and number at the start, and what follows it.
fn name_of(text: &str) -> Option<(&str, &str)> {
    let is_number = text.starts_with('#');
    let is_hex = is_number && text.get(1..2).is_some_and(|c| c.eq_ignore_ascii_case("x"));
    let skipped = usize::from(is_number) + usize::from(is_hex);
    let digits = text.get(skipped..)?;
    let len = digits
        .find(|c: char| match (is_number, is_hex) {
            (_, true) => !c.is_ascii_hexdigit(),
            (true, false) => !c.is_ascii_digit(),
            (false, false) => !c.is_ascii_alphanumeric(),
        })
        .unwrap_or(digits.len());
    let starts_well = is_number || text.starts_with(|c: char| c.is_ascii_alphabetic());
    (len > 0 && starts_well)
        .then(|| text.split_at_checked(skipped + len))
        .flatten()
}

/// Writes an attribute's value, between double quotes: its references as they were written, other ampersands escaped.
pub(super) fn push_attribute(out: &mut String, value: &str) {
    let mut parts = value.split(MARK);
    push_quoted(out, parts.next().unwrap_or_default());
    for part in parts {
        let is_reference = name_of(part).is_some_and(|(_, rest)| rest.starts_with(';'));
        out.push_str(if is_reference { "&" } else { "&amp;" });
        push_quoted(out, part);
    }
}

fn push_quoted(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}
