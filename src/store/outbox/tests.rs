use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::claim::is_suppressed;
use super::*;
use crate::model::{EditionId, SmtpPhase};
use crate::store::migrate::migrate;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn hash(address: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(address.bytes()) {
        *to = from;
    }
    hash
}

/// A database with three active readers of one edition (subscriptions 1 to 3, audience 1).
fn fixture() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrate(&mut db, Path::new("test.db")).unwrap();
    db.execute_batch(
        "INSERT INTO editions (id, digest_key, slot, due_at, window_from, window_to, story_count, content, outcome, composed_at)
           VALUES (1, 'daily', '2027-01-15T07:00', 1799990000, 0, 0, 1, '{}', 'queueing', 1799990000);
         INSERT INTO audiences (id, edition_id, key, choices, layout) VALUES (1, 1, x'00', '{}', '{}');",
    )
    .unwrap();
    for id in 1..=3 {
        db.execute(
            "INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, ?2, ?2, 0)",
            (id, format!("r{id}@example.org")),
        )
        .unwrap();
        db.execute(
            "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
             VALUES (?1, ?1, 'daily', 'active', 'mail', 0, 5)",
            [id],
        )
        .unwrap();
    }
    db
}

fn digest(subscription: i64) -> NewDelivery {
    NewDelivery {
        dedupe_key: format!("e1:s{subscription}"),
        kind: DeliveryKind::Digest,
        audience: Some(AudienceId::new(1)),
        subscription: Some(SubscriptionId::new(subscription)),
        recipient: String::new(),
        message_id: format!("d.20270115.{subscription}.00@example.org"),
        message: Vec::new(),
        queued_at: NOW,
    }
}

fn reply(to: &str) -> NewDelivery {
    NewDelivery {
        dedupe_key: format!("reply:{to}"),
        kind: DeliveryKind::Reply,
        audience: None,
        subscription: None,
        recipient: to.into(),
        message_id: "r.20270115.1.00@example.org".into(),
        message: b"Subject: hello\r\n\r\nhello\r\n".to_vec(),
        queued_at: NOW,
    }
}

