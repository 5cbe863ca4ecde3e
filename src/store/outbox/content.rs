//! What a digest delivery shows: its audience's layout of its edition.

use rusqlite::{Connection, OptionalExtension};

use super::super::{Result, StoreError};
use crate::model::{AudienceId, Choices, Edition, EditionId, Layout};

/// The frozen edition.
///
/// # Errors
/// When the database fails or the content cannot be read.
pub fn edition(connection: &Connection, id: EditionId) -> Result<Option<Edition>> {
    let content: Option<String> = connection
        .prepare_cached("SELECT content FROM editions WHERE id = ?1")?
        .query_row([id.get()], |row| row.get(0))
        .optional()?;
    content.map(|json| read(&json, "edition", id.get())).transpose()
}

/// An audience's choices and layout.
///
/// # Errors
/// When the database fails or the content cannot be read.
pub fn audience(connection: &Connection, id: AudienceId) -> Result<Option<(Choices, Layout)>> {
    let row: Option<(String, String)> = connection
        .prepare_cached("SELECT choices, layout FROM audiences WHERE id = ?1")?
        .query_row([id.get()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((choices, layout)) = row else {
        return Ok(None);
    };
    let choices = read(&choices, "choices of audience", id.get())?;
    Ok(Some((choices, read(&layout, "layout of audience", id.get())?)))
}

fn read<T: serde::de::DeserializeOwned>(json: &str, what: &str, id: i64) -> Result<T> {
    serde_json::from_str(json).map_err(|e| StoreError::Other(format!("{what} {id} cannot be read: {e}")))
}
