//! Feeds polled, read and normalized: `schedule` says when, `fetch` speaks HTTP, `parse` reads the document,
//! `normalize` makes entries of it, and one [`crate::model::PollRecord`] is stored whatever happened.

pub mod article;
pub mod body;
mod code_pages;
pub mod date;
pub mod discover;
pub mod encoding;
pub mod fetch;
#[cfg(test)]
mod fixtures;
pub mod full_text;
pub mod guard;
pub mod headers;
pub mod health;
pub mod lists;
pub mod normalize;
pub mod opml;
pub mod parse;
mod poll;
mod poller;
pub mod publisher;
pub mod queue;
pub mod redirect;
pub mod schedule;
pub mod url;
pub mod websub;

use std::time::Duration;

pub use poller::{Polled, Poller};

use crate::config::Config;
use crate::context::Ctx;
use crate::store::{self, feeds::Reconciled};

/// With more new feeds than this, their first polls are spread over [`SPREAD`].
const SPREAD_ABOVE: usize = 50;
const SPREAD: Duration = Duration::from_mins(5);

/// Longest that any feed is put off: its interval with its spread, moved to before an edition or past `skipDays`, or
/// `Retry-After`.
fn farthest(config: &Config) -> Duration {
    let own = config.feeds.iter().filter_map(|feed| feed.interval).max();
    let longest = config.poll.interval_max.max(config.poll.interval);
    let longest = longest.max(own.unwrap_or_default()).max(headers::RETRY_AFTER_MAX);
    longest.saturating_mul(2).saturating_add(schedule::WAIT_MAX * 2)
}

/// Puts right what was written while the clock stood in the future: else those feeds would not be asked until it gets
/// there again. Returns how many there were.
///
/// # Errors
/// When the database fails.
pub async fn put_clock_right(ctx: &Ctx) -> store::Result<usize> {
    let now = ctx.now();
    let farthest = now.plus(farthest(&ctx.config()));
    if !ctx
        .db
        .read(move |conn| store::feeds::any_ahead(conn, now, farthest))
        .await?
    {
        return Ok(0);
    }
    let n = ctx
        .db
        .write(move |tx| store::feeds::put_right(tx, now, farthest))
        .await?;
    tracing::warn!(
        n,
        "Feeds were polled while the clock stood in the future; their next polls are counted from now"
    );
    ctx.wakes.ingest.notify_one();
    Ok(n)
}

/// Adds feeds that the configuration has and the database has not: for a command beside a daemon, whose own configuration
/// says what becomes of the others.
///
/// # Errors
/// When the database fails.
pub async fn add_new(ctx: &Ctx) -> store::Result<usize> {
    let (config, now) = (ctx.config(), ctx.now());
    let spread = spread(&config);
    ctx.db
        .write(move |tx| store::feeds::add_new(tx, &config.feeds, now, spread))
        .await
}

/// Thousands of new feeds do not all come due at once.
fn spread(config: &Config) -> Duration {
    if config.feeds.len() > SPREAD_ABOVE {
        SPREAD
    } else {
        Duration::ZERO
    }
}

/// Brings the feeds in the database in step with the configuration: at start, and after each reload.
///
/// # Errors
/// When the database fails.
pub async fn reconcile(ctx: &Ctx) -> store::Result<Reconciled> {
    let (config, now) = (ctx.config(), ctx.now());
    let spread = spread(&config);
    let done = ctx
        .db
        .write(move |tx| store::feeds::reconcile(tx, &config.feeds, now, spread))
        .await?;
    if done != Reconciled::default() {
        tracing::info!(
            n_added = done.n_added,
            n_changed = done.n_changed,
            n_removed = done.n_removed,
            "Feeds brought in step with the configuration"
        );
        ctx.wakes.ingest.notify_one();
    }
    Ok(done)
}
