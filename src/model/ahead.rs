//! Headlines of what has not happened yet. They stand for a story only where nothing tells what came of it, and a deal that is
//! weighed is less than one that is struck: "Private equity firms circle a unit" must not stand above "Acme buys Globex".
//! English only.

/// Words of what has not happened yet, and what may not stand right before or after them: "all eyes on", "weighs on",
/// "more than expected to".
const AHEAD: [(&str, &[&str], &[&str]); 29] = [
    ("awaits", &[], &[]),
    ("bidders circle", &[], &[]),
    ("braces for", &[], &[]),
    ("considers", &[], &[]),
    ("considering", &[], &[]),
    ("expected to", &["than"], &[]),
    ("explores", &[], &[]),
    ("exploring", &[], &[]),
    ("eyes", &["all", "the"], &["on", "of"]),
    ("firms circle", &[], &[]),
    ("funds circle", &[], &[]),
    ("in advanced talks", &[], &[]),
    ("in early talks", &[], &[]),
    ("in talks to", &[], &[]),
    ("in talks with", &[], &[]),
    ("looks to", &[], &[]),
    ("mull", &[], &[]),
    ("mulls", &[], &[]),
    ("on track to", &[], &[]),
    ("poised to", &[], &[]),
    ("prepares to", &[], &[]),
    ("said to consider", &[], &[]),
    ("said to weigh", &[], &[]),
    ("set to", &[], &["close"]),
    ("threatens to", &[], &[]),
    ("weigh", &[], WEIGHS),
    ("weighing", &[], WEIGHS),
    ("weighs", &[], WEIGHS),
    ("what to expect", &[], &[]),
];
/// After "weighs" these say that something presses, or that somebody speaks.
const WEIGHS: &[&str] = &["on", "in", "down", "heavily", "less", "more"];

/// Whether a headline, in lower case, tells what is expected, weighed or threatened, not what happened.
#[must_use]
pub fn is_ahead(title: &str) -> bool {
    let words: Vec<&str> = title
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    AHEAD.iter().any(|(phrase, before, after)| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        (0..words.len()).any(|at| {
            let is = |at: Option<usize>, word: &str| at.and_then(|at| words.get(at)).is_some_and(|w| *w == word);
            words.get(at..).is_some_and(|rest| rest.starts_with(&phrase))
                && !before.iter().any(|word| is(at.checked_sub(1), word))
                && !after.iter().any(|word| is(Some(at + phrase.len()), word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, expected: bool) {
        assert_eq!(is_ahead(title), expected, "{title}");
    }

    #[test]
    fn what_is_weighed_has_not_happened() {
        check("acme weighs a bid for globex", true);
        check("acme is said to consider a sale of its unit", true);
        check("globex in early talks for a listing", true);
        check("buyout fund explores a sale of globex", true);
        check("private equity firms circle a unit of acme", true);
        check("acme and globex mull a merger", true);
        check("a strong dollar weighs on acme", false);
        check("regulator weighs in on the sale of globex", false);
        check("debt is weighing heavily on acme", false);
        check("acme buys globex, set to close in may", false);
        check("in crypto circles acme is known", false);
        check("all eyes on acme", false);
        check("acme buys globex", false);
    }
}
