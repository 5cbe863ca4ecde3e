//! What a mail to the operator tells, in counts and slots; never an address.

use rusqlite::{Connection, params};

use super::Result;
use crate::time::Timestamp;

/// Editions of one notice at most.
const EDITIONS_MAX: i64 = 30;

/// An edition that came late, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateEdition {
    /// `[[digest]].key`.
    pub digest: String,
    /// Its slot.
    pub slot: String,
    /// Whether none was made.
    pub missed: bool,
    /// Seconds between its time and its making.
    pub late_secs: i64,
}

/// Mails by what became of them since some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mails {
    /// Sent.
    pub n_sent: i64,
    /// Given up.
    pub n_failed: i64,
    /// In doubt now, whenever they came to be.
    pub n_uncertain: i64,
    /// Of those in doubt, how many came to be since.
    pub n_newly_uncertain: i64,
}

/// Editions made more than `late_secs` after their time, or missed, among those recorded since `since`.
///
/// # Errors
/// When SQLite fails.
pub fn late_editions(conn: &Connection, since: Timestamp, late_secs: i64) -> Result<Vec<LateEdition>> {
    let mut statement = conn.prepare_cached(
        "SELECT digest_key, slot, outcome = 'missed', composed_at - due_at FROM editions
         WHERE composed_at >= ?1 AND (outcome = 'missed' OR (outcome <> 'empty' AND composed_at - due_at > ?2))
         ORDER BY due_at LIMIT ?3",
    )?;
    let rows = statement.query_map(params![since.unix(), late_secs, EDITIONS_MAX], |row| {
        Ok(LateEdition {
            digest: row.get(0)?,
            slot: row.get(1)?,
            missed: row.get(2)?,
            late_secs: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Editions due between two times that wait and of which no mail has left.
///
/// # Errors
/// When SQLite fails.
pub fn unsent_editions(conn: &Connection, after: Timestamp, before: Timestamp) -> Result<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.digest_key, e.slot FROM editions e
         WHERE e.due_at > ?1 AND e.due_at <= ?2 AND e.outcome IN ('queueing', 'queued')
           AND EXISTS (SELECT 1 FROM audiences a JOIN deliveries d ON d.audience_id = a.id
                       WHERE a.edition_id = e.id AND d.status IN ('queued', 'claimed', 'committing'))
           AND NOT EXISTS (SELECT 1 FROM audiences a JOIN deliveries d ON d.audience_id = a.id
                           WHERE a.edition_id = e.id AND d.status = 'sent')
         ORDER BY e.due_at LIMIT ?3",
    )?;
    let rows = statement.query_map(params![after.unix(), before.unix(), EDITIONS_MAX], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Counts mails.
///
/// # Errors
/// When SQLite fails.
pub fn mails(conn: &Connection, since: Timestamp) -> Result<Mails> {
    let ended = |status: &str| {
        conn.prepare_cached("SELECT count(*) FROM deliveries WHERE final_at >= ?1 AND final_at > 0 AND status = ?2")?
            .query_row(params![since.unix(), status], |row| row.get(0))
    };
    let (n_uncertain, n_newly_uncertain) = conn
        .prepare_cached(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM attempts t WHERE t.delivery_id = d.id AND t.at >= ?1)), 0)
             FROM deliveries d WHERE d.status = 'uncertain'",
        )?
        .query_row([since.unix()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Mails {
        n_sent: ended("sent")?,
        n_failed: ended("failed")?,
        n_uncertain,
        n_newly_uncertain,
    })
}
