//! Dates as feeds write them, in any format and language.
//!
//! ISO 8601 in all its lengths comes first, because its digits-only forms would mean something else to the reader of
//! words; then numbers (unix times); then the date is taken apart into words, numbers, a clock time and a zone.
//!
//! Heuristics of the second reader, each behind a real date:
//! - The last word that is a month is the month: "mar., 01 déc. 2020" is a Tuesday.
//! - In 26/06/2020 and 03/30/2020 the number over 12 is the day. Where both are possible the weekday decides, if there
//!   is one; else the month comes first with slashes (US) and second otherwise.
//! - Two-digit years below 90 are of this century. A zone nobody knows is UTC; Korean dates are Korean time.
//! - Years are those of four digits, 1 to 9999: "0000" is somebody's empty field.

mod iso;
mod names;

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};

use crate::time::Timestamp;
use iso::{iso, offset, ymd};
use names::{month, weekday, zone};

/// Longer texts are not dates.
const DATE_MAX_BYTES: usize = 120;
/// The years 1 to 9999, in seconds of unix time.
const YEARS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Reads a date; `None` when there is none in the text.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > DATE_MAX_BYTES {
        return None;
    }
    let text = latin_digits(text);
    unix(&text).or_else(|| iso(&text)).or_else(|| words(&text))
}

/// Lower case, and ١٢٣ as 123.
fn latin_digits(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| {
            let code = u32::from(c);
            let zero = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10]
                .into_iter()
                .find(|zero| (*zero..zero + 10).contains(&code));
            zero.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c)
        })
        .collect()
}

fn unix(text: &str) -> Option<Timestamp> {
    if !matches!(text.len(), 9..=13) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    Some(Timestamp::from_unix(if text.len() >= 12 {
        number / 1000
    } else {
        number
    }))
}

/// A clock time with its offset from UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    offset_secs: i64,
}

fn instant(date: NaiveDate, clock: Clock) -> Option<Timestamp> {
    if clock.hour > 24 || clock.minute > 59 || clock.second > 60 || clock.offset_secs.abs() > 26 * 3600 {
        return None;
    }
    let day = i64::from(date.num_days_from_ce()) - 719_163;
    let seconds = clock.hour * 3600 + clock.minute * 60 + clock.second.min(59);
    let at = day * 86_400 + seconds - clock.offset_secs;
    YEARS.contains(&at).then(|| Timestamp::from_unix(at))
}

/// A cursor over bytes that are only looked at as ASCII.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Exactly `n` digits.
    fn digits(&mut self, n: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(n)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        head.iter().try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })
    }

    /// As many digits as there are, at most `max`: value and count.
    fn number(&mut self, max: usize) -> Option<(i64, usize)> {
        let count = self.0.iter().take(max).take_while(|b| b.is_ascii_digit()).count();
        Some((self.digits(count).filter(|_| count > 0)?, count))
    }

    fn eat(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }
}

/// What a date is made of, as far as it has been read.
#[derive(Default)]
struct Parts {
    /// Value, digits, and the character before.
    numbers: Vec<(i64, usize, u8)>,
    month: Option<u32>,
    /// 0 Monday.
    weekday: Option<u32>,
    clock: Option<Clock>,
    afternoon: Option<bool>,
    offset_secs: Option<i64>,
    korean: bool,
}

fn words(text: &str) -> Option<Timestamp> {
    let text = text.split_once('(').map_or(text, |(before, _)| before);
    let mut parts = Parts::default();
    let mut cursor = Cursor(text.as_bytes());
    let mut before = b' ';
    while let Some(byte) = cursor.peek() {
        if byte.is_ascii_digit() {
            read_number(&mut cursor, &mut parts, before)?;
            before = b'0';
        } else if byte.is_ascii_alphabetic() || byte >= 0x80 {
            let len = cursor
                .0
                .iter()
                .take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80 || matches!(**b, b'/' | b'_'))
                .count();
            let (word, rest) = cursor.0.split_at_checked(len)?;
            cursor.0 = rest;
            // A lone letter is a zone only where it stands alone.
            if len > 1 || before == b' ' || before == b'0' {
                read_word(std::str::from_utf8(word).ok()?, &mut parts, &mut cursor);
            }
            before = b'a';
        } else if matches!(byte, b'+' | b'-')
            && parts.clock.is_some()
            && cursor.0.get(1).is_some_and(u8::is_ascii_digit)
        {
            parts.offset_secs = Some(offset(&mut cursor)?);
            before = b'0';
        } else {
            cursor.eat(byte);
            before = byte;
        }
    }
    parts.finish()
}

