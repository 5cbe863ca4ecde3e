//! The loop that keeps house: the looks at the database, retention in small batches, the daily write-back of the log,
//! gauges, mails to the operator.

use std::time::Duration;

use super::{checkup, notices};
use crate::context::{Ctx, Next};
use crate::halt::Halt;
use crate::ops::disk;
use crate::store::{self, retention, settings};
use crate::time::Timestamp;
use crate::{ingest, subscribe};

const EVERY: Duration = Duration::from_mins(1);
const CHECKPOINT_EVERY: Duration = Duration::from_hours(24);
/// Rows a transaction, so that nobody waits long for the write lock.
const BATCH: usize = 500;
/// Batches a tick; the rest waits for the next one.
const BATCHES_MAX: usize = 20;
const CHECKPOINT_AT: &str = "checkpoint_at";

/// One round of housekeeping.
///
/// # Errors
/// When the database fails.
pub async fn tick(ctx: &Ctx) -> anyhow::Result<Next> {
    if let Err(error) = checkup::tick(ctx).await {
        tracing::error!(error = format!("{error:#}"), "The database could not be looked at");
    }
    let now = ctx.now();
    let halt = ctx.halt();
    let mut did = 0;
    // By a wrong clock all or nothing is old, and what is damaged is to be saved, not sorted.
    if halt.is_none() {
        did += tidy(ctx, now).await?;
    }
    if checkpoint_due(ctx, now).await? {
        ctx.db.checkpoint().await?;
        ctx.db
            .write(move |tx| settings::put_number(tx, CHECKPOINT_AT, now.unix()))
            .await?;
    }
    if halt != Some(Halt::Clock) {
        match notices::tick(ctx).await {
            Ok(n) => did += n,
            Err(error) => tracing::error!(error = format!("{error:#}"), "A mail to the operator could not be made"),
        }
    }
    let (subscriptions, n_bytes) = ctx.db.read(store::summary::gauges).await?;
    show(&subscriptions, n_bytes, halt.as_ref());
    if let Ok(space) = disk::space(ctx.db.path()) {
        metrics::gauge!("courant_disk_free_bytes").set(space.free_bytes as f64);
    }
    Ok(Next {
        at: now.plus(EVERY),
        did,
    })
}

/// Deletes what is past its keeping, and puts right what a wrong clock left. Returns how much it did.
async fn tidy(ctx: &Ctx, now: Timestamp) -> anyhow::Result<usize> {
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
    Ok(did)
}

async fn checkpoint_due(ctx: &Ctx, now: Timestamp) -> anyhow::Result<bool> {
    let last = ctx.db.read(|conn| settings::number(conn, CHECKPOINT_AT)).await?;
    Ok(last.is_none_or(|last| now.since(Timestamp::from_unix(last)) >= CHECKPOINT_EVERY))
}

fn show(subscriptions: &store::summary::Subscribed, n_bytes: i64, halt: Option<&Halt>) {
    for ((digest, status), n) in subscriptions {
        metrics::gauge!("courant_subscriptions", "digest" => digest.clone(), "status" => status.clone()).set(*n as f64);
    }
    metrics::gauge!("courant_db_bytes", "file" => "main").set(n_bytes as f64);
    let shown = |holds: bool| if holds { 1.0 } else { 0.0 };
    metrics::gauge!("courant_halted", "why" => "clock").set(shown(halt == Some(&Halt::Clock)));
    metrics::gauge!("courant_halted", "why" => "damage").set(shown(matches!(halt, Some(Halt::Damage(_)))));
}
