//! Polling against a server that does what servers do.

use std::net::Ipv4Addr;
use std::time::Duration;

use courant::model::FeedStatus;

use crate::fake_feeds::{Act, FakeFeeds, redirect, reply, reply_with, rss};
use crate::poll_world::{NOW, World};

pub const AT: i64 = NOW.unix() - 600;

pub fn one() -> String {
    rss(&[("1", "Acme buys Globex", AT)])
}

pub fn two() -> String {
    rss(&[("2", "Initech names a chief", AT + 60), ("1", "Acme buys Globex", AT)])
}

pub async fn world(server: &FakeFeeds) -> World {
    World::new(&[("a", server.url("/a"))]).await
}

fn conditional(etag: &str, last_modified: &str, body: String) -> Act {
    Act::Conditional {
        etag: etag.to_owned(),
        last_modified: last_modified.to_owned(),
        headers: Vec::new(),
        body: body.into_bytes(),
    }
}

#[tokio::test]
async fn validators_go_back_byte_for_byte() {
    for (etag, last_modified) in [
        ("\"abc\"", "Wed, 25 Feb 2026 06:00:00 GMT"),
        ("W/\"weak, with comma\"", "0"),
        ("unquoted-tag", "yesterday at noon"),
        ("\"só\"", "Mi, 25 Feb 2026"),
    ] {
        let server = FakeFeeds::start().await;
        server.on("/a", [conditional(etag, last_modified, one())]);
        let world = world(&server).await;
        world.tick().await;
        let first = server.take_seen();
        assert_eq!(first[0].header("if-none-match"), None);
        assert_eq!(first[0].header("if-modified-since"), None);
        for _ in 0..5 {
            world.next_poll("a").await;
            let seen = server.take_seen();
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].header("if-none-match"), Some(etag));
            assert_eq!(seen[0].header("if-modified-since"), Some(last_modified));
        }
        assert_eq!(world.feed("a").await.history[0].outcome, "not_modified");
        assert_eq!(world.titles("a").await, ["Acme buys Globex"]);
    }
}

#[tokio::test]
async fn validators_are_kept_only_after_a_good_parse() {
    let server = FakeFeeds::start().await;
    let broken = reply_with(200, &[("ETag", "\"new\"")], "<html><body>Out of order</body></html>");
    server.on(
        "/a",
        [
            reply_with(200, &[("ETag", "\"old\"")], one()),
            broken.clone(),
            reply_with(200, &[("ETag", "\"new\"")], ""),
            reply_with(200, &[("ETag", "\"new\"")], two()),
        ],
    );
    let world = world(&server).await;
    world.tick().await;
    for _ in 0..2 {
        let feed = world.next_poll("a").await;
        assert_eq!(
            (feed.error_kind.as_str(), feed.validators.etag.as_str()),
            ("not_a_feed", "\"old\"")
        );
    }
    let feed = world.next_poll("a").await;
    assert_eq!((feed.failures, feed.validators.etag.as_str()), (0, "\"new\""));
    assert!(
        server.take_seen()[1..]
            .iter()
            .all(|seen| seen.header("if-none-match") == Some("\"old\""))
    );
    assert_eq!(world.entries("a").await.len(), 2);
}

#[tokio::test]
async fn once_a_week_the_whole_document_is_fetched() {
    let server = FakeFeeds::start().await;
    server.on("/a", [conditional("\"a\"", "", one())]);
    let world = world(&server).await;
    world.tick().await;
    let end = NOW.unix() + 15 * 86_400;
    while world.feed("a").await.next_poll_at.unix() < end {
        world.next_poll("a").await;
    }
    let unconditional = server
        .take_seen()
        .iter()
        .filter(|seen| seen.header("if-none-match").is_none())
        .count();
    assert_eq!(unconditional, 3);
}

