//! Instants, time zones and schedules. The only folder that knows `cron` and `chrono-tz`.
//!
//! `cron` is never given a zone: it walks naive local times, and the zone is resolved afterwards, so that a day whose
//! local time does not exist or exists twice still has exactly one firing.

mod fields;
mod local;
mod reader;
mod schedule;
mod zone;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use local::{CivilDate, LocalTime, Weekday, parse_local};
pub use reader::{ReaderSchedule, parse_clock};
pub use schedule::{Firing, Schedule};
pub use zone::Zone;

/// The last second of the year 9999, the furthest instant shown or computed with.
const YEAR_9999_END: i64 = 253_402_300_799;

/// An instant: whole seconds since 1970-01-01 UTC, before it negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Wraps unix seconds.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Unix seconds.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Later by a span; saturates.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
    }

    /// Earlier by a span; saturates.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)))
    }

    /// The span since an earlier instant; zero when that one is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads an RFC 3339 time; a blank in place of the `T` is fine, and a bare date is its midnight in UTC.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        chrono::DateTime::parse_from_rfc3339(text)
            .map(|t| t.timestamp())
            .or_else(|_| {
                chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .map(|d| d.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
            })
            .ok()
            .map(Self)
    }

    /// RFC 3339 in UTC, `2026-03-29T05:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The instant as chrono has it, cut to the years 1 to 9999.
    fn utc(self) -> DateTime<Utc> {
        const YEAR_1_START: i64 = -62_135_596_800;
        DateTime::from_timestamp(self.0.clamp(YEAR_1_START, YEAR_9999_END), 0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// What is wrong with a time, a zone or a schedule someone wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// No such zone.
    #[error("unknown time zone `{name}`{}", did_you_mean(.near))]
    UnknownZone {
        /// As written.
        name: String,
        /// Up to three known names that resemble it, the nearest first.
        near: Vec<&'static str>,
    },
    /// Not a local time.
    #[error("`{0}` is not a local time; write it like `2026-03-29T07:00` or `2026-03-29T07:00[Europe/Paris]`")]
    NotLocalTime(String),
    /// Not a time of day.
    #[error("`{0}` is not a time of day; write it like `07:30`")]
    NotClock(String),
    /// Not a schedule.
    #[error("schedule `{text}`: {why}")]
    BadSchedule {
        /// As written.
        text: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

fn did_you_mean(near: &[&str]) -> String {
    match near {
        [] => "; take an IANA name such as `Europe/Berlin`".to_owned(),
        names => format!(
            "; did you mean {}?",
            names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")
        ),
    }
}
