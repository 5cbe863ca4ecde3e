//! The end of an edition's window: closed before the edition is read, so that every article lies in one window.
//!
//! - A poll stamps its articles with the second it began in, and commits them seconds later. An edition composed in between
//!   did not see them, and the next one's window began after their stamp: they were told to nobody. So the window is
//!   closed in a transaction of its own, and what is committed later is stamped after its end.
//! - What has no story when its window closes (a slow page's text, a daemon that was stopped) would be lost the same way.
//!   It is stamped after the end, too, and comes with the next edition.

use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::at;
use crate::store::{Result, settings};
use crate::time::Timestamp;

/// Where the latest closed window ends, unix seconds.
const CLOSED_AT: &str = "window_closed_at";
/// An end further ahead than a poll can last was written by a clock in the future, and does not count.
const POLL_MAX: Duration = Duration::from_hours(1);
/// How far back entries without a story are looked for, by their date.
const LOOK_BACK_SECS: i64 = 14 * 86_400;

/// Whether entries seen by `due` wait for their story.
///
/// # Errors
/// When SQLite fails.
pub fn entries_wait(conn: &Connection, due: Timestamp) -> Result<bool> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (
           SELECT 1 FROM entries e
           WHERE e.rules_version = 0 AND e.dated_at > ?2 AND e.first_seen_at <= ?1 AND e.history = 0
             AND NOT EXISTS (SELECT 1 FROM story_entries se WHERE se.entry_id = e.id))",
    )?;
    Ok(statement.query_row([due.unix(), due.unix() - LOOK_BACK_SECS], |row| row.get(0))?)
}

/// Closes every window that ends at `to` or before: what comes in from now on belongs to a later one, and so does what has
/// no story yet. Returns how many entries those are.
///
/// # Errors
/// When SQLite fails.
pub fn close(tx: &Transaction<'_>, to: Timestamp, now: Timestamp) -> Result<usize> {
    let before = settings::number(tx, CLOSED_AT)?.filter(|closed| *closed <= now.unix());
    let closed = before.map_or(to.unix(), |before| before.max(to.unix()));
    settings::put_number(tx, CLOSED_AT, closed)?;
    let n = tx
        .prepare_cached(
            "UPDATE entries SET first_seen_at = ?3 + 1
             WHERE rules_version = 0 AND dated_at > ?2 AND first_seen_at <= ?1 AND history = 0
               AND NOT EXISTS (SELECT 1 FROM story_entries se WHERE se.entry_id = entries.id)",
        )?
        .execute(params![to.unix(), to.unix() - LOOK_BACK_SECS, closed])?;
    Ok(n)
}

/// When an entry that is being written counts as first seen: when its poll began, or right after the windows that were
/// closed meanwhile.
///
/// # Errors
/// When SQLite fails.
pub fn seen_at(tx: &Transaction<'_>, polled_at: Timestamp) -> Result<Timestamp> {
    let closed = settings::number(tx, CLOSED_AT)?.map(at);
    Ok(closed
        .filter(|closed| polled_at <= *closed && closed.since(polled_at) <= POLL_MAX)
        .map_or(polled_at, |closed| closed.plus(Duration::from_secs(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrate;

    /// Windows that were closed, each at a clock's time, and the stamp of a poll begun at a time.
    #[track_caller]
    fn check(closed: &[(i64, i64)], polled_at: i64, expected: i64) {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        let tx = conn.transaction().unwrap();
        for (to, now) in closed {
            close(&tx, at(*to), at(*now)).unwrap();
        }
        assert_eq!(seen_at(&tx, at(polled_at)).unwrap().unix(), expected, "{closed:?}");
    }

    #[test]
    fn what_is_committed_after_a_window_closed_belongs_to_the_next() {
        check(&[], 1_000, 1_000);
        check(&[(1_000, 1_002)], 1_001, 1_001);
        check(&[(1_000, 1_002)], 1_000, 1_001);
        check(&[(1_000, 1_002)], 990, 1_001);
        // A slot of another digest that is made late opens nothing again.
        check(&[(1_000, 1_002), (400, 1_003)], 390, 1_001);
    }

    #[test]
    fn an_end_written_by_a_clock_in_the_future_does_not_count() {
        check(&[(900_000, 900_001)], 1_000, 1_000);
        check(&[(900_000, 900_001), (1_000, 1_001)], 999, 1_001);
    }
}
