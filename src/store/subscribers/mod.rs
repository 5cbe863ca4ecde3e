//! People and their subscriptions. Every step of a consent is written down beside it (`consent`).

mod configured;
mod consent;
mod people;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Result, StoreError};
use crate::model::{
    Choices, EndReason, KnownName, NameKind, Subscriber, SubscriberId, Subscription, SubscriptionId, SubscriptionStatus,
};
use crate::time::Timestamp;

pub use configured::configured;
pub use consent::{Consent, Proof, Step, add_consent, chain_holds, consents, ended_by, proofs};
pub use people::{Export, ExportedSubscription, Listed, erase, export, list, purge_pending};

/// A request to be written down as pending.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPending<'a> {
    /// The person.
    pub subscriber: SubscriberId,
    /// `[[digest]].key`.
    pub digest: &'a str,
    /// `mail`, `web`, `admin` or `config`.
    pub source: &'a str,
    /// What was chosen with the request.
    pub choices: &'a Choices,
    /// The reader's schedule; empty for the digest's own.
    pub schedule: &'a str,
    /// SHA-256 of the confirm token.
    pub token_hash: [u8; 32],
    /// When the token expires.
    pub expires_at: Timestamp,
    /// Now.
    pub asked_at: Timestamp,
}

/// The person with this folded address.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, address_key: &str) -> Result<Option<Subscriber>> {
    let found = connection
        .prepare_cached("SELECT id, address, address_key, created_at FROM subscribers WHERE address_key = ?1")?
        .query_row([address_key], subscriber)
        .optional()?;
    Ok(found)
}

/// A person.
///
/// # Errors
/// When the database fails.
pub fn get(connection: &Connection, id: SubscriberId) -> Result<Option<Subscriber>> {
    let found = connection
        .prepare_cached("SELECT id, address, address_key, created_at FROM subscribers WHERE id = ?1")?
        .query_row([id.get()], subscriber)
        .optional()?;
    Ok(found)
}

/// The row of an address, made where there is none.
///
/// # Errors
/// When the database fails.
pub fn ensure(tx: &Transaction<'_>, address: &str, address_key: &str, now: Timestamp) -> Result<Subscriber> {
    tx.prepare_cached(
        "INSERT INTO subscribers (address, address_key, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (address_key) DO NOTHING",
    )?
    .execute(params![address, address_key, now.unix()])?;
    find(tx, address_key)?.ok_or_else(|| StoreError::Other("a subscriber just written is gone".to_owned()))
}

/// All subscriptions of a person, by digest.
///
/// # Errors
/// When the database fails.
pub fn subscriptions(connection: &Connection, subscriber: SubscriberId) -> Result<Vec<Subscription>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, subscriber_id, digest_key, status, choices, asked_at, confirmed_at
         FROM subscriptions WHERE subscriber_id = ?1 ORDER BY digest_key",
    )?;
    let rows = statement.query_map([subscriber.get()], subscription)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One subscription.
///
/// # Errors
/// When the database fails.
pub fn subscription_by_id(connection: &Connection, id: SubscriptionId) -> Result<Option<Subscription>> {
    let found = connection
        .prepare_cached(
            "SELECT id, subscriber_id, digest_key, status, choices, asked_at, confirmed_at
             FROM subscriptions WHERE id = ?1",
        )?
        .query_row([id.get()], subscription)
        .optional()?;
    Ok(found)
}

/// The pending subscription that a confirm token belongs to, if the token has not expired.
///
/// # Errors
/// When the database fails.
pub fn by_confirm_hash(connection: &Connection, hash: &[u8; 32], now: Timestamp) -> Result<Option<Subscription>> {
    let found = connection
        .prepare_cached(
            "SELECT id, subscriber_id, digest_key, status, choices, asked_at, confirmed_at
             FROM subscriptions WHERE token_hash = ?1 AND token_expires_at > ?2 AND status = 'pending'",
        )?
        .query_row(params![hash, now.unix()], subscription)
        .optional()?;
    Ok(found)
}

/// Writes a request down. An active subscription is left as it is.
///
/// # Errors
/// When the database fails.
pub fn put_pending(tx: &Transaction<'_>, new: &NewPending<'_>) -> Result<SubscriptionId> {
    tx.prepare_cached(
        "INSERT INTO subscriptions (subscriber_id, digest_key, status, source, choices, schedule, token_hash,
                                    token_expires_at, asked_at)
         VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (subscriber_id, digest_key) DO UPDATE SET
           status = 'pending', source = excluded.source, choices = excluded.choices, schedule = excluded.schedule,
           token_hash = excluded.token_hash, token_expires_at = excluded.token_expires_at,
           asked_at = excluded.asked_at, end_reason = ''
         WHERE status <> 'active'",
    )?
    .execute(params![
        new.subscriber.get(),
        new.digest,
        new.source,
        choices_text(new.choices)?,
        new.schedule,
        new.token_hash,
        new.expires_at.unix(),
        new.asked_at.unix(),
    ])?;
    let id = tx
        .prepare_cached("SELECT id FROM subscriptions WHERE subscriber_id = ?1 AND digest_key = ?2")?
        .query_row(params![new.subscriber.get(), new.digest], |row| row.get(0))?;
    Ok(SubscriptionId::new(id))
}

