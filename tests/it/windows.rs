//! Every article lies in the window of one edition, however polls, stories, slots and hands at the keyboard overlap.

use std::time::Duration;

use courant::digest;
use courant::digest::now::send_now;
use courant::model::{Choices, StoryId, SubscriptionId};
use courant::store::rusqlite::Connection;
use courant::store::{stories, subscribers};
use courant::stories::Grouper;
use courant::time::Timestamp;

use super::edition_world::{self, at, pair};
use super::fake_feeds::{Act, FakeFeeds, reply, rss};
use super::poll_world::{NOW, World};
use super::program::until;

/// Thursday, 26 February 2026, 07:00 UTC: the second slot after [`NOW`].
const SLOT: Timestamp = Timestamp::from_unix(1_772_089_200);
const DAY: Duration = Duration::from_hours(24);

async fn world(feeds: &FakeFeeds) -> World {
    World::with(&[("wire", feeds.url("/a.xml"))], |config| {
        config.poll.allow_private = true;
        config.feeds[0].interval = Some(Duration::from_hours(1));
    })
    .await
}

async fn place(world: &World) {
    let mut grouper = Grouper::new(world.ctx.clone());
    while grouper.tick().await.unwrap().did > 0 {}
}

/// The leads of the stories of each edition that was made.
async fn told(world: &World) -> Vec<Vec<String>> {
    let read = |conn: &Connection| {
        let mut statement = conn.prepare("SELECT content FROM editions WHERE outcome <> 'missed' ORDER BY due_at")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    };
    let editions = world.ctx.db.read(read).await.unwrap();
    let leads = |json: &String| {
        let edition: courant::model::Edition = serde_json::from_str(json).unwrap();
        edition
            .stories
            .into_iter()
            .map(|scored| scored.story.lead.title)
            .collect()
    };
    editions.iter().map(leads).collect()
}

/// The answer comes when the edition is composed already; where is the article that it brings told?
#[tokio::test]
async fn a_poll_under_way_when_an_edition_is_made_brings_news_of_the_next() {
    let feeds = FakeFeeds::start().await;
    let old = ("1", "Acme buys Globex for $2 billion", NOW.unix() - 600);
    let new = ("2", "Initech files for bankruptcy", SLOT.unix() - 600);
    feeds.on(
        "/a.xml",
        [
            reply(200, rss(&[old])),
            Act::Slow(Box::new(reply(200, rss(&[old, new])))),
        ],
    );
    let world = world(&feeds).await;
    world.tick().await;
    place(&world).await;

    world.clock.set(SLOT.minus(Duration::from_secs(2)));
    let slot = async {
        until("the poll", || feeds.n_seen() == 2).await;
        world.clock.set(SLOT);
        digest::tick(&world.ctx).await.unwrap();
        feeds.release();
    };
    tokio::join!(world.tick(), slot);
    place(&world).await;
    world.clock.set(SLOT.plus(DAY));
    digest::tick(&world.ctx).await.unwrap();
    assert_eq!(told(&world).await, [vec![old.1.to_owned()], vec![new.1.to_owned()]]);
}

/// The slot waits ten minutes for a story, and no longer.
#[tokio::test]
async fn what_has_no_story_when_its_window_closes_comes_in_the_next_edition() {
    let feeds = FakeFeeds::start().await;
    let late = ("1", "Initech files for bankruptcy", SLOT.unix() - 600);
    feeds.on("/a.xml", [reply(200, rss(&[])), reply(200, rss(&[late]))]);
    let world = world(&feeds).await;
    world.tick().await;
    world.clock.set(SLOT.minus(Duration::from_secs(60)));
    world.tick().await;
    for minutes in [0, 10] {
        world.clock.set(SLOT.plus(Duration::from_mins(minutes)));
        digest::tick(&world.ctx).await.unwrap();
    }
    assert_eq!(told(&world).await, [Vec::<String>::new()]);
    place(&world).await;
    world.clock.set(SLOT.plus(DAY));
    digest::tick(&world.ctx).await.unwrap();
    assert_eq!(told(&world).await, [vec![], vec![late.1.to_owned()]]);
}

/// Composed at 07:00:10 beside a slot of 07:00; then again in the same minute.
#[tokio::test]
async fn an_edition_by_hand_takes_nothing_back_and_tells_nothing_twice() {
    let mut world = edition_world::World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    let spec = world.ctx.config().digests[0].clone();
    world.clock.set(at("2026-09-21T07:00").plus(Duration::from_secs(10)));
    let made = send_now(&world.ctx, &spec).await.unwrap();
    assert_eq!((made.n_stories, made.n_queued), (1, 1));
    world.clock.advance(Duration::from_secs(15));
    send_now(&world.ctx, &spec).await.unwrap();
    assert_eq!(world.tick_at("2026-09-21T07:01").await, 0, "the slot of 07:00 is told");
    assert_eq!(world.deliveries().await, [pair("1", "queued")]);
    assert_eq!(world.told(1).await, [1]);
}

