//! Who published an aggregator's item, when the headline or the feed's `source` says so.
//!
//! The heuristics, each with the kind of case behind it:
//! - Google News writes "Acme buys Roadrunner - Reuters", with `<source>Reuters</source>` beside it: the source is
//!   believed and its name cut from the headline.
//! - Before that some outlets sign for themselves, with their initials ("Acme buys Roadrunner - WSJ - The Wall Street
//!   Journal"): they go too.
//! - Other aggregators write the same without a source. A suffix is taken for a publisher only when most headlines of
//!   the document have one, since a single "Berlin - a city" is a headline like any other.
//! - A web name at a headline's end ("... - example.com") is a publisher whatever the other headlines do.
//! - A company's or an office's page puts its own desk first ("Global Blog | Acme launches ...", "Office of Public
//!   Affairs | Broker pleads guilty"): a desk's name before the bar says nothing and is cut.
//! - An outlet that signs its own headlines ("... | Example Times") has one and the same suffix everywhere. It is cut,
//!   and is a publisher only when the feed's own title does not know it.

use std::collections::BTreeMap;

const SEPARATORS: [&str; 6] = [" - ", " – ", " — ", " | ", " :: ", " » "];
const NAME_MAX_CHARS: usize = 40;
const NAME_MAX_WORDS: usize = 5;
/// How the name of a desk that stands before a headline ends.
const DESK_ENDINGS: [&str; 6] = [
    " blog",
    " affairs",
    " newsroom",
    " news room",
    " press office",
    " press release",
];
/// Fewer headlines than this show no habit.
const HEADLINES_MIN: usize = 4;

/// What the headlines of one document have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Habit {
    /// Nothing.
    None,
    /// All are signed with this one name.
    Signed {
        /// The name.
        name: String,
        /// It is not the feed's own.
        foreign: bool,
    },
    /// Each carries the name of its publisher.
    Aggregated,
}

/// A headline without the publisher's name, and that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The headline.
    pub title: String,
    /// The publisher, empty when it is the feed's own outlet or unknown.
    pub publisher: String,
}

/// Finds the habit of a document by its headlines.
#[must_use]
pub fn habit<'a>(feed_title: &str, titles: impl IntoIterator<Item = &'a str>) -> Habit {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut n_titles, mut n_signed) = (0_usize, 0_usize);
    for title in titles {
        n_titles += 1;
        if let Some((_, name)) = split_last(title) {
            n_signed += 1;
            *names.entry(name).or_default() += 1;
        }
    }
    if n_titles < HEADLINES_MIN || n_signed * 10 < n_titles * 8 {
        return Habit::None;
    }
    match names.iter().max_by_key(|(_, count)| **count) {
        Some((name, count)) if *count * 10 >= n_titles * 8 => Habit::Signed {
            name: (*name).to_owned(),
            foreign: !same_outlet(feed_title, name),
        },
        _ if names.len() >= 3 && names.len() * 5 <= n_signed * 4 => Habit::Aggregated,
        _ => Habit::None,
    }
}

/// Splits one headline. `source` is what the feed itself names as the item's publisher, possibly empty.
#[must_use]
pub fn split(title: &str, source: &str, feed_title: &str, habit: &Habit) -> Split {
    let (title, source) = (without_desk(title), source.trim());
    if !source.is_empty() {
        let publisher = if same_outlet(feed_title, source) {
            String::new()
        } else {
            source.to_owned()
        };
        return Split {
            title: without_initials(without(title, source), source).to_owned(),
            publisher,
        };
    }
    match habit {
        Habit::None => match split_domain(title) {
            Some((headline, domain)) => Split {
                title: headline.to_owned(),
                publisher: if same_outlet(feed_title, domain) {
                    String::new()
                } else {
                    domain.to_owned()
                },
            },
            None => Split {
                title: title.to_owned(),
                publisher: String::new(),
            },
        },
        Habit::Signed { name, foreign } => Split {
            title: without(title, name).to_owned(),
            publisher: if *foreign { name.clone() } else { String::new() },
        },
        Habit::Aggregated => match split_last(title).or_else(|| split_domain(title)) {
            Some((headline, name)) => Split {
                title: without_initials(headline, name).to_owned(),
                publisher: if same_outlet(feed_title, name) {
                    String::new()
                } else {
                    name.to_owned()
                },
            },
            None => Split {
                title: title.to_owned(),
                publisher: String::new(),
            },
        },
    }
}

/// The headline after the name of the desk that put it out.
fn without_desk(title: &str) -> &str {
    match title.split_once(" | ") {
        Some((desk, headline))
            if desk.split_whitespace().count() <= NAME_MAX_WORDS
                && headline.split_whitespace().count() >= 3
                && DESK_ENDINGS.iter().any(|ending| desk.to_lowercase().ends_with(ending)) =>
        {
            headline.trim()
        }
        _ => title,
    }
}

fn without<'a>(title: &'a str, name: &str) -> &'a str {
    SEPARATORS
        .iter()
        .find_map(|separator| title.strip_suffix(name)?.strip_suffix(separator))
        .map(str::trim_end)
        .filter(|headline| !headline.is_empty())
        .unwrap_or(title)
}

/// The headline without the initials that an outlet put to it before an aggregator put its name ("... - WSJ").
fn without_initials<'a>(title: &'a str, name: &str) -> &'a str {
    let words = name.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("the"));
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    if initials.chars().count() < 2 || initials.chars().any(|c| !c.is_uppercase()) {
        return title;
    }
    without(title, &initials)
}

