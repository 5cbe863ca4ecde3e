//! Everything on a person at once: listed for the operator, exported to the person, erased for good.

use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::{Consent, Result, consents, get, subscriptions, suppress};
use crate::model::{Choices, Subscriber, SubscriberId, SubscriptionStatus};
use crate::time::Timestamp;

/// A subscription in a list for the operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The address, as the person wrote it.
    pub address: String,
    /// `[[digest]].key`.
    pub digest: String,
    /// Where it stands.
    pub status: String,
    /// The reader's schedule; empty for the digest's own.
    pub schedule: String,
    /// What the reader chose.
    pub choices: Choices,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was confirmed; 0 for never.
    pub confirmed_at: Timestamp,
}

/// All data held on one person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Export {
    /// The address.
    pub address: String,
    /// Since when we know it.
    pub created_at: String,
    /// Its subscriptions.
    pub subscriptions: Vec<ExportedSubscription>,
}

/// A subscription in an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedSubscription {
    /// `[[digest]].key`.
    pub digest: String,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// What was chosen.
    pub choices: Choices,
    /// When it was asked for.
    pub asked_at: String,
    /// When it was confirmed.
    pub confirmed_at: Option<String>,
    /// Every step of the consent.
    pub consent: Vec<Consent>,
    /// Mails sent or waiting: kind and when queued.
    pub mails: Vec<(String, String)>,
}

/// Subscriptions for the operator, by address and digest; all, or those of one digest or one status.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection, digest: Option<&str>, status: Option<&str>) -> Result<Vec<Listed>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.address, s.digest_key, s.status, s.schedule, s.choices, s.asked_at, s.confirmed_at
         FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id
         WHERE (?1 IS NULL OR s.digest_key = ?1) AND (?2 IS NULL OR s.status = ?2)
         ORDER BY p.address_key, s.digest_key",
    )?;
    let rows = statement.query_map(params![digest, status], |row| {
        let choices: String = row.get(4)?;
        Ok(Listed {
            address: row.get(0)?,
            digest: row.get(1)?,
            status: row.get(2)?,
            schedule: row.get(3)?,
            choices: serde_json::from_str(&choices).unwrap_or_default(),
            asked_at: Timestamp::from_unix(row.get(5)?),
            confirmed_at: Timestamp::from_unix(row.get(6)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All we hold on a person.
///
/// # Errors
/// When the database fails.
pub fn export(connection: &Connection, person: &Subscriber) -> Result<Export> {
    let mut exported = Vec::new();
    for subscription in subscriptions(connection, person.id)? {
        let mut statement = connection.prepare_cached(
            "SELECT kind, queued_at FROM deliveries WHERE subscription_id = ?1 ORDER BY queued_at, id",
        )?;
        let mails = statement.query_map([subscription.id.get()], |row| {
            Ok((row.get(0)?, Timestamp::from_unix(row.get(1)?).rfc3339()))
        })?;
        exported.push(ExportedSubscription {
            digest: subscription.digest.clone(),
            status: subscription.status,
            choices: subscription.choices.clone(),
            asked_at: subscription.asked_at.rfc3339(),
            confirmed_at: subscription.confirmed_at.map(Timestamp::rfc3339),
            consent: consents(connection, subscription.id)?,
            mails: mails.collect::<rusqlite::Result<_>>()?,
        });
    }
    Ok(Export {
        address: person.address.clone(),
        created_at: person.created_at.rfc3339(),
        subscriptions: exported,
    })
}

/// Deletes a person with everything that hangs on them. Only a hash stays, so that no import brings the address back.
/// Says whether there was one.
///
/// # Errors
/// When the database fails.
pub fn erase(tx: &Transaction<'_>, id: SubscriberId, address_hash: &[u8; 32], now: Timestamp) -> Result<bool> {
    let Some(person) = get(tx, id)? else {
        return Ok(false);
    };
    tx.prepare_cached("DELETE FROM deliveries WHERE recipient <> '' AND recipient IN (?1, ?2)")?
        .execute([&person.address, &person.address_key])?;
    tx.prepare_cached("DELETE FROM subscribers WHERE id = ?1")?
        .execute([id.get()])?;
    suppress(tx, address_hash, "erased", now)?;
    Ok(true)
}

/// Deletes requests that were never confirmed and asked for before an instant, and people nothing is left of. Returns
/// how many requests went.
///
/// # Errors
/// When the database fails.
pub fn purge_pending(tx: &Transaction<'_>, asked_before: Timestamp) -> Result<usize> {
    // Who left before is as he was: that he did must not be forgotten because somebody typed his address.
    tx.prepare_cached(
        "UPDATE subscriptions SET status = 'ended', token_hash = x'', token_expires_at = 0
         WHERE status = 'pending' AND asked_at < ?1 AND ended_at > 0",
    )?
    .execute([asked_before.unix()])?;
    let n = tx
        .prepare_cached("DELETE FROM subscriptions WHERE status = 'pending' AND asked_at < ?1")?
        .execute([asked_before.unix()])?;
    if n > 0 {
        tx.prepare_cached(
            "DELETE FROM subscribers WHERE created_at < ?1
               AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.subscriber_id = subscribers.id)",
        )?
        .execute([asked_before.unix()])?;
    }
    Ok(n)
}
