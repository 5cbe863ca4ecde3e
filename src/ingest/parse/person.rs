//! "jane@example.org (Jane Doe)", "Jane Doe <jane@example.org>" and what people write instead.

use super::feed::Person;

/// Splits an author's line into name and address.
pub(super) fn parse(line: &str) -> Person {
    let Some((from, to)) = find_address(line) else {
        return Person {
            name: line.to_owned(),
            ..Person::default()
        };
    };
    let email = line.get(from..to).unwrap_or_default();
    let before = line.get(..from).unwrap_or_default();
    let after = line.get(to..).unwrap_or_default();
    let after = after
        .strip_prefix("?subject=")
        .map_or(after, |rest| rest.trim_start_matches(|c: char| !c.is_whitespace()));
    let mut name = format!("{before}{after}");
    for empty in ["mailto:", "()", "<>", "&lt;&gt;", "[]", "（）", "“”", "\"\""] {
        name = name.replace(empty, "");
    }
    let name = name.trim();
    let name = name.strip_prefix(['(', '（', '<']).unwrap_or(name);
    let name = name.strip_suffix([')', '）', '>']).unwrap_or(name);
    let name = name.trim().trim_matches(['"', '“', '”']).trim();
    Person {
        name: name.to_owned(),
        email: email.to_owned(),
        href: String::new(),
    }
}

/// Where a mail address stands in a line.
fn find_address(line: &str) -> Option<(usize, usize)> {
    let at = line.find('@')?;
    let before = line.get(..at)?;
    let after = line.get(at + 1..)?;
    let local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
    let from = before.char_indices().rev().take_while(|(_, c)| local(*c)).last()?.0;
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '[' | ']');
    let len = after.find(|c: char| !host(c)).unwrap_or(after.len());
    let domain = after.get(..len)?.trim_end_matches(['.', '-']);
    (domain.contains('.') && !domain.starts_with('.')).then_some((from, at + 1 + domain.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, name: &str, email: &str) {
        let person = parse(line);
        assert_eq!((person.name.as_str(), person.email.as_str()), (name, email), "{line:?}");
    }

    #[test]
    fn lines() {
        check("Jane Doe", "Jane Doe", "");
        check("jane@example.org", "", "jane@example.org");
        check("jane@example.org (Jane Doe)", "Jane Doe", "jane@example.org");
        check("Jane Doe <jane@example.org>", "Jane Doe", "jane@example.org");
        check("Jane Doe (jane@example.org)", "Jane Doe", "jane@example.org");
        check("Jane &lt;jane@example.org&gt;", "Jane", "jane@example.org");
        check("zhang@example.com（张三）", "张三", "zhang@example.com");
        check("作者：li@example.com", "作者：", "li@example.com");
        check("“a@b.com” Bob", "Bob", "a@b.com");
        check("@handle", "@handle", "");
        check("", "", "");
    }
}
