//! Polling by a clock that stood in the future and was put right.

use std::time::Duration;

use courant::ingest;

use crate::fake_feeds::{FakeFeeds, reply, rss};
use crate::poll_world::{NOW, World};

#[tokio::test]
async fn feeds_are_asked_again_once_the_clock_is_right() {
    for days in [2, 40, 4_000] {
        let feeds = FakeFeeds::start().await;
        feeds.on("/a", [reply(200, rss(&[("1", "First", NOW.unix() - 600)]))]);
        let world = World::new(&[("a", feeds.url("/a"))]).await;
        world.advance(24 * days);
        world.tick().await;
        world.clock.set(NOW);
        assert_eq!(ingest::put_clock_right(&world.ctx).await.unwrap(), 1, "{days}");
        let feed = world.feed("a").await;
        let wait = feed.next_poll_at.since(NOW);
        assert!(
            wait >= Duration::from_mins(15) && wait < Duration::from_hours(48),
            "{days}: as politely as after any poll, {wait:?}"
        );
        assert_eq!(ingest::put_clock_right(&world.ctx).await.unwrap(), 0, "{days}");
        world.next_poll("a").await;
        assert_eq!(feeds.take_seen().len(), 2, "{days}");
    }
}
