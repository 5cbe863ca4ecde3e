//! Polling against a server that does what servers do.

use std::io::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use courant::model::{FeedRow, FeedStatus};

use crate::fake_feeds::{Act, FakeFeeds, redirect, reply, reply_with, rss};
use crate::poll_world::{NOW, World};

const AT: i64 = NOW.unix() - 600;

fn one() -> String {
    rss(&[("1", "Acme buys Globex", AT)])
}

fn two() -> String {
    rss(&[("2", "Initech names a chief", AT + 60), ("1", "Acme buys Globex", AT)])
}

async fn world(server: &FakeFeeds) -> World {
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

async fn failure_of(act: Act) -> FeedRow {
    let server = FakeFeeds::start().await;
    server.on("/a", [act]);
    let world = world(&server).await;
    world.tick().await;
    assert!(world.entries("a").await.is_empty());
    let feed = world.feed("a").await;
    assert_eq!(feed.failures, 1, "it went well");
    assert!(
        feed.error.contains("127.0.0.1") && feed.validators.etag.is_empty(),
        "{}",
        feed.error
    );
    feed
}

#[track_caller]
fn check_kind(feed: &FeedRow, kind: &str) {
    assert_eq!(feed.error_kind, kind, "{}", feed.error);
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_documents_are_read() {
    for (coding, body) in [
        ("gzip", gzip(one().as_bytes())),
        ("zstd", zstd::encode_all(one().as_bytes(), 3).unwrap()),
        ("identity", one().into_bytes()),
    ] {
        let server = FakeFeeds::start().await;
        server.on("/a", [reply_with(200, &[("Content-Encoding", coding)], body)]);
        let world = world(&server).await;
        world.tick().await;
        assert_eq!(world.titles("a").await, ["Acme buys Globex"], "{coding}");
    }
}

#[tokio::test]
async fn bombs_drips_and_endless_bodies_end_within_their_limits() {
    let zeros = vec![b' '; 8 << 20];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < 64 << 10);
    let twice = gzip(&gzip(&zeros));
    check_kind(
        &failure_of(reply_with(200, &[("Content-Encoding", "gzip")], bomb)).await,
        "too_large",
    );
    check_kind(
        &failure_of(reply_with(200, &[("Content-Encoding", "gzip, gzip")], twice)).await,
        "too_large",
    );
    check_kind(&failure_of(reply(200, vec![b'a'; 65 << 10])).await, "too_large");
    check_kind(&failure_of(Act::Endless).await, "too_large");
    check_kind(&failure_of(Act::Drip).await, "timeout");
    check_kind(&failure_of(Act::Hang).await, "timeout");
    check_kind(&failure_of(Act::HugeHeader(2 << 20)).await, "io");
}

#[tokio::test]
async fn cut_off_bodies_are_errors() {
    let mut whole = gzip(one().as_bytes());
    whole.truncate(whole.len() - 10);
    check_kind(&failure_of(Act::Short(one().into_bytes(), 100)).await, "io");
    check_kind(&failure_of(Act::ShortChunked(one().into_bytes())).await, "io");
    check_kind(
        &failure_of(reply_with(200, &[("Content-Encoding", "gzip")], whole)).await,
        "io",
    );
    check_kind(&failure_of(Act::Reset).await, "io");
}

#[tokio::test]
async fn strange_answers_are_failures() {
    check_kind(&failure_of(reply(200, "")).await, "not_a_feed");
    check_kind(&failure_of(reply(200, "\u{feff}  ")).await, "not_a_feed");
    check_kind(&failure_of(reply(304, "")).await, "http");
    check_kind(&failure_of(reply(206, one())).await, "http");
    check_kind(&failure_of(reply(204, "")).await, "http");
    check_kind(&failure_of(reply(418, "")).await, "http");
    check_kind(
        &failure_of(reply_with(403, &[("cf-mitigated", "challenge")], "x")).await,
        "blocked",
    );
    check_kind(&failure_of(reply(302, "nowhere")).await, "redirect");
}

#[tokio::test]
async fn redirects_have_an_end() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(302, "/b")]);
    server.on("/b", [redirect(302, "/a")]);
    for n in 0..10 {
        server.on(&format!("/chain{n}"), [redirect(301, &format!("/chain{}", n + 1))]);
    }
    server.on("/chain10", [reply(200, one())]);
    server.on("/file", [redirect(302, "file:///etc/passwd")]);
    let world = World::new(&[
        ("loop", server.url("/a")),
        ("long", server.url("/chain0")),
        ("short", server.url("/chain5")),
        ("file", server.url("/file")),
    ])
    .await;
    world.tick().await;
    check_kind(&world.feed("loop").await, "redirect");
    check_kind(&world.feed("long").await, "redirect");
    check_kind(&world.feed("file").await, "forbidden_address");
    assert_eq!(world.entries("short").await.len(), 1);
    assert_eq!(world.feed("long").await.moved, None, "what failed proves nothing");
}

