//! How a feed is doing, as a state with a reason and advice: what `courant status`, `courant feeds` and the operator's
//! mail say about it. Pure.
//!
//! The heuristics, each with the kind of case behind it:
//! - One failure is weather; three in a row, or a day of them, is `failing`. A page that keeps programs out is
//!   `blocked` from the first.
//! - `quiet` is measured by the feed's own rhythm: a daily feed is quiet after a week, a monthly one after seven months.
//! - `undated`: most items carry no usable date, so order and age are guesses.
//! - `flooding`: one poll brought so many new entries that older ones probably fell off the page before we looked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{FeedRow, FeedStatus};
use crate::time::Timestamp;

const FAILURES_MAX: u32 = 3;
const FAILING_AFTER: Duration = Duration::from_hours(24);
/// Silence of so many usual gaps is quiet, and never less than [`QUIET_MIN`].
const QUIET_GAPS: u32 = 7;
const QUIET_MIN: Duration = Duration::from_hours(7 * 24);
/// So many new entries in one poll, all the document had.
const FLOOD_MIN: u32 = 30;

/// The states, the ones that need a person first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Its address is gone; it is polled no more.
    Gone,
    /// The site keeps programs out.
    Blocked,
    /// It fails.
    Failing,
    /// It moved; the configuration has the old address.
    Moved,
    /// It brings more at once than its page holds.
    Flooding,
    /// Its items carry no dates.
    Undated,
    /// Nothing new for longer than it used to take.
    Quiet,
    /// Never polled so far.
    New,
    /// Switched off by the operator.
    Paused,
    /// All is well.
    Ok,
}

impl Health {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Gone,
        Self::Blocked,
        Self::Failing,
        Self::Moved,
        Self::Flooding,
        Self::Undated,
        Self::Quiet,
        Self::New,
        Self::Paused,
        Self::Ok,
    ];

    /// One word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Blocked => "blocked",
            Self::Failing => "failing",
            Self::Moved => "moved",
            Self::Flooding => "flooding",
            Self::Undated => "undated",
            Self::Quiet => "quiet",
            Self::New => "new",
            Self::Paused => "paused",
            Self::Ok => "ok",
        }
    }
}

/// A state with its reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The state.
    pub health: Health,
    /// Why, and what to do; empty when all is well.
    pub reason: String,
}

/// How many feeds are in each state, those without any among them.
#[must_use]
pub fn tally(feeds: &[FeedRow], now: Timestamp) -> BTreeMap<Health, usize> {
    let mut counts: BTreeMap<Health, usize> = Health::ALL.into_iter().map(|health| (health, 0)).collect();
    for feed in feeds {
        *counts.entry(health(feed, now).health).or_default() += 1;
    }
    counts
}

/// Judges a feed by its row.
#[must_use]
pub fn health(feed: &FeedRow, now: Timestamp) -> Finding {
    let found = |health, reason: String| Finding { health, reason };
    match feed.status {
        FeedStatus::Gone => {
            return found(
                Health::Gone,
                or(&feed.error, "the server said it is gone for good (410)"),
            );
        }
        FeedStatus::Paused | FeedStatus::Removed => {
            return found(Health::Paused, "switched off in the configuration".into());
        }
        FeedStatus::Active => {}
    }
    if feed.last_poll_at.is_none() {
        return found(Health::New, "not polled yet".into());
    }
    if feed.error_kind == "blocked" {
        return found(Health::Blocked, feed.error.clone());
    }
    let long = feed
        .failing_since
        .is_some_and(|since| now.since(since) >= FAILING_AFTER);
    if feed.failures >= FAILURES_MAX || (feed.failures > 0 && (long || feed.last_success_at.is_none())) {
        return found(
            Health::Failing,
            format!("{} ({} in a row)", feed.error, failures(feed.failures)),
        );
    }
    if !feed.effective_url.is_empty() {
        let reason = format!(
            "it moved to {}; put that address into the configuration",
            feed.effective_url
        );
        return found(Health::Moved, reason);
    }
    if feed.n_new >= FLOOD_MIN && feed.n_new >= feed.n_items && feed.history.len() > 1 {
        let reason = format!(
            "the last poll brought {} entries, all of them new: set a shorter `interval` for this feed",
            feed.n_new
        );
        return found(Health::Flooding, reason);
    }
    if feed.n_items > 0 && feed.n_undated * 2 > feed.n_items {
        let reason = format!(
            "{} of {} items have no usable date; first sight stands in for it",
            feed.n_undated, feed.n_items
        );
        return found(Health::Undated, reason);
    }
    match silence(feed, now) {
        Some(days) => found(
            Health::Quiet,
            format!("nothing new for {days} days, longer than it used to take"),
        ),
        None => found(Health::Ok, String::new()),
    }
}

