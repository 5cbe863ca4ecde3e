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

use crate::context::Ctx;
use crate::store::{self, feeds::Reconciled};

/// With more new feeds than this, their first polls are spread over [`SPREAD`].
const SPREAD_ABOVE: usize = 50;
const SPREAD: Duration = Duration::from_mins(5);

/// Brings the feeds in the database in step with the configuration: at start, and after each reload.
///
/// # Errors
/// When the database fails.
pub async fn reconcile(ctx: &Ctx) -> store::Result<Reconciled> {
    let (config, now) = (ctx.config(), ctx.now());
    let spread = if config.feeds.len() > SPREAD_ABOVE {
        SPREAD
    } else {
        Duration::ZERO
    };
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
