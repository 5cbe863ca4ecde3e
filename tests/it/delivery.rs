//! Delivery at the socket: what the relay does, what we make of it. Never is a message `sent` that the relay did not
//! take, and never is one taken twice without being asked for.

use std::sync::Arc;
use std::time::Duration;

use courant::mail::smtp::Limits;
use courant::store::rusqlite::Connection;

use crate::fake_smtp::{Act, At, FakeSmtp, Step};
use crate::outbox_world::{SHORT_BODY, SHORT_COMMAND, World, relay};

pub async fn world_of(server: &FakeSmtp, connections: usize) -> World {
    let mail = relay(server.address.port(), &format!("connections = {connections}"), "");
    World::new(&mail).await
}

/// One connection that waits for no silent server.
async fn impatient(server: &FakeSmtp, limits: Limits) -> World {
    World::with(&relay(server.address.port(), "connections = 1", ""), limits).await
}

/// `n` readers, one connection, one tick after another until nothing is due; then the outbox.
#[track_caller]
pub fn counts(found: &std::collections::BTreeMap<&'static str, u64>, expected: &[(&'static str, u64)]) {
    assert_eq!(found, &expected.iter().copied().collect());
}

#[tokio::test]
async fn editions_arrive_over_one_connection() {
    let server = FakeSmtp::start(|_| Act::Usual).await;
    let mut world = world_of(&server, 1).await;
    world.digests(5).await;
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 5)]);
    assert_eq!(server.connections(), 1);
    let taken = server.taken();
    assert_eq!(taken.len(), 5);
    let first = &taken[0];
    assert_eq!(first.to, "r1@example.net");
    assert_eq!(first.from, "news@example.org");
    assert_eq!(first.message_id(), "d.20270115.1.00000000000000ff@example.org");
    assert!(
        first.data.contains("List-Unsubscribe: <mailto:news+leave-"),
        "{}",
        first.data
    );
    assert!(!first.data.contains("@@"), "a place was left over");
    assert!(!first.data.contains("\r\n\r\n\r\n.\r\n"));
}

#[tokio::test]
async fn connections_are_shared_and_worn_out() {
    let server = FakeSmtp::start(|_| Act::Usual).await;
    let mail = relay(
        server.address.port(),
        "connections = 1",
        "rate = { per_connection = 2 }",
    );
    let mut world = World::new(&mail).await;
    world.digests(5).await;
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 5)]);
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_message_is_committing_before_it_is_on_the_wire() {
    let folder = Arc::new(std::sync::OnceLock::<std::path::PathBuf>::new());
    let path = Arc::clone(&folder);
    let server = FakeSmtp::start(move |step: &Step| {
        if step.at == At::Body {
            let db = Connection::open(path.get().unwrap()).unwrap();
            let n: i64 = db
                .query_row(
                    "SELECT count(*) FROM deliveries WHERE status = 'committing'",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(n, 1, "the server has bytes of a message that is not committed");
        }
        Act::Usual
    })
    .await;
    let mut world = world_of(&server, 1).await;
    folder.set(world.folder.path().join("courant.db")).unwrap();
    world.digests(3).await;
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 3)]);
}

#[tokio::test]
async fn a_missing_recipient_is_the_only_one_suppressed() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Rcpt if step.line.contains("r3@") => Act::Say("550 5.1.1 no such user".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(5).await;
    world.drain().await;
    counts(&world.outbox().await, &[("failed", 1), ("sent", 4)]);
    assert_eq!(world.status_of(3).await, "failed");
    assert_eq!(world.ended().await, [3]);
    // As after a report of it: in the proof of consent, and among what came back.
    let (step, words) = world
        .ctx
        .db
        .read(|c| {
            let step: String = c.query_row(
                "SELECT step || ' ' || evidence FROM consents WHERE subscription_id = 3",
                [],
                |r| r.get(0),
            )?;
            let words: String = c.query_row(
                "SELECT kind || ' ' || words FROM bounces WHERE subscriber_id = 3",
                [],
                |r| r.get(0),
            )?;
            Ok((step, words))
        })
        .await
        .unwrap();
    assert_eq!(
        (step.as_str(), words.as_str()),
        ("ended hard", "hard 5.1.1 no such user")
    );
    assert_eq!(server.connections(), 1, "a refused recipient costs no connection");
}

#[tokio::test]
async fn a_greylisted_message_arrives_later() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Rcpt if step.line.contains("r1@") && step.taken == 0 => Act::Say("450 4.2.0 Greylisted, come back".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(2).await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 1), ("sent", 1)]);
    world.advance(7);
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 2)]);
}

