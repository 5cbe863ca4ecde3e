//! The outbox: one row a message to one person, and the states it goes through.
//!
//! ```text
//! queued -> claimed -> committing -> sent | failed | uncertain
//!    ^________|____________|   (tried again)
//! queued -> superseded | cancelled
//! ```
//!
//! A row is `committing`, durably, before the final dot of its message can be on the wire. So what is `claimed` after a
//! crash was certainly not taken, and what is `committing` may have been. Final rows (`sent`, `failed`, `superseded`,
//! `cancelled`) are never sent again. Each claim carries the epoch of its process; a record of an older epoch changes
//! nothing.

mod claim;
mod content;
mod start;
mod view;

pub use claim::{Claimed, Wanted, claim};
pub use content::{audience, edition};
pub use start::{
    Recovery, Restored, begin_epoch, heartbeat, last_heartbeat, pull_in, settle_restored, supersede_editions,
};
pub use view::{
    Counts, Filter, OutboxRow, Resolution, Resolved, accepted_lately, counts, list, next_due, open_counts, purge,
    resolve,
};

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::{Transaction, params};

use super::bounces::{self, Bounced, NewBounce};
use super::{Result, StoreError, subscribers};
use crate::model::{
    Attempt, AudienceId, DeliveryId, DeliveryKind, DeliveryStatus, EndReason, SendOutcome, SubscriptionId, Verdict,
};
use crate::time::Timestamp;

/// Longest reply kept of an attempt, in characters.
const REPLY_CHARS_MAX: usize = 500;

/// A message to be sent. Written in the transaction that decided to send it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// Unique for what is decided: the same decision taken twice is one delivery.
    pub dedupe_key: String,
    /// What it is.
    pub kind: DeliveryKind,
    /// The audience of an edition; `None` for everything but a digest.
    pub audience: Option<AudienceId>,
    /// The subscription whose subscriber it goes to.
    pub subscription: Option<SubscriptionId>,
    /// Recipient where there is no subscription, else empty.
    pub recipient: String,
    /// Without angle brackets, from [`crate::mail::message::message_id`].
    pub message_id: String,
    /// RFC 5322 bytes; empty for a digest, which is rendered when it is sent.
    pub message: Vec<u8>,
    /// When it may go; also the `Date` of a digest.
    pub queued_at: Timestamp,
}

/// Queues a message. `None` when its dedupe key is known: the message is on its way, or was.
///
/// # Errors
/// When the database fails.
pub fn enqueue(tx: &Transaction<'_>, new: &NewDelivery) -> Result<Option<DeliveryId>> {
    let n = tx
        .prepare_cached(
            "INSERT INTO deliveries (dedupe_key, kind, audience_id, subscription_id, recipient, message_id, message,
                                     next_attempt_at, queued_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
             ON CONFLICT (dedupe_key) DO NOTHING",
        )?
        .execute(params![
            new.dedupe_key,
            new.kind.word(),
            new.audience.map(AudienceId::get),
            new.subscription.map(SubscriptionId::get),
            new.recipient,
            new.message_id,
            new.message,
            new.queued_at.unix(),
        ])?;
    Ok((n == 1).then(|| DeliveryId::new(tx.last_insert_rowid())))
}

/// Marks rows whose message is about to go on the wire. Returns those that may: claimed by this epoch, and the reader
/// of a digest has not left meanwhile. The commit of this transaction must be durable before the first byte is sent.
///
/// # Errors
/// When the database fails.
pub fn mark_committing(tx: &Transaction<'_>, epoch: i64, ids: &[DeliveryId]) -> Result<BTreeSet<DeliveryId>> {
    let mut statement = tx.prepare_cached(
        "UPDATE deliveries SET status = 'committing'
         WHERE id = ?1 AND status = 'claimed' AND epoch = ?2
           AND (kind <> 'digest' OR (SELECT s.status FROM subscriptions s
                                     WHERE s.id = deliveries.subscription_id) = 'active')",
    )?;
    let mut marked = BTreeSet::new();
    for id in ids {
        if statement.execute((id.get(), epoch))? == 1 {
            marked.insert(*id);
        }
    }
    Ok(marked)
}

/// Gives claimed rows back, untried, to be taken again at their time.
///
/// # Errors
/// When the database fails.
pub fn release(tx: &Transaction<'_>, epoch: i64, rows: &[(DeliveryId, Timestamp)]) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE deliveries SET status = 'queued', next_attempt_at = ?3
         WHERE id = ?1 AND status = 'claimed' AND epoch = ?2",
    )?;
    for (id, at) in rows {
        statement.execute((id.get(), epoch, at.unix()))?;
    }
    Ok(())
}

