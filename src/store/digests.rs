//! What composing reads, and editions with their audiences and deliveries as they are recorded.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::entries::{entry_from_row, select_entry};
use super::{Result, StoreError};
use crate::model::{
    AudienceId, Choices, DeliveryStatus, Edition, EditionId, Entry, EntryId, Layout, Mark, Mention, MentionPlace,
    PlacementReason, Slot, StoryId, SubscriptionId, ThemeTag,
};
use crate::time::Timestamp;

/// One entry of a story that may be composed.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateEntry {
    /// The entry.
    pub entry: Entry,
    /// Why it is in its story.
    pub reason: PlacementReason,
    /// The entry it reprints or resembles most.
    pub like: Option<EntryId>,
    /// What kind of item it is.
    pub marks: Vec<Mark>,
    /// Companies found in it.
    pub mentions: Vec<Mention>,
    /// Its themes.
    pub themes: Vec<ThemeTag>,
}

/// A story that may be composed, with every entry it had by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: StoryId,
    /// The entry whose headline stands for it.
    pub lead: EntryId,
    /// Its entries, oldest first.
    pub entries: Vec<CandidateEntry>,
}

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

/// What an audience of an earlier edition was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAudience {
    /// Schedule of its edition.
    pub schedule: String,
    /// Lower end of its window.
    pub since: Timestamp,
    /// Upper end.
    pub until: Timestamp,
    /// Stories.
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

/// An audience as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Its edition.
    pub edition: EditionId,
    /// What its readers chose.
    pub choices: Choices,
    /// What they are shown.
    pub layout: Layout,
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

/// The last slot of a schedule that was recorded.
///
/// # Errors
/// When SQLite fails.
pub fn last_slot(conn: &Connection, digest: &str, schedule: &str) -> Result<Option<LastSlot>> {
    let mut statement = conn.prepare_cached(
        "SELECT due_at, window_to FROM editions
         WHERE digest_key = ?1 AND schedule = ?2
         ORDER BY due_at DESC LIMIT 1",
    )?;
    let row = statement.query_row([digest, schedule], |row| {
        Ok(LastSlot {
            due_at: at(row.get(0)?),
            window_to: at(row.get(1)?),
        })
    });
    Ok(row.optional()?)
}

/// The instant from which a schedule without a recorded slot counts: the first feed of this installation, or, for a
/// schedule of readers, the first of them. `None` before there is one.
///
/// # Errors
/// When SQLite fails.
pub fn counts_from(conn: &Connection, digest: &str, schedule: &str) -> Result<Option<Timestamp>> {
    let first: Option<i64> = if schedule.is_empty() {
        conn.prepare_cached("SELECT min(added_at) FROM feeds")?
            .query_row([], |row| row.get(0))?
    } else {
        conn.prepare_cached(
            "SELECT min(confirmed_at) FROM subscriptions
             WHERE status = 'active' AND digest_key = ?1 AND schedule = ?2",
        )?
        .query_row([digest, schedule], |row| row.get(0))?
    };
    Ok(first.map(at))
}

/// Whether entries seen by `due` wait for their story.
///
/// # Errors
/// When SQLite fails.
pub fn entries_wait(conn: &Connection, due: Timestamp) -> Result<bool> {
    const LOOK_BACK_SECS: i64 = 2 * 86_400;
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (
           SELECT 1 FROM entries e
           WHERE e.rules_version = 0 AND e.dated_at > ?2 AND e.first_seen_at <= ?1 AND e.history = 0
             AND NOT EXISTS (SELECT 1 FROM story_entries se WHERE se.entry_id = e.id))",
    )?;
    Ok(statement.query_row([due.unix(), due.unix() - LOOK_BACK_SECS], |row| row.get(0))?)
}

/// Stories with at least one entry that is news and came in after `from`, up to `to`, with all entries they had by then,
/// from the feeds given (`None`: all).
///
/// # Errors
/// When SQLite fails.
pub fn candidates(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
    feeds: Option<&BTreeSet<String>>,
) -> Result<Vec<Candidate>> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT s.id, s.lead_entry_id
         FROM entries e
         JOIN story_entries se ON se.entry_id = e.id
         JOIN stories s ON s.id = se.story_id
         WHERE e.first_seen_at > ?1 AND e.first_seen_at <= ?2 AND e.history = 0
         ORDER BY s.id",
    )?;
    let rows = statement.query_map([from.unix(), to.unix()], |row| {
        Ok((StoryId::new(row.get(0)?), EntryId::new(row.get(1)?)))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (id, lead) = row?;
        let mut entries = story_entries(conn, id, to)?;
        if let Some(feeds) = feeds {
            entries.retain(|item| feeds.contains(&item.entry.feed_key));
        }
        let news = |item: &CandidateEntry| !item.entry.history && item.entry.first_seen_at > from;
        if entries.iter().any(news) {
            found.push(Candidate { id, lead, entries });
        }
    }
    Ok(found)
}

