//! Editions from due slots to queued deliveries, on a real database with an injected clock.

use courant::digest;
use courant::digest::standing::Scored;
use courant::model::{Edition, SectionKind, StoryId};
use courant::store::{outbox, settings};

use crate::edition_world::{World, at, pair};

#[tokio::test]
async fn one_edition_a_slot_and_nothing_twice() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    assert_eq!(world.tick_at("2026-09-21T06:59").await, 0);
    assert_eq!(world.tick_at("2026-09-21T07:00").await, 1);
    assert_eq!(world.tick_at("2026-09-21T07:01").await, 0);
    world.settle("sent").await;
    assert_eq!(world.told(1).await, [1]);
    // The clock jumps back and comes again: the slot's name decides.
    assert_eq!(world.tick_at("2026-09-21T06:00").await, 0);
    assert_eq!(world.tick_at("2026-09-21T07:00").await, 0);

    world
        .article(2, "Coyote sues Acme over rocket skates", "2026-09-21T09:00")
        .await;
    world.article(1, "Acme buys Roadrunner!", "2026-09-21T10:00").await;
    assert_eq!(world.tick_at("2026-09-22T07:00").await, 1);
    assert_eq!(world.told(1).await, [2], "the same words again are no update");
    world.settle("sent").await;

    world
        .article(1, "Regulator blocks the courier takeover", "2026-09-22T10:00")
        .await;
    world.tick_at("2026-09-23T07:00").await;
    assert_eq!(world.told(1).await, [1], "new words are");
    world.settle("sent").await;
    world.tick_at("2026-09-24T07:00").await;
    let slots = [
        "2026-09-21T07:00",
        "2026-09-22T07:00",
        "2026-09-23T07:00",
        "2026-09-24T07:00",
    ];
    let outcomes = ["queued", "queued", "queued", "empty"];
    assert_eq!(
        world.editions().await,
        slots.iter().zip(outcomes).map(|(s, o)| pair(s, o)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_story_with_hundreds_of_articles_still_has_news() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    let seen = at("2026-09-20T16:00").unix();
    world
        .sql(move |tx| {
            tx.execute(
                "INSERT INTO entries (id, feed_id, identity, identity_kind, url, title, publisher, first_seen_at, dated_at,
                                      content_hash, rules_version)
                 WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 1600)
                 SELECT i, 1, CAST(i AS BLOB), 'link', 'https://example.org/' || i, 'Acme buys Roadrunner', 'Outlet ' || i,
                        ?1, ?1, x'00', 1 FROM n",
                [seen],
            )?;
            tx.execute(
                "INSERT INTO story_entries (entry_id, story_id, reason, joined_at)
                 SELECT id, 1, 'similar', ?1 FROM entries WHERE id > 1000",
                [seen],
            )?;
            Ok(())
        })
        .await;
    world.tick_at("2026-09-21T07:00").await;
    world.settle("sent").await;
    world
        .article(1, "Regulator blocks the courier takeover", "2026-09-21T10:00")
        .await;
    world.tick_at("2026-09-22T07:00").await;
    assert_eq!(
        world.editions().await,
        [pair("2026-09-21T07:00", "queued"), pair("2026-09-22T07:00", "queued")]
    );
    assert_eq!(world.told(1).await, [1]);
}

#[tokio::test]
async fn a_clock_that_stood_in_the_future_silences_no_digest() {
    for wrong in ["2026-09-24T12:00", "2036-09-21T12:00"] {
        let mut world = World::new("").await;
        world.reader(1, "{}", "").await;
        world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
        world.tick_at("2026-09-21T07:00").await;
        world.settle("sent").await;
        world.tick_at(wrong).await;
        world.tick_at("2026-09-21T07:05").await;
        world.settle("sent").await;
        world
            .article(2, "Coyote sues Acme over rocket skates", "2026-09-21T09:00")
            .await;
        assert_eq!(world.tick_at("2026-09-22T07:00").await, 1, "{wrong}");
        assert_eq!(world.told(1).await, [2], "{wrong}");
    }
}

#[tokio::test]
async fn what_did_not_go_out_is_told_by_the_next_edition() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.reader(2, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    world
        .sql(|tx| {
            tx.execute("UPDATE deliveries SET status = 'sent' WHERE subscription_id = 2", [])?;
            Ok(())
        })
        .await;
    world
        .article(2, "Coyote sues Acme over rocket skates", "2026-09-21T09:00")
        .await;
    world.tick_at("2026-09-22T07:00").await;
    assert_eq!(
        world.deliveries().await,
        [
            pair("1", "superseded"),
            pair("2", "sent"),
            pair("1", "queued"),
            pair("2", "queued")
        ]
    );
    let mut missed = world.told(1).await;
    missed.sort_unstable();
    assert_eq!(missed, [1, 2]);
    assert_eq!(world.told(2).await, [2]);
}

