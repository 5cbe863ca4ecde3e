//! Instants, time zones and schedules. The only file that knows `cron` and `chrono-tz`.
//!
//! `cron` is never given a zone: it walks naive local times, and the zone is resolved afterwards, so that a day whose
//! local time does not exist or exists twice still has exactly one firing.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

    /// RFC 3339 in UTC, `2026-03-29T05:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        chrono::DateTime::from_timestamp(self.0, 0)
            .map_or_else(|| self.0.to_string(), |t| t.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(chrono_tz::Tz);

/// A schedule on local time: five cron fields, without a zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    cron: Box<cron::Schedule>,
}
