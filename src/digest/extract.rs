//! One sentence of a summary, or none.
//!
//! Nothing is written by us; what cannot be shown as it stands is left out:
//! - A summary that begins with the headline, or says it in nearly the same words, tells the reader nothing new (wire
//!   feeds repeat the title as the description).
//! - A list of other outlets' headlines is no summary (aggregators put their own related items there). The list begins
//!   with the headline as its page had it, also with the desk's name before a bar ("Global Blog | Acme at the fair
//!   acme.example Fair: Acme shows a wearable").
//! - "The post X appeared first on Y", "Continue reading", "Read more" are the feed's furniture, not the article's.
//! - An abbreviation's full stop ends no sentence ("U.S. stocks", "Acme Inc. said"), nor do initials ("A.P. Acme").
//! - A sentence without a verb-like length (under four words) is a rubric or a dateline, not a sentence.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

/// An extract is cut at so many characters, unless its sentence ends soon after.
pub const EXTRACT_MAX: usize = 200;
/// That soon, in characters: a sentence cut a word before its end reads worse than a longer one.
const OVER_MAX: usize = 40;
/// A first sentence shorter than this takes the second along where both fit.
const SHORT_SENTENCE: usize = 60;
/// Summaries are looked at this far, in characters.
const LOOK_MAX: usize = 1_500;
/// An extract of whose words this share stands in the headline repeats it.
const REPEATS_FROM: f64 = 0.7;

/// A desk's name before a bar is no longer.
const DESK_CHARS_MAX: usize = 60;

/// From here on a summary is furniture.
const FURNITURE: [&str; 12] = [
    "view full coverage",
    "continue reading",
    "read more",
    "read full",
    "the post ",
    "appeared first on",
    "click here",
    "sign up for",
    "subscribe to",
    "this article was originally",
    "comments on this",
    "photo by",
];
const ABBREVIATIONS: [&str; 33] = [
    "bros.", "cos.", "gov.", "sen.", "rep.", "gen.", "prof.", "jr.", "v.", "inc.", "corp.", "co.", "ltd.", "llc.",
    "plc.", "u.s.", "u.k.", "e.u.", "mr.", "mrs.", "ms.", "dr.", "st.", "no.", "vs.", "jan.", "feb.", "aug.", "sept.",
    "oct.", "nov.", "dec.", "approx.",
];

/// The first telling sentence of a summary, about [`EXTRACT_MAX`] characters at most; empty when there is none.
#[must_use]
pub fn extract(title: &str, summary: &str) -> String {
    let looked: String = summary.chars().take(LOOK_MAX).collect();
    let text = looked.split_whitespace().collect::<Vec<_>>().join(" ");
    let title_words = words(title);
    let after_desk = text
        .split_once(" | ")
        .filter(|(desk, _)| desk.chars().count() <= DESK_CHARS_MAX);
    if text.is_empty() || begins_with(&text, title) || after_desk.is_some_and(|(_, rest)| begins_with(rest, title)) {
        return String::new();
    }
    let mut kept = String::new();
    for sentence in sentences(&text) {
        let lower = sentence.to_lowercase();
        if FURNITURE.iter().any(|furniture| lower.contains(furniture)) {
            break;
        }
        let n_words = sentence.unicode_words().count();
        if kept.is_empty() && (n_words < 4 || repeats(sentence, &title_words)) {
            continue;
        }
        let room = EXTRACT_MAX.saturating_sub(kept.chars().count() + 1);
        if kept.is_empty() {
            sentence.clone_into(&mut kept);
        } else if kept.chars().count() < SHORT_SENTENCE && sentence.chars().count() <= room {
            kept.push(' ');
            kept.push_str(sentence);
        }
        if kept.chars().count() >= SHORT_SENTENCE {
            break;
        }
    }
    cut(&kept)
}

/// A sentence that is too long ends at its last clause, else at a word, with an ellipsis.
fn cut(text: &str) -> String {
    let n_chars = text.chars().count();
    let whole = text.ends_with(['.', '!', '?', '…', '"', '\u{201d}', '\u{2019}', '。']);
    if n_chars <= EXTRACT_MAX || whole && n_chars <= EXTRACT_MAX + OVER_MAX {
        return text.to_owned();
    }
    let head: String = text.chars().take(EXTRACT_MAX - 1).collect();
    let kept = head.rsplit_once(' ').map_or(head.as_str(), |(kept, _)| kept);
    format!("{}…", kept.trim_end_matches([',', ';', ':', '-', '–', '—', ' ']))
}

