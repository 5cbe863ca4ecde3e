//! The end of an edition's window: closed before the edition is read, so that every article lies in one window.
//!
//! - A poll stamps its articles with the second it began in, and commits them seconds later. An edition composed in between
//!   did not see them, and the next one's window began after their stamp: they were told to nobody. So the window is
//!   closed in a transaction of its own, and what is committed later is stamped after its end.
//! - What has no story when its window closes (a slow page's text, a daemon that was stopped) would be lost the same way.
//!   It is stamped after the end, too, and comes with the next edition.
//! - What lies in the future was written while the clock stood there. An end there closes nothing; once the clock is right
//!   again, windows that ended there end now, and articles seen there are seen right after.

use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::{at, last_slot};
use crate::model::Slot;
use crate::store::{Result, settings};
use crate::time::Timestamp;

/// Where the latest closed window ends, unix seconds.
const CLOSED_AT: &str = "window_closed_at";
/// What lies further ahead than this was written by a clock in the future. A clock that is put right by seconds, and a
/// commit that waited for another process, are not.
const AHEAD: Duration = Duration::from_mins(1);
/// How far back entries without a story are looked for, by their date: older ones are no news when they come.
const LOOK_BACK_SECS: i64 = 31 * 86_400;
const WAITS: &str = "SELECT EXISTS (
       SELECT 1 FROM entries e
       WHERE e.rules_version = 0 AND e.dated_at > ?2 AND e.first_seen_at <= ?1 AND e.history = 0
         AND NOT EXISTS (SELECT 1 FROM story_entries se WHERE se.entry_id = e.id))";
const PUT_OFF: &str = "UPDATE entries SET first_seen_at = ?3 + 1
     WHERE rules_version = 0 AND dated_at > ?2 AND first_seen_at <= ?1 AND history = 0
       AND NOT EXISTS (SELECT 1 FROM story_entries se WHERE se.entry_id = entries.id)";
const EDITION_AHEAD: &str = "SELECT EXISTS (SELECT 1 FROM editions WHERE digest_key = ?1 AND due_at > ?2)";
const ENTRY_AHEAD: &str = "SELECT EXISTS (SELECT 1 FROM entries WHERE first_seen_at > ?1)";

/// Whether entries seen by `due` wait for their story.
///
/// # Errors
/// When SQLite fails.
pub fn entries_wait(conn: &Connection, due: Timestamp) -> Result<bool> {
    Ok(conn
        .prepare_cached(WAITS)?
        .query_row([due.unix(), due.unix() - LOOK_BACK_SECS], |row| row.get(0))?)
}

/// Whether an edition may still be made for a slot: it has none, and the last one of its schedule ended where it did when
/// this one's window was counted from there. Another process may have been quicker.
///
/// # Errors
/// When SQLite fails.
pub fn is_open(conn: &Connection, slot: &Slot, told_until: Option<Timestamp>, now: Timestamp) -> Result<bool> {
    let made: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM editions WHERE digest_key = ?1 AND schedule = ?2 AND slot = ?3)")?
        .query_row([&slot.digest, &slot.schedule, &slot.key], |row| row.get(0))?;
    let last = last_slot(conn, &slot.digest, &slot.schedule, now.max(slot.due_at))?;
    Ok(!made && last.map(|last| last.window_to) == told_until)
}

/// Closes every window that ends at `to` or before: what comes in from now on belongs to a later one, and so does what has
/// no story yet. Returns how many entries those are.
///
/// # Errors
/// When SQLite fails.
pub fn close(tx: &Transaction<'_>, to: Timestamp, now: Timestamp) -> Result<usize> {
    let closed = closed(tx, now)?.map_or(to, |before| before.max(to));
    settings::put_number(tx, CLOSED_AT, closed.unix())?;
    let n = tx
        .prepare_cached(PUT_OFF)?
        .execute(params![to.unix(), to.unix() - LOOK_BACK_SECS, closed.unix()])?;
    Ok(n)
}

/// When an entry that is written at `now` counts as first seen: when its poll began, or right after the windows that were
/// closed meanwhile.
///
/// # Errors
/// When SQLite fails.
pub fn seen_at(tx: &Transaction<'_>, polled_at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    Ok(closed(tx, now)?
        .filter(|closed| polled_at <= *closed)
        .map_or(polled_at, |closed| closed.plus(Duration::from_secs(1))))
}

fn closed(tx: &Transaction<'_>, now: Timestamp) -> Result<Option<Timestamp>> {
    let closed = settings::number(tx, CLOSED_AT)?.map(at);
    Ok(closed.filter(|closed| *closed <= now.plus(AHEAD)))
}

/// Whether an edition of the digest, or an entry, is dated in the future.
///
/// # Errors
/// When SQLite fails.
pub fn any_ahead(conn: &Connection, digest: &str, now: Timestamp) -> Result<bool> {
    let later = now.plus(AHEAD).unix();
    let edition: bool = conn
        .prepare_cached(EDITION_AHEAD)?
        .query_row(params![digest, later], |row| row.get(0))?;
    let entry: bool = conn.prepare_cached(ENTRY_AHEAD)?.query_row([later], |row| row.get(0))?;
    Ok(edition || entry)
}

