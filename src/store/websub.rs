//! Subscriptions at WebSub hubs.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::Result;
use crate::model::{FeedId, Hub, PushRow, PushStatus};
use crate::time::Timestamp;

macro_rules! select_push {
    ($($rest:literal),* $(,)?) => {
        concat!(
            "SELECT w.feed_id, w.hub, w.topic, w.path, w.secret, w.status, w.next_at, w.lease_until_at, w.unanswered,
                    w.error, w.n_pushes, w.last_push_at
             FROM websub w ",
            $($rest),*
        )
    };
}

fn row_from(row: &Row<'_>) -> rusqlite::Result<PushRow> {
    let status: String = row.get(5)?;
    let last_push: i64 = row.get(11)?;
    Ok(PushRow {
        feed: FeedId::new(row.get(0)?),
        hub: Hub {
            url: row.get(1)?,
            topic: row.get(2)?,
        },
        path: row.get(3)?,
        secret: row.get(4)?,
        status: match status.as_str() {
            "active" => PushStatus::Active,
            "leaving" => PushStatus::Leaving,
            _ => PushStatus::Asked,
        },
        next_at: Timestamp::from_unix(row.get(6)?),
        lease_until: Timestamp::from_unix(row.get(7)?),
        unanswered: row.get(8)?,
        error: row.get(9)?,
        n_pushes: row.get(10)?,
        last_push_at: (last_push != 0).then(|| Timestamp::from_unix(last_push)),
    })
}

/// A feed whose answer names a hub, as the subscriber sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The feed.
    pub feed: FeedId,
    /// Its key.
    pub key: String,
    /// What its answer names now.
    pub hub: Hub,
}

/// Active feeds that name a hub they have no subscription at.
///
/// # Errors
/// When SQLite fails.
pub fn wanted(conn: &Connection) -> Result<Vec<Wanted>> {
    let mut statement = conn.prepare_cached(
        "SELECT s.feed_id, f.key, s.hub, s.topic
         FROM fetch_state s JOIN feeds f ON f.id = s.feed_id LEFT JOIN websub w ON w.feed_id = s.feed_id
         WHERE s.hub <> '' AND f.status = 'active'
           AND (w.feed_id IS NULL OR (w.status <> 'leaving' AND (w.hub <> s.hub OR w.topic <> s.topic)))
         ORDER BY s.feed_id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Wanted {
            feed: FeedId::new(row.get(0)?),
            key: row.get(1)?,
            hub: Hub {
                url: row.get(2)?,
                topic: row.get(3)?,
            },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Begins a subscription, in place of one at another hub or of another topic; the hub is asked at `now`.
///
/// # Errors
/// When SQLite fails.
pub fn begin(tx: &Transaction<'_>, wanted: &Wanted, path: &str, secret: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO websub (feed_id, hub, topic, path, secret, status, next_at) VALUES (?1, ?2, ?3, ?4, ?5, 'asked', ?6)
         ON CONFLICT (feed_id) DO UPDATE SET hub = excluded.hub, topic = excluded.topic, path = excluded.path,
           secret = excluded.secret, status = 'asked', next_at = excluded.next_at, lease_until_at = 0, unanswered = 0,
           error = ''",
    )?
    .execute(params![
        wanted.feed.get(),
        wanted.hub.url,
        wanted.hub.topic,
        path,
        secret,
        now.unix()
    ])?;
    Ok(())
}

/// Marks subscriptions to be ended: of feeds that are polled no more or name no hub now, or all of them.
///
/// # Errors
/// When SQLite fails.
pub fn leave(tx: &Transaction<'_>, all: bool, now: Timestamp) -> Result<usize> {
    Ok(tx
        .prepare_cached(
            "UPDATE websub SET status = 'leaving', next_at = ?2, unanswered = 0, error = ''
             WHERE status <> 'leaving' AND (?1 OR feed_id IN (
               SELECT w.feed_id FROM websub w JOIN feeds f ON f.id = w.feed_id JOIN fetch_state s ON s.feed_id = f.id
               WHERE f.status <> 'active' OR s.hub = ''))",
        )?
        .execute(params![all, now.unix()])?)
}

/// Whether [`leave`] would mark any, or one is still to be ended: most installations have none.
///
/// # Errors
/// When SQLite fails.
pub fn any(conn: &Connection) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM websub)")?
        .query_row([], |row| row.get(0))?)
}

