//! Lists of feeds kept elsewhere: when each is read next, and the feeds it named last.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::Result;
use crate::model::{ListRead, ListRow, ListedFeed, Validators};
use crate::time::Timestamp;

/// Feeds that all lists named when they were last read, in the order they were added.
///
/// # Errors
/// When SQLite fails.
pub fn listed(conn: &Connection) -> Result<Vec<ListedFeed>> {
    let mut statement = conn.prepare_cached(
        "SELECT list_key, feed_key, url, name, feed_group FROM listed_feeds ORDER BY added_at, list_key, feed_key",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(ListedFeed {
            list: row.get(0)?,
            key: row.get(1)?,
            url: row.get(2)?,
            name: row.get(3)?,
            group: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All lists with their state.
///
/// # Errors
/// When SQLite fails.
pub fn all(conn: &Connection) -> Result<Vec<ListRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT key, url, next_fetch_at, last_success_at, etag, last_modified, failures, error, n_left_out,
                (SELECT count(*) FROM listed_feeds f WHERE f.list_key = l.key)
         FROM feed_lists l ORDER BY key",
    )?;
    let rows = statement.query_map([], row_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn row_from(row: &Row<'_>) -> rusqlite::Result<ListRow> {
    let last: i64 = row.get(3)?;
    Ok(ListRow {
        key: row.get(0)?,
        url: row.get(1)?,
        next_fetch_at: Timestamp::from_unix(row.get(2)?),
        last_success_at: (last != 0).then(|| Timestamp::from_unix(last)),
        validators: Validators {
            etag: row.get(4)?,
            last_modified: row.get(5)?,
        },
        failures: row.get(6)?,
        error: row.get(7)?,
        n_left_out: row.get(8)?,
        n_feeds: row.get(9)?,
    })
}

/// Claims a list that is due: it is due again at `lease_until` should this process die. `None` when it is not due, and
/// when another process was faster. A list whose address changed is due at once and forgets its validators; its feeds
/// stay until the new address was read.
///
/// # Errors
/// When SQLite fails.
pub fn claim(
    tx: &Transaction<'_>,
    key: &str,
    url: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<ListRow>> {
    tx.prepare_cached(
        "INSERT INTO feed_lists (key, url, next_fetch_at) VALUES (?1, ?2, 0)
         ON CONFLICT (key) DO UPDATE SET url = excluded.url, next_fetch_at = 0, etag = '', last_modified = '',
                                         failures = 0, error = ''
         WHERE url <> excluded.url",
    )?
    .execute(params![key, url])?;
    let due: Option<i64> = tx
        .prepare_cached(
            "UPDATE feed_lists SET next_fetch_at = ?3 WHERE key = ?1 AND next_fetch_at <= ?2 RETURNING next_fetch_at",
        )?
        .query_row(params![key, now.unix(), lease_until.unix()], |row| row.get(0))
        .optional()?;
    if due.is_none() {
        return Ok(None);
    }
    Ok(all(tx)?.into_iter().find(|row| row.key == key))
}

/// Forgets lists that are gone from the configuration, with their feeds.
///
/// # Errors
/// When SQLite fails.
pub fn keep_only(tx: &Transaction<'_>, keys: &[String]) -> Result<usize> {
    let known: Vec<String> = tx
        .prepare_cached("SELECT key FROM feed_lists")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut n_gone = 0;
    for key in known.iter().filter(|key| !keys.contains(key)) {
        n_gone += tx
            .prepare_cached("DELETE FROM feed_lists WHERE key = ?1")?
            .execute([key])?;
    }
    Ok(n_gone)
}

/// Writes what one reading of a list came to: its feeds in place of those before, or the failure beside them.
///
/// # Errors
/// When SQLite fails.
pub fn record(tx: &Transaction<'_>, read: &ListRead) -> Result<()> {
    let good = read.error.is_empty();
    tx.prepare_cached(
        "UPDATE feed_lists SET next_fetch_at = ?2, last_fetch_at = ?3,
                last_success_at = CASE WHEN ?4 THEN ?3 ELSE last_success_at END,
                failures = CASE WHEN ?4 THEN 0 ELSE failures + 1 END, error = ?5
         WHERE key = ?1",
    )?
    .execute(params![
        read.key,
        read.next_fetch_at.unix(),
        read.at.unix(),
        good,
        read.error
    ])?;
    if let Some(validators) = &read.validators {
        tx.prepare_cached("UPDATE feed_lists SET etag = ?2, last_modified = ?3, n_left_out = ?4 WHERE key = ?1")?
            .execute(params![
                read.key,
                validators.etag,
                validators.last_modified,
                read.n_left_out
            ])?;
    }
    for url in &read.removed {
        tx.prepare_cached("DELETE FROM listed_feeds WHERE list_key = ?1 AND url = ?2")?
            .execute(params![read.key, url])?;
    }
    for feed in &read.feeds {
        tx.prepare_cached(
            "INSERT INTO listed_feeds (list_key, url, feed_key, name, feed_group, added_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (list_key, url) DO UPDATE SET name = excluded.name, feed_group = excluded.feed_group",
        )?
        .execute(params![
            read.key,
            feed.url,
            feed.key,
            feed.name,
            feed.group,
            read.at.unix()
        ])?;
    }
    for (kind, detail) in &read.events {
        tx.prepare_cached("INSERT INTO events (at, kind, subject, detail) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                read.at.unix(),
                kind,
                format!("list:{}", read.key),
                detail.to_string()
            ])?;
    }
    Ok(())
}
