//! Metrics in Prometheus' text format. Stages record with the `metrics` macros; this installs what collects them.
//! Labels come from closed sets only: never a URL, a feed or an address.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

const SECONDS: [f64; 10] = [0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Name, kind and meaning of every metric; docs/operations.md lists the same.
pub const ALL: [(&str, Kind, &str); 34] = [
    ("courant_up", Kind::Gauge, "1 once every loop has ended a tick"),
    ("courant_build_info", Kind::Gauge, "1, with the version as label"),
    ("courant_feed_polls_total", Kind::Counter, "Polls by outcome"),
    ("courant_feed_poll_seconds", Kind::Histogram, "Time of one fetch"),
    (
        "courant_feed_poll_bytes_total",
        Kind::Counter,
        "Bytes received from feeds",
    ),
    ("courant_feeds", Kind::Gauge, "Feeds by status"),
    (
        "courant_feed_oldest_success_age_seconds",
        Kind::Gauge,
        "Age of the oldest last success of an active feed",
    ),
    ("courant_feed_health", Kind::Gauge, "Feeds by state of health"),
    (
        "courant_list_reads_total",
        Kind::Counter,
        "Readings of feed lists by outcome",
    ),
    (
        "courant_websub_requests_total",
        Kind::Counter,
        "Requests to WebSub hubs by outcome",
    ),
    (
        "courant_websub_pushes_total",
        Kind::Counter,
        "News told by WebSub hubs, taken or dropped",
    ),
    ("courant_texts_total", Kind::Counter, "Articles' pages by outcome"),
    ("courant_entries_total", Kind::Counter, "Entries by result"),
    ("courant_stories_total", Kind::Counter, "Placements by reason"),
    (
        "courant_group_seconds",
        Kind::Histogram,
        "Time to tag and place a batch",
    ),
    ("courant_digests_total", Kind::Counter, "Editions by digest and outcome"),
    (
        "courant_digest_late_seconds",
        Kind::Histogram,
        "How late editions were composed",
    ),
    (
        "courant_deliveries_total",
        Kind::Counter,
        "Ended deliveries by kind and outcome",
    ),
    ("courant_outbox_depth", Kind::Gauge, "Deliveries by status"),
    ("courant_halted", Kind::Gauge, "1 while nothing is sent, by reason"),
    (
        "courant_outbox_oldest_age_seconds",
        Kind::Gauge,
        "Age of the oldest delivery that waits",
    ),
    ("courant_smtp_seconds", Kind::Histogram, "Time of one SMTP transaction"),
    ("courant_inbound_total", Kind::Counter, "Received mails by outcome"),
    ("courant_imap_connected", Kind::Gauge, "1 while the mailbox is open"),
    (
        "courant_imap_failures_total",
        Kind::Counter,
        "Times the mailbox could not be read",
    ),
    (
        "courant_subscriptions",
        Kind::Gauge,
        "Subscriptions by digest and status",
    ),
    (
        "courant_db_write_seconds",
        Kind::Histogram,
        "Time of one write transaction",
    ),
    (
        "courant_db_write_wait_seconds",
        Kind::Histogram,
        "Time waited for the write lock",
    ),
    ("courant_db_bytes", Kind::Gauge, "Size of the database"),
    (
        "courant_disk_free_bytes",
        Kind::Gauge,
        "Room on the disk where the database lies",
    ),
    ("courant_tick_seconds", Kind::Histogram, "Time of one tick by loop"),
    (
        "courant_tick_last_success_timestamp_seconds",
        Kind::Gauge,
        "When a tick of a loop last ended well",
    ),
    (
        "courant_web_requests_total",
        Kind::Counter,
        "Requests to the pages by status class",
    ),
    (
        "courant_replies_suppressed_total",
        Kind::Counter,
        "Answers not sent, by reason",
    ),
];

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Installs the collector for this process; a second call does nothing.
pub fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .expect("the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            for (name, kind, meaning) in ALL {
                match kind {
                    Kind::Counter => metrics::describe_counter!(name, meaning),
                    Kind::Gauge => metrics::describe_gauge!(name, meaning),
                    Kind::Histogram => metrics::describe_histogram!(name, meaning),
                }
            }
            metrics::gauge!("courant_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        }
        handle
    });
}

/// Everything collected so far, in Prometheus' text format; empty before [`install`].
#[must_use]
pub fn render() -> String {
    HANDLE.get().map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    })
}
