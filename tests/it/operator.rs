//! Mails to whoever runs this: the summary of a week, a notice when something broke, and no more than one a day.

use courant::clock::{Clock as _, SystemClock};
use courant::ops::disk::space;
use courant::store::rusqlite::Connection;

use super::fake_feeds::{FakeFeeds, reply, rss};
use super::program::{Installation, until};

const DAY: i64 = 86_400;

/// A zone in which it is noon: Monday at 08:00, when a summary is due, is hours away.
fn noon() -> String {
    let utc = SystemClock.now().unix() / 3_600 % 24;
    // The sign is the POSIX one: `Etc/GMT+5` is five hours behind.
    format!("Etc/GMT{:+}", utc - 12)
}

fn config(feed: &str) -> String {
    let zone = noon();
    format!(
        "[daemon]\noperator = \"ops@example.org\"\n[database]\npath = \"courant.db\"\n\
         [poll]\nallow_private = true\nhost_pause = \"0s\"\n[web]\nenabled = false\n\
         [mail]\nlist_address = \"news@example.org\"\nfrom = \"digest@example.org\"\ncontact = \"Desk, 1 Main Street\"\n\
         transport = \"folder\"\nfolder = \"mails\"\n\
         [[digest]]\nkey = \"daily\"\nschedule = \"0 7 1 1 *\"\nzone = \"{zone}\"\n\
         [[feed]]\nkey = \"acme\"\nurl = \"{feed}\"\n"
    )
}

fn execute(here: &Installation, sql: &str) {
    Connection::open(here.path("courant.db"))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

fn mails(here: &Installation) -> Vec<String> {
    let folder = std::fs::read_dir(here.path("mails")).into_iter().flatten();
    folder
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// Runs the daemon until it has looked after itself once more, and so many mails to the operator have left in all.
async fn one_round(here: &Installation, n_mails: i64) {
    let disk = space(here.folder.path()).unwrap();
    assert!(
        !disk.is_nearly_full(0),
        "{disk:?}: of this the daemon rightly writes to its operator; make room, or set TMPDIR"
    );
    execute(here, "DELETE FROM settings WHERE key = 'checkpoint_at'");
    let daemon = here.start(&["run"]);
    until("the mails to the operator", || {
        here.count("SELECT count(*) FROM deliveries WHERE kind = 'admin' AND status = 'sent'") == n_mails
            && here.count("SELECT count(*) FROM settings WHERE key = 'operator_summary_at'") == 1
            && here.count("SELECT count(*) FROM settings WHERE key = 'checkpoint_at'") == 1
    })
    .await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
}

/// The last summary was sent more than a week ago.
fn a_week_passes(here: &Installation, now: i64) {
    let last_week = now - 8 * DAY;
    let blob = last_week.to_le_bytes().map(|byte| format!("{byte:02x}")).concat();
    execute(
        here,
        &format!("UPDATE settings SET value = x'{blob}' WHERE key = 'operator_summary_at'"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_summed_up_and_what_broke_is_told_once_a_day() {
    let feeds = FakeFeeds::start().await;
    feeds.on("/1.xml", [reply(410, String::new())]);
    let here = Installation::new(&config(&feeds.url("/1.xml")));
    here.run(&["poll"]);
    one_round(&here, 0).await;
    assert!(mails(&here).is_empty(), "the first week has only begun");

    let now = SystemClock.now().unix();
    a_week_passes(&here, now);
    one_round(&here, 1).await;
    let summary = mails(&here).remove(0);
    for words in [
        "To: ops@example.org",
        "Your week with Courant",
        "acme",
        "gone",
        "remove this [[feed]]",
        "Auto-Submitted",
    ] {
        assert!(summary.contains(words), "{words} is not in {summary}");
    }

    execute(
        &here,
        &format!(
            "INSERT INTO deliveries (dedupe_key, kind, recipient, message_id, status, next_attempt_at, queued_at)
             VALUES ('x', 'admin', 'nobody@example.org', 'x@example.org', 'uncertain', {now}, {now});
             INSERT INTO attempts (delivery_id, at, outcome) SELECT id, {now}, 'unknown' FROM deliveries WHERE dedupe_key = 'x'"
        ),
    );
    one_round(&here, 2).await;
    let notice = mails(&here)
        .into_iter()
        .find(|mail| mail.contains("Courant needs you"))
        .unwrap();
    assert!(notice.contains("may or may not"), "{notice}");
    assert!(!notice.contains("nobody@example.org"), "no address in it");
    // The trouble goes on, and the day is not over.
    one_round(&here, 2).await;
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE kind = 'admin'"),
        3,
        "the doubtful one and two of ours"
    );
    assert_eq!(mails(&here).len(), 2);
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_feed_comes_with_its_patch_and_a_damaged_database_is_told() {
    let feeds = FakeFeeds::start().await;
    let items = rss(&[("1", "Acme buys Globex", SystemClock.now().unix() - 600)]);
    for path in ["/1.xml", "/moved.xml"] {
        feeds.on(path, [reply(200, items.clone())]);
    }
    let here = Installation::new(&config(&feeds.url("/1.xml")));
    here.run(&["poll"]);
    one_round(&here, 0).await;
    let now = SystemClock.now().unix();
    a_week_passes(&here, now);
    // What a bad disk leaves behind: a row that names one which is not there.
    execute(
        &here,
        &format!(
            "UPDATE fetch_state SET effective_url = '{}';
             PRAGMA foreign_keys = OFF;
             INSERT INTO attempts (delivery_id, at, outcome) VALUES (999, {now}, 'accepted');
             INSERT OR REPLACE INTO settings (key, value) VALUES ('integrity_due_at', zeroblob(8))",
            feeds.url("/moved.xml")
        ),
    );
    one_round(&here, 2).await;
    let of = |subject: &str| {
        let found = mails(&here).into_iter().find(|mail| mail.contains(subject));
        found.unwrap_or_else(|| panic!("no `{subject}` in {:?}", mails(&here)))
    };
    let summary = of("Your week with Courant");
    for words in ["--- ", "+++ ", "/moved.xml"] {
        assert!(summary.contains(words), "{words} is not in {summary}");
    }
    let notice = of("Courant needs you");
    assert!(notice.contains("database is damaged"), "{notice}");
    assert!(notice.contains("attempts"), "{notice}");
}
