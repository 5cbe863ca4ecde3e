//! What happens to the outbox when a process takes it over.

use rusqlite::{Connection, Transaction, params};

use super::super::Result;
use super::super::settings::{self, number, put_number};
use super::{Seen, record_attempt_row};
use crate::model::DeliveryId;
use crate::time::Timestamp;

/// So many numbers a lost database may have given after its last backup.
const NUMBERS_LOST_MAX: i64 = 1_000_000;

/// What a new process found of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// The number of this process: claims of another epoch are not ours.
    pub epoch: i64,
    /// Rows that were claimed and certainly not sent: queued again.
    pub n_requeued: usize,
    /// Rows in doubt that are sent again under their Message-ID.
    pub n_resent: usize,
    /// Rows in doubt that wait for a person.
    pub n_uncertain: usize,
}

/// Begins a new epoch and settles what the last one left: `claimed` was never past `DATA` and is queued again;
/// `committing` may have been taken. In doubt, answers to people are sent again, editions only with `resend_editions`.
///
/// # Errors
/// When the database fails.
pub fn begin_epoch(tx: &Transaction<'_>, now: Timestamp, resend_editions: bool) -> Result<Recovery> {
    let epoch = number(tx, "mail_epoch")?.unwrap_or(0).saturating_add(1);
    put_number(tx, "mail_epoch", epoch)?;
    let n_requeued = tx
        .prepare_cached("UPDATE deliveries SET status = 'queued' WHERE status = 'claimed'")?
        .execute([])?;
    let doubtful: Vec<i64> = tx
        .prepare_cached("SELECT id FROM deliveries WHERE status = 'committing'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let seen = Seen {
        outcome: "unknown",
        phase: "body",
        code: 0,
        enhanced: String::new(),
        reply: "the process ended before the reply came".to_owned(),
    };
    for id in &doubtful {
        record_attempt_row(tx, DeliveryId::new(*id), now, &seen)?;
    }
    let n_resent = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'queued', attempts = attempts + 1, next_attempt_at = ?1, last_reply = ?2
             WHERE status = 'committing' AND (kind <> 'digest' OR ?3)",
        )?
        .execute(params![now.unix(), seen.reply, resend_editions])?;
    let n_uncertain = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'uncertain', attempts = attempts + 1, last_reply = ?1
             WHERE status = 'committing'",
        )?
        .execute([seen.reply])?;
    Ok(Recovery {
        epoch,
        n_requeued,
        n_resent,
        n_uncertain,
    })
}

/// Notes that the mail loop is alive now.
///
/// # Errors
/// When the database fails.
pub fn heartbeat(tx: &Transaction<'_>, now: Timestamp) -> Result<()> {
    put_number(tx, "mail_heartbeat", now.unix())
}

/// Makes due what waits beyond `after`, which no wait reaches: the clock stood in the future when it was put off.
///
/// # Errors
/// When the database fails.
pub fn pull_in(tx: &Transaction<'_>, after: Timestamp, now: Timestamp) -> Result<()> {
    // One statement a kind, as the index has them.
    for digest in [false, true] {
        tx.prepare_cached(
            "UPDATE deliveries SET next_attempt_at = ?3
             WHERE status = 'queued' AND (kind = 'digest') = ?1 AND next_attempt_at > ?2",
        )?
        .execute(params![digest, after.unix(), now.unix()])?;
    }
    Ok(())
}

/// When the mail loop was last known to be alive.
///
/// # Errors
/// When the database fails.
pub fn last_heartbeat(connection: &Connection) -> Result<Option<Timestamp>> {
    Ok(number(connection, "mail_heartbeat")?.map(Timestamp::from_unix))
}

/// Withdraws the waiting deliveries of a digest's editions that were due before a time: they are from a restored backup
/// or a long outage, and may have reached their readers already.
///
/// # Errors
/// When the database fails.
pub fn supersede_editions(tx: &Transaction<'_>, digest: &str, due_before: Timestamp, now: Timestamp) -> Result<usize> {
    let n = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'superseded', final_at = ?3
             WHERE status = 'queued' AND audience_id IN (
               SELECT a.id FROM audiences a JOIN editions e ON e.id = a.edition_id
               WHERE e.digest_key = ?1 AND e.due_at < ?2)",
        )?
        .execute(params![digest, due_before.unix(), now.unix()])?;
    Ok(n)
}

/// What is done about the waiting mails of a restored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made.
    pub copied_at: Timestamp,
    /// Digests that waited in it; the database it was copied from has most likely sent them since.
    pub n_uncertain: usize,
}

/// Recognises a restored backup at its first start: its waiting digests become `uncertain`, since the database it was
/// copied from may have sent them, and editions that were being queued get no more readers. `None` for any other
/// database.
///
/// # Errors
/// When the database fails.
pub fn settle_restored(tx: &Transaction<'_>, now: Timestamp) -> Result<Option<Restored>> {
    let Some(copied_at) = number(tx, settings::COPIED_AT)? else {
        return Ok(None);
    };
    let n_uncertain = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'uncertain', last_reply = ?1
             WHERE kind = 'digest' AND status IN ('queued', 'claimed', 'committing')",
        )?
        .execute(["it waited in a backup that was restored; it may have been sent since"])?;
    tx.prepare_cached("UPDATE editions SET outcome = 'queued' WHERE outcome = 'queueing'")?
        .execute([])?;
    // The lost database gave numbers after the copy was made; links and return paths made of them are in people's mails,
    // and must lead to nobody else.
    tx.execute(
        "UPDATE sqlite_sequence SET seq = max(seq + ?1, ?2)
         WHERE name IN ('subscribers', 'subscriptions', 'deliveries', 'editions')",
        params![NUMBERS_LOST_MAX, now.unix()],
    )?;
    tx.execute(
        "INSERT INTO sqlite_sequence (name, seq)
         SELECT n.column1, ?1 FROM (VALUES ('subscribers'), ('subscriptions'), ('deliveries'), ('editions')) n
         WHERE n.column1 NOT IN (SELECT name FROM sqlite_sequence)",
        [now.unix()],
    )?;
    settings::remove(tx, settings::COPIED_AT)?;
    put_number(tx, settings::RESTORED_AT, now.unix())?;
    Ok(Some(Restored {
        copied_at: Timestamp::from_unix(copied_at),
        n_uncertain,
    }))
}
