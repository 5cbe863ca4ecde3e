//! Values for tests of this stage.

use std::time::Duration;

use crate::model::{DueFeed, FeedId, FeedSpec};

/// A feed that was never polled.
pub fn due_feed(url: &str) -> DueFeed {
    DueFeed::unpolled(FeedId::new(1), FeedSpec::plain("feed", url))
}

/// Settings with small limits.
pub fn settings() -> crate::config::PollSettings {
    crate::config::PollSettings {
        interval: Duration::from_secs(3_600),
        interval_max: Duration::from_secs(86_400),
        concurrency: 16,
        per_host: 1,
        host_pause: Duration::ZERO,
        timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(1),
        wire_max: 1 << 20,
        body_max: 2 << 20,
        redirects_max: 5,
        entries_max: 1_000,
        first_poll_news: Duration::from_secs(86_400),
        contact: "https://example.org/about".to_owned(),
        allow_private: false,
        ca_file: None,
        websub: true,
        hosts: std::collections::BTreeMap::new(),
        before_edition: Duration::ZERO,
        tracking_parameters: Vec::new(),
    }
}
