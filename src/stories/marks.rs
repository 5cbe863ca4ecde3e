//! What kind of item a headline is, beside plain news. Marked items are demoted, not hidden, and loose ones hold no
//! story together.
//!
//! Each rule reads the headline, folded to lower case, and where it says so the link's path:
//!
//! - Live blog: "Live updates: ...", "... - as it happened", "Markets live"; one page that follows a whole day.
//! - Roundup: "5 things to know before the bell", "Morning Bid", "The Week Ahead", "Here are the biggest movers",
//!   "| The Opening Trade 3/4/2026" and any show that ends in its date, podcasts; a list of many events.
//! - Opinion: "Opinion: ...", "Letter: ...", "The case for ...", a link under /opinion/, one analyst's view with his name
//!   at the end ("Supply is manageable: Acme Bank's Miller").
//! - Sponsored: "Sponsored:", "Paid post", a link under /sponsored/ or /paid-post/.
//! - Press release: a wire that carries companies' own words ("(PR Newswire)", "- Business Wire"), a company's newsroom
//!   or a company that writes about itself, or a feed set so.
//! - Template: an analyst's or a portfolio site's item made from a form: "Acme (ACME) Q3 2026 earnings call
//!   transcript", "Acme stock: buy, sell or hold?", "Best CD rates today, January 5", "Price target raised to $12",
//!   "Example Capital lifts Acme (ACME) price target", "Market Update: ACME", "Acme Income Fund declares $0.04 dividend",
//!   "Example Capital keeps its outperform rating", "The top weekend deals",
//!   "the best laptop deals so far", "$10 off already"; a table of rates with its date.
//! - Advice: what `advice` knows: how-to, letters, lists of tips, reviews; it tells no event.
//! - Explainer: what `explainers` knows: "Why ...", "... explained", questions; background to an event.
//! - Paywall: "(subscribers only)", "[$]".

use super::{advice, explainers, newsroom};
use crate::model::Mark;

/// Where a phrase must stand.
#[derive(Clone, Copy)]
enum At {
    Start,
    End,
    Anywhere,
}

