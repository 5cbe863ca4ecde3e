//! Feeds that mean harm, all at once, against the whole daemon: each ends at its limit and is recorded as failed, what can
//! be read is read, and memory stays bounded.

use super::fake_feeds::{Act, FakeFeeds, reply, reply_with, rss};
use super::poll_answers::gzip;
use super::program::{Installation, until};

const MEMORY_MAX_BYTES: u64 = 200 << 20;

fn config(feeds: &FakeFeeds, names: &[&str]) -> String {
    let mut text = "[database]\npath = \"courant.db\"\n\
         [poll]\nallow_private = true\nhost_pause = \"0s\"\nper_host = 16\n\
         [mail]\ntransport = \"folder\"\nfolder = \"mail\"\nlist_address = \"news@example.org\"\n\
         contact = \"Example Desk, 1 Main Street\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 7 1 1 *\"\nzone = \"UTC\"\n"
        .to_owned();
    for name in names {
        let url = feeds.url(&format!("/{name}"));
        text.push_str(&format!(
            "[[feed]]\nkey = \"{name}\"\nname = \"{name}\"\nurl = \"{url}\"\n"
        ));
    }
    text
}

/// Ten levels of ten: a thousand million times the last word, if anybody resolved it.
fn entities() -> String {
    let mut text = "<?xml version=\"1.0\"?>\n<!DOCTYPE rss [\n<!ENTITY a0 \"boom\">\n".to_owned();
    for level in 1..10 {
        let below = format!("&a{};", level - 1).repeat(10);
        text.push_str(&format!("<!ENTITY a{level} \"{below}\">\n"));
    }
    text + "]>\n<rss version=\"2.0\"><channel><title>&a9;</title></channel></rss>"
}

/// An author form that feed-rs panics on; the item is a good one otherwise.
fn panicking() -> String {
    rss(&[("p1", "Quarry Works opens a second kiln", 0)]).replace(
        "<item>",
        "<item><author>\u{ff08}anna@example.com\u{ff09} \u{ff08}Anna\u{ff09}</author>",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn harmful_feeds_end_at_their_limits_and_the_others_go_on() {
    let feeds = FakeFeeds::start().await;
    let zeros = vec![0_u8; 200 << 20];
    let bad = ["garbage", "huge", "bomb", "endless"];
    let good = ["entities", "panics", "good"];
    feeds.on(
        "/garbage",
        [reply(200, (0..=255_u8).cycle().take(1 << 20).collect::<Vec<u8>>())],
    );
    feeds.on("/huge", [reply(200, vec![b'x'; 100 << 20])]);
    feeds.on(
        "/bomb",
        [reply_with(200, &[("Content-Encoding", "gzip")], gzip(&zeros))],
    );
    drop(zeros);
    feeds.on("/endless", [Act::Endless]);
    feeds.on("/entities", [reply(200, entities())]);
    feeds.on("/panics", [reply(200, panicking())]);
    feeds.on("/good", [reply(200, rss(&[("g1", "Harbor Foods buys a dairy", 0)]))]);
    let names: Vec<&str> = bad.into_iter().chain(good).collect();
    let here = Installation::new(&config(&feeds, &names));

    // Makes the database, so that there is something to look at from the first moment.
    here.done(&["feeds", "list"]);
    let daemon = here.start(&["run"]);
    until("every feed to be polled", || {
        here.count("SELECT count(*) FROM fetch_state WHERE last_fetch_at > 0") == 7
    })
    .await;
    let peak = daemon.peak_memory_bytes();
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());

    assert!(peak < MEMORY_MAX_BYTES, "peak memory {} MiB", peak >> 20);
    for name in bad {
        let failed = format!(
            "SELECT count(*) FROM fetch_state s JOIN feeds f ON f.id = s.feed_id \
             WHERE f.key = '{name}' AND s.failures = 1 AND s.error <> ''"
        );
        assert_eq!(here.count(&failed), 1, "{name} is recorded as failed\n{}", here.log());
    }
    for name in ["panics", "good"] {
        let read = format!("SELECT count(*) FROM entries e JOIN feeds f ON f.id = e.feed_id WHERE f.key = '{name}'");
        assert_eq!(here.count(&read), 1, "{name} is read\n{}", here.log());
    }
    assert_eq!(
        here.count("SELECT count(*) FROM feeds WHERE length(title) > 10000"),
        0,
        "no entity was resolved"
    );
    here.assert_intact();
}
