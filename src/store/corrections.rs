//! Corrections: what people said of stories, and the readers' requests that the stage that places entries takes up, with
//! what a digest showed them.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Result, StoreError};
use crate::model::{Edition, EntryId, Layout, StoryId, SubscriberId};
use crate::time::Timestamp;

/// One correction: `true` for together.
pub type Correction = (bool, EntryId, EntryId);

/// All corrections, oldest first.
///
/// # Errors
/// When SQLite fails.
pub fn all(conn: &Connection) -> Result<Vec<Correction>> {
    let mut statement = conn.prepare_cached("SELECT kind, entry_a, entry_b FROM corrections ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        let kind: String = row.get(0)?;
        Ok((kind == "together", EntryId::new(row.get(1)?), EntryId::new(row.get(2)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest correction's number; 0 without any. A change means the engine's window is out of date.
///
/// # Errors
/// When SQLite fails.
pub fn last(conn: &Connection) -> Result<i64> {
    Ok(conn
        .prepare_cached("SELECT coalesce(max(id), 0) FROM corrections")?
        .query_row([], |row| row.get(0))?)
}

/// The stories of all entries that a person said a word on.
///
/// # Errors
/// When SQLite fails.
pub fn places(conn: &Connection) -> Result<Vec<(EntryId, StoryId)>> {
    let mut statement = conn.prepare_cached(
        "SELECT entry_id, story_id FROM story_entries
         WHERE entry_id IN (SELECT entry_a FROM corrections UNION SELECT entry_b FROM corrections)
         ORDER BY entry_id",
    )?;
    let rows = statement.query_map([], |row| Ok((EntryId::new(row.get(0)?), StoryId::new(row.get(1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a person's word on two entries.
///
/// # Errors
/// When SQLite fails.
pub fn put(tx: &Transaction<'_>, (together, a, b): Correction, source: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached("INSERT INTO corrections (kind, entry_a, entry_b, source, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            if together { "together" } else { "apart" },
            a.get(),
            b.get(),
            source,
            now.unix()
        ])?;
    Ok(())
}

/// A story as a digest printed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its number in the mail.
    pub number: u32,
    /// The story.
    pub story: StoryId,
    /// The headline it was led with.
    pub lead: EntryId,
    /// That headline's words.
    pub title: String,
    /// How many entries it had.
    pub n_entries: usize,
}

/// A request to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// Whether stories are one; else one story is two.
    pub is_merge: bool,
    /// The story that goes on, or that is split.
    pub story: StoryId,
    /// The headline that stands apart, for a split.
    pub lead: EntryId,
    /// The story that ends in the first, for a merge.
    pub other: Option<StoryId>,
    /// Who says it.
    pub subscriber: SubscriberId,
    /// Now.
    pub at: Timestamp,
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Row id.
    pub id: i64,
    /// Whether stories are one; else one story is two.
    pub is_merge: bool,
    /// The story that goes on, or that is split.
    pub story: StoryId,
    /// The headline that stands apart, for a split.
    pub lead: EntryId,
    /// The story that ends in the first, for a merge.
    pub other: StoryId,
    /// `reader:12`
    pub source: String,
}

/// A request for the operator to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// When it was said.
    pub at: Timestamp,
    /// `merge` or `split`.
    pub kind: String,
    /// The story.
    pub story: StoryId,
    /// The other story of a merge; 0 for a split.
    pub other: i64,
    /// The reader's address; empty when they were erased.
    pub address: String,
    /// What became of it; empty while it waits.
    pub outcome: String,
}

/// The stories of the digest that was sent to this person under this Message-ID; `None` when none was.
///
/// # Errors
/// When the database fails.
pub fn shown(conn: &Connection, message_id: &str, subscriber: SubscriberId) -> Result<Option<Vec<Shown>>> {
    let found: Option<(String, String)> = conn
        .prepare_cached(
            "SELECT e.content, a.layout
             FROM subscriptions s
             JOIN deliveries d ON d.subscription_id = s.id AND d.audience_id IS NOT NULL
             JOIN audiences a ON a.id = d.audience_id JOIN editions e ON e.id = a.edition_id
             WHERE s.subscriber_id = ?1 AND d.message_id = ?2 AND d.status IN ('sent', 'committing', 'uncertain')",
        )?
        .query_row(params![subscriber.get(), message_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((edition, layout)) = found else {
        return Ok(None);
    };
    let unreadable = |e: serde_json::Error| StoreError::Other(format!("an edition cannot be read back: {e}"));
    let edition: Edition = serde_json::from_str(&edition).map_err(unreadable)?;
    let layout: Layout = serde_json::from_str(&layout).map_err(unreadable)?;
    let blocks = layout.sections.iter().flat_map(|section| &section.blocks);
    let stories = blocks.filter_map(|block| {
        let story = edition.stories.iter().find(|s| s.story.id == block.story)?;
        let heads = std::iter::once(&story.story.lead).chain(&story.story.related);
        let title = heads
            .clone()
            .find(|head| head.entry == block.lead)
            .unwrap_or(&story.story.lead);
        Some(Shown {
            number: block.number,
            story: block.story,
            lead: block.lead,
            title: title.title.clone(),
            n_entries: story.entries.len(),
        })
    });
    Ok(Some(stories.collect()))
}

/// Writes a request down.
///
/// # Errors
/// When the database fails.
pub fn request(tx: &Transaction<'_>, new: &NewRequest) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO correction_requests (kind, story_id, lead_entry_id, other_story_id, subscriber_id, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        if new.is_merge { "merge" } else { "split" },
        new.story.get(),
        new.lead.get(),
        new.other.map_or(0, StoryId::get),
        new.subscriber.get(),
        new.at.unix(),
    ])?;
    Ok(())
}

/// How many a person has made since an instant.
///
/// # Errors
/// When the database fails.
pub fn n_since(conn: &Connection, subscriber: SubscriberId, after: Timestamp) -> Result<u32> {
    Ok(conn
        .prepare_cached("SELECT count(*) FROM correction_requests WHERE subscriber_id = ?1 AND at > ?2")?
        .query_row(params![subscriber.get(), after.unix()], |row| row.get(0))?)
}

/// The requests that wait, oldest first.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &Connection, limit: usize) -> Result<Vec<Request>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, kind, story_id, lead_entry_id, other_story_id, coalesce(subscriber_id, 0)
         FROM correction_requests WHERE outcome = '' ORDER BY id LIMIT ?1",
    )?;
    let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        let kind: String = row.get(1)?;
        let reader: i64 = row.get(5)?;
        Ok(Request {
            id: row.get(0)?,
            is_merge: kind == "merge",
            story: StoryId::new(row.get(2)?),
            lead: EntryId::new(row.get(3)?),
            other: StoryId::new(row.get(4)?),
            source: format!("reader:{reader}"),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes down what became of a request.
///
/// # Errors
/// When the database fails.
pub fn settle(tx: &Transaction<'_>, id: i64, outcome: &str) -> Result<()> {
    tx.prepare_cached("UPDATE correction_requests SET outcome = ?2 WHERE id = ?1")?
        .execute(params![id, outcome])?;
    Ok(())
}

/// Deletes requests said before an instant; what followed from them stays.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &Transaction<'_>, before: Timestamp) -> Result<()> {
    tx.prepare_cached("DELETE FROM correction_requests WHERE at < ?1")?
        .execute([before.unix()])?;
    Ok(())
}

/// Requests for the operator, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &Connection, limit: usize) -> Result<Vec<Listed>> {
    let mut statement = conn.prepare_cached(
        "SELECT r.at, r.kind, r.story_id, r.other_story_id, coalesce(p.address, ''), r.outcome
         FROM correction_requests r LEFT JOIN subscribers p ON p.id = r.subscriber_id ORDER BY r.id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok(Listed {
            at: Timestamp::from_unix(row.get(0)?),
            kind: row.get(1)?,
            story: StoryId::new(row.get(2)?),
            other: row.get(3)?,
            address: row.get(4)?,
            outcome: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
