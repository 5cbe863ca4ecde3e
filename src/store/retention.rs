//! What is old is deleted, in small batches and in an order that breaks no reference: deliveries, audiences, editions
//! made for readers' own times, stories, entries (leaving tombstones), events. What the doors keep is theirs to forget.

use rusqlite::{Transaction, params};

use super::{Result, entries, outbox};
use crate::time::Timestamp;

/// Deliveries younger than a reader's ledger looks back, which a monthly digest does for a month, would let a story come twice
/// once they are deleted.
const LEDGER_SECS: i64 = 32 * 86_400;
/// Tombstones outlive entries by this: a feed that lists an item again after a year makes news of it.
const TOMBSTONE_SECS: i64 = 365 * 86_400;
const EVENTS_SECS: i64 = 90 * 86_400;

/// What is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries first seen before this.
    pub entries_before: Timestamp,
    /// Finished deliveries and editions before this.
    pub deliveries_before: Timestamp,
}

/// Deletes up to `limit` rows of each kind; returns how many in all. Call again until it returns 0.
///
/// # Errors
/// When SQLite fails.
pub fn delete_some(tx: &Transaction<'_>, limits: &Limits, now: Timestamp, limit: usize) -> Result<usize> {
    let ledger = now.unix().saturating_sub(LEDGER_SECS);
    let deliveries_before = limits.deliveries_before.min(Timestamp::from_unix(ledger));
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let before = |span: i64| now.unix().saturating_sub(span);
    let mut n = 0;
    n += outbox::purge(tx, deliveries_before, limit)?;
    n += tx
        .prepare_cached(
            "DELETE FROM audiences WHERE id IN
               (SELECT a.id FROM audiences a JOIN editions e ON e.id = a.edition_id
                WHERE e.due_at < ?1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.audience_id = a.id)
                LIMIT ?2)",
        )?
        .execute(params![deliveries_before.unix(), most])?;
    // The archive keeps a digest's own editions; those made for readers' own times are only mail.
    n += tx
        .prepare_cached(
            "DELETE FROM editions WHERE id IN
               (SELECT e.id FROM editions e
                WHERE e.schedule <> '' AND e.due_at < ?1
                  AND NOT EXISTS (SELECT 1 FROM audiences a WHERE a.edition_id = e.id)
                  AND EXISTS (SELECT 1 FROM editions n WHERE n.digest_key = e.digest_key
                              AND n.schedule = e.schedule AND n.due_at > e.due_at)
                LIMIT ?2)",
        )?
        .execute(params![deliveries_before.unix(), most])?;
    n += delete_stories(tx, limits.entries_before, most)?;
    n += entries::delete_old(tx, limits.entries_before, now, limit)?;
    n += entries::delete_tombstones(tx, Timestamp::from_unix(before(TOMBSTONE_SECS)), limit)?;
    n += tx
        .prepare_cached("DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < ?1 LIMIT ?2)")?
        .execute(params![before(EVENTS_SECS), most])?;
    Ok(n)
}

/// Old stories that no kept audience was shown. Those that went into others come first, as those wait for them; asking
/// for both at once would use no index, and walk all stories at each call.
const OLD_STORIES: [&str; 2] = [
    "SELECT s.id FROM stories s
     WHERE s.merged_into IS NOT NULL AND s.last_at < ?1
       AND NOT EXISTS (SELECT 1 FROM audience_stories a WHERE a.story_id = s.id)
       AND NOT EXISTS (SELECT 1 FROM stories m WHERE m.merged_into = s.id)
     LIMIT ?2",
    "SELECT s.id FROM stories s
     WHERE s.merged_into IS NULL AND s.last_at < ?1
       AND NOT EXISTS (SELECT 1 FROM audience_stories a WHERE a.story_id = s.id)
       AND NOT EXISTS (SELECT 1 FROM stories m WHERE m.merged_into = s.id)
     ORDER BY s.last_at LIMIT ?2",
];

/// Whole stories whose last entry is old.
fn delete_stories(tx: &Transaction<'_>, before: Timestamp, most: i64) -> Result<usize> {
    let mut n = 0;
    for old in OLD_STORIES {
        let ids: Vec<i64> = tx
            .prepare_cached(old)?
            .query_map(params![before.unix(), most], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut entries = tx.prepare_cached("DELETE FROM story_entries WHERE story_id = ?1")?;
        let mut story = tx.prepare_cached("DELETE FROM stories WHERE id = ?1")?;
        for id in &ids {
            entries.execute([id])?;
            story.execute([id])?;
        }
        n += ids.len();
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn looking_for_old_stories_walks_no_table() {
        let mut conn = Connection::open_in_memory().unwrap();
        crate::store::migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
        for sql in OLD_STORIES.into_iter().chain([entries::OLD_TOMBSTONES]) {
            let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = plan.query_map([1, 1], |row| row.get::<_, String>(3)).unwrap();
            for step in steps.map(|step| step.unwrap()) {
                assert!(!step.starts_with("SCAN") && !step.contains("TEMP B-TREE"), "{step}");
            }
        }
    }
}
