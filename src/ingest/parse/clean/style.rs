//! `style` attributes: the harmless properties are kept as written, everything else is dropped, and one that is not
//! plainly a list of properties is dropped as a whole. The rules are those of feedparser's sanitizer.

use super::allowed::{KEYWORDS, PROPERTIES, has};

/// A `style` attribute's value without what may fetch, cover or move; possibly empty.
pub(super) fn clean_style(style: &str) -> String {
    let style = without_urls(style);
    if !is_plain(&style) {
        return String::new();
    }
    let mut parts: Vec<&str> = style.split(';').collect();
    if parts.last().is_some_and(|last| last.trim().is_empty()) {
        parts.pop();
    }
    let mut kept = Vec::new();
    for part in parts {
        let Some((property, value)) = part.split_once(':') else {
            return String::new();
        };
        let (property, value) = (property.trim(), value.trim_start());
        if property.is_empty() || !property.chars().all(|c| c == '-' || is_word(c)) || value.contains(':') {
            return String::new();
        }
        if !value.is_empty() && is_harmless(&property.to_ascii_lowercase(), value) {
            kept.push(format!("{property}: {value};"));
        }
    }
    kept.join(" ")
}

fn is_harmless(property: &str, value: &str) -> bool {
    let family = property.split('-').next().unwrap_or_default();
    has(PROPERTIES, property)
        || (matches!(family, "background" | "border" | "margin" | "padding")
            && value
                .split_whitespace()
                .all(|word| has(KEYWORDS, word) || is_color(word) || is_size(word)))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Takes `url(...)` out.
fn without_urls(style: &str) -> String {
    let (mut out, mut rest) = (String::new(), style);
    while let Some((before, after)) = rest.split_once("url") {
        out.push_str(before);
        let inner = after
            .trim_start()
            .strip_prefix('(')
            .and_then(|text| text.split_once(')'));
        match inner {
            Some((address, after)) if !address.trim().is_empty() && !address.trim().contains(char::is_whitespace) => {
                out.push(' ');
                rest = after.trim_start();
            }
            _ => {
                out.push_str("url");
                rest = after;
            }
        }
    }
    out + rest
}

/// Nothing but words, numbers, separators, quoted words and numbers in parentheses.
fn is_plain(style: &str) -> bool {
    let mut rest = style;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '\'' | '"' => match after.split_once(c) {
                Some((inner, rest)) if !inner.is_empty() && inner.chars().all(|c| c.is_whitespace() || is_word(c)) => {
                    rest
                }
                _ => return false,
            },
            '(' => match after.split_once(')') {
                Some((inner, rest))
                    if !inner.is_empty() && inner.chars().all(|c| c.is_numeric() || c == ',' || c.is_whitespace()) =>
                {
                    rest
                }
                _ => return false,
            },
            '-' if is_word(before) && after.starts_with(is_word) => after,
            ':' | ',' | ';' | '#' | '%' | '.' | '!' => after,
            _ if c.is_whitespace() || c.is_ascii_alphanumeric() => after,
            _ => return false,
        };
        before = c;
    }
    true
}

/// `#a0b`, `rgb(1,2%,3)`.
fn is_color(word: &str) -> bool {
    if let Some(digits) = word.strip_prefix('#') {
        return !digits.is_empty() && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    }
    word.strip_prefix("rgb(").is_some_and(|rest| {
        let parts = rest.strip_suffix(')').unwrap_or(rest).split(',');
        parts.count() <= 3 && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '%' | ',' | ')'))
    })
}

/// `10px`, `.5em`, `0`: up to two digits before and after the point.
fn is_size(word: &str) -> bool {
    let number = ["cm", "em", "ex", "in", "mm", "pc", "pt", "px", "%", ",", ")"]
        .into_iter()
        .find_map(|unit| word.strip_suffix(unit))
        .unwrap_or(word);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str, max: usize| text.len() <= max && text.bytes().all(|byte| byte.is_ascii_digit());
    if number.contains('.') {
        digits(whole, 2) && digits(part, 2)
    } else {
        digits(number, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(style: &str, expected: &str) {
        assert_eq!(clean_style(style), expected, "{style:?}");
    }

    #[test]
    fn harmless_properties_stay() {
        check("float: right; margin-left: 10px", "float: right; margin-left: 10px;");
        check("clear: both;", "clear: both;");
        check("COLOR:#fff", "COLOR: #fff;");
        check("border: 1px solid rgb(1,2,3)", "border: 1px solid rgb(1,2,3);");
        check("font-family: 'Times New'", "font-family: 'Times New';");
        check("position: absolute; width: 5%", "width: 5%;");
        check("background: url(http://a.example/x.gif)", "");
        check("margin: 12345px", "");
    }

    #[test]
    fn what_is_not_plain_goes_as_a_whole() {
        check("color: red; x: expression(alert(1))", "");
        check("color: red;;", "");
        check("color", "");
        check("color: re/**/d", "");
        check("background: u\\72l(javascript:x)", "");
        check("color: red; behavior: url", "color: red;");
        check("a:b:c", "");
    }
}
