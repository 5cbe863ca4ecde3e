//! Bringing the rows in step with the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Transaction, params};

use super::{NEVER, Result, status_from, status_word};
use crate::model::{FeedSpec, FeedStatus};
use crate::time::Timestamp;

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
    let mut rows = known(tx)?;
    let n_new = specs.iter().filter(|spec| !rows.contains_key(&spec.key)).count();
    for spec in specs {
        let wanted = wanted(spec);
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

/// Adds the feeds that have no row or are marked removed, due evenly within `spread`, and leaves all others as they are.
/// Returns how many.
///
/// # Errors
/// When SQLite fails.
pub fn add_new(tx: &Transaction<'_>, specs: &[FeedSpec], now: Timestamp, spread: Duration) -> Result<usize> {
    let rows = known(tx)?;
    let mut n = 0;
    for spec in specs {
        match rows.get(&spec.key) {
            None => {
                let at = now.plus(spread.mul_f64(n as f64 / specs.len().max(1) as f64));
                insert(tx, spec, wanted(spec), now, at)?;
                n += 1;
            }
            Some(known) if known.status == FeedStatus::Removed => {
                bring_in_step(tx, known, spec, wanted(spec), now)?;
                n += 1;
            }
            Some(_) => {}
        }
    }
    Ok(n)
}

/// All feeds' rows by key.
fn known(tx: &Transaction<'_>) -> Result<BTreeMap<String, Known>> {
    let mut statement = tx.prepare_cached(
        "SELECT f.key, f.id, f.url, f.status, s.effective_url FROM feeds f JOIN fetch_state s ON s.feed_id = f.id",
    )?;
    let rows = statement.query_map([], |row| {
        let known = Known {
            id: row.get(1)?,
            url: row.get(2)?,
            status: status_from(row, 3)?,
            effective_url: row.get(4)?,
        };
        Ok((row.get(0)?, known))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const fn wanted(spec: &FeedSpec) -> FeedStatus {
    if spec.paused {
        FeedStatus::Paused
    } else {
        FeedStatus::Active
    }
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
