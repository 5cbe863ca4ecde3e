use super::*;
use crate::store::migrate;

/// A database with one feed and entries of these rules versions, dated 1, 2, 3 ...
fn database(versions: &[u32]) -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&mut conn, std::path::Path::new("memory")).unwrap();
    conn.execute(
        "INSERT INTO feeds (key, url, added_at) VALUES ('a', 'https://e.org/', 0)",
        [],
    )
    .unwrap();
    for (n, version) in (1_i64..).zip(versions) {
        conn.execute(
            "INSERT INTO entries (feed_id, identity, identity_kind, title, first_seen_at, dated_at, content_hash, rules_version)
             VALUES (1, CAST(?1 AS BLOB), 'guid', 't', ?1, ?1, x'', ?2)",
            params![n, version],
        )
        .unwrap();
    }
    conn
}

#[track_caller]
fn check(versions: &[u32], wanted: u32, since: i64, expected: &[i64]) {
    let conn = database(versions);
    let found = ungrouped(&conn, wanted, Timestamp::from_unix(since), Timestamp::from_unix(0), 100).unwrap();
    let found: Vec<i64> = found.iter().map(|entry| entry.dated_at.unix()).collect();
    assert_eq!(found, expected);
}

#[test]
fn entries_of_older_rules_come_oldest_first() {
    check(&[], 3, 0, &[]);
    check(&[0, 3, 1, 3, 2, 0], 3, 0, &[1, 3, 5, 6]);
    // What nobody has seen yet always comes; what older rules saw, only back to `since`.
    check(&[0, 3, 1, 3, 2, 0], 3, 4, &[1, 5, 6]);
    check(&[2, 2, 0, 2], 3, 9, &[3]);
    check(&[3, 3], 3, 0, &[]);
    check(&[4, 0], 3, 0, &[2]);
}

fn plan(sql: &str, n_parameters: usize) -> Vec<String> {
    let conn = database(&[1]);
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    plan.query_map(rusqlite::params_from_iter(vec![1; n_parameters]), |row| row.get(3))
        .unwrap()
        .map(|step| step.unwrap())
        .collect()
}

/// With ten million entries stored, a poll must still find each of its own by one look into an index.
#[test]
fn a_poll_never_walks_the_entries() {
    let by_identity = "(feed_id=? AND identity=?)";
    for (sql, n_parameters, by) in [
        (KNOWN, 4, by_identity),
        (RENAMED, 3, "entries_url (url=?)"),
        (BURIED, 2, by_identity),
        (HAS_ANY, 1, "(feed_id=?)"),
    ] {
        let steps = plan(sql, n_parameters);
        let looks: Vec<&String> = steps.iter().filter(|step| step.contains("entr")).collect();
        assert!(!looks.is_empty(), "{sql}: {steps:#?}");
        assert!(
            looks.iter().all(|step| step.starts_with("SEARCH") && step.contains(by)),
            "{sql}: {steps:#?}"
        );
    }
}

#[test]
fn the_search_for_work_never_walks_the_entries() {
    let steps = plan(OLD_VERSIONS, 1);
    assert!(
        !steps
            .iter()
            .any(|step| step.starts_with("SCAN e") || step.starts_with("SCAN n")),
        "{steps:#?}"
    );
    let steps = plan(UNGROUPED, 4);
    assert!(
        steps
            .iter()
            .any(|step| step.contains("entries_todo (rules_version=? AND dated_at>?)")),
        "{steps:#?}"
    );
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:#?}");
}