fn read_number(cursor: &mut Cursor<'_>, parts: &mut Parts, before: u8) -> Option<()> {
    let (value, count) = cursor.number(5)?;
    // 10:00, and 10h00 as the French write it.
    let clock_follows = matches!(cursor.peek(), Some(b':' | b'h')) && cursor.0.get(1).is_some_and(u8::is_ascii_digit);
    if clock_follows && parts.clock.is_none() {
        let mut clock = Clock {
            hour: value,
            ..Clock::default()
        };
        let _ = cursor.eat(b':') || cursor.eat(b'h');
        clock.minute = cursor.number(2)?.0;
        if cursor.eat(b':') {
            clock.second = cursor.number(2)?.0;
            if cursor.eat(b'.') {
                cursor.number(9)?;
            }
        }
        parts.clock = Some(clock);
        return Some(());
    }
    // "1 PM", "3pm"
    let tail = cursor.0.trim_ascii_start();
    let meridian = tail.get(..2).is_some_and(|word| matches!(word, b"am" | b"pm"))
        && !tail.get(2).is_some_and(u8::is_ascii_alphabetic);
    if meridian && parts.clock.is_none() && count <= 2 && parts.numbers.len() >= 2 {
        parts.clock = Some(Clock {
            hour: value,
            ..Clock::default()
        });
        return Some(());
    }
    // 16th, 23rd
    if let Some(rest) = cursor.0.get(2..)
        && matches!(cursor.0.get(..2), Some(b"st" | b"nd" | b"rd" | b"th"))
        && !rest.first().is_some_and(u8::is_ascii_alphabetic)
    {
        cursor.0 = rest;
    }
    if parts.numbers.len() < 4 {
        parts.numbers.push((value, count, before));
    }
    Some(())
}

fn read_word(word: &str, parts: &mut Parts, cursor: &mut Cursor<'_>) {
    match word {
        "am" | "오전" | "午前" | "上午" => parts.afternoon = Some(false),
        "pm" | "오후" | "午後" | "下午" => parts.afternoon = Some(true),
        "a" | "p" if cursor.0.starts_with(b".m") => {
            parts.afternoon = Some(word == "p");
            cursor.0 = cursor.0.get(2..).unwrap_or_default();
        }
        "t" | "at" if parts.clock.is_none() => {}
        "th" => {}
        _ => {
            parts.korean |= word.contains(['년', '월', '일']);
            if parts.clock.is_some()
                && let Some(secs) = zone(word)
            {
                parts.offset_secs = Some(secs);
            } else if let Some(month) = month(word) {
                parts.weekday = parts.weekday.or_else(|| weekday(word));
                parts.month = Some(month);
            } else if let Some(day) = weekday(word) {
                parts.weekday = Some(day);
            } else if let Some(secs) = zone(word) {
                parts.offset_secs = Some(secs);
            }
        }
    }
    parts.korean |= matches!(word, "오전" | "오후");
}

impl Parts {
    fn finish(self) -> Option<Timestamp> {
        let date = self.date()?;
        let mut clock = self.clock.unwrap_or_default();
        match self.afternoon {
            Some(true) if clock.hour < 12 => clock.hour += 12,
            Some(false) if clock.hour == 12 => clock.hour = 0,
            _ => {}
        }
        clock.offset_secs = self.offset_secs.unwrap_or(if self.korean { 9 * 3600 } else { 0 });
        instant(date, clock)
    }

    fn date(&self) -> Option<NaiveDate> {
        if let Some(month) = self.month {
            let month = i64::from(month);
            return match self.numbers.as_slice() {
                [(year, 4, _)] => ymd(*year, month, 1),
                [(year, 4, _), (day, ..), ..] | [(day, ..), (year, 4, _), ..] => ymd(*year, month, *day),
                [(day, ..), (year, 1..=2, _), ..] => ymd(century(*year), month, *day),
                _ => None,
            };
        }
        let [(first, first_len, _), (second, _, separator), (third, third_len, _), ..] = *self.numbers.as_slice()
        else {
            return None;
        };
        if first_len == 4 {
            return ymd(first, second, third);
        }
        let year = match third_len {
            4 => third,
            1 | 2 => century(third),
            _ => return None,
        };
        let day_first = ymd(year, second, first);
        let month_first = ymd(year, first, second);
        let on_weekday = |date: &Option<NaiveDate>| {
            date.is_some_and(|date| Some(date.weekday().num_days_from_monday()) == self.weekday)
        };
        match (on_weekday(&day_first), on_weekday(&month_first)) {
            (true, false) => day_first,
            (false, true) => month_first,
            _ if separator == b'/' => month_first.or(day_first),
            _ => day_first.or(month_first),
        }
    }
}

const fn century(year: i64) -> i64 {
    if year < 90 { 2000 + year } else { 1900 + year }
}

#[cfg(test)]
mod tests;