/// Sentences with the pieces of abbreviations put together again.
fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, piece) in text.split_sentence_bound_indices() {
        let end = at + piece.len();
        let last = piece.trim_end().rsplit(' ').next().unwrap_or_default().to_lowercase();
        let initial = last.len() > 1 && last.ends_with('.') && last.split('.').all(|letter| letter.chars().count() < 2);
        if !initial && !ABBREVIATIONS.contains(&last.as_str()) {
            out.extend(
                text.get(start..end)
                    .map(str::trim)
                    .filter(|sentence| !sentence.is_empty()),
            );
            start = end;
        }
    }
    out.extend(text.get(start..).map(str::trim).filter(|sentence| !sentence.is_empty()));
    out
}

fn repeats(sentence: &str, title: &BTreeSet<String>) -> bool {
    let own = words(sentence);
    let shared = own.intersection(title).count();
    own.is_empty() || shared as f64 / own.len() as f64 >= REPEATS_FROM
}

fn begins_with(text: &str, title: &str) -> bool {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let title = letters(title);
    !title.is_empty() && letters(text).starts_with(&title)
}

/// The words of a text that carry something: lower case, three letters or a digit at least.
#[must_use]
pub fn words(text: &str) -> BTreeSet<String> {
    text.unicode_words()
        .map(str::to_lowercase)
        .map(|word| word.trim_end_matches("'s").trim_end_matches("’s").to_owned())
        .filter(|word| word.chars().count() >= 3 || word.chars().any(|c| c.is_ascii_digit()) || !word.is_ascii())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, summary: &str, expected: &str) {
        assert_eq!(extract(title, summary), expected);
    }

    #[test]
    fn takes_the_first_telling_sentence() {
        check(
            "Acme buys Roadrunner",
            "The deal values the courier at $2bn and needs the approval of three regulators. More follows.",
            "The deal values the courier at $2bn and needs the approval of three regulators.",
        );
        check(
            "Acme buys Roadrunner",
            "MADRID. Shares of the courier rose by a fifth. Analysts had expected less.",
            "Shares of the courier rose by a fifth. Analysts had expected less.",
        );
        check(
            "Acme plans layoffs",
            "Acme Inc. will close two plants in the U.S. Midwest by the end of the next fiscal year.",
            "Acme Inc. will close two plants in the U.S. Midwest by the end of the next fiscal year.",
        );
    }

    #[test]
    fn initials_end_no_sentence() {
        let said = "A.P. Acme-Roadrunner A/S has safely sailed another ship through the southern part of the strait.";
        check("Acme sails on", said, said);
        let said = "The bank J.P. Roadrunner & Co. sees the E.V.s of Acme ahead of all others in the desert by 2030.";
        check("Acme ahead", said, said);
    }

    #[test]
    fn leaves_out_what_says_nothing_new() {
        check("Acme buys Roadrunner", "", "");
        check(
            "Acme buys Roadrunner",
            "Acme buys Roadrunner The Gazette Road deal shakes desert The Echo",
            "",
        );
        check(
            "Acme buys Roadrunner",
            "Office of Courier Affairs | Acme buys Roadrunner courier.example Desert: A merger shakes the road, all say.",
            "",
        );
        check(
            "Acme to buy Roadrunner for $2bn in cash",
            "Acme is to buy Roadrunner for $2bn, in cash.",
            "",
        );
        check("Acme buys Roadrunner", "View Full Coverage on some news site", "");
        check(
            "Acme buys Roadrunner",
            "The post Acme buys Roadrunner appeared first on The Gazette.",
            "",
        );
    }

    #[test]
    fn stays_within_its_length() {
        let long = "word ".repeat(120);
        let got = extract("Acme", &long);
        assert!(got.chars().count() <= EXTRACT_MAX && got.ends_with('…'), "{got}");
        assert!(extract("Acme", &"x".repeat(5_000)).is_empty());
        let nearly = format!("{}end", "word ".repeat(42));
        assert!(extract("Acme", &nearly).ends_with("word…"));
        assert!(extract("Acme", &format!("{nearly}.")).ends_with("word end."));
    }
}
