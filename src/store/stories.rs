//! Stories: what a placement writes, and what explains it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Result;
use super::entries::{entry_from_row, select_entry};
use super::story_history::{self, Change};
use crate::model::{Entry, EntryId, KnownName, Mention, Placement, PlacementReason, StoryId, ThemeTag};
use crate::time::Timestamp;

/// Opens a story led by this entry.
///
/// # Errors
/// When SQLite fails.
pub fn open(tx: &Transaction<'_>, lead: EntryId, at: Timestamp) -> Result<StoryId> {
    tx.prepare_cached("INSERT INTO stories (lead_entry_id, first_at, last_at) VALUES (?1, ?2, ?2)")?
        .execute([lead.get(), at.unix()])?;
    Ok(StoryId::new(tx.last_insert_rowid()))
}

/// What is written of an entry's place in its story.
#[derive(Debug, Clone)]
pub struct PlacedRow {
    /// The placement.
    pub placement: Placement,
    /// The story it joins or opened.
    pub story: StoryId,
    /// Neighbours, nearest first.
    pub near: Vec<(EntryId, f32)>,
    /// Kinds of item, comma-separated.
    pub marks: String,
}

/// Writes an entry's place.
///
/// # Errors
/// When SQLite fails.
pub fn put_entry(tx: &Transaction<'_>, row: &PlacedRow, now: Timestamp) -> Result<()> {
    let placement = &row.placement;
    tx.prepare_cached(
        "INSERT INTO story_entries (entry_id, story_id, reason, like_entry, similarity, evidence, near, marks, joined_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (entry_id) DO NOTHING",
    )?
    .execute(params![
        placement.entry.get(),
        row.story.get(),
        reason_word(placement.reason),
        placement.like.map(EntryId::get),
        placement.similarity,
        placement.evidence,
        near_to_text(&row.near),
        row.marks,
        now.unix()
    ])?;
    Ok(())
}

/// Replaces the marks of an entry that is placed already.
///
/// # Errors
/// When SQLite fails.
pub fn put_marks(tx: &Transaction<'_>, entry: EntryId, marks: &str) -> Result<()> {
    tx.prepare_cached("UPDATE story_entries SET marks = ?2 WHERE entry_id = ?1")?
        .execute(params![entry.get(), marks])?;
    Ok(())
}

