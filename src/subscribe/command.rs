//! What people may ask of us, in words: one line in, commands out. Pure.
//!
//! - Case, punctuation around a word, a leading "please" and quotes do not matter ("Please SUBSCRIBE!").
//! - Each command has the names that other list programs taught people: `join`, `signoff`, `remove`, `vacation`; and
//!   the word for it in German, French and Spanish, since mail programs are translated and people are.
//! - A line of ordinary prose is no command, even when it begins like one ("follow up on our talk ..."): commands that
//!   take no words must stand alone, lists of names are short, and names are short.
//! - A first word one slip away from a command ("subcribe") is answered with the nearest name, never acted on.

mod words;
mod written;

use std::time::Duration;

use crate::model::{Frequency, Length, MailFormat};
use crate::time::{Weekday, parse_clock};
use words::{COURTESIES, FILL, NAMES, OF_LANGUAGE};

/// Longest line that can be a command, in characters.
const LINE_CHARS_MAX: usize = 300;
/// Most names in one list.
const NAMES_MAX: usize = 30;
/// Longest name, in characters and in words.
const NAME_CHARS_MAX: usize = 60;
const NAME_WORDS_MAX: usize = 5;
/// Most stories in one correction, and the largest number a digest prints.
const STORIES_MAX: usize = 5;
const STORY_NUMBER_MAX: u32 = 999;
/// Words between the numbers of stories.
const NUMBER_FILL: &[&str] = &[
    "and", "with", "into", "story", "stories", "und", "mit", "et", "y", "number", "no", "nr",
];
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(366 * 86_400);
/// A pause without a length.
const PAUSE_DEFAULT: Duration = Duration::from_secs(14 * 86_400);

/// One thing asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Wants a digest; without a name the first open one.
    Subscribe(Option<String>),
    /// Wants no more; without a name of the digest every one.
    Leave(Option<String>),
    /// Confirms what a mail of ours asked, by its token.
    Confirm(String),
    /// Wants to know how this works.
    Help,
    /// Wants to see what holds now.
    Settings,
    /// Wants all data we hold on them.
    Export,
    /// Wants it all deleted.
    Erase,
    /// Says that these stories of the digest that is answered are two each, by their numbers there.
    Split(Vec<u32>),
    /// Says that these stories of the digest that is answered are one, by their numbers there.
    Merge(Vec<u32>),
    /// Wants something changed.
    Change(Change),
}

/// A change of choices, as asked: names are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Follow these companies or themes.
    Follow(Vec<String>),
    /// Follow these no longer.
    Unfollow(Vec<String>),
    /// Never show these.
    Mute(Vec<String>),
    /// Show these again.
    Unmute(Vec<String>),
    /// Follow these themes.
    Theme(Vec<String>),
    /// Mail at this local time, `HH:MM`.
    Time(String),
    /// In this time zone.
    Zone(String),
    /// This often.
    Often(Frequency),
    /// No mail for this long.
    Pause(Duration),
    /// Mail again.
    Resume,
    /// This much.
    Length(Length),
    /// These parts.
    Format(MailFormat),
    /// Fixed strings in this language.
    Language(String),
    /// Everything as the digest does it.
    Reset,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A command.
    Command(Command),
    /// Begins like a command and is none: what it is, and how it is written.
    Unclear {
        /// What was written, short.
        written: String,
        /// The command it is near to.
        nearest: &'static str,
    },
    /// A greeting, a thanks, nothing.
    Courtesy,
    /// Anything else.
    Prose,
}

/// Reads one line.
#[must_use]
pub fn parse_line(line: &str) -> Line {
    let line = tidy(line);
    if line.is_empty() {
        return Line::Courtesy;
    }
    if line.chars().count() > LINE_CHARS_MAX {
        return Line::Prose;
    }
    let (first, rest) = split_word(&line);
    let (first, rest) = if is_please(first) {
        split_word(rest)
    } else {
        (first, rest)
    };
    let word = bare(first);
    if let Some(token) = token_after(&word, "confirm-") {
        return Line::Command(Command::Confirm(token));
    }
    match command_named(&word) {
        Some(name) => command(name, rest.trim()).map_or_else(|| not_a_command(name, &word, rest), Line::Command),
        None if COURTESIES.contains(&word.as_str()) => Line::Courtesy,
        None => near(&word, rest),
    }
}