#[tokio::test]
async fn readers_with_the_same_choices_share_an_audience() {
    let mut world = World::new("").await;
    for id in 1..=1_203 {
        world
            .reader(id, if id % 2 == 0 { "{}" } else { r#"{"muted":["nobody"]}"# }, "")
            .await;
    }
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    assert_eq!(world.deliveries().await.len(), 1_203);
    assert_eq!(
        world.list("SELECT 'n', CAST(count(*) AS TEXT) FROM audiences").await,
        [pair("n", "2")]
    );
    let ids = world
        .list("SELECT 'n', CAST(count(DISTINCT message_id) AS TEXT) FROM deliveries")
        .await;
    assert_eq!(ids, [pair("n", "1203")]);
    // A crash half way: some deliveries are missing and the edition is not finished.
    world
        .sql(|tx| {
            tx.execute("DELETE FROM deliveries WHERE id > 700", [])?;
            tx.execute("UPDATE editions SET outcome = 'queueing'", [])?;
            Ok(())
        })
        .await;
    world.tick_at("2026-09-21T07:05").await;
    assert_eq!(world.deliveries().await.len(), 1_203);
    assert_eq!(
        world.list("SELECT 'n', CAST(count(*) AS TEXT) FROM audiences").await,
        [pair("n", "2")]
    );
    assert_eq!(world.editions().await, [pair("2026-09-21T07:00", "queued")]);
}

#[tokio::test]
async fn a_reader_with_a_schedule_of_his_own_gets_his_own_slots() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world
        .reader(2, r#"{"time":"09:30"}"#, "09:30[Europe/Berlin] daily")
        .await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    assert_eq!(world.deliveries().await, [pair("1", "queued")]);
    world
        .article(2, "Coyote sues Acme over rocket skates", "2026-09-21T08:00")
        .await;
    world.tick_at("2026-09-21T09:30").await;
    assert_eq!(world.deliveries().await, [pair("1", "queued"), pair("2", "queued")]);
    assert_eq!(world.told(2).await.len(), 2);
}

#[tokio::test]
async fn who_changes_his_schedule_while_a_mail_waits_is_told_once() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    world
        .sql(|tx| {
            tx.execute("UPDATE subscriptions SET schedule = '09:30[Europe/Berlin] daily'", [])?;
            Ok(())
        })
        .await;
    world.tick_at("2026-09-21T09:30").await;
    assert_eq!(
        world.deliveries().await,
        [pair("1", "superseded"), pair("1", "queued")],
        "the first mail is taken back, not sent beside the second"
    );
    assert_eq!(world.told(1).await, [1]);
}

#[tokio::test]
async fn a_restored_backup_sends_no_old_edition() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world.tick_at("2026-09-21T07:00").await;
    world
        .sql(|tx| settings::put_number(tx, settings::COPIED_AT, at("2026-09-21T07:00").unix()))
        .await;
    world
        .article(2, "Coyote sues Acme over rocket skates", "2026-09-22T05:00")
        .await;

    // Two hours after the next slot, which the other database has served.
    let now = at("2026-09-22T09:00");
    world.clock.set(now);
    let restored = world
        .ctx
        .db
        .write(move |tx| outbox::settle_restored(tx, now))
        .await
        .unwrap();
    assert_eq!(restored.map(|restored| restored.n_uncertain), Some(1));
    // Numbers that the lost database may have given are in links in people's mails: they lead to nobody else.
    let numbers = world
        .list("SELECT name, CAST(seq >= 1790000000 AS TEXT) FROM sqlite_sequence WHERE name IN ('subscribers', 'deliveries') ORDER BY name")
        .await;
    assert_eq!(numbers, [pair("deliveries", "1"), pair("subscribers", "1")]);
    world.tick_at("2026-09-22T09:00").await;
    assert_eq!(world.deliveries().await, [pair("1", "uncertain")]);
    let again = world
        .ctx
        .db
        .write(move |tx| outbox::settle_restored(tx, now))
        .await
        .unwrap();
    assert_eq!(again, None, "only the first start after it");

    world
        .article(3, "Roadrunner outruns its forecasts", "2026-09-22T12:00")
        .await;
    world.tick_at("2026-09-23T07:00").await;
    assert_eq!(world.told(1).await, [3], "what passed counts as mailed");
}

#[tokio::test]
async fn missed_slots_follow_the_policy() {
    for (late, told) in [("send", vec![1, 2]), ("merge", vec![1, 2]), ("skip", vec![2])] {
        let mut world = World::new(&format!("late = \"{late}\"\ncatch_up = \"6h\"")).await;
        world.reader(1, "{}", "").await;
        world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
        world.tick_at("2026-09-21T20:00").await;
        assert_eq!(world.editions().await, [pair("2026-09-21T07:00", "missed")], "{late}");
        world
            .article(2, "Coyote sues Acme over rocket skates", "2026-09-21T21:00")
            .await;
        world.tick_at("2026-09-22T07:00").await;
        let mut got = world.told(1).await;
        got.sort_unstable();
        assert_eq!(got, told, "{late}");
    }
}

