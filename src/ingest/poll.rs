//! One poll: fetch, read, normalize, decide when to ask again. Whatever happens comes out as one [`PollRecord`].

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::fetch::{FetchOutcome, Fetched, Fetcher};
use super::headers::Link;
use super::normalize::{Normalized, Terms, normalize};
use super::parse::{ParseContext, ParseFailure, parse_feed};
use super::schedule::{self, Came, HOPELESS_AFTER, Policy, Rhythm, next_poll};
use super::url::host_key;
use super::websub::hub_of;
use super::{body, redirect};
use crate::config::PollSettings;
use crate::model::{DueFeed, FeedSpec, PollFailure, PollOutcome, PollRecord, Validators};
use crate::time::Timestamp;

/// An unconditional request this often, in case a server's validators lie: a week of a feed's silence at worst, and
/// far below what a server that counts such requests (once a day, most say) holds against a reader.
const FULL_EVERY: Duration = Duration::from_hours(7 * 24);
/// Failures at an adopted address after which the configured one is tried again.
const ADOPTED_FAILURES_MAX: u32 = 3;
/// Pages of older items that are followed after a gap.
const PAGES_MAX: usize = 5;
/// Documents read at once: reading is work for the processor, and there are few of those.
const READERS: usize = 2;

/// What all polls share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub fetcher: Fetcher,
    pub settings: Arc<PollSettings>,
    readers: Arc<Semaphore>,
}

impl Surroundings {
    pub fn new(settings: &PollSettings) -> Self {
        Self {
            fetcher: Fetcher::new(settings),
            settings: Arc::new(settings.clone()),
            readers: Arc::new(Semaphore::new(READERS)),
        }
    }
}

/// What reading a body came to.
enum Reading {
    /// The same bytes as last time.
    Same,
    /// A feed.
    Feed(Box<Normalized>, Vec<u8>),
    Failed(PollFailure),
}

/// A body with what its headers say of it.
struct Document {
    wire: Vec<u8>,
    encoding: String,
    content_type: String,
    links: Vec<Link>,
}

/// Polls one feed. `edition` is when the next edition is composed.
pub(super) async fn poll(
    around: &Surroundings,
    feed: &Arc<DueFeed>,
    now: Timestamp,
    edition: Option<Timestamp>,
) -> PollRecord {
    let due_full = feed.last_full_at.is_none_or(|at| now.since(at) >= FULL_EVERY);
    let full = due_full || feed.validators == Validators::default();
    let mut fetched = around.fetcher.get(feed, full, now).await;
    let outcome = std::mem::replace(&mut fetched.outcome, FetchOutcome::NotModified);
    let reading = match outcome {
        FetchOutcome::NotModified if full => Reading::Failed(PollFailure {
            kind: "http",
            status: Some(304),
            message: format!("`{}` says 304 to a request that was not conditional", fetched.url),
        }),
        FetchOutcome::NotModified => return record(around, feed, now, edition, full, &fetched, None),
        FetchOutcome::Body {
            wire,
            encoding,
            content_type,
        } => {
            let links = std::mem::take(&mut fetched.links);
            let document = Document {
                wire,
                encoding,
                content_type,
                links,
            };
            read(around, feed, now, &fetched.url, document).await
        }
        FetchOutcome::Refused {
            failure,
            page,
            encoding,
        } => Reading::Failed(name_blocker(around, failure, page, encoding, &fetched.url).await),
        FetchOutcome::Failed(failure) => Reading::Failed(failure),
    };
    let reading = match reading {
        Reading::Feed(mut first, hash) => {
            fill_gap(around, feed, now, &mut first).await;
            Reading::Feed(first, hash)
        }
        reading => reading,
    };
    record(around, feed, now, edition, full, &fetched, Some(reading))
}

/// Follows a feed's pages back to what is known. What cannot be had is left: the feed itself was read.
async fn fill_gap(around: &Surroundings, feed: &Arc<DueFeed>, now: Timestamp, first: &mut Normalized) {
    let mut next = first.older_page.take();
    for _ in 0..PAGES_MAX {
        let Some(url) = next.take() else { return };
        tokio::time::sleep(around.settings.host_pause).await;
        let mut page = DueFeed::clone(feed);
        page.url = url;
        page.body_hash.clear();
        let page = Arc::new(page);
        let fetched = around.fetcher.get(&page, true, now).await;
        let FetchOutcome::Body {
            wire,
            encoding,
            content_type,
        } = fetched.outcome
        else {
            return;
        };
        let document = Document {
            wire,
            encoding,
            content_type,
            links: Vec::new(),
        };
        let Reading::Feed(older, _) = read(around, &page, now, &fetched.url, document).await else {
            return;
        };
        first.entries.extend(older.entries);
        next = older.older_page;
    }
}

