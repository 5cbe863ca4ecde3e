//! Feeds: kept in step with the configuration, claimed for polling, listed for people.
//!
//! `fetch_state.next_fetch_at` is the schedule and the lease at once: claiming moves it forward, recording a poll sets
//! it, and a process that dies in between leaves it where the claim put it. So no restart can poll a feed faster.

mod listing;
mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

pub use listing::{list, totals};
pub(super) use record::{is_quiet, is_still, record_quiet, record_state};

use super::Result;
use crate::model::{DueFeed, FeedHints, FeedId, FeedSpec, FeedStatus, Hub, Moved, Validators};
use crate::time::Timestamp;

/// `next_fetch_at` of a feed that is not polled.
const NEVER: i64 = i64::MAX;

/// What [`reconcile`] changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Feeds that are new in the configuration.
    pub n_added: usize,
    /// Feeds whose address changed.
    pub n_changed: usize,
    /// Feeds that are gone from the configuration.
    pub n_removed: usize,
}

/// Brings the rows in step with the configuration. New feeds are due at once, or evenly within `spread`. A feed whose
/// address changed forgets its validators and everything learned about the old address. A feed that is gone from the
/// configuration is marked, never deleted, so that ids and history stay.
///
/// # Errors
/// When SQLite fails.
pub fn reconcile(tx: &Transaction<'_>, specs: &[FeedSpec], now: Timestamp, spread: Duration) -> Result<Reconciled> {
    let mut done = Reconciled::default();
    let mut rows: BTreeMap<String, Known> = tx
        .prepare_cached(
            "SELECT f.key, f.id, f.url, f.status, s.effective_url FROM feeds f JOIN fetch_state s ON s.feed_id = f.id",
        )?
        .query_map([], |row| {
            let known = Known {
                id: row.get(1)?,
                url: row.get(2)?,
                status: status_from(row, 3)?,
                effective_url: row.get(4)?,
            };
            Ok((row.get(0)?, known))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let n_new = specs.iter().filter(|spec| !rows.contains_key(&spec.key)).count();
    for spec in specs {
        let wanted = if spec.paused {
            FeedStatus::Paused
        } else {
            FeedStatus::Active
        };
        match rows.remove(&spec.key) {
            None => {
                let at = now.plus(spread.mul_f64(done.n_added as f64 / n_new.max(1) as f64));
                insert(tx, spec, wanted, now, at)?;
                done.n_added += 1;
            }
            Some(known) => done.n_changed += usize::from(bring_in_step(tx, &known, spec, wanted, now)?),
        }
    }
    for known in rows.into_values() {
        if known.status != FeedStatus::Removed {
            tx.prepare_cached("UPDATE feeds SET status = 'removed' WHERE id = ?1")?
                .execute([known.id])?;
            set_due(tx, known.id, NEVER)?;
            done.n_removed += 1;
        }
    }
    Ok(done)
}

/// A feed's row before the configuration is looked at.
struct Known {
    id: i64,
    url: String,
    status: FeedStatus,
    effective_url: String,
}

/// Writes what the configuration says into a known feed's row; whether its address changed.
fn bring_in_step(
    tx: &Transaction<'_>,
    known: &Known,
    spec: &FeedSpec,
    wanted: FeedStatus,
    now: Timestamp,
) -> Result<bool> {
    let changed = known.url != spec.url;
    let kept_gone = known.status == FeedStatus::Gone && !changed && !spec.paused;
    let wanted = if kept_gone { FeedStatus::Gone } else { wanted };
    update(tx, known.id, spec, wanted)?;
    let forgot = changed && known.effective_url != spec.url;
    if forgot {
        forget(tx, known.id)?;
    } else if changed {
        // The configuration took over where the feed moved: what was learnt of that address stays true.
        tx.prepare_cached(
            "UPDATE fetch_state SET effective_url = '', moved_to = '', moved_count = 0, moved_since_at = 0
             WHERE feed_id = ?1",
        )?
        .execute([known.id])?;
    }
    if forgot || wanted != known.status {
        let due = if wanted == FeedStatus::Active {
            now.unix()
        } else {
            NEVER
        };
        set_due(tx, known.id, due)?;
    }
    Ok(changed)
}

fn insert(tx: &Transaction<'_>, spec: &FeedSpec, status: FeedStatus, now: Timestamp, due: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO feeds (key, url, name, owner, feed_group, weight, press_release, status, added_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        spec.key,
        spec.url,
        spec.name,
        spec.owner,
        spec.group,
        spec.weight,
        spec.press_release,
        status_word(status),
        now.unix()
    ])?;
    let due = if status == FeedStatus::Active {
        due.unix()
    } else {
        NEVER
    };
    tx.prepare_cached("INSERT INTO fetch_state (feed_id, next_fetch_at, next_reason) VALUES (?1, ?2, 'new feed')")?
        .execute(params![tx.last_insert_rowid(), due])?;
    Ok(())
}

