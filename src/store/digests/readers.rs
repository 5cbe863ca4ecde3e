//! Readers of an edition and what they were sent before.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::at;
use crate::model::{AudienceId, DeliveryStatus, EditionId, StoryId, SubscriptionId};
use crate::store::Result;
use crate::time::Timestamp;

/// What an audience of an earlier edition was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAudience {
    /// Schedule of its edition.
    pub schedule: String,
    /// Lower end of its window.
    pub since: Timestamp,
    /// Upper end.
    pub until: Timestamp,
    /// Stories, and what they were merged into since.
    pub stories: BTreeSet<StoryId>,
}

/// A reader of an edition with the mails he was sent of this digest lately, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct ReaderRow {
    /// His subscription.
    pub subscription: SubscriptionId,
    /// His choices, canonical JSON.
    pub choices: String,
    /// Audience and how the delivery stands.
    pub past: Vec<(AudienceId, DeliveryStatus)>,
}

/// Whose readers are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ReaderQuery<'a> {
    /// `[[digest]].key`.
    pub digest: &'a str,
    /// Schedule, empty for the digest's own.
    pub schedule: &'a str,
    /// Confirmed by then.
    pub by: Timestamp,
    /// Deliveries queued before are forgotten.
    pub history: Timestamp,
    /// The edition being queued.
    pub edition: Option<EditionId>,
}

/// Audiences of a digest's editions that ended at `since` or later.
///
/// # Errors
/// When SQLite fails, or a layout cannot be read back.
pub fn past_audiences(conn: &Connection, digest: &str, since: Timestamp) -> Result<BTreeMap<AudienceId, PastAudience>> {
    let mut statement = conn.prepare_cached(
        "SELECT a.id, e.schedule, e.window_to, json_extract(a.layout, '$.since')
         FROM audiences a JOIN editions e ON e.id = a.edition_id
         WHERE e.digest_key = ?1 AND e.window_to >= ?2",
    )?;
    let mut found = BTreeMap::new();
    let mut rows = statement.query(params![digest, since.unix()])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let until = at(row.get(2)?);
        let since = row.get::<_, Option<i64>>(3)?.map_or(until, at);
        let stories = stories_of(conn, id)?;
        found.insert(
            AudienceId::new(id),
            PastAudience {
                schedule: row.get(1)?,
                since,
                until,
                stories,
            },
        );
    }
    Ok(found)
}

/// The stories that an audience was shown, and those they have ended in since: an edition that was composed before a merge
/// has the old number, one after it the new.
fn stories_of(conn: &Connection, audience: i64) -> Result<BTreeSet<StoryId>> {
    let mut statement = conn.prepare_cached(
        "SELECT t.story_id FROM audience_stories t WHERE t.audience_id = ?1
         UNION
         SELECT s.merged_into FROM audience_stories t JOIN stories s ON s.id = t.story_id
         WHERE t.audience_id = ?1 AND s.merged_into IS NOT NULL",
    )?;
    let rows = statement.query_map([audience], |row| Ok(StoryId::new(row.get(0)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The next readers of a schedule after `after`, by row: confirmed and not paused at `by`, with their deliveries of this
/// digest since `history`, but for those of the edition being queued.
///
/// # Errors
/// When SQLite fails.
pub fn readers(conn: &Connection, ask: &ReaderQuery<'_>, after: i64, limit: usize) -> Result<Vec<ReaderRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, choices FROM subscriptions
         WHERE status = 'active' AND digest_key = ?1 AND schedule = ?2 AND id > ?3
           AND confirmed_at <= ?4 AND coalesce(json_extract(choices, '$.paused_until'), 0) <= ?4
         ORDER BY id LIMIT ?5",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![ask.digest, ask.schedule, after, ask.by.unix(), limit], |row| {
        Ok((SubscriptionId::new(row.get(0)?), row.get(1)?))
    })?;
    rows.map(|row| {
        let (subscription, choices) = row?;
        Ok(ReaderRow {
            subscription,
            choices,
            past: past(conn, ask, subscription)?,
        })
    })
    .collect()
}

/// One reader of a digest, on whatever schedule, by folded address.
///
/// # Errors
/// When SQLite fails.
pub fn reader(conn: &Connection, ask: &ReaderQuery<'_>, address_key: &str) -> Result<Option<ReaderRow>> {
    let row = conn
        .prepare_cached(
            "SELECT s.id, s.choices FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id
             WHERE s.status = 'active' AND s.digest_key = ?1 AND p.address_key = ?2",
        )?
        .query_row([ask.digest, address_key], |row| {
            Ok((SubscriptionId::new(row.get(0)?), row.get(1)?))
        })
        .optional()?;
    row.map(|(subscription, choices)| {
        Ok(ReaderRow {
            subscription,
            choices,
            past: past(conn, ask, subscription)?,
        })
    })
    .transpose()
}

fn past(
    conn: &Connection,
    ask: &ReaderQuery<'_>,
    subscription: SubscriptionId,
) -> Result<Vec<(AudienceId, DeliveryStatus)>> {
    let mut statement = conn.prepare_cached(
        "SELECT d.audience_id, d.status FROM deliveries d JOIN audiences a ON a.id = d.audience_id
         WHERE d.audience_id IS NOT NULL AND d.subscription_id = ?1 AND d.queued_at >= ?2 AND a.edition_id <> ?3
         ORDER BY d.queued_at DESC, d.id DESC",
    )?;
    let edition = ask.edition.map_or(0, EditionId::get);
    let rows = statement.query_map([subscription.get(), ask.history.unix(), edition], |row| {
        Ok((AudienceId::new(row.get(0)?), row.get::<_, String>(1)?))
    })?;
    let mut known = Vec::new();
    for row in rows {
        let (audience, status) = row?;
        known.extend(DeliveryStatus::from_word(&status).map(|status| (audience, status)));
    }
    Ok(known)
}

/// The audience of an edition that a person's mail belongs to.
///
/// # Errors
/// When SQLite fails.
pub fn audience_of(conn: &Connection, edition: EditionId, address_key: &str) -> Result<Option<AudienceId>> {
    let id: Option<i64> = conn
        .prepare_cached(
            "SELECT a.id FROM audiences a
             JOIN deliveries d ON d.audience_id = a.id
             JOIN subscriptions s ON s.id = d.subscription_id
             JOIN subscribers p ON p.id = s.subscriber_id
             WHERE a.edition_id = ?1 AND p.address_key = ?2",
        )?
        .query_row(params![edition.get(), address_key], |row| row.get(0))
        .optional()?;
    Ok(id.map(AudienceId::new))
}
