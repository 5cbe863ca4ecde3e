//! The ingest loop's tick: claim due feeds, poll them, record what came.
//!
//! Requests run side by side, each waiting only for its own host, so that one that hangs delays nobody. While one
//! batch of outcomes is being committed the next ones gather, and go into the next transaction together; the same
//! transaction claims the next feeds. A claim is also a lease, as long as the feed's own interval: a process that dies
//! in a poll, again and again, still asks no feed more often than configured.

mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::{Id, JoinSet};

use super::poll::Surroundings;
use super::queue::Queue;
use crate::config::Config;
use crate::context::{Ctx, Next};
use crate::model::{DueFeed, FeedSpec, PollCounts, PollOutcome, PollRecord};
use crate::store::feeds::Claim;
use crate::store::{self, feeds};
use sweep::{Sweep, lease};

/// Outcomes in one transaction, so that it stays short.
const BATCH_MAX: usize = 64;
/// Feeds claimed ahead of the free requests, in multiples of the requests at once.
const AHEAD: usize = 4;
/// A request that runs this long gives its place to another one: a server that hangs takes a socket, and no turn.
const SLOW_AFTER: Duration = Duration::from_secs(2);
/// Slow requests beside the requests at once, in multiples of those.
const SLOW_MAX: usize = 4;
/// A tick returns after this long even while requests run; the next one goes on with them.
const TICK_MAX: Duration = Duration::from_secs(20);
/// While requests run, the clock is looked at this often for feeds that came due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The feeds as a whole are counted for metrics this often at most.
const GAUGE_EVERY: Duration = Duration::from_secs(15);

/// A poll that was recorded.
#[derive(Debug)]
pub struct Polled {
    /// The feed.
    pub feed: Arc<DueFeed>,
    /// What the poll came to.
    pub record: PollRecord,
    /// What the store made of it.
    pub counts: PollCounts,
}

/// Polls feeds. Keep one for the life of the program: it remembers when each host was asked last. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Poller(Arc<Mutex<State>>);

/// What one configuration means for polling.
struct Around {
    config: Arc<Config>,
    shared: Surroundings,
    /// The configured feeds by key.
    specs: BTreeMap<String, Arc<FeedSpec>>,
}

impl Around {
    fn new(config: Arc<Config>) -> Self {
        Self {
            shared: Surroundings::new(&config.poll),
            specs: config
                .feeds
                .iter()
                .map(|spec| (spec.key.clone(), Arc::new(spec.clone())))
                .collect(),
            config,
        }
    }

    fn spec(&self, key: &str) -> Option<&Arc<FeedSpec>> {
        self.specs.get(key)
    }
}

#[derive(Default)]
struct State {
    around: Option<Arc<Around>>,
    queue: Queue,
    running: JoinSet<PollRecord>,
    /// What runs, so that a poll that panics can still be recorded.
    in_flight: HashMap<Id, Flight>,
    done: Batch,
    origin: Option<Instant>,
    /// When the feeds were counted last.
    gauged: Option<Instant>,
}

/// A request under way.
struct Flight {
    host: String,
    feed: Arc<DueFeed>,
    begun: Instant,
}

impl State {
    /// Whether another request may start. Slow ones hold no place, up to a limit of their own.
    fn has_place(&self, at_once: usize) -> bool {
        let running = self.running.len();
        if running < at_once {
            return true;
        }
        let now = Instant::now();
        let slow = |flight: &&Flight| now.duration_since(flight.begun) >= SLOW_AFTER;
        running < at_once + self.in_flight.values().filter(slow).count().min(at_once * SLOW_MAX)
    }

