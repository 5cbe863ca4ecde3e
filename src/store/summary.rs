//! What `courant status` and the gauges show: counts, never contents.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::Result;
use crate::time::Timestamp;

const BOUNCES_OF: Duration = Duration::from_hours(7 * 24);

/// Subscriptions by digest and status.
pub type Subscribed = BTreeMap<(String, String), i64>;

/// The state of an installation in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Stored entries.
    pub n_entries: i64,
    /// Entries first seen in the last day.
    pub n_entries_today: i64,
    /// Living stories.
    pub n_stories: i64,
    /// Entries that wait for a story.
    pub n_waiting: i64,
    /// Deliveries by status; finished ones only of the last day.
    pub deliveries: BTreeMap<String, i64>,
    /// When the oldest delivery that still waits was queued.
    pub oldest_queued_at: Option<Timestamp>,
    /// Subscriptions by digest and status.
    pub subscriptions: Subscribed,
    /// Mails that came back in the last week, by kind.
    pub bounces: Vec<(String, i64)>,
    /// Latest edition of each digest: its slot, what became of it, and its stories.
    pub editions: BTreeMap<String, (String, String, i64)>,
    /// Bytes of the database file.
    pub n_bytes: i64,
}

/// Reads the summary.
///
/// # Errors
/// When SQLite fails.
pub fn read(conn: &Connection, now: Timestamp) -> Result<Summary> {
    let day_ago = now.unix().saturating_sub(86_400);
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let today = |sql: &str| conn.query_row(sql, [day_ago], |row| row.get::<_, i64>(0));
    let deliveries = conn
        .prepare_cached("SELECT status, count(*) FROM deliveries WHERE final_at = 0 OR final_at >= ?1 GROUP BY status")?
        .query_map([day_ago], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let (subscriptions, n_bytes) = gauges(conn)?;
    let editions = conn
        .prepare_cached(
            "SELECT e.digest_key, e.slot, e.outcome, e.story_count FROM editions e
             WHERE e.id = (SELECT n.id FROM editions n WHERE n.digest_key = e.digest_key ORDER BY n.due_at DESC LIMIT 1)",
        )?
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?
        .collect::<rusqlite::Result<_>>()?;
    let oldest: Option<i64> = conn
        .query_row(
            "SELECT min(queued_at) FROM deliveries WHERE status = 'queued'",
            [],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    Ok(Summary {
        n_entries: count("SELECT count(*) FROM entries")?,
        n_entries_today: today("SELECT count(*) FROM entries WHERE first_seen_at >= ?1")?,
        n_stories: count("SELECT count(*) FROM stories WHERE merged_into IS NULL")?,
        n_waiting: count("SELECT count(*) FROM entries WHERE rules_version = 0")?,
        deliveries,
        oldest_queued_at: oldest.map(Timestamp::from_unix),
        subscriptions,
        bounces: super::bounces::counts(conn, now.minus(BOUNCES_OF))?,
        editions,
        n_bytes,
    })
}

/// What is measured every minute: subscriptions by digest and status, and bytes of the database file. It counts no
/// entries and no deliveries, of which there may be millions.
///
/// # Errors
/// When SQLite fails.
pub fn gauges(conn: &Connection) -> Result<(Subscribed, i64)> {
    let subscriptions = conn
        .prepare_cached("SELECT digest_key, status, count(*) FROM subscriptions GROUP BY digest_key, status")?
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let n_bytes = conn.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    Ok((subscriptions, n_bytes))
}