async fn read(around: &Surroundings, feed: &Arc<DueFeed>, now: Timestamp, url: &str, document: Document) -> Reading {
    let Document {
        wire,
        encoding,
        content_type,
        links,
    } = document;
    let (feed, settings, url) = (Arc::clone(feed), Arc::clone(&around.settings), url.to_owned());
    let shown = url.clone();
    let work = move || {
        let document = match body::decode(wire, &encoding, settings.body_max) {
            Ok(document) => document,
            Err(error @ body::BodyError::TooLarge(_)) => return Reading::Failed(unreadable("too_large", &url, &error)),
            Err(error) => return Reading::Failed(unreadable("io", &url, &error)),
        };
        let hash = Sha256::digest(&document).to_vec();
        if hash == feed.body_hash {
            return Reading::Same;
        }
        let context = ParseContext {
            url: &url,
            content_type: &content_type,
        };
        match parse_feed(&document, &context) {
            Ok(parsed) => {
                let terms = Terms {
                    now,
                    first_poll: feed.last_success_at.is_none(),
                    first_poll_news: settings.first_poll_news,
                    identity: feed.spec.identity,
                    entries_max: settings.entries_max,
                    tracking: &settings.tracking_parameters,
                    url: &url,
                    recent: &feed.recent,
                };
                let mut normalized = normalize(&parsed, &terms);
                normalized.hub = hub_of(&links, &parsed, &url);
                Reading::Feed(Box::new(normalized), hash)
            }
            Err(ParseFailure::Blocked { by }) => Reading::Failed(blocked(&url, Some(200), by)),
            Err(failure) => Reading::Failed(unreadable("not_a_feed", &url, &failure)),
        }
    };
    on_a_reader(around, work).await.unwrap_or_else(|| {
        Reading::Failed(PollFailure {
            kind: "parse",
            status: Some(200),
            message: format!("reading `{shown}` failed in a way it should not; please report this feed"),
        })
    })
}

/// Runs processor work; `None` when it panicked, which costs this feed its poll and nothing else.
async fn on_a_reader<T: Send + 'static>(around: &Surroundings, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let permit = Arc::clone(&around.readers).acquire_owned().await.ok()?;
    let result = tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    })
    .await;
    result.ok()
}

fn unreadable(kind: &'static str, url: &str, why: &impl std::fmt::Display) -> PollFailure {
    PollFailure {
        kind,
        status: Some(200),
        message: format!("`{url}`: {why}"),
    }
}

fn blocked(url: &str, status: Option<u16>, by: &str) -> PollFailure {
    PollFailure {
        kind: "blocked",
        status,
        message: format!("`{url}` is blocked: {by} answered with a page instead of the feed"),
    }
}

/// A refusal whose page says that programs are kept out is called so.
async fn name_blocker(
    around: &Surroundings,
    failure: PollFailure,
    page: Vec<u8>,
    encoding: String,
    url: &str,
) -> PollFailure {
    if page.is_empty() || failure.kind != "http" {
        return failure;
    }
    let body_max = around.settings.body_max;
    let found = on_a_reader(around, move || {
        let page = body::decode(page, &encoding, body_max).ok()?;
        match parse_feed(&page, &ParseContext::default()) {
            Err(ParseFailure::Blocked { by }) => Some(by),
            _ => None,
        }
    });
    match found.await.flatten() {
        Some(by) => blocked(url, failure.status, by),
        None => failure,
    }
}

