//! Headlines that explain or ask instead of telling what happened: background to an event that others report. They are
//! marked and stand behind reports; what happened is still news when a question or a promise follows it.
//!
//! - "Why the yen fell", "How a mine went under", "What the ruling means for lenders", "Explaining the new tariffs",
//!   "The shipping crisis, explained"; "How much" and "how many" that begin a count are none ("How many jobs Acme cut").
//! - A question: "Can Acme keep its lead?", "Is this the end of cheap flights?". What a person is quoted with asks nothing
//!   ("'Who will pay?' asks Acme's chief"), and a question that a report ends in hides it: marked all the same.
//! - "Here's why Globex still builds boilers". "Acme cuts 400 jobs. Here's what to know" tells an event.

const STARTS: [&str; 20] = [
    "why ",
    "how ",
    "what ",
    "what's ",
    "explaining ",
    "explained: ",
    "explained | ",
    "explainer: ",
    "explainer | ",
    "here's why",
    "here's what",
    "here's how",
    "here's everything",
    "everything you need to know",
    "everything we know",
    "a guide to ",
    "a timeline of ",
    "q&a: ",
    "faq: ",
    "pourquoi ",
];
const ENDS: [&str; 6] = [
    ", explained",
    " explained",
    ": explained",
    "| explainer",
    ": explainer",
    ": what it means",
];
/// After an opening "how" these go on with a figure that is the news.
const COUNTS: [&str; 2] = ["how many ", "how much "];

/// Whether a headline explains or asks. The title is in lower case, its apostrophes straight.
#[must_use]
pub fn is_explainer(title: &str) -> bool {
    let title = title.trim();
    let counts = COUNTS.iter().any(|start| title.starts_with(start));
    let asks = title.ends_with(['?', '\u{ff1f}']);
    asks || !counts && STARTS.iter().any(|start| title.starts_with(start))
        || ENDS.iter().any(|end| title.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(explains: bool, titles: &[&str]) {
        for title in titles {
            let lower = title.to_lowercase().replace('\u{2019}', "'");
            assert_eq!(is_explainer(&lower), explains, "{title}");
        }
    }

    #[test]
    fn what_explains_or_asks_is_known() {
        check(
            true,
            &[
                "Why the yen fell again",
                "How a mine in Chile went under",
                "What the ruling means for lenders",
                "What’s behind the rush to tin",
                "Explaining the new tariffs on furniture",
                "Acme’s board fight, explained",
                "Here’s why Globex still builds boilers",
                "Can Acme keep its lead in rockets?",
                "Globex and Acme in one house: a match or a mistake?",
            ],
        );
    }

    #[test]
    fn what_happened_stays_news() {
        check(
            false,
            &[
                "Acme agrees to buy Globex for $3 billion",
                "Acme cuts 400 jobs. Here’s what to know",
                "‘Who will pay?’ asks the chief of Acme",
                "How many jobs Acme cut in spring: 400",
                "Somehow Acme beats its own forecast",
                "Whatever it takes: the bank buys bonds",
                "Howard Stone is to lead Acme",
            ],
        );
    }
}
