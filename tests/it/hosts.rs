//! Many hosts at once: what hangs delays nobody, and one host is never asked twice at a time.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::fake_feeds::{Act, FakeFeeds, reply, rss};
use crate::poll_world::{NOW, World};

fn one() -> String {
    rss(&[("1", "One", NOW.unix())])
}

/// Every tenth of 300 hosts hangs for longer than any test runs: more than there are requests at once, so a poller that
/// lets them keep their places never comes to the others.
#[tokio::test]
async fn hosts_that_hang_delay_nobody() {
    let mut servers = Vec::new();
    let mut urls = Vec::new();
    for n in 0..300_u16 {
        let [high, low] = (n + 1).to_be_bytes();
        let server = FakeFeeds::start_on(Ipv4Addr::new(127, 1, high, low)).await;
        server.on("/a", [if n % 10 == 0 { Act::Hang } else { reply(200, one()) }]);
        urls.push((format!("f{n}"), server.url("/a")));
        servers.push(server);
    }
    let urls: Vec<(&str, String)> = urls.iter().map(|(key, url)| (key.as_str(), url.clone())).collect();
    let world = World::with(&urls, |config| {
        config.poll.allow_private = true;
        config.poll.per_host = 1;
        config.poll.timeout = Duration::from_secs(3_600);
    })
    .await;
    // So many new feeds are spread over five minutes; then all are due.
    world.clock.advance(Duration::from_secs(300));
    let (poller, ctx) = (world.poller.clone(), world.ctx.clone());
    let tick = tokio::spawn(async move {
        loop {
            poller.tick(&ctx).await.unwrap();
        }
    });
    let others = async {
        while world.n_good().await < 270 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), others).await;
    tick.abort();
    assert!(waited.is_ok(), "only {} of 270 were polled", world.n_good().await);
    assert_eq!(world.n_good().await, 270);
    for (n, server) in servers.iter().enumerate() {
        assert_eq!(server.take_seen().len(), 1, "host {n} is asked once");
    }
}

#[tokio::test]
async fn one_host_is_asked_one_at_a_time_with_pauses() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(200, one())]);
    server.on("/b", [reply(200, one())]);
    server.on("/c", [reply(200, one())]);
    let urls = [
        ("a", server.url("/a")),
        ("b", server.url("/b")),
        ("c", server.url("/c")),
    ];
    let world = World::with(&urls, |config| {
        config.poll.allow_private = true;
        config.poll.per_host = 1;
        config.poll.host_pause = Duration::from_millis(150);
    })
    .await;
    let begun = Instant::now();
    assert_eq!(world.tick().await, 3);
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
}
