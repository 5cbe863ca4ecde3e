//! Small facts of this installation: the epoch of the running process, its heartbeat.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::Result;

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

/// When the daemon was last known to be alive, unix seconds.
pub const HEARTBEAT: &str = "heartbeat";

/// In a backup: when it was copied, unix seconds. The database that finds it in itself was restored.
pub const COPIED_AT: &str = "copied_at";

/// When this database was last put in place of another from a backup, unix seconds.
pub const RESTORED_AT: &str = "restored_at";

/// Forgets what is kept under a key.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &Transaction<'_>, key: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM settings WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

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
