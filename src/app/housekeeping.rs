//! The loop that keeps house: retention in small batches, the daily write-back of the log, gauges, mails to the operator.

use std::time::Duration;

use super::notices;
use crate::context::{Ctx, Next};
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
    match notices::tick(ctx).await {
        Ok(n) => did += n,
        Err(error) => tracing::error!(error = format!("{error:#}"), "A mail to the operator could not be made"),
    }
    let (subscriptions, n_bytes) = ctx.db.read(store::summary::gauges).await?;
    show(&subscriptions, n_bytes);
    Ok(Next {
        at: now.plus(EVERY),
        did,
    })
}

async fn checkpoint_due(ctx: &Ctx, now: Timestamp) -> anyhow::Result<bool> {
    let last = ctx.db.read(|conn| settings::number(conn, CHECKPOINT_AT)).await?;
    Ok(last.is_none_or(|last| now.since(Timestamp::from_unix(last)) >= CHECKPOINT_EVERY))
}

fn show(subscriptions: &store::summary::Subscribed, n_bytes: i64) {
    for ((digest, status), n) in subscriptions {
        metrics::gauge!("courant_subscriptions", "digest" => digest.clone(), "status" => status.clone()).set(*n as f64);
    }
    metrics::gauge!("courant_db_bytes", "file" => "main").set(n_bytes as f64);
}