/// Claims up to `limit` subscriptions whose hub is to be asked, with the feed's key; they are due again at `lease_until`.
///
/// # Errors
/// When SQLite fails.
pub fn claim_due(
    tx: &Transaction<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
) -> Result<Vec<(PushRow, String)>> {
    let due: Vec<PushRow> = tx
        .prepare_cached(select_push!(
            "WHERE w.next_at <= ?1 ORDER BY w.next_at, w.feed_id LIMIT ?2"
        ))?
        .query_map(params![now.unix(), i64::try_from(limit).unwrap_or(i64::MAX)], row_from)?
        .collect::<rusqlite::Result<_>>()?;
    let mut claimed = Vec::new();
    for row in due {
        let key = tx
            .prepare_cached(
                "UPDATE websub SET next_at = ?2 WHERE feed_id = ?1 RETURNING (SELECT key FROM feeds WHERE id = ?1)",
            )?
            .query_row(params![row.feed.get(), lease_until.unix()], |row| row.get(0))?;
        claimed.push((row, key));
    }
    Ok(claimed)
}

/// Writes what asking a hub came to: when it is asked again, and what was said against it. A subscription that was
/// confirmed meanwhile keeps the time its lease gives it.
///
/// # Errors
/// When SQLite fails.
pub fn asked(tx: &Transaction<'_>, row: &PushRow, next_at: Timestamp, error: &str) -> Result<()> {
    tx.prepare_cached(
        "UPDATE websub SET next_at = ?3, error = ?4, unanswered = unanswered + 1
         WHERE feed_id = ?1 AND path = ?2 AND unanswered = ?5 AND lease_until_at = ?6",
    )?
    .execute(params![
        row.feed.get(),
        row.path,
        next_at.unix(),
        error,
        row.unanswered,
        row.lease_until.unix()
    ])?;
    Ok(())
}

/// The subscription behind a callback.
///
/// # Errors
/// When SQLite fails.
pub fn by_path(conn: &Connection, path: &str) -> Result<Option<PushRow>> {
    let mut statement = conn.prepare_cached(select_push!("WHERE w.path = ?1"))?;
    Ok(statement.query_row([path], row_from).optional()?)
}

/// The subscription of a feed.
///
/// # Errors
/// When SQLite fails.
pub fn of_feed(conn: &Connection, feed: FeedId) -> Result<Option<PushRow>> {
    let mut statement = conn.prepare_cached(select_push!("WHERE w.feed_id = ?1"))?;
    Ok(statement.query_row([feed.get()], row_from).optional()?)
}

/// The hub has confirmed: it tells of news until then, and is asked again at `renew_at`.
///
/// # Errors
/// When SQLite fails.
pub fn confirmed(tx: &Transaction<'_>, path: &str, lease_until: Timestamp, renew_at: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE websub SET status = 'active', lease_until_at = ?2, next_at = ?3, unanswered = 0, error = ''
         WHERE path = ?1 AND status <> 'leaving'",
    )?
    .execute(params![path, lease_until.unix(), renew_at.unix()])?;
    Ok(())
}

/// The hub has refused, or ended it; it is asked again at `next_at`.
///
/// # Errors
/// When SQLite fails.
pub fn denied(tx: &Transaction<'_>, path: &str, why: &str, next_at: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE websub SET status = 'asked', lease_until_at = 0, next_at = ?3, error = ?2, unanswered = unanswered + 1
         WHERE path = ?1 AND status <> 'leaving'",
    )?
    .execute(params![path, why, next_at.unix()])?;
    Ok(())
}

/// Forgets a subscription.
///
/// # Errors
/// When SQLite fails.
pub fn forget(tx: &Transaction<'_>, path: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM websub WHERE path = ?1")?
        .execute([path])?;
    Ok(())
}

/// The hub told of news: the feed is polled now, yet not sooner than `pause_secs` after its last poll.
///
/// # Errors
/// When SQLite fails.
pub fn pushed(tx: &Transaction<'_>, path: &str, now: Timestamp, pause_secs: i64) -> Result<()> {
    tx.prepare_cached("UPDATE websub SET n_pushes = n_pushes + 1, last_push_at = ?2 WHERE path = ?1")?
        .execute(params![path, now.unix()])?;
    tx.prepare_cached(
        "UPDATE fetch_state SET next_fetch_at = max(?2, last_fetch_at + ?3), next_reason = 'its hub told of news'
         WHERE feed_id = (SELECT w.feed_id FROM websub w JOIN feeds f ON f.id = w.feed_id
                          WHERE w.path = ?1 AND f.status = 'active')
           AND next_fetch_at > max(?2, last_fetch_at + ?3)
           AND next_reason <> 'poll under way'",
    )?
    .execute(params![path, now.unix(), pause_secs])?;
    Ok(())
}