#[tokio::test]
async fn the_headers_are_exactly_these() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(302, "/b?secret=1")]);
    server.on(
        "/b?secret=1",
        [reply_with(200, &[("Set-Cookie", "id=1"), ("ETag", "\"x\"")], one())],
    );
    let world = world(&server).await;
    world.tick().await;
    world.next_poll("a").await;
    for seen in server.take_seen() {
        let names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["accept", "accept-encoding", "host", "if-none-match", "user-agent"];
        assert!(names.iter().all(|name| expected.contains(name)), "{names:?}");
        let agent = format!("courant/{} (+https://example.org/about)", env!("CARGO_PKG_VERSION"));
        assert_eq!(seen.header("user-agent"), Some(agent.as_str()));
        assert_eq!(seen.header("accept-encoding"), Some("gzip, br, zstd"));
        assert!(seen.header("accept").unwrap().starts_with("application/atom+xml"));
    }
}

#[tokio::test]
async fn headers_of_a_feed_stay_with_its_server() {
    let server = FakeFeeds::start().await;
    let other = FakeFeeds::start_on(Ipv4Addr::new(127, 0, 0, 9)).await;
    server.on("/a", [redirect(302, "/own")]);
    server.on("/own", [redirect(302, &other.url("/b"))]);
    other.on("/b", [reply(200, one())]);
    let world = world(&server).await;
    world
        .reload(|config| {
            config.feeds[0].headers = vec![("Authorization".into(), "Bearer secret".into())];
            config.feeds[0].user_agent = Some("reader/1".into());
        })
        .await;
    world.tick().await;
    assert!(
        server
            .take_seen()
            .iter()
            .all(|seen| seen.header("authorization") == Some("Bearer secret"))
    );
    let seen = other.take_seen();
    assert_eq!(
        (seen[0].header("authorization"), seen[0].header("user-agent")),
        (None, Some("reader/1"))
    );
}

#[tokio::test]
async fn a_permanent_redirect_is_adopted_when_proven() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(301, "/b")]);
    server.on("/b", [redirect(308, "/c")]);
    server.on("/c", [redirect(302, "/d")]);
    server.on("/d", [reply_with(200, &[("ETag", "\"x\"")], one())]);
    let world = world(&server).await;
    world.tick().await;
    let feed = world.feed("a").await;
    assert_eq!(
        feed.moved.unwrap().to,
        server.url("/c"),
        "a temporary redirect is no part of it"
    );
    let mut polls = 1;
    while world.feed("a").await.effective_url.is_empty() {
        world.next_poll("a").await;
        polls += 1;
        assert!(polls < 40, "never adopted");
    }
    assert!(world.ctx.clock.now().since(NOW) >= Duration::from_secs(86_400));
    assert_eq!(world.feed("a").await.effective_url, server.url("/c"));
    server.take_seen();
    world.next_poll("a").await;
    assert_eq!(server.take_seen()[0].path, "/c");
    assert_eq!(
        world.feed("a").await.url,
        server.url("/a"),
        "the configuration is never changed"
    );
}

#[tokio::test]
async fn an_adopted_address_that_dies_is_given_up() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(301, "/b")]);
    server.on("/b", [reply(200, one())]);
    let world = world(&server).await;
    world.tick().await;
    while world.feed("a").await.effective_url.is_empty() {
        world.next_poll("a").await;
    }
    server.on("/a", [reply(200, two())]);
    server.on("/b", [reply(410, "")]);
    assert_eq!(world.next_poll("a").await.effective_url, "");
    world.next_poll("a").await;
    assert_eq!(world.entries("a").await.len(), 2);
}

#[tokio::test]
async fn gone_is_gone_until_the_address_changes() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(410, "")]);
    let world = world(&server).await;
    world.tick().await;
    assert_eq!(world.feed("a").await.status, FeedStatus::Gone);
    world.advance(1_000);
    assert_eq!(world.tick().await, 0);
    assert_eq!(server.take_seen().len(), 1);
    server.on("/new", [reply(200, one())]);
    world.reload(|config| config.feeds[0].url = server.url("/new")).await;
    world.tick().await;
    assert_eq!(world.feed("a").await.status, FeedStatus::Active);
    assert_eq!(world.entries("a").await.len(), 1);
}

