//! Headlines that tell no event: letters to an advice column, first-person pieces, how-to, lists of tips, hands-on
//! reviews. A feed of business news carries them by the dozen on a slow day, and a digest filled with them is not read.
//!
//! - A voice: "My partner lost his job. Should we sell the house?", "I left a bank at 40", "... your garden"; what somebody is quoted with
//!   is none ("'I will not resign,' says Acme's chief"), and "I" that is a numeral is none ("Phase I trial", "Elizabeth I").
//! - A question to oneself: "Should I refinance?", "Can you retire on $2 million?"
//! - How-to: "How to file early", "Here's how to ...", "... and how to avoid it", "what to know before you buy".
//! - A list: a number that leads to tips, ways, mistakes, recipes, apps ("7 habits of rich people"); "13 states sue Acme"
//!   counts what acted and is news.
//! - A try-out: "... hands-on", "Review: ...", "Acme Phone 9 review", "I tried ..."; a review that somebody opened is news
//!   ("Regulator ends review of Acme's deal").
//! - A warning to users: "Uninstall these apps", "... if you see this".
//! - A nudge: "Don't buy Acme stock before ...", "3 stocks to buy", "is it too late to buy".

/// What lists of tips count.
const COUNTED: [&str; 25] = [
    "ways",
    "tips",
    "things",
    "reasons",
    "mistakes",
    "habits",
    "ideas",
    "gifts",
    "products",
    "apps",
    "recipes",
    "dinners",
    "meals",
    "lessons",
    "questions",
    "signs",
    "tricks",
    "hacks",
    "books",
    "movies",
    "gadgets",
    "steps",
    "features",
    "facts",
    "secrets",
];
/// A list names what it counts this soon after the number.
const LIST_REACH: usize = 6;
/// What may stand before the number.
const LIST_OPENERS: [&str; 8] = ["the", "these", "top", "here", "are", "my", "our", "best"];
/// After these a list has acted, so it is news.
const ACTED: [&str; 12] = [
    "sue", "sued", "die", "dead", "killed", "hurt", "recalled", "stolen", "arrested", "charged", "fall", "banned",
];
const STARTS: [&str; 19] = [
    "how to ",
    "how i ",
    "how you can",
    "here's how to",
    "here's how you",
    "should i ",
    "should we ",
    "should you ",
    "can i ",
    "can you ",
    "do i ",
    "am i ",
    "i tried ",
    "review:",
    "hands-on:",
    "hands on:",
    "hands on with",
    "want to ",
    "is it too late to",
];
const ANYWHERE: [&str; 19] = [
    "and how to ",
    "here's how to",
    "how you can ",
    "what to know before",
    "hands-on with",
    "i tried",
    "should you buy",
    "too late to buy",
    "stocks to buy",
    "stock to buy",
    "stocks to own",
    "stock to own",
    "buy, sell or hold",
    "buy, hold or sell",
    "buy, hold, or sell",
    "worth buying",
    "you need to own",
    "if you see this",
    "uninstall these",
];
const ENDS: [&str; 5] = [" hands-on", " hands on", ": review", " review", "what to know"];
/// A review by these, or of these, is an office's.
const OFFICIAL: [&str; 10] = [
    "regulator",
    "court",
    "board",
    "government",
    "security",
    "merger",
    "strategic",
    "policy",
    "judicial",
    "under",
];

/// Whether a headline gives advice or tells of its writer instead of an event. The title is in lower case, its
/// apostrophes straight.
#[must_use]
pub fn is_advice(title: &str) -> bool {
    let plain = without_quotes(title);
    let words: Vec<&str> = plain
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-' | '$' | '%')))
        .filter(|word| !word.is_empty())
        .collect();
    let title = title.trim();
    STARTS.iter().any(|start| title.starts_with(start))
        || ANYWHERE.iter().any(|part| title.contains(part))
        || title.starts_with("don't buy ") && title.contains("stock")
        || ENDS.iter().any(|end| title.ends_with(end)) && !words.iter().any(|word| OFFICIAL.contains(word))
        || title.contains(" hands-on: ")
        || title.ends_with('?') && title.contains("stock") && (title.contains("buy") || title.contains("sell"))
        || is_list(&words)
        || is_voice(&words)
}

