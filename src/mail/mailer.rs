//! The mail loop: claims what is due, sends it, records what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, info};

use super::built::Built;
use super::ledger;
use super::rate::Limiter;
use super::retry;
use super::send::{Batch, Learned, Way};
use super::smtp::Limits;
use super::{suppression_hash, take_over};
use crate::config::{Transport, UncertainPolicy};
use crate::context::{Ctx, Next};
use crate::crash;
use crate::halt::{self, Halt};
use crate::model::{Attempt, Delivery, DeliveryId};
use crate::store::StoreError;
use crate::store::outbox::{self, Wanted};
use crate::time::Timestamp;
use crate::token::TokenKey;

/// Deliveries claimed at once for each connection, so that a batch is over soon and a reload is seen; and at most.
const CLAIM_EACH: usize = 50;
const CLAIM_MAX: usize = 2000;
/// Senders at once where no connection is needed.
const LOCAL_SENDERS: usize = 4;
/// An unused connection is closed after this.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How often the heartbeat is written and the outbox measured.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Why a tick could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configured way out cannot be used.
    #[error("{0}")]
    Setup(String),
}

/// The sender of a running daemon. One at a time on a database: see [`crate::store::lock`].
pub struct Mailer {
    ctx: Ctx,
    epoch: i64,
    key: TokenKey,
    limits: Option<Limits>,
    built: Built,
    learned: Option<Learned>,
    unrecorded: Vec<Attempt>,
    unreleased: Vec<(DeliveryId, Timestamp)>,
    beat_at: Option<Timestamp>,
    /// What stood against sending at the last tick.
    halt: Option<Halt>,
    /// Whether it is settled what the time before this process means for the mails that wait.
    looked_back: bool,
}

impl Mailer {
    /// Takes the outbox over: settles what the last process left, and withdraws old editions when it was silent for
    /// long.
    ///
    /// # Errors
    /// When the database fails, or the transport, its certificates or the templates cannot be used.
    pub async fn start(ctx: Ctx) -> Result<Self, MailError> {
        Self::start_with(ctx, None).await
    }

    /// As [`Mailer::start`], with other limits on the phases of SMTP than the configured ones.
    ///
    /// # Errors
    /// As [`Mailer::start`].
    pub async fn start_with(ctx: Ctx, limits: Option<Limits>) -> Result<Self, MailError> {
        let config = ctx.config();
        let key = ctx.token_key().await?;
        let built = Built::new(&ctx, config, &key, limits)?;
        let resend = built.config.mail.on_uncertain == UncertainPolicy::Resend
            || matches!(&*built.way, Way::Local(local) if local.is_idempotent());
        let epoch = take_over::begin(&ctx, resend).await?;
        let looked_back = !halt::is_wrong(ctx.now());
        if looked_back {
            take_over::look_back(&ctx, &built.config).await?;
        }
        let rate = &built.config.mail.rate;
        let mut limiter = Limiter::new(rate);
        if rate.per_hour > 0 {
            let n = rate.per_hour;
            let went = ctx.db.read(move |conn| outbox::accepted_lately(conn, n)).await?;
            limiter.went_before(&went);
        }
        Ok(Self {
            ctx,
            epoch,
            key,
            limits,
            built,
            learned: Some(Learned::fresh(limiter)),
            unrecorded: Vec::new(),
            unreleased: Vec::new(),
            beat_at: None,
            halt: None,
            looked_back,
        })
    }

