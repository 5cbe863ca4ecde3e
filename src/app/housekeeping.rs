//! The loop that keeps house: retention in small batches, the daily write-back of the log, the weekly look at
//! the whole file, gauges, mails to the operator.

use std::time::Duration;

use super::notices;
use crate::context::{Ctx, Next};
use crate::ops::disk;
use crate::store::{self, StoreError, integrity, retention, settings};
use crate::time::Timestamp;
use crate::{ingest, subscribe};

const EVERY: Duration = Duration::from_mins(1);
const CHECKPOINT_EVERY: Duration = Duration::from_hours(24);
/// Rows a transaction, so that nobody waits long for the write lock.
const BATCH: usize = 500;
/// Batches a tick; the rest waits for the next one.
const BATCHES_MAX: usize = 20;
/// The whole file is read as often; once it was found damaged, daily, until it is whole again.
const LOOK_EVERY: Duration = Duration::from_hours(7 * 24);
const LOOK_AGAIN: Duration = Duration::from_hours(24);
const CHECKPOINT_AT: &str = "checkpoint_at";

/// One round of housekeeping.
///
/// # Errors
/// When the database fails.
pub async fn tick(ctx: &Ctx) -> anyhow::Result<Next> {
    let now = ctx.now();
    let config = ctx.config();
    let mut did = 0;
    let limits = retention::Limits {
        entries_before: now.minus(config.database.keep_entries),
        deliveries_before: now.minus(config.database.keep_deliveries),
    };
    for _ in 0..BATCHES_MAX {
        let n = ctx
            .db
            .write(move |tx| retention::delete_some(tx, &limits, now, BATCH))
            .await?;
        did += n;
        if n == 0 || ctx.shutdown.is_cancelled() {
            break;
        }
    }
    did += subscribe::tidy(ctx).await?;
    did += ingest::put_clock_right(ctx).await?;
    if checkpoint_due(ctx, now).await? {
        ctx.db.checkpoint().await?;
        ctx.db
            .write(move |tx| settings::put_number(tx, CHECKPOINT_AT, now.unix()))
            .await?;
    }
    look(ctx, now).await?;
    match notices::tick(ctx).await {
        Ok(n) => did += n,
        Err(error) => tracing::error!(error = format!("{error:#}"), "A mail to the operator could not be made"),
    }
    let (subscriptions, n_bytes) = ctx.db.read(store::summary::gauges).await?;
    show(&subscriptions, n_bytes);
    if let Ok(space) = disk::space(ctx.db.path()) {
        metrics::gauge!("courant_disk_free_bytes").set(space.free_bytes as f64);
    }
    Ok(Next {
        at: now.plus(EVERY),
        did,
    })
}

async fn checkpoint_due(ctx: &Ctx, now: Timestamp) -> anyhow::Result<bool> {
    let last = ctx.db.read(|conn| settings::number(conn, CHECKPOINT_AT)).await?;
    Ok(last.is_none_or(|last| now.since(Timestamp::from_unix(last)) >= CHECKPOINT_EVERY))
}

/// Looks whether the database is whole, when it is time to. What is wrong is kept for the operator's notice.
async fn look(ctx: &Ctx, now: Timestamp) -> anyhow::Result<()> {
    let (last, known) = ctx.db.read(integrity::last).await?;
    if !look_due(last.map(Timestamp::from_unix), !known.is_empty(), now) {
        return Ok(());
    }
    let found = match ctx.db.read(integrity::damage).await {
        Ok(found) => found,
        Err(StoreError::Corrupt(why)) => why,
        Err(error) => return Err(error.into()),
    };
    if !found.is_empty() {
        tracing::error!(damage = found, "The database is damaged; restore a backup");
    }
    ctx.db
        .write(move |tx| {
            settings::put_number(tx, integrity::CHECKED_AT, now.unix())?;
            if found.is_empty() {
                settings::remove(tx, integrity::DAMAGE)
            } else {
                settings::put(tx, integrity::DAMAGE, found.as_bytes())
            }
        })
        .await?;
    Ok(())
}

/// A clock that went back must not put it off for ever.
fn look_due(last: Option<Timestamp>, damaged: bool, now: Timestamp) -> bool {
    let every = if damaged { LOOK_AGAIN } else { LOOK_EVERY };
    last.is_none_or(|last| last > now || now.since(last) >= every)
}

fn show(subscriptions: &store::summary::Subscribed, n_bytes: i64) {
    for ((digest, status), n) in subscriptions {
        metrics::gauge!("courant_subscriptions", "digest" => digest.clone(), "status" => status.clone()).set(*n as f64);
    }
    metrics::gauge!("courant_db_bytes", "file" => "main").set(n_bytes as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_looked_at_weekly_and_daily_while_it_is_damaged() {
        let at = Timestamp::from_unix;
        let day = 86_400;
        assert!(look_due(None, false, at(0)));
        assert!(!look_due(Some(at(0)), false, at(7 * day - 1)));
        assert!(look_due(Some(at(0)), false, at(7 * day)));
        assert!(!look_due(Some(at(0)), true, at(day - 1)));
        assert!(look_due(Some(at(0)), true, at(day)));
        assert!(look_due(Some(at(day)), false, at(0)));
    }
}