#[tokio::test]
async fn the_same_bytes_are_not_read_again() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(200, one())]);
    let world = world(&server).await;
    world.tick().await;
    let feed = world.next_poll("a").await;
    assert_eq!(feed.history[0].outcome, "same");
}

#[tokio::test]
async fn entries_are_kept_once_and_revised() {
    let server = FakeFeeds::start().await;
    let revised = rss(&[("1", "Acme completes its purchase of Globex", AT)]);
    let renumbered = rss(&[("https://cms.example.org/1", "Acme completes its purchase of Globex", AT)]).replace(
        "https://news.example.org/https://cms.example.org/1",
        "https://news.example.org/1",
    );
    server.on(
        "/a",
        [
            reply(200, two()),
            reply(200, two() + "\n"),
            reply(200, revised),
            reply(200, renumbered),
        ],
    );
    let world = world(&server).await;
    world.tick().await;
    world.next_poll("a").await;
    assert_eq!(world.entries("a").await.len(), 2);
    world.next_poll("a").await;
    assert_eq!(
        world.titles("a").await,
        ["Initech names a chief", "Acme completes its purchase of Globex"]
    );
    assert_eq!(world.entries("a").await[1].revision, 1);
    world.next_poll("a").await;
    assert_eq!(
        world.entries("a").await.len(),
        2,
        "a new guid for the same page is no new entry"
    );
}

#[tokio::test]
async fn a_document_that_changes_all_the_time_does_not_churn() {
    let server = FakeFeeds::start().await;
    let acts: Vec<Act> = (0..60)
        .map(|n| reply(200, rss(&[("1", &format!("Price is {n}"), AT)])))
        .collect();
    server.on("/a", acts);
    let world = world(&server).await;
    world.tick().await;
    for _ in 0..59 {
        world.next_poll("a").await;
    }
    let entries = world.entries("a").await;
    assert_eq!((entries.len(), entries[0].revision), (1, 20));
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
async fn a_first_poll_brings_a_day_of_news() {
    let server = FakeFeeds::start().await;
    let doc = rss(&[
        ("1", "Fresh", AT),
        ("2", "Two days old", AT - 2 * 86_400),
        ("3", "Years old", AT - 900 * 86_400),
    ]);
    server.on("/a", [reply(200, doc)]);
    let world = world(&server).await;
    world.tick().await;
    let history: Vec<bool> = world.entries("a").await.iter().map(|entry| entry.history).collect();
    assert_eq!(history, [false, true, true]);
}

#[tokio::test]
async fn what_retention_deleted_does_not_come_back() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(200, two()), reply(200, two() + " ")]);
    let world = world(&server).await;
    world.tick().await;
    let now = world.ctx.clock.now();
    let deleted = world
        .ctx
        .db
        .write(move |tx| courant::store::entries::delete_old(tx, now.plus(Duration::from_secs(1)), now, 500))
        .await
        .unwrap();
    assert_eq!(deleted, 2);
    let feed = world.next_poll("a").await;
    assert_eq!((feed.history[0].outcome.as_str(), feed.n_new), ("read", 0));
    assert!(world.entries("a").await.is_empty());
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
async fn a_gap_is_filled_from_the_feeds_older_pages() {
    let page = |items: &[(&str, &str, i64)], older: &str| {
        let link =
            format!("<atom:link xmlns:atom=\"http://www.w3.org/2005/Atom\" rel=\"next\" href=\"{older}\"/><item>");
        rss(items).replacen("<item>", &link, 1)
    };
    let server = FakeFeeds::start().await;
    let later = AT + 4 * 3_600;
    server.on(
        "/a",
        [
            reply(200, page(&[("1", "One", AT)], "/never")),
            reply(
                200,
                page(&[("5", "Five", later), ("4", "Four", later - 60)], "/a?page=2"),
            ),
        ],
    );
    server.on(
        "/a?page=2",
        [reply(200, page(&[("3", "Three", later - 120)], "/a?page=3"))],
    );
    server.on(
        "/a?page=3",
        [reply(
            200,
            page(&[("2", "Two", later - 180), ("1", "One", AT)], "/a?page=4"),
        )],
    );
    let world = world(&server).await;
    world.tick().await;
    world.advance(30);
    world.tick().await;
    assert_eq!(world.titles("a").await, ["Five", "Four", "Three", "Two", "One"]);
    let paths: Vec<String> = server.take_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        paths,
        ["/a", "/a", "/a?page=2", "/a?page=3"],
        "pages are followed only after a gap, and only so far"
    );
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