/// The language a command was written in, where its word belongs to one.
#[must_use]
pub fn language_of(line: &str) -> Option<&'static str> {
    let line = tidy(line);
    let (first, rest) = split_word(&line);
    let first = if is_please(first) { split_word(rest).0 } else { first };
    let word = bare(first);
    let found = OF_LANGUAGE.iter().find(|(_, words)| words.contains(&word.as_str()));
    found.map(|(code, _)| *code)
}

/// The command of ours that a word means, if it means one.
#[must_use]
pub fn command_named(word: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(_, words)| words.contains(&word))
        .map(|(name, _)| *name)
}

fn command(name: &str, rest: &str) -> Option<Command> {
    let alone = |command: Command| bare(rest).is_empty().then_some(command);
    let change = |change: Change| Some(Command::Change(change));
    match name {
        "subscribe" => digest_word(rest).map(Command::Subscribe),
        "unsubscribe" => digest_word(rest).map(Command::Leave),
        "confirm" => Some(bare(rest)).filter(|t| is_token(t)).map(Command::Confirm),
        "help" => alone(Command::Help),
        "settings" => alone(Command::Settings),
        "export" => alone(Command::Export),
        "erase" => ["", "me", "all"]
            .contains(&bare(rest).as_str())
            .then_some(Command::Erase),
        "follow" => names(rest).map(|n| Command::Change(Change::Follow(n))),
        "unfollow" => names(rest).map(|n| Command::Change(Change::Unfollow(n))),
        "mute" => names(rest).map(|n| Command::Change(Change::Mute(n))),
        "unmute" => names(rest).map(|n| Command::Change(Change::Unmute(n))),
        "theme" => names(rest).map(|n| Command::Change(Change::Theme(n))),
        "time" => parse_clock(rest.trim_end_matches('.'))
            .ok()
            .map(|(hour, minute)| Command::Change(Change::Time(format!("{hour:02}:{minute:02}")))),
        "zone" => Some(rest.trim_end_matches('.'))
            .filter(|zone| !zone.is_empty() && !zone.contains(' ') && zone.len() <= 40)
            .and_then(|zone| change(Change::Zone(zone.to_owned()))),
        "daily" => alone(Command::Change(Change::Often(Frequency::Daily))),
        "weekdays" => alone(Command::Change(Change::Often(Frequency::Weekdays))),
        "weekly" => weekday(rest).and_then(|day| change(Change::Often(Frequency::Weekly(day)))),
        "pause" => span(rest).and_then(|span| change(Change::Pause(span))),
        "resume" => alone(Command::Change(Change::Resume)),
        "short" => alone(Command::Change(Change::Length(Length::Short))),
        "long" => alone(Command::Change(Change::Length(Length::Long))),
        "text" => alone(Command::Change(Change::Format(MailFormat::Text))),
        "html" => alone(Command::Change(Change::Format(MailFormat::Html))),
        "language" => language(rest).and_then(|code| change(Change::Language(code))),
        "split" => numbers(rest).map(Command::Split),
        "merge" => numbers(rest).filter(|n| n.len() >= 2).map(Command::Merge),
        "reset" => alone(Command::Change(Change::Reset)),
        _ => None,
    }
}

/// A known first word with something after it that does not fit.
fn not_a_command(name: &'static str, word: &str, rest: &str) -> Line {
    let n_words = rest.split_whitespace().count();
    if n_words > 3 {
        return Line::Prose;
    }
    Line::Unclear {
        written: format!("{word} {rest}").trim().chars().take(NAME_CHARS_MAX).collect(),
        nearest: name,
    }
}

fn near(word: &str, rest: &str) -> Line {
    let letters = word.chars().count();
    if !(4..=20).contains(&letters) || rest.split_whitespace().count() > 4 {
        return Line::Prose;
    }
    let slips = if letters >= 8 { 2 } else { 1 };
    let nearest = NAMES
        .iter()
        .flat_map(|(name, words)| words.iter().map(|known| (strsim::osa_distance(word, known), *name)))
        .min();
    match nearest {
        Some((distance, nearest)) if distance <= slips => Line::Unclear {
            written: format!("{word} {rest}").trim().chars().take(NAME_CHARS_MAX).collect(),
            nearest,
        },
        _ => Line::Prose,
    }
}

