//! One batch of claimed deliveries sent over a few connections at once.
//!
//! Each connection takes the next delivery, sends it, and hands the outcome to the ledger. What the batch learns on the
//! way (a relay that defers us, a fault of our own, the end of the process) stops it between two messages; what was not
//! begun goes back untried.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tracing::error;

use super::ledger::Ledger;
use super::prepare::{PrepareError, Preparer};
use super::rate::{Limiter, Wait, domain_of};
use super::report::report;
use super::retry::{self, BackOff, Policy};
use super::smtp::{Limits, Relay, Session};
use super::transport::{Local, Outgoing};
use crate::config::{Config, MailSettings, Transport};
use crate::context::Ctx;
use crate::halt::Halt;
use crate::model::{Attempt, Delivery, DeliveryId, SendOutcome, SmtpPhase, Verdict};
use crate::time::Timestamp;

/// How mail leaves.
pub(super) enum Way {
    /// Over SMTP.
    Smtp(Relay),
    /// On this machine.
    Local(Local),
}

impl Way {
    /// The configured way; the error is for the operator.
    pub(super) fn new(mail: &MailSettings, limits: Option<Limits>) -> Result<Self, String> {
        let helo = mail
            .list_address
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain);
        Ok(match &mail.transport {
            Transport::Smtp(settings) => {
                let limits = limits.unwrap_or_else(|| Limits::new(settings));
                Self::Smtp(Relay::new(settings, limits)?)
            }
            Transport::Lmtp(address) => Self::Smtp(Relay::lmtp(address, helo, limits.unwrap_or_default())),
            Transport::Sendmail(command) => Self::Local(Local::Sendmail(command.clone())),
            Transport::Folder(path) => Self::Local(Local::Folder(path.clone())),
            Transport::Maildir(path) => Self::Local(Local::Maildir(path.clone())),
        })
    }
}

/// What a batch knows and learns, kept from one batch to the next.
pub(super) struct Learned {
    /// Rates and patience.
    pub(super) limiter: Limiter,
    /// Refusals in a row that may be our fault.
    pub(super) refused_streak: u32,
    /// Our own fault: nothing is sent before this time, then one message tries.
    pub(super) paused_until: Option<Timestamp>,
    /// Open connections, with when they were last used.
    pub(super) idle: Vec<(Session, Instant)>,
}

impl Learned {
    /// Nothing learned yet.
    pub(super) const fn fresh(limiter: Limiter) -> Self {
        Self {
            limiter,
            refused_streak: 0,
            paused_until: None,
            idle: Vec::new(),
        }
    }
}

/// One batch.
pub(super) struct Batch {
    ctx: Ctx,
    config: Arc<Config>,
    way: Arc<Way>,
    preparer: Arc<Preparer>,
    queue: Mutex<VecDeque<Delivery>>,
    learned: Mutex<Learned>,
    waiting: Mutex<Vec<(DeliveryId, Timestamp)>>,
    /// What stood against sending when this was claimed. Should that change, no more is begun.
    halt: Option<Halt>,
    stopped: AtomicBool,
    any_accepted: AtomicBool,
    n_ended: AtomicUsize,
    /// Connections that are open or being opened.
    n_open: AtomicUsize,
}

/// What is left when a batch is done.
pub(super) struct Rest {
    /// What was learned.
    pub(super) learned: Learned,
    /// Deliveries not begun because of a rate, with when to ask again.
    pub(super) waiting: Vec<(DeliveryId, Timestamp)>,
    /// Attempts made.
    pub(super) n_ended: usize,
    /// The relay took at least one.
    pub(super) any_accepted: bool,
}

/// What one worker's turn came to.
enum Turn {
    /// An attempt.
    Ended(SendOutcome),
    /// Not begun, and this worker is done: the process ends, or the relay takes fewer connections.
    GivenBack,
}

impl Batch {
    /// Prepares a batch.
    pub(super) fn new(
        ctx: Ctx,
        config: Arc<Config>,
        way: Arc<Way>,
        preparer: Arc<Preparer>,
        deliveries: Vec<Delivery>,
        learned: Learned,
        halt: Option<Halt>,
    ) -> Self {
        Self {
            ctx,
            config,
            way,
            preparer,
            queue: Mutex::new(deliveries.into()),
            learned: Mutex::new(learned),
            waiting: Mutex::default(),
            halt,
            stopped: AtomicBool::new(false),
            any_accepted: AtomicBool::new(false),
            n_ended: AtomicUsize::new(0),
            n_open: AtomicUsize::new(0),
        }
    }

