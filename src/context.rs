//! What every stage is given: configuration, database, clock, randomness, and the wake-ups between loops.
//!
//! Stages talk through the database and a wake-up, never to each other.

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::halt::Halt;
use crate::signing_key::{self, KeyInUse};
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
    /// A list of feeds may be due.
    pub lists: Notify,
    /// A hub may be to be asked.
    pub websub: Notify,
    /// Pages of articles may wait to be read.
    pub texts: Notify,
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
    /// The database notes which key was first used, so that a pipe without the daemon's credential cannot sign or check
    /// with a key of its own.
    ///
    /// # Errors
    /// When the database fails, or another key than this configuration's is in use.
    pub async fn token_key(&self) -> store::Result<TokenKey> {
        let config = self.config();
        let secret = config.mail.token_key.as_ref();
        let configured = secret.map(|secret| TokenKey::from_secret(secret.expose()));
        let known = self.db.read(KeyInUse::read).await?;
        if let Some(key) = known.usable(configured.as_ref())? {
            return Ok(key);
        }
        let mut fresh = [0; 32];
        self.random.fill(&mut fresh);
        self.db
            .write(move |tx| {
                // Another process may have come first.
                match KeyInUse::read(tx)?.usable(configured.as_ref())? {
                    Some(key) => Ok(key),
                    None => signing_key::adopt(tx, configured, fresh),
                }
            })
            .await
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Why nothing may be composed or sent now; `None` when nothing stands against it.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        let halt = Halt::of(self.now(), self.db.damage());
        halt.filter(|halt| *halt != Halt::Clock || !self.clock.replays())
    }
}