fn with<T>(db: &mut Connection, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> T {
    let tx = db.transaction().unwrap();
    let value = work(&tx).unwrap();
    tx.commit().unwrap();
    value
}

fn queue(db: &mut Connection, new: &NewDelivery) -> DeliveryId {
    with(db, |tx| enqueue(tx, new)).unwrap()
}

fn take(db: &mut Connection, epoch: i64) -> Vec<i64> {
    let claimed = with(db, |tx| claim(tx, NOW, epoch, Wanted::All, 10, &hash));
    claimed.deliveries.iter().map(|d| d.id.get()).collect()
}

fn status(db: &Connection, id: DeliveryId) -> String {
    db.query_row("SELECT status FROM deliveries WHERE id = ?1", [id.get()], |row| {
        row.get(0)
    })
    .unwrap()
}

fn attempt(id: DeliveryId, outcome: SendOutcome, verdict: Verdict) -> Attempt {
    Attempt {
        delivery: id,
        at: NOW,
        outcome,
        verdict,
    }
}

fn accepted() -> SendOutcome {
    SendOutcome::Accepted { reply: "250 ok".into() }
}

#[test]
fn the_same_decision_is_queued_once() {
    let mut db = fixture();
    assert!(with(&mut db, |tx| enqueue(tx, &digest(1))).is_some());
    assert!(with(&mut db, |tx| enqueue(tx, &digest(1))).is_none());
}

#[test]
fn answers_go_before_editions_and_a_claim_is_taken_once() {
    let mut db = fixture();
    let edition = queue(&mut db, &digest(1));
    let answer = queue(&mut db, &reply("x@example.org"));
    let mut later = digest(2);
    later.queued_at = NOW.plus(Duration::from_secs(1));
    let waiting = queue(&mut db, &later);
    assert_eq!(take(&mut db, 1), [answer.get(), edition.get()]);
    assert_eq!(take(&mut db, 1), [] as [i64; 0]);
    assert_eq!(status(&db, waiting), "queued");
    assert_eq!(next_due(&db).unwrap(), Some(later.queued_at));
}

#[test]
fn a_claimed_row_knows_its_reader() {
    let mut db = fixture();
    queue(&mut db, &digest(2));
    let claimed = with(&mut db, |tx| claim(tx, NOW, 1, Wanted::All, 10, &hash));
    let delivery = claimed.deliveries.first().unwrap();
    assert_eq!(delivery.address, "r2@example.org");
    assert_eq!(delivery.edition, Some(EditionId::new(1)));
    assert_eq!(delivery.confirmed_at, Some(Timestamp::from_unix(5)));
    assert_eq!(delivery.attempt, 1);
}

#[test]
fn who_left_or_is_suppressed_gets_nothing() {
    let mut db = fixture();
    let left = queue(&mut db, &digest(1));
    let suppressed = queue(&mut db, &digest(2));
    let stranger = queue(&mut db, &reply("gone@example.org"));
    db.execute("UPDATE subscriptions SET status = 'ended' WHERE id = 1", [])
        .unwrap();
    for address in ["r2@example.org", "gone@example.org"] {
        db.execute(
            "INSERT INTO suppressions (address_hash, reason, at) VALUES (?1, 'complaint', 0)",
            [hash(address)],
        )
        .unwrap();
    }
    let claimed = with(&mut db, |tx| claim(tx, NOW, 1, Wanted::All, 10, &hash));
    assert_eq!((claimed.deliveries.len(), claimed.n_cancelled), (0, 3));
    for id in [left, suppressed, stranger] {
        assert_eq!(status(&db, id), "cancelled");
    }
}

#[test]
fn who_leaves_after_the_claim_gets_nothing_either() {
    let mut db = fixture();
    let id = queue(&mut db, &digest(1));
    take(&mut db, 1);
    db.execute("UPDATE subscriptions SET status = 'ended' WHERE id = 1", [])
        .unwrap();
    assert_eq!(with(&mut db, |tx| mark_committing(tx, 1, &[id])), BTreeSet::new());
    assert_eq!(status(&db, id), "claimed");
}

#[test]
fn verdicts_move_rows() {
    #[track_caller]
    fn check(outcome: SendOutcome, verdict: Verdict, expected: &str, attempts: u32) {
        let mut db = fixture();
        let id = queue(&mut db, &reply("x@example.org"));
        take(&mut db, 1);
        assert_eq!(with(&mut db, |tx| mark_committing(tx, 1, &[id])), BTreeSet::from([id]));
        with(&mut db, |tx| {
            record_attempts(tx, 1, &[attempt(id, outcome, verdict)], &hash)
        });
        assert_eq!(status(&db, id), expected);
        let (n, bytes): (u32, Vec<u8>) = db
            .query_row("SELECT attempts, message FROM deliveries", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(n, attempts);
        assert_eq!(
            bytes.is_empty(),
            matches!(expected, "sent" | "failed"),
            "bytes are kept while needed"
        );
    }
    let refused = || SendOutcome::Refused {
        phase: SmtpPhase::Rcpt,
        code: 550,
        enhanced: "5.1.1".into(),
        reply: "5.1.1 no such user".into(),
    };
    let unknown = || SendOutcome::Unknown { error: "reset".into() };
    check(accepted(), Verdict::Sent, "sent", 1);
    check(refused(), Verdict::RetryAt(NOW), "queued", 1);
    check(refused(), Verdict::PauseUntil(NOW), "queued", 0);
    check(refused(), Verdict::GiveUp, "failed", 1);
    check(refused(), Verdict::Suppress, "failed", 1);
    check(unknown(), Verdict::Uncertain, "uncertain", 1);
}

#[test]
fn a_missing_recipient_is_suppressed_and_nobody_else() {
    let mut db = fixture();
    let gone = queue(&mut db, &digest(1));
    let fine = queue(&mut db, &digest(2));
    take(&mut db, 1);
    let refused = SendOutcome::Refused {
        phase: SmtpPhase::Rcpt,
        code: 550,
        enhanced: "5.1.1".into(),
        reply: "5.1.1 no such user".into(),
    };
    let records = [
        attempt(gone, refused, Verdict::Suppress),
        attempt(fine, accepted(), Verdict::Sent),
    ];
    with(&mut db, |tx| record_attempts(tx, 1, &records, &hash));
    let ended: Vec<(i64, String, String)> = db
        .prepare("SELECT id, status, end_reason FROM subscriptions ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let states: Vec<_> = ended
        .iter()
        .map(|(id, status, why)| (*id, status.as_str(), why.as_str()))
        .collect();
    assert_eq!(states, [(1, "ended", "bounced"), (2, "active", ""), (3, "active", "")]);
    assert!(is_suppressed(&db, DeliveryKind::Reply, &hash("r1@example.org")).unwrap());
}

#[test]
fn another_epochs_records_change_nothing() {
    let mut db = fixture();
    let id = queue(&mut db, &digest(1));
    take(&mut db, 2);
    with(&mut db, |tx| {
        record_attempts(tx, 1, &[attempt(id, accepted(), Verdict::Sent)], &hash)
    });
    with(&mut db, |tx| release(tx, 1, &[(id, NOW)]));
    assert_eq!(status(&db, id), "claimed");
    assert_eq!(with(&mut db, |tx| mark_committing(tx, 1, &[id])), BTreeSet::new());
}

#[test]
fn a_new_process_queues_the_claimed_and_holds_the_doubtful() {
    let mut db = fixture();
    let claimed = queue(&mut db, &digest(1));
    let doubtful = queue(&mut db, &digest(2));
    let answer = queue(&mut db, &reply("x@example.org"));
    let first = with(&mut db, |tx| begin_epoch(tx, NOW, false)).epoch;
    take(&mut db, first);
    with(&mut db, |tx| mark_committing(tx, first, &[doubtful, answer]));
    let found = with(&mut db, |tx| begin_epoch(tx, NOW, false));
    assert_eq!(
        (found.epoch, found.n_requeued, found.n_resent, found.n_uncertain),
        (first + 1, 1, 1, 1)
    );
    assert_eq!(status(&db, claimed), "queued");
    assert_eq!(status(&db, doubtful), "uncertain");
    assert_eq!(status(&db, answer), "queued");
    let again = with(&mut db, |tx| begin_epoch(tx, NOW, false));
    assert_eq!((again.n_requeued, again.n_resent, again.n_uncertain), (0, 0, 0));
}

#[test]
fn with_resend_nothing_is_held() {
    let mut db = fixture();
    let id = queue(&mut db, &digest(1));
    take(&mut db, 1);
    with(&mut db, |tx| mark_committing(tx, 1, &[id]));
    let found = with(&mut db, |tx| begin_epoch(tx, NOW, true));
    assert_eq!((found.n_resent, found.n_uncertain), (1, 0));
    assert_eq!(status(&db, id), "queued");
}

#[test]
fn a_person_settles_what_is_in_doubt() {
    #[track_caller]
    fn check(resolution: Resolution, expected: &str) {
        let mut db = fixture();
        let id = queue(&mut db, &digest(1));
        assert_eq!(
            with(&mut db, |tx| resolve(tx, id, resolution, NOW)),
            Resolved::NotUncertain(DeliveryStatus::Queued)
        );
        db.execute("UPDATE deliveries SET status = 'uncertain'", []).unwrap();
        assert_eq!(
            list(&db, Filter::Status(DeliveryStatus::Uncertain), 10).unwrap().len(),
            1
        );
        assert_eq!(with(&mut db, |tx| resolve(tx, id, resolution, NOW)), Resolved::Done);
        assert_eq!(status(&db, id), expected);
        assert_eq!(
            with(&mut db, |tx| resolve(tx, DeliveryId::new(99), resolution, NOW)),
            Resolved::Unknown
        );
    }
    check(Resolution::Sent, "sent");
    check(Resolution::Resend, "queued");
}

#[test]
fn counts_name_every_state_and_old_rows_go() {
    let mut db = fixture();
    let id = queue(&mut db, &digest(1));
    queue(&mut db, &digest(2));
    take(&mut db, 1);
    with(&mut db, |tx| {
        record_attempts(tx, 1, &[attempt(id, accepted(), Verdict::Sent)], &hash)
    });
    let seen = counts(&db).unwrap();
    assert_eq!(seen.by_status.len(), DeliveryStatus::ALL.len());
    assert_eq!(seen.by_status[&DeliveryStatus::Sent], 1);
    assert_eq!(with(&mut db, |tx| purge(tx, NOW, 500)), 0);
    assert_eq!(with(&mut db, |tx| purge(tx, NOW.plus(Duration::from_secs(1)), 500)), 1);
    assert_eq!(
        db.query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, i64>(0))
            .unwrap(),
        0
    );
}

#[test]
fn editions_of_a_restored_backup_are_withdrawn() {
    let mut db = fixture();
    let id = queue(&mut db, &digest(1));
    let due = Timestamp::from_unix(1_799_990_000);
    assert_eq!(with(&mut db, |tx| supersede_editions(tx, "daily", due, NOW)), 0);
    let after = due.plus(Duration::from_secs(1));
    assert_eq!(with(&mut db, |tx| supersede_editions(tx, "weekly", after, NOW)), 0);
    assert_eq!(with(&mut db, |tx| supersede_editions(tx, "daily", after, NOW)), 1);
    assert_eq!(status(&db, id), "superseded");
}

#[test]
fn the_heartbeat_is_kept() {
    let mut db = fixture();
    assert_eq!(last_heartbeat(&db).unwrap(), None);
    with(&mut db, |tx| heartbeat(tx, NOW));
    assert_eq!(last_heartbeat(&db).unwrap(), Some(NOW));
}

#[test]
fn claims_use_their_index() {
    let db = fixture();
    for digest in [0, 1] {
        let plan: Vec<String> = db
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT id FROM deliveries
                 WHERE status = 'queued' AND (kind = 'digest') = {digest} AND next_attempt_at <= 1
                 ORDER BY next_attempt_at, id LIMIT 5"
            ))
            .unwrap()
            .query_map([], |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(plan.iter().all(|step| step.contains("deliveries_due")), "{plan:?}");
    }
}