/// Records what attempts came to; those that end together are committed together. A recipient that does not exist is
/// suppressed, which ends all subscriptions of that person.
///
/// # Errors
/// When the database fails.
pub fn record_attempts(
    tx: &Transaction<'_>,
    epoch: i64,
    attempts: &[Attempt],
    hash: &dyn Fn(&str) -> [u8; 32],
) -> Result<()> {
    for attempt in attempts {
        let seen = outcome_parts(&attempt.outcome);
        let next = match &attempt.verdict {
            Verdict::RetryAt(at) => *at,
            // Behind the others: it is another one that tries the relay when the pause is over.
            Verdict::PauseUntil(at) => at.plus(Duration::from_secs(1)),
            _ => attempt.at,
        };
        let status = match &attempt.verdict {
            Verdict::Sent => DeliveryStatus::Sent,
            Verdict::RetryAt(_) | Verdict::PauseUntil(_) => DeliveryStatus::Queued,
            Verdict::GiveUp | Verdict::Suppress => DeliveryStatus::Failed,
            Verdict::Uncertain => DeliveryStatus::Uncertain,
        };
        // A pause is our fault: it must not use up the message's own attempts.
        let counted = i64::from(!matches!(attempt.verdict, Verdict::PauseUntil(_)));
        let ends = matches!(status, DeliveryStatus::Sent | DeliveryStatus::Failed);
        let n = tx
            .prepare_cached(
                "UPDATE deliveries
                 SET status = ?3, attempts = attempts + ?4, next_attempt_at = ?5, last_reply = ?6,
                     final_at = CASE WHEN ?7 THEN ?8 ELSE final_at END,
                     message = CASE WHEN ?7 THEN x'' ELSE message END
                 WHERE id = ?1 AND epoch = ?2 AND status IN ('claimed', 'committing')",
            )?
            .execute(params![
                attempt.delivery.get(),
                epoch,
                status.word(),
                counted,
                next.unix(),
                seen.summary(),
                ends,
                attempt.at.unix(),
            ])?;
        if n == 0 {
            continue;
        }
        record_attempt_row(tx, attempt.delivery, attempt.at, &seen)?;
        if attempt.verdict == Verdict::Suppress {
            suppress(tx, attempt.delivery, attempt.at, &seen, hash)?;
        }
    }
    Ok(())
}

fn record_attempt_row(tx: &Transaction<'_>, id: DeliveryId, at: Timestamp, seen: &Seen) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO attempts (delivery_id, at, outcome, phase, code, enhanced, reply)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        id.get(),
        at.unix(),
        seen.outcome,
        seen.phase,
        seen.code,
        seen.enhanced,
        seen.reply
    ])?;
    Ok(())
}

/// Makes a row final; a reply's bytes are kept only until then.
fn finish(tx: &Transaction<'_>, id: DeliveryId, status: DeliveryStatus, at: Timestamp) -> Result<()> {
    tx.prepare_cached("UPDATE deliveries SET status = ?2, final_at = ?3, message = x'' WHERE id = ?1")?
        .execute((id.get(), status.word(), at.unix()))?;
    Ok(())
}

/// A recipient who does not exist, said by the server itself: kept and ended as a report of it would be.
fn suppress(
    tx: &Transaction<'_>,
    id: DeliveryId,
    at: Timestamp,
    seen: &Seen,
    hash: &dyn Fn(&str) -> [u8; 32],
) -> Result<()> {
    let Some(Bounced { address, subscriber }) = bounces::of_delivery(tx, id)? else {
        return Ok(());
    };
    let bounce = NewBounce {
        address_hash: &hash(&address),
        subscriber,
        kind: "hard",
        status: &seen.enhanced,
        words: &seen.reply,
        at,
    };
    bounces::add(tx, &bounce)?;
    subscribers::suppress(tx, bounce.address_hash, "hard_bounce", at)?;
    if let Some(person) = subscriber {
        bounces::end_all(tx, person, EndReason::Bounced, bounce.kind, at)?;
    }
    Ok(())
}

/// An outcome as its columns.
struct Seen {
    outcome: &'static str,
    phase: &'static str,
    code: u16,
    enhanced: String,
    reply: String,
}

impl Seen {
    fn summary(&self) -> String {
        let mut words = Vec::new();
        if self.code > 0 {
            words.push(self.code.to_string());
        }
        words.push(self.reply.clone());
        words.join(" ")
    }
}

fn outcome_parts(outcome: &SendOutcome) -> Seen {
    let cap = |text: &str| text.chars().take(REPLY_CHARS_MAX).collect::<String>();
    let mut seen = Seen {
        outcome: "accepted",
        phase: "",
        code: 0,
        enhanced: String::new(),
        reply: String::new(),
    };
    match outcome {
        SendOutcome::Accepted { reply } => seen.reply = cap(reply),
        SendOutcome::Refused {
            phase,
            code,
            enhanced,
            reply,
        } => {
            seen.outcome = "refused";
            seen.phase = phase.word();
            seen.code = *code;
            seen.enhanced.clone_from(enhanced);
            seen.reply = cap(reply);
        }
        SendOutcome::NotSent { phase, error } => {
            seen.outcome = "not_sent";
            seen.phase = phase.word();
            seen.reply = cap(error);
        }
        SendOutcome::Unknown { error } => {
            seen.outcome = "unknown";
            seen.reply = cap(error);
        }
    }
    seen
}

fn kind_of(word: &str) -> DeliveryKind {
    DeliveryKind::ALL
        .into_iter()
        .find(|kind| kind.word() == word)
        .unwrap_or(DeliveryKind::Admin)
}

fn status_of(word: &str) -> Result<DeliveryStatus> {
    DeliveryStatus::ALL
        .into_iter()
        .find(|status| status.word() == word)
        .ok_or_else(|| StoreError::Other(format!("unknown delivery status `{word}`")))
}

#[cfg(test)]
mod tests;
