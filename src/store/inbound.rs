//! Mails that came in (by fingerprint, never their text), and the budget of answers. Keys are hashes, not addresses.

use rusqlite::{Connection, Transaction, params};

use super::Result;
use crate::time::Timestamp;

/// Whether a mail was handled before.
///
/// # Errors
/// When the database fails.
pub fn seen(connection: &Connection, fingerprint: &[u8; 32]) -> Result<bool> {
    let seen = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM inbound WHERE fingerprint = ?1)")?
        .query_row([fingerprint], |row| row.get(0))?;
    Ok(seen)
}

/// Remembers a mail and what came of it.
///
/// # Errors
/// When the database fails.
pub fn remember(tx: &Transaction<'_>, fingerprint: &[u8; 32], outcome: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO inbound (fingerprint, received_at, outcome) VALUES (?1, ?2, ?3) ON CONFLICT (fingerprint) DO NOTHING",
    )?
    .execute(params![fingerprint, now.unix(), outcome])?;
    Ok(())
}

/// Mails counted under a key after an instant.
///
/// # Errors
/// When the database fails.
pub fn spent(connection: &Connection, key: &[u8], after: Timestamp) -> Result<u32> {
    let n = connection
        .prepare_cached("SELECT count(*) FROM reply_budget WHERE key = ?1 AND at > ?2")?
        .query_row(params![key, after.unix()], |row| row.get(0))?;
    Ok(n)
}

/// Counts one mail under a key.
///
/// # Errors
/// When the database fails.
pub fn spend(tx: &Transaction<'_>, key: &[u8], now: Timestamp) -> Result<()> {
    tx.prepare_cached("INSERT INTO reply_budget (key, at) VALUES (?1, ?2)")?
        .execute(params![key, now.unix()])?;
    Ok(())
}

/// Forgets what was counted under a key: the address has shown that it wants our mail.
///
/// # Errors
/// When the database fails.
pub fn forgive(tx: &Transaction<'_>, key: &[u8]) -> Result<()> {
    tx.prepare_cached("DELETE FROM reply_budget WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

/// Deletes what is older than an instant, and mails that were ignored before another one: of those there may be any
/// number, and to know one again changes nothing.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &Transaction<'_>, before: Timestamp, ignored_before: Timestamp) -> Result<()> {
    tx.prepare_cached("DELETE FROM inbound WHERE received_at < ?1")?
        .execute([before.unix()])?;
    tx.prepare_cached("DELETE FROM inbound WHERE received_at < ?1 AND outcome LIKE 'ignored:%'")?
        .execute([ignored_before.unix()])?;
    tx.prepare_cached("DELETE FROM reply_budget WHERE at < ?1")?
        .execute([before.unix()])?;
    Ok(())
}