    /// What this configuration means for polling, made once for each.
    fn around(&mut self, config: &Arc<Config>) -> Arc<Around> {
        if let Some(around) = self
            .around
            .as_ref()
            .filter(|around| Arc::ptr_eq(&around.config, config))
        {
            return Arc::clone(around);
        }
        let around = Arc::new(Around::new(Arc::clone(config)));
        self.around = Some(Arc::clone(&around));
        around
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

type Batch = Vec<(Arc<DueFeed>, PollRecord)>;

/// What one transaction came to: its batch back, and what the store said.
struct Committed {
    batch: Batch,
    result: store::Result<(Vec<PollCounts>, Option<Claim>)>,
}

impl Poller {
    /// Polls what is due until nothing is, and says when something will be.
    ///
    /// # Errors
    /// When the database fails. Outcomes that could not be written are tried again by the next tick.
    pub async fn tick(&self, ctx: &Ctx) -> store::Result<Next> {
        let mut state = self.0.lock().await;
        let next = Sweep::new(&mut state, ctx, true).run(&mut |_| {}).await?;
        // It looks at every feed, so not after each of the small ticks that thousands of feeds make.
        if next.did > 0 && state.gauged.is_none_or(|at| at.elapsed() >= GAUGE_EVERY) {
            state.gauged = Some(Instant::now());
            gauge(ctx).await?;
        }
        Ok(next)
    }

    /// Polls these feeds now, due or not, and calls `on_polled` as each is recorded. Returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn poll_now(
        &self,
        ctx: &Ctx,
        specs: Vec<FeedSpec>,
        on_polled: &mut (dyn FnMut(&Polled) + Send),
    ) -> store::Result<usize> {
        let mut state = self.0.lock().await;
        let (config, now) = (ctx.config(), ctx.now());
        let specs: Vec<_> = specs.into_iter().map(Arc::new).collect();
        let claimed = ctx
            .db
            .write(move |tx| feeds::claim_keys(tx, &specs, now, |spec| lease(&config.poll, spec)))
            .await?;
        let n_claimed = claimed.len();
        for feed in claimed {
            state.queue.push(feed);
        }
        loop {
            Sweep::new(&mut state, ctx, false).run(on_polled).await?;
            if ctx.shutdown.is_cancelled() || (state.queue.is_empty() && state.running.is_empty()) {
                return Ok(n_claimed);
            }
        }
    }
}

/// The feeds as a whole, for whoever watches.
async fn gauge(ctx: &Ctx) -> store::Result<()> {
    let (counts, oldest) = ctx.db.read(feeds::totals).await?;
    for (status, n) in counts {
        metrics::gauge!("courant_feeds", "status" => status).set(n as f64);
    }
    let age = oldest.map_or(0.0, |at| ctx.now().since(at).as_secs_f64());
    metrics::gauge!("courant_feed_oldest_success_age_seconds").set(age);
    Ok(())
}

/// One line and the metrics of a poll.
fn report(polled: &Polled) {
    let Polled { feed, record, counts } = polled;
    let outcome = match &record.outcome {
        PollOutcome::NotModified => "not_modified",
        PollOutcome::Same => "same",
        PollOutcome::Read => "read",
        PollOutcome::Failed(failure) => failure.kind,
    };
    metrics::counter!("courant_feed_polls_total", "outcome" => outcome).increment(1);
    metrics::histogram!("courant_feed_poll_seconds").record(Duration::from_millis(record.duration_ms).as_secs_f64());
    metrics::counter!("courant_feed_poll_bytes_total").increment(record.n_bytes);
    for (result, n) in [
        ("new", counts.n_new),
        ("history", counts.n_history),
        ("revised", counts.n_revised),
        ("known", counts.n_known),
    ] {
        metrics::counter!("courant_entries_total", "result" => result).increment(u64::from(n));
    }
    let (key, id, status) = (&feed.spec.key, feed.id.get(), record.http_status.unwrap_or(0));
    let (duration_ms, size_bytes) = (record.duration_ms, record.n_bytes);
    if let PollOutcome::Failed(failure) = &record.outcome {
        let error = &failure.message;
        if record.gone {
            tracing::error!(
                feed.key = key,
                feed.id = id,
                http.status = status,
                error,
                "A feed is gone and polled no more"
            );
        } else if record.failures == 1 {
            tracing::warn!(
                feed.key = key,
                feed.id = id,
                http.status = status,
                outcome,
                duration_ms,
                error,
                "A feed failed"
            );
        } else {
            tracing::debug!(
                feed.key = key,
                feed.id = id,
                http.status = status,
                outcome,
                duration_ms,
                error,
                "A feed failed again"
            );
        }
    } else if counts.n_new + counts.n_history + counts.n_revised > 0 {
        let (n_new, n_known) = (counts.n_new + counts.n_history, counts.n_known);
        tracing::info!(
            feed.key = key,
            feed.id = id,
            http.status = status,
            outcome,
            n_new,
            n_known,
            duration_ms,
            size_bytes,
            "A feed brought news"
        );
    } else {
        tracing::debug!(
            feed.key = key,
            feed.id = id,
            http.status = status,
            outcome,
            duration_ms,
            "A feed was polled"
        );
    }
    if let Some(url) = record.adopt_url.as_ref().filter(|url| !url.is_empty()) {
        tracing::warn!(
            feed.key = key,
            feed.id = id,
            url,
            "A feed moved for good; put its new address into the configuration"
        );
    }
}