const PHRASES: &[(Mark, At, &str)] = &[
    (Mark::LiveBlog, At::Start, "live:"),
    (Mark::LiveBlog, At::Start, "live updates"),
    (Mark::LiveBlog, At::Start, "live blog"),
    (Mark::LiveBlog, At::End, "live updates"),
    (Mark::LiveBlog, At::End, "live blog"),
    (Mark::LiveBlog, At::End, "as it happened"),
    (Mark::LiveBlog, At::Anywhere, ": live updates"),
    (Mark::LiveBlog, At::Anywhere, "live coverage"),
    (Mark::LiveBlog, At::Anywhere, "liveblog"),
    (Mark::LiveBlog, At::Start, "live q&a"),
    (Mark::LiveBlog, At::Start, "earnings live:"),
    (Mark::LiveBlog, At::Start, "liveticker"),
    (Mark::LiveBlog, At::Start, "en direct"),
    (Mark::LiveBlog, At::Start, "em direto"),
    (Mark::LiveBlog, At::Start, "ao vivo"),
    (Mark::Roundup, At::Anywhere, "things to know"),
    (Mark::Roundup, At::Anywhere, "what to know today"),
    (Mark::Roundup, At::Anywhere, "what to know this week"),
    (Mark::Roundup, At::Anywhere, "what to watch today"),
    (Mark::Roundup, At::Anywhere, "week ahead"),
    (Mark::Roundup, At::Anywhere, "week in review"),
    (Mark::Roundup, At::Anywhere, "top stories"),
    (Mark::Roundup, At::Anywhere, "top headlines"),
    (Mark::Roundup, At::Anywhere, "biggest movers"),
    (Mark::Roundup, At::Anywhere, "are key movers"),
    (Mark::Roundup, At::Anywhere, "everything revealed"),
    (Mark::Roundup, At::Anywhere, "everything announced"),
    (Mark::Roundup, At::Anywhere, "biggest announcements"),
    (Mark::Roundup, At::Anywhere, "biggest moves"),
    (Mark::Roundup, At::Anywhere, "; what to do now"),
    (Mark::Roundup, At::Anywhere, "stocks to watch"),
    (Mark::Roundup, At::Anywhere, "stocks making the biggest"),
    (Mark::Roundup, At::Anywhere, "stocks with earnings"),
    (Mark::Roundup, At::Anywhere, "daily open:"),
    (Mark::Roundup, At::Anywhere, "morning brief"),
    (Mark::Roundup, At::Anywhere, "evening brief"),
    (Mark::Roundup, At::Anywhere, "daily brief"),
    (Mark::Roundup, At::Anywhere, "newsletter:"),
    (Mark::Roundup, At::End, "newsletter"),
    (Mark::Roundup, At::Anywhere, "the opening trade"),
    (Mark::Roundup, At::Anywhere, "the opening bell"),
    (Mark::Roundup, At::Anywhere, "the close |"),
    (Mark::Roundup, At::Anywhere, "daybreak"),
    (Mark::Roundup, At::Anywhere, "news quiz"),
    (Mark::Roundup, At::Start, "podcast:"),
    (Mark::Roundup, At::Anywhere, " podcast:"),
    (Mark::Roundup, At::Anywhere, "(podcast)"),
    (Mark::Roundup, At::End, "podcast"),
    (Mark::Roundup, At::Anywhere, "roundup:"),
    (Mark::Roundup, At::End, "roundup"),
    (Mark::Roundup, At::Anywhere, "news roundup"),
    (Mark::Roundup, At::Anywhere, "round-up:"),
    (Mark::Roundup, At::End, "round-up"),
    (Mark::Roundup, At::Anywhere, "here's what you missed"),
    (Mark::Roundup, At::Start, "key deals this week"),
    (Mark::Roundup, At::End, "| closing bell"),
    (Mark::Roundup, At::Start, "morning bid"),
    (Mark::Roundup, At::Start, "the week in"),
    (Mark::Opinion, At::Start, "opinion:"),
    (Mark::Opinion, At::Start, "opinion |"),
    (Mark::Opinion, At::Start, "editorial:"),
    (Mark::Opinion, At::Start, "letter:"),
    (Mark::Opinion, At::Start, "letters:"),
    (Mark::Opinion, At::Start, "commentary:"),
    (Mark::Opinion, At::Start, "column:"),
    (Mark::Opinion, At::Start, "op-ed:"),
    (Mark::Opinion, At::Start, "jim cramer"),
    (Mark::Opinion, At::Start, "cramer says"),
    (Mark::Opinion, At::Start, "the case for"),
    (Mark::Opinion, At::Start, "the case against"),
    (Mark::Opinion, At::Start, "kommentar:"),
    (Mark::Opinion, At::End, "| opinion"),
    (Mark::Opinion, At::End, "- opinion"),
    (Mark::Sponsored, At::Start, "sponsored"),
    (Mark::Sponsored, At::Start, "advertisement"),
    (Mark::Sponsored, At::Start, "anzeige:"),
    (Mark::Sponsored, At::Anywhere, "paid post"),
    (Mark::Sponsored, At::Anywhere, "sponsored content"),
    (Mark::Sponsored, At::Anywhere, "partner content"),
    (Mark::PressRelease, At::End, "pr newswire"),
    (Mark::PressRelease, At::End, "business wire"),
    (Mark::PressRelease, At::End, "globenewswire"),
    (Mark::PressRelease, At::End, "accesswire"),
    (Mark::Template, At::Anywhere, "earnings call transcript"),
    (Mark::Template, At::Anywhere, "buy, sell or hold"),
    (Mark::Template, At::Anywhere, "buy, sell, or hold"),
    (Mark::Template, At::Anywhere, "rates today"),
    (Mark::Template, At::Anywhere, "rates for today"),
    (Mark::Template, At::Anywhere, "price target raised"),
    (Mark::Template, At::Anywhere, "price target cut"),
    (Mark::Template, At::Anywhere, "price target lowered"),
    (Mark::Template, At::Anywhere, ") price target"),
    (Mark::Template, At::Start, "market update:"),
    (Mark::Template, At::Anywhere, "weekend deals"),
    (Mark::Template, At::Anywhere, "deals worth shopping"),
    (Mark::Template, At::Start, "deals for today"),
    (Mark::Template, At::Start, "last chance to get"),
    (Mark::Template, At::Anywhere, " off already"),
    (Mark::Template, At::Anywhere, "lowest price yet"),
    (Mark::Template, At::Anywhere, "record-low price"),
    (Mark::Template, At::Anywhere, "is it time to buy"),
    (Mark::Template, At::Anywhere, "is it a buy"),
    (Mark::Template, At::Anywhere, "a good stock to buy"),
    (Mark::Template, At::Anywhere, "stock before it"),
    (Mark::Template, At::Anywhere, "outperform rating"),
    (Mark::Template, At::Anywhere, "overweight rating"),
    (Mark::Template, At::Anywhere, "buy rating"),
    (Mark::Template, At::Anywhere, "bullish thesis"),
    (Mark::Template, At::Anywhere, "wall street bullish on"),
    (Mark::Template, At::Anywhere, "wall street is bullish on"),
    (Mark::Template, At::Anywhere, " declares $"),
    (Mark::Template, At::Start, "analyst report:"),
    (Mark::Paywall, At::Anywhere, "(subscribers only)"),
    (Mark::Paywall, At::Anywhere, "[$]"),
];

