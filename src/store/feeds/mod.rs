//! Feeds: kept in step with the configuration, claimed for polling, listed for people.
//!
//! `fetch_state.next_fetch_at` is the schedule and the lease at once: claiming moves it forward, recording a poll sets
//! it, and a process that dies in between leaves it where the claim put it. So no restart can poll a feed faster.

mod claim;
mod listing;
mod reconcile;
mod record;

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, Transaction, params};

pub use claim::{Accept, Claim, claim_due, claim_keys, next_due, release};
pub use listing::{list, totals};
pub use reconcile::{Reconciled, add_new, reconcile};
pub(super) use record::{is_quiet, is_still, record_quiet, record_state};

use super::Result;
use crate::model::{FeedStatus, Moved};
use crate::time::Timestamp;

/// `next_fetch_at` of a feed that is not polled.
const NEVER: i64 = i64::MAX;

/// What [`AHEAD`] and [`put_right`] call a time that no poll can have had.
const CLOCK_SLACK_SECS: i64 = 300;
const AHEAD: &str = "(last_fetch_at > ?1 OR (next_fetch_at > ?2 AND next_fetch_at < ?3))";

/// Whether feeds were polled, or put off beyond `farthest`, while the clock stood in the future.
///
/// # Errors
/// When SQLite fails.
pub fn any_ahead(conn: &Connection, now: Timestamp, farthest: Timestamp) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM fetch_state WHERE {AHEAD})");
    let later = now.unix().saturating_add(CLOCK_SLACK_SECS);
    let found = conn
        .prepare_cached(&sql)?
        .query_row([later, farthest.unix(), NEVER], |row| row.get(0))?;
    Ok(found)
}

/// Puts right what a clock in the future wrote: such a feed waits from now on for as long as it was to wait then, and
/// one that was only claimed is due. Returns how many there were.
///
/// # Errors
/// When SQLite fails.
pub fn put_right(tx: &Transaction<'_>, now: Timestamp, farthest: Timestamp) -> Result<usize> {
    let later = now.unix().saturating_add(CLOCK_SLACK_SECS);
    let sql = format!(
        "UPDATE fetch_state SET
           next_fetch_at = CASE WHEN next_fetch_at = ?3 THEN ?3
                                WHEN last_fetch_at > ?1 AND next_fetch_at >= last_fetch_at
                                THEN min(?4 + next_fetch_at - last_fetch_at, ?2)
                                ELSE ?4 END,
           last_fetch_at = min(last_fetch_at, ?4), next_reason = 'the clock was put right'
         WHERE {AHEAD}"
    );
    let n = tx
        .prepare_cached(&sql)?
        .execute(params![later, farthest.unix(), NEVER, now.unix()])?;
    tx.prepare_cached("DELETE FROM host_pauses WHERE until_at > ?1")?
        .execute([farthest.unix()])?;
    Ok(n)
}

/// Hosts that asked us to wait, and until when; those whose time has passed are forgotten.
///
/// # Errors
/// When SQLite fails.
pub fn host_pauses(tx: &Transaction<'_>, now: Timestamp) -> Result<BTreeMap<String, Timestamp>> {
    let pauses: BTreeMap<String, Timestamp> = tx
        .prepare_cached("SELECT host, until_at FROM host_pauses")?
        .query_map([], |row| Ok((row.get(0)?, Timestamp::from_unix(row.get(1)?))))?
        .collect::<rusqlite::Result<_>>()?;
    if pauses.values().any(|until| *until <= now) {
        tx.prepare_cached("DELETE FROM host_pauses WHERE until_at <= ?1")?
            .execute([now.unix()])?;
    }
    Ok(pauses.into_iter().filter(|(_, until)| *until > now).collect())
}

fn moved_from(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Moved>> {
    let to: String = row.get(at)?;
    if to.is_empty() {
        return Ok(None);
    }
    Ok(Some(Moved {
        to,
        answers: row.get(at + 1)?,
        since: Timestamp::from_unix(row.get(at + 2)?),
    }))
}

/// 0 stands for never.
fn ever(seconds: i64) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp::from_unix(seconds))
}

fn times_from(text: &str) -> Vec<Timestamp> {
    text.split(',')
        .filter_map(|word| word.parse().ok().map(Timestamp::from_unix))
        .collect()
}

const fn status_word(status: FeedStatus) -> &'static str {
    match status {
        FeedStatus::Active => "active",
        FeedStatus::Paused => "paused",
        FeedStatus::Gone => "gone",
        FeedStatus::Removed => "removed",
    }
}

fn status_from(row: &Row<'_>, at: usize) -> rusqlite::Result<FeedStatus> {
    let word: String = row.get(at)?;
    Ok(match word.as_str() {
        "active" => FeedStatus::Active,
        "paused" => FeedStatus::Paused,
        "gone" => FeedStatus::Gone,
        _ => FeedStatus::Removed,
    })
}

#[cfg(test)]
mod tests;
