//! When to ask a feed again. Pure: history and outcome in, a time and the reason for it out.
//!
//! The rules, in the order they apply after a good answer:
//! - A feed is asked at its own rhythm: four times in the usual gap between two of its entries, never more often than
//!   configured, never less than `interval_max`. A weekly column is not asked 168 times for one entry.
//! - The server's wishes (`max-age`, `Expires`, `ttl`, `sy:updatePeriod`) lengthen the wait up to a day. They never
//!   shorten it.
//! - A server that gives no validators sends the whole document each time: once a day, unless the operator set an
//!   interval for this feed.
//! - A feed whose hub tells us of news (WebSub) is asked every six hours, in case the hub forgets us.
//! - Waits are up to 10 % longer, by a share that is the feed's own, so that feeds added together drift apart.
//! - An edition needs fresh news: the poll that would fall near it is moved to shortly before it, as far as the
//!   configured interval and the server's wishes allow.
//! - `skipHours` and `skipDays` are kept.
//!
//! After a failure the wait doubles up to a day, or is what `Retry-After` says, up to seven days.

use std::time::Duration;

use crate::model::FeedHints;
use crate::time::Timestamp;

/// No feed is asked more often than this, unless the operator set an interval for this very feed.
pub const INTERVAL_MIN: Duration = Duration::from_mins(15);
/// Most that a server's wish, a feed without validators, or backing off makes us wait.
pub const WAIT_MAX: Duration = Duration::from_secs(DAY);
/// Nothing but failures for this long, and the last of them a 4xx: the feed is given up.
pub const HOPELESS_AFTER: Duration = Duration::from_secs(30 * DAY);
/// A feed whose hub tells us of news is asked this often all the same.
pub const FALLBACK: Duration = Duration::from_secs(6 * HOUR);
/// A feed is asked so many times in the usual gap between two entries.
const POLLS_PER_GAP: u32 = 4;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// What the operator configured.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Shortest wait.
    pub interval: Duration,
    /// The interval was set for this very feed.
    pub explicit: bool,
    /// Longest wait by rhythm.
    pub interval_max: Duration,
    /// Poll this long before an edition; zero for no such poll.
    pub before_edition: Duration,
}

impl Policy {
    /// The shortest wait that is ever chosen.
    #[must_use]
    pub fn least_wait(&self) -> Duration {
        if self.explicit {
            self.interval
        } else {
            self.interval.max(INTERVAL_MIN)
        }
    }
}

/// What is known about the feed, this poll included.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm<'a> {
    /// Dates of its newest entries, newest first.
    pub recent: &'a [Timestamp],
    /// It gives an `ETag` or `Last-Modified`.
    pub has_validators: bool,
    /// What its document asks for.
    pub hints: FeedHints,
    /// A hub has confirmed to tell of its news (WebSub).
    pub is_pushed: bool,
    /// A number of its own, for its share of jitter.
    pub seed: u64,
}

/// How the poll ended.
#[derive(Debug, Clone, Copy)]
pub enum Came {
    /// Well; the response stays fresh this long.
    Good {
        /// By `max-age` or `Expires`.
        fresh_for: Duration,
    },
    /// Badly.
    Failed {
        /// In a row, this one included.
        failures: u32,
        /// The server said it: a status, rather than a network fault. It is waited for longer.
        refused: bool,
        /// When the server said to come back.
        retry_at: Option<Timestamp>,
    },
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPoll {
    /// When.
    pub at: Timestamp,
    /// Why then, in one phrase.
    pub reason: String,
}

/// When to poll next, and why then.
#[must_use]
pub fn next_poll(
    now: Timestamp,
    policy: &Policy,
    rhythm: &Rhythm<'_>,
    came: Came,
    edition: Option<Timestamp>,
) -> NextPoll {
    let interval = policy.least_wait();
    match came {
        Came::Good { fresh_for } => after_success(now, policy, interval, rhythm, fresh_for, edition),
        Came::Failed {
            failures,
            refused,
            retry_at,
        } => after_failure(now, interval, rhythm.seed, failures, refused, retry_at),
    }
}

fn after_success(
    now: Timestamp,
    policy: &Policy,
    interval: Duration,
    rhythm: &Rhythm<'_>,
    fresh_for: Duration,
    edition: Option<Timestamp>,
) -> NextPoll {
    // What may not be undercut, and what is merely enough.
    let (mut floor, mut reason) = (interval, "the configured interval");
    let mut raise = |wait: Duration, why: &'static str| {
        if wait.min(WAIT_MAX) > floor {
            (floor, reason) = (wait.min(WAIT_MAX), why);
        }
    };
    raise(fresh_for, "the server says the answer stays fresh (max-age or Expires)");
    raise(rhythm.hints.ttl, "the feed asks for it (ttl or updatePeriod)");
    if !rhythm.has_validators && !policy.explicit {
        raise(
            WAIT_MAX,
            "the server gives no validators: once a day, unless `interval` is set for this feed",
        );
    }
    let usual = usual_gap(now, rhythm.recent) / POLLS_PER_GAP;
    let mut wait = floor;
    if usual.min(policy.interval_max) > wait {
        (wait, reason) = (usual.min(policy.interval_max), "the rhythm of its entries");
    }
    if rhythm.is_pushed && !policy.explicit && FALLBACK > wait {
        (wait, reason) = (FALLBACK, "its hub tells us of news; this is in case it forgets us");
    }
    let mut at = now.plus(jittered(wait, rhythm.seed));
    if let Some(before) = before_edition(now, policy, rhythm.seed, edition)
        && before >= now.plus(floor)
        && (before < at || before.since(at) < interval)
    {
        (at, reason) = (before, "shortly before an edition");
    }
    let allowed = skip(at, rhythm.hints);
    if allowed != at {
        (at, reason) = (allowed, "the feed asks for it (skipHours or skipDays)");
    }
    NextPoll {
        at,
        reason: reason.to_owned(),
    }
}

