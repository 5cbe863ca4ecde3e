//! What a poll makes of the entries of a document.

use std::time::Duration;

use crate::fake_feeds::{Act, FakeFeeds, reply, rss};
use crate::poll::{AT, one, two, world};
use crate::poll_world::{NOW, World};

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

/// A "most read" list of last week, in a feed that was there all the time.
#[tokio::test]
async fn an_article_of_last_week_that_another_feed_had_is_no_news() {
    let server = FakeFeeds::start().await;
    let known = ("1", "Known", NOW.unix());
    let unknown = ("2", "Unknown", NOW.unix());
    server.on("/a", [reply(200, rss(&[known]))]);
    server.on("/b", [reply(200, rss(&[])), reply(200, rss(&[known, unknown]))]);
    let world = World::new(&[("a", server.url("/a")), ("b", server.url("/b"))]).await;
    world.tick().await;
    world.advance(5 * 24);
    world.tick().await;
    let mut listed: Vec<_> = world
        .entries("b")
        .await
        .into_iter()
        .map(|entry| (entry.title, entry.history))
        .collect();
    listed.sort();
    assert_eq!(listed, [("Known".to_owned(), true), ("Unknown".to_owned(), false)]);
}