#[tokio::test]
async fn not_found_backs_off_and_is_given_up_after_a_month() {
    let server = FakeFeeds::start().await;
    let world = world(&server).await;
    world.tick().await;
    let mut polls = 1;
    while world.feed("a").await.status == FeedStatus::Active {
        world.next_poll("a").await;
        polls += 1;
        assert!(polls < 60, "never given up");
    }
    let days = world.ctx.clock.now().since(NOW).as_secs() / 86_400;
    assert!((30..=32).contains(&days), "{days} days");
    assert!(polls < 40, "{polls} polls");
}

#[tokio::test]
async fn a_login_is_never_given_up() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(403, "no")]);
    let world = world(&server).await;
    world.tick().await;
    for _ in 0..50 {
        world.next_poll("a").await;
    }
    assert_eq!(world.feed("a").await.status, FeedStatus::Active);
}

#[tokio::test]
async fn retry_after_holds_the_whole_host() {
    for (status, value, expected) in [
        (429, "7200".to_owned(), 7_200),
        (503, "7200".to_owned(), 7_200),
        (429, httpdate_in(10_000), 10_000),
        (429, "9999999".to_owned(), 7 * 86_400),
    ] {
        let server = FakeFeeds::start().await;
        server.on(
            "/a",
            [
                reply_with(status, &[("Retry-After", &value)], "slow down"),
                reply(200, one()),
            ],
        );
        server.on("/b", [reply(200, two())]);
        let world = World::new(&[("a", server.url("/a")), ("b", server.url("/b"))]).await;
        // One after the other, so that the answer for the first is known when the second comes due.
        world.reload(|config| config.feeds[1].paused = true).await;
        world.tick().await;
        let feed = world.feed("a").await;
        assert_eq!(feed.next_poll_at.unix() - NOW.unix(), expected, "{}", feed.next_reason);
        world.reload(|config| config.feeds[1].paused = false).await;
        server.take_seen();
        world.clock.advance(Duration::from_secs(expected.unsigned_abs() - 1));
        assert_eq!(world.tick().await, 0);
        assert!(server.take_seen().is_empty());
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.tick().await, 2);
    }
}

fn httpdate_in(seconds: i64) -> String {
    let at = chrono::DateTime::from_timestamp(NOW.unix() + seconds, 0).unwrap();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn storms_of_errors_back_off_to_a_day() {
    for status in [500, 503, 429] {
        let server = FakeFeeds::start().await;
        server.on("/a", [reply_with(status, &[("Retry-After", "soon")], "")]);
        let world = world(&server).await;
        world.tick().await;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let before = world.ctx.clock.now();
            let feed = world.next_poll("a").await;
            waits.push(world.ctx.clock.now().since(before).as_secs() / 3_600);
            assert_eq!(feed.status, FeedStatus::Active);
        }
        assert!(
            waits.is_sorted() && waits[0] >= 1 && waits[7] >= 24 && waits[7] < 27,
            "{waits:?}"
        );
    }
}

#[tokio::test]
async fn a_restart_loop_cannot_poll_faster() {
    let server = FakeFeeds::start().await;
    server.on("/a", [Act::Hang]);
    let mut world = world(&server).await;
    for _ in 0..20 {
        // Killed in the middle of the request.
        let poller = world.poller.clone();
        let ctx = world.ctx.clone();
        let tick = tokio::spawn(async move { poller.tick(&ctx).await });
        while server.n_seen() == 0 && !tick.is_finished() {
            tokio::task::yield_now().await;
        }
        tick.abort();
        let _ = tick.await;
        world.restart().await;
        world.clock.advance(Duration::from_secs(150));
    }
    assert_eq!(server.take_seen().len(), 1, "20 restarts in 50 minutes, one interval");
}