fn update(tx: &Transaction<'_>, id: i64, spec: &FeedSpec, status: FeedStatus) -> Result<()> {
    tx.prepare_cached(
        "UPDATE feeds SET url = ?2, name = ?3, owner = ?4, feed_group = ?5, weight = ?6, press_release = ?7, status = ?8
         WHERE id = ?1 AND (url, name, owner, feed_group, weight, press_release, status)
                           IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        id,
        spec.url,
        spec.name,
        spec.owner,
        spec.group,
        spec.weight,
        spec.press_release,
        status_word(status)
    ])?;
    Ok(())
}

fn forget(tx: &Transaction<'_>, id: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE fetch_state SET effective_url = '', moved_to = '', moved_count = 0, moved_since_at = 0, etag = '',
                last_modified = '', body_hash = x'', last_full_at = 0, failures = 0, failing_since_at = 0,
                http_status = 0, error_kind = '', error = '', ttl_secs = 0, skip_hours = 0, skip_days = 0,
                hub = '', topic = '', next_reason = 'new address'
         WHERE feed_id = ?1",
    )?
    .execute([id])?;
    Ok(())
}

fn set_due(tx: &Transaction<'_>, id: i64, at: i64) -> Result<()> {
    tx.prepare_cached("UPDATE fetch_state SET next_fetch_at = ?2 WHERE feed_id = ?1")?
        .execute(params![id, at])?;
    Ok(())
}

/// Every due feed is looked at by its time, longest due first, without a sort.
const DUE: &str = "SELECT s.feed_id, f.key, f.url, s.effective_url
     FROM fetch_state s JOIN feeds f ON f.id = s.feed_id
     WHERE s.next_fetch_at <= ?1 AND f.status = 'active'
     ORDER BY s.next_fetch_at, s.feed_id";
const NEXT_DUE: &str = "SELECT min(next_fetch_at) FROM fetch_state WHERE next_fetch_at > ?1 AND next_fetch_at < ?2";
const CLAIM_ONE: &str = "UPDATE fetch_state SET next_fetch_at = ?2, next_reason = 'poll under way' WHERE feed_id = ?1
     RETURNING effective_url, etag, last_modified, body_hash, failures, last_success_at, last_full_at, recent,
               failing_since_at, moved_to, moved_count, moved_since_at, ttl_secs, skip_hours, skip_days, hub, topic,
               EXISTS(SELECT 1 FROM websub w
                      WHERE w.feed_id = ?1 AND w.status = 'active' AND w.lease_until_at > ?3)";

/// What [`claim_due`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claim {
    /// Feeds to poll now; each is leased.
    pub feeds: Vec<DueFeed>,
    /// Due feeds whose host was busy.
    pub n_held: usize,
    /// When the next feed comes due, as far as it is not due already.
    pub next_at: Option<Timestamp>,
}

/// Whether a due feed may be claimed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Yes.
    Now,
    /// Its host is busy; it stays due.
    Busy,
    /// Its host asked us to wait; it comes due then.
    Wait(Timestamp),
}

