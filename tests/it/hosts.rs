//! Many hosts at once: what hangs delays nobody, and one host is never asked twice at a time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::fake_feeds::{Act, FakeFeeds, reply, rss};
use crate::poll_world::{NOW, World};

fn one() -> String {
    rss(&[("1", "One", NOW.unix())])
}

/// Each of the two tests with hundreds of hosts takes more than half of the 1,024 files that many systems allow.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Every tenth of 200 hosts hangs for longer than any test runs: more than there are requests at once, so a poller that
/// lets them keep their places never comes to the others.
#[tokio::test]
async fn hosts_that_hang_delay_nobody() {
    let _alone = ALONE.lock().await;
    let mut servers = Vec::new();
    let mut urls = Vec::new();
    for n in 0..200_u16 {
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
        while world.n_good().await < 180 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(120), others).await;
    tick.abort();
    assert!(waited.is_ok(), "only {} of 180 were polled", world.n_good().await);
    assert_eq!(world.n_good().await, 180);
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

/// Answers every request with a 304 and keeps the connection; counts those that are open, and their most at a time.
async fn keep_alive(stream: TcpStream, open: Arc<(AtomicUsize, AtomicUsize)>) {
    let (now, most) = &*open;
    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while matches!(stream.read_line(&mut line).await, Ok(1..)) {
        if line == "\r\n" {
            let answer = b"HTTP/1.1 304 Not Modified\r\n\r\n";
            stream.get_mut().write_all(answer).await.unwrap();
        }
        line.clear();
    }
    now.fetch_sub(1, Ordering::SeqCst);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_do_not_pile_up_over_many_hosts() {
    let _alone = ALONE.lock().await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let open = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let counted = Arc::clone(&open);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(keep_alive(stream, Arc::clone(&counted)));
        }
    });
    let urls: Vec<(String, String)> = (0..900_u16)
        .map(|n| {
            let [high, low] = (n + 1).to_be_bytes();
            (format!("f{n}"), format!("http://127.2.{high}.{low}:{port}/a"))
        })
        .collect();
    let urls: Vec<(&str, String)> = urls.iter().map(|(key, url)| (key.as_str(), url.clone())).collect();
    let world = World::with(&urls, |config| config.poll.allow_private = true).await;
    world.clock.advance(Duration::from_secs(300));
    let mut n_polled = 0;
    while n_polled < urls.len() {
        n_polled += world.tick().await;
    }
    let most = open.1.load(Ordering::SeqCst);
    // About 300; those of a client that was replaced count until this side has read their end.
    assert!((16..=450).contains(&most), "{most} connections at a time");
}