#[tokio::test]
async fn a_slot_waits_for_entries_without_a_story() {
    let mut world = World::new("").await;
    world.reader(1, "{}", "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    let seen = at("2026-09-21T06:55").unix();
    world
        .sql(move |tx| {
            tx.execute(
                "INSERT INTO entries (feed_id, identity, identity_kind, title, first_seen_at, dated_at, content_hash)
                 VALUES (1, x'ff', 'link', 'Waits', ?1, ?1, x'00')",
                [seen],
            )?;
            Ok(())
        })
        .await;
    assert_eq!(world.tick_at("2026-09-21T07:00").await, 0);
    assert_eq!(world.tick_at("2026-09-21T07:09").await, 0);
    assert_eq!(world.tick_at("2026-09-21T07:10").await, 1, "but not for ever");
}

#[tokio::test]
async fn the_same_database_gives_the_same_edition() {
    let mut made: Vec<Vec<(String, String)>> = Vec::new();
    for _ in 0..2 {
        let mut world = World::new("").await;
        world.reader(1, r#"{"companies":["acme"]}"#, "").await;
        for n in 1..20 {
            let title = format!("Acme headline number {n} tells of event {}", n * n);
            world.article(n % 7, &title, "2026-09-20T15:00").await;
        }
        let config = world.ctx.config();
        let at = at("2026-09-21T07:00");
        let shown = async || {
            let shown = digest::preview::preview(&world.ctx.db, &config, &config.digests[0], at, None).await;
            let shown = shown.unwrap();
            (shown.recorded.is_some(), serde_json::to_string(&shown.edition).unwrap())
        };
        let before = shown().await;
        assert_eq!(shown().await, before);
        assert!(world.editions().await.is_empty(), "a preview records nothing");
        world.tick_at("2026-09-21T07:00").await;
        let mut rows = world
            .list("SELECT content, (SELECT layout FROM audiences) FROM editions")
            .await;
        assert_eq!(rows.len(), 1);
        let mut recorded: Edition = serde_json::from_str(&rows[0].0).unwrap();
        recorded.slot.key.clear();
        let mut previewed: Edition = serde_json::from_str(&before.1).unwrap();
        previewed.slot.key.clear();
        assert_eq!(recorded, previewed, "a preview shows what is recorded");
        rows.push(pair(&before.1, ""));
        made.push(rows);
    }
    assert_eq!(made[0], made[1], "byte for byte");
}

#[tokio::test]
async fn a_story_shows_what_its_score_is_made_of() {
    let mut world = World::new("[digest.weights]\nfit = 0.9\ncoverage = 0.0").await;
    world.reader(1, r#"{"companies":["acme"]}"#, "").await;
    world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
    world
        .article(1, "Courier Roadrunner sold to Acme", "2026-09-20T16:00")
        .await;
    let config = world.ctx.config();
    let db = world.ctx.db.clone();
    let standing = async |time: &str, reader| {
        let (spec, story) = (&config.digests[0], StoryId::new(1));
        digest::standing::standing(&db, &config, spec, story, at(time), reader)
            .await
            .unwrap()
    };
    let value = |scored: &Scored, name: &str| {
        scored
            .parts
            .iter()
            .find(|part| part.name == name)
            .map(|part| part.value)
    };
    let next = standing("2026-09-21T06:00", None).await.next.unwrap();
    assert_eq!(value(&next, "novelty"), Some(0.05));
    assert_eq!((value(&next, "coverage"), value(&next, "fit")), (None, None));
    let sum: f64 = next.parts.iter().map(|part| part.value).sum();
    assert!((sum - next.score).abs() < 1e-9, "the parts are the score");
    let his = standing("2026-09-21T06:00", Some("r1")).await.next.unwrap();
    let fit = value(&his, "fit").unwrap();
    assert!((fit - 0.9 * 0.67).abs() < 1e-9 && (his.score - next.score - fit).abs() < 1e-9);

    world.tick_at("2026-09-21T07:00").await;
    let later = standing("2026-09-21T08:00", Some("r1")).await;
    assert_eq!((later.next, later.past.len()), (None, 1));
    assert_eq!((later.past[0].number, later.past[0].kind), (1, SectionKind::Top));
    assert_eq!(value(&later.past[0].scored, "fit"), Some(fit));
    assert!(
        standing("2026-09-21T08:00", Some("r2")).await.past.is_empty(),
        "a stranger was shown nothing"
    );
}

#[tokio::test]
async fn by_a_clock_that_cannot_be_right_nothing_is_composed_and_nothing_counts_as_missed() {
    for wrong in ["1970-01-01T00:00", "2060-09-21T08:00"] {
        let mut world = World::new("").await;
        world.reader(1, "{}", "").await;
        world.article(1, "Acme buys Roadrunner", "2026-09-20T15:00").await;
        assert_eq!(world.tick_at(wrong).await, 0);
        assert!(world.editions().await.is_empty(), "{wrong}");
        assert_eq!(world.tick_at("2026-09-21T07:00").await, 1);
        assert_eq!(world.editions().await, [pair("2026-09-21T07:00", "queued")], "{wrong}");
    }
}
