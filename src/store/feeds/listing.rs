//! Feeds as listings, `status` and metrics show them.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::{Result, ever, moved_from, status_from, times_from};
use crate::model::{FeedId, FeedRow, PastPoll, Validators};
use crate::time::Timestamp;

/// How many feeds there are of each status, and the longest time ago that an active one last went well.
///
/// Polls shown of a feed, the latest first.
const HISTORY_MAX: usize = 20;

/// # Errors
/// When SQLite fails.
pub fn totals(conn: &Connection) -> Result<(BTreeMap<String, u64>, Option<Timestamp>)> {
    let counts = conn
        .prepare_cached("SELECT status, count(*) FROM feeds GROUP BY status")?
        .query_map([], |row| Ok((row.get(0)?, u64::from(row.get::<_, u32>(1)?))))?
        .collect::<rusqlite::Result<_>>()?;
    let oldest: Option<i64> = conn
        .prepare_cached(
            "SELECT min(s.last_success_at) FROM fetch_state s JOIN feeds f ON f.id = s.feed_id
             WHERE f.status = 'active' AND s.last_success_at > 0",
        )?
        .query_row([], |row| row.get(0))?;
    Ok((counts, oldest.map(Timestamp::from_unix)))
}

/// All feeds by key, those gone from the configuration left out.
///
/// # Errors
/// When SQLite fails.
pub fn list(conn: &Connection) -> Result<Vec<FeedRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT f.id, f.key, f.url, s.effective_url, f.name, f.title, f.site_url, f.feed_group, f.status, f.added_at,
                s.next_fetch_at, s.next_reason, s.last_fetch_at, s.last_success_at, s.last_change_at, s.etag,
                s.last_modified, s.failures, s.failing_since_at, s.http_status, s.error_kind, s.error, s.moved_to,
                s.moved_count, s.moved_since_at, s.recent, s.n_items, s.n_undated, s.n_new, s.history
         FROM feeds f JOIN fetch_state s ON s.feed_id = f.id
         WHERE f.status <> 'removed' ORDER BY f.key",
    )?;
    let rows = statement.query_map([], row_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn row_from(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    let key: String = row.get(1)?;
    let names: [String; 2] = [row.get(4)?, row.get(5)?];
    let name = names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| key.clone());
    Ok(FeedRow {
        id: FeedId::new(row.get(0)?),
        key,
        url: row.get(2)?,
        effective_url: row.get(3)?,
        name,
        site_url: row.get(6)?,
        group: row.get(7)?,
        status: status_from(row, 8)?,
        added_at: Timestamp::from_unix(row.get(9)?),
        next_poll_at: Timestamp::from_unix(row.get(10)?),
        next_reason: row.get(11)?,
        last_poll_at: ever(row.get(12)?),
        last_success_at: ever(row.get(13)?),
        last_change_at: ever(row.get(14)?),
        validators: Validators {
            etag: row.get(15)?,
            last_modified: row.get(16)?,
        },
        failures: row.get(17)?,
        failing_since: ever(row.get(18)?),
        http_status: row.get(19)?,
        error_kind: row.get(20)?,
        error: row.get(21)?,
        moved: moved_from(row, 22)?,
        recent: times_from(&row.get::<_, String>(25)?),
        n_items: row.get(26)?,
        n_undated: row.get(27)?,
        n_new: row.get(28)?,
        history: row
            .get::<_, String>(29)?
            .lines()
            .take(HISTORY_MAX)
            .filter_map(past_poll)
            .collect(),
    })
}

fn past_poll(line: &str) -> Option<PastPoll> {
    let mut words = line.split(' ');
    Some(PastPoll {
        at: Timestamp::from_unix(words.next()?.parse().ok()?),
        outcome: words.next()?.to_owned(),
        http_status: words.next()?.parse().ok()?,
        n_new: words.next()?.parse().ok()?,
        n_bytes: words.next()?.parse().ok()?,
        duration_ms: words.next()?.parse().ok()?,
    })
}