    /// Sends one batch of what is due. While the clock is wrong nothing is sent; while the database is damaged, only
    /// what the operator is to know of it.
    ///
    /// # Errors
    /// When the database fails; what was sent and could not be recorded is recorded first at the next tick.
    pub async fn tick(&mut self) -> Result<Next, MailError> {
        self.settle_left_over().await?;
        self.reload().await;
        let now = self.ctx.now();
        self.look_for_halt(now);
        if self.halt == Some(Halt::Clock) {
            return Ok(Next {
                at: now.plus(HEARTBEAT),
                did: 0,
            });
        }
        if !self.looked_back {
            take_over::look_back(&self.ctx, &self.built.config).await?;
            self.looked_back = true;
        }
        self.keep_house(now).await?;
        // A tick that panicked took it along: its connections are gone, its rates begin anew.
        let mut learned = self
            .learned
            .take()
            .unwrap_or_else(|| Learned::fresh(Limiter::new(&self.built.config.mail.rate)));
        close_idle(&mut learned).await;
        let room = match self.room(&mut learned, now) {
            Ok(room) => room,
            Err(at) => {
                self.learned = Some(learned);
                return Ok(Next { at, did: 0 });
            }
        };
        let deliveries = match self.claim(now, room).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                self.learned = Some(learned);
                return Err(error);
            }
        };
        if deliveries.is_empty() {
            self.learned = Some(learned);
            let at = match self.halt {
                Some(_) => now.plus(HEARTBEAT),
                None => self.next_at(now).await?,
            };
            return Ok(Next { at, did: 0 });
        }
        let did = self.send(deliveries, learned).await?;
        Ok(Next {
            at: self.next_at(self.ctx.now()).await?,
            did,
        })
    }

    /// Closes idle connections. Call it after the last tick.
    pub async fn close(mut self) {
        if let Some(learned) = self.learned.take() {
            for (session, _) in learned.idle {
                session.quit().await;
            }
        }
    }

    /// How many deliveries may be taken up: after a pause of our own, one.
    fn room(&self, learned: &mut Learned, now: Timestamp) -> Result<usize, Timestamp> {
        let mut limit = self.n_senders().saturating_mul(CLAIM_EACH).min(CLAIM_MAX);
        if let Some(until) = learned.paused_until {
            // A clock that was put back must not make the pause longer.
            let until = until.min(now.plus(retry::PAUSE));
            if now < until {
                learned.paused_until = Some(until);
                return Err(until);
            }
            limit = 1;
        }
        if self.ctx.shutdown.is_cancelled() {
            return Err(now);
        }
        learned.limiter.room(limit, now)
    }

    /// Sees whether something stands against sending, and says so when that changes.
    fn look_for_halt(&mut self, now: Timestamp) {
        let halt = self.ctx.halt();
        if halt == self.halt {
            return;
        }
        if let Some(halt) = &halt {
            error!("Nothing is composed or sent: {}", halt.words(now));
        } else {
            info!("Composing and sending go on");
        }
        self.halt = halt;
    }

    fn n_senders(&self) -> usize {
        match &self.built.config.mail.transport {
            Transport::Smtp(settings) => settings.connections,
            _ => LOCAL_SENDERS,
        }
    }

    async fn claim(&self, now: Timestamp, room: usize) -> Result<Vec<Delivery>, MailError> {
        let epoch = self.epoch;
        let key = self.key.clone();
        crash::point("before_claim");
        // A look before the write: an idle daemon writes nothing.
        let due = self.ctx.db.read(outbox::next_due).await?;
        if due.is_none_or(|at| at > now) {
            return Ok(Vec::new());
        }
        // One at a time: a database that forgets what was sent must not repeat a whole batch.
        let (wanted, room) = match self.halt {
            None => (Wanted::All, room),
            Some(_) => (Wanted::OperatorsOnly, 1),
        };
        let claimed = self
            .ctx
            .db
            .write(move |tx| outbox::claim(tx, now, epoch, wanted, room, &|address| suppression_hash(&key, address)))
            .await?;
        crash::point("after_claim");
        if claimed.n_cancelled > 0 {
            info!(
                n = claimed.n_cancelled,
                "Deliveries were withdrawn: their readers left or are suppressed"
            );
        }
        Ok(claimed.deliveries)
    }

    async fn send(&mut self, deliveries: Vec<Delivery>, mut learned: Learned) -> Result<usize, MailError> {
        let ids: Vec<DeliveryId> = deliveries.iter().map(|delivery| delivery.id).collect();
        let was_paused = learned.paused_until.take().is_some();
        learned.limiter.nothing_on_the_way();
        let batch = Arc::new(Batch::new(
            self.ctx.clone(),
            Arc::clone(&self.built.config),
            Arc::clone(&self.built.way),
            Arc::clone(&self.built.preparer),
            deliveries,
            learned,
            self.halt.clone(),
        ));
        let (ledger, writing) = ledger::open(self.ctx.db.clone(), self.epoch, self.key.clone());
        let mut senders = JoinSet::new();
        for _ in 0..self.n_senders().clamp(1, ids.len().max(1)) {
            senders.spawn(Arc::clone(&batch).work(ledger.clone()));
        }
        drop(ledger);
        let closed = writing.await;
        while let Some(ended) = senders.join_next().await {
            if let Err(panicked) = ended {
                error!(error = %panicked, "A sender failed; its message stays as it is until the next start");
            }
        }
        let Some(batch) = Arc::into_inner(batch) else {
            return Err(MailError::Setup("a sender outlived its batch".to_owned()));
        };
        let mut rest = batch.finish();
        if was_paused && rest.any_accepted {
            info!("The relay takes our mail again");
        }
        let now = self.ctx.now();
        let later = rest
            .learned
            .paused_until
            .or_else(|| rest.learned.limiter.relay_until(now))
            .unwrap_or(now);
        self.learned = Some(rest.learned);
        self.unrecorded = closed.unrecorded;
        self.unreleased = rest.waiting;
        if rest.n_ended < ids.len() {
            // Everything of the batch that is still only claimed was not begun; what was, stays as it is.
            let waiting: BTreeSet<DeliveryId> = self.unreleased.iter().map(|(id, _)| *id).collect();
            self.unreleased
                .extend(ids.iter().filter(|id| !waiting.contains(id)).map(|id| (*id, later)));
        }
        if let Some(error) = closed.error {
            return Err(error.into());
        }
        self.settle_left_over().await?;
        Ok(rest.n_ended)
    }

    /// Records what an earlier try could not, then gives back what was not begun. Nothing is claimed before this works.
    async fn settle_left_over(&mut self) -> Result<(), MailError> {
        if !self.unrecorded.is_empty() {
            let attempts = std::mem::take(&mut self.unrecorded);
            let closed = ledger::record(&self.ctx.db, self.epoch, &self.key, attempts).await;
            self.unrecorded = closed.unrecorded;
            if let Some(error) = closed.error {
                return Err(error.into());
            }
        }
        if !self.unreleased.is_empty() {
            let epoch = self.epoch;
            let rows = self.unreleased.clone();
            crash::point("before_release");
            self.ctx.db.write(move |tx| outbox::release(tx, epoch, &rows)).await?;
            self.unreleased.clear();
        }
        Ok(())
    }

    async fn next_at(&mut self, now: Timestamp) -> Result<Timestamp, MailError> {
        let due = self.ctx.db.read(outbox::next_due).await?;
        let mut at = due.unwrap_or_else(|| now.plus(HEARTBEAT));
        if let Some(learned) = &mut self.learned {
            if let Some(until) = learned.paused_until.or_else(|| learned.limiter.relay_until(now)) {
                at = at.max(until);
            }
            if !learned.idle.is_empty() {
                at = at.min(now.plus(IDLE_MAX));
            }
        }
        Ok(at.max(now))
    }

    /// Follows a changed configuration; one that cannot be used is reported and the old one kept.
    async fn reload(&mut self) {
        let config = self.ctx.config();
        if Arc::ptr_eq(&config, &self.built.config) {
            return;
        }
        match Built::new(&self.ctx, Arc::clone(&config), &self.key, self.limits) {
            Ok(built) => {
                self.built = built;
                if let Some(learned) = &mut self.learned {
                    for (session, _) in learned.idle.drain(..) {
                        session.quit().await;
                    }
                    learned.limiter = learned.limiter.reloaded(&config.mail.rate);
                    // What was wrong may be what was just put right.
                    learned.paused_until = None;
                }
            }
            Err(error) => {
                error!(error = %error, "The new mail settings cannot be used; the old ones stay");
                self.built.config = config;
            }
        }
    }

    async fn keep_house(&mut self, now: Timestamp) -> Result<(), MailError> {
        let is_due =
            |last: Option<Timestamp>, every: Duration| last.is_none_or(|at| now < at || now.since(at) >= every);
        if is_due(self.beat_at, HEARTBEAT) {
            let put_back = now.plus(retry::WAIT_MAX);
            self.ctx
                .db
                .write(move |tx| {
                    outbox::heartbeat(tx, now)?;
                    outbox::pull_in(tx, put_back, now)
                })
                .await?;
            self.beat_at = Some(now);
            let open = self.ctx.db.read(outbox::open_counts).await?;
            for (status, n) in &open.by_status {
                // Counts stay far below 2^52.
                metrics::gauge!("courant_outbox_depth", "status" => status.word()).set(*n as f64);
            }
            let age = open.oldest_queued_at.map_or(Duration::ZERO, |at| now.since(at));
            metrics::gauge!("courant_outbox_oldest_age_seconds").set(age.as_secs_f64());
        }
        Ok(())
    }
}

async fn close_idle(learned: &mut Learned) {
    let (fresh, stale): (Vec<_>, Vec<_>) = learned
        .idle
        .drain(..)
        .partition(|(_, used)| Instant::now().duration_since(*used) < IDLE_MAX);
    learned.idle = fresh;
    for (session, _) in stale {
        session.quit().await;
    }
}
