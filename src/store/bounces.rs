//! Reports about mails of ours that came back, and what they end.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Result;
use crate::model::{DeliveryId, EndReason, SubscriberId, SubscriptionId, SubscriptionStatus};
use crate::store::subscribers::{self, Step};
use crate::time::Timestamp;

/// Whom a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    /// The address, as it was mailed.
    pub address: String,
    /// The person, when there is one (a stranger was sent an answer at most).
    pub subscriber: Option<SubscriberId>,
}

/// One report, as the operator is shown it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BounceRow {
    /// When it came.
    pub at: Timestamp,
    /// The address; empty when the person was erased.
    pub address: String,
    /// `hard`, `soft`, `policy`, `complaint`.
    pub kind: String,
    /// RFC 3463 code, possibly empty.
    pub status: String,
    /// What the other server said.
    pub words: String,
    /// Whether all subscriptions of the person have ended for it.
    pub ended: bool,
}

/// A report to keep.
#[derive(Debug, Clone, Copy)]
pub struct NewBounce<'a> {
    /// The address's hash.
    pub address_hash: &'a [u8; 32],
    /// The person, when there is one.
    pub subscriber: Option<SubscriberId>,
    /// `hard`, `soft`, `policy`, `complaint`.
    pub kind: &'a str,
    /// RFC 3463 code, possibly empty.
    pub status: &'a str,
    /// What the other server said.
    pub words: &'a str,
    /// When it came.
    pub at: Timestamp,
}

/// Whom a delivery went to; `None` once it is gone.
///
/// # Errors
/// When the database fails.
pub fn of_delivery(connection: &Connection, id: DeliveryId) -> Result<Option<Bounced>> {
    let found = connection
        .prepare_cached(
            "SELECT coalesce(nullif(d.recipient, ''), p.address), p.id
             FROM deliveries d
             LEFT JOIN subscriptions s ON s.id = d.subscription_id
             LEFT JOIN subscribers p ON p.id = s.subscriber_id
             WHERE d.id = ?1",
        )?
        .query_row([id.get()], |row| {
            Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    Ok(found.and_then(|(address, person)| {
        Some(Bounced {
            address: address?,
            subscriber: person.map(SubscriberId::new),
        })
    }))
}

/// Whose a subscription is.
///
/// # Errors
/// When the database fails.
pub fn of_subscription(connection: &Connection, id: SubscriptionId) -> Result<Option<Bounced>> {
    let found = connection
        .prepare_cached(
            "SELECT p.address, p.id FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id WHERE s.id = ?1",
        )?
        .query_row([id.get()], |row| {
            Ok(Bounced {
                address: row.get(0)?,
                subscriber: Some(SubscriberId::new(row.get(1)?)),
            })
        })
        .optional()?;
    Ok(found)
}

/// Keeps a report.
///
/// # Errors
/// When the database fails.
pub fn add(tx: &Transaction<'_>, bounce: &NewBounce<'_>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO bounces (address_hash, subscriber_id, kind, status, words, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        bounce.address_hash,
        bounce.subscriber.map(SubscriberId::get),
        bounce.kind,
        bounce.status,
        bounce.words,
        bounce.at.unix()
    ])?;
    Ok(())
}

/// When soft reports about an address came, after an instant.
///
/// # Errors
/// When the database fails.
pub fn soft_since(connection: &Connection, address_hash: &[u8; 32], after: Timestamp) -> Result<Vec<Timestamp>> {
    let times = connection
        .prepare_cached("SELECT at FROM bounces WHERE address_hash = ?1 AND at > ?2 AND kind = 'soft' ORDER BY at")?
        .query_map(params![address_hash, after.unix()], |row| {
            row.get(0).map(Timestamp::from_unix)
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(times)
}

/// Ends all subscriptions of a person for a report of this kind, and writes that down in the proof of their consent.
///
/// # Errors
/// When the database fails.
pub fn end_all(
    tx: &Transaction<'_>,
    person: SubscriberId,
    reason: EndReason,
    kind: &str,
    now: Timestamp,
) -> Result<()> {
    for held in subscribers::subscriptions(tx, person)? {
        if held.status != SubscriptionStatus::Ended {
            subscribers::add_consent(tx, held.id, Step::Ended, "mail", kind, now)?;
            subscribers::end(tx, held.id, reason, now)?;
        }
    }
    Ok(())
}

/// Lets an address be mailed again and gives back what had ended because its mail came back. Returns the subscriptions
/// that go on; a complaint gives none back.
///
/// # Errors
/// When the database fails.
pub fn release(
    tx: &Transaction<'_>,
    address_hash: &[u8; 32],
    person: Option<SubscriberId>,
    now: Timestamp,
) -> Result<Vec<SubscriptionId>> {
    subscribers::unsuppress(tx, address_hash)?;
    tx.prepare_cached("DELETE FROM bounces WHERE address_hash = ?1")?
        .execute([address_hash])?;
    let Some(person) = person else {
        return Ok(Vec::new());
    };
    let ids = tx
        .prepare_cached(
            "UPDATE subscriptions SET status = 'active', ended_at = 0, end_reason = '', schedule_since = ?2
             WHERE subscriber_id = ?1 AND status = 'ended' AND end_reason = 'bounced' AND confirmed_at > 0
             RETURNING id",
        )?
        .query_map([person.get(), now.unix()], |row| row.get(0).map(SubscriptionId::new))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

/// Reports after an instant, the latest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection, after: Timestamp, limit: usize) -> Result<Vec<BounceRow>> {
    let rows = connection
        .prepare_cached(
            "SELECT b.at, coalesce(p.address, ''), b.kind, b.status, b.words,
                    NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.subscriber_id = p.id AND s.status <> 'ended')
             FROM bounces b LEFT JOIN subscribers p ON p.id = b.subscriber_id
             WHERE b.at > ?1 ORDER BY b.at DESC, b.id DESC LIMIT ?2",
        )?
        .query_map(params![after.unix(), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(BounceRow {
                at: Timestamp::from_unix(row.get(0)?),
                address: row.get(1)?,
                kind: row.get(2)?,
                status: row.get(3)?,
                words: row.get(4)?,
                ended: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Reports after an instant by kind, in the order of [`BounceRow::kind`]'s alphabet.
///
/// # Errors
/// When the database fails.
pub fn counts(connection: &Connection, after: Timestamp) -> Result<Vec<(String, i64)>> {
    let counts = connection
        .prepare_cached("SELECT kind, count(*) FROM bounces WHERE at > ?1 GROUP BY kind ORDER BY kind")?
        .query_map([after.unix()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(counts)
}

/// Deletes what is older than an instant.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &Transaction<'_>, before: Timestamp) -> Result<()> {
    tx.prepare_cached("DELETE FROM bounces WHERE at < ?1")?
        .execute([before.unix()])?;
    Ok(())
}
