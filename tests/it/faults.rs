//! Faults around a send: no disk left, a clock that jumps, a name that does not resolve, more than one recipient domain,
//! servers that take commands together, LMTP. What the relay does wrong is in `delivery`, what certificates do in
//! `delivery_tls`, a process that dies in `crash`.

use std::time::Duration;

use courant::store::rusqlite::Connection;

use crate::fake_smtp::{Act, At, FakeSmtp};
use crate::outbox_world::{NOW, World, relay};

async fn set_pages_max(world: &World, more: Option<i64>) {
    world
        .ctx
        .db
        .write(move |tx| {
            let pages: i64 = tx.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let max = more.map_or(1_000_000, |more| pages + more);
            tx.query_row(&format!("PRAGMA max_page_count = {max}"), [], |_| Ok(()))?;
            Ok(())
        })
        .await
        .unwrap();
}

/// The disk is full after so many more pages, whatever is being written then; later there is room again.
#[tokio::test]
async fn a_full_disk_stops_the_send_and_room_goes_on_with_it() {
    let mut n_failed = 0;
    for more in 0..6 {
        let server = FakeSmtp::start(|_| Act::Usual).await;
        let mail = relay(server.address.port(), "connections = 2", "");
        let mut world = World::new(&mail).await;
        world.digests(120).await;
        set_pages_max(&world, Some(more)).await;
        for _ in 0..4 {
            n_failed += usize::from(world.mailer.tick().await.is_err());
        }
        let on_disk = world.outbox().await;
        let taken = server.taken().len();
        assert!(
            on_disk.get("sent").copied().unwrap_or(0) <= u64::try_from(taken).unwrap(),
            "{more}: nothing counts as sent that was not taken"
        );
        set_pages_max(&world, None).await;
        world.drain().await;
        world.advance(10);
        world.drain().await;
        let mut expected: Vec<String> = (1..=120).map(|id| format!("r{id}@example.net")).collect();
        expected.sort();
        assert_eq!(server.recipients(), expected, "{more}: each once");
        assert_eq!(world.outbox().await.get("sent"), Some(&120), "{more}");
        let db = Connection::open(world.folder.path().join("courant.db")).unwrap();
        let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
    assert!(
        n_failed > 0,
        "the disk was never full: the test does not reach what it is for"
    );
}

#[tokio::test]
async fn a_clock_that_jumps_neither_repeats_nor_loses() {
    for jump_secs in [-7 * 86_400_i64, -3600, 3600, 86_400, 10 * 365 * 86_400] {
        let server = FakeSmtp::start(|step| match step.at {
            At::Rcpt if step.line.contains("r2@") && step.taken < 3 => Act::Say("451 4.3.0 later".into()),
            _ => Act::Usual,
        })
        .await;
        let mail = relay(server.address.port(), "connections = 1", "");
        let mut world = World::new(&mail).await;
        world.digests(4).await;
        world.tick().await;
        let to = NOW.unix() + jump_secs;
        world.clock.set(courant::time::Timestamp::from_unix(to));
        world.drain().await;
        world.restart().await;
        world.drain().await;
        // The clock is put right, and the time of the retry comes. Ten years ahead it was known to be wrong.
        let later = if jump_secs > 86_400 {
            NOW.unix()
        } else {
            NOW.unix().max(to)
        } + 3600;
        world.clock.set(courant::time::Timestamp::from_unix(later));
        world.drain().await;
        assert_eq!(
            server.recipients(),
            ["r1@example.net", "r2@example.net", "r3@example.net", "r4@example.net"],
            "{jump_secs}: each once"
        );
    }
}

#[tokio::test]
async fn what_was_put_off_while_the_clock_stood_in_the_future_is_not_forgotten() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Rcpt if step.line.contains("r1@") && step.taken < 1 => Act::Say("451 4.3.0 later".into()),
        At::Mail if step.taken == 1 && step.connection == 1 => Act::SayAndClose("421 4.3.2 busy".into()),
        _ => Act::Usual,
    })
    .await;
    let mail = relay(server.address.port(), "connections = 1", "");
    let mut world = World::new(&mail).await;
    world.clock.set(NOW.plus(Duration::from_hours(48)));
    world.digests(2).await;
    world.drain().await;
    world.reply_to("eva@example.net").await;
    world.drain().await;
    assert_eq!(server.recipients(), ["r2@example.net"]);
    // Put right; then the relay's five minutes are over.
    for minutes in [60, 70, 80] {
        world.clock.set(NOW.plus(Duration::from_mins(minutes)));
        world.drain().await;
    }
    assert_eq!(
        server.recipients(),
        ["eva@example.net", "r1@example.net", "r2@example.net"],
        "{:?}",
        world.outbox().await
    );
}