/// The moment before an edition at which this feed is asked; feeds are spread over the half of the span.
fn before_edition(now: Timestamp, policy: &Policy, seed: u64, edition: Option<Timestamp>) -> Option<Timestamp> {
    if policy.before_edition.is_zero() {
        return None;
    }
    let spread = (policy.before_edition.as_secs() / 2).max(1);
    let at = edition?
        .minus(policy.before_edition)
        .plus(Duration::from_secs(seed.checked_rem(spread).unwrap_or(0)));
    (at > now).then_some(at)
}

fn after_failure(
    now: Timestamp,
    interval: Duration,
    seed: u64,
    failures: u32,
    refused: bool,
    retry_at: Option<Timestamp>,
) -> NextPoll {
    if let Some(retry_at) = retry_at {
        return NextPoll {
            at: retry_at.max(now.plus(interval)),
            reason: "the server said when to come back (Retry-After)".to_owned(),
        };
    }
    let doublings = if refused { failures } else { failures.saturating_sub(1) }.min(20);
    let wait = interval.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
    let wait = wait.min(WAIT_MAX.max(interval));
    let times = if failures == 1 { "once" } else { "several times" };
    NextPoll {
        at: now.plus(jittered(wait, seed)),
        reason: format!("backing off: it failed {times} ({failures} in a row)"),
    }
}

/// The typical time between two entries: the median of the gaps, or the silence since the newest when that is longer.
fn usual_gap(now: Timestamp, recent: &[Timestamp]) -> Duration {
    let mut gaps: Vec<Duration> = recent
        .iter()
        .zip(recent.iter().skip(1))
        .map(|(a, b)| a.since(*b))
        .collect();
    if gaps.is_empty() {
        return Duration::ZERO;
    }
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
    let silence = recent.first().map_or(Duration::ZERO, |newest| now.since(*newest));
    median.max(silence / 4)
}

fn jittered(wait: Duration, seed: u64) -> Duration {
    // 0 to 10 % in steps of a thousandth; only longer, so that no interval is undercut.
    let share = u32::try_from(seed.checked_rem(101).unwrap_or(0)).unwrap_or(0);
    wait.saturating_add(wait.saturating_mul(share) / 1_000)
}

/// The first moment from `at` on that `skipHours` and `skipDays` allow, at most a day later.
fn skip(at: Timestamp, hints: FeedHints) -> Timestamp {
    if hints.skip_hours == 0 && hints.skip_days == 0 {
        return at;
    }
    let mut candidate = at;
    for _ in 0..=24 {
        let hours = candidate.unix().div_euclid(HOUR.cast_signed());
        let hour = hours.rem_euclid(24);
        let weekday = (hours.div_euclid(24) + 3).rem_euclid(7); // 1970-01-01 was a Thursday; 0 is Monday
        if hints.skip_hours >> hour & 1 == 0 && hints.skip_days >> weekday & 1 == 0 {
            return candidate;
        }
        candidate = Timestamp::from_unix((hours + 1) * HOUR.cast_signed());
    }
    at.plus(WAIT_MAX)
}

/// A number that is a feed's own and the same in every run.
#[must_use]
pub fn seed(key: &str) -> u64 {
    // FNV-1a: short keys, no adversary.
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
