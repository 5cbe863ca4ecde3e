//! Commands as we would write them.

use super::{Change, Command};
use crate::model::{Frequency, Length, MailFormat};

fn spaced(numbers: &[u32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for Command {
    /// The command as we would write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subscribe(None) => f.write_str("subscribe"),
            Self::Subscribe(Some(digest)) => write!(f, "subscribe {digest}"),
            Self::Leave(None) => f.write_str("unsubscribe"),
            Self::Leave(Some(digest)) => write!(f, "unsubscribe {digest}"),
            Self::Confirm(_) => f.write_str("confirm"),
            Self::Help => f.write_str("help"),
            Self::Settings => f.write_str("settings"),
            Self::Export => f.write_str("export"),
            Self::Erase => f.write_str("erase"),
            Self::Split(numbers) => write!(f, "split {}", spaced(numbers)),
            Self::Merge(numbers) => write!(f, "merge {}", spaced(numbers)),
            Self::Change(change) => change.fmt(f),
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Follow(names) => write!(f, "follow {}", names.join(", ")),
            Self::Unfollow(names) => write!(f, "unfollow {}", names.join(", ")),
            Self::Mute(names) => write!(f, "mute {}", names.join(", ")),
            Self::Unmute(names) => write!(f, "unmute {}", names.join(", ")),
            Self::Theme(names) => write!(f, "theme {}", names.join(", ")),
            Self::Time(time) => write!(f, "time {time}"),
            Self::Zone(zone) => write!(f, "zone {zone}"),
            Self::Often(Frequency::Default) => f.write_str("reset"),
            Self::Often(Frequency::Daily) => f.write_str("daily"),
            Self::Often(Frequency::Weekdays) => f.write_str("weekdays"),
            Self::Often(Frequency::Weekly(day)) => write!(f, "weekly {day}"),
            Self::Pause(span) => write!(f, "pause {}d", span.as_secs() / 86_400),
            Self::Resume => f.write_str("resume"),
            Self::Length(Length::Short) => f.write_str("short"),
            Self::Length(Length::Long) => f.write_str("long"),
            Self::Format(MailFormat::Text) => f.write_str("text"),
            Self::Format(MailFormat::Html) => f.write_str("html"),
            Self::Language(code) => write!(f, "language {code}"),
            Self::Reset => f.write_str("reset"),
        }
    }
}
