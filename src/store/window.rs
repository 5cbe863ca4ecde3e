//! The window of the story engine as it is read back at start: entries with their stories, and older texts for the
//! frequency of words.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::Result;
use super::entries::{entry_from_row, select_entry};
use super::stories::near_from_text;
use crate::model::{Entry, EntryId, StoryId};
use crate::time::Timestamp;

/// An entry of the window with its story, as the engine takes it back at start.
#[derive(Debug, Clone)]
pub struct WindowRow {
    /// The entry.
    pub entry: Entry,
    /// Its story.
    pub story: StoryId,
    /// Its neighbours when it was placed.
    pub near: Vec<(EntryId, f32)>,
    /// What kind of item it is, comma-separated.
    pub marks: String,
    /// Slugs of the companies it names, and whether it is about them.
    pub companies: Vec<(String, bool)>,
    /// Slugs of its themes.
    pub themes: Vec<String>,
    /// When it was placed.
    pub joined_at: Timestamp,
}

/// Entries dated at `since` or later that have a story, in the order they were placed.
///
/// # Errors
/// When SQLite fails.
pub fn entries(conn: &Connection, since: Timestamp) -> Result<Vec<WindowRow>> {
    let mut companies = companies_since(conn, since)?;
    let mut themes = themes_since(conn, since)?;
    let mut placed: BTreeMap<EntryId, (StoryId, String, String, i64)> = BTreeMap::new();
    let mut statement = conn.prepare_cached(
        "SELECT se.entry_id, se.story_id, se.near, se.marks, se.joined_at
         FROM entries e JOIN story_entries se ON se.entry_id = e.id
         WHERE e.dated_at >= ?1",
    )?;
    let mut rows = statement.query([since.unix()])?;
    while let Some(row) = rows.next()? {
        placed.insert(
            EntryId::new(row.get(0)?),
            (StoryId::new(row.get(1)?), row.get(2)?, row.get(3)?, row.get(4)?),
        );
    }
    let mut statement = conn.prepare_cached(select_entry!("WHERE e.dated_at >= ?1"))?;
    let rows = statement.query_map([since.unix()], entry_from_row)?;
    let mut window: Vec<(i64, WindowRow)> = Vec::new();
    for entry in rows {
        let entry = entry?;
        if let Some((story, near, marks, joined_at)) = placed.remove(&entry.id) {
            let row = WindowRow {
                companies: companies.remove(&entry.id).unwrap_or_default(),
                themes: themes.remove(&entry.id).unwrap_or_default(),
                near: near_from_text(&near),
                entry,
                story,
                marks,
                joined_at: Timestamp::from_unix(joined_at),
            };
            window.push((joined_at, row));
        }
    }
    window.sort_by_key(|(joined_at, row)| (*joined_at, row.entry.dated_at, row.entry.id));
    Ok(window.into_iter().map(|(_, row)| row).collect())
}

fn companies_since(conn: &Connection, since: Timestamp) -> Result<BTreeMap<EntryId, Vec<(String, bool)>>> {
    let mut statement = conn.prepare_cached(
        "SELECT m.entry_id, m.company, m.about
         FROM entries e JOIN mentions m ON m.entry_id = e.id
         WHERE e.dated_at >= ?1
         ORDER BY m.entry_id, m.company",
    )?;
    let mut rows = statement.query([since.unix()])?;
    let mut found: BTreeMap<EntryId, Vec<(String, bool)>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found
            .entry(EntryId::new(row.get(0)?))
            .or_default()
            .push((row.get(1)?, row.get(2)?));
    }
    Ok(found)
}

fn themes_since(conn: &Connection, since: Timestamp) -> Result<BTreeMap<EntryId, Vec<String>>> {
    let mut statement = conn.prepare_cached(
        "SELECT t.entry_id, t.theme
         FROM entries e JOIN entry_themes t ON t.entry_id = e.id
         WHERE e.dated_at >= ?1
         ORDER BY t.entry_id, t.theme",
    )?;
    let mut rows = statement.query([since.unix()])?;
    let mut found: BTreeMap<EntryId, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.entry(EntryId::new(row.get(0)?)).or_default().push(row.get(1)?);
    }
    Ok(found)
}

/// Titles and summaries of the newest entries before a time, for word frequencies.
///
/// # Errors
/// When SQLite fails.
pub fn older_texts(conn: &Connection, before: Timestamp, limit: usize) -> Result<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT title, summary FROM entries WHERE dated_at < ?1 ORDER BY dated_at DESC, id DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![before.unix(), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
