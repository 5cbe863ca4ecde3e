//! A poll's outcome written into its feed's row.

use rusqlite::{OptionalExtension, Transaction, params};

use super::NEVER;
use crate::model::{DueFeed, PollCounts, PollOutcome, PollRecord};
use crate::store::Result;
use crate::time::Timestamp;

/// Whether a feed is configured as it was when it was claimed.
pub(in crate::store) fn is_still(tx: &Transaction<'_>, feed: &DueFeed) -> Result<bool> {
    let same = tx
        .prepare_cached("SELECT url = ?2 AND status <> 'removed' FROM feeds WHERE id = ?1")?
        .query_row(params![feed.id.get(), feed.spec.url], |row| row.get(0))
        .optional()?;
    Ok(same.unwrap_or(false))
}

/// Room for the latest 20 polls, one a line of at most some 60 characters; what is cut off is older.
const HISTORY_CHARS: i64 = 1_400;

/// Whether a poll leaves nothing to write but when it was and when the next one is: most polls of most feeds.
pub(in crate::store) fn is_quiet(feed: &DueFeed, record: &PollRecord) -> bool {
    matches!(record.outcome, PollOutcome::NotModified | PollOutcome::Same)
        && record.failures == 0
        && feed.failures == 0
        && !record.gone
        // A hub may have told of news while the poll ran: that is looked at where the rest is written.
        && feed.hub.url.is_empty()
        && record.moved == feed.moved
        && record.adopt_url.is_none()
        && record.host_not_before.is_none()
        && record.recent == feed.recent
        && record.hints.is_none_or(|hints| hints == feed.hints)
        && record
            .validators
            .as_ref()
            .is_none_or(|validators| *validators == feed.validators)
}

pub(super) const QUIET: &str = "UPDATE fetch_state SET
       next_fetch_at = ?2, next_reason = ?3, last_fetch_at = ?4, last_success_at = ?4,
       last_full_at = CASE WHEN ?5 THEN ?4 ELSE last_full_at END,
       http_status = ?6, n_new = 0, history = substr(?7 || char(10) || history, 1, ?8)
     WHERE feed_id = ?1 AND EXISTS (SELECT 1 FROM feeds WHERE id = ?1 AND url = ?9 AND status <> 'removed')";

/// Writes a quiet poll in one statement. Leaves what [`record_state`] would leave; nothing when the feed is configured
/// otherwise than when it was claimed.
pub(in crate::store) fn record_quiet(tx: &Transaction<'_>, feed: &DueFeed, record: &PollRecord) -> Result<()> {
    tx.prepare_cached(QUIET)?.execute(params![
        feed.id.get(),
        record.next_poll_at.unix(),
        record.next_poll_reason,
        record.at.unix(),
        record.full,
        record.http_status.unwrap_or(0),
        history_line(record, 0),
        HISTORY_CHARS,
        feed.spec.url,
    ])?;
    Ok(())
}