/// Replaces an entry's companies and themes and notes the rules they were found with.
///
/// # Errors
/// When SQLite fails.
pub fn put_tags(
    tx: &Transaction<'_>,
    entry: EntryId,
    mentions: &[Mention],
    themes: &[ThemeTag],
    rules_version: u32,
) -> Result<()> {
    tx.prepare_cached("DELETE FROM mentions WHERE entry_id = ?1")?
        .execute([entry.get()])?;
    tx.prepare_cached("DELETE FROM entry_themes WHERE entry_id = ?1")?
        .execute([entry.get()])?;
    let mut statement = tx.prepare_cached(
        "INSERT INTO mentions (entry_id, company, name, ticker, surface, place, score, about, unlisted, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    )?;
    for m in mentions {
        let place = match m.place {
            crate::model::MentionPlace::Title => "title",
            crate::model::MentionPlace::Summary => "summary",
        };
        statement.execute(params![
            entry.get(),
            m.company,
            m.name,
            m.ticker,
            m.surface,
            place,
            m.score,
            m.about,
            m.unlisted,
            m.reason
        ])?;
    }
    let mut statement = tx.prepare_cached(
        "INSERT INTO entry_themes (entry_id, theme, score, reason) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for t in themes {
        statement.execute(params![entry.get(), t.theme, t.score, t.reason])?;
    }
    tx.prepare_cached("UPDATE entries SET rules_version = ?2 WHERE id = ?1")?
        .execute(params![entry.get(), rules_version])?;
    Ok(())
}

/// Ends a story in favor of another: its entries move, whoever refers to it is led on, and its history has the change.
/// `source` is `engine`, `operator` or `reader:12`.
///
/// # Errors
/// When SQLite fails.
pub fn merge(tx: &Transaction<'_>, from: StoryId, into: StoryId, source: &str, now: Timestamp) -> Result<()> {
    if from == into {
        return Ok(());
    }
    let n_entries = tx
        .prepare_cached("UPDATE story_entries SET story_id = ?2 WHERE story_id = ?1")?
        .execute([from.get(), into.get()])?;
    tx.prepare_cached("UPDATE stories SET merged_into = ?2 WHERE id = ?1 OR merged_into = ?1")?
        .execute([from.get(), into.get()])?;
    let change = Change {
        is_merge: true,
        story: into,
        other: from,
        n_entries,
        source: source.to_owned(),
        at: now,
    };
    story_history::record(tx, &change)
}

/// Moves entries into another story.
///
/// # Errors
/// When SQLite fails.
pub fn move_entries(tx: &Transaction<'_>, entries: &[EntryId], into: StoryId) -> Result<()> {
    let mut statement =
        tx.prepare_cached("UPDATE story_entries SET story_id = ?2, reason = 'corrected' WHERE entry_id = ?1")?;
    for entry in entries {
        statement.execute([entry.get(), into.get()])?;
    }
    Ok(())
}

/// An entry of a story, with why it is there.
#[derive(Debug, Clone)]
pub struct Member {
    /// The entry.
    pub entry: Entry,
    /// Why.
    pub reason: PlacementReason,
    /// The entry it resembles most.
    pub like: Option<EntryId>,
    /// Strength, 0 to 1.
    pub similarity: f64,
    /// In words.
    pub evidence: String,
    /// Kinds of item, comma-separated.
    pub marks: String,
    /// Its neighbours when it was placed.
    pub near: Vec<(EntryId, f32)>,
}

/// The entries of a story, oldest first, at most `limit`.
///
/// # Errors
/// When SQLite fails.
pub fn members(conn: &Connection, story: StoryId, limit: usize) -> Result<Vec<Member>> {
    let mut statement = conn.prepare_cached(select_entry!(
        "JOIN story_entries se ON se.entry_id = e.id
         WHERE se.story_id = ?1 ORDER BY e.dated_at, e.id LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let entries: Vec<Entry> = statement
        .query_map(params![story.get(), limit], entry_from_row)?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = conn.prepare_cached(
        "SELECT reason, like_entry, similarity, evidence, marks, near FROM story_entries WHERE entry_id = ?1",
    )?;
    entries
        .into_iter()
        .map(|entry| {
            let id = entry.id.get();
            let member = statement.query_row([id], |row| {
                Ok(Member {
                    entry,
                    reason: reason_from_word(&row.get::<_, String>(0)?),
                    like: row.get::<_, Option<i64>>(1)?.map(EntryId::new),
                    similarity: row.get(2)?,
                    evidence: row.get(3)?,
                    marks: row.get(4)?,
                    near: near_from_text(&row.get::<_, String>(5)?),
                })
            })?;
            Ok(member)
        })
        .collect()
}

/// The living story of an entry or of a story that may have been merged; `None` when there is none.
///
/// # Errors
/// When SQLite fails.
pub fn living(conn: &Connection, story: StoryId) -> Result<Option<StoryId>> {
    let mut statement = conn.prepare_cached("SELECT coalesce(merged_into, id) FROM stories WHERE id = ?1")?;
    Ok(statement
        .query_row([story.get()], |row| row.get(0))
        .optional()?
        .map(StoryId::new))
}

/// The story an entry is in.
///
/// # Errors
/// When SQLite fails.
pub fn story_of(conn: &Connection, entry: EntryId) -> Result<Option<StoryId>> {
    let mut statement = conn.prepare_cached("SELECT story_id FROM story_entries WHERE entry_id = ?1")?;
    Ok(statement
        .query_row([entry.get()], |row| row.get(0))
        .optional()?
        .map(StoryId::new))
}

/// Sets the headline that stands for a story, and its span.
///
/// # Errors
/// When SQLite fails.
pub fn set_lead(
    tx: &Transaction<'_>,
    story: StoryId,
    lead: EntryId,
    (first_at, last_at): (Timestamp, Timestamp),
) -> Result<()> {
    tx.prepare_cached("UPDATE stories SET lead_entry_id = ?2, first_at = ?3, last_at = ?4 WHERE id = ?1")?
        .execute([story.get(), lead.get(), first_at.unix(), last_at.unix()])?;
    Ok(())
}

/// Keeps the names of themes for readers; `true` is an event kind.
///
/// # Errors
/// When SQLite fails.
pub fn put_themes(tx: &Transaction<'_>, themes: &[(String, String, bool)]) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO themes (slug, name, event) VALUES (?1, ?2, ?3)
         ON CONFLICT (slug) DO UPDATE SET name = excluded.name, event = excluded.event",
    )?;
    for (slug, name, event) in themes {
        statement.execute(params![slug, name, event])?;
    }
    Ok(())
}

/// Keeps what readers may call companies, in this order; what is not among them any more is forgotten.
///
/// # Errors
/// When SQLite fails.
pub fn put_companies(tx: &Transaction<'_>, companies: &[KnownName]) -> Result<()> {
    let slugs: Vec<&str> = companies.iter().map(|company| company.slug.as_str()).collect();
    tx.prepare_cached("DELETE FROM companies WHERE slug NOT IN (SELECT value FROM json_each(?1))")?
        .execute([serde_json::json!(slugs).to_string()])?;
    // Thousands of rows at every start: what has not changed is not written.
    let mut statement = tx.prepare_cached(
        "INSERT INTO companies (slug, name, others, place) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (slug) DO UPDATE SET name = excluded.name, others = excluded.others, place = excluded.place
         WHERE (name, others, place) <> (excluded.name, excluded.others, excluded.place)",
    )?;
    for (place, company) in (0_i64..).zip(companies) {
        let others = serde_json::json!(company.others).to_string();
        statement.execute(params![company.slug, company.name, others, place])?;
    }
    Ok(())
}

/// Stories that hold a neighbour of this story's entries without being it: possibly related, never folded. The nearest
/// first, with the closeness. Only entries seen by `to` speak.
///
/// # Errors
/// When SQLite fails.
pub fn related(conn: &Connection, story: StoryId, to: Timestamp, limit: usize) -> Result<Vec<(StoryId, f32)>> {
    const MEMBERS_MAX: u32 = 200;
    let mut statement = conn.prepare_cached(
        "SELECT se.near FROM story_entries se JOIN entries e ON e.id = se.entry_id
         WHERE se.story_id = ?1 AND e.first_seen_at <= ?2 AND se.near <> ''
         ORDER BY e.dated_at, e.id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![story.get(), to.unix(), MEMBERS_MAX], |row| {
        row.get::<_, String>(0)
    })?;
    let mut nearest: BTreeMap<StoryId, f32> = BTreeMap::new();
    for near in rows {
        for (entry, closeness) in near_from_text(&near?) {
            if let Some(other) = story_of(conn, entry)?.filter(|other| *other != story) {
                let best = nearest.entry(other).or_insert(closeness);
                *best = best.max(closeness);
            }
        }
    }
    let mut found: Vec<(StoryId, f32)> = nearest.into_iter().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(limit);
    Ok(found)
}

const fn reason_word(reason: PlacementReason) -> &'static str {
    match reason {
        PlacementReason::First => "first",
        PlacementReason::SameUrl => "same_url",
        PlacementReason::Reprint => "reprint",
        PlacementReason::Similar => "similar",
        PlacementReason::Corrected => "corrected",
    }
}

fn reason_from_word(word: &str) -> PlacementReason {
    match word {
        "first" => PlacementReason::First,
        "same_url" => PlacementReason::SameUrl,
        "reprint" => PlacementReason::Reprint,
        "corrected" => PlacementReason::Corrected,
        _ => PlacementReason::Similar,
    }
}

/// `12:0.43 15:0.31`
fn near_to_text(near: &[(EntryId, f32)]) -> String {
    let parts: Vec<String> = near.iter().map(|(id, w)| format!("{id}:{w}")).collect();
    parts.join(" ")
}

/// What [`near_to_text`] wrote; what is no pair is left out.
pub(super) fn near_from_text(text: &str) -> Vec<(EntryId, f32)> {
    text.split(' ')
        .filter_map(|part| {
            let (id, weight) = part.split_once(':')?;
            Some((EntryId::new(id.parse().ok()?), weight.parse().ok()?))
        })
        .collect()
}
