//! The daemon: builds the surroundings, starts the loops and the doors, and stops them in order.
//!
//! The only place that starts work which lives on. Order of shutdown: doors stop, loops claim nothing more, running
//! fetches are dropped (their lease expires), a message past `DATA` is waited for and recorded, the log is written
//! back, exit.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::config::{Config, KnownSlugs, StorySettings};
use crate::context::Ctx;
use crate::store::Db;
use crate::{digest, ingest, stories};

/// The names a configuration may refer to beside those it defines.
#[must_use]
pub fn known_slugs() -> KnownSlugs {
    let tagger = stories::tag::Tagger::new(&StorySettings::default());
    KnownSlugs {
        companies: Some(tagger.known_slugs().into_iter().map(str::to_owned).collect()),
        themes: Some(tagger.themes().iter().map(|theme| theme.slug.clone()).collect()),
        score_parts: Some(
            digest::rank::WEIGHTS
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        ),
    }
}

/// Opens the database and brings it in step with the configuration. The sender swaps the configuration on reload.
///
/// # Errors
/// When the database cannot be used.
pub async fn open(
    config: Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> anyhow::Result<(Ctx, watch::Sender<Arc<Config>>)> {
    let db = Db::open(&config.database.path)?;
    let (sender, receiver) = watch::channel(Arc::new(config));
    let ctx = Ctx::new(receiver, db, clock, random);
    ingest::reconcile(&ctx).await?;
    Ok((ctx, sender))
}

/// The surroundings of a command that works beside the daemon or without one: system clock and randomness.
///
/// # Errors
/// When the database cannot be used.
pub async fn open_here(config: Config) -> anyhow::Result<Ctx> {
    Ok(open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?.0)
}
