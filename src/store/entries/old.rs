//! Entries past their keeping, and the tombstones that stand for them.

use rusqlite::{Transaction, params};

use super::rows_max;
use crate::store::Result;
use crate::time::Timestamp;

/// Deletes up to `limit` entries first seen before `before` that no story holds, leaving tombstones, so that a feed
/// that lists them still does not make news of them. Returns how many; call again until it is less than `limit`.
///
/// # Errors
/// When SQLite fails.
pub fn delete_old(tx: &Transaction<'_>, before: Timestamp, now: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<i64> = tx
        .prepare_cached(
            "SELECT e.id FROM entries e
             WHERE e.first_seen_at < ?1
               AND NOT EXISTS (SELECT 1 FROM story_entries s WHERE s.entry_id = e.id)
               AND NOT EXISTS (SELECT 1 FROM stories s WHERE s.lead_entry_id = e.id)
             ORDER BY e.first_seen_at LIMIT ?2",
        )?
        .query_map(params![before.unix(), rows_max(limit)], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut bury = tx.prepare_cached(
        "INSERT INTO entry_tombstones (feed_id, identity, deleted_at)
         SELECT feed_id, identity, ?2 FROM entries WHERE id = ?1
         ON CONFLICT (feed_id, identity) DO UPDATE SET deleted_at = excluded.deleted_at",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM entries WHERE id = ?1")?;
    for id in &ids {
        bury.execute(params![id, now.unix()])?;
        delete.execute([id])?;
    }
    Ok(ids.len())
}

/// Tombstones from before a time.
pub(in crate::store) const OLD_TOMBSTONES: &str =
    "SELECT feed_id, identity FROM entry_tombstones WHERE deleted_at < ?1 LIMIT ?2";

/// Forgets up to `limit` tombstones that no feed has listed since `before`.
///
/// # Errors
/// When SQLite fails.
pub fn delete_tombstones(tx: &Transaction<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let keys: Vec<(i64, Vec<u8>)> = tx
        .prepare_cached(OLD_TOMBSTONES)?
        .query_map(params![before.unix(), rows_max(limit)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM entry_tombstones WHERE feed_id = ?1 AND identity = ?2")?;
    for (feed, identity) in &keys {
        delete.execute(params![feed, identity])?;
    }
    Ok(keys.len())
}