/// The headline without what stands in quotation marks. A single mark between letters is an apostrophe.
fn without_quotes(title: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    let mut before = ' ';
    let mut rest = title.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let inside = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            '\u{201c}' | '\u{201d}' | '"' => open = !open,
            '\u{2018}' => open = true,
            '\'' if !inside && (open || !before.is_alphanumeric()) => open = !open,
            _ if !open => out.push(c),
            _ => {}
        }
        before = c;
    }
    out
}

fn is_list(words: &[&str]) -> bool {
    let mut at = words.iter().skip_while(|word| LIST_OPENERS.contains(word));
    let counts = at
        .next()
        .is_some_and(|word| word.len() <= 3 && word.parse::<u16>().is_ok());
    let reach: Vec<&&str> = at.take(LIST_REACH).collect();
    counts && reach.iter().any(|word| COUNTED.contains(word)) && !words.iter().any(|word| ACTED.contains(word))
}

/// A writer who speaks of himself, or to the reader.
fn is_voice(words: &[&str]) -> bool {
    const OWN: [&str; 8] = ["i'm", "i've", "i'd", "i'll", "my", "our", "myself", "your"];
    const VERBS: [&str; 18] = [
        "am", "was", "have", "had", "got", "left", "tried", "rent", "want", "love", "hate", "made", "spent", "moved",
        "quit", "built", "can't", "won't",
    ];
    let next = words
        .windows(2)
        .any(|pair| matches!(pair, [i, verb] if *i == "i" && VERBS.contains(verb)));
    next || words.first() == Some(&"i") && words.len() > 3 || words.iter().any(|word| OWN.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(advice: bool, titles: &[&str]) {
        for title in titles {
            let lower = title.to_lowercase().replace('\u{2019}', "'");
            assert_eq!(is_advice(&lower), advice, "{title}");
        }
    }

    #[test]
    fn what_tells_no_event_is_known() {
        check(
            true,
            &[
                "My partner lost his job a week before we bought. Should we sell the house?",
                "‘He never paid us back’: I lent a friend $9,000. Do I sue him?",
                "I left a bank at 40 and became a baker",
                "A week with my robot mower changed how I see grass",
                "Acme's phone folds thrice. I got to try it",
                "Light up your garden with Acme's new lamps",
                "Our Acme stake may soon need a second look",
                "Should I refinance before the Fed meets?",
                "Can you retire at 50 on $2 million?",
                "How to file your taxes early",
                "7 habits of rich people",
                "21 easy dinners for cold evenings",
                "The 5 best apps nobody installs",
                "Acme Phone 9 hands-on: big, bright, dear",
                "Review: the Acme Phone 9 is a brick",
                "Acme Phone 9 review",
                "Don't Buy Acme Stock Before This Date",
                "3 stocks to buy and hold for ever",
                "Is Acme stock a 'buy' or a 'sell'?",
                "Two browser extensions steal passwords. Uninstall these now",
                "Is it too late to consider Globex after its run?",
            ],
        );
    }

    #[test]
    fn what_happened_stays_news() {
        check(
            false,
            &[
                "Acme agrees to buy Globex for $3 billion",
                "'I will not resign,' says Acme's chief executive",
                "“My patience is over”: Acme's chief writes to Globex holders",
                "Acme's drug fails Phase I trial",
                "13 states sue Acme over prices",
                "5 cars recalled for each one sold, Acme admits",
                "2 dead in fire at Acme's plant",
                "Regulator ends review of Acme's takeover of Globex",
                "Acme orders strategic review",
                "Acme shares fall 9% after results",
                "Investors' fears over Globex's debt grow",
            ],
        );
    }
}
