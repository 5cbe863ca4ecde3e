//! What changes came to, said in the reader's language.

use crate::language::Language;
use crate::model::{Frequency, Length, MailFormat};

/// One thing that changed, or that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A sentence about one name or value: the key of its words, and the value.
    About(&'static str, String),
    /// A sentence about a theme: the key of its words, slug and name.
    Theme(&'static str, String, String),
    /// A language there are no words in: what was asked for, and the codes there are.
    NoLanguage(String, String),
    /// A sentence without a value.
    Plain(&'static str),
    /// How often from now on.
    Often(Frequency),
    /// No mail for so many days.
    Paused(u64),
    /// How much.
    Length(Length),
    /// Which parts.
    Format(MailFormat),
    /// A list that takes no more.
    Full(String, usize),
    /// What was written and what was probably meant: key, written, near.
    Near(&'static str, String, String),
    /// A word on stories that is taken: key, number and headline of each.
    Stories(&'static str, Vec<(u32, String)>),
    /// A word on stories that is not taken: key, command, number.
    Refused(&'static str, String, u32),
}

impl Note {
    /// The note without words of whoever wrote the mail; `None` when nothing is left of it. The first word of what was
    /// not understood is a command of ours, or one or two letters away from one.
    #[must_use]
    pub fn in_our_words(self) -> Option<Self> {
        match self {
            Self::Near("meant", written, near) => {
                let word = written.split_whitespace().next().unwrap_or_default().to_owned();
                Some(Self::Near("meant", word, near))
            }
            Self::Near(..) | Self::NoLanguage(..) | Self::About("unknown" | "unknown_zone", _) => None,
            ours => Some(ours),
        }
    }

    /// In words.
    #[must_use]
    pub fn say(&self, w: &Language) -> String {
        match self {
            // Each sentence names its value in its own way.
            Self::About(key, value) => w.say(
                key,
                &[
                    ("name", value),
                    ("time", value),
                    ("zone", value),
                    ("language", value),
                    ("command", value),
                ],
            ),
            Self::Theme(key, slug, name) => w.say(key, &[("name", w.theme(slug, name))]),
            Self::NoLanguage(code, known) => w.say("unknown_language", &[("name", code), ("known", known)]),
            Self::Plain(key) => w.say(key, &[]),
            Self::Often(frequency) => often_words(frequency, w),
            Self::Paused(days) => w.say("paused", &[("n", &days.to_string())]),
            Self::Length(Length::Short) => w.say("length_short", &[]),
            Self::Length(Length::Long) => w.say("length_long", &[]),
            Self::Format(MailFormat::Text) => w.say("format_text", &[]),
            Self::Format(MailFormat::Html) => w.say("format_html", &[]),
            Self::Full(name, n) => w.say("full", &[("name", name), ("n", &n.to_string())]),
            Self::Near(key, name, near) => w.say(key, &[("name", name), ("near", near)]),
            Self::Stories(key, stories) => {
                let named: Vec<String> = stories
                    .iter()
                    .map(|(n, title)| w.say("story", &[("n", &n.to_string()), ("title", title)]))
                    .collect();
                let all = named.join(&w.say("and", &[]));
                w.say(key, &[("stories", &all), ("story", &all)])
            }
            Self::Refused(key, command, n) => w.say(key, &[("command", command), ("n", &n.to_string())]),
        }
    }
}

/// How often, in words.
#[must_use]
pub fn often_words(frequency: &Frequency, w: &Language) -> String {
    match frequency {
        Frequency::Default => w.say("often_default", &[]),
        Frequency::Daily => w.say("often_daily", &[]),
        Frequency::Weekdays => w.say("often_weekdays", &[]),
        Frequency::Weekly(day) => {
            let name = day
                .parse::<crate::time::Weekday>()
                .map_or(day.as_str(), |day| w.weekday(day as usize));
            w.say("often_weekly", &[("day", name)])
        }
    }
}
