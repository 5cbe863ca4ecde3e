//! Editions with their audiences as they are recorded; what composing reads (`material`), up to where
//! (`window`), and who gets them (`readers`).

mod material;
mod readers;
pub mod window;

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Result, StoreError, settings};
use crate::model::{AudienceId, Edition, EditionId, Layout, Slot, StoryId};
use crate::time::Timestamp;

pub use material::{
    Candidate, CandidateEntry, FeedHealth, NearStory, articles_by_feed, candidate, candidates, company_days,
    feed_health, reading_since, theme_names,
};
pub use readers::{PastAudience, ReaderQuery, ReaderRow, audience_of, past_audiences, reader, readers};

/// The last slot of a schedule that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSlot {
    /// When it was due.
    pub due_at: Timestamp,
    /// Up to where its stories were told, or dropped.
    pub window_to: Timestamp,
}

/// An edition whose deliveries are not all queued yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// Its row.
    pub id: EditionId,
    /// When it was composed: whoever was confirmed by then gets it.
    pub composed_at: Timestamp,
    /// The edition.
    pub edition: Edition,
}

fn bad_json(what: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Other(format!("{what} cannot be read back: {error}"))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// Schedules of the active readers of a digest; empty stands for the digest's own.
///
/// # Errors
/// When SQLite fails.
pub fn schedules(conn: &Connection, digest: &str) -> Result<BTreeSet<String>> {
    let mut statement =
        conn.prepare_cached("SELECT DISTINCT schedule FROM subscriptions WHERE status = 'active' AND digest_key = ?1")?;
    let rows = statement.query_map([digest], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The last slot of a schedule that was recorded and whose time has come: one that a clock in the future made due says
/// nothing of those before it, and one from before a reader took the schedule up again nothing of those after.
///
/// # Errors
/// When SQLite fails.
pub fn last_slot(conn: &Connection, digest: &str, schedule: &str, now: Timestamp) -> Result<Option<LastSlot>> {
    let last = last_slot_before(conn, digest, schedule, now.plus(Duration::from_secs(1)))?;
    if schedule.is_empty() {
        return Ok(last);
    }
    let counts_from = counts_from(conn, digest, schedule)?;
    Ok(last.filter(|last| counts_from.is_none_or(|from| last.due_at >= from)))
}

/// Whether slots that are still to come were recorded as missed.
///
/// # Errors
/// When SQLite fails.
pub fn any_missed_after(conn: &Connection, digest: &str, now: Timestamp) -> Result<bool> {
    let found = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM editions WHERE digest_key = ?1 AND due_at > ?2 AND outcome = 'missed')",
        )?
        .query_row(params![digest, now.unix()], |row| row.get(0))?;
    Ok(found)
}

/// Forgets that slots were missed which are still to come.
///
/// # Errors
/// When SQLite fails.
pub fn forget_missed_after(tx: &Transaction<'_>, digest: &str, now: Timestamp) -> Result<()> {
    tx.prepare_cached("DELETE FROM editions WHERE digest_key = ?1 AND due_at > ?2 AND outcome = 'missed'")?
        .execute(params![digest, now.unix()])?;
    Ok(())
}

/// The last slot of a schedule that was recorded and due before an instant.
///
/// # Errors
/// When SQLite fails.
pub fn last_slot_before(
    conn: &Connection,
    digest: &str,
    schedule: &str,
    before: Timestamp,
) -> Result<Option<LastSlot>> {
    let mut statement = conn.prepare_cached(
        "SELECT due_at, window_to FROM editions
         WHERE digest_key = ?1 AND schedule = ?2 AND due_at < ?3
         ORDER BY due_at DESC LIMIT 1",
    )?;
    let row = statement.query_row(params![digest, schedule, before.unix()], |row| {
        Ok(LastSlot {
            due_at: at(row.get(0)?),
            window_to: at(row.get(1)?),
        })
    });
    Ok(row.optional()?)
}

/// The instant from which a schedule without a recorded slot counts: when the digest was first seen, or, for a schedule of
/// readers, when the first of them who has it took it up. `None` before there is one.
///
/// # Errors
/// When SQLite fails.
pub fn counts_from(conn: &Connection, digest: &str, schedule: &str) -> Result<Option<Timestamp>> {
    let first: Option<i64> = if schedule.is_empty() {
        match settings::number(conn, &first_seen(digest))? {
            Some(seen) => Some(seen),
            None => first_feed(conn)?,
        }
    } else {
        conn.prepare_cached(
            "SELECT min(max(confirmed_at, schedule_since)) FROM subscriptions
             WHERE status = 'active' AND digest_key = ?1 AND schedule = ?2",
        )?
        .query_row([digest, schedule], |row| row.get(0))?
    };
    Ok(first.map(at))
}

/// Whether it is not written down yet of every digest when it was first seen.
///
/// # Errors
/// When SQLite fails.
pub fn any_new(conn: &Connection, digests: &[String]) -> Result<bool> {
    for digest in digests {
        if settings::number(conn, &first_seen(digest))?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes down when digests were first seen: now, where others were written down before; the first ones are as old as the
/// first feed.
///
/// # Errors
/// When SQLite fails.
pub fn note_new(tx: &Transaction<'_>, digests: &[String], now: Timestamp) -> Result<()> {
    let later: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM settings WHERE key >= 'digest_since:' AND key < 'digest_since;')",
        [],
        |row| row.get(0),
    )?;
    let seen = if later { Some(now.unix()) } else { first_feed(tx)? };
    let Some(seen) = seen else { return Ok(()) };
    for digest in digests {
        let key = first_seen(digest);
        if settings::number(tx, &key)?.is_none() {
            settings::put_number(tx, &key, seen)?;
        }
    }
    Ok(())
}

fn first_seen(digest: &str) -> String {
    format!("digest_since:{digest}")
}

fn first_feed(conn: &Connection) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT min(added_at) FROM feeds")?
        .query_row([], |row| row.get(0))?)
}