/// One line of plain words: no quotes, no invisible characters, single spaces.
fn tidy(line: &str) -> String {
    let visible: String = line
        .chars()
        .map(|c| match c {
            '\u{a0}' | '\t' => ' ',
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{2010}'..='\u{2014}' => '-',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' | '*' | '`' | '"' => ' ',
            c => c,
        })
        .filter(|c| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}'))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once([' ', ':']).unwrap_or((text, ""))
}

fn is_please(word: &str) -> bool {
    ["please", "pls", "plz", "bitte"].contains(&bare(word).as_str())
}

/// A word without what surrounds it, in lower case.
fn bare(text: &str) -> String {
    text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

fn is_token(text: &str) -> bool {
    (20..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}

fn token_after(word: &str, prefix: &str) -> Option<String> {
    word.strip_prefix(prefix)
        .filter(|token| is_token(token))
        .map(ToOwned::to_owned)
}

/// The name of a digest after `subscribe`, or nothing. Fill words do not count, and prose is refused.
#[expect(
    clippy::option_option,
    reason = "no digest word, none named, one named: three cases of one grammar rule"
)]
fn digest_word(rest: &str) -> Option<Option<String>> {
    let words: Vec<String> = rest.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect();
    if words.len() > 8 {
        return None;
    }
    // "SUBSCRIBE news Anna Schmidt" is how LISTSERV taught people to give their name: only the first word counts.
    Some(words.into_iter().find(|word| !FILL.contains(&word.as_str())))
}

fn names(rest: &str) -> Option<Vec<String>> {
    let list: Vec<String> = rest
        .split([',', ';'])
        .flat_map(|part| part.split(" and "))
        .map(|name| {
            name.trim()
                .trim_end_matches(['.', '!'])
                .trim_start_matches("and ")
                .trim()
                .to_owned()
        })
        .filter(|name| !name.is_empty())
        .collect();
    let short =
        |name: &String| name.chars().count() <= NAME_CHARS_MAX && name.split_whitespace().count() <= NAME_WORDS_MAX;
    (!list.is_empty() && list.len() <= NAMES_MAX && list.iter().all(short)).then_some(list)
}

/// Numbers of stories as the digest prints them: `3 5`, `#3 and 5`, `3 + 5`.
fn numbers(rest: &str) -> Option<Vec<u32>> {
    let mut list = Vec::new();
    for word in rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '+')) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if word.is_empty() || NUMBER_FILL.contains(&word.to_lowercase().as_str()) {
            continue;
        }
        let number = word.parse().ok().filter(|n| (1..=STORY_NUMBER_MAX).contains(n))?;
        if !list.contains(&number) {
            list.push(number);
        }
    }
    (1..=STORIES_MAX).contains(&list.len()).then_some(list)
}

fn weekday(rest: &str) -> Option<String> {
    let day = rest
        .split_whitespace()
        .map(bare)
        .find(|word| word != "on")
        .unwrap_or_else(|| "mon".to_owned());
    day.trim_end_matches('s')
        .parse::<Weekday>()
        .or_else(|()| day.parse::<Weekday>())
        .ok()
        .map(|day| day.short().to_owned())
}

/// `2w`, `10 days`, `until` nothing: a span of days, weeks or months.
fn span(rest: &str) -> Option<Duration> {
    let rest: String = rest.to_lowercase().replace("for ", "").split_whitespace().collect();
    if rest.is_empty() {
        return Some(PAUSE_DEFAULT);
    }
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let unit = rest.strip_prefix(&digits)?.trim_end_matches('.');
    let days = match unit {
        "d" | "day" | "days" | "tage" | "tag" => 1,
        "w" | "week" | "weeks" | "wochen" | "woche" => 7,
        "m" | "month" | "months" => 30,
        _ => return None,
    };
    let number: u64 = digits.parse().ok().filter(|n| (1..=400).contains(n))?;
    Some(Duration::from_secs(number * days * 86_400).min(PAUSE_MAX))
}

fn language(rest: &str) -> Option<String> {
    let word = bare(rest);
    let code = match word.as_str() {
        "en" | "english" => "en",
        "de" | "german" | "deutsch" => "de",
        "fr" | "french" | "français" | "francais" => "fr",
        "es" | "spanish" | "español" | "espanol" => "es",
        // Whether there are words for it is known where the choice is made.
        code if (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase()) => code,
        _ => return None,
    };
    Some(code.to_owned())
}

#[cfg(test)]
mod tests;
