//! Wall clock times: an instant as people in a zone read it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, Timelike};
use chrono_tz::OffsetName;
use serde::{Deserialize, Serialize};

use super::{TimeError, Timestamp, Zone};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// Monday to Sunday.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// `Monday`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// `mon`, as [`crate::model::Frequency::Weekly`] and schedules write it.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Monday => "mon",
            Self::Tuesday => "tue",
            Self::Wednesday => "wed",
            Self::Thursday => "thu",
            Self::Friday => "fri",
            Self::Saturday => "sat",
            Self::Sunday => "sun",
        }
    }

    const fn of(day: chrono::Weekday) -> Self {
        match day {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

impl FromStr for Weekday {
    type Err = ();

    /// Reads `mon`, `Monday`, `tues`: the beginning of an English name, three letters at least.
    fn from_str(text: &str) -> Result<Self, ()> {
        let wanted = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|day| wanted.len() >= 3 && day.name().to_ascii_lowercase().starts_with(&wanted))
            .ok_or(())
    }
}

/// A day of the calendar, in no zone. Written `2026-03-29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate(NaiveDate);

impl CivilDate {
    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u32 {
        self.0.day()
    }

    /// The day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        Weekday::of(self.0.weekday())
    }

    /// So many days later, or earlier when negative; saturates at the calendar's ends.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let end = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        let moved = TimeDelta::try_days(days).and_then(|span| self.0.checked_add_signed(span));
        Self(moved.unwrap_or(end))
    }

    /// The instant this date begins in a zone; `None` when the date does not exist there.
    #[must_use]
    pub fn start_in(self, zone: Zone) -> Option<Timestamp> {
        zone.start_of(self.0)
    }

    pub(super) const fn of(date: NaiveDate) -> Self {
        Self(date)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl FromStr for CivilDate {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
            .map(Self)
            .map_err(|_| TimeError::NotLocalTime(text.chars().take(64).collect()))
    }
}

/// What the clocks of a zone show at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    zone: Zone,
    naive: NaiveDateTime,
    offset_secs: i32,
    abbreviation: String,
}

impl LocalTime {
    pub(super) fn new(zone: Zone, at: DateTime<chrono_tz::Tz>) -> Self {
        let offset_secs = at.offset().fix().local_minus_utc();
        let abbreviation = match at.offset().abbreviation() {
            Some(name) if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name.to_owned(),
            _ => utc_offset(offset_secs),
        };
        Self {
            zone,
            naive: at.naive_local(),
            offset_secs,
            abbreviation,
        }
    }

    pub(super) const fn naive(&self) -> NaiveDateTime {
        self.naive
    }

    /// The zone it is read in.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// The civil date.
    #[must_use]
    pub const fn date(&self) -> CivilDate {
        CivilDate(self.naive.date())
    }

    /// The day of the week.
    #[must_use]
    pub fn weekday(&self) -> Weekday {
        self.date().weekday()
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub fn hour(&self) -> u32 {
        self.naive.hour()
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub fn minute(&self) -> u32 {
        self.naive.minute()
    }

    /// Seconds east of UTC.
    #[must_use]
    pub const fn offset_secs(&self) -> i32 {
        self.offset_secs
    }

    /// `CEST`; for zones without letters `UTC+5:45`.
    #[must_use]
    pub fn abbreviation(&self) -> &str {
        &self.abbreviation
    }

    /// `07:00`.
    #[must_use]
    pub fn clock(&self) -> String {
        self.naive.format("%H:%M").to_string()
    }

    /// `Mon 22:10`.
    #[must_use]
    pub fn weekday_clock(&self) -> String {
        self.naive.format("%a %H:%M").to_string()
    }

    /// `Tue 21 Sep`.
    #[must_use]
    pub fn short_date(&self) -> String {
        self.naive.format("%a %-d %b").to_string()
    }

    /// `2026-03-29T07:00`.
    #[must_use]
    pub fn iso(&self) -> String {
        iso(self.naive)
    }

    /// `2026-03-29T07:00:00+02:00`, as RFC 3339 has it.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        let (sign, secs) = (
            if self.offset_secs < 0 { '-' } else { '+' },
            self.offset_secs.unsigned_abs(),
        );
        let at = self.naive.format("%Y-%m-%dT%H:%M:%S");
        format!("{at}{sign}{:02}:{:02}", secs / 3600, secs / 60 % 60)
    }

    /// `Tue, 21 Sep 2026 07:00:00 +0200`, as RFC 5322 section 3.3 has it.
    #[must_use]
    pub fn rfc5322(&self) -> String {
        let (sign, secs) = (
            if self.offset_secs < 0 { '-' } else { '+' },
            self.offset_secs.unsigned_abs(),
        );
        let at = self.naive.format("%a, %-d %b %Y %H:%M:%S");
        format!("{at} {sign}{:02}{:02}", secs / 3600, secs / 60 % 60)
    }
}

/// `2026-03-29T07:00[Europe/Paris]`.
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.iso(), self.zone)
    }
}