/// A board without a battery begins in 1970; another shows a year far ahead.
#[tokio::test]
async fn by_a_clock_that_cannot_be_right_nothing_is_sent() {
    for wrong in ["1970-01-01T00:00:09Z", "2025-12-31T00:00:00Z", "2061-01-01T00:00:00Z"] {
        let wrong = courant::time::Timestamp::parse_rfc3339(wrong).unwrap();
        let server = FakeSmtp::start(|_| Act::Usual).await;
        let mut world = World::new(&relay(server.address.port(), "connections = 1", "")).await;
        world.digests(3).await;
        world.clock.set(wrong);
        assert_eq!(world.tick().await.did, 0);
        world.restart().await;
        world.reply_to("eva@example.net").await;
        assert_eq!(world.tick().await.did, 0);
        assert_eq!(
            (server.connections(), world.outbox().await.get("queued")),
            (0, Some(&4)),
            "{wrong}"
        );
        world.clock.set(NOW.plus(Duration::from_mins(1)));
        world.drain().await;
        let expected = ["eva@example.net", "r1@example.net", "r2@example.net", "r3@example.net"];
        assert_eq!(server.recipients(), expected, "{wrong}: each once when it is right");
    }
}

/// How long nobody sent is seen once the clock is right, not by the wrong one the process began with.
#[tokio::test]
async fn a_process_that_began_by_a_wrong_clock_still_knows_how_long_it_was_off() {
    let server = FakeSmtp::start(|_| Act::Usual).await;
    let mut world = World::new(&relay(server.address.port(), "connections = 1", "")).await;
    world.digests(3).await;
    for wrong in [9, 20] {
        world.clock.set(courant::time::Timestamp::from_unix(wrong));
        world.restart().await;
        world.drain().await;
    }
    world.clock.set(NOW.plus(Duration::from_hours(7 * 24)));
    world.drain().await;
    assert_eq!(server.taken().len(), 0, "a week old");
    assert_eq!(world.outbox().await.get("superseded"), Some(&3));
}

#[tokio::test]
async fn a_relay_whose_name_is_gone_is_asked_for_again_later() {
    let server = FakeSmtp::start(|_| Act::Usual).await;
    let gone = "transport = \"smtp\"\n[mail.smtp]\nhost = \"relay.invalid\"\nport = 465\nconnections = 1\n";
    let mut world = World::new(gone).await;
    world.digests(5).await;
    let next = world.tick().await;
    world.drain().await;
    assert_eq!(world.outbox().await.get("queued"), Some(&5));
    assert!(
        next.at >= world.ctx.now().plus(Duration::from_mins(4)),
        "it is left alone for a while"
    );
    let said = world.last_reply(1).await;
    assert!(said.contains("relay.invalid") || said.contains("in time"), "{said}");
    assert!(world.ended().await.is_empty(), "no reader is blamed");
    world.reload(&relay(server.address.port(), "connections = 4", ""));
    world.advance(10);
    world.drain().await;
    assert_eq!(server.taken().len(), 5);
}

#[tokio::test]
async fn one_domain_has_so_many_messages_at_once_and_others_go_on() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW_THERE: AtomicUsize = AtomicUsize::new(0);
    static MOST_THERE: AtomicUsize = AtomicUsize::new(0);
    let server = FakeSmtp::start(|step| {
        let slow = step.line.contains("slow.example");
        if step.at == At::Rcpt && slow {
            let n = NOW_THERE.fetch_add(1, Ordering::SeqCst) + 1;
            MOST_THERE.fetch_max(n, Ordering::SeqCst);
        }
        if step.at == At::Dot && slow {
            NOW_THERE.fetch_sub(1, Ordering::SeqCst);
        }
        Act::Usual
    })
    .await;
    let mail = relay(
        server.address.port(),
        "connections = 6",
        "rate = { per_domain_connections = 2 }",
    );
    let mut world = World::new(&mail).await;
    for id in 1..=20 {
        world.digest_to(id, &format!("r{id}@slow.example")).await;
    }
    for id in 21..=30 {
        world.digest_to(id, &format!("r{id}@d{id}.example")).await;
    }
    world.drain().await;
    assert_eq!(server.taken().len(), 30);
    assert_eq!(MOST_THERE.load(Ordering::SeqCst), 2);
}

