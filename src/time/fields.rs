//! The five fields of a crontab line, read as Vixie cron reads them and said in words.
//!
//! The `cron` crate reads them otherwise (seconds first, Sunday is 1), so each field is read here into the set of its
//! values, and the crate is handed plain lists.

mod words;

use std::collections::BTreeSet;

/// Longest schedule that is looked at, in bytes.
const TEXT_MAX: usize = 256;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 8] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// One field: the values it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    values: BTreeSet<u8>,
    /// It was written `*` or `*/n`, which in Vixie cron decides how the two day fields are joined.
    star: bool,
}

/// The five fields; Sunday is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) minutes: Field,
    pub(super) hours: Field,
    pub(super) days: Field,
    pub(super) months: Field,
    pub(super) weekdays: Field,
}

/// What a field is called and may hold.
struct Kind {
    name: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
    /// The value of the first name.
    first: u8,
}

const MINUTE: Kind = Kind {
    name: "minute",
    min: 0,
    max: 59,
    names: &[],
    first: 0,
};
const HOUR: Kind = Kind {
    name: "hour",
    min: 0,
    max: 23,
    names: &[],
    first: 0,
};
const DAY: Kind = Kind {
    name: "day of month",
    min: 1,
    max: 31,
    names: &[],
    first: 0,
};
const MONTH: Kind = Kind {
    name: "month",
    min: 1,
    max: 12,
    names: &MONTHS,
    first: 1,
};
const WEEKDAY: Kind = Kind {
    name: "weekday",
    min: 0,
    max: 7,
    names: &DAYS,
    first: 0,
};

impl Fields {
    /// Reads five fields or one of the words `@hourly`, `@daily`, `@weekly`, `@monthly`; the error says what is wrong
    /// and what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > TEXT_MAX {
            return Err(format!("longer than {TEXT_MAX} bytes"));
        }
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            word if word.starts_with('@') => {
                return Err("known words are `@hourly`, `@daily`, `@weekly` and `@monthly`".to_owned());
            }
            other => other,
        };
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "{} fields where five are needed: minute, hour, day of month, month, weekday (`0 7 * * *` is every \
                 day at 07:00)",
                fields.len()
            ));
        };
        let mut weekdays = Field::parse(weekday, &WEEKDAY)?;
        if weekdays.values.remove(&7) {
            weekdays.values.insert(0);
        }
        Ok(Self {
            minutes: Field::parse(minute, &MINUTE)?,
            hours: Field::parse(hour, &HOUR)?,
            days: Field::parse(day, &DAY)?,
            months: Field::parse(month, &MONTH)?,
            weekdays,
        })
    }

    /// The lines for the `cron` crate that together fire when this does. Two when both day fields are set: as in Vixie
    /// cron a day then counts when either field allows it, unless one of them is `*` or `*/n`.
    pub(super) fn for_crate(&self) -> Vec<String> {
        let line = |days: &str, weekdays: &str| {
            let list = |field: &Field| field.list(0);
            format!(
                "0 {} {} {days} {} {weekdays}",
                list(&self.minutes),
                list(&self.hours),
                list(&self.months)
            )
        };
        let (days, weekdays) = (self.days.list(0), self.weekdays.list(1));
        if self.either_day() {
            vec![line(&days, "*"), line("*", &weekdays)]
        } else {
            vec![line(&days, &weekdays)]
        }
    }

    fn either_day(&self) -> bool {
        !self.days.star && !self.weekdays.star
    }

    /// The one time of day it fires at; `None` when there are several.
    pub(super) fn clock(&self) -> Option<(u8, u8)> {
        Some((self.hours.only()?, self.minutes.only()?))
    }

    /// The earliest time of day it fires at.
    pub(super) fn first_clock(&self) -> (u8, u8) {
        (
            self.hours.values.first().copied().unwrap_or(0),
            self.minutes.values.first().copied().unwrap_or(0),
        )
    }

    /// These fields at another time of day.
    pub(super) fn at(&self, hour: u8, minute: u8) -> Self {
        Self {
            minutes: Field::one(minute),
            hours: Field::one(hour),
            ..self.clone()
        }
    }

    /// Every month at this time of day, on these weekdays only (Sunday is 0; none means every day).
    pub(super) fn weekly(hour: u8, minute: u8, weekdays: &[u8]) -> Self {
        let all = |kind: &Kind| Field {
            values: (kind.min..=kind.max).collect(),
            star: true,
        };
        let star = weekdays.is_empty();
        let values = match weekdays {
            [] => (0..=6).collect(),
            some => some.iter().copied().collect(),
        };
        Self {
            minutes: Field::one(minute),
            hours: Field::one(hour),
            days: all(&DAY),
            months: all(&MONTH),
            weekdays: Field { values, star },
        }
    }

    /// The same fields in one fixed spelling: `0 7 * * 1-5`.
    pub(super) fn canonical(&self) -> String {
        [
            self.minutes.spelled(&MINUTE),
            self.hours.spelled(&HOUR),
            self.days.spelled(&DAY),
            self.months.spelled(&MONTH),
            self.weekdays.spelled(&Kind { max: 6, ..WEEKDAY }),
        ]
        .join(" ")
    }
}