#[tokio::test]
async fn a_wrong_password_pauses_the_queue_until_it_is_put_right() {
    let server = FakeSmtp::start_with(&["AUTH PLAIN LOGIN"], None, false, |step| match step.at {
        At::Auth if !step.line.contains("AG5ld3MAcmlnaHQ=") => Act::Say("535 5.7.8 authentication failed".into()),
        _ => Act::Usual,
    })
    .await;
    let login = |password: &str| {
        let smtp = format!("connections = 4\nusername = \"news\"\npassword = \"{password}\"");
        relay(server.address.port(), &smtp, "")
    };
    let mut world = World::new(&login("wrong")).await;
    world.digests(20).await;
    let next = world.tick().await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 20)]);
    assert!(server.connections() <= 5, "{} attempts", server.connections());
    assert!(next.at > world.ctx.now(), "the queue rests");
    assert!(world.ended().await.is_empty());
    world.reload(&login("right"));
    world.drain().await;
    world.advance(20);
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 20)]);
}

#[tokio::test]
async fn a_relay_that_refuses_us_pauses_the_queue_and_blames_nobody() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Dot => Act::Say("550 5.7.26 this mail is unauthenticated".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 4).await;
    world.digests(30).await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 30)]);
    let attempts = server.commands().iter().filter(|word| *word == "DATA").count();
    assert!(attempts <= 5, "{attempts} attempts");
    assert!(world.ended().await.is_empty());
    world.advance(16);
    world.drain().await;
    let more = server.commands().iter().filter(|word| *word == "DATA").count();
    assert_eq!(more, attempts + 1, "one message tries whether it is over");
}

#[tokio::test]
async fn one_recipient_the_relay_cannot_read_keeps_nobody_waiting() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Rcpt if step.line.contains("r1@") => Act::Say("504 5.5.2 <r1>: need fully-qualified address".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(20).await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 1), ("sent", 19)]);
    assert!(world.ended().await.is_empty(), "nobody is blamed");
}

#[tokio::test]
async fn silence_ends_at_the_limit_of_its_phase() {
    for at in [At::Greeting, At::Ehlo, At::Mail, At::Rcpt, At::Data] {
        let server = FakeSmtp::start(move |step| {
            if step.at == at && step.connection == 1 {
                Act::Silence
            } else {
                Act::Usual
            }
        })
        .await;
        let mut world = impatient(&server, SHORT_COMMAND).await;
        world.digests(2).await;
        world.drain().await;
        assert_eq!(world.status_of(1).await, "queued", "{at:?}");
        // A machine that stands still is silence, too: then once more.
        for _ in 0..5 {
            world.advance(60);
            world.drain().await;
        }
        counts(&world.outbox().await, &[("sent", 2)]);
        let mut recipients = server.recipients();
        recipients.sort();
        assert_eq!(recipients, ["r1@example.net", "r2@example.net"], "{at:?}");
    }
}

#[tokio::test]
async fn no_clear_reply_to_the_final_dot_is_a_doubt() {
    let acts = [
        Act::Silence,
        Act::TakeAndCut,
        Act::TakeAndSay("354 go on".into()),
        Act::TakeAndSay("999 what".into()),
        Act::TakeAndSay("\u{0}\u{1}binary".into()),
        Act::TakeAndSay("x".repeat(10_000_000)),
        Act::TakeAndSay("250-and\r\n".repeat(100_000)),
        Act::Late(Duration::from_secs(4), "250 ok".into()),
    ];
    for act in acts {
        let shown = format!("{act:?}").chars().take(40).collect::<String>();
        let server = FakeSmtp::start(move |step| match step.at {
            At::Dot if step.line.contains("To: r1@") => act.clone(),
            _ => Act::Usual,
        })
        .await;
        let mut world = impatient(&server, SHORT_BODY).await;
        world.digests(2).await;
        world.drain().await;
        counts(&world.outbox().await, &[("sent", 1), ("uncertain", 1)]);
        assert_eq!(world.status_of(1).await, "uncertain", "{shown}");
        assert!(server.recipients().contains(&"r2@example.net".to_owned()), "{shown}");
        world.advance(600);
        world.drain().await;
        world.restart().await;
        world.drain().await;
        assert_eq!(world.status_of(1).await, "uncertain", "a doubt is held: {shown}");
    }
}

#[tokio::test]
async fn a_doubt_is_sent_again_where_that_is_wanted_and_for_answers_always() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Dot if step.taken < 2 => Act::TakeAndCut,
        _ => Act::Usual,
    })
    .await;
    let mail = relay(server.address.port(), "connections = 1", "on_uncertain = \"resend\"");
    let mut world = World::new(&mail).await;
    world.digests(1).await;
    world.reply_to("asked@example.net").await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 2)]);
    world.advance(10);
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 2)]);
    let copies: Vec<_> = server
        .taken()
        .into_iter()
        .filter(|taken| taken.to == "r1@example.net")
        .collect();
    assert_eq!(copies.len(), 2);
    assert_eq!(copies[0].data, copies[1].data, "the same bytes at every attempt");
}

