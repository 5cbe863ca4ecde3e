//! Mails that came back: kept, counted, and what they end.
//!
//! - "No such user" ends the subscriptions at once: each further mail to it costs our name with its host. The reader
//!   may subscribe again, and confirms then; the operator can give all back with `courant subscribers release`.
//! - A full mailbox or a week of silence is weather. Each day with such a report counts one, and what is counted halves
//!   in a month: a daily reader is given up after some six days in a row, one who is full for a weekend is not, and a
//!   weekly reader after some nine weeks.
//! - A refusal for policy (spam, DMARC, a block list) says nothing about the reader: kept for the operator to see, and
//!   nobody is ended, or one bad listing would empty the list.
//! - "This is spam" ends at once, and only the operator can undo it.

use std::time::Duration;

use super::Handled;
use super::inbound::{Report, ReportKind};
use crate::address::Address;
use crate::model::EndReason;
use crate::store::bounces::{self, Bounced, NewBounce};
use crate::store::rusqlite::Transaction;
use crate::store::subscribers;
use crate::store::{self};
use crate::time::Timestamp;
use crate::token::{self, TokenKey};

/// A day with a soft report counts half after this.
const HALF_LIFE: Duration = Duration::from_hours(30 * 24);
/// So much, and an address is given up.
const POINTS_MAX: f64 = 5.0;
/// Reports are kept this long.
pub const KEPT: Duration = Duration::from_hours(400 * 24);
const DAY_SECS: i64 = 86_400;

/// Whether soft reports at these times are too many by now.
#[must_use]
pub fn is_given_up(soft: &[Timestamp], now: Timestamp) -> bool {
    let mut days: Vec<i64> = soft.iter().map(|at| at.unix().div_euclid(DAY_SECS)).collect();
    days.sort_unstable();
    days.dedup();
    let today = now.unix().div_euclid(DAY_SECS);
    let half = HALF_LIFE.as_secs_f64() / DAY_SECS as f64;
    let points: f64 = days
        .iter()
        .map(|day| 0.5_f64.powf((today - day).max(0) as f64 / half))
        .sum();
    points >= POINTS_MAX
}

/// Takes a report in; part of the one transaction of its mail.
///
/// # Errors
/// When the database fails.
pub fn record(tx: &Transaction<'_>, key: &TokenKey, report: &Report, now: Timestamp) -> store::Result<Handled> {
    let Some(bounced) = whom(tx, key, report)? else {
        return Ok(Handled::UnknownBounce);
    };
    if report.kind == ReportKind::Nothing {
        return Ok(Handled::Bounce(report.kind));
    }
    let folded = Address::parse(&bounced.address).map_or_else(|_| bounced.address.to_lowercase(), |a| a.key());
    let hash = token::address_hash(key, &folded);
    bounces::add(
        tx,
        &NewBounce {
            address_hash: &hash,
            subscriber: bounced.subscriber,
            kind: report.kind.word(),
            status: &report.status,
            words: &report.words,
            at: now,
        },
    )?;
    let end = match report.kind {
        ReportKind::Hard => Some(("hard_bounce", EndReason::Bounced)),
        ReportKind::Soft if is_given_up(&bounces::soft_since(tx, &hash, now.minus(KEPT))?, now) => {
            Some(("hard_bounce", EndReason::Bounced))
        }
        ReportKind::Complaint => Some(("complaint", EndReason::Complained)),
        ReportKind::Soft | ReportKind::Policy | ReportKind::Nothing => None,
    };
    if let Some((suppression, reason)) = end {
        subscribers::suppress(tx, &hash, suppression, now)?;
        if let Some(person) = bounced.subscriber {
            bounces::end_all(tx, person, reason, report.kind.word(), now)?;
        }
    }
    Ok(Handled::Bounce(report.kind))
}

/// Whom a report is about, by a mark that only we could have made.
fn whom(tx: &Transaction<'_>, key: &TokenKey, report: &Report) -> store::Result<Option<Bounced>> {
    for path in &report.return_paths {
        if let Some(id) = token::check_verp(key, path)
            && let Some(found) = bounces::of_delivery(tx, id)?
        {
            return Ok(Some(found));
        }
    }
    for leave in &report.leave_tokens {
        if let Some(id) = token::check_leave(key, leave)
            && let Some(found) = bounces::of_subscription(tx, id)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

    #[track_caller]
    fn check(days_ago: impl IntoIterator<Item = i64>, expected: bool) {
        let soft: Vec<Timestamp> = days_ago
            .into_iter()
            .map(|days| Timestamp::from_unix(NOW.unix() - days * DAY_SECS))
            .collect();
        assert_eq!(is_given_up(&soft, NOW), expected, "{soft:?}");
    }

    #[test]
    fn a_full_weekend_is_weather_and_a_full_week_is_not() {
        check([0, 1, 2], false);
        check([0; 40], false);
        check(0..6, true);
        check(60..66, false);
        check((0..8).map(|week| 7 * week), false);
        check((0..10).map(|week| 7 * week), true);
    }
}