/// Writes a poll's outcome into the feed's row; part of `entries::record_poll`.
pub(in crate::store) fn record_state(
    tx: &Transaction<'_>,
    feed: &DueFeed,
    record: &PollRecord,
    counts: PollCounts,
) -> Result<()> {
    let (kind, error) = match &record.outcome {
        PollOutcome::Failed(failure) => (failure.kind, failure.message.as_str()),
        PollOutcome::NotModified | PollOutcome::Same | PollOutcome::Read => ("", ""),
    };
    let good = kind.is_empty();
    let read = record.outcome == PollOutcome::Read;
    let n_new = counts.n_new + counts.n_history;
    let validators = record.validators.as_ref().unwrap_or(&feed.validators);
    let hints = record.hints.unwrap_or(feed.hints);
    let hub = record.hub.as_ref().unwrap_or(&feed.hub);
    let (moved_to, moved_count, moved_since) = record
        .moved
        .as_ref()
        .map_or(("", 0, 0), |m| (m.to.as_str(), m.answers, m.since.unix()));
    tx.prepare_cached(
        "UPDATE fetch_state SET
           next_fetch_at = ?2, next_reason = ?3, last_fetch_at = ?4,
           last_success_at = CASE WHEN ?5 THEN ?4 ELSE last_success_at END,
           last_full_at = CASE WHEN ?6 THEN ?4 ELSE last_full_at END,
           last_change_at = CASE WHEN ?7 THEN ?4 ELSE last_change_at END,
           moved_to = ?8, moved_count = ?9, moved_since_at = ?10,
           etag = ?11, last_modified = ?12, body_hash = CASE WHEN ?13 THEN ?14 ELSE body_hash END,
           failing_since_at = CASE WHEN ?5 THEN 0 WHEN failing_since_at = 0 THEN ?4 ELSE failing_since_at END,
           failures = ?15, http_status = ?16, error_kind = ?17, error = ?18,
           ttl_secs = ?19, skip_hours = ?20, skip_days = ?21, recent = ?22,
           n_items = CASE WHEN ?13 THEN ?23 ELSE n_items END,
           n_undated = CASE WHEN ?13 THEN ?24 ELSE n_undated END,
           n_new = CASE WHEN ?5 THEN ?25 ELSE n_new END,
           history = substr(?26 || char(10) || history, 1, ?27), hub = ?28, topic = ?29
         WHERE feed_id = ?1",
    )?
    .execute(params![
        feed.id.get(),
        if record.gone { NEVER } else { record.next_poll_at.unix() },
        record.next_poll_reason,
        record.at.unix(),
        good,
        record.full,
        n_new > 0,
        moved_to,
        moved_count,
        moved_since,
        validators.etag,
        validators.last_modified,
        read,
        record.body_hash,
        record.failures,
        record.http_status.unwrap_or(0),
        kind,
        error,
        u32::try_from(hints.ttl.as_secs()).unwrap_or(u32::MAX),
        hints.skip_hours,
        hints.skip_days,
        times_text(&record.recent),
        record.n_items,
        record.n_undated,
        n_new,
        history_line(record, n_new),
        HISTORY_CHARS,
        hub.url,
        hub.topic,
    ])?;
    if !hub.url.is_empty() {
        // News the hub told of while the poll ran may not be in its answer.
        tx.prepare_cached(
            "UPDATE fetch_state SET next_fetch_at = min(next_fetch_at, ?2 + 60), next_reason = 'its hub told of news'
             WHERE feed_id = ?1 AND EXISTS (SELECT 1 FROM websub w WHERE w.feed_id = ?1 AND w.last_push_at > ?2)",
        )?
        .execute(params![feed.id.get(), record.at.unix()])?;
    }
    if read {
        tx.prepare_cached(
            "UPDATE feeds SET title = CASE WHEN ?2 <> '' THEN ?2 ELSE title END,
                    site_url = CASE WHEN ?3 <> '' THEN ?3 ELSE site_url END
             WHERE id = ?1 AND (title <> ?2 OR site_url <> ?3)",
        )?
        .execute(params![feed.id.get(), record.title, record.site_url])?;
    }
    if let Some((host, until)) = &record.host_not_before {
        tx.prepare_cached(
            "INSERT INTO host_pauses (host, until_at) VALUES (?1, ?2)
             ON CONFLICT (host) DO UPDATE SET until_at = max(until_at, excluded.until_at)",
        )?
        .execute(params![host, until.unix()])?;
    }
    if let Some(url) = &record.adopt_url {
        tx.prepare_cached("UPDATE fetch_state SET effective_url = ?2 WHERE feed_id = ?1")?
            .execute(params![feed.id.get(), url])?;
        event(
            tx,
            record.at,
            "feed.moved",
            feed,
            &serde_json::json!({ "from": feed.url, "to": url }),
        )?;
    }
    if record.gone {
        tx.prepare_cached("UPDATE feeds SET status = 'gone' WHERE id = ?1")?
            .execute([feed.id.get()])?;
        event(tx, record.at, "feed.gone", feed, &serde_json::json!({ "why": error }))?;
    }
    Ok(())
}

/// `at outcome status new bytes ms`
fn history_line(record: &PollRecord, n_new: u32) -> String {
    let outcome = match &record.outcome {
        PollOutcome::NotModified => "not_modified",
        PollOutcome::Same => "same",
        PollOutcome::Read => "read",
        PollOutcome::Failed(failure) => failure.kind,
    };
    format!(
        "{} {outcome} {} {n_new} {} {}",
        record.at.unix(),
        record.http_status.unwrap_or(0),
        record.n_bytes,
        record.duration_ms
    )
}

fn event(tx: &Transaction<'_>, at: Timestamp, kind: &str, feed: &DueFeed, detail: &serde_json::Value) -> Result<()> {
    tx.prepare_cached("INSERT INTO events (at, kind, subject, detail) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            at.unix(),
            kind,
            format!("feed:{}", feed.spec.key),
            detail.to_string()
        ])?;
    Ok(())
}

fn times_text(times: &[Timestamp]) -> String {
    let words: Vec<String> = times.iter().map(|time| time.unix().to_string()).collect();
    words.join(",")
}
