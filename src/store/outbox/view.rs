//! The outbox as its operator sees it: counts, lists, what to do with a message in doubt, retention.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::super::Result;
use super::{finish, kind_of, status_of};
use crate::model::{DeliveryId, DeliveryKind, DeliveryStatus};
use crate::time::Timestamp;

/// How many rows stand in each state; every state is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By status.
    pub by_status: BTreeMap<DeliveryStatus, u64>,
    /// When the oldest waiting row was queued.
    pub oldest_queued_at: Option<Timestamp>,
}

/// Counts rows by status.
///
/// # Errors
/// When the database fails.
pub fn counts(connection: &Connection) -> Result<Counts> {
    let mut by_status: BTreeMap<DeliveryStatus, u64> = DeliveryStatus::ALL.into_iter().map(|s| (s, 0)).collect();
    let mut statement = connection.prepare_cached("SELECT status, count(*) FROM deliveries GROUP BY status")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(1)?;
        by_status.insert(status_of(&row.get::<_, String>(0)?)?, u64::try_from(n).unwrap_or(0));
    }
    Ok(Counts {
        by_status,
        oldest_queued_at: oldest_queued(connection)?,
    })
}

/// Counts what is not final, from the indexes alone: cheap enough for every minute.
///
/// # Errors
/// When the database fails.
pub fn open_counts(connection: &Connection) -> Result<Counts> {
    let open = [
        DeliveryStatus::Queued,
        DeliveryStatus::Claimed,
        DeliveryStatus::Committing,
        DeliveryStatus::Uncertain,
    ];
    let mut by_status: BTreeMap<DeliveryStatus, u64> = open.into_iter().map(|status| (status, 0)).collect();
    let mut statement = connection.prepare_cached(
        "SELECT 'queued', count(*) FROM deliveries WHERE status = 'queued'
         UNION ALL
         SELECT status, count(*) FROM deliveries
         WHERE status IN ('claimed', 'committing', 'uncertain') GROUP BY status",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(1)?;
        by_status.insert(status_of(&row.get::<_, String>(0)?)?, u64::try_from(n).unwrap_or(0));
    }
    Ok(Counts {
        by_status,
        oldest_queued_at: oldest_queued(connection)?,
    })
}

fn oldest_queued(connection: &Connection) -> Result<Option<Timestamp>> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT min(queued_at) FROM deliveries WHERE status = 'queued'")?
        .query_row([], |row| row.get(0))?;
    Ok(oldest.map(Timestamp::from_unix))
}

/// When the next waiting row is due.
///
/// # Errors
/// When the database fails.
pub fn next_due(connection: &Connection) -> Result<Option<Timestamp>> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT min(at) FROM (
               SELECT min(next_attempt_at) AS at FROM deliveries WHERE status = 'queued' AND (kind = 'digest') = 0
               UNION ALL
               SELECT min(next_attempt_at) FROM deliveries WHERE status = 'queued' AND (kind = 'digest') = 1)",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_unix))
}

/// Most times that [`accepted_lately`] gives.
const LATELY_MAX: u32 = 100_000;

/// When the newest `n` accepted messages were accepted, oldest first; at most some hundred thousand.
///
/// # Errors
/// When the database fails.
pub fn accepted_lately(connection: &Connection, n: u32) -> Result<Vec<Timestamp>> {
    let mut statement =
        connection.prepare_cached("SELECT at FROM attempts WHERE outcome = 'accepted' ORDER BY id DESC LIMIT ?1")?;
    let rows = statement.query_map([n.min(LATELY_MAX)], |row| row.get(0).map(Timestamp::from_unix))?;
    let mut times: Vec<Timestamp> = rows.collect::<rusqlite::Result<_>>()?;
    times.sort_unstable();
    Ok(times)
}

/// Which rows to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Everything that is not final.
    Open,
    /// One status.
    Status(DeliveryStatus),
}

