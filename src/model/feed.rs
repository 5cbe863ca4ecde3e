//! Feeds as configured, as due, and what one poll came to.

use std::sync::Arc;
use std::time::Duration;

use super::{FeedId, Hub, NewEntry};
use crate::time::Timestamp;

/// One `[[feed]]` of the configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedSpec {
    /// Stable name in logs, commands and the database.
    pub key: String,
    /// Where it is fetched.
    pub url: String,
    /// The outlet's name as readers see it; empty means the feed's own title.
    pub name: String,
    /// Who owns the outlet: reports of one owner count once as independent. Empty means the outlet's name.
    pub owner: String,
    /// How much this source weighs in ranking and in the choice of a lead, 0.0 to 3.0; 1.0 is normal.
    pub weight: f64,
    /// Free label for grouping in listings and OPML.
    pub group: String,
    /// Shortest time between two polls, when it is set for this feed or its group; `None` takes `[poll].interval`.
    pub interval: Option<Duration>,
    /// Login and other headers, name and value.
    pub headers: Vec<(String, String)>,
    /// A User-Agent in place of the default one.
    pub user_agent: Option<String>,
    /// Proxy URL (`http://`, `socks5://`) for this feed only.
    pub proxy: Option<String>,
    /// Whether private and loopback addresses may be fetched.
    pub allow_private: bool,
    /// What makes two items the same: `None` lets guid, link and text decide in that order.
    pub identity: Option<super::IdentityKind>,
    /// A feed of sponsored or press-release text; its entries are marked and weigh little.
    pub press_release: bool,
    /// The pages of its articles are read too, for tagging and clustering.
    pub full_text: bool,
    /// Polling is switched off while its history stays.
    pub paused: bool,
    /// The `[[feed_list]]` that names it; `None` for a feed of the configuration itself.
    pub list: Option<String>,
}

impl FeedSpec {
    /// A feed with nothing of its own but a key and an address.
    #[must_use]
    pub fn plain(key: &str, url: &str) -> Self {
        Self {
            key: key.to_owned(),
            url: url.to_owned(),
            name: String::new(),
            owner: String::new(),
            weight: 1.0,
            group: String::new(),
            interval: None,
            headers: Vec::new(),
            user_agent: None,
            proxy: None,
            allow_private: false,
            identity: None,
            press_release: false,
            full_text: false,
            paused: false,
            list: None,
        }
    }
}

/// What a feed row is to the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedStatus {
    /// Polled.
    Active,
    /// Kept but not polled, by configuration.
    Paused,
    /// The server answered 410, or 4xx for 30 days: not polled until its URL changes.
    Gone,
    /// No longer in the configuration; history stays.
    Removed,
}

/// Opaque cache validators, sent back byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag` as received, empty when none.
    pub etag: String,
    /// `Last-Modified` as received, empty when none.
    pub last_modified: String,
}

/// What the feed's own document says about how often to ask (`ttl`, `sy:updatePeriod`, `skipHours`, `skipDays`).
/// Kept, since a 304 repeats none of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedHints {
    /// Least time between two requests; zero when nothing is said.
    pub ttl: Duration,
    /// Bit `n` set: not in hour `n`, UTC.
    pub skip_hours: u32,
    /// Bit `n` set: not on weekday `n`, UTC, 0 is Monday.
    pub skip_days: u8,
}

/// A permanent redirect that is being watched before it is adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it leads.
    pub to: String,
    /// Identical answers in a row.
    pub answers: u32,
    /// The first of them.
    pub since: Timestamp,
}

/// A feed that was claimed for polling.
#[derive(Debug, Clone, PartialEq)]
pub struct DueFeed {
    /// Row id.
    pub id: FeedId,
    /// Its checked configuration.
    pub spec: Arc<FeedSpec>,
    /// The address to fetch now: the configured one, or where a proven permanent redirect led.
    pub url: String,
    /// Validators of the last good parse.
    pub validators: Validators,
    /// SHA-256 of the last parsed body; empty before the first.
    pub body_hash: Vec<u8>,
    /// Failed polls in a row.
    pub failures: u32,
    /// When it was last polled with a good outcome; `None` before the first.
    pub last_success_at: Option<Timestamp>,
    /// When the last unconditional fetch happened, for the weekly full GET.
    pub last_full_at: Option<Timestamp>,
    /// Dates of its newest entries, newest first, at most 20: the feed's rhythm.
    pub recent: Vec<Timestamp>,
    /// When the failures in a row began.
    pub failing_since: Option<Timestamp>,
    /// Where a permanent redirect pointed lately.
    pub moved: Option<Moved>,
    /// What its document said about polling.
    pub hints: FeedHints,
    /// The hub its answer named.
    pub hub: Hub,
    /// That hub has confirmed to tell of news.
    pub is_pushed: bool,
}

impl DueFeed {
    /// A feed of which nothing is known yet.
    #[must_use]
    pub fn unpolled(id: FeedId, spec: impl Into<Arc<FeedSpec>>) -> Self {
        let spec = spec.into();
        Self {
            id,
            url: spec.url.clone(),
            spec,
            validators: Validators::default(),
            body_hash: Vec::new(),
            failures: 0,
            last_success_at: None,
            last_full_at: None,
            recent: Vec::new(),
            failing_since: None,
            moved: None,
            hints: FeedHints::default(),
            hub: Hub::default(),
            is_pushed: false,
        }
    }
}

