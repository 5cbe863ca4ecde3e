//! What became of stories: which were made one, which were taken apart, by whom and when.

use rusqlite::{Connection, Transaction, params};

use super::Result;
use crate::model::StoryId;
use crate::time::Timestamp;

/// One change of two stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether two became one; else one became two.
    pub is_merge: bool,
    /// The story that goes on.
    pub story: StoryId,
    /// The story that ended in it, or that was taken out of it.
    pub other: StoryId,
    /// Entries that changed their story.
    pub n_entries: usize,
    /// `engine`, `operator` or `reader:12`.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

/// Writes a change down.
///
/// # Errors
/// When the database fails.
pub fn record(tx: &Transaction<'_>, change: &Change) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO story_history (kind, story_id, other_id, n_entries, source, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        if change.is_merge { "merge" } else { "split" },
        change.story.get(),
        change.other.get(),
        i64::try_from(change.n_entries).unwrap_or(i64::MAX),
        change.source,
        change.at.unix(),
    ])?;
    Ok(())
}

/// The changes of a story and of those that ended in it, oldest first.
///
/// # Errors
/// When the database fails.
pub fn of(conn: &Connection, story: StoryId, limit: usize) -> Result<Vec<Change>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(
        "WITH own (id) AS (SELECT ?1 UNION SELECT id FROM stories WHERE merged_into = ?1)
         SELECT h.kind, h.story_id, h.other_id, h.n_entries, h.source, h.at
         FROM story_history h
         WHERE h.story_id IN (SELECT id FROM own) OR h.other_id IN (SELECT id FROM own)
         ORDER BY h.id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![story.get(), limit], |row| {
        let kind: String = row.get(0)?;
        Ok(Change {
            is_merge: kind == "merge",
            story: StoryId::new(row.get(1)?),
            other: StoryId::new(row.get(2)?),
            n_entries: row.get::<_, i64>(3)?.try_into().unwrap_or_default(),
            source: row.get(4)?,
            at: Timestamp::from_unix(row.get(5)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
