//! Claiming feeds for polling: the schedule is the lease.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{NEVER, Result, ever, moved_from, times_from};
use crate::model::{DueFeed, FeedHints, FeedId, FeedSpec, Hub, Validators};
use crate::time::Timestamp;

/// Every due feed is looked at by its time, longest due first, without a sort.
pub(super) const DUE: &str = "SELECT s.feed_id, f.key, f.url, s.effective_url
     FROM fetch_state s JOIN feeds f ON f.id = s.feed_id
     WHERE s.next_fetch_at <= ?1 AND f.status = 'active'
     ORDER BY s.next_fetch_at, s.feed_id";
pub(super) const NEXT_DUE: &str =
    "SELECT min(next_fetch_at) FROM fetch_state WHERE next_fetch_at > ?1 AND next_fetch_at < ?2";
pub(super) const CLAIM_ONE: &str =
    "UPDATE fetch_state SET next_fetch_at = ?2, next_reason = 'poll under way' WHERE feed_id = ?1
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