/// Parts of a link's path.
const PATHS: &[(Mark, &str)] = &[
    (Mark::LiveBlog, "/live/"),
    (Mark::LiveBlog, "/live-updates"),
    (Mark::LiveBlog, "/liveblog"),
    (Mark::Roundup, "/newsletters/"),
    (Mark::Roundup, "/podcasts/"),
    (Mark::Roundup, "/podcast/"),
    (Mark::Opinion, "/opinion/"),
    (Mark::Opinion, "/opinions/"),
    (Mark::Opinion, "/commentisfree/"),
    (Mark::Sponsored, "/sponsored/"),
    (Mark::Sponsored, "/paid-post/"),
    (Mark::Sponsored, "/partner-content/"),
    (Mark::PressRelease, "/press-release"),
    (Mark::PressRelease, "/news-releases/"),
];

/// The marks of a headline, each once, in the order of [`Mark`]. `companies` are the names found in it.
#[must_use]
pub fn marks(title: &str, url: &str, source: &str, companies: &[&str], press_release: bool) -> Vec<Mark> {
    let title = title.to_lowercase().replace('\u{2019}', "'");
    let title = title.trim();
    let path = url.to_ascii_lowercase();
    let mut found: Vec<Mark> = PHRASES
        .iter()
        .filter(|(_, at, phrase)| match at {
            At::Start => title.starts_with(phrase),
            At::End => title.ends_with(phrase),
            At::Anywhere => title.contains(phrase),
        })
        .map(|(mark, ..)| *mark)
        .chain(
            PATHS
                .iter()
                .filter(|(_, part)| path.contains(part))
                .map(|(mark, _)| *mark),
        )
        .collect();
    if is_show(title) {
        found.push(Mark::Roundup);
    }
    if is_one_voice(title) {
        found.push(Mark::Opinion);
    }
    if press_release || newsroom::is_own_words(title, source, companies) {
        found.push(Mark::PressRelease);
    }
    if is_shopping(title) || is_rates_page(title) {
        found.push(Mark::Template);
    }
    if found.is_empty() && advice::is_advice(title) {
        found.push(Mark::Advice);
    }
    if found.is_empty() && explainers::is_explainer(title) {
        found.push(Mark::Explainer);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A page of offers: "the best new laptop deals so far", "$10 off". Takeovers are deals too, but nobody ranks them so.
fn is_shopping(title: &str) -> bool {
    let has = |word: &str| title.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
    let off = title.split(" off").next().filter(|before| before.len() < title.len());
    let price = off
        .and_then(|before| before.rsplit(' ').next())
        .is_some_and(|word| word.ends_with('%') || word.starts_with('$'));
    has("best") && has("deals") || price && !has("stake") && !has("shares") && !has("stock")
}

/// A show's episode, which ends in its date: "Central banks stand by | Insight with A. Host 1/14/2026".
fn is_show(title: &str) -> bool {
    let last = title.split_whitespace().next_back().unwrap_or_default();
    let parts: Vec<&str> = last.split('/').collect();
    let digits = |part: &str, n: usize| (1..=n).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [month, day, year] => digits(month, 2) && digits(day, 2) && digits(year, 4),
        // Without the year it could be a share ("wins 7/10"), unless the show's name stands before it.
        [month, day] => digits(month, 2) && digits(day, 2) && title.contains(" | "),
        _ => false,
    }
}

/// A talk with one analyst: "Supply is manageable: Acme Bank's Miller".
fn is_one_voice(title: &str) -> bool {
    let Some((_, tail)) = title.rsplit_once(": ").or_else(|| title.rsplit_once(" says ")) else {
        return false;
    };
    let words: Vec<&str> = tail.split_whitespace().collect();
    (2..=5).contains(&words.len())
        && words.iter().rev().skip(1).take(2).any(|word| word.ends_with("'s"))
        && words.last().is_some_and(|word| word.chars().all(char::is_alphabetic))
}

/// A table of rates as it stands on a day: "CD and savings rates Monday, January 5, 2026".
fn is_rates_page(title: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words: Vec<&str> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let number = |word: &str, digits: usize| word.len() <= digits && word.bytes().all(|b| b.is_ascii_digit());
    let dated = words.windows(3).any(
        |three| matches!(three, [month, day, year] if MONTHS.contains(month) && number(day, 2) && number(year, 4)),
    );
    dated && words.contains(&"rates")
}

/// Whether an item tells of many events at once and so may not hold a story together.
#[must_use]
pub fn is_loose(marks: &[Mark]) -> bool {
    marks
        .iter()
        .any(|m| matches!(m, Mark::LiveBlog | Mark::Roundup | Mark::Sponsored))
}

/// Whether an item tells of many things, which are not those of another such item.
#[must_use]
pub fn is_roundup(marks: &[Mark]) -> bool {
    marks.iter().any(|m| matches!(m, Mark::Roundup))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, url: &str, expected: &[Mark]) {
        assert_eq!(marks(title, url, "The Gazette", &[], false), expected, "{title}");
    }

    #[test]
    fn kinds_of_items() {
        check("Acme to buy Globex for $3 billion", "https://example.com/a", &[]);
        check("Live updates: Fed holds rates", "", &[Mark::LiveBlog]);
        check("Stocks slide as oil jumps: live updates", "", &[Mark::LiveBlog]);
        check("5 things to know before the market opens", "", &[Mark::Roundup]);
        check("Gold steadies | The Opening Trade 3/4/2026", "", &[Mark::Roundup]);
        check(
            "Banks stand by the Fed | Insight with A. Host 1/14/2026",
            "",
            &[Mark::Roundup],
        );
        check("The island's plan | The Market Hour 1/22", "", &[Mark::Roundup]);
        check("Acme's pill works for 7/10", "", &[]);
        check("Daily Open: Investors flee", "", &[Mark::Roundup]);
        check("Futures rise; What To Do Now", "", &[Mark::Roundup]);
        check("The Markets Podcast: Gold and its discontents", "", &[Mark::Roundup]);
        check("Acme signs $200 million podcast deal with a comedian", "", &[]);
        check("Acme wins court case over Roundup weedkiller", "", &[]);
        check("Wall Street Bullish on Acme (ACME), Sees Gains", "", &[Mark::Template]);
        check("Live Q&A: What is next for bonds", "", &[Mark::LiveBlog]);
        check(
            "Acme, Globex And More: Stocks With Earnings This Week",
            "",
            &[Mark::Roundup],
        );
        check("Opinion: Tariffs are taxes", "", &[Mark::Opinion]);
        check(
            "Supply is manageable for spreads: Acme Bank’s Miller",
            "",
            &[Mark::Opinion],
        );
        check("AI is the backbone, says Acme Bank's Ann Miller", "", &[Mark::Opinion]);
        check("Fed: no cut before Acme's results are in", "", &[]);
        check("Acme says Globex's offer fails its holders", "", &[]);
        check(
            "Why tariffs are taxes",
            "https://example.com/opinion/2026/1",
            &[Mark::Opinion],
        );
        check("Globex Q3 2026 earnings call transcript", "", &[Mark::Template]);
        check("Best CD rates today, March 3, 2026", "", &[Mark::Template]);
        check(
            "Home equity loan rates Monday, March 2, 2026: a step down",
            "",
            &[Mark::Template],
        );
        check("How to read a balance sheet", "", &[Mark::Advice]);
        check("How a mine went under", "", &[Mark::Explainer]);
        check("Opinion: Why tariffs are taxes", "", &[Mark::Opinion]);
        check("Example Capital lifts Acme (ACME) Price Target", "", &[Mark::Template]);
        check("Market Update: ACME", "", &[Mark::Template]);
        check("Acme Income Fund declares $0.04 dividend", "", &[Mark::Template]);
        check(
            "Example Capital keeps its Outperform rating on Acme",
            "",
            &[Mark::Template],
        );
        check("The best weekend deals on phones", "", &[Mark::Template]);
        check(
            "These are the best laptop deals in spring so far",
            "",
            &[Mark::Template],
        );
        check("Acme's small charger is $10 off already", "", &[Mark::Template]);
        check("Acme takes 20% off the table in stake sale", "", &[]);
        check("Acme strikes the biggest courier deals in years", "", &[]);
        check("Acme strikes two deals worth $3 billion this weekend", "", &[]);
        check("Chips rally into the weekend | Closing Bell", "", &[Mark::Roundup]);
        check("Acme names a new chief - PR Newswire", "", &[Mark::PressRelease]);
        check("Podcast: the future of steel", "", &[Mark::Roundup]);
        check("Energy prices stay alive: what economists say", "", &[]);
    }

    #[test]
    fn a_press_release_feed_marks_its_entries() {
        assert_eq!(
            marks("Acme opens a plant", "", "Acme feed", &[], true),
            [Mark::PressRelease]
        );
    }
}
