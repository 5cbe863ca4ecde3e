//! What servers answer beside a plain document: compressed, cut off, endless, in circles.

use std::io::Write;
use std::time::Duration;

use courant::model::FeedRow;

use crate::fake_feeds::{Act, FakeFeeds, redirect, reply, reply_with};
use crate::poll::{one, world};
use crate::poll_world::World;

async fn failure_of(act: Act) -> FeedRow {
    let silent = matches!(act, Act::Drip | Act::Hang);
    let server = FakeFeeds::start().await;
    server.on("/a", [act]);
    let world = World::with(&[("a", server.url("/a"))], |config| {
        config.poll.allow_private = true;
        if silent {
            config.poll.timeout = Duration::from_secs(2);
        }
    })
    .await;
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
