//! Why nothing may be composed or sent for the time being. Pure; who composes or sends asks
//! [`crate::context::Ctx::halt`] first.
//!
//! - A clock that cannot be right: a board without a battery begins in 1970, another stands in a year far ahead. Mails
//!   would carry that date, and slots of decades would count as missed.
//! - A database that is damaged: what it says of who was sent what cannot be trusted.

use std::time::Duration;

use crate::time::Timestamp;

/// The start of the year this version was made in (2026); no clock that is right shows less. To be raised with releases.
const MADE_IN: Timestamp = Timestamp::from_unix(1_767_225_600);
/// A clock further ahead than this is wrong, and not we that old.
const USED_FOR: Duration = Duration::from_hours(10 * 365 * 24);

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// The clock cannot be right.
    Clock,
    /// What is wrong with the database.
    Damage(String),
}

impl Halt {
    /// What stands against composing and sending now; `damage` is empty where nothing is known against the database.
    #[must_use]
    pub fn of(now: Timestamp, damage: String) -> Option<Self> {
        if is_wrong(now) {
            return Some(Self::Clock);
        }
        (!damage.is_empty()).then_some(Self::Damage(damage))
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        match self {
            Self::Clock => format!("the clock says {now}, which cannot be right; set it, or let a time server do so"),
            Self::Damage(damage) => format!(
                "the database is damaged ({damage}); put the last good backup in its place as docs/operations.md says"
            ),
        }
    }
}

/// Whether a clock that shows this cannot be right.
#[must_use]
pub fn is_wrong(now: Timestamp) -> bool {
    now < MADE_IN || now >= MADE_IN.plus(USED_FOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_before_this_version_and_ten_years_after() {
        for (time, wrong) in [
            ("1970-01-01T00:00:12Z", true),
            ("2025-12-31T23:59:59Z", true),
            ("2026-01-01T00:00:00Z", false),
            ("2035-12-01T00:00:00Z", false),
            ("2036-01-01T00:00:00Z", true),
            ("2106-02-07T06:28:15Z", true),
        ] {
            let now = Timestamp::parse_rfc3339(time).unwrap();
            assert_eq!(is_wrong(now), wrong, "{time}");
            assert_eq!(Halt::of(now, String::new()), wrong.then_some(Halt::Clock), "{time}");
        }
    }

    #[test]
    fn a_halt_says_what_to_do() {
        let now = Timestamp::from_unix(1_800_000_000);
        let halt = Halt::of(now, "page 7".to_owned()).unwrap();
        assert!(halt.words(now).contains("damaged (page 7)"), "{}", halt.words(now));
        let long_ago = Timestamp::from_unix(0);
        let words = Halt::of(long_ago, "page 7".to_owned()).unwrap().words(long_ago);
        assert!(words.contains("1970-01-01T00:00:00Z"), "{words}");
    }
}