#[tokio::test]
async fn a_late_reply_is_never_credited_to_another_message() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Dot if step.line.contains("To: r1@") => Act::Late(Duration::from_secs(4), "250 ok".into()),
        At::Dot if step.line.contains("To: r2@") => Act::Say("554 5.6.0 not this one".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = impatient(&server, SHORT_BODY).await;
    world.digests(3).await;
    world.drain().await;
    assert_eq!(world.status_of(1).await, "uncertain");
    assert_ne!(world.status_of(2).await, "sent");
    world.advance(20);
    world.drain().await;
    world.advance(20);
    world.drain().await;
    assert_eq!(world.status_of(3).await, "sent");
    assert_ne!(world.status_of(2).await, "sent");
}

#[tokio::test]
async fn a_reply_too_many_ends_the_connection() {
    for at in [At::Mail, At::Rcpt] {
        let server = FakeSmtp::start(move |step| {
            if step.at == at && step.connection == 1 {
                Act::Say("250 ok\r\n250 and one more".into())
            } else {
                Act::Usual
            }
        })
        .await;
        let mut world = world_of(&server, 1).await;
        world.digests(1).await;
        world.drain().await;
        assert!(server.taken().is_empty(), "{at:?}");
        assert!(
            world.last_reply(1).await.contains("out of turn"),
            "{}",
            world.last_reply(1).await
        );
        world.advance(10);
        world.drain().await;
        counts(&world.outbox().await, &[("sent", 1)]);
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_final_dot_is_no_delivery() {
    for (at, act) in [
        (At::Data, Act::SayAndClose("354 go ahead".into())),
        (At::Data, Act::Cut),
        (At::Mail, Act::Cut),
        (At::Greeting, Act::Cut),
    ] {
        let shown = format!("{at:?} {act:?}");
        let server = FakeSmtp::start(move |step| {
            if step.at == at && step.connection == 1 {
                act.clone()
            } else {
                Act::Usual
            }
        })
        .await;
        let mut world = world_of(&server, 1).await;
        world.digests(1).await;
        world.drain().await;
        assert_eq!(world.status_of(1).await, "queued", "{shown}");
        world.advance(10);
        world.drain().await;
        counts(&world.outbox().await, &[("sent", 1)]);
        assert_eq!(server.taken().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_message_is_never_sent() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Body if step.connection == 1 => Act::Cut,
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(1).await;
    world.drain().await;
    // Whether the dot had left before the cut was seen is a race: both readings are true, `sent` is not.
    assert!(matches!(world.status_of(1).await.as_str(), "queued" | "uncertain"));
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_full_mailbox_is_tried_again() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Rcpt if step.taken == 0 => Act::Say("452 4.2.2 mailbox full".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(1).await;
    world.drain().await;
    counts(&world.outbox().await, &[("queued", 1)]);
    assert_eq!(world.last_reply(1).await, "452 4.2.2 mailbox full");
}

#[tokio::test]
async fn a_message_too_large_for_the_relay_is_not_offered() {
    let server = FakeSmtp::start_with(&["SIZE 500"], None, false, |_| Act::Usual).await;
    let mut world = world_of(&server, 1).await;
    world.digests(1).await;
    world.drain().await;
    counts(&world.outbox().await, &[("failed", 1)]);
    assert!(!server.commands().contains(&"MAIL".to_owned()));
    assert!(world.ended().await.is_empty());
}

#[tokio::test]
async fn an_address_outside_ascii_needs_the_relay_to_know_them() {
    for (extensions, expected) in [(&[][..], "failed"), (&["SMTPUTF8"][..], "sent")] {
        let server = FakeSmtp::start_with(extensions, None, false, |_| Act::Usual).await;
        let mut world = world_of(&server, 1).await;
        world.digest_to(1, "grüße@exämple.net").await;
        world.digest_to(2, "plain@exämple.net").await;
        world.drain().await;
        assert_eq!(world.status_of(1).await, expected);
        assert_eq!(world.status_of(2).await, "sent");
        assert!(server.recipients().contains(&"plain@xn--exmple-cua.net".to_owned()));
        assert!(world.ended().await.is_empty());
    }
}

#[tokio::test]
async fn the_end_of_the_process_gives_back_what_was_not_begun() {
    let stop = tokio_util::sync::CancellationToken::new();
    let inner = stop.clone();
    let server = FakeSmtp::start(move |step| {
        if step.at == At::Dot && step.taken == 2 {
            inner.cancel();
        }
        Act::Usual
    })
    .await;
    let mut world = world_of(&server, 1).await;
    world.digests(10).await;
    world.mailer.close().await;
    world.ctx.shutdown = stop;
    world.mailer = courant::mail::Mailer::start_with(world.ctx.clone(), Some(crate::outbox_world::LIMITS))
        .await
        .unwrap();
    world.tick().await;
    counts(&world.outbox().await, &[("queued", 7), ("sent", 3)]);
}

#[tokio::test]
async fn a_folder_gets_mails_and_pages() {
    let mut world = World::new("transport = \"folder\"\nfolder = \"out\"").await;
    world.digests(2).await;
    world.reply_to("asked@example.net").await;
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 3)]);
    let mut kinds: Vec<String> = std::fs::read_dir(world.folder.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path().extension().unwrap().to_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["eml", "eml", "eml", "html", "html"]);
}