/// How one poll ended.
#[derive(Debug, Clone, PartialEq)]
pub enum PollOutcome {
    /// The server said 304.
    NotModified,
    /// A body came with the same bytes as last time.
    Same,
    /// A body came and was read.
    Read,
    /// It failed; nothing was stored but this.
    Failed(PollFailure),
}

/// Why a poll failed, as stored and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollFailure {
    /// Short, closed word for metrics and states: `dns`, `connect`, `tls`, `timeout`, `too_large`, `redirect`,
    /// `forbidden_address`, `http`, `rate_limited`, `gone`, `not_a_feed`, `blocked`, `parse`, `io`.
    pub kind: &'static str,
    /// HTTP status when one was received.
    pub status: Option<u16>,
    /// One sentence for people: what failed, on what, what to do.
    pub message: String,
}

/// Everything one poll came to; every path of a poll, failures too, ends in one of these being recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct PollRecord {
    /// When the poll was made.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: PollOutcome,
    /// The feed's title and site link, when it was read.
    pub title: String,
    /// Link to the site, empty when unknown.
    pub site_url: String,
    /// Entries of the document, normalized.
    pub entries: Vec<NewEntry>,
    /// Validators to keep; `None` keeps the old ones.
    pub validators: Option<Validators>,
    /// SHA-256 of the body that was read, else empty.
    pub body_hash: Vec<u8>,
    /// Whether the request was unconditional.
    pub full: bool,
    /// When to poll next, and why in one short phrase.
    pub next_poll_at: Timestamp,
    /// The reason for `next_poll_at`, shown by `courant feeds show`.
    pub next_poll_reason: String,
    /// The host must not be asked again before this time (`Retry-After` on 429 or 503).
    pub host_not_before: Option<(String, Timestamp)>,
    /// The permanent redirect being watched, as it is after this poll.
    pub moved: Option<Moved>,
    /// A new address to fetch from now on: a proven redirect, or empty to go back to the configured one.
    pub adopt_url: Option<String>,
    /// What the document said about polling; `None` keeps what was known.
    pub hints: Option<FeedHints>,
    /// The hub the answer named; `None` keeps what was known.
    pub hub: Option<Hub>,
    /// Dates of the feed's newest entries after this poll, newest first, at most 20.
    pub recent: Vec<Timestamp>,
    /// Items of the document, with the ones that were cut or dropped.
    pub n_items: u32,
    /// Items without a usable date.
    pub n_undated: u32,
    /// New value for the failures in a row.
    pub failures: u32,
    /// The feed is to be polled no more (410, or 30 days of nothing but 4xx).
    pub gone: bool,
    /// HTTP status when one was received.
    pub http_status: Option<u16>,
    /// Bytes received on the wire.
    pub n_bytes: u64,
    /// How long the fetch took.
    pub duration_ms: u64,
}

/// What the store made of a poll.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollCounts {
    /// Entries stored for the first time, and news.
    pub n_new: u32,
    /// Entries stored for the first time, as history.
    pub n_history: u32,
    /// Entries whose text changed.
    pub n_revised: u32,
    /// Entries known already.
    pub n_known: u32,
}

/// One past poll as kept in a feed's row, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PastPoll {
    /// When.
    pub at: Timestamp,
    /// `read`, `same`, `not_modified`, or a failure's kind.
    pub outcome: String,
    /// HTTP status, 0 when none.
    pub http_status: u16,
    /// New entries.
    pub n_new: u32,
    /// Bytes on the wire.
    pub n_bytes: u64,
    /// How long the fetch took.
    pub duration_ms: u64,
}

/// A feed with its state, as listings show it.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    /// Row id.
    pub id: FeedId,
    /// Stable name.
    pub key: String,
    /// Configured address.
    pub url: String,
    /// Address fetched now, where it differs; empty otherwise.
    pub effective_url: String,
    /// Outlet's name as readers see it, else the feed's title, else the key.
    pub name: String,
    /// Site link, empty when unknown.
    pub site_url: String,
    /// Group label.
    pub group: String,
    /// What it is to the scheduler.
    pub status: FeedStatus,
    /// When it came into the configuration.
    pub added_at: Timestamp,
    /// Next poll.
    pub next_poll_at: Timestamp,
    /// Why then.
    pub next_reason: String,
    /// Last poll, good or bad.
    pub last_poll_at: Option<Timestamp>,
    /// Last good poll.
    pub last_success_at: Option<Timestamp>,
    /// Last poll that brought something new.
    pub last_change_at: Option<Timestamp>,
    /// Validators of the last good parse.
    pub validators: Validators,
    /// Failures in a row.
    pub failures: u32,
    /// When they began.
    pub failing_since: Option<Timestamp>,
    /// HTTP status of the last poll, 0 when none.
    pub http_status: u16,
    /// Kind of the last failure, empty when the last poll was good.
    pub error_kind: String,
    /// Its sentence.
    pub error: String,
    /// A permanent redirect being watched.
    pub moved: Option<Moved>,
    /// Dates of the newest entries, newest first.
    pub recent: Vec<Timestamp>,
    /// Items of the last document.
    pub n_items: u32,
    /// Items of it without a usable date.
    pub n_undated: u32,
    /// Entries that were new in it.
    pub n_new: u32,
    /// Latest polls, newest first, at most 20.
    pub history: Vec<PastPoll>,
}