/// Takes back what still waits of earlier editions for the readers of a schedule, also of one they left since: the
/// edition being made tells their stories. Says how many deliveries it were.
///
/// # Errors
/// When SQLite fails.
pub fn supersede(tx: &Transaction<'_>, slot: &Slot, now: Timestamp) -> Result<usize> {
    let n = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'superseded', final_at = ?4
             WHERE status = 'queued' AND audience_id IN (
               SELECT a.id FROM audiences a JOIN editions e ON e.id = a.edition_id
               WHERE e.digest_key = ?1 AND e.due_at < ?3)
             AND subscription_id IN (SELECT id FROM subscriptions WHERE digest_key = ?1 AND schedule = ?2)",
        )?
        .execute(params![slot.digest, slot.schedule, slot.due_at.unix(), now.unix()])?;
    Ok(n)
}

/// Records an edition. `None` when its slot has one already.
///
/// # Errors
/// When SQLite fails.
pub fn record(
    tx: &Transaction<'_>,
    edition: &Edition,
    outcome: &str,
    composed_at: Timestamp,
) -> Result<Option<EditionId>> {
    let content = serde_json::to_string(edition).map_err(|e| bad_json("the edition", &e))?;
    let n = tx
        .prepare_cached(
            "INSERT INTO editions (digest_key, schedule, slot, due_at, window_from, window_to, story_count, content,
                                   outcome, composed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (digest_key, schedule, slot) DO NOTHING",
        )?
        .execute(params![
            edition.slot.digest,
            edition.slot.schedule,
            edition.slot.key,
            edition.slot.due_at.unix(),
            edition.window_from.unix(),
            edition.window_to.unix(),
            i64::try_from(edition.stories.len()).unwrap_or(i64::MAX),
            content,
            outcome,
            composed_at.unix(),
        ])?;
    Ok((n == 1).then(|| EditionId::new(tx.last_insert_rowid())))
}

/// Sets how an edition ended: `queued` or `empty`.
///
/// # Errors
/// When SQLite fails.
pub fn finish(tx: &Transaction<'_>, edition: EditionId, outcome: &str) -> Result<()> {
    tx.prepare_cached("UPDATE editions SET outcome = ?2 WHERE id = ?1")?
        .execute(params![edition.get(), outcome])?;
    Ok(())
}

/// Editions of a digest whose deliveries are not all queued, oldest first.
///
/// # Errors
/// When SQLite fails, or an edition cannot be read back.
pub fn unfinished(conn: &Connection, digest: &str) -> Result<Vec<Unfinished>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, composed_at, content FROM editions WHERE digest_key = ?1 AND outcome = 'queueing' ORDER BY id",
    )?;
    let mut rows = statement.query([digest])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let content: String = row.get(2)?;
        out.push(Unfinished {
            id: EditionId::new(row.get(0)?),
            composed_at: at(row.get(1)?),
            edition: serde_json::from_str(&content).map_err(|e| bad_json("an edition", &e))?,
        });
    }
    Ok(out)
}