/// Makes a pending subscription active; its token is used up.
///
/// # Errors
/// When the database fails.
pub fn activate(tx: &Transaction<'_>, id: SubscriptionId, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE subscriptions SET status = 'active', token_hash = x'', token_expires_at = 0, confirmed_at = ?2,
                ended_at = 0, end_reason = ''
         WHERE id = ?1 AND status = 'pending'",
    )?
    .execute(params![id.get(), now.unix()])?;
    Ok(())
}

/// Ends a subscription. One that is over stays as it is.
///
/// # Errors
/// When the database fails.
pub fn end(tx: &Transaction<'_>, id: SubscriptionId, reason: EndReason, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE subscriptions SET status = 'ended', token_hash = x'', token_expires_at = 0, ended_at = ?2, end_reason = ?3
         WHERE id = ?1 AND status <> 'ended'",
    )?
    .execute(params![id.get(), now.unix(), end_word(reason)])?;
    Ok(())
}

/// Keeps new choices, with the schedule they come to, and since when it holds.
///
/// # Errors
/// When the database fails.
pub fn set_choices(
    tx: &Transaction<'_>,
    id: SubscriptionId,
    choices: &Choices,
    schedule: &str,
    now: Timestamp,
) -> Result<()> {
    tx.prepare_cached(
        "UPDATE subscriptions SET choices = ?2, schedule = ?3,
                schedule_since = CASE WHEN schedule = ?3 THEN schedule_since ELSE ?4 END
         WHERE id = ?1",
    )?
    .execute(params![id.get(), choices_text(choices)?, schedule, now.unix()])?;
    Ok(())
}

/// Why an address must not be mailed, if it must not.
///
/// # Errors
/// When the database fails.
pub fn suppression(connection: &Connection, address_hash: &[u8; 32]) -> Result<Option<String>> {
    let found = connection
        .prepare_cached("SELECT reason FROM suppressions WHERE address_hash = ?1")?
        .query_row([address_hash], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Keeps an address from being mailed: `hard_bounce`, `complaint`, `admin` or `erased`.
///
/// # Errors
/// When the database fails.
pub fn suppress(tx: &Transaction<'_>, address_hash: &[u8; 32], reason: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO suppressions (address_hash, reason, at) VALUES (?1, ?2, ?3) ON CONFLICT (address_hash) DO NOTHING",
    )?
    .execute(params![address_hash, reason, now.unix()])?;
    Ok(())
}

/// Lets an address be mailed again.
///
/// # Errors
/// When the database fails.
pub fn unsuppress(tx: &Transaction<'_>, address_hash: &[u8; 32]) -> Result<()> {
    tx.prepare_cached("DELETE FROM suppressions WHERE address_hash = ?1")?
        .execute([address_hash])?;
    Ok(())
}

/// The names readers may use, as the stage that tags has left them: themes, then companies, the well-known first.
///
/// # Errors
/// When the database fails.
pub fn known_names(connection: &Connection) -> Result<Vec<KnownName>> {
    let mut known = Vec::new();
    let mut themes = connection.prepare_cached("SELECT slug, name FROM themes ORDER BY name, slug")?;
    let rows = themes.query_map([], |row| {
        Ok(KnownName {
            kind: NameKind::Theme,
            slug: row.get(0)?,
            name: row.get(1)?,
            others: Vec::new(),
        })
    })?;
    for row in rows {
        known.push(row?);
    }
    let mut companies = connection.prepare_cached("SELECT slug, name, others FROM companies ORDER BY place")?;
    let rows = companies.query_map([], |row| {
        let others: String = row.get(2)?;
        Ok(KnownName {
            kind: NameKind::Company,
            slug: row.get(0)?,
            name: row.get(1)?,
            others: serde_json::from_str(&others).unwrap_or_default(),
        })
    })?;
    for row in rows {
        known.push(row?);
    }
    Ok(known)
}

fn subscriber(row: &Row<'_>) -> rusqlite::Result<Subscriber> {
    Ok(Subscriber {
        id: SubscriberId::new(row.get(0)?),
        address: row.get(1)?,
        address_key: row.get(2)?,
        created_at: Timestamp::from_unix(row.get(3)?),
    })
}

fn subscription(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    let status: String = row.get(3)?;
    let choices: String = row.get(4)?;
    Ok(Subscription {
        id: SubscriptionId::new(row.get(0)?),
        subscriber: SubscriberId::new(row.get(1)?),
        digest: row.get(2)?,
        status: match status.as_str() {
            "pending" => SubscriptionStatus::Pending,
            "active" => SubscriptionStatus::Active,
            _ => SubscriptionStatus::Ended,
        },
        // Choices of a newer or older version that cannot be read fall back to "everything".
        choices: serde_json::from_str(&choices).unwrap_or_default(),
        asked_at: Timestamp::from_unix(row.get(5)?),
        confirmed_at: Some(row.get(6)?).filter(|at| *at > 0).map(Timestamp::from_unix),
    })
}

fn choices_text(choices: &Choices) -> Result<String> {
    serde_json::to_string(choices).map_err(|e| StoreError::Other(e.to_string()))
}

const fn end_word(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Asked => "asked",
        EndReason::OneClick => "one_click",
        EndReason::Bounced => "bounced",
        EndReason::Complained => "complained",
        EndReason::Admin => "admin",
        EndReason::Expired => "expired",
    }
}

#[cfg(test)]
mod tests;