/// Puts right what a clock in the future wrote: what came in since then belongs to the next edition. Returns how many
/// editions and entries it were.
///
/// # Errors
/// When SQLite fails.
pub fn put_right(tx: &Transaction<'_>, digest: &str, now: Timestamp) -> Result<usize> {
    let later = now.plus(AHEAD).unix();
    let n_editions = tx
        .prepare_cached(
            "UPDATE editions SET window_from = min(window_from, ?3), window_to = min(window_to, ?3)
             WHERE digest_key = ?1 AND due_at > ?2 AND window_to > ?3",
        )?
        .execute(params![digest, later, now.unix()])?;
    let n_entries = tx
        .prepare_cached("UPDATE entries SET first_seen_at = ?2 + 1 WHERE first_seen_at > ?1")?
        .execute([later, now.unix()])?;
    // Who confirmed or chose a time then did so by now.
    tx.prepare_cached(
        "UPDATE subscriptions SET confirmed_at = min(confirmed_at, ?2), schedule_since = min(schedule_since, ?2)
         WHERE confirmed_at > ?1 OR schedule_since > ?1",
    )?
    .execute([later, now.unix()])?;
    Ok(n_editions + n_entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrate;

    /// Windows that were closed, each at a clock's time, and the stamp of a poll begun at one time and written at another.
    #[track_caller]
    fn check(closed: &[(i64, i64)], (polled_at, now): (i64, i64), expected: i64) {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        let tx = conn.transaction().unwrap();
        for (to, now) in closed {
            close(&tx, at(*to), at(*now)).unwrap();
        }
        assert_eq!(
            seen_at(&tx, at(polled_at), at(now)).unwrap().unix(),
            expected,
            "{closed:?}"
        );
    }

    #[test]
    fn what_is_committed_after_a_window_closed_belongs_to_the_next() {
        check(&[], (1_000, 1_002), 1_000);
        check(&[(1_000, 1_002)], (1_001, 1_003), 1_001);
        check(&[(1_000, 1_002)], (1_000, 1_003), 1_001);
        check(&[(1_000, 1_002)], (990, 1_003), 1_001);
        // A slot of another digest that is made late opens nothing again.
        check(&[(1_000, 1_002), (400, 1_003)], (390, 1_004), 1_001);
        // Another process closed later and was quicker.
        check(&[(1_002, 1_002), (1_000, 1_000)], (1_001, 1_003), 1_003);
        // A machine that slept in the middle of a poll.
        check(&[(20_000, 20_001)], (9_000, 20_002), 20_001);
    }

    #[test]
    fn an_end_written_by_a_clock_in_the_future_does_not_count() {
        check(&[(900_000, 900_001)], (1_000, 1_001), 1_000);
        check(&[(900_000, 900_001), (1_000, 1_001)], (999, 1_002), 1_001);
    }

    #[test]
    fn a_window_is_open_until_another_process_makes_an_edition() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        let slot = |due_at: i64| Slot {
            digest: "daily".to_owned(),
            schedule: String::new(),
            key: format!("slot {due_at}"),
            due_at: at(due_at),
        };
        let is_open = |conn: &Connection, due_at: i64, told_until: Option<i64>| {
            is_open(conn, &slot(due_at), told_until.map(at), at(1_010)).unwrap()
        };
        assert!(is_open(&conn, 1_000, None));
        assert!(!is_open(&conn, 1_000, Some(500)), "what was counted from is gone");
        conn.execute(
            "INSERT INTO editions (digest_key, slot, due_at, window_from, window_to, story_count, content, outcome, composed_at)
             VALUES ('daily', 'slot 1010', 1010, 500, 1010, 0, '{}', 'queued', 1010)",
            [],
        )
        .unwrap();
        assert!(!is_open(&conn, 1_000, None), "by hand, ten seconds after the slot");
        assert!(!is_open(&conn, 1_010, Some(1_010)), "the slot itself has one");
        assert!(is_open(&conn, 1_020, Some(1_010)));
    }

    /// With ten million entries stored, a slot looks at those that wait, and at none else.
    #[test]
    fn no_slot_walks_the_entries() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        for (sql, by) in [
            (WAITS, "(rules_version=? AND dated_at>?)"),
            (PUT_OFF, "(rules_version=? AND dated_at>?)"),
            (ENTRY_AHEAD, "(first_seen_at>?)"),
            (EDITION_AHEAD, "(digest_key=?)"),
        ] {
            let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let n = plan.parameter_count();
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(vec![1; n]), |row| row.get(3))
                .unwrap()
                .map(|step| step.unwrap())
                .collect();
            assert!(steps.iter().any(|step| step.contains(by)), "{steps:?}");
            let scans = |step: &String| step.starts_with("SCAN") && !step.contains("CONSTANT ROW");
            assert!(!steps.iter().any(scans), "{steps:?}");
        }
    }
}
