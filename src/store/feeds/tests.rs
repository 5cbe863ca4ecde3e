use std::sync::Arc;
use std::time::Duration;

use super::claim::{CLAIM_ONE, DUE, NEXT_DUE};
use super::*;
use crate::model::{FeedSpec, PollCounts, PollOutcome, PollRecord, Validators};
use crate::store::{entries, migrate};

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

fn database() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
    conn
}

fn spec(key: &str) -> Arc<FeedSpec> {
    Arc::new(FeedSpec::plain(key, &format!("https://{key}.example/feed")))
}

/// The steps SQLite takes for a statement.
#[track_caller]
fn check_plan(sql: &str, n_parameters: usize, expected: &[&str]) {
    let conn = database();
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let parameters = vec![1; n_parameters];
    let steps: Vec<String> = plan
        .query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))
        .unwrap()
        .map(|step| step.unwrap())
        .collect();
    assert_eq!(steps, expected);
}

/// With 20,000 feeds, a step that looks at all of them for one poll would be most of the poll.
#[test]
fn a_poll_never_looks_at_all_feeds() {
    let by_time = "SEARCH s USING INDEX fetch_state_due (next_fetch_at<?)";
    let its_feed = "SEARCH f USING INTEGER PRIMARY KEY (rowid=?)";
    let its_row = "SEARCH fetch_state USING INTEGER PRIMARY KEY (rowid=?)";
    check_plan(DUE, 1, &[by_time, its_feed]);
    check_plan(
        NEXT_DUE,
        2,
        &["SEARCH fetch_state USING COVERING INDEX fetch_state_due (next_fetch_at>? AND next_fetch_at<?)"],
    );
    let its_hub = "SEARCH w USING INTEGER PRIMARY KEY (rowid=?)";
    check_plan(CLAIM_ONE, 3, &[its_row, "SCALAR SUBQUERY 1", its_hub]);
    check_plan(
        record::QUIET,
        9,
        &[
            its_row,
            "SCALAR SUBQUERY 1",
            "SEARCH feeds USING INTEGER PRIMARY KEY (rowid=?)",
        ],
    );
}

fn quiet(at: Timestamp, full: bool) -> PollRecord {
    PollRecord {
        at,
        outcome: PollOutcome::NotModified,
        title: String::new(),
        site_url: String::new(),
        entries: Vec::new(),
        validators: None,
        body_hash: Vec::new(),
        full,
        next_poll_at: at.plus(Duration::from_secs(3_600)),
        next_poll_reason: "the configured interval".to_owned(),
        host_not_before: None,
        moved: None,
        adopt_url: None,
        hints: None,
        hub: None,
        recent: Vec::new(),
        n_items: 0,
        n_undated: 0,
        failures: 0,
        gone: false,
        http_status: Some(304),
        n_bytes: 0,
        duration_ms: 7,
    }
}

/// Every column of a feed's row, as text.
fn row(conn: &Connection) -> Vec<String> {
    conn.query_row("SELECT * FROM fetch_state WHERE feed_id = 1", [], |row| {
        (0..row.as_ref().column_count())
            .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
            .collect()
    })
    .unwrap()
}

/// Records the polls one after the other, by the short way where it is taken, or never by it.
fn recorded(polls: &[PollRecord], by_short_way: bool) -> Vec<String> {
    let mut conn = database();
    let spec = spec("a");
    let tx = conn.transaction().unwrap();
    reconcile(&tx, &[FeedSpec::clone(&spec)], NOW, Duration::ZERO).unwrap();
    for record in polls {
        let feed = claim_keys(&tx, &[Arc::clone(&spec)], record.at, |_| Duration::from_secs(60)).unwrap();
        assert_eq!(is_quiet(&feed[0], record), *record == quiet(record.at, record.full));
        if by_short_way {
            entries::record_poll(&tx, &feed[0], record, record.at).unwrap();
        } else {
            record_state(&tx, &feed[0], record, PollCounts::default()).unwrap();
        }
    }
    tx.commit().unwrap();
    row(&conn)
}

#[test]
fn the_short_way_writes_what_the_long_one_writes() {
    let at = |minutes: u64| NOW.plus(Duration::from_secs(60 * minutes));
    let mut failed = quiet(at(60), false);
    failed.failures = 1;
    failed.outcome = PollOutcome::Failed(crate::model::PollFailure {
        kind: "timeout",
        status: None,
        message: "too slow".to_owned(),
    });
    let mut found = quiet(at(0), true);
    found.validators = Some(Validators {
        etag: "\"1\"".to_owned(),
        last_modified: String::new(),
    });
    for polls in [
        vec![quiet(at(0), true)],
        vec![found.clone(), quiet(at(10), false), quiet(at(20), true)],
        vec![found, failed],
    ] {
        assert_eq!(recorded(&polls, true), recorded(&polls, false));
    }
}

#[test]
fn a_quiet_answer_from_a_former_address_is_dropped() {
    let mut conn = database();
    let (before, mut after) = (spec("a"), FeedSpec::clone(&spec("a")));
    after.url = "https://elsewhere.example/".to_owned();
    let tx = conn.transaction().unwrap();
    reconcile(&tx, &[FeedSpec::clone(&before)], NOW, Duration::ZERO).unwrap();
    let feed = claim_keys(&tx, &[before], NOW, |_| Duration::from_secs(60)).unwrap();
    reconcile(&tx, &[after], NOW, Duration::ZERO).unwrap();
    entries::record_poll(&tx, &feed[0], &quiet(NOW, true), NOW).unwrap();
    tx.commit().unwrap();
    let polled: i64 = conn
        .query_row("SELECT last_fetch_at FROM fetch_state", [], |row| row.get(0))
        .unwrap();
    assert_eq!(polled, 0);
}

/// Most answers of a feed with a hub bring nothing, and take a short way into its row.
#[test]
fn news_that_a_hub_tells_of_while_a_poll_runs_is_polled_for() {
    let mut conn = database();
    let spec = spec("a");
    let tx = conn.transaction().unwrap();
    reconcile(&tx, &[FeedSpec::clone(&spec)], NOW, Duration::ZERO).unwrap();
    tx.execute_batch(
        "UPDATE fetch_state SET hub = 'https://hub.example/', topic = 't';
         INSERT INTO websub (feed_id, hub, topic, path, secret, status, next_at, lease_until_at)
         VALUES (1, 'https://hub.example/', 't', 'p', 's', 'active', 4000000000, 4000000000);",
    )
    .unwrap();
    let feed = claim_keys(&tx, &[spec], NOW, |_| Duration::from_secs(60)).unwrap();
    let later = NOW.plus(Duration::from_secs(1));
    crate::store::websub::pushed(&tx, "p", later, 60).unwrap();
    entries::record_poll(&tx, &feed[0], &quiet(NOW, false), NOW).unwrap();
    let due: i64 = tx
        .query_row("SELECT next_fetch_at FROM fetch_state", [], |row| row.get(0))
        .unwrap();
    assert_eq!(due, NOW.unix() + 60);
}
