//! Sums of money in a headline: what a deal, a fine or a fund is worth.
//!
//! - "$14.5 billion", "$14.5bn", "£24mn", "US$2B", "€1.2 Milliarden" and "1.5 billion euros" are sums; "20 million users" is
//!   none, nor is a price ("gold tops $5,000") or a part of one ("$3,500 a share").
//! - A dollar, a pound and a euro count alike: the order of magnitude is what is asked for. A hundred yen or rupees, or a
//!   thousand won, count as one.

/// Words that make a number millions and more, with what they stand for.
const UNITS: [(&str, f64); 20] = [
    ("million", 1e6),
    ("millions", 1e6),
    ("mln", 1e6),
    ("mn", 1e6),
    ("m", 1e6),
    ("millionen", 1e6),
    ("mio", 1e6),
    ("billion", 1e9),
    ("billions", 1e9),
    ("bln", 1e9),
    ("bn", 1e9),
    ("b", 1e9),
    ("milliarden", 1e9),
    ("mrd", 1e9),
    ("milliards", 1e9),
    ("crore", 1e7),
    ("trillion", 1e12),
    ("trn", 1e12),
    ("tn", 1e12),
    ("t", 1e12),
];
/// Signs before a number, with how many of the currency make about a dollar.
const SIGNS: [(char, f64); 6] = [
    ('$', 1.0),
    ('\u{a3}', 1.0),
    ('\u{20ac}', 1.0),
    ('\u{a5}', 100.0),
    ('\u{20b9}', 100.0),
    ('\u{20a9}', 1_000.0),
];
/// The same for words after it.
const WORDS: [(&str, f64); 10] = [
    ("dollars", 1.0),
    ("pounds", 1.0),
    ("euros", 1.0),
    ("euro", 1.0),
    ("usd", 1.0),
    ("eur", 1.0),
    ("francs", 1.0),
    ("yen", 100.0),
    ("rupees", 100.0),
    ("won", 1_000.0),
];
/// Words of a headline that are looked at.
const WORDS_MAX: usize = 60;

/// The largest sum a headline names, in about dollars; `None` without one of a million or more.
#[must_use]
pub fn largest_sum(title: &str) -> Option<f64> {
    let title = title.to_lowercase();
    let words: Vec<&str> = title
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '(' | ')' | '/'))
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .collect();
    (0..words.len()).filter_map(|at| sum(words.get(at..)?)).reduce(f64::max)
}

/// The sum that begins with the first of these words.
fn sum(words: &[&str]) -> Option<f64> {
    let first = words
        .first()?
        .trim_start_matches(|c: char| !c.is_alphanumeric() && sign(c).is_none());
    let (before, number) = first.split_at_checked(first.find(|c: char| c.is_ascii_digit())?)?;
    let signed = before.chars().next_back().and_then(sign);
    let digits = number
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .unwrap_or(number.len());
    let (value, suffix) = number.split_at_checked(digits)?;
    let value: f64 = decimal(value).parse().ok()?;
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let (unit, rest) = match unit(&bare(suffix)) {
        Some(unit) => (unit, 1),
        None if bare(suffix).is_empty() => (unit(&bare(words.get(1)?))?, 2),
        None => return None,
    };
    let worth = signed.or_else(|| {
        let after = bare(words.get(rest)?);
        WORDS.iter().find(|(word, _)| *word == after).map(|(_, worth)| *worth)
    })?;
    Some(value * unit / worth).filter(|sum| sum.is_finite() && *sum >= 1e6)
}

/// "6,4" is six and four tenths in most of the world; "1,200" has its thousands marked.
fn decimal(value: &str) -> String {
    let value = value.trim_end_matches(['.', ',']);
    let tenths = !value.contains('.') && value.rsplit_once(',').is_some_and(|(_, tail)| tail.len() < 3);
    if tenths {
        value.replace(',', ".")
    } else {
        value.replace(',', "")
    }
}

fn unit(word: &str) -> Option<f64> {
    UNITS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
}

fn sign(c: char) -> Option<f64> {
    SIGNS.iter().find(|(known, _)| *known == c).map(|(_, worth)| *worth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, millions: Option<u32>) {
        let found = largest_sum(title).map(|sum| (sum / 1e6).round());
        assert_eq!(found, millions.map(f64::from), "{title}");
    }

    #[test]
    fn a_sum_in_any_spelling() {
        check("Acme to buy Globex in $14.5 billion deal", Some(14_500));
        check("Acme\u{2019}s $14.5bn bid", Some(14_500));
        check("State takes \u{a3}25mn stake in Acme", Some(25));
        check(
            "Acme raises US$2B, \u{2018}$300 million more\u{2019} than planned",
            Some(2_000),
        );
        check("Acme kauft Globex f\u{fc}r 1,2 Milliarden Euro", Some(1_200));
        check("Fund of 1.5 billion euros for chips", Some(1_500));
        check("A $600 Million-a-Year Habit", Some(600));
        check("$1.3T wiped off shares", Some(1_300_000));
        check("Acme sells \u{a5}150 billion of bonds", Some(1_500));
        check("\u{201c}$40 million\u{201d} is not enough", Some(40));
    }

    #[test]
    fn what_is_no_sum() {
        check("Acme has 20 million users", None);
        check("Gold tops $5,000 an ounce", None);
        check("Acme at $3.50", None);
        check("", None);
        check("$ billion", None);
        check("$1.2.3.4 billion", None);
        check("5G for 3 m people", None);
        check(&format!("${} billion", "9".repeat(400)), None);
    }
}
