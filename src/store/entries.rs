//! Entries: what a poll brings is written here in one transaction, and read by the stages after it.

mod old;

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

#[cfg(test)]
pub(super) use old::OLD_TOMBSTONES;
pub use old::{delete_old, delete_tombstones};

use super::digests::window;
use super::{Result, feeds, texts};
use crate::model::{DueFeed, Entry, EntryId, FeedId, IdentityKind, NewEntry, PollCounts, PollOutcome, PollRecord};
use crate::time::Timestamp;

/// A page with a clock in it must not churn: past this number of changes an entry's text stays as it is.
const REVISIONS_MAX: u32 = 20;
/// An article that is dated so long ago joins no story any more.
const OLD_NEWS: Duration = Duration::from_hours(72);
/// A tombstone that is still listed by its feed is renewed this often.
const TOMBSTONE_RENEW_SECS: i64 = 30 * 86_400;

/// `SELECT` of every column [`entry_from_row`] wants, to be followed by `WHERE`, `JOIN` and the rest as literals.
/// The entry is `e`, its feed `f`.
macro_rules! select_entry {
    ($($rest:literal),* $(,)?) => {
        concat!(
            "SELECT e.id, e.feed_id, f.key, e.url, e.title, e.summary, e.author, e.language, e.publisher,
                    e.published_at, e.first_seen_at, e.dated_at, e.revision, e.history,
                    f.name, f.title, f.owner, f.weight, f.press_release
             FROM entries e JOIN feeds f ON f.id = e.feed_id ",
            $($rest),*
        )
    };
}
pub(super) use select_entry;

/// Reads a row of `select_entry!`.
pub(super) fn entry_from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let feed_key: String = row.get(2)?;
    let publisher: String = row.get(8)?;
    let (name, title, owner): (String, String, String) = (row.get(14)?, row.get(15)?, row.get(16)?);
    let outlet = first_filled([name.as_str(), title.as_str(), feed_key.as_str()]);
    // What an aggregator carries belongs to the publisher it names, not to the aggregator.
    let (source, owner) = if publisher.is_empty() {
        (outlet.to_owned(), first_filled([owner.as_str(), outlet]).to_owned())
    } else {
        (publisher.clone(), publisher)
    };
    Ok(Entry {
        id: EntryId::new(row.get(0)?),
        feed_id: FeedId::new(row.get(1)?),
        feed_key,
        url: row.get(3)?,
        title: row.get(4)?,
        summary: row.get(5)?,
        author: row.get(6)?,
        language: row.get(7)?,
        source,
        owner,
        weight: row.get(17)?,
        press_release: row.get(18)?,
        published_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_unix),
        first_seen_at: Timestamp::from_unix(row.get(10)?),
        dated_at: Timestamp::from_unix(row.get(11)?),
        revision: row.get(12)?,
        history: row.get(13)?,
    })
}

/// `limit` as SQLite counts.
fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn first_filled<const N: usize>(candidates: [&str; N]) -> &str {
    candidates.into_iter().find(|text| !text.is_empty()).unwrap_or("")
}

/// The versions of older rules that entries still have. The recursive part walks the few distinct versions on the index
/// instead of the rows.
const OLD_VERSIONS: &str = "WITH RECURSIVE v(version) AS (
         SELECT min(rules_version) FROM entries
         UNION ALL
         SELECT (SELECT min(n.rules_version) FROM entries n WHERE n.rules_version > v.version)
         FROM v WHERE v.version IS NOT NULL)
     SELECT version FROM v WHERE version < ?1 ORDER BY version";
/// In the order of the index, so that a batch costs what it brings: an upgrade with ten million entries takes thousands.
const UNGROUPED: &str = select_entry!(
    "WHERE e.rules_version = ?1 AND e.dated_at >= ?2
       AND NOT EXISTS (SELECT 1 FROM entry_texts t
                       WHERE t.entry_id = e.id AND t.status = 'waiting' AND e.first_seen_at > ?4)
     ORDER BY e.dated_at, e.id
     LIMIT ?3"
);

