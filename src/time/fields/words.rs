//! A schedule said in English words.

use super::{DAY, DAYS, Field, Fields, HOUR, MINUTE, MONTH, WEEKDAY};

impl Fields {
    /// `every day at 07:00`.
    pub(in crate::time) fn words(&self) -> String {
        let mut words = format!("{} {}", self.day_words(), self.time_words());
        if !self.months.full(&MONTH) {
            words.push_str(" in ");
            words.push_str(&and(self.months.named(&MONTH)));
        }
        words
    }

    /// The everyday rhythms, which every language has words for: days of the week, and one time.
    pub(in crate::time) fn plain(&self) -> Option<(Vec<u8>, String)> {
        let one = |field: &Field| field.values.first().copied().filter(|_| field.values.len() == 1);
        let (hour, minute) = (one(&self.hours)?, one(&self.minutes)?);
        let plain = self.months.full(&MONTH) && self.days.full(&DAY);
        let days = self.weekdays.values.iter().copied().collect();
        plain.then(|| (days, format!("{hour:02}:{minute:02}")))
    }

    fn day_words(&self) -> String {
        let every_day = self.days.full(&DAY);
        let every_weekday = self.weekdays.values.len() == 7;
        let numbers = and(self.days.values.iter().map(u8::to_string).collect());
        let plural = if self.days.values.len() == 1 { "" } else { "s" };
        let of_month = format!("on day{plural} {numbers} of the month");
        let weekdays = match self.weekdays.range() {
            Some((first, last)) if last > first + 1 => format!("{} to {}", day_name(first), day_name(last)),
            _ => format!("every {}", and(self.weekdays.named(&WEEKDAY))),
        };
        match (every_day, every_weekday) {
            (true, true) => "every day".to_owned(),
            (true, _) | (_, true) if self.either_day() => "every day".to_owned(),
            (true, false) => weekdays,
            (false, true) => of_month,
            (false, false) if self.either_day() => format!("{of_month} and {weekdays}"),
            (false, false) => format!("{of_month} when it is {}", and(self.weekdays.named(&WEEKDAY))),
        }
    }

    fn time_words(&self) -> String {
        const TIMES_MAX: usize = 6;
        let minutes = || and(self.minutes.values.iter().map(u8::to_string).collect());
        if self.hours.full(&HOUR) && self.minutes.full(&MINUTE) {
            "every minute".to_owned()
        } else if self.hours.full(&HOUR) {
            format!("every hour at minute {}", minutes())
        } else if self.hours.values.len() * self.minutes.values.len() <= TIMES_MAX {
            let times = self.hours.values.iter().flat_map(|hour| {
                self.minutes
                    .values
                    .iter()
                    .map(move |minute| format!("{hour:02}:{minute:02}"))
            });
            format!("at {}", and(times.collect()))
        } else {
            let hours = and(self.hours.values.iter().map(u8::to_string).collect());
            let minutes = if self.minutes.full(&MINUTE) {
                "every minute".to_owned()
            } else {
                format!("minute {}", minutes())
            };
            format!("at {minutes} of the hours {hours}")
        }
    }
}

fn day_name(value: u8) -> &'static str {
    DAYS.get(usize::from(value)).copied().unwrap_or("?")
}

/// `a, b and c`.
fn and(mut words: Vec<String>) -> String {
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}
