//! What every stage is given: configuration, database, clock, randomness, and the wake-ups between loops.
//!
//! Stages talk through the database and a wake-up, never to each other.

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::store::{self, Db};
use crate::time::Timestamp;
use crate::token::TokenKey;

/// The surroundings of a running Courant; cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    config: watch::Receiver<Arc<Config>>,
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// One wake-up a loop.
    pub wakes: Arc<Wakes>,
    /// Set once the daemon is to stop: ticks claim nothing more.
    pub shutdown: CancellationToken,
}

/// One wake-up for each loop. A loop registers before it looks, so none is lost.
#[derive(Debug, Default)]
pub struct Wakes {
    /// Something may be due for polling.
    pub ingest: Notify,
    /// New entries wait for a story.
    pub stories: Notify,
    /// A slot may be due.
    pub digest: Notify,
    /// Rows may be past their keeping.
    pub housekeeping: Notify,
    /// A delivery was queued.
    pub mail: Notify,
}

/// What a tick came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// When there is something to do again, as far as it is known now.
    pub at: Timestamp,
    /// How many pieces of work this tick did; 0 means there was nothing due.
    pub did: usize,
}

impl Ctx {
    /// Puts the parts together.
    #[must_use]
    pub fn new(config: watch::Receiver<Arc<Config>>, db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            config,
            db,
            clock,
            random,
            wakes: Arc::default(),
            shutdown: CancellationToken::new(),
        }
    }

    /// The configuration as it is now; a tick takes it once, at its start.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// The key of this installation's tokens: the configured one, else one made at first use and kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn token_key(&self) -> store::Result<TokenKey> {
        if let Some(secret) = &self.config().mail.token_key {
            return Ok(TokenKey::from_secret(secret.expose()));
        }
        if let Some(kept) = self.db.read(store::settings::kept_token_key).await? {
            return Ok(TokenKey::from_bytes(kept));
        }
        let mut fresh = [0; 32];
        self.random.fill(&mut fresh);
        let kept = self.db.write(move |tx| store::settings::token_key(tx, fresh)).await?;
        Ok(TokenKey::from_bytes(kept))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