/// Entries that the tag and cluster rules of this version have not seen, oldest first: new ones, those whose headline
/// changed, and after an upgrade those that older rules saw, as far as they are dated at `since` or later. What was first
/// seen after `text_until` and still waits for the text of its page is left for later.
///
/// # Errors
/// When SQLite fails.
pub fn ungrouped(
    conn: &Connection,
    rules_version: u32,
    since: Timestamp,
    text_until: Timestamp,
    limit: usize,
) -> Result<Vec<Entry>> {
    let mut old_versions = conn.prepare_cached(OLD_VERSIONS)?;
    let versions: Vec<u32> = old_versions
        .query_map([rules_version], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = conn.prepare_cached(UNGROUPED)?;
    let mut entries = Vec::new();
    for version in versions {
        // Version 0 has been seen by no rules.
        let since = if version == 0 { i64::MIN } else { since.unix() };
        let rows = statement.query_map(
            params![version, since, rows_max(limit), text_until.unix()],
            entry_from_row,
        )?;
        for entry in rows {
            entries.push(entry?);
        }
    }
    entries.sort_by_key(|entry| (entry.dated_at, entry.id));
    entries.truncate(limit);
    Ok(entries)
}

/// One entry.
///
/// # Errors
/// When SQLite fails.
pub fn find(conn: &Connection, id: EntryId) -> Result<Option<Entry>> {
    let mut statement = conn.prepare_cached(select_entry!("WHERE e.id = ?1"))?;
    Ok(statement.query_row([id.get()], entry_from_row).optional()?)
}

/// The newest entries of a feed.
///
/// # Errors
/// When SQLite fails.
pub fn newest(conn: &Connection, feed: FeedId, limit: usize) -> Result<Vec<Entry>> {
    let mut statement = conn.prepare_cached(select_entry!(
        "WHERE e.feed_id = ?1 ORDER BY e.dated_at DESC, e.id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![feed.get(), rows_max(limit)], entry_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Categories the feed gave to these entries.
///
/// # Errors
/// When SQLite fails.
pub fn categories(conn: &Connection, ids: &[EntryId]) -> Result<BTreeMap<EntryId, Vec<String>>> {
    let mut statement = conn.prepare_cached("SELECT categories FROM entries WHERE id = ?1")?;
    let mut found = BTreeMap::new();
    for id in ids {
        let text: Option<String> = statement.query_row([id.get()], |row| row.get(0)).optional()?;
        found.insert(*id, text.unwrap_or_default().lines().map(str::to_owned).collect());
    }
    Ok(found)
}

/// Writes at `now` everything one poll came to: new entries, revisions, validators, the next time, the failure.
///
/// Validators go in the same transaction as the entries, so a crash in between can never lose an entry to a 304. What
/// came from an address that was changed in the configuration meanwhile is dropped.
///
/// # Errors
/// When SQLite fails; then nothing of this poll may be committed.
pub fn record_poll(tx: &Transaction<'_>, feed: &DueFeed, record: &PollRecord, now: Timestamp) -> Result<PollCounts> {
    if feeds::is_quiet(feed, record) {
        feeds::record_quiet(tx, feed, record)?;
        return Ok(PollCounts::default());
    }
    if !feeds::is_still(tx, feed)? {
        return Ok(PollCounts::default());
    }
    let counts = match record.outcome {
        PollOutcome::Read => write_entries(tx, feed, record, now)?,
        PollOutcome::NotModified | PollOutcome::Same | PollOutcome::Failed(_) => PollCounts::default(),
    };
    feeds::record_state(tx, feed, record, counts)?;
    Ok(counts)
}

const HAS_ANY: &str = "SELECT EXISTS(SELECT 1 FROM entries WHERE feed_id = ?1),
            EXISTS(SELECT 1 FROM entry_tombstones WHERE feed_id = ?1)";
const KNOWN: &str =
    "SELECT id, content_hash = ?3, revision, title = ?4 FROM entries WHERE feed_id = ?1 AND identity = ?2";
const RENAMED: &str = "SELECT id FROM entries WHERE url = ?2 AND url <> '' AND feed_id = ?1 AND title = ?3 LIMIT 1";
const BURIED: &str = "SELECT deleted_at FROM entry_tombstones WHERE feed_id = ?1 AND identity = ?2";

fn write_entries(tx: &Transaction<'_>, feed: &DueFeed, record: &PollRecord, now: Timestamp) -> Result<PollCounts> {
    let mut counts = PollCounts::default();
    // A new feed has nothing to compare with, and most feeds have no tombstones: two questions instead of 60.
    let (any_known, any_dead): (bool, bool) = tx
        .prepare_cached(HAS_ANY)?
        .query_row([feed.id.get()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let seen_at = window::seen_at(tx, record.at, now)?;
    for entry in &record.entries {
        if any_known && known(tx, feed.id, entry, &mut counts)? {
            continue;
        }
        if any_dead && buried(tx, feed.id, entry, record.at)? {
            counts.n_known += 1;
            continue;
        }
        let history = entry.history || is_old_news(tx, feed.id, entry, now)?;
        if insert(tx, feed.id, entry, history, seen_at)? {
            if history {
                counts.n_history += 1;
            } else {
                counts.n_new += 1;
                if feed.spec.full_text && !entry.url.is_empty() {
                    texts::want(tx, tx.last_insert_rowid(), record.at)?;
                }
            }
        } else {
            counts.n_known += 1;
        }
    }
    Ok(counts)
}

/// Handles an entry that is stored already; `false` when it is not.
fn known(tx: &Transaction<'_>, feed: FeedId, entry: &NewEntry, counts: &mut PollCounts) -> Result<bool> {
    let same = tx
        .prepare_cached(KNOWN)?
        .query_row(
            params![feed.get(), entry.identity, entry.content_hash, entry.title],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, bool>(1)?,
                    row.get::<_, u32>(2)?,
                    row.get::<_, bool>(3)?,
                ))
            },
        )
        .optional()?;
    let Some((id, unchanged, revision, same_title)) = same else {
        return renamed(tx, feed, entry, counts);
    };
    if unchanged || revision >= REVISIONS_MAX {
        counts.n_known += 1;
        return Ok(true);
    }
    // A new headline is tagged and placed anew; a new summary alone is not worth it.
    tx.prepare_cached(
        "UPDATE entries SET title = ?2, summary = ?3, url = ?4, content_hash = ?5, revision = revision + 1,
                rules_version = CASE WHEN ?6 THEN rules_version ELSE 0 END
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        entry.title,
        entry.summary,
        entry.url,
        entry.content_hash,
        same_title
    ])?;
    counts.n_revised += 1;
    Ok(true)
}

/// A feed whose ids churn (a new system, a new host name in the guid): same link and same headline is the same entry.
fn renamed(tx: &Transaction<'_>, feed: FeedId, entry: &NewEntry, counts: &mut PollCounts) -> Result<bool> {
    if entry.url.is_empty() {
        return Ok(false);
    }
    let id: Option<i64> = tx
        .prepare_cached(RENAMED)?
        .query_row(params![feed.get(), entry.url, entry.title], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    tx.prepare_cached("UPDATE entries SET identity = ?2, identity_kind = ?3 WHERE id = ?1")?
        .execute(params![id, entry.identity, kind_word(entry.identity_kind)])?;
    counts.n_known += 1;
    Ok(true)
}

fn buried(tx: &Transaction<'_>, feed: FeedId, entry: &NewEntry, now: Timestamp) -> Result<bool> {
    let deleted_at: Option<i64> = tx
        .prepare_cached(BURIED)?
        .query_row(params![feed.get(), entry.identity], |row| row.get(0))
        .optional()?;
    let Some(deleted_at) = deleted_at else { return Ok(false) };
    if deleted_at < now.unix().saturating_sub(TOMBSTONE_RENEW_SECS) {
        tx.prepare_cached("UPDATE entry_tombstones SET deleted_at = ?3 WHERE feed_id = ?1 AND identity = ?2")?
            .execute(params![feed.get(), entry.identity, now.unix()])?;
    }
    Ok(true)
}

/// An article of days ago that another feed brought as news then ("most read" lists, a feed that failed for a week): its
/// story is over for the engine, and would be told as a new one.
fn is_old_news(tx: &Transaction<'_>, feed: FeedId, entry: &NewEntry, now: Timestamp) -> Result<bool> {
    if entry.url.is_empty() || now.since(entry.dated_at) < OLD_NEWS {
        return Ok(false);
    }
    let known = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries
                            WHERE url = ?1 AND url <> '' AND title = ?2 AND feed_id <> ?3 AND history = 0
                              AND first_seen_at < ?4)",
        )?
        .query_row(
            params![entry.url, entry.title, feed.get(), now.minus(OLD_NEWS).unix()],
            |row| row.get(0),
        )?;
    Ok(known)
}

fn insert(tx: &Transaction<'_>, feed: FeedId, entry: &NewEntry, history: bool, seen_at: Timestamp) -> Result<bool> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO entries (feed_id, identity, identity_kind, url, title, summary, author, language, publisher,
                                  categories, published_at, first_seen_at, dated_at, content_hash, history)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (feed_id, identity) DO NOTHING",
        )?
        .execute(params![
            feed.get(),
            entry.identity,
            kind_word(entry.identity_kind),
            entry.url,
            entry.title,
            entry.summary,
            entry.author,
            entry.language,
            entry.publisher,
            entry.categories.join("\n"),
            entry.published_at.map(Timestamp::unix),
            seen_at.unix(),
            entry.dated_at.unix(),
            entry.content_hash,
            history,
        ])?;
    Ok(inserted > 0)
}

const fn kind_word(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Guid => "guid",
        IdentityKind::Link => "link",
        IdentityKind::Text => "text",
    }
}

#[cfg(test)]
mod tests;