#[tokio::test]
async fn a_kill_between_fetch_and_commit_loses_nothing() {
    let server = FakeFeeds::start().await;
    server.on("/a", [conditional("\"1\"", "", one())]);
    let mut world = world(&server).await;
    for round in 0..50_u64 {
        let poller = world.poller.clone();
        let ctx = world.ctx.clone();
        let tick = tokio::spawn(async move { poller.tick(&ctx).await });
        // Somewhere between the claim and the end, another place each time.
        for _ in 0..round * 3 {
            tokio::task::yield_now().await;
        }
        tick.abort();
        let _ = tick.await;
        world.restart().await;
        world.advance(25);
        let feed = world.feed("a").await;
        let stored = world.entries("a").await.len();
        assert_eq!(
            feed.validators.etag.is_empty(),
            stored == 0,
            "validators without their entries"
        );
    }
    world.tick().await;
    assert_eq!(world.titles("a").await, ["Acme buys Globex"]);
}

#[tokio::test]
async fn feeds_leave_and_come_back_with_their_history() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply_with(200, &[("ETag", "\"1\"")], one())]);
    let world = world(&server).await;
    world.tick().await;
    let spec = world.ctx.config().feeds[0].clone();
    world.reload(|config| config.feeds.clear()).await;
    world.advance(100);
    assert_eq!(world.tick().await, 0);
    world.reload(|config| config.feeds.push(spec)).await;
    assert_eq!(world.tick().await, 1);
    assert_eq!(world.entries("a").await.len(), 1);
}

#[tokio::test]
async fn stopping_gives_claimed_feeds_back() {
    let server = FakeFeeds::start().await;
    server.on("/a", [Act::Hang]);
    server.on("/b", [reply(200, one())]);
    let world = World::with(&[("a", server.url("/a")), ("b", server.url("/b"))], |config| {
        config.poll.allow_private = true;
        config.poll.per_host = 1;
    })
    .await;
    let poller = world.poller.clone();
    let ctx = world.ctx.clone();
    let tick = tokio::spawn(async move { poller.tick(&ctx).await.unwrap() });
    while server.take_seen().is_empty() {
        tokio::task::yield_now().await;
    }
    world.ctx.shutdown.cancel();
    tick.await.unwrap();
    assert_eq!(
        world.feed("b").await.next_poll_at,
        NOW,
        "it was not asked, so it is due at once"
    );
    assert!(world.feed("a").await.next_poll_at > NOW);
}

#[test]
fn a_proxy_in_the_environment_is_ignored() {
    // The environment is the process's, so another one is asked to run a whole poll under it.
    let nowhere = "http://127.0.0.1:9";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "poll::the_headers_are_exactly_these"])
        .envs([
            ("http_proxy", nowhere),
            ("HTTP_PROXY", nowhere),
            ("https_proxy", nowhere),
            ("ALL_PROXY", nowhere),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn an_answer_from_a_former_address_is_dropped() {
    let server = FakeFeeds::start().await;
    server.on(
        "/a",
        [Act::Slow(Box::new(reply_with(200, &[("ETag", "\"old\"")], one())))],
    );
    server.on("/new", [reply_with(200, &[("ETag", "\"new\"")], two())]);
    let world = world(&server).await;
    let (poller, ctx) = (world.poller.clone(), world.ctx.clone());
    let tick = tokio::spawn(async move { poller.tick(&ctx).await.unwrap() });
    while server.n_seen() == 0 {
        tokio::task::yield_now().await;
    }
    world.reload(|config| config.feeds[0].url = server.url("/new")).await;
    server.release();
    tick.await.unwrap();
    world.tick().await;
    let seen = server.take_seen();
    assert_eq!(
        (seen.len(), seen[1].path.as_str(), seen[1].header("if-none-match")),
        (2, "/new", None)
    );
    assert_eq!(world.feed("a").await.validators.etag, "\"new\"");
}
