//! ISO 8601 in all its lengths.

use chrono::NaiveDate;

use super::names::zone;
use super::{Clock, Cursor, instant};
use crate::time::Timestamp;

/// The date forms of ISO 8601, most specific first.
const ISO_FORMS: [fn(&mut Cursor<'_>) -> Option<NaiveDate>; 9] = [
    // 2003-12-31, 20031231
    |c| {
        let year = c.digits(4)?;
        let dash = c.eat(b'-');
        let month = c.digits(2)?;
        if dash != c.eat(b'-') {
            return None;
        }
        ymd(year, month, c.digits(2)?)
    },
    // 2003-012-31
    |c| {
        let year = c.digits(4)?;
        c.eat(b'-').then_some(())?;
        c.eat(b'0').then_some(())?;
        let month = c.digits(2)?;
        c.eat(b'-');
        ymd(year, month, c.digits(2)?)
    },
    // 2003-1-5
    |c| {
        let year = c.digits(4)?;
        c.eat(b'-').then_some(())?;
        let (month, _) = c.number(2)?;
        c.eat(b'-').then_some(())?;
        ymd(year, month, c.number(2)?.0)
    },
    // 2003-335, 2003335
    |c| {
        let year = c.digits(4)?;
        c.eat(b'-');
        NaiveDate::from_yo_opt(i32::try_from(year).ok()?, u32::try_from(c.digits(3)?).ok()?)
    },
    // 2003-12
    |c| {
        let year = c.digits(4)?;
        c.eat(b'-').then_some(())?;
        ymd(year, c.digits(2)?, 1)
    },
    // 03-12-31, 031231
    |c| {
        let year = 2000 + c.digits(2)?;
        let dash = c.eat(b'-');
        let month = c.digits(2)?;
        if dash != c.eat(b'-') {
            return None;
        }
        ymd(year, month, c.digits(2)?)
    },
    // 03-335, 03335
    |c| {
        let year = 2000 + c.digits(2)?;
        c.eat(b'-');
        NaiveDate::from_yo_opt(i32::try_from(year).ok()?, u32::try_from(c.digits(3)?).ok()?)
    },
    // 2003
    |c| ymd(c.digits(4)?, 1, 1),
    // -03-12, -0312
    |c| {
        c.eat(b'-').then_some(())?;
        let year = 2000 + c.digits(2)?;
        c.eat(b'-');
        ymd(year, c.digits(2)?, 1)
    },
];

pub(super) fn ymd(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )
}

pub(super) fn iso(text: &str) -> Option<Timestamp> {
    ISO_FORMS.iter().find_map(|form| {
        let mut cursor = Cursor(text.as_bytes());
        let date = form(&mut cursor)?;
        instant(date, iso_clock(cursor)?)
    })
}

/// What follows an ISO date: nothing, or a time with an optional zone.
fn iso_clock(mut cursor: Cursor<'_>) -> Option<Clock> {
    let mut clock = Clock::default();
    if cursor.0.trim_ascii().is_empty() || cursor.0 == b"z" {
        return Some(clock);
    }
    let marked = cursor.eat(b't') || cursor.eat(b'-') || cursor.eat(b'_');
    let before = cursor.0.len();
    cursor.spaces();
    if !marked && cursor.0.len() == before {
        return None;
    }
    let compact = cursor
        .0
        .get(..4)
        .is_some_and(|head| head.iter().all(u8::is_ascii_digit));
    clock.hour = if compact {
        cursor.digits(2)?
    } else {
        cursor.number(2)?.0
    };
    let separator = if compact { 0 } else { b':' };
    if compact || cursor.eat(separator) || (cursor.eat(b'.')) {
        clock.minute = cursor.digits(2)?;
        if cursor.eat(b':') || (compact && cursor.peek().is_some_and(|b| b.is_ascii_digit())) {
            clock.second = cursor.digits(2)?;
        }
        if cursor.eat(b'.') || cursor.eat(b',') || cursor.eat(b':') {
            cursor.number(12)?;
        }
    }
    cursor.spaces();
    if cursor.0.is_empty() || cursor.eat(b'z') {
        return cursor.0.is_empty().then_some(clock);
    }
    if matches!(cursor.peek(), Some(b'+' | b'-')) {
        clock.offset_secs = offset(&mut cursor)?;
        cursor.spaces();
        cursor.eat(b'z');
        return cursor.0.is_empty().then_some(clock);
    }
    let name = std::str::from_utf8(cursor.0).ok()?;
    clock.offset_secs = zone(name.trim())?;
    Some(clock)
}

/// `+0200`, `+02:00`, `-7`, `+05 30`.
pub(super) fn offset(cursor: &mut Cursor<'_>) -> Option<i64> {
    let sign = if cursor.eat(b'-') {
        -1
    } else {
        i64::from(cursor.eat(b'+'))
    };
    let (value, count) = cursor.number(4)?;
    let (hours, minutes) = if count > 2 {
        (value / 100, value % 100)
    } else if cursor.eat(b':') {
        (value, cursor.number(2)?.0)
    } else {
        (value, 0)
    };
    Some(sign * (hours * 3600 + minutes * 60))
}