impl Field {
    fn parse(text: &str, kind: &Kind) -> Result<Self, String> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(number(step, kind, part)?)),
                None => (part, None),
            };
            if step == Some(0) {
                return Err(format!("step 0 in the {} field `{text}`", kind.name));
            }
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (kind.min, if kind.max == 7 { 6 } else { kind.max }),
                Some((first, last)) => (value(first, kind)?, value(last, kind)?),
                None if step.is_some() => (value(range, kind)?, kind.max),
                None => (value(range, kind)?, value(range, kind)?),
            };
            // `Fri-Sun` and `Sat-Mon`: Sunday stands at both ends of the week.
            let last = if kind.max == 7 && last == 0 && first > 0 {
                7
            } else {
                last
            };
            if first > last {
                return Err(format!("`{range}` in the {} field runs backwards", kind.name));
            }
            values.extend((first..=last).step_by(usize::from(step.unwrap_or(1))));
        }
        Ok(Self {
            values,
            star: text.starts_with('*'),
        })
    }

    fn one(value: u8) -> Self {
        Self {
            values: BTreeSet::from([value]),
            star: false,
        }
    }

    fn only(&self) -> Option<u8> {
        self.values.first().copied().filter(|_| self.values.len() == 1)
    }

    fn full(&self, kind: &Kind) -> bool {
        self.values.len() == usize::from(kind.max - kind.min) + 1
    }

    /// First and last value, when there is no hole between them.
    fn range(&self) -> Option<(u8, u8)> {
        let (first, last) = (*self.values.first()?, *self.values.last()?);
        (usize::from(last - first) + 1 == self.values.len()).then_some((first, last))
    }

    fn list(&self, shift: u8) -> String {
        self.values
            .iter()
            .map(|value| (value + shift).to_string())
            .collect::<Vec<_>>()
            .join(",")
    }

    fn spelled(&self, kind: &Kind) -> String {
        match self.range() {
            _ if self.full(kind) && self.star => "*".to_owned(),
            // Still with its star, which decides how the day fields are joined.
            _ if self.star => format!("*/{}", self.step()),
            Some((first, last)) if last > first => format!("{first}-{last}"),
            _ => self.list(0),
        }
    }

    /// The distance of the first two values: what a leading `*/n` was written with.
    fn step(&self) -> u8 {
        let mut values = self.values.iter();
        match (values.next(), values.next()) {
            (Some(first), Some(second)) => second - first,
            _ => 60,
        }
    }

    fn named(&self, kind: &Kind) -> Vec<String> {
        let name = |value: &u8| {
            kind.names
                .get(usize::from(value.saturating_sub(kind.first)))
                .copied()
                .unwrap_or("?")
        };
        self.values.iter().map(|value| name(value).to_owned()).collect()
    }
}

fn value(text: &str, kind: &Kind) -> Result<u8, String> {
    let wanted = text.to_ascii_lowercase();
    let by_name = kind
        .names
        .iter()
        .position(|name| wanted.len() >= 3 && name.to_ascii_lowercase().starts_with(&wanted));
    if let Some(place) = by_name.and_then(|place| u8::try_from(place).ok()) {
        return Ok(kind.first + place);
    }
    match number(text, kind, text)? {
        value if (kind.min..=kind.max).contains(&value) => Ok(value),
        _ => Err(out_of_range(text, kind)),
    }
}

fn number(text: &str, kind: &Kind, part: &str) -> Result<u8, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        let names = match kind.names {
            [] => "",
            _ if kind.max == 7 => ", a range, a list, or names such as `Mon-Fri`",
            _ => ", a range, a list, or names such as `Jan`",
        };
        return Err(format!(
            "`{part}` in the {} field is no number from {} to {}{names}",
            kind.name, kind.min, kind.max
        ));
    }
    text.parse().map_err(|_| out_of_range(text, kind))
}

fn out_of_range(text: &str, kind: &Kind) -> String {
    format!(
        "`{text}` in the {} field is not between {} and {}",
        kind.name, kind.min, kind.max
    )
}

#[cfg(test)]
mod tests;
