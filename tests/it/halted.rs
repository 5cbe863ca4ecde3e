//! A damaged database stops the sending, whatever still works is left to work, and a look that finds nothing sets it free.

use courant::clock::{Clock as _, SystemClock};
use courant::model::SubscriptionId;
use courant::store::integrity::DUE_AT;
use courant::store::rusqlite::Connection;
use courant::store::settings;
use courant::token::{TokenKey, leave_token};

use crate::crash_world::{Base, KEY, NEVER, READERS, address, finish, hand_over, mail, relay};
use crate::fake_smtp::FakeSmtp;
use crate::program::{Installation, until};

const HALTED: &str = "Nothing is composed or sent";

/// A copy that is due and whose operator is told of trouble, also in its first week.
fn copy(base: &Base, relay: &FakeSmtp) -> Installation {
    let here = base.copy(relay, "hold", 2);
    let config = std::fs::read_to_string(here.path("config.toml")).unwrap();
    here.configure(&format!("[daemon]\noperator = \"ops@example.org\"\n{config}"));
    here.execute(
        "INSERT INTO settings (key, value) SELECT 'operator_summary_at', value FROM settings WHERE key = 'mail_heartbeat'",
    );
    here
}

/// Turns some bits of the page that an index begins with. The file must not be open.
fn flip_bytes(here: &Installation, index: &str) {
    let db = Connection::open(here.path("courant.db")).unwrap();
    // So that the file is all there is.
    let _: String = db
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .unwrap();
    let sql = "SELECT (rootpage - 1) * page_size FROM sqlite_schema, pragma_page_size WHERE name = ?1";
    let at: i64 = db.query_row(sql, [index], |row| row.get(0)).unwrap();
    drop(db);
    let at = usize::try_from(at).unwrap();
    let mut file = std::fs::read(here.path("courant.db")).unwrap();
    for byte in &mut file[at..at + 16] {
        *byte ^= 0x5a;
    }
    std::fs::write(here.path("courant.db"), file).unwrap();
}

fn digests_taken(relay: &FakeSmtp) -> usize {
    relay
        .taken()
        .iter()
        .filter(|taken| taken.to.ends_with("@example.net"))
        .count()
}

/// What is said and refused while it is halted.
#[track_caller]
fn check_halted(here: &Installation) {
    let status = here.run(&["status"]);
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert_eq!(status.status.code(), Some(1), "{said}");
    assert!(said.contains("Halted") && said.contains("is damaged"), "{said}");
    assert!(here.said(&["status", "--json"]).contains("is damaged"));
    let now = here.run(&["send-now", "daily"]);
    assert_eq!(now.status.code(), Some(75), "{now:?}");
    assert!(String::from_utf8_lossy(&now.stderr).contains(HALTED), "{now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bytes_stop_the_sending_and_the_operator_is_told() {
    let base = Base::new().await;
    let relay = relay().await;
    let here = copy(&base, &relay);
    flip_bytes(&here, "story_history_other");
    let daemon = here.start(&["run"]);
    daemon.says(HALTED).await;
    until("the notice", || !relay.taken().is_empty()).await;
    let notice = relay.taken().remove(0);
    assert_eq!(notice.to, "ops@example.org");
    assert!(notice.data.contains("The database is damaged"), "{}", notice.data);
    check_halted(&here);
    // Who leaves is heard all the same.
    let leave = leave_token(&TokenKey::from_secret(KEY), SubscriptionId::new(1));
    hand_over(
        &here,
        &mail(&address(1), &format!("news+leave-{leave}@example.org"), "unsubscribe"),
    );
    assert_eq!(
        here.count("SELECT count(*) FROM subscriptions WHERE status = 'ended'"),
        1
    );
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
    assert_eq!(here.count("SELECT count(*) FROM editions"), 0, "nothing was composed");
    assert_eq!(relay.recipients(), ["ops@example.org"], "nothing else was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_holds_over_restarts_until_a_look_finds_nothing() {
    let base = Base::new().await;
    let relay = relay().await;
    let here = copy(&base, &relay);
    let due = std::fs::read_to_string(here.path("config.toml")).unwrap();
    here.configure(&due.replace(&base.schedule, NEVER));
    // A row that names one which is not there, as only a full look sees it; and the week is over.
    here.execute(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO attempts (delivery_id, at, outcome) VALUES (999999, 1700000000, 'accepted');
         INSERT OR REPLACE INTO settings (key, value) VALUES ('integrity_due_at', zeroblob(8))",
    );
    let daemon = here.start(&["run"]);
    daemon.says("nothing is sent until it is whole").await;
    until("it to be kept", || {
        here.count("SELECT count(*) FROM settings WHERE key = 'integrity_damage'") == 1
    })
    .await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
    check_halted(&here);

    here.configure(&due);
    std::fs::remove_file(here.path("log.txt")).unwrap();
    let daemon = here.start(&["run"]);
    daemon.says("nothing is sent until it is whole").await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
    assert_eq!(digests_taken(&relay), 0, "{}", here.log());

    here.execute("DELETE FROM attempts WHERE delivery_id = 999999");
    finish(&here).await;
    assert_eq!(digests_taken(&relay), READERS);
    here.assert_intact();
    assert_eq!(
        here.run(&["status"]).status.code(),
        Some(0),
        "{}",
        here.said(&["status"])
    );
}

/// The first day of a fresh installation has better things to do than to read all of the file.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_file_is_first_read_after_a_day() {
    let base = Base::new().await;
    let relay = relay().await;
    let here = copy(&base, &relay);
    finish(&here).await;
    let db = Connection::open(here.path("courant.db")).unwrap();
    let due_in = settings::number(&db, DUE_AT).unwrap().unwrap() - SystemClock.now().unix();
    assert!((23 * 3600..=24 * 3600).contains(&due_in), "{due_in} seconds");
    assert_eq!(
        here.count("SELECT count(*) FROM settings WHERE key = 'integrity_damage'"),
        0
    );
}
