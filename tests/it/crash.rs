//! The program killed at each named place, started again, and compared with what the relay took. The relay keeps a truth of
//! its own; `courant::crash` names the places. `crash_random` kills at random.
//!
//! With `hold` nobody gets a mail twice, and who got none is listed in doubt. With `resend` everybody gets it, and a
//! second copy has the Message-ID and the bytes of the first. No subscription is lost, and none comes back to life.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use courant::model::SubscriptionId;
use courant::store::rusqlite::Connection;
use courant::token::{TokenKey, leave_token};

use super::crash_world::{
    Base, KEY, READERS, SIGABRT, address, config, copies, die_at, finish, hand_over, mail, relay,
};
use super::fake_smtp::{Act, FakeSmtp};
use super::program::Installation;

/// What must be true of an edition to `READERS` after any number of crashes. Returns how many mails are in doubt and how
/// many were taken.
#[track_caller]
pub fn check_promises(here: &Installation, relay: &FakeSmtp, policy: &str, shown: &str) -> (usize, usize) {
    let counted = copies(relay);
    let mut by_reader: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for ((to, _), n) in &counted {
        by_reader.entry(to).or_default().push(*n);
    }
    let db = Connection::open(here.path("courant.db")).unwrap();
    let mut statement = db
        .prepare(
            "SELECT p.address, d.status FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
             JOIN subscribers p ON p.id = s.subscriber_id WHERE d.kind = 'digest'",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let status: BTreeMap<String, String> = rows.collect::<Result<_, _>>().unwrap();
    assert_eq!(status.len(), READERS, "{shown}: a delivery for each reader");
    let mut n_uncertain = 0;
    for reader in 1..=READERS {
        let to = address(reader);
        let got = by_reader.remove(to.as_str()).unwrap_or_default();
        assert!(got.len() <= 1, "{shown}: {to} got mails of several Message-IDs");
        let n: usize = got.iter().sum();
        match (policy, status[&to].as_str()) {
            (_, "sent") => assert!(n >= 1, "{shown}: {to} counts as sent and got nothing"),
            ("hold", "uncertain") => n_uncertain += 1,
            (_, other) => panic!("{shown}: {to} is {other}"),
        }
        if policy == "hold" {
            assert!(n <= 1, "{shown}: {to} got it {n} times");
        }
    }
    assert!(by_reader.is_empty(), "{shown}: mails to nobody's address {by_reader:?}");
    let active = here.count("SELECT count(*) FROM subscriptions WHERE status = 'active'");
    assert_eq!(active, i64::try_from(READERS).unwrap(), "{shown}: subscriptions");
    here.assert_intact();
    (n_uncertain, counted.values().sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_survives_a_crash_while_it_is_made() {
    let base = Base::new().await;
    for place in [
        "before_compose",
        "after_compose",
        "after_audience",
        "mid_enqueue",
        "mid_enqueue:120",
        "after_enqueue",
        "before_queued",
        "before_claim",
        "after_claim",
    ] {
        let relay = relay().await;
        let here = base.copy(&relay, "hold", 4);
        die_at(&here, place).await;
        finish(&here).await;
        let found = check_promises(&here, &relay, "hold", place);
        assert_eq!(
            found,
            (0, READERS),
            "{place}: nothing was on the wire, so nothing is in doubt"
        );
        let editions = "SELECT count(*) FROM editions WHERE outcome NOT IN ('missed', 'empty')";
        assert_eq!(here.count(editions), 1, "{place}");
    }
}

/// The table of states: what is in doubt after each place with one connection, and how many mails arrived in all.
#[tokio::test(flavor = "multi_thread")]
async fn held_mails_are_in_doubt_exactly_where_they_must_be() {
    let base = Base::new().await;
    let all = READERS;
    for (place, in_doubt, taken) in [
        ("after_354", 0..=0, all..=all),
        ("after_committing:3", 1..=1, all - 1..=all - 1),
        ("mid_body:7", 1..=1, all - 1..=all - 1),
        ("after_dot:2", 1..=1, all - 1..=all),
        ("after_250:5", 1..=1, all..=all),
        ("before_record", 1..=1, all..=all),
        // The record of one message and the beginning of the next may share a commit.
        ("after_record:2", 0..=1, all - 1..=all),
        ("before_release", 0..=0, all..=all),
    ] {
        let relay = relay().await;
        let here = base.copy(&relay, "hold", 1);
        if place == "before_release" {
            // A relay that breaks off leaves something to give back.
            crash_while_giving_back(&base, place).await;
            continue;
        }
        die_at(&here, place).await;
        finish(&here).await;
        let (n_uncertain, n_taken) = check_promises(&here, &relay, "hold", place);
        assert!(in_doubt.contains(&n_uncertain), "{place}: {n_uncertain} in doubt");
        assert!(taken.contains(&n_taken), "{place}: {n_taken} taken");
    }
}

/// A relay that says 421 has the batch given back; the crash comes before that is written.
async fn crash_while_giving_back(base: &Base, place: &str) {
    let busy = FakeSmtp::start(|step| match step.at {
        super::fake_smtp::At::Mail => Act::SayAndClose("421 4.3.2 shutting down".into()),
        _ => Act::Usual,
    })
    .await;
    let here = base.copy(&busy, "hold", 1);
    die_at(&here, place).await;
    let relay = relay().await;
    here.configure(&config(&base.feed, &relay, "hold", 1, &base.schedule));
    // What was deferred comes back in minutes: the test does not wait for them.
    let db = Connection::open(here.path("courant.db")).unwrap();
    db.execute("UPDATE deliveries SET next_attempt_at = 0 WHERE status = 'queued'", [])
        .unwrap();
    drop(db);
    finish(&here).await;
    assert_eq!(check_promises(&here, &relay, "hold", place), (0, READERS));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_resend_everybody_gets_it_and_copies_are_the_same_mail() {
    let base = Base::new().await;
    let mut n_copies = 0;
    for place in [
        "after_354:40",
        "after_committing:60",
        "mid_body:30",
        "after_dot:90",
        "after_250:110",
        "before_record:20",
        "after_record:30",
    ] {
        let relay = relay().await;
        let here = base.copy(&relay, "resend", 4);
        die_at(&here, place).await;
        finish(&here).await;
        let (_, n_taken) = check_promises(&here, &relay, "resend", place);
        assert!(
            n_taken <= READERS + 4,
            "{place}: at most one copy a connection, {n_taken} taken"
        );
        n_copies += n_taken - READERS;
    }
    assert!(
        n_copies > 0,
        "no place made a copy: the test does not reach what it is for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_over_can_be_cut_off_and_repeated() {
    let base = Base::new().await;
    let relay = relay().await;
    let here = base.copy(&relay, "hold", 4);
    die_at(&here, "after_committing:50").await;
    for _ in 0..3 {
        die_at(&here, "before_recovery").await;
        die_at(&here, "after_recovery").await;
    }
    finish(&here).await;
    let (n_uncertain, n_taken) = check_promises(&here, &relay, "hold", "recovery");
    assert!((1..=4).contains(&n_uncertain), "{n_uncertain} in doubt");
    assert!(n_taken >= READERS - n_uncertain);
}

/// Hands a mail over to a program that dies at this place, then again.
fn hand_over_twice(here: &Installation, mail: &str, place: &str) {
    let died = here.piped_with(&["inbound"], mail, &[("COURANT_CRASH_AT", place)]);
    assert_eq!(died.status.signal(), Some(SIGABRT), "{place} was not passed");
    hand_over(here, mail);
}

/// The address that confirms, out of the question that waits to be sent.
fn confirm_address(here: &Installation, to: &str) -> String {
    let db = Connection::open(here.path("courant.db")).unwrap();
    let sql = "SELECT d.message FROM deliveries d LEFT JOIN subscriptions s ON s.id = d.subscription_id
               LEFT JOIN subscribers p ON p.id = s.subscriber_id
               WHERE d.kind = 'confirm' AND coalesce(nullif(d.recipient, ''), p.address) = ?1 ORDER BY d.id DESC LIMIT 1";
    let message: Vec<u8> = db.query_row(sql, [to], |row| row.get(0)).unwrap();
    let text = String::from_utf8(message).unwrap().replace("=\r\n", "");
    let start = text.find("news+confirm-").unwrap();
    let end = text[start..].find('@').unwrap();
    format!("{}@example.org", &text[start..start + end])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_survives_a_crash_at_each_of_its_steps() {
    let base = Base::new().await;
    let relay = relay().await;
    let here = base.copy(&relay, "hold", 1);
    let key = TokenKey::from_secret(KEY);
    let asking = ["inbound_asked", "inbound_before_commit", "inbound_after_commit"];
    let confirming = ["inbound_confirmed", "inbound_before_commit", "inbound_after_commit"];
    let leaving = ["inbound_before_commit", "inbound_after_commit"];
    for (n, ask) in asking.into_iter().enumerate() {
        let person = format!("new{n}@example.com");
        hand_over_twice(&here, &mail(&person, "news@example.org", "subscribe"), ask);
        let standing = |status: &str| {
            here.count(&format!(
                "SELECT count(*) FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id
                 WHERE p.address = '{person}' AND s.status = '{status}'"
            ))
        };
        let mails = |kind: &str| {
            here.count(&format!(
                "SELECT count(*) FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
                 JOIN subscribers p ON p.id = s.subscriber_id WHERE p.address = '{person}' AND d.kind = '{kind}'"
            ))
        };
        assert_eq!((standing("pending"), mails("confirm")), (1, 1), "{ask}");
        let confirm = confirm_address(&here, &person);
        hand_over_twice(&here, &mail(&person, &confirm, "confirm"), confirming[n]);
        assert_eq!((standing("active"), mails("welcome")), (1, 1), "{}", confirming[n]);
        let Some(place) = leaving.get(n) else { continue };
        let id = here.count(&format!(
            "SELECT s.id FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id WHERE p.address = '{person}'"
        ));
        let leave = format!("news+leave-{}@example.org", leave_token(&key, SubscriptionId::new(id)));
        hand_over_twice(&here, &mail(&person, &leave, "unsubscribe"), place);
        assert_eq!((standing("ended"), mails("goodbye")), (1, 1), "{place}");
        // The confirmation, found again in a mailbox, brings nobody back.
        hand_over(&here, &mail(&person, &confirm, "confirm again"));
        assert_eq!(standing("active"), 0, "{place}: a subscription came back to life");
    }
    assert_eq!(here.count("SELECT count(*) FROM consents"), 3 + 3 + 2, "each step once");
    here.assert_intact();
}
