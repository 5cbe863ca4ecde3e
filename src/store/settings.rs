//! Small facts of this installation: the token key, the epoch of the running process, its heartbeat.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::Result;

const TOKEN_KEY: &str = "token_key";

/// The value kept under a key.
///
/// # Errors
/// When the database fails.
pub fn get(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
    let value = connection
        .prepare_cached("SELECT value FROM settings WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(value)
}

/// Keeps a value under a key, in place of an older one.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &Transaction<'_>, key: &str, value: &[u8]) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO settings (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute((key, value))?;
    Ok(())
}

/// The installation's token key, if one was made.
///
/// # Errors
/// When the database fails.
pub fn kept_token_key(connection: &Connection) -> Result<Option<[u8; 32]>> {
    Ok(get(connection, TOKEN_KEY)?.and_then(|kept| kept.try_into().ok()))
}

/// The installation's token key: the one kept here, else `fresh`, which is kept from then on.
///
/// # Errors
/// When the database fails.
pub fn token_key(tx: &Transaction<'_>, fresh: [u8; 32]) -> Result<[u8; 32]> {
    if let Some(kept) = kept_token_key(tx)? {
        return Ok(kept);
    }
    put(tx, TOKEN_KEY, &fresh)?;
    Ok(fresh)
}

/// When the daemon was last known to be alive, unix seconds.
pub const HEARTBEAT: &str = "heartbeat";

/// A number kept under a key.
///
/// # Errors
/// When the database fails.
pub fn number(connection: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(get(connection, key)?
        .and_then(|value| value.try_into().ok())
        .map(i64::from_le_bytes))
}

/// Keeps a number under a key, in place of an older one.
///
/// # Errors
/// When the database fails.
pub fn put_number(tx: &Transaction<'_>, key: &str, value: i64) -> Result<()> {
    put(tx, key, &value.to_le_bytes())
}
