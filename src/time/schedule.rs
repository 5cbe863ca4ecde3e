//! Schedules on local time, and the instants they fire at in a zone.
//!
//! A slot is a naive local time. In a gap it falls on the first instant after the gap, in a repeated hour on the first
//! of the two; a civil date that does not exist in the zone has no slots. Slots that fall on one instant (an hourly
//! schedule around a gap) fire once, under the name of the first.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::fields::Fields;
use super::local::iso;
use super::{CivilDate, TimeError, Timestamp, Zone};

/// When something happens, on local time: the five fields of a crontab line, without a zone.
///
/// Read as Vixie cron reads them: names or numbers, Sunday is 0 and 7, and when both day fields are set, either counts.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    fields: Fields,
    crons: Vec<cron::Schedule>,
}

/// One slot of a schedule in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// The slot's name, its local time in its zone: `2026-03-29T07:00[Europe/Paris]`.
    pub key: String,
    /// The civil date of the slot's local time.
    pub date: CivilDate,
    /// The instant.
    pub at: Timestamp,
}

impl Schedule {
    /// Reads five cron fields or `@hourly`, `@daily`, `@weekly`, `@monthly`. Refuses what never fires.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = |why: String| TimeError::BadSchedule {
            text: text.chars().take(64).collect(),
            why,
        };
        let fields = Fields::parse(text).map_err(wrong)?;
        Self::from_fields(text.trim().to_owned(), fields)
            .ok_or_else(|| wrong("it never fires: no such day exists in those months".to_owned()))
    }

    /// `None` when it never fires.
    pub(super) fn from_fields(text: String, fields: Fields) -> Option<Self> {
        let crons = fields
            .for_crate()
            .iter()
            .filter_map(|line| cron::Schedule::from_str(line).ok())
            .collect();
        let schedule = Self { text, fields, crons };
        schedule.walk(DateTime::<Utc>::UNIX_EPOCH.naive_utc()).next()?;
        Some(schedule)
    }

    pub(super) const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// In words: `every day at 07:00`, `Monday to Friday at 07:00`.
    #[must_use]
    pub fn words(&self) -> String {
        self.fields.words()
    }

    /// The everyday rhythms: weekdays as crontab counts them (0 is Sunday), and the time `07:00`; `None` for others.
    #[must_use]
    pub fn plain(&self) -> Option<(Vec<u8>, String)> {
        self.fields.plain()
    }

    /// The first slot that falls after an instant; `None` beyond the year 2100, where `cron` ends.
    #[must_use]
    pub fn next_after(&self, zone: Zone, after: Timestamp) -> Option<Firing> {
        // Resolving keeps the order of local times, so nothing up to the local time of `after` falls later than it.
        self.walk(zone.local(after).naive())
            .filter_map(|naive| Some((naive, zone.resolve(naive)?)))
            .find(|(_, at)| *at > after)
            .map(|(naive, at)| Firing {
                key: format!("{}[{zone}]", iso(naive)),
                date: CivilDate::of(naive.date()),
                at,
            })
    }

    /// The slots that fall after one instant, up to and with another, in order.
    pub fn between(&self, zone: Zone, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Firing> + '_ {
        std::iter::successors(self.next_after(zone, after), move |last| self.next_after(zone, last.at))
            .take_while(move |firing| firing.at <= until)
    }

    /// The last slot that falls at or before an instant, looked for as far back as `from` (exclusive).
    #[must_use]
    pub fn last_between(&self, zone: Zone, from: Timestamp, until: Timestamp) -> Option<Firing> {
        // Halving the span keeps a minutely schedule over a long outage from being walked slot by slot.
        let (mut low, mut high) = (from.unix(), until.unix());
        let mut found = self.next_after(zone, from).filter(|firing| firing.at <= until)?;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.next_after(zone, Timestamp::from_unix(middle)) {
                Some(firing) if firing.at <= until => {
                    low = firing.at.unix();
                    found = firing;
                }
                _ => high = middle,
            }
        }
        Some(found)
    }

    /// Naive local times of the schedule after one, ascending.
    fn walk(&self, after: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> + '_ {
        std::iter::successors(Some(after), move |after| {
            // The naive time travels as if it were UTC: no zone, no gap, no repeated hour.
            self.crons
                .iter()
                .filter_map(|cron| cron.after(&after.and_utc()).next())
                .min()
                .map(|next| next.naive_utc())
        })
        .skip(1)
    }
}

impl PartialEq for Schedule {
    /// Equal when they fire at the same local times, however they were written.
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Schedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Schedule {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