fn story_entries(conn: &Connection, story: StoryId, to: Timestamp) -> Result<Vec<CandidateEntry>> {
    let mut placed: BTreeMap<i64, (PlacementReason, Option<EntryId>, Vec<Mark>)> = BTreeMap::new();
    let mut statement =
        conn.prepare_cached("SELECT entry_id, reason, like_entry, marks FROM story_entries WHERE story_id = ?1")?;
    let mut rows = statement.query([story.get()])?;
    while let Some(row) = rows.next()? {
        let (reason, marks): (String, String) = (row.get(1)?, row.get(3)?);
        let like = row.get::<_, Option<i64>>(2)?.map(EntryId::new);
        let marks = marks
            .split(',')
            .filter(|mark| !mark.is_empty())
            .filter_map(word)
            .collect();
        placed.insert(
            row.get(0)?,
            (word(&reason).unwrap_or(PlacementReason::Similar), like, marks),
        );
    }
    let mut statement = conn.prepare_cached(select_entry!(
        "JOIN story_entries se ON se.entry_id = e.id
         WHERE se.story_id = ?1 AND e.first_seen_at <= ?2
         ORDER BY e.dated_at, e.id
         LIMIT 500"
    ))?;
    let entries = statement.query_map([story.get(), to.unix()], entry_from_row)?;
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some((reason, like, marks)) = placed.remove(&entry.id.get()) else {
            continue;
        };
        let (mentions, themes) = (mentions(conn, entry.id)?, themes(conn, entry.id)?);
        out.push(CandidateEntry {
            entry,
            reason,
            like,
            marks,
            mentions,
            themes,
        });
    }
    Ok(out)
}

/// Reads a word that serde writes as a string (`live_blog`).
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.trim().to_owned())).ok()
}