    /// Works until the queue is empty or the batch is stopped; run several at once.
    pub(super) async fn work(self: Arc<Self>, ledger: Ledger) {
        let mut session = None;
        while !ledger.is_broken()
            && let Some(delivery) = self.next()
        {
            let begun = Instant::now();
            match self.attempt(&mut session, &delivery, &ledger).await {
                Turn::Ended(outcome) => {
                    let attempt = self.settle(&delivery, outcome, begun);
                    ledger.ended(attempt).await;
                }
                Turn::GivenBack => {
                    lock(&self.learned).limiter.untake(domain_of(&delivery.address));
                    lock(&self.queue).push_front(delivery);
                    break;
                }
            }
        }
        if let Some(session) = session {
            self.n_open.fetch_sub(1, Ordering::SeqCst);
            lock(&self.learned).idle.push((session, Instant::now()));
        }
    }

    /// What is left; everything still in the queue was not begun.
    pub(super) fn finish(self) -> Rest {
        Rest {
            learned: into_inner(self.learned),
            waiting: into_inner(self.waiting),
            n_ended: self.n_ended.into_inner(),
            any_accepted: self.any_accepted.into_inner(),
        }
    }

    fn next(&self) -> Option<Delivery> {
        let mut n_left = lock(&self.queue).len();
        loop {
            if self.stopped.load(Ordering::SeqCst) || self.ctx.shutdown.is_cancelled() || self.ctx.halt() != self.halt {
                return None;
            }
            let delivery = lock(&self.queue).pop_front()?;
            let taken = lock(&self.learned)
                .limiter
                .take(domain_of(&delivery.address), self.ctx.now());
            match taken {
                Ok(()) => return Some(delivery),
                Err(Wait::Until(at)) => lock(&self.waiting).push((delivery.id, at)),
                // Whoever is on the way there comes for the rest; with nothing for anybody else, this worker is done.
                Err(Wait::Busy) => lock(&self.queue).push_back(delivery),
            }
            n_left = n_left.checked_sub(1)?;
        }
    }

    async fn attempt(&self, session: &mut Option<Session>, delivery: &Delivery, ledger: &Ledger) -> Turn {
        let message = match self.preparer.prepare(delivery).await {
            Ok(message) => message,
            Err(problem) => return Turn::Ended(unprepared(delivery, &problem)),
        };
        match &*self.way {
            Way::Local(local) => {
                let commit = async {
                    crash_point_of_local();
                    ledger.committing(delivery.id).await
                };
                Turn::Ended(local.deliver(message, commit).await)
            }
            Way::Smtp(relay) => self.over_smtp(relay, session, &message, ledger).await,
        }
    }

    async fn over_smtp(
        &self,
        relay: &Relay,
        session: &mut Option<Session>,
        message: &Outgoing,
        ledger: &Ledger,
    ) -> Turn {
        let mut may_reuse = true;
        loop {
            let kept = match session.take() {
                Some(worn) if worn.n_sent >= self.config.mail.rate.per_connection.max(1) => {
                    self.n_open.fetch_sub(1, Ordering::SeqCst);
                    worn.quit().await;
                    None
                }
                Some(own) => Some(own),
                None if may_reuse => self.unpark(),
                None => None,
            };
            let reused = kept.is_some();
            let open = match kept {
                Some(open) => open,
                None => match self.open(relay).await {
                    Ok(open) => open,
                    Err(turn) => return turn,
                },
            };
            let committed = AtomicBool::new(false);
            let commit = async {
                committed.store(true, Ordering::SeqCst);
                ledger.committing(message.id).await
            };
            let sending = open.send(&message.envelope, &message.bytes, commit);
            tokio::pin!(sending);
            let (outcome, usable) = tokio::select! {
                biased;
                sent = &mut sending => sent,
                // Before 354 nothing was promised: the connection is dropped. After it, the reply is waited for.
                () = self.ctx.shutdown.cancelled() => {
                    if !committed.load(Ordering::SeqCst) {
                        self.n_open.fetch_sub(1, Ordering::SeqCst);
                        return Turn::GivenBack;
                    }
                    sending.await
                }
            };
            if usable.is_none() {
                self.n_open.fetch_sub(1, Ordering::SeqCst);
            }
            *session = usable;
            // A server closes a connection that was idle for long: that says nothing of this message.
            if reused
                && may_reuse
                && matches!(
                    &outcome,
                    SendOutcome::NotSent {
                        phase: SmtpPhase::Mail,
                        ..
                    }
                )
            {
                may_reuse = false;
                continue;
            }
            return Turn::Ended(outcome);
        }
    }

