//! Values for tests of this stage.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{DueFeed, FeedHints, FeedId, FeedSpec, Validators};

/// A feed's configuration with nothing special in it.
pub fn spec(key: &str, url: &str) -> FeedSpec {
    FeedSpec {
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
        paused: false,
    }
}

/// A feed that was never polled.
pub fn due_feed(url: &str) -> DueFeed {
    DueFeed {
        id: FeedId::new(1),
        spec: Arc::new(spec("feed", url)),
        url: url.to_owned(),
        validators: Validators::default(),
        body_hash: Vec::new(),
        failures: 0,
        last_success_at: None,
        last_full_at: None,
        recent: Vec::new(),
        failing_since: None,
        moved: None,
        hints: FeedHints::default(),
    }
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
        before_edition: Duration::ZERO,
        tracking_parameters: Vec::new(),
    }
}