fn mentions(conn: &Connection, entry: EntryId) -> Result<Vec<Mention>> {
    let mut statement = conn.prepare_cached(
        "SELECT company, name, ticker, surface, place, score, about, unlisted, reason FROM mentions
         WHERE entry_id = ?1 ORDER BY company",
    )?;
    let rows = statement.query_map([entry.get()], |row| {
        Ok(Mention {
            company: row.get(0)?,
            name: row.get(1)?,
            ticker: row.get(2)?,
            surface: row.get(3)?,
            place: word(&row.get::<_, String>(4)?).unwrap_or(MentionPlace::Summary),
            score: row.get(5)?,
            about: row.get(6)?,
            unlisted: row.get(7)?,
            reason: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn themes(conn: &Connection, entry: EntryId) -> Result<Vec<ThemeTag>> {
    let mut statement =
        conn.prepare_cached("SELECT theme, score, reason FROM entry_themes WHERE entry_id = ?1 ORDER BY theme")?;
    let rows = statement.query_map([entry.get()], |row| {
        Ok(ThemeTag {
            theme: row.get(0)?,
            score: row.get(1)?,
            reason: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Names of themes by slug, and whether each is an event kind.
///
/// # Errors
/// When SQLite fails.
pub fn theme_names(conn: &Connection) -> Result<BTreeMap<String, (String, bool)>> {
    let mut statement = conn.prepare_cached("SELECT slug, name, event FROM themes")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Articles a day on a company over the days before `until`, oldest first, with its name and ticker as last found;
/// `None` when it was never found.
///
/// # Errors
/// When SQLite fails.
pub fn company_days(
    conn: &Connection,
    slug: &str,
    until: Timestamp,
    n_days: usize,
) -> Result<Option<(String, String, Vec<u32>)>> {
    const DAY_SECS: i64 = 86_400;
    let mut statement =
        conn.prepare_cached("SELECT name, ticker FROM mentions WHERE company = ?1 ORDER BY entry_id DESC LIMIT 1")?;
    let known = statement
        .query_row([slug], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((name, ticker)) = known else { return Ok(None) };
    let span = i64::try_from(n_days).unwrap_or(0).saturating_mul(DAY_SECS);
    let mut statement = conn.prepare_cached(
        "SELECT (?2 - e.dated_at) / ?4, count(DISTINCT e.url)
         FROM mentions m JOIN entries e ON e.id = m.entry_id
         WHERE m.company = ?1 AND m.about = 1
           AND e.dated_at > ?2 - ?3 AND e.dated_at <= ?2 AND e.first_seen_at <= ?2
         GROUP BY 1",
    )?;
    let mut days = vec![0; n_days];
    let mut rows = statement.query(params![slug, until.unix(), span, DAY_SECS])?;
    while let Some(row) = rows.next()? {
        let back: usize = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
        if let Some(day) = n_days.checked_sub(back + 1).and_then(|at| days.get_mut(at)) {
            *day = row.get(1)?;
        }
    }
    Ok(Some((name, ticker, days)))
}

/// When the first entry was seen: how long this installation has been reading.
///
/// # Errors
/// When SQLite fails.
pub fn reading_since(conn: &Connection) -> Result<Option<Timestamp>> {
    let first: Option<i64> = conn
        .prepare_cached("SELECT min(first_seen_at) FROM entries")?
        .query_row([], |row| row.get(0))?;
    Ok(first.map(at))
}

/// Entries that are news and came in within a window, by feed key.
///
/// # Errors
/// When SQLite fails.
pub fn articles_by_feed(conn: &Connection, from: Timestamp, to: Timestamp) -> Result<BTreeMap<String, u32>> {
    let mut statement = conn.prepare_cached(
        "SELECT f.key, count(*) FROM entries e JOIN feeds f ON f.id = e.feed_id
         WHERE e.first_seen_at > ?1 AND e.first_seen_at <= ?2 AND e.history = 0
         GROUP BY f.key",
    )?;
    let rows = statement.query_map([from.unix(), to.unix()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A feed as coverage sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    /// Its key.
    pub key: String,
    /// The outlet as readers see it.
    pub outlet: String,
    /// Since when it cannot be read; `None` when it can.
    pub failing_since: Option<Timestamp>,
    /// Failure kind (`dns`, `http`) and status, 0 when none.
    pub error: (String, u16),
}

/// Every active feed and how it does.
///
/// # Errors
/// When SQLite fails.
pub fn feed_health(conn: &Connection) -> Result<Vec<FeedHealth>> {
    let mut statement = conn.prepare_cached(
        "SELECT f.key, coalesce(nullif(f.name, ''), nullif(f.title, ''), f.key),
                coalesce(s.failing_since_at, 0), coalesce(s.error_kind, ''), coalesce(s.http_status, 0)
         FROM feeds f LEFT JOIN fetch_state s ON s.feed_id = f.id
         WHERE f.status IN ('active', 'gone')
         ORDER BY f.key",
    )?;
    let rows = statement.query_map([], |row| {
        let since: i64 = row.get(2)?;
        Ok(FeedHealth {
            key: row.get(0)?,
            outlet: row.get(1)?,
            failing_since: (since > 0).then(|| at(since)),
            error: (row.get(3)?, row.get(4)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes back what still waits of earlier editions of a schedule: the edition being made tells their stories. Says how
/// many deliveries it were.
///
/// # Errors
/// When SQLite fails.
pub fn supersede(tx: &Transaction<'_>, slot: &Slot, now: Timestamp) -> Result<usize> {
    let n = tx
        .prepare_cached(
            "UPDATE deliveries SET status = 'superseded', final_at = ?4
             WHERE status = 'queued' AND audience_id IN (
               SELECT a.id FROM audiences a JOIN editions e ON e.id = a.edition_id
               WHERE e.digest_key = ?1 AND e.schedule = ?2 AND e.due_at < ?3)",
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
        let mut of = conn.prepare_cached("SELECT story_id FROM audience_stories WHERE audience_id = ?1")?;
        let stories = of.query_map([id], |row| Ok(StoryId::new(row.get(0)?)))?;
        let stories = stories.collect::<rusqlite::Result<_>>()?;
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

/// The next readers of a schedule after `after`, by row: confirmed by `by`, not paused at `by`, with their deliveries of
/// this digest since `history`, but for those of the edition being queued.
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
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let mut past = conn.prepare_cached(
        "SELECT d.audience_id, d.status FROM deliveries d JOIN audiences a ON a.id = d.audience_id
         WHERE d.audience_id IS NOT NULL AND d.subscription_id = ?1 AND d.queued_at >= ?2 AND a.edition_id <> ?3
         ORDER BY d.queued_at DESC, d.id DESC",
    )?;
    let mut out = Vec::new();
    for row in rows {
        let (id, choices) = row?;
        let edition = ask.edition.map_or(0, EditionId::get);
        let deliveries = past.query_map(params![id, ask.history.unix(), edition], |row| {
            Ok((AudienceId::new(row.get(0)?), row.get::<_, String>(1)?))
        })?;
        let mut known = Vec::new();
        for delivery in deliveries {
            let (audience, status) = delivery?;
            known.extend(DeliveryStatus::from_word(&status).map(|status| (audience, status)));
        }
        out.push(ReaderRow {
            subscription: SubscriptionId::new(id),
            choices,
            past: known,
        });
    }
    Ok(out)
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

/// A recorded audience.
///
/// # Errors
/// When SQLite fails, or it cannot be read back.
pub fn find_audience(conn: &Connection, id: AudienceId) -> Result<Option<Audience>> {
    let row = conn
        .prepare_cached("SELECT edition_id, choices, layout FROM audiences WHERE id = ?1")?
        .query_row([id.get()], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    row.map(|(edition, choices, layout)| {
        Ok(Audience {
            edition: EditionId::new(edition),
            choices: serde_json::from_str(&choices).map_err(|e| bad_json("an audience's choices", &e))?,
            layout: serde_json::from_str(&layout).map_err(|e| bad_json("a layout", &e))?,
        })
    })
    .transpose()
}

/// A recorded edition.
///
/// # Errors
/// When SQLite fails, or it cannot be read back.
pub fn find_edition(conn: &Connection, id: EditionId) -> Result<Option<Edition>> {
    let content: Option<String> = conn
        .prepare_cached("SELECT content FROM editions WHERE id = ?1")?
        .query_row([id.get()], |row| row.get(0))
        .optional()?;
    content
        .map(|text| serde_json::from_str(&text).map_err(|e| bad_json("an edition", &e)))
        .transpose()
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