/// The headline and the web name after its last separator ("- example.com").
fn split_domain(title: &str) -> Option<(&str, &str)> {
    let (headline, name) = SEPARATORS
        .iter()
        .filter_map(|separator| title.rsplit_once(separator))
        .max_by_key(|(headline, _)| headline.len())?;
    let (headline, name) = (headline.trim(), name.trim());
    let (host, ending) = name.rsplit_once('.')?;
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let is_ending = (2..=6).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_lowercase());
    (is_host && is_ending && !headline.is_empty()).then_some((headline, name))
}

/// The headline and the name after its last separator, when that looks like a name.
fn split_last(title: &str) -> Option<(&str, &str)> {
    let (headline, name) = SEPARATORS
        .iter()
        .filter_map(|separator| title.rsplit_once(separator))
        .max_by_key(|(headline, _)| headline.len())?;
    let (headline, name) = (headline.trim(), name.trim());
    let starts_well = name
        .chars()
        .next()
        .is_some_and(|c| c.is_uppercase() || c.is_numeric() || !c.is_ascii());
    let short = name.chars().count() <= NAME_MAX_CHARS && name.split_whitespace().count() <= NAME_MAX_WORDS;
    let whole = headline.split_whitespace().count() >= 2 && !name.ends_with(['?', '!', '.', '"', '…']);
    // "Example.com" ends in a name, not in a sentence.
    (starts_well && short && whole).then_some((headline, name))
}

/// Whether a name is the feed's own outlet: "Example Times" in "Example Times - Business".
fn same_outlet(feed_title: &str, name: &str) -> bool {
    let fold = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (feed, name) = (fold(feed_title), fold(name));
    !name.is_empty() && !feed.is_empty() && (feed.contains(&name) || name.contains(&feed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(feed_title: &str, titles: &[&str], expected: &[(&str, &str)]) {
        let habit = habit(feed_title, titles.iter().copied());
        for (title, (headline, publisher)) in titles.iter().zip(expected) {
            let found = split(title, "", feed_title, &habit);
            assert_eq!(
                (found.title.as_str(), found.publisher.as_str()),
                (*headline, *publisher),
                "{habit:?}"
            );
        }
    }

    #[test]
    fn a_desks_name_is_no_part_of_the_headline() {
        check(
            "Example News",
            &[
                "Global Blog | Acme launches a phone",
                "Office of Public Affairs | Broker pleads guilty to fraud - example.gov",
                "Foreign affairs | Opinion",
                "Acme writes a blog about steel",
            ],
            &[
                ("Acme launches a phone", ""),
                ("Broker pleads guilty to fraud", "example.gov"),
                ("Foreign affairs | Opinion", ""),
                ("Acme writes a blog about steel", ""),
            ],
        );
    }

    #[test]
    fn a_web_name_at_the_end_is_a_publisher() {
        check(
            "Example News",
            &[
                "A new phone is out - phonemakernews.com",
                "Version 2.0 ships",
                "Yes - and no",
            ],
            &[
                ("A new phone is out", "phonemakernews.com"),
                ("Version 2.0 ships", ""),
                ("Yes - and no", ""),
            ],
        );
    }

    #[test]
    fn an_aggregators_items_name_their_publishers() {
        check(
            "business - Google News",
            &[
                "Acme buys Roadrunner for $3 billion - Reuters",
                "Acme to buy Roadrunner - ET - The Example Times",
                "Shares of Acme rise - Reuters",
                "Globex opens a plant - in Ohio - Example Post",
                "Initech names new chief - CNBC",
            ],
            &[
                ("Acme buys Roadrunner for $3 billion", "Reuters"),
                ("Acme to buy Roadrunner", "The Example Times"),
                ("Shares of Acme rise", "Reuters"),
                ("Globex opens a plant - in Ohio", "Example Post"),
                ("Initech names new chief", "CNBC"),
            ],
        );
    }

    #[test]
    fn an_outlet_that_signs_is_not_its_own_publisher() {
        let titles = [
            "Acme buys Globex | Example Times",
            "Shares rise | Example Times",
            "Two more | Example Times",
            "And so on | Example Times",
        ];
        let cut = [
            ("Acme buys Globex", ""),
            ("Shares rise", ""),
            ("Two more", ""),
            ("And so on", ""),
        ];
        check("Example Times: Business", &titles, &cut);
        let foreign = cut.map(|(title, _)| (title, "Example Times"));
        check("All about Acme", &titles, &foreign);
    }

    #[test]
    fn a_dash_is_no_habit() {
        let titles = [
            "Berlin - a city of trade",
            "Acme buys Globex",
            "Initech - The Verdict",
            "Shares rise",
            "One more",
        ];
        check("News", &titles, &titles.map(|title| (title, "")));
    }

    #[test]
    fn the_feeds_own_word_is_believed() {
        let cut = split("Acme buys Globex - Reuters", "Reuters", "Google News", &Habit::None);
        assert_eq!(
            (cut.title.as_str(), cut.publisher.as_str()),
            ("Acme buys Globex", "Reuters")
        );
        let own = split(
            "Acme buys Globex",
            "Example Times",
            "Example Times - Business",
            &Habit::None,
        );
        assert_eq!((own.title.as_str(), own.publisher.as_str()), ("Acme buys Globex", ""));
        let whole = split("Reuters", "Reuters", "Google News", &Habit::None);
        assert_eq!(whole.title, "Reuters");
    }
}
