//! IANA time zones: names, near matches, and what a naive local time means in one.

use std::fmt;
use std::str::FromStr;

use chrono::{LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use serde::{Deserialize, Serialize};

use super::{LocalTime, TimeError, Timestamp};

/// Longest zone name that is looked at; real ones have at most 32 characters.
const NAME_MAX: usize = 64;

/// An IANA time zone; the default is UTC. The data is compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(chrono_tz::Tz);

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// Version of the compiled-in time zone data (`2025b`).
    #[must_use]
    pub const fn data_version() -> &'static str {
        chrono_tz::IANA_TZDB_VERSION
    }

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The wall clock of this zone at an instant.
    #[must_use]
    pub fn local(self, at: Timestamp) -> LocalTime {
        LocalTime::new(self, at.utc().with_timezone(&self.0))
    }

    /// Up to three known names that resemble a name, the nearest first: other letter case, the city alone
    /// (`Berlin`), a typo (`Europe/Berln`).
    #[must_use]
    pub fn near(name: &str) -> Vec<&'static str> {
        let wanted: String = name
            .trim()
            .replace(' ', "_")
            .chars()
            .take(NAME_MAX)
            .collect::<String>()
            .to_lowercase();
        let city = wanted.rsplit('/').next().unwrap_or(&wanted);
        let mut scored: Vec<(f64, &'static str)> = chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| {
                let known = zone.name().to_lowercase();
                let known_city = known.rsplit('/').next().unwrap_or(&known);
                let whole = strsim::jaro_winkler(&wanted, &known);
                let part = strsim::normalized_damerau_levenshtein(city, known_city) - 0.01;
                (
                    if wanted == known {
                        2.0
                    } else {
                        whole.mul_add(0.05, part)
                    },
                    zone.name(),
                )
            })
            .filter(|(score, _)| *score > 0.78)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        scored.into_iter().take(3).map(|(_, name)| name).collect()
    }

    /// The instant a naive local time stands for: inside a gap the first instant after it, when it comes twice the
    /// first time; `None` when its whole civil date does not exist here (Apia, 2011-12-30).
    pub(super) fn resolve(self, naive: NaiveDateTime) -> Option<Timestamp> {
        if let Some(at) = self.exact(naive) {
            return Some(at);
        }
        self.has_date(naive.date()).then(|| self.after_gap(naive))
    }

    /// Whether any instant has this civil date here.
    pub(super) fn has_date(self, date: NaiveDate) -> bool {
        let midnight = date.and_time(NaiveTime::MIN);
        self.exact(midnight).is_some() || self.local(self.after_gap(midnight)).naive().date() == date
    }

    /// The first instant at which the wall clock shows exactly this.
    fn exact(self, naive: NaiveDateTime) -> Option<Timestamp> {
        match self.0.from_local_datetime(&naive) {
            LocalResult::Single(at) => Some(Timestamp::from_unix(at.timestamp())),
            LocalResult::Ambiguous(a, b) => Some(Timestamp::from_unix(a.timestamp().min(b.timestamp()))),
            LocalResult::None => None,
        }
    }

    /// The first instant whose wall clock shows later than a time that falls into a gap, found by bisection: no zone
    /// was ever further than 16 hours from UTC, and wider gaps than a day there are none.
    fn after_gap(self, naive: NaiveDateTime) -> Timestamp {
        const REACH: i64 = 40 * 3600;
        let utc = naive.and_utc().timestamp();
        let (mut before, mut after) = (utc - REACH, utc + REACH);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.local(Timestamp::from_unix(middle)).naive() >= naive {
                after = middle;
            } else {
                before = middle;
            }
        }
        Timestamp::from_unix(after)
    }

    /// The instant this civil date begins; `None` when it does not exist here.
    pub(super) fn start_of(self, date: NaiveDate) -> Option<Timestamp> {
        self.resolve(date.and_time(NaiveTime::MIN))
    }
}

impl FromStr for Zone {
    type Err = TimeError;

    /// Reads an IANA name, in any letter case.
    fn from_str(name: &str) -> Result<Self, TimeError> {
        let trimmed = name.trim();
        if let Ok(zone) = trimmed.parse() {
            return Ok(Self(zone));
        }
        chrono_tz::TZ_VARIANTS
            .iter()
            .find(|zone| zone.name().eq_ignore_ascii_case(trimmed))
            .map(|zone| Self(*zone))
            .ok_or_else(|| TimeError::UnknownZone {
                name: trimmed.chars().take(NAME_MAX).collect(),
                near: Self::near(trimmed),
            })
    }
}

impl TryFrom<String> for Zone {
    type Error = TimeError;

    fn try_from(name: String) -> Result<Self, TimeError> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(name: &str, first: &str) {
        assert_eq!(Zone::near(name).first(), Some(&first), "{:?}", Zone::near(name));
    }

    #[test]
    fn unknown_names_get_near_matches() {
        near("Berlin", "Europe/Berlin");
        near("Europe/Berln", "Europe/Berlin");
        near("new york", "America/New_York");
        near("America/Newyork", "America/New_York");
        near("Paris", "Europe/Paris");
        near("Asia/Calcuta", "Asia/Calcutta");
        assert_eq!(Zone::near("nowhere at all"), Vec::<&str>::new());
        let error = "Mars/Olympus".parse::<Zone>().unwrap_err().to_string();
        assert!(error.starts_with("unknown time zone `Mars/Olympus`"), "{error}");
    }

    #[test]
    fn names_are_read_in_any_case_and_written_as_iana_has_them() {
        assert_eq!("europe/berlin".parse::<Zone>().unwrap().to_string(), "Europe/Berlin");
        assert_eq!(" UTC ".parse::<Zone>().unwrap(), Zone::UTC);
        let json = serde_json::to_string(&"Asia/Tokyo".parse::<Zone>().unwrap()).unwrap();
        assert_eq!(json, "\"Asia/Tokyo\"");
        assert_eq!(serde_json::from_str::<Zone>(&json).unwrap().name(), "Asia/Tokyo");
    }
}
