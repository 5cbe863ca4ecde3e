//! A reader's own schedule, made from what the reader chose: a time, a zone, how often.

use std::fmt;

use super::fields::Fields;
use super::{Schedule, TimeError, Weekday, Zone};
use crate::model::Frequency;

/// When a reader's mail is due. Written in one canonical way, `07:30[Europe/Berlin] daily`, so that readers who chose
/// the same share slots and renderings:
///
/// - `HH:MM[Zone] daily`, `HH:MM[Zone] weekdays`, `HH:MM[Zone] weekly mon`
/// - `[Zone] 0 7 1 * *`: the digest's own fields, in the reader's zone or at the reader's time
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderSchedule {
    /// The zone the schedule is read in.
    pub zone: Zone,
    /// When, on local time.
    pub schedule: Schedule,
}

impl ReaderSchedule {
    /// What a reader's choices come to. `None` when that is what the digest does anyway: the reader then belongs to the
    /// digest's own slots.
    ///
    /// # Errors
    /// A `time` that is no `HH:MM`, an unknown `zone`, a weekly day that is no weekday.
    pub fn choose(
        digest: &Schedule,
        digest_zone: Zone,
        time: Option<&str>,
        zone: Option<&str>,
        frequency: &Frequency,
    ) -> Result<Option<Self>, TimeError> {
        let zone = zone.map_or(Ok(digest_zone), str::parse)?;
        let chosen = time.map(parse_clock).transpose()?;
        // A digest with several times a day has no time of its own to give to "once a day": it gives its first.
        let (hour, minute) = chosen.unwrap_or_else(|| digest.fields().first_clock());
        let fields = match frequency {
            Frequency::Default if chosen.is_none() => digest.fields().clone(),
            Frequency::Default => digest.fields().at(hour, minute),
            Frequency::Daily => Fields::weekly(hour, minute, &[]),
            Frequency::Weekdays => Fields::weekly(hour, minute, &[1, 2, 3, 4, 5]),
            Frequency::Weekly(day) => Fields::weekly(hour, minute, &[weekday(day)?]),
        };
        if zone == digest_zone && fields == *digest.fields() {
            return Ok(None);
        }
        Ok(Schedule::from_fields(fields.canonical(), fields).map(|schedule| Self { zone, schedule }))
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::BadSchedule {
            text: text.chars().take(64).collect(),
            why: "write it like `07:30[Europe/Berlin] daily`, `... weekdays` or `... weekly mon`".to_owned(),
        };
        let (clock, rest) = text.trim().split_once('[').ok_or_else(wrong)?;
        let (zone, often) = rest.split_once(']').ok_or_else(wrong)?;
        let zone: Zone = zone.parse()?;
        let often = often.trim();
        if clock.trim().is_empty() {
            return Ok(Self {
                zone,
                schedule: Schedule::parse(often)?,
            });
        }
        let (hour, minute) = parse_clock(clock)?;
        let fields = match often {
            "daily" => Fields::weekly(hour, minute, &[]),
            "weekdays" => Fields::weekly(hour, minute, &[1, 2, 3, 4, 5]),
            other => Fields::weekly(
                hour,
                minute,
                &[weekday(other.strip_prefix("weekly").ok_or_else(wrong)?)?],
            ),
        };
        let schedule = Schedule::from_fields(fields.canonical(), fields).ok_or_else(wrong)?;
        Ok(Self { zone, schedule })
    }
}

impl fmt::Display for ReaderSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.schedule.fields();
        let often = fields.clock().and_then(|(hour, minute)| {
            let is = |weekdays: &[u8]| Fields::weekly(hour, minute, weekdays) == *fields;
            let weekly = || {
                (0..7)
                    .find(|day| is(&[*day]))
                    .map(|day| format!("weekly {}", short_day(day)))
            };
            let word = if is(&[]) { Some("daily".to_owned()) } else { None };
            let word = word
                .or_else(|| is(&[1, 2, 3, 4, 5]).then(|| "weekdays".to_owned()))
                .or_else(weekly)?;
            Some((hour, minute, word))
        });
        match often {
            Some((hour, minute, word)) => write!(f, "{hour:02}:{minute:02}[{}] {word}", self.zone),
            None => write!(f, "[{}] {}", self.zone, fields.canonical()),
        }
    }
}