/// The edition of tomorrow was made by a clock a day ahead; what comes in after it is put right must not wait in vain.
#[tokio::test]
async fn what_comes_in_after_the_clock_was_put_right_is_told() {
    let mut world = edition_world::World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    world.settle("sent").await;
    world.tick_at("2026-09-22T08:00").await;
    world
        .article(2, "Initech files for bankruptcy", "2026-09-22T08:00")
        .await;
    world.tick_at("2026-09-21T08:05").await;
    world
        .article(3, "Coyote sues Acme over rocket skates", "2026-09-21T09:00")
        .await;
    assert_eq!(world.tick_at("2026-09-22T07:00").await, 0, "that slot has its edition");
    world.tick_at("2026-09-23T07:00").await;
    let mut told = world.told(1).await;
    told.sort_unstable();
    assert_eq!(told, [2, 3]);
}

/// She reads since July and chooses a time that nobody chose before: its slots of the summer are nobody's.
#[tokio::test]
async fn a_time_that_is_new_brings_no_old_news() {
    let mut world = edition_world::World::new("").await;
    let confirmed = at("2026-07-20T12:00").unix();
    world.reader(1, "{}", "").await;
    world
        .sql(move |tx| {
            tx.execute("UPDATE subscriptions SET confirmed_at = ?1", [confirmed])?;
            tx.execute("UPDATE feeds SET added_at = ?1", [confirmed])?;
            Ok(())
        })
        .await;
    world.article(1, "Acme buys Roadrunner", "2026-08-30T15:00").await;
    world
        .article(2, "Coyote sues Acme over rocket skates", "2026-09-20T15:00")
        .await;
    world.tick_at("2026-09-21T07:00").await;
    world.settle("sent").await;
    world.clock.set(at("2026-09-21T10:00"));
    world
        .sql(|tx| {
            let choices = Choices {
                time: Some("09:30".to_owned()),
                ..Choices::default()
            };
            let now = at("2026-09-21T10:00");
            subscribers::set_choices(tx, SubscriptionId::new(1), &choices, "09:30[Europe/Berlin] daily", now)
        })
        .await;
    assert_eq!(world.tick_at("2026-09-21T10:01").await, 0, "today's time is over");
    world
        .article(3, "Initech files for bankruptcy", "2026-09-21T08:00")
        .await;
    assert_eq!(world.tick_at("2026-09-22T09:30").await, 2, "the digest's own, and hers");
    assert_eq!(world.told(1).await, [3]);
    let missed = world
        .list("SELECT slot, outcome FROM editions WHERE outcome = 'missed' AND schedule <> ''")
        .await;
    assert!(missed.is_empty(), "{missed:?}");
}

/// What was told stays told when its story ends in an older one that was too small to be told.
#[tokio::test]
async fn a_merge_does_not_make_old_news_new() {
    let mut world = edition_world::World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-19T05:00").await;
    world.article(2, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    world.settle("sent").await;
    assert_eq!(world.told(1).await, [2]);
    let now = at("2026-09-21T09:00");
    world
        .sql(move |tx| stories::merge(tx, StoryId::new(2), StoryId::new(1), "engine", now))
        .await;
    world.article(1, "Acme buys Roadrunner!", "2026-09-21T09:00").await;
    world.tick_at("2026-09-22T07:00").await;
    assert_eq!(
        world.editions().await,
        [pair("2026-09-21T07:00", "queued"), pair("2026-09-22T07:00", "empty")]
    );
}

/// A month later it is still known what was told, and what never arrived.
#[tokio::test]
async fn a_monthly_digest_remembers_a_month() {
    for (status, expected) in [("sent", "empty"), ("failed", "queued")] {
        let mut world = edition_world::World::new("schedule = \"0 7 1 * *\"").await;
        world.reader(1, "{}", "").await;
        world.article(1, "Acme buys Roadrunner", "2026-09-28T15:00").await;
        world.tick_at("2026-10-01T07:00").await;
        world.settle(status).await;
        world.article(1, "Acme buys Roadrunner!", "2026-10-01T10:00").await;
        world.tick_at("2026-11-01T07:00").await;
        assert_eq!(
            world.editions().await,
            [pair("2026-10-01T07:00", "queued"), pair("2026-11-01T07:00", expected)],
            "{status}"
        );
    }
}

/// The first day's mail was found lost when the second day's had arrived: it is told on the third, and the second's is not.
#[tokio::test]
async fn a_mail_found_lost_behind_a_newer_one_is_told() {
    let mut world = edition_world::World::new("").await;
    world.reader(1, "{}", "").await;
    for (story, title, seen, slot) in [
        (1, "Acme buys Roadrunner", "2026-09-20T15:00", "2026-09-21T07:00"),
        (
            2,
            "Coyote sues Acme over rocket skates",
            "2026-09-21T15:00",
            "2026-09-22T07:00",
        ),
    ] {
        world.article(story, title, seen).await;
        world.tick_at(slot).await;
        world.settle("sent").await;
    }
    world
        .sql(|tx| {
            Ok(tx
                .execute("UPDATE deliveries SET status = 'superseded' WHERE id = 1", [])
                .map(|_| ())?)
        })
        .await;
    world.tick_at("2026-09-23T07:00").await;
    assert_eq!(world.told(1).await, [1]);
}