/// Claims up to `limit` due feeds, longest due first. `spec_of` gives a feed's configuration by its key; `accept` is asked with each one's address; `lease` says when a
/// claimed feed is due again should this process die before it records.
///
/// # Errors
/// When SQLite fails.
pub fn claim_due<'a>(
    tx: &Transaction<'_>,
    spec_of: impl Fn(&str) -> Option<&'a Arc<FeedSpec>>,
    now: Timestamp,
    limit: usize,
    mut accept: impl FnMut(&str) -> Accept,
    lease: impl Fn(&FeedSpec) -> Duration,
) -> Result<Claim> {
    let mut claim = Claim::default();
    let (mut chosen, mut waiting) = (Vec::new(), Vec::new());
    {
        let mut due = tx.prepare_cached(DUE)?;
        let mut rows = due.query([now.unix()])?;
        while let Some(row) = rows.next()? {
            if chosen.len() >= limit {
                break;
            }
            let key: String = row.get(1)?;
            let (url, effective): (String, String) = (row.get(2)?, row.get(3)?);
            // Where the two differ, the configuration was read anew and the rows follow in a moment.
            let Some(spec) = spec_of(&key).filter(|spec| spec.url == url) else {
                continue;
            };
            let id = row.get(0)?;
            match accept(if effective.is_empty() { &url } else { &effective }) {
                Accept::Now => chosen.push((FeedId::new(id), spec)),
                Accept::Busy => claim.n_held += 1,
                Accept::Wait(until) => waiting.push((id, until)),
            }
        }
    }
    for (id, until) in waiting {
        tx.prepare_cached(
            "UPDATE fetch_state SET next_fetch_at = ?2, next_reason = 'its host asked us to wait' WHERE feed_id = ?1",
        )?
        .execute(params![id, until.unix()])?;
    }
    for (id, spec) in chosen {
        claim.feeds.extend(claim_one(tx, id, spec, now, now.plus(lease(spec)))?);
    }
    claim.next_at = next_due(tx, now)?;
    Ok(claim)
}

/// When the next feed comes due after `now`; `None` when none will.
///
/// # Errors
/// When SQLite fails.
pub fn next_due(conn: &Connection, now: Timestamp) -> Result<Option<Timestamp>> {
    let at: Option<i64> = conn
        .prepare_cached(NEXT_DUE)?
        .query_row([now.unix(), NEVER], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_unix))
}

/// What [`AHEAD`] and [`put_right`] call a time that no poll can have had.
const CLOCK_SLACK_SECS: i64 = 300;
const AHEAD: &str = "(last_fetch_at > ?1 OR (next_fetch_at > ?2 AND next_fetch_at < ?3))";

/// Whether feeds were polled, or put off beyond `farthest`, while the clock stood in the future.
///
/// # Errors
/// When SQLite fails.
pub fn any_ahead(conn: &Connection, now: Timestamp, farthest: Timestamp) -> Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM fetch_state WHERE {AHEAD})");
    let later = now.unix().saturating_add(CLOCK_SLACK_SECS);
    let found = conn
        .prepare_cached(&sql)?
        .query_row([later, farthest.unix(), NEVER], |row| row.get(0))?;
    Ok(found)
}

/// Puts right what a clock in the future wrote: such a feed waits from now on for as long as it was to wait then, and
/// one that was only claimed is due. Returns how many there were.
///
/// # Errors
/// When SQLite fails.
pub fn put_right(tx: &Transaction<'_>, now: Timestamp, farthest: Timestamp) -> Result<usize> {
    let later = now.unix().saturating_add(CLOCK_SLACK_SECS);
    let sql = format!(
        "UPDATE fetch_state SET
           next_fetch_at = CASE WHEN next_fetch_at = ?3 THEN ?3
                                WHEN last_fetch_at > ?1 AND next_fetch_at >= last_fetch_at
                                THEN min(?4 + next_fetch_at - last_fetch_at, ?2)
                                ELSE ?4 END,
           last_fetch_at = min(last_fetch_at, ?4), next_reason = 'the clock was put right'
         WHERE {AHEAD}"
    );
    let n = tx
        .prepare_cached(&sql)?
        .execute(params![later, farthest.unix(), NEVER, now.unix()])?;
    tx.prepare_cached("DELETE FROM host_pauses WHERE until_at > ?1")?
        .execute([farthest.unix()])?;
    Ok(n)
}

/// Gives claimed feeds back that were not asked; they are due at once.
///
/// # Errors
/// When SQLite fails.
pub fn release(tx: &Transaction<'_>, feeds: &[FeedId], now: Timestamp) -> Result<()> {
    let mut statement =
        tx.prepare_cached("UPDATE fetch_state SET next_fetch_at = ?2, next_reason = 'due' WHERE feed_id = ?1")?;
    for id in feeds {
        statement.execute([id.get(), now.unix()])?;
    }
    Ok(())
}

