//! One tick: requests side by side, outcomes committed in batches, the next feeds claimed with them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinHandle};

use super::{AHEAD, Around, BATCH_MAX, Committed, Flight, LOOK_EVERY, Polled, State, TICK_MAX, report};
use crate::config::{Config, PollSettings};
use crate::context::{Ctx, Next};
use crate::ingest::poll::{policy, poll};
use crate::ingest::queue::HostRules;
use crate::ingest::schedule::INTERVAL_MIN;
use crate::ingest::url::host_key;
use crate::model::{DueFeed, FeedSpec, PollFailure, PollOutcome, PollRecord};
use crate::store::feeds::{Accept, Claim};
use crate::store::{self, StoreError, entries, feeds};
use crate::time::Timestamp;

/// One run over the state: a tick, or a part of it.
pub(super) struct Sweep<'a> {
    state: &'a mut State,
    ctx: &'a Ctx,
    config: Arc<Config>,
    around: Arc<Around>,
    rules: Arc<HostRules>,
    origin: Instant,
    /// Feeds may be due that are not claimed yet.
    look: bool,
    /// Some were not claimed since their host was busy.
    held: bool,
    /// A request ended since the last claim was begun: what that claim held back may be free.
    freed: bool,
    next_due: Option<Timestamp>,
    edition: Option<Timestamp>,
    commit: Option<JoinHandle<Committed>>,
    did: usize,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(state: &'a mut State, ctx: &'a Ctx, look: bool) -> Self {
        let config = ctx.config();
        let around = state.around(&config);
        let rules = Arc::new(HostRules::new(&config.poll));
        Self {
            origin: *state.origin.get_or_insert_with(Instant::now),
            edition: next_edition(&config, ctx.now()),
            state,
            ctx,
            config,
            around,
            rules,
            look,
            held: false,
            freed: false,
            next_due: None,
            commit: None,
            did: 0,
        }
    }

    /// Goes on under a configuration that was read anew meanwhile.
    fn refresh(&mut self) {
        let config = self.ctx.config();
        if !Arc::ptr_eq(&config, &self.config) {
            self.around = self.state.around(&config);
            self.rules = Arc::new(HostRules::new(&config.poll));
            self.edition = next_edition(&config, self.ctx.now());
            self.config = config;
        }
    }

    pub(super) async fn run(mut self, on_polled: &mut (dyn FnMut(&Polled) + Send)) -> store::Result<Next> {
        let claiming = self.look;
        let begun = Instant::now();
        loop {
            self.refresh();
            let stopping = self.ctx.shutdown.is_cancelled();
            if stopping {
                self.look = false;
                self.give_back().await?;
            } else {
                self.start_requests();
            }
            self.start_commit();
            if self.commit.is_none() && (self.is_idle() || stopping || begun.elapsed() >= TICK_MAX) {
                break;
            }
            let pause = self.pause();
            tokio::select! {
                Some(ended) = self.state.running.join_next_with_id(), if !stopping => {
                    self.finish(ended);
                    while let Some(ended) = self.state.running.try_join_next_with_id() {
                        self.finish(ended);
                    }
                }
                committed = joined(&mut self.commit) => self.committed(committed?, on_polled)?,
                () = tokio::time::sleep(pause) => self.look |= claiming && self.next_due.is_some_and(|at| at <= self.ctx.now()),
                () = self.ctx.wakes.ingest.notified(), if claiming && !stopping => self.look = true,
                () = self.ctx.shutdown.cancelled(), if !stopping => {}
            }
        }
        if self.ctx.shutdown.is_cancelled() {
            self.state.running.abort_all();
        }
        self.state.queue.forget_idle(self.origin.elapsed());
        let busy = !self.is_idle();
        Ok(Next {
            at: match self.next_due {
                _ if busy => self.ctx.now(),
                Some(at) => at,
                None => self.ctx.now().plus(INTERVAL_MIN),
            },
            did: self.did,
        })
    }

    fn is_idle(&self) -> bool {
        self.state.queue.is_empty() && self.state.running.is_empty() && self.state.done.is_empty() && !self.look
    }

    /// How long nothing will happen by itself, at most.
    fn pause(&self) -> Duration {
        let host = self
            .state
            .has_place(self.config.poll.concurrency.max(1))
            .then(|| self.state.queue.wait(self.origin.elapsed(), &self.rules))
            .flatten();
        host.unwrap_or(LOOK_EVERY).clamp(Duration::from_millis(1), LOOK_EVERY)
    }

    fn start_requests(&mut self) {
        while self.state.has_place(self.config.poll.concurrency.max(1)) {
            let Some((host, feed)) = self.state.queue.take(self.origin.elapsed(), &self.rules) else {
                return;
            };
            let (around, of_task) = (Arc::clone(&self.around), Arc::clone(&feed));
            let (now, edition) = (self.ctx.now(), self.edition);
            let handle = self
                .state
                .running
                .spawn(async move { poll(&around.shared, &of_task, now, edition).await });
            let begun = Instant::now();
            self.state.in_flight.insert(handle.id(), Flight { host, feed, begun });
        }
    }

    fn finish(&mut self, ended: Result<(Id, PollRecord), tokio::task::JoinError>) {
        let (id, record) = match ended {
            Ok((id, record)) => (id, Some(record)),
            Err(error) => (error.id(), None),
        };
        let Some(Flight { host, feed, .. }) = self.state.in_flight.remove(&id) else {
            return;
        };
        self.state.queue.finished(&host);
        // A host is free again: a feed of it may wait in the database.
        self.look |= self.held;
        self.freed = true;
        let record = record.unwrap_or_else(|| self.panicked(&feed));
        self.state.done.push((feed, record));
    }

    /// The record of a poll that ended in a panic.
    fn panicked(&self, feed: &DueFeed) -> PollRecord {
        let now = self.ctx.now();
        PollRecord {
            at: now,
            outcome: PollOutcome::Failed(PollFailure {
                kind: "parse",
                status: None,
                message: format!(
                    "polling `{}` failed in a way it should not; please report this feed",
                    feed.spec.key
                ),
            }),
            title: String::new(),
            site_url: String::new(),
            entries: Vec::new(),
            validators: None,
            body_hash: Vec::new(),
            full: false,
            next_poll_at: now.plus(lease(&self.config.poll, &feed.spec)),
            next_poll_reason: "after a fault of ours".to_owned(),
            host_not_before: None,
            moved: feed.moved.clone(),
            adopt_url: None,
            hints: None,
            hub: None,
            recent: feed.recent.clone(),
            n_items: 0,
            n_undated: 0,
            failures: feed.failures.saturating_add(1),
            gone: false,
            http_status: None,
            n_bytes: 0,
            duration_ms: 0,
        }
    }

    /// Starts a transaction when there is something to write or to claim, and none is under way.
    fn start_commit(&mut self) {
        let room = (self.config.poll.concurrency.max(1) * AHEAD).saturating_sub(self.state.queue.len());
        // Claiming alone is worth a transaction only when it may bring many.
        let claims =
            self.look && (room * 2 > self.config.poll.concurrency * AHEAD || (room > 0 && !self.state.done.is_empty()));
        if self.commit.is_some() || (self.state.done.is_empty() && !claims) {
            return;
        }
        if claims {
            self.freed = false;
        }
        let n_batch = self.state.done.len().min(BATCH_MAX);
        let batch: Vec<_> = self.state.done.drain(..n_batch).collect();
        let (db, around, now) = (self.ctx.db.clone(), Arc::clone(&self.around), self.ctx.now());
        let mut load = if claims {
            self.state.queue.load()
        } else {
            BTreeMap::new()
        };
        let (rules, clock) = (Arc::clone(&self.rules), Arc::clone(&self.ctx.clock));
        self.commit = Some(tokio::spawn(async move {
            let batch = Arc::new(batch);
            let writing = Arc::clone(&batch);
            let result = db
                .write(move |tx| {
                    // The batch may have waited for the disk, or for another process.
                    let written_at = clock.now();
                    let counts = writing
                        .iter()
                        .map(|(feed, record)| entries::record_poll(tx, feed, record, written_at))
                        .collect::<store::Result<Vec<_>>>()?;
                    let claim = if claims {
                        Some(claim(tx, &around, now, room, &mut load, &rules)?)
                    } else {
                        None
                    };
                    Ok((counts, claim))
                })
                .await;
            Committed {
                batch: Arc::unwrap_or_clone(batch),
                result,
            }
        }));
    }

    fn committed(&mut self, committed: Committed, on_polled: &mut (dyn FnMut(&Polled) + Send)) -> store::Result<()> {
        let (counts, claim) = match committed.result {
            Ok(result) => result,
            Err(error) => {
                self.state.done.splice(0..0, committed.batch);
                return Err(error);
            }
        };
        self.did += counts.len();
        let mut news = false;
        for ((feed, record), counts) in committed.batch.into_iter().zip(counts) {
            news |= counts.n_new + counts.n_history + counts.n_revised > 0;
            let polled = Polled { feed, record, counts };
            report(&polled);
            on_polled(&polled);
        }
        if news {
            self.ctx.wakes.texts.notify_one();
            self.ctx.wakes.stories.notify_one();
        }
        if let Some(claim) = claim {
            self.held = claim.n_held > 0;
            // Where some were, there may be more.
            self.look = !claim.feeds.is_empty() || (self.held && self.freed);
            self.next_due = claim.next_at;
            for feed in claim.feeds {
                self.state.queue.push(feed);
            }
        }
        Ok(())
    }

    /// Gives feeds that were claimed and not asked back, so that the next start polls them at once.
    async fn give_back(&mut self) -> store::Result<()> {
        let ids: Vec<_> = self.state.queue.drain().iter().map(|feed| feed.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let now = self.ctx.now();
        self.ctx.db.write(move |tx| feeds::release(tx, &ids, now)).await
    }
}