/// Reads a time of day: `07:30`, `7:30`, `7`, `7.30`, `7:30 pm`, as hour and minute.
pub fn parse_clock(text: &str) -> Result<(u8, u8), TimeError> {
    let wrong = || TimeError::NotClock(text.chars().take(64).collect());
    let lower = text.trim().to_ascii_lowercase();
    let (digits, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits.trim(), Some(0)),
        (_, Some(digits)) => (digits.trim(), Some(12)),
        _ => (lower.as_str(), None),
    };
    let (hour, minute) = digits.split_once([':', '.']).unwrap_or((digits, "00"));
    let number = |text: &str, widths: std::ops::RangeInclusive<usize>, max: u8| {
        let plain = widths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>().ok().filter(|value| plain && *value <= max)
    };
    let hour = number(hour, 1..=2, 23).ok_or_else(wrong)?;
    let minute = number(minute, 2..=2, 59).ok_or_else(wrong)?;
    match half {
        None => Ok((hour, minute)),
        Some(half) if (1..=12).contains(&hour) => Ok((hour % 12 + half, minute)),
        Some(_) => Err(wrong()),
    }
}

/// Sunday is 0, as in crontab.
fn weekday(text: &str) -> Result<u8, TimeError> {
    let day: Weekday = text.parse().map_err(|()| TimeError::BadSchedule {
        text: text.trim().chars().take(64).collect(),
        why: "not a weekday; write `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`".to_owned(),
    })?;
    let place = Weekday::ALL.iter().position(|other| *other == day).unwrap_or_default();
    Ok(u8::try_from((place + 1) % 7).unwrap_or_default())
}

fn short_day(day: u8) -> &'static str {
    Weekday::ALL
        .get((usize::from(day) + 6) % 7)
        .map_or("sun", |day| day.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARIS: &str = "Europe/Paris";

    #[track_caller]
    fn chosen(digest: &str, time: Option<&str>, zone: Option<&str>, frequency: &Frequency, expected: Option<&str>) {
        let digest = Schedule::parse(digest).unwrap();
        let made = ReaderSchedule::choose(&digest, PARIS.parse().unwrap(), time, zone, frequency).unwrap();
        assert_eq!(made.as_ref().map(ToString::to_string).as_deref(), expected);
        if let Some(made) = made {
            assert_eq!(ReaderSchedule::parse(&made.to_string()).unwrap(), made);
        }
    }

    #[test]
    fn choices_become_one_canonical_schedule() {
        use Frequency::{Daily, Default, Weekdays};
        let (berlin, monday) = (Some("europe/berlin"), Frequency::Weekly("mon".to_owned()));
        chosen("0 7 * * *", None, None, &Default, None);
        chosen("0 7 * * *", Some("7:00"), Some(PARIS), &Daily, None);
        chosen(
            "0 7 * * *",
            Some("7:30"),
            berlin,
            &Default,
            Some("07:30[Europe/Berlin] daily"),
        );
        chosen("0 7 * * *", None, berlin, &Default, Some("07:00[Europe/Berlin] daily"));
        chosen("0 7 * * *", None, None, &Weekdays, Some("07:00[Europe/Paris] weekdays"));
        chosen("0 7 * * *", None, None, &monday, Some("07:00[Europe/Paris] weekly mon"));
        chosen(
            "0 8 * * Sun",
            Some("19"),
            None,
            &Default,
            Some("19:00[Europe/Paris] weekly sun"),
        );
        chosen(
            "0 8 1 * *",
            Some("19"),
            None,
            &Default,
            Some("[Europe/Paris] 0 19 1 * *"),
        );
        chosen(
            "0 7,19 * * *",
            None,
            berlin,
            &Default,
            Some("[Europe/Berlin] 0 7,19 * * *"),
        );
        chosen("0 7,19 * * *", None, None, &Daily, Some("07:00[Europe/Paris] daily"));
    }

    #[test]
    fn wrong_choices_are_refused() {
        let digest = Schedule::parse("0 7 * * *").unwrap();
        let choose = |time, zone, often: &Frequency| ReaderSchedule::choose(&digest, Zone::UTC, time, zone, often);
        assert!(choose(Some("25:00"), None, &Frequency::Default).is_err());
        assert!(choose(None, Some("Moon/Base"), &Frequency::Default).is_err());
        assert!(choose(None, None, &Frequency::Weekly("never".to_owned())).is_err());
        for text in [
            "",
            "07:00",
            "07:00[UTC",
            "07:00[UTC] hourly",
            "07:00[UTC] weekly",
            "[UTC] 0 7",
            "x[UTC] daily",
        ] {
            assert!(ReaderSchedule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn clocks_are_read_as_people_write_them() {
        for (text, clock) in [
            ("07:30", (7, 30)),
            ("7", (7, 0)),
            ("7.05", (7, 5)),
            ("7:30 PM", (19, 30)),
            ("12am", (0, 0)),
        ] {
            assert_eq!(parse_clock(text).unwrap(), clock, "{text}");
        }
        for text in [
            "", "24:00", "7:5", "7:60", "13pm", "0am", "-1:00", "+7:00", "７:00", "7:00:00",
        ] {
            assert!(parse_clock(text).is_err(), "{text}");
        }
    }
}