/// Puts everything one poll came to into one value; `reading` is `None` for a 304.
fn record(
    around: &Surroundings,
    feed: &DueFeed,
    now: Timestamp,
    edition: Option<Timestamp>,
    full: bool,
    fetched: &Fetched,
    reading: Option<Reading>,
) -> PollRecord {
    let (outcome, normalized, body_hash) = match reading {
        None => (PollOutcome::NotModified, Normalized::default(), Vec::new()),
        Some(Reading::Same) => (PollOutcome::Same, Normalized::default(), Vec::new()),
        Some(Reading::Feed(normalized, hash)) => (PollOutcome::Read, *normalized, hash),
        Some(Reading::Failed(failure)) => (PollOutcome::Failed(failure), Normalized::default(), Vec::new()),
    };
    let read = outcome == PollOutcome::Read;
    let failed = matches!(outcome, PollOutcome::Failed(_));
    let got_body = matches!(outcome, PollOutcome::Read | PollOutcome::Same);
    let validators = got_body.then(|| fetched.validators.clone());
    let hints = if read { normalized.hints } else { feed.hints };
    let recent = if read { normalized.recent } else { feed.recent.clone() };
    let failures = if failed { feed.failures.saturating_add(1) } else { 0 };
    let known = validators.as_ref().unwrap_or(&feed.validators);
    let rhythm = Rhythm {
        recent: &recent,
        has_validators: *known != Validators::default(),
        hints,
        is_pushed: feed.is_pushed,
        seed: schedule::seed(&feed.spec.key),
    };
    let came = match &outcome {
        PollOutcome::Failed(failure) => Came::Failed {
            failures,
            refused: failure.status.is_some_and(|status| (400..500).contains(&status)),
            retry_at: fetched.retry_at,
        },
        _ => Came::Good {
            fresh_for: fetched.fresh_for,
        },
    };
    let mut next = next_poll(now, &policy(&around.settings, &feed.spec), &rhythm, came, edition);
    let retreat = failed && feed.url != feed.spec.url && (failures >= ADOPTED_FAILURES_MAX || is_gone(&outcome));
    let gone = failed && !retreat && (is_gone(&outcome) || hopeless(feed, &outcome, now));
    let proof = if failed {
        redirect::Proof {
            moved: feed.moved.clone(),
            adopt: retreat.then(String::new),
        }
    } else {
        redirect::prove(feed.moved.as_ref(), fetched.permanent_to.as_deref(), now)
    };
    if gone {
        "switched off: the address is gone".clone_into(&mut next.reason);
    }
    PollRecord {
        at: now,
        host_not_before: host_pause(fetched, &outcome, next.at),
        title: normalized.title,
        site_url: normalized.site_url,
        entries: normalized.entries,
        validators,
        body_hash,
        full,
        next_poll_at: next.at,
        next_poll_reason: next.reason,
        moved: proof.moved,
        adopt_url: proof.adopt,
        hints: read.then_some(hints),
        hub: read.then_some(normalized.hub),
        recent,
        n_items: normalized.n_items,
        n_undated: normalized.n_undated,
        failures,
        gone,
        http_status: fetched.status,
        n_bytes: fetched.n_bytes,
        duration_ms: u64::try_from(fetched.duration.as_millis()).unwrap_or(u64::MAX),
        outcome,
    }
}

/// The feed's own interval, or the general one.
pub(super) fn policy(settings: &PollSettings, spec: &FeedSpec) -> Policy {
    Policy {
        interval: spec.interval.unwrap_or(settings.interval),
        explicit: spec.interval.is_some(),
        interval_max: settings.interval_max,
        before_edition: settings.before_edition,
    }
}

fn is_gone(outcome: &PollOutcome) -> bool {
    matches!(outcome, PollOutcome::Failed(failure) if failure.kind == "gone")
}

/// Weeks of "not found" and the like. A login, a block, an overload and a network fault may all pass.
fn hopeless(feed: &DueFeed, outcome: &PollOutcome, now: Timestamp) -> bool {
    let PollOutcome::Failed(failure) = outcome else {
        return false;
    };
    let final_word = failure.kind == "http"
        && failure
            .status
            .is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 403 | 407 | 408 | 425));
    final_word
        && feed
            .failing_since
            .is_some_and(|since| now.since(since) >= HOPELESS_AFTER)
}

/// Too many requests is said to a host's every feed; so is a `Retry-After` of a server in trouble.
fn host_pause(fetched: &Fetched, outcome: &PollOutcome, next: Timestamp) -> Option<(String, Timestamp)> {
    let PollOutcome::Failed(failure) = outcome else {
        return None;
    };
    match (failure.status, fetched.retry_at) {
        (Some(429 | 503), Some(at)) => Some((host_key(&fetched.url), at)),
        (Some(429), None) => Some((host_key(&fetched.url), next)),
        _ => None,
    }
}