/// Waits for the commit under way; for ever when there is none.
async fn joined(commit: &mut Option<JoinHandle<Committed>>) -> store::Result<Committed> {
    let Some(handle) = commit else {
        return std::future::pending().await;
    };
    let ended = handle.await;
    *commit = None;
    ended.map_err(|_| StoreError::Other("writing polls was interrupted".into()))
}

pub(super) fn claim(
    tx: &store::rusqlite::Transaction<'_>,
    around: &Around,
    now: Timestamp,
    limit: usize,
    load: &mut BTreeMap<String, usize>,
    rules: &HostRules,
) -> store::Result<Claim> {
    let pauses = feeds::host_pauses(tx, now)?;
    let accept = |url: &str| {
        let host = host_key(url);
        if let Some(until) = pauses.get(&host) {
            return Accept::Wait(*until);
        }
        let at_once = rules.of(&host).at_once.max(1);
        let load = load.entry(host).or_default();
        // One more than may run: it starts as soon as the one before it ends.
        if *load > at_once {
            return Accept::Busy;
        }
        *load += 1;
        Accept::Now
    };
    feeds::claim_due(
        tx,
        |key| around.spec(key),
        now,
        limit,
        accept,
        |spec| lease(&around.config.poll, spec),
    )
}

/// How long a claimed feed is safe from being claimed again.
pub(super) fn lease(settings: &PollSettings, spec: &FeedSpec) -> Duration {
    policy(settings, spec).least_wait()
}

/// When the next edition of any digest is due.
fn next_edition(config: &Config, now: Timestamp) -> Option<Timestamp> {
    let slots = config
        .digests
        .iter()
        .filter_map(|digest| digest.schedule.next_after(digest.zone, now));
    slots.map(|slot| slot.at).min()
}
