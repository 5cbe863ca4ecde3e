//! Sums of money in a headline: what a deal, a fine or a fund is worth.
//!
//! - "$14.5 billion", "$14.5bn", "£24mn", "US$ 2B", "$10-15 billion", "$1,200,000", "CHF 2bn", "1,2 Mrd. €" and "1.5
//!   billion euros" are sums; "20 million users" is none, nor is a price ("gold tops $5,000", "a $20 T-shirt") or a weight
//!   ("20 million pounds of beef").
//! - Currencies count by their order of magnitude: a dollar, a pound and a euro alike, a hundred yen or rupees as one.

use crate::model::{decimal, magnitude};

/// Signs beside a number, with how many of the currency make about a dollar.
const SIGNS: [(char, f64); 6] = [
    ('$', 1.0),
    ('\u{a3}', 1.0),
    ('\u{20ac}', 1.0),
    ('\u{a5}', 100.0),
    ('\u{20b9}', 100.0),
    ('\u{20a9}', 1_000.0),
];
/// By what stands before its sign: dollars worth less, and what is no dollar.
const DOLLARS: [(&str, f64); 3] = [("hk", 8.0), ("nt", 30.0), ("r", 5.0)];
/// Words beside a number, the same.
const WORDS: [(&str, f64); 19] = [
    ("dollars", 1.0),
    ("dollar", 1.0),
    ("usd", 1.0),
    ("pounds", 1.0),
    ("gbp", 1.0),
    ("euros", 1.0),
    ("euro", 1.0),
    ("eur", 1.0),
    ("francs", 1.0),
    ("franken", 1.0),
    ("chf", 1.0),
    ("yuan", 7.0),
    ("yen", 100.0),
    ("jpy", 100.0),
    ("rupees", 100.0),
    ("rs", 100.0),
    ("inr", 100.0),
    ("won", 1_000.0),
    ("krw", 1_000.0),
];
/// Words of a headline that are looked at.
const WORDS_MAX: usize = 60;
/// Less is a price.
const SUM_MIN: f64 = 1e6;

/// The largest sum a headline names, in about dollars; `None` without one of a million or more.
#[must_use]
pub fn largest_sum(title: &str) -> Option<f64> {
    let title = title.to_lowercase();
    let words: Vec<&str> = title
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '(' | ')' | '/'))
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .collect();
    (0..words.len()).filter_map(|at| sum(&words, at)).reduce(f64::max)
}

/// The sum whose number is word `at`.
fn sum(words: &[&str], at: usize) -> Option<f64> {
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).copied().unwrap_or_default();
    let number = Number::read(word(Some(at)))?;
    let before = at.checked_sub(1);
    // "$10-15 billion" is two numbers of one sign and one unit.
    let from = Number::read(word(before)).filter(|n| n.unit.is_none());
    let signed = number
        .signed
        .or_else(|| from.and_then(|n| n.signed))
        .or_else(|| beside(word(before)));
    let next = bare(word(Some(at + 1)));
    let (unit, end) = match number
        .unit
        .or_else(|| spelled(&next).filter(|_| next.chars().count() > 1))
    {
        Some(unit) => (unit, at + 1 + usize::from(number.unit.is_none())),
        None => (1.0, at + 1),
    };
    let weight = bare(word(Some(end + 1))) == "of" && bare(word(Some(end))) == "pounds";
    let worth = signed.or_else(|| beside(word(Some(end))).filter(|_| !weight))?;
    Some(number.value * unit / worth).filter(|sum| sum.is_finite() && *sum >= SUM_MIN)
}

/// A number as it stands in one word: `$14.5bn`.
#[derive(Clone, Copy)]
struct Number {
    value: f64,
    /// How many of the currency before it make about a dollar.
    signed: Option<f64>,
    /// What is written at its end multiplies it.
    unit: Option<f64>,
}

impl Number {
    fn read(word: &str) -> Option<Self> {
        let (before, rest) = word.split_at_checked(word.find(|c: char| c.is_ascii_digit())?)?;
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
            .unwrap_or(rest.len());
        let (value, suffix) = rest.split_at_checked(digits)?;
        let unit = spelled(&bare(suffix));
        if before.chars().any(char::is_alphanumeric) && signed(before).is_none()
            || unit.is_none() && !bare(suffix).is_empty()
        {
            return None;
        }
        Some(Self {
            value: decimal(value.trim_end_matches(['.', ','])).parse().ok()?,
            signed: signed(before),
            unit,
        })
    }
}

/// The currency that a number's beginning or end says: `us$`, `'£`.
fn signed(text: &str) -> Option<f64> {
    let (at, sign) = text.char_indices().next_back()?;
    let worth = SIGNS.iter().find(|(known, _)| *known == sign)?.1;
    let prefix = bare(text.get(..at)?);
    let dollar = DOLLARS.iter().find(|(known, _)| sign == '$' && *known == prefix);
    Some(dollar.map_or(worth, |(_, worth)| *worth))
}

/// The currency that a whole word says: `CHF`, `€`, `euros`.
fn beside(word: &str) -> Option<f64> {
    let bare = bare(word);
    let named = WORDS.iter().find(|(known, _)| *known == bare).map(|(_, worth)| *worth);
    named.or_else(|| signed(word.trim_end_matches(['.', ',', ':', ';', '!', '?'])))
}

fn spelled(unit: &str) -> Option<f64> {
    match unit {
        "crore" => Some(1e7),
        "t" => Some(1e12),
        _ => format!("1{}", magnitude(unit).filter(|unit| unit.starts_with('e'))?)
            .parse()
            .ok(),
    }
}

/// A word without what is no letter around it, and without its "'s".
fn bare(word: &str) -> String {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("\u{2019}s"))
        .unwrap_or(word)
        .to_owned()
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
        check("Acme raises US$ 2 billion", Some(2_000));
        check(
            "Acme kauft Globex f\u{fc}r 1,2 Milliarden Euro, nicht f\u{fc}r 1,1 Mrd. \u{20ac}",
            Some(1_200),
        );
        check("Globex f\u{fc}r 1,2 Mrd. \u{20ac}", Some(1_200));
        check("Fund of 1.5 billion euros for chips", Some(1_500));
        check("A $600 Million-a-Year Habit", Some(600));
        check("$1.3T wiped off shares", Some(1_300_000));
        check("Acme sells \u{a5}150 billion of bonds", Some(1_500));
        check("\u{201c}$40 million\u{201d} is not enough", Some(40));
        check("Talks on $10-15 billion for Acme", Some(15_000));
        check("Acme, worth $5 billion\u{2019}s weight in gold", Some(5_000));
        check("Fine of $1,200,000 for Acme", Some(1));
        check("Swiss lender sets aside CHF 2bn", Some(2_000));
        check("Rs 500 crore for Acme", Some(50));
        check("Acme to spend 70 billion yuan", Some(10_000));
        check("HK$8 billion listing of Acme", Some(1_000));
        check("R$5 bilh\u{f5}es para a Acme", Some(1_000));
    }

    #[test]
    fn what_is_no_sum() {
        for title in [
            "Acme has 20 million users",
            "Gold tops $5,000 an ounce",
            "A $20 T-shirt, a $50 T-Mobile plan and a $30 B-side",
            "Acme recalls 20 million pounds of beef",
            "Acme at $3.50",
            "",
            "$ billion",
            "$1.2.3.4 billion",
            "5G for 3 m people",
            "Acme's A320 billion",
        ] {
            check(title, None);
        }
        check(&format!("${} billion", "9".repeat(400)), None);
    }
}
