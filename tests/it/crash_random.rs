//! The program killed at random places of starting, sending and reading mails.
//!
//! `COURANT_KILLS=500 cargo test --test it killed_at_random -- --nocapture` is the long form; `COURANT_SEED` goes another way.

use std::time::Duration;

use courant::clock::{Clock as _, Random as _, SeededRandom, SystemClock};
use courant::store::rusqlite::Connection;

use super::crash_world::{Base, READERS, copies, finish, hand_over, mail, relay};
use super::fake_smtp::FakeSmtp;
use super::program::{Installation, until};

/// Queues an edition for everybody who is active, as if the next slot had come.
fn queue_edition(here: &Installation, number: i64) {
    let mut db = Connection::open(here.path("courant.db")).unwrap();
    db.pragma_update(None, "foreign_keys", true).unwrap();
    let now = SystemClock.now().unix();
    let tx = db.transaction().unwrap();
    tx.execute(
        "INSERT INTO editions (digest_key, slot, due_at, window_from, window_to, story_count, content, outcome, composed_at)
         SELECT digest_key, 'extra ' || ?1, ?2 - 100000, window_from, window_from, story_count, content, 'queued', ?2
         FROM editions WHERE outcome = 'queued' ORDER BY id LIMIT 1",
        (number, now),
    )
    .unwrap();
    let edition = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO audiences (edition_id, key, choices, layout)
         SELECT ?1, key, choices, layout FROM audiences ORDER BY id LIMIT 1",
        [edition],
    )
    .unwrap();
    let audience = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO deliveries (dedupe_key, kind, audience_id, subscription_id, message_id, next_attempt_at, queued_at)
         SELECT 'x' || ?1 || ':' || id, 'digest', ?2, id, 'x' || ?1 || '.' || id || '@example.org', ?3, ?3
         FROM subscriptions WHERE status = 'active'",
        (number, audience, now),
    )
    .unwrap();
    tx.commit().unwrap();
}

/// Kills the program `n_kills` times at random places of starting, sending and reading mails, then lets it finish.
async fn random_kills(policy: &str, seed: u64, n_kills: usize) {
    let random = SeededRandom::new(seed);
    let base = Base::new().await;
    let relay = relay().await;
    let here = base.copy(&relay, policy, 4);
    finish(&here).await;
    let (mut n_editions, mut n_strangers) = (0, 0);
    for _ in 0..n_kills {
        if here.count("SELECT count(*) FROM deliveries WHERE status = 'queued'") < 100 {
            n_editions += 1;
            queue_edition(&here, n_editions);
        }
        let daemon = here.start(&["run"]);
        if random.below(5) == 0 {
            // Somewhere on its way up.
            tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        } else {
            let before = relay.taken().len();
            let more = usize::try_from(random.below(40)).unwrap() + 1;
            until("some mails", || {
                let left =
                    here.count("SELECT count(*) FROM deliveries WHERE status IN ('queued', 'claimed', 'committing')");
                relay.taken().len() >= before + more || left == 0
            })
            .await;
            tokio::time::sleep(Duration::from_micros(random.below(5000))).await;
        }
        if random.below(4) == 0 {
            n_strangers += 1;
            let asks = mail(
                &format!("stranger@host{n_strangers}.example"),
                "news@example.org",
                "subscribe",
            );
            here.piped_and_killed(&["inbound"], &asks, Duration::from_millis(random.below(80)))
                .await;
            hand_over(&here, &asks);
        }
        daemon.signal("KILL");
        daemon.ended().await;
    }
    finish(&here).await;
    check_truth(&here, &relay, policy, n_strangers, &format!("{policy}, seed {seed}"));
    let n_uncertain = here.count("SELECT count(*) FROM deliveries WHERE status = 'uncertain'");
    println!(
        "{policy}, seed {seed}: {n_kills} kills, {} mails taken, {n_uncertain} in doubt, {} copies",
        relay.taken().len(),
        copies(&relay).values().map(|n| n - 1).sum::<usize>()
    );
    assert!(n_uncertain <= 4 * i64::try_from(n_kills).unwrap());
}

/// Each delivery against what the relay took.
#[track_caller]
fn check_truth(here: &Installation, relay: &FakeSmtp, policy: &str, n_strangers: i64, shown: &str) {
    let counted = copies(relay);
    let db = Connection::open(here.path("courant.db")).unwrap();
    let mut statement = db
        .prepare(
            "SELECT coalesce(nullif(d.recipient, ''), p.address), d.message_id, d.status, d.kind FROM deliveries d
             LEFT JOIN subscriptions s ON s.id = d.subscription_id LEFT JOIN subscribers p ON p.id = s.subscriber_id",
        )
        .unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    let rows: Vec<(String, String, String, String)> = rows.collect::<Result<_, _>>().unwrap();
    let mut known = 0;
    for (to, id, status, kind) in rows {
        let n = counted.get(&(to.clone(), id)).copied().unwrap_or(0);
        known += usize::from(n > 0);
        match (status.as_str(), policy) {
            ("sent", _) => assert!(n >= 1, "{shown}: {to} counts as sent and got nothing"),
            ("uncertain", "hold") => {}
            (other, _) => panic!("{shown}: {to} is {other}"),
        }
        if policy == "hold" && kind == "digest" {
            assert!(n <= 1, "{shown}: {to} got it {n} times");
        }
    }
    assert_eq!(known, counted.len(), "{shown}: every mail taken is a delivery");
    let standing = |status: &str| here.count(&format!("SELECT count(*) FROM subscriptions WHERE status = '{status}'"));
    assert_eq!(standing("active"), i64::try_from(READERS).unwrap(), "{shown}");
    assert_eq!(
        standing("pending"),
        n_strangers,
        "{shown}: everybody who asked is asked back"
    );
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE kind = 'confirm'"),
        n_strangers,
        "{shown}: once each"
    );
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how long, and which way")]
async fn killed_at_random_it_keeps_its_promises() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |value| value.parse().unwrap());
    let (seed, n_kills) = (number("COURANT_SEED", 1), number("COURANT_KILLS", 10));
    for policy in ["hold", "resend"] {
        random_kills(policy, seed, usize::try_from(n_kills).unwrap()).await;
    }
}