const TOGETHER: &[&str] = &["PIPELINING", "8BITMIME"];

#[tokio::test]
async fn commands_said_together_are_answered_one_by_one() {
    let server = FakeSmtp::start_with(TOGETHER, None, false, |step| match step.at {
        At::Rcpt if step.line.contains("r2@") => Act::Say("550 5.1.1 no such user".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = World::new(&relay(server.address.port(), "connections = 1", "")).await;
    world.digests(4).await;
    world.drain().await;
    world.advance(10);
    world.drain().await;
    assert_eq!(
        server.recipients(),
        ["r1@example.net", "r3@example.net", "r4@example.net"]
    );
    assert_eq!(world.status_of(2).await, "failed");
    assert_eq!(world.ended().await, [2]);
}

#[tokio::test]
async fn a_refusal_among_commands_said_together_is_read_to_its_end() {
    // The server refuses the recipient and then, as it must, the message that has nobody to go to.
    let server = FakeSmtp::start_with(TOGETHER, None, false, |step| match step.at {
        At::Rcpt if step.line.contains("r1@") => Act::Say("452 4.2.2 mailbox full".into()),
        At::Data if step.taken == 0 => Act::Say("503 5.5.1 no valid recipients".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = World::new(&relay(server.address.port(), "connections = 1", "")).await;
    world.digests(1).await;
    world.tick().await;
    assert_eq!(world.status_of(1).await, "queued");
    assert_eq!(world.last_reply(1).await, "452 4.2.2 mailbox full");
    assert_eq!(server.connections(), 1);
    assert!(server.commands().contains(&"RSET".to_owned()), "the connection is kept");
}

#[tokio::test]
async fn a_relay_that_hangs_up_among_commands_said_together_is_left_alone() {
    let server = FakeSmtp::start_with(TOGETHER, None, false, |step| match step.at {
        At::Mail => Act::SayAndClose("421 4.7.0 too many messages".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = World::new(&relay(server.address.port(), "connections = 1", "")).await;
    world.digests(3).await;
    let next = world.tick().await;
    world.drain().await;
    assert_eq!(world.last_reply(1).await, "421 4.7.0 too many messages");
    assert_eq!(server.connections(), 1);
    assert!(next.at.since(NOW) >= Duration::from_mins(4), "{}", next.at);
}

#[tokio::test]
async fn lmtp_delivers_on_this_machine() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Dot if step.line.contains("To: r2@") => Act::Say("550 5.1.1 no such mailbox".into()),
        _ => Act::Usual,
    })
    .await;
    let mail = format!("transport = \"lmtp\"\nlmtp = \"{}\"\n", server.address);
    let mut world = World::new(&mail).await;
    world.digests(3).await;
    world.drain().await;
    assert_eq!(server.recipients(), ["r1@example.net", "r3@example.net"]);
    assert_eq!(world.status_of(2).await, "failed");
    assert!(server.commands().contains(&"LHLO".to_owned()));
    assert!(
        !server.commands().contains(&"EHLO".to_owned()),
        "an LMTP server knows no EHLO"
    );
}

#[tokio::test]
async fn a_token_is_printed_before_each_login_and_said_as_asked() {
    let server = FakeSmtp::start_with(&["AUTH PLAIN LOGIN XOAUTH2"], None, false, |step| match step.at {
        // user=news, auth=Bearer token-1
        At::Auth if step.line != "AUTH XOAUTH2 dXNlcj1uZXdzAWF1dGg9QmVhcmVyIHRva2VuLTEBAQ==" => {
            Act::Say("535 5.7.8 another token".into())
        }
        _ => Act::Usual,
    })
    .await;
    let smtp = "username = \"news\"\nauth = \"xoauth2\"\npassword_command = [\"sh\", \"-c\", \"echo token-1\"]";
    let mut world = World::new(&relay(server.address.port(), smtp, "")).await;
    world.digests(2).await;
    world.drain().await;
    assert_eq!(server.taken().len(), 2, "{}", world.last_reply(1).await);
    let broken = smtp.replace("echo token-1", "exit 3");
    world.reload(&relay(server.address.port(), &broken, ""));
    world.digest_to(3, "r3@example.net").await;
    world.drain().await;
    assert_eq!(world.status_of(3).await, "queued");
    assert!(
        world.last_reply(3).await.contains("password_command"),
        "{}",
        world.last_reply(3).await
    );
}
