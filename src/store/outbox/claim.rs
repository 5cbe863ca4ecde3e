//! What is due, taken by one process.

use rusqlite::{Connection, Transaction, params};

use super::super::Result;
use super::{finish, kind_of};
use crate::model::{AudienceId, Delivery, DeliveryId, DeliveryKind, DeliveryStatus, EditionId, SubscriptionId};
use crate::time::Timestamp;

/// What a claim came to.
#[derive(Debug, Default, PartialEq)]
pub struct Claimed {
    /// To be sent now, answers to people before editions, then by the time they were due.
    pub deliveries: Vec<Delivery>,
    /// How many were withdrawn instead: their reader left or is suppressed.
    pub n_cancelled: usize,
}

/// What a claim is to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever is due.
    All,
    /// Only what the operator is to know.
    OperatorsOnly,
}

/// Takes what is due, at most `limit`, for the process of this epoch. What has lost its reader is cancelled on the way.
/// `hash` makes of an address what `suppressions` holds.
///
/// # Errors
/// When the database fails.
pub fn claim(
    tx: &Transaction<'_>,
    now: Timestamp,
    epoch: i64,
    wanted: Wanted,
    limit: usize,
    hash: &dyn Fn(&str) -> [u8; 32],
) -> Result<Claimed> {
    let mut claimed = Claimed::default();
    // Somebody waits for an answer; an edition waits for nobody.
    for digest in [false, true] {
        let room = limit.saturating_sub(claimed.deliveries.len());
        for (delivery, subscribed) in due(tx, now, wanted, digest, room)? {
            if !subscribed || is_suppressed(tx, delivery.kind, &hash(&delivery.address))? {
                finish(tx, delivery.id, DeliveryStatus::Cancelled, now)?;
                claimed.n_cancelled += 1;
                continue;
            }
            tx.prepare_cached("UPDATE deliveries SET status = 'claimed', epoch = ?2 WHERE id = ?1")?
                .execute((delivery.id.get(), epoch))?;
            claimed.deliveries.push(delivery);
        }
    }
    Ok(claimed)
}

/// Due rows with whether their subscription still wants them.
fn due(
    tx: &Transaction<'_>,
    now: Timestamp,
    wanted: Wanted,
    digest: bool,
    limit: usize,
) -> Result<Vec<(Delivery, bool)>> {
    let mut statement = tx.prepare_cached(
        "SELECT d.id, d.kind, d.audience_id, a.edition_id, d.subscription_id, d.recipient, d.message_id, d.message,
                d.attempts, d.queued_at, s.status, s.confirmed_at, p.address
         FROM deliveries d
         LEFT JOIN audiences a ON a.id = d.audience_id
         LEFT JOIN subscriptions s ON s.id = d.subscription_id
         LEFT JOIN subscribers p ON p.id = s.subscriber_id
         WHERE d.status = 'queued' AND (d.kind = 'digest') = ?1 AND d.next_attempt_at <= ?2
           AND (?4 OR d.kind = 'admin')
         ORDER BY d.next_attempt_at, d.id
         LIMIT ?3",
    )?;
    let rows = statement.query_map(
        params![
            digest,
            now.unix(),
            i64::try_from(limit).unwrap_or(i64::MAX),
            wanted == Wanted::All
        ],
        |row| {
            let kind = kind_of(&row.get::<_, String>(1)?);
            let subscription: Option<i64> = row.get(4)?;
            let recipient: String = row.get(5)?;
            let attempts: u32 = row.get(8)?;
            let queued_at = Timestamp::from_unix(row.get(9)?);
            let status: Option<String> = row.get(10)?;
            let address: Option<String> = row.get(12)?;
            let subscribed = match kind {
                DeliveryKind::Digest => status.as_deref() == Some("active"),
                DeliveryKind::Confirm => status.as_deref().is_none_or(|s| s == "pending"),
                _ => true,
            };
            let delivery = Delivery {
                id: DeliveryId::new(row.get(0)?),
                kind,
                edition: row.get::<_, Option<i64>>(3)?.map(EditionId::new),
                audience: row.get::<_, Option<i64>>(2)?.map(AudienceId::new),
                subscription: subscription.map(SubscriptionId::new),
                confirmed_at: row
                    .get::<_, Option<i64>>(11)?
                    .filter(|at| *at > 0)
                    .map(Timestamp::from_unix),
                address: if recipient.is_empty() {
                    address.unwrap_or_default()
                } else {
                    recipient
                },
                message_id: row.get(6)?,
                dated_at: queued_at,
                message: row.get(7)?,
                attempt: attempts.saturating_add(1),
                queued_at,
            };
            Ok((delivery, subscribed))
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An address that bounced or was erased may be asked whether it wants to come back, since it asked for that itself.
pub(super) fn is_suppressed(connection: &Connection, kind: DeliveryKind, hash: &[u8; 32]) -> Result<bool> {
    let found = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM suppressions
                            WHERE address_hash = ?1 AND NOT (?2 AND reason IN ('hard_bounce', 'erased')))",
        )?
        .query_row(params![hash, kind == DeliveryKind::Confirm], |row| row.get(0))?;
    Ok(found)
}
