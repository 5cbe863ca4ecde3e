//! Texts of articles' own pages, for feeds with `full_text`: what tagging and clustering read, and nobody is sent.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Result;
use crate::model::{EntryId, FeedId};
use crate::time::Timestamp;

/// An entry whose page is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingText {
    /// The entry.
    pub entry: EntryId,
    /// Key of its feed.
    pub feed_key: String,
    /// The page.
    pub url: String,
    /// Its headline, against which the page is held.
    pub title: String,
    /// Times the page was asked for before.
    pub attempts: u32,
}

/// Texts of a feed by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextCounts {
    /// To be read.
    pub n_waiting: u32,
    /// Read.
    pub n_read: u32,
    /// Given up.
    pub n_failed: u32,
}

/// Asks for an entry's page to be read.
pub(super) fn want(tx: &Transaction<'_>, entry: i64, now: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO entry_texts (entry_id, status, next_at) VALUES (?1, 'waiting', ?2) ON CONFLICT DO NOTHING",
    )?
    .execute(params![entry, now.unix()])?;
    Ok(())
}

/// Claims up to `limit` pages that are due, the newest entries first; they are due again at `lease_until`.
///
/// # Errors
/// When SQLite fails.
pub fn claim_due(
    tx: &Transaction<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
) -> Result<Vec<WaitingText>> {
    let due: Vec<WaitingText> = tx
        .prepare_cached(
            "SELECT t.entry_id, f.key, e.url, e.title, t.attempts
             FROM entry_texts t JOIN entries e ON e.id = t.entry_id JOIN feeds f ON f.id = e.feed_id
             WHERE t.status = 'waiting' AND t.next_at <= ?1
             ORDER BY e.dated_at DESC, e.id DESC LIMIT ?2",
        )?
        .query_map(params![now.unix(), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(WaitingText {
                entry: EntryId::new(row.get(0)?),
                feed_key: row.get(1)?,
                url: row.get(2)?,
                title: row.get(3)?,
                attempts: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    for text in &due {
        tx.prepare_cached("UPDATE entry_texts SET next_at = ?2, attempts = attempts + 1 WHERE entry_id = ?1")?
            .execute(params![text.entry.get(), lease_until.unix()])?;
    }
    Ok(due)
}

/// Keeps a text; the entry is tagged anew with it if it was tagged without.
///
/// # Errors
/// When SQLite fails.
pub fn keep(tx: &Transaction<'_>, entry: EntryId, text: &str) -> Result<()> {
    tx.prepare_cached("UPDATE entry_texts SET status = 'read', text = ?2, error = '' WHERE entry_id = ?1")?
        .execute(params![entry.get(), text])?;
    tx.prepare_cached("UPDATE entries SET rules_version = 0 WHERE id = ?1 AND rules_version <> 0")?
        .execute([entry.get()])?;
    Ok(())
}

/// The page could not be read: it is asked for again at `again`, or given up.
///
/// # Errors
/// When SQLite fails.
pub fn failed(tx: &Transaction<'_>, entry: EntryId, why: &str, again: Option<Timestamp>) -> Result<()> {
    tx.prepare_cached(
        "UPDATE entry_texts SET status = CASE WHEN ?3 = 0 THEN 'failed' ELSE 'waiting' END, next_at = ?3, error = ?2
         WHERE entry_id = ?1",
    )?
    .execute(params![entry.get(), why, again.map_or(0, Timestamp::unix)])?;
    Ok(())
}

/// The texts of these entries, of those that have one.
///
/// # Errors
/// When SQLite fails.
pub fn of(conn: &Connection, entries: &[EntryId]) -> Result<BTreeMap<EntryId, String>> {
    let mut found = BTreeMap::new();
    let any: bool = conn
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM entry_texts)")?
        .query_row([], |row| row.get(0))?;
    if !any {
        return Ok(found);
    }
    let mut statement = conn.prepare_cached("SELECT text FROM entry_texts WHERE entry_id = ?1 AND status = 'read'")?;
    for entry in entries {
        let text: Option<String> = statement.query_row([entry.get()], |row| row.get(0)).optional()?;
        found.extend(text.map(|text| (*entry, text)));
    }
    Ok(found)
}

/// What became of the pages of a feed's entries.
///
/// # Errors
/// When SQLite fails.
pub fn counts(conn: &Connection, feed: FeedId) -> Result<TextCounts> {
    Ok(conn
        .prepare_cached(
            "SELECT coalesce(sum(t.status = 'waiting'), 0), coalesce(sum(t.status = 'read'), 0),
                    coalesce(sum(t.status = 'failed'), 0)
             FROM entry_texts t JOIN entries e ON e.id = t.entry_id WHERE e.feed_id = ?1",
        )?
        .query_row([feed.get()], |row| {
            Ok(TextCounts {
                n_waiting: row.get(0)?,
                n_read: row.get(1)?,
                n_failed: row.get(2)?,
            })
        })?)
}