/// The feeds with these keys as they would be claimed, due or not; leased like claimed ones. Unknown keys are left out.
///
/// # Errors
/// When SQLite fails.
pub fn claim_keys(
    tx: &Transaction<'_>,
    specs: &[Arc<FeedSpec>],
    now: Timestamp,
    lease: impl Fn(&FeedSpec) -> Duration,
) -> Result<Vec<DueFeed>> {
    let mut feeds = Vec::new();
    for spec in specs {
        let id: Option<i64> = tx
            .prepare_cached("SELECT id FROM feeds WHERE key = ?1")?
            .query_row([&spec.key], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { continue };
        feeds.extend(claim_one(tx, FeedId::new(id), spec, now, now.plus(lease(spec)))?);
    }
    Ok(feeds)
}

/// Leases a feed until `until` and reads what polling it needs, in one statement: it is run for every poll.
fn claim_one(
    tx: &Transaction<'_>,
    id: FeedId,
    spec: &Arc<FeedSpec>,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<DueFeed>> {
    let mut statement = tx.prepare_cached(CLAIM_ONE)?;
    let feed = statement
        .query_row(params![id.get(), until.unix(), now.unix()], |row| {
            let effective: String = row.get(0)?;
            Ok(DueFeed {
                id,
                spec: Arc::clone(spec),
                url: if effective.is_empty() {
                    spec.url.clone()
                } else {
                    effective
                },
                validators: Validators {
                    etag: row.get(1)?,
                    last_modified: row.get(2)?,
                },
                body_hash: row.get(3)?,
                failures: row.get(4)?,
                last_success_at: ever(row.get(5)?),
                last_full_at: ever(row.get(6)?),
                recent: times_from(&row.get::<_, String>(7)?),
                failing_since: ever(row.get(8)?),
                moved: moved_from(row, 9)?,
                hints: FeedHints {
                    ttl: Duration::from_secs(u64::from(row.get::<_, u32>(12)?)),
                    skip_hours: row.get(13)?,
                    skip_days: row.get(14)?,
                },
                hub: Hub {
                    url: row.get(15)?,
                    topic: row.get(16)?,
                },
                is_pushed: row.get(17)?,
            })
        })
        .optional()?;
    Ok(feed)
}

/// Hosts that asked us to wait, and until when; those whose time has passed are forgotten.
///
/// # Errors
/// When SQLite fails.
pub fn host_pauses(tx: &Transaction<'_>, now: Timestamp) -> Result<BTreeMap<String, Timestamp>> {
    let pauses: BTreeMap<String, Timestamp> = tx
        .prepare_cached("SELECT host, until_at FROM host_pauses")?
        .query_map([], |row| Ok((row.get(0)?, Timestamp::from_unix(row.get(1)?))))?
        .collect::<rusqlite::Result<_>>()?;
    if pauses.values().any(|until| *until <= now) {
        tx.prepare_cached("DELETE FROM host_pauses WHERE until_at <= ?1")?
            .execute([now.unix()])?;
    }
    Ok(pauses.into_iter().filter(|(_, until)| *until > now).collect())
}

fn moved_from(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Moved>> {
    let to: String = row.get(at)?;
    if to.is_empty() {
        return Ok(None);
    }
    Ok(Some(Moved {
        to,
        answers: row.get(at + 1)?,
        since: Timestamp::from_unix(row.get(at + 2)?),
    }))
}

/// 0 stands for never.
fn ever(seconds: i64) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp::from_unix(seconds))
}

fn times_from(text: &str) -> Vec<Timestamp> {
    text.split(',')
        .filter_map(|word| word.parse().ok().map(Timestamp::from_unix))
        .collect()
}

const fn status_word(status: FeedStatus) -> &'static str {
    match status {
        FeedStatus::Active => "active",
        FeedStatus::Paused => "paused",
        FeedStatus::Gone => "gone",
        FeedStatus::Removed => "removed",
    }
}

fn status_from(row: &Row<'_>, at: usize) -> rusqlite::Result<FeedStatus> {
    let word: String = row.get(at)?;
    Ok(match word.as_str() {
        "active" => FeedStatus::Active,
        "paused" => FeedStatus::Paused,
        "gone" => FeedStatus::Gone,
        _ => FeedStatus::Removed,
    })
}

#[cfg(test)]
mod tests;