/// A row as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Row id.
    pub id: DeliveryId,
    /// What it is.
    pub kind: DeliveryKind,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Recipient; masked before it is shown.
    pub address: String,
    /// `[[digest]].key` and slot, empty for everything but a digest.
    pub edition: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next_attempt_at: Timestamp,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// What the server said last.
    pub last_reply: String,
    /// Message-ID, for the relay's log.
    pub message_id: String,
}

/// Lists rows, the oldest first.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection, filter: Filter, limit: usize) -> Result<Vec<OutboxRow>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let wanted: Vec<DeliveryStatus> = match filter {
        Filter::Open => vec![
            DeliveryStatus::Queued,
            DeliveryStatus::Claimed,
            DeliveryStatus::Committing,
            DeliveryStatus::Uncertain,
        ],
        Filter::Status(status) => vec![status],
    };
    let mut found = Vec::new();
    for status in wanted {
        let mut statement = connection.prepare_cached(
            "SELECT d.id, d.kind, d.attempts, d.next_attempt_at, d.queued_at, d.last_reply, d.message_id,
                    coalesce(nullif(d.recipient, ''), p.address, ''), coalesce(e.digest_key || ' ' || e.slot, '')
             FROM deliveries d
             LEFT JOIN audiences a ON a.id = d.audience_id
             LEFT JOIN editions e ON e.id = a.edition_id
             LEFT JOIN subscriptions s ON s.id = d.subscription_id
             LEFT JOIN subscribers p ON p.id = s.subscriber_id
             WHERE d.status = ?1
             ORDER BY d.id
             LIMIT ?2",
        )?;
        let rows = statement.query_map(params![status.word(), limit], |row| {
            Ok(OutboxRow {
                id: DeliveryId::new(row.get(0)?),
                kind: kind_of(&row.get::<_, String>(1)?),
                status,
                address: row.get(7)?,
                edition: row.get(8)?,
                attempts: row.get(2)?,
                next_attempt_at: Timestamp::from_unix(row.get(3)?),
                queued_at: Timestamp::from_unix(row.get(4)?),
                last_reply: row.get(5)?,
                message_id: row.get(6)?,
            })
        })?;
        found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    found.sort_by_key(|row| row.id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// What a person says of a message in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It was taken.
    Sent,
    /// Send it again, under the same Message-ID.
    Resend,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// Done.
    Done,
    /// No such row.
    Unknown,
    /// The row is not in doubt; it stands so.
    NotUncertain(DeliveryStatus),
}

/// Settles a message in doubt.
///
/// # Errors
/// When the database fails.
pub fn resolve(tx: &Transaction<'_>, id: DeliveryId, resolution: Resolution, now: Timestamp) -> Result<Resolved> {
    let status: Option<String> = tx
        .prepare_cached("SELECT status FROM deliveries WHERE id = ?1")?
        .query_row([id.get()], |row| row.get(0))
        .optional()?;
    let Some(status) = status else {
        return Ok(Resolved::Unknown);
    };
    let status = status_of(&status)?;
    if status != DeliveryStatus::Uncertain {
        return Ok(Resolved::NotUncertain(status));
    }
    match resolution {
        Resolution::Sent => finish(tx, id, DeliveryStatus::Sent, now)?,
        Resolution::Resend => {
            tx.prepare_cached("UPDATE deliveries SET status = 'queued', next_attempt_at = ?2 WHERE id = ?1")?
                .execute((id.get(), now.unix()))?;
        }
    }
    Ok(Resolved::Done)
}

/// Deletes rows that were final before a time, at most `limit`, with their attempts. Returns how many.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &Transaction<'_>, final_before: Timestamp, limit: usize) -> Result<usize> {
    let n = tx
        .prepare_cached(
            "DELETE FROM deliveries WHERE id IN (
               SELECT id FROM deliveries WHERE final_at > 0 AND final_at < ?1 ORDER BY final_at LIMIT ?2)",
        )?
        .execute((final_before.unix(), i64::try_from(limit).unwrap_or(i64::MAX)))?;
    Ok(n)
}
