//! What composing reads: stories with their entries, volumes, coverage.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::at;
use crate::model::{Entry, EntryId, Mark, Mention, MentionPlace, PlacementReason, StoryId, ThemeTag};
use crate::store::entries::{entry_from_row, select_entry};
use crate::store::{Result, stories};
use crate::time::Timestamp;

/// Entries of one story that are looked at.
const ENTRIES_MAX: u32 = 500;
/// Near stories that are looked at.
const NEAR_MAX: usize = 8;

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
    /// Stories that came near without being the same, the nearest first.
    pub near: Vec<NearStory>,
}

/// A story that is possibly related to another, and never folded into it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearStory {
    /// Its id.
    pub id: StoryId,
    /// How near, 0 to 1.
    pub closeness: f32,
    /// Its first report.
    pub first_at: Timestamp,
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
        found.extend(with_news(conn, (id, lead), from, to, feeds)?);
    }
    Ok(found)
}

/// One story as [`candidates`] would give it; `None` when it has no news in the window.
///
/// # Errors
/// When SQLite fails.
pub fn candidate(
    conn: &Connection,
    story: StoryId,
    from: Timestamp,
    to: Timestamp,
    feeds: Option<&BTreeSet<String>>,
) -> Result<Option<Candidate>> {
    let lead = conn
        .prepare_cached("SELECT lead_entry_id FROM stories WHERE id = ?1")?
        .query_row([story.get()], |row| Ok(EntryId::new(row.get(0)?)))
        .optional()?;
    let found = lead.map(|lead| with_news(conn, (story, lead), from, to, feeds));
    Ok(found.transpose()?.flatten())
}

fn with_news(
    conn: &Connection,
    (id, lead): (StoryId, EntryId),
    from: Timestamp,
    to: Timestamp,
    feeds: Option<&BTreeSet<String>>,
) -> Result<Option<Candidate>> {
    let mut entries = story_entries(conn, id, lead, to)?;
    if let Some(feeds) = feeds {
        entries.retain(|item| feeds.contains(&item.entry.feed_key));
    }
    let news = |item: &CandidateEntry| !item.entry.history && item.entry.first_seen_at > from;
    if !entries.iter().any(news) {
        return Ok(None);
    }
    let mut near = Vec::new();
    for (other, closeness) in stories::related(conn, id, to, NEAR_MAX)? {
        let first_at = conn
            .prepare_cached("SELECT first_at FROM stories WHERE id = ?1")?
            .query_row([other.get()], |row| row.get(0))?;
        near.push(NearStory {
            id: other,
            closeness,
            first_at: at(first_at),
        });
    }
    Ok(Some(Candidate {
        id,
        lead,
        entries,
        near,
    }))
}

/// The lead and the newest entries of a story, oldest first: of a story that has grown very large the news count.
fn story_entries(conn: &Connection, story: StoryId, lead: EntryId, to: Timestamp) -> Result<Vec<CandidateEntry>> {
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
         ORDER BY e.id = ?3 DESC, e.dated_at DESC, e.id DESC
         LIMIT ?4"
    ))?;
    let entries = statement.query_map(params![story.get(), to.unix(), lead.get(), ENTRIES_MAX], entry_from_row)?;
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
    out.sort_by_key(|item| (item.entry.dated_at, item.entry.id));
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
