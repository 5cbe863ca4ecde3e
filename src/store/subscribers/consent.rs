//! Proof of consent: one row for each step, each hashed together with the one before it of the same subscription.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::Result;
use crate::model::SubscriptionId;
use crate::time::Timestamp;

/// A step of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asked for.
    Asked,
    /// Confirmed.
    Confirmed,
    /// Choices changed.
    Changed,
    /// Ended.
    Ended,
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Confirmed => "confirmed",
            Self::Changed => "changed",
            Self::Ended => "ended",
        }
    }
}

/// A step as it was written down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Consent {
    /// `asked`, `confirmed`, `changed`, `ended`.
    pub step: String,
    /// `mail`, `web`, `one_click`, `admin`.
    pub way: String,
    /// Message-ID or shortened network address.
    pub evidence: String,
    /// When.
    pub at: Timestamp,
    /// The hash over this row and the one before, in hexadecimal.
    pub chain: String,
}

/// Writes a step down.
///
/// # Errors
/// When the database fails.
pub fn add_consent(
    tx: &Transaction<'_>,
    id: SubscriptionId,
    step: Step,
    way: &str,
    evidence: &str,
    at: Timestamp,
) -> Result<()> {
    let previous: Option<Vec<u8>> = tx
        .prepare_cached("SELECT chain FROM consents WHERE subscription_id = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([id.get()], |row| row.get(0))
        .optional()?;
    let chain = link(&previous.unwrap_or_default(), id, step.word(), way, evidence, at);
    tx.prepare_cached(
        "INSERT INTO consents (subscription_id, step, way, evidence, at, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![id.get(), step.word(), way, evidence, at.unix(), chain])?;
    Ok(())
}

/// The steps of a subscription, oldest first.
///
/// # Errors
/// When the database fails.
pub fn consents(connection: &Connection, id: SubscriptionId) -> Result<Vec<Consent>> {
    let mut statement = connection
        .prepare_cached("SELECT step, way, evidence, at, chain FROM consents WHERE subscription_id = ?1 ORDER BY id")?;
    let rows = statement.query_map([id.get()], |row| {
        let chain: Vec<u8> = row.get(4)?;
        Ok(Consent {
            step: row.get(0)?,
            way: row.get(1)?,
            evidence: row.get(2)?,
            at: Timestamp::from_unix(row.get(3)?),
            chain: data_encoding::HEXLOWER.encode(&chain),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// By which way a subscription ended last, if that is the last word on it: what was asked since and not confirmed is none.
///
/// # Errors
/// When the database fails.
pub fn ended_by(connection: &Connection, id: SubscriptionId) -> Result<Option<String>> {
    let last: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT step, way FROM consents
             WHERE subscription_id = ?1 AND step IN ('confirmed', 'ended') ORDER BY id DESC LIMIT 1",
        )?
        .query_row([id.get()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(last.filter(|(step, _)| step == "ended").map(|(_, way)| way))
}

/// The consent of one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The subscription, part of its chain.
    pub subscription: SubscriptionId,
    /// The address.
    pub address: String,
    /// `[[digest]].key`.
    pub digest: String,
    /// Its steps, oldest first.
    pub steps: Vec<Consent>,
}

/// The consents of all subscriptions.
///
/// # Errors
/// When the database fails.
pub fn proofs(connection: &Connection) -> Result<Vec<Proof>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.id, p.address, s.digest_key FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id
         ORDER BY p.address_key, s.digest_key",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((SubscriptionId::new(row.get(0)?), row.get(1)?, row.get(2)?))
    })?;
    let mut proofs = Vec::new();
    for row in rows {
        let (subscription, address, digest) = row?;
        proofs.push(Proof {
            subscription,
            address,
            digest,
            steps: consents(connection, subscription)?,
        });
    }
    Ok(proofs)
}

/// Whether no step of a subscription was changed, left out or put in afterwards.
#[must_use]
pub fn chain_holds(id: SubscriptionId, steps: &[Consent]) -> bool {
    let mut previous = Vec::new();
    steps.iter().all(|step| {
        previous = link(&previous, id, &step.step, &step.way, &step.evidence, step.at).to_vec();
        data_encoding::HEXLOWER.encode(&previous) == step.chain
    })
}

fn link(previous: &[u8], id: SubscriptionId, step: &str, way: &str, evidence: &str, at: Timestamp) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    for part in [
        id.to_string().as_str(),
        step,
        way,
        evidence,
        at.unix().to_string().as_str(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
