//! WebSub: a hub tells us of news instead of being asked (W3C Recommendation of 2018-01-23).

use super::FeedId;
use crate::time::Timestamp;

/// A hub and what it knows a feed by; both empty when the feed names no hub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hub {
    /// The hub's address.
    pub url: String,
    /// The topic: the feed's address as the publisher writes it.
    pub topic: String,
}

/// How far a subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushStatus {
    /// The hub was asked, or will be, and has not confirmed.
    Asked,
    /// The hub has confirmed.
    Active,
    /// The hub is asked to end it.
    Leaving,
}

/// A subscription at a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRow {
    /// The feed.
    pub feed: FeedId,
    /// Where, and of what.
    pub hub: Hub,
    /// Last part of the callback's address, which nobody but the hub knows.
    pub path: String,
    /// What the hub signs with; never logged.
    pub secret: String,
    /// How far it is.
    pub status: PushStatus,
    /// When the hub is asked again.
    pub next_at: Timestamp,
    /// Until when the hub has promised to tell of news.
    pub lease_until: Timestamp,
    /// Requests in a row that led to no subscription.
    pub unanswered: u32,
    /// What the hub or the network said against it, empty when nothing.
    pub error: String,
    /// News told by the hub so far.
    pub n_pushes: u32,
    /// When it last told of any.
    pub last_push_at: Option<Timestamp>,
}