pub(super) fn iso(naive: NaiveDateTime) -> String {
    naive.format("%Y-%m-%dT%H:%M").to_string()
}

fn utc_offset(secs: i32) -> String {
    let (sign, secs) = (if secs < 0 { '-' } else { '+' }, secs.unsigned_abs());
    match (secs / 3600, secs / 60 % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Reads a local time as people write it on a command line and as slots are named: `2026-03-29T07:00[Europe/Paris]`,
/// without the zone (then `zone` counts), with a space for the `T`, with seconds, as a date alone (its first instant),
/// or in UTC with a final `Z`. Gaps and repeated hours resolve as they do for schedules.
pub fn parse_local(text: &str, zone: Zone) -> Result<(Zone, Timestamp), TimeError> {
    let wrong = || TimeError::NotLocalTime(text.chars().take(64).collect());
    let (local, zone) = match text.trim().split_once('[') {
        Some((local, name)) => (local, name.strip_suffix(']').ok_or_else(wrong)?.parse()?),
        None => (text.trim(), zone),
    };
    let (local, zone) = match local.trim().strip_suffix(['Z', 'z']) {
        Some(local) => (local, Zone::UTC),
        None => (local.trim(), zone),
    };
    let local = local.replacen(' ', "T", 1);
    let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&local, format).ok())
        .or_else(|| {
            Some(
                NaiveDate::parse_from_str(&local, "%Y-%m-%d")
                    .ok()?
                    .and_time(NaiveTime::MIN),
            )
        })
        .filter(|naive| (1..=9999).contains(&naive.year()))
        .ok_or_else(wrong)?;
    let at = zone.resolve(naive).ok_or_else(wrong)?;
    Ok((zone, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, utc: &str) {
        let (_, at) = parse_local(text, "Europe/Berlin".parse().unwrap()).unwrap();
        assert_eq!(at.rfc3339(), utc);
    }

    #[test]
    fn local_times_are_read() {
        check("2026-03-29T07:00[Europe/Paris]", "2026-03-29T05:00:00Z");
        check("2026-03-29T07:00", "2026-03-29T05:00:00Z");
        check("2026-01-05 07:00:30", "2026-01-05T06:00:30Z");
        check("2026-01-05", "2026-01-04T23:00:00Z");
        check("2026-01-05T07:00Z", "2026-01-05T07:00:00Z");
        check("2026-03-29T02:30[Europe/Paris]", "2026-03-29T01:00:00Z");
        check("2026-10-25T02:30[Europe/Paris]", "2026-10-25T00:30:00Z");
        for wrong in [
            "",
            "07:00",
            "2026-13-01",
            "2026-01-05T25:00",
            "2026-01-05T07:00[",
            "2026-01-05T07:00[X/Y]",
            "2011-12-30T07:00[Pacific/Apia]",
            "99999-01-01",
            "２０２６-01-01",
        ] {
            assert!(parse_local(wrong, Zone::UTC).is_err(), "{wrong}");
        }
    }

    #[test]
    fn local_times_are_written() {
        let at = parse_local("2026-09-21T22:10[Europe/Berlin]", Zone::UTC).unwrap().1;
        let local = "Europe/Berlin".parse::<Zone>().unwrap().local(at);
        assert_eq!(local.clock(), "22:10");
        assert_eq!(local.weekday_clock(), "Mon 22:10");
        assert_eq!(local.short_date(), "Mon 21 Sep");
        assert_eq!(local.iso(), "2026-09-21T22:10");
        assert_eq!(local.to_string(), "2026-09-21T22:10[Europe/Berlin]");
        assert_eq!(local.rfc3339(), "2026-09-21T22:10:00+02:00");
        assert_eq!(local.rfc5322(), "Mon, 21 Sep 2026 22:10:00 +0200");
        assert_eq!(local.abbreviation(), "CEST");
        assert_eq!(local.weekday(), Weekday::Monday);
        assert_eq!(local.date().to_string(), "2026-09-21");
        assert_eq!(
            "Asia/Kathmandu".parse::<Zone>().unwrap().local(at).abbreviation(),
            "UTC+5:45"
        );
        assert_eq!(
            "America/Sao_Paulo".parse::<Zone>().unwrap().local(at).abbreviation(),
            "UTC-3"
        );
    }

    #[test]
    fn extreme_instants_are_shown() {
        for at in [i64::MIN, i64::MAX, 0] {
            for name in ["Pacific/Kiritimati", "Pacific/Niue", "Africa/Monrovia"] {
                let local = name.parse::<Zone>().unwrap().local(Timestamp::from_unix(at));
                assert!(!local.to_string().is_empty());
            }
        }
        assert_eq!(
            "2026-01-01".parse::<CivilDate>().unwrap().plus_days(-1).to_string(),
            "2025-12-31"
        );
        let _ = "2026-01-01".parse::<CivilDate>().unwrap().plus_days(i64::MAX);
    }
}