    fn unpark(&self) -> Option<Session> {
        let (session, _) = lock(&self.learned).idle.pop()?;
        self.n_open.fetch_add(1, Ordering::SeqCst);
        Some(session)
    }

    async fn open(&self, relay: &Relay) -> Result<Session, Turn> {
        self.n_open.fetch_add(1, Ordering::SeqCst);
        let opened = tokio::select! {
            opened = relay.open() => Some(opened),
            () = self.ctx.shutdown.cancelled() => None,
        };
        if let Some(Ok(session)) = opened {
            return Ok(session);
        }
        let others = self.n_open.fetch_sub(1, Ordering::SeqCst) > 1;
        match opened {
            // Others are open or may come to be: the relay takes fewer connections at once than we have.
            Some(Err(outcome)) if !others => Err(Turn::Ended(outcome)),
            _ => Err(Turn::GivenBack),
        }
    }

    /// Decides what follows from an outcome, for the message and for the batch.
    fn settle(&self, delivery: &Delivery, outcome: SendOutcome, begun: Instant) -> Attempt {
        let now = self.ctx.now();
        let domain = domain_of(&delivery.address);
        let mut learned = lock(&self.learned);
        if matches!(outcome, SendOutcome::Accepted { .. }) {
            learned.refused_streak = 0;
            learned.limiter.accepted(domain);
            self.any_accepted.store(true, Ordering::SeqCst);
        } else if retry::may_be_ours(&outcome) {
            learned.refused_streak = learned.refused_streak.saturating_add(1);
        }
        let backs_off = retry::back_off(&outcome);
        if let Some(who) = backs_off {
            learned.limiter.deferred(who, domain, now);
            if who == BackOff::Relay {
                self.stopped.store(true, Ordering::SeqCst);
            }
        }
        learned.limiter.ended(domain, backs_off.is_none());
        let policy = Policy {
            give_up: self.config.mail.give_up,
            on_uncertain: self.config.mail.on_uncertain,
            refused_streak: learned.refused_streak,
            jitter: f64::from(u32::try_from(self.ctx.random.below(1001)).unwrap_or(0)) / 1000.0,
        };
        let verdict = retry::verdict(
            &outcome,
            delivery.kind,
            delivery.attempt,
            delivery.queued_at,
            now,
            &policy,
        );
        if let Verdict::PauseUntil(until) = verdict {
            learned.paused_until = Some(until);
            self.stopped.store(true, Ordering::SeqCst);
        }
        drop(learned);
        self.n_ended.fetch_add(1, Ordering::SeqCst);
        report(delivery, &outcome, &verdict, begun);
        Attempt {
            delivery: delivery.id,
            at: now,
            outcome,
            verdict,
        }
    }
}

fn crash_point_of_local() {
    crate::crash::point("after_354");
}

/// A delivery that cannot become a message: its address is the recipient's trouble, all else is tried again.
fn unprepared(delivery: &Delivery, problem: &PrepareError) -> SendOutcome {
    match problem {
        PrepareError::Address => SendOutcome::Refused {
            phase: SmtpPhase::Rcpt,
            code: 553,
            enhanced: "5.6.7".to_owned(),
            reply: problem.to_string(),
        },
        PrepareError::Other(why) => {
            error!(delivery.id = delivery.id.get(), error = %why, "A message cannot be made");
            SendOutcome::NotSent {
                phase: SmtpPhase::Body,
                error: why.clone(),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