/// The audience of an edition with this key, recorded if it is new.
///
/// # Errors
/// When SQLite fails.
pub fn audience(
    tx: &Transaction<'_>,
    edition: EditionId,
    key: &[u8],
    choices: &str,
    layout: &Layout,
) -> Result<AudienceId> {
    let known = tx
        .prepare_cached("SELECT id FROM audiences WHERE edition_id = ?1 AND key = ?2")?
        .query_row(params![edition.get(), key], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(AudienceId::new(id));
    }
    let json = serde_json::to_string(layout).map_err(|e| bad_json("the layout", &e))?;
    tx.prepare_cached("INSERT INTO audiences (edition_id, key, choices, layout) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![edition.get(), key, choices, json])?;
    let id = tx.last_insert_rowid();
    let shown: BTreeSet<StoryId> = layout
        .sections
        .iter()
        .flat_map(|s| &s.blocks)
        .map(|block| block.story)
        .collect();
    let mut insert = tx.prepare_cached("INSERT INTO audience_stories (audience_id, story_id) VALUES (?1, ?2)")?;
    for story in shown {
        insert.execute([id, story.get()])?;
    }
    Ok(AudienceId::new(id))
}

/// The edition of a slot and its first audience, for showing it again; of all schedules, the digest's own first.
///
/// # Errors
/// When SQLite fails.
pub fn find_slot(conn: &Connection, digest: &str, due: Timestamp) -> Result<Option<(EditionId, Option<AudienceId>)>> {
    let row = conn
        .prepare_cached(
            "SELECT e.id, min(a.id) FROM editions e LEFT JOIN audiences a ON a.edition_id = e.id
             WHERE e.digest_key = ?1 AND e.due_at = ?2 AND e.outcome <> 'missed'
             GROUP BY e.id ORDER BY e.schedule LIMIT 1",
        )?
        .query_row(params![digest, due.unix()], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    Ok(row.map(|(edition, audience)| (EditionId::new(edition), audience.map(AudienceId::new))))
}

/// Stories of the edition of a slot and the mails queued for it; `None` when it has no edition.
///
/// # Errors
/// When SQLite fails.
pub fn counts(conn: &Connection, digest: &str, schedule: &str, slot: &str) -> Result<Option<(i64, i64)>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.story_count,
                (SELECT count(*) FROM audiences a JOIN deliveries d ON d.audience_id = a.id WHERE a.edition_id = e.id)
         FROM editions e WHERE e.digest_key = ?1 AND e.schedule = ?2 AND e.slot = ?3",
    )?;
    Ok(statement
        .query_row([digest, schedule, slot], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// An edition in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its row.
    pub id: EditionId,
    /// When it was due.
    pub due_at: Timestamp,
    /// Its stories.
    pub n_stories: i64,
}

/// Editions of a digest's own schedule that had something to tell, newest first.
///
/// # Errors
/// When SQLite fails.
pub fn past(conn: &Connection, digest: &str, limit: usize) -> Result<Vec<Past>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, due_at, story_count FROM editions
         WHERE digest_key = ?1 AND schedule = '' AND story_count > 0
         ORDER BY due_at DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((digest, i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
        Ok(Past {
            id: EditionId::new(row.get(0)?),
            due_at: at(row.get(1)?),
            n_stories: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Audiences of a digest that were shown a story, one for each edition, newest edition first. With the folded address of
/// a reader only his own.
///
/// # Errors
/// When SQLite fails.
pub fn shown(
    conn: &Connection,
    digest: &str,
    story: StoryId,
    reader: Option<&str>,
    limit: usize,
) -> Result<Vec<(EditionId, AudienceId)>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.id, min(a.id)
         FROM audience_stories t
         JOIN audiences a ON a.id = t.audience_id
         JOIN editions e ON e.id = a.edition_id
         WHERE t.story_id = ?1 AND e.digest_key = ?2
           AND (?3 IS NULL OR EXISTS (
             SELECT 1 FROM deliveries d
             JOIN subscriptions s ON s.id = d.subscription_id
             JOIN subscribers p ON p.id = s.subscriber_id
             WHERE d.audience_id = a.id AND p.address_key = ?3))
         GROUP BY e.id ORDER BY e.due_at DESC, e.id DESC LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![story.get(), digest, reader, limit], |row| {
        Ok((EditionId::new(row.get(0)?), AudienceId::new(row.get(1)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