fn failures(n: u32) -> String {
    if n == 1 {
        "1 failure".to_owned()
    } else {
        format!("{n} failures")
    }
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text.to_owned()
    }
}

/// Days without anything new, when that is unusual for the feed.
fn silence(feed: &FeedRow, now: Timestamp) -> Option<u64> {
    let newest = *feed.recent.first()?;
    let oldest = *feed.recent.last()?;
    let n_gaps = u32::try_from(feed.recent.len().saturating_sub(1))
        .unwrap_or(u32::MAX)
        .max(1);
    let allowed = (newest.since(oldest) / n_gaps)
        .saturating_mul(QUIET_GAPS)
        .max(QUIET_MIN);
    let silence = now.since(newest);
    (silence > allowed).then_some(silence.as_secs() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FeedId, Validators};

    const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

    fn ago(days: u64) -> Timestamp {
        NOW.minus(Duration::from_secs(days * 86_400))
    }

    fn row() -> FeedRow {
        FeedRow {
            id: FeedId::new(1),
            key: "a".into(),
            url: "https://e.org/".into(),
            effective_url: String::new(),
            name: "A".into(),
            site_url: String::new(),
            group: String::new(),
            status: FeedStatus::Active,
            added_at: ago(100),
            next_poll_at: NOW,
            next_reason: String::new(),
            last_poll_at: Some(NOW),
            last_success_at: Some(NOW),
            last_change_at: Some(NOW),
            validators: Validators::default(),
            failures: 0,
            failing_since: None,
            http_status: 200,
            error_kind: String::new(),
            error: String::new(),
            moved: None,
            recent: vec![NOW, ago(1), ago(2)],
            n_items: 20,
            n_undated: 0,
            n_new: 1,
            history: Vec::new(),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut FeedRow), expected: Health) {
        let mut row = row();
        change(&mut row);
        let found = health(&row, NOW);
        assert_eq!(found.health, expected, "{}", found.reason);
        assert_eq!(found.reason.is_empty(), expected == Health::Ok);
    }

    #[test]
    fn states() {
        check(|_| {}, Health::Ok);
        check(|feed| feed.status = FeedStatus::Gone, Health::Gone);
        check(|feed| feed.status = FeedStatus::Paused, Health::Paused);
        check(|feed| feed.last_poll_at = None, Health::New);
        check(
            |feed| (feed.error_kind, feed.error) = ("blocked".into(), "by a captcha".into()),
            Health::Blocked,
        );
        check(|feed| feed.effective_url = "https://n.org/".into(), Health::Moved);
        check(|feed| feed.n_undated = 15, Health::Undated);
        check(|feed| feed.recent = vec![ago(8), ago(9)], Health::Quiet);
        check(|feed| feed.recent = vec![ago(60), ago(90), ago(120)], Health::Ok);
        check(|feed| feed.recent = Vec::new(), Health::Ok);
    }

    #[test]
    fn every_state_is_counted() {
        let mut gone = row();
        gone.status = FeedStatus::Gone;
        let counts = tally(&[row(), gone, row()], NOW);
        assert_eq!(counts.len(), Health::ALL.len());
        let words: Vec<_> = counts
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(health, n)| (health.word(), *n))
            .collect();
        assert_eq!(words, [("gone", 1), ("ok", 2)]);
    }

    #[test]
    fn one_failure_is_weather() {
        check(|feed| feed.failures = 1, Health::Ok);
        check(|feed| feed.failures = 3, Health::Failing);
        check(
            |feed| (feed.failures, feed.failing_since) = (2, Some(ago(2))),
            Health::Failing,
        );
        check(
            |feed| (feed.failures, feed.last_success_at) = (1, None),
            Health::Failing,
        );
    }

    #[test]
    fn a_first_document_is_no_flood() {
        let polls = |n| {
            let poll = crate::model::PastPoll {
                at: NOW,
                outcome: "read".into(),
                http_status: 200,
                n_new: 40,
                n_bytes: 1,
                duration_ms: 1,
            };
            vec![poll; n]
        };
        check(
            |feed| (feed.n_new, feed.n_items, feed.history) = (40, 40, polls(1)),
            Health::Ok,
        );
        check(
            |feed| (feed.n_new, feed.n_items, feed.history) = (40, 40, polls(2)),
            Health::Flooding,
        );
        check(
            |feed| (feed.n_new, feed.n_items, feed.history) = (39, 40, polls(2)),
            Health::Ok,
        );
    }
}
