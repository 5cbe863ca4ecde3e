//! The daemon as a whole: feeds in, mail out, stopped and killed in the middle, started again.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use courant::clock::{Clock, SystemClock};

use super::fake_feeds::{Act as Feed, FakeFeeds, reply, rss};
use super::fake_smtp::{Act, At, FakeSmtp};
use super::program::{Installation, until};

fn config(feeds: &[String], smtp_port: u16, schedule: &str) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "[database]\npath = \"courant.db\"\n\
         [poll]\nallow_private = true\nhost_pause = \"0s\"\nper_host = 8\ntimeout = \"60s\"\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"digest@example.org\"\nlist_address = \"news@example.org\"\n\
         contact = \"Example Desk, 1 Main Street\"\n\
         [mail.smtp]\nhost = \"localhost\"\nport = {smtp_port}\ntls = \"none\"\nconnections = 1\n\
         [web]\nlisten = \"127.0.0.1:0\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"{schedule}\"\nzone = \"UTC\"\n"
    );
    for (n, url) in feeds.iter().enumerate() {
        let _ = write!(
            text,
            "[[feed]]\nkey = \"feed{n}\"\nname = \"Outlet {n}\"\nurl = \"{url}\"\n"
        );
    }
    text
}

fn minutes_ago(minutes: i64) -> i64 {
    SystemClock.now().unix() - 60 * minutes
}

fn document(outlet: usize) -> Feed {
    let titles = [
        "Harbor Foods agrees to buy Lakeside Dairy for $2.1 billion",
        "Central bank of Ruritania leaves rates unchanged at 4 percent",
        "Microsoft opens a data center campus near Springfield",
    ];
    let guids: Vec<String> = (0..titles.len()).map(|n| format!("o{outlet}-{n}")).collect();
    let items: Vec<(&str, &str, i64)> = guids
        .iter()
        .zip(titles)
        .zip([200, 90, 40])
        .map(|((guid, title), minutes)| (guid.as_str(), title, minutes_ago(minutes)))
        .collect();
    reply(200, rss(&items))
}

async fn two_feeds() -> (FakeFeeds, Vec<String>) {
    let feeds = FakeFeeds::start().await;
    let urls = (0..2)
        .map(|n| {
            feeds.on(&format!("/{n}.xml"), [document(n)]);
            feeds.url(&format!("/{n}.xml"))
        })
        .collect();
    (feeds, urls)
}

fn subscribe(installation: &Installation, people: &[&str]) {
    for person in people {
        installation.done(&["subscribers", "add", person, "--digest", "daily", "--confirmed"]);
    }
}

const NEVER: &str = "0 7 1 1 *";

#[tokio::test(flavor = "multi_thread")]
async fn from_feeds_to_a_mail_by_the_daemon_alone() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), "* * * * *"));
    subscribe(&here, &["anna@example.com"]);
    let daemon = here.start(&["run"]);
    until("the mail", || {
        relay.recipients().iter().any(|to| to == "anna@example.com")
    })
    .await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());

    let digests: Vec<_> = relay
        .taken()
        .into_iter()
        .filter(|mail| mail.data.contains("List-Id:"))
        .collect();
    assert_eq!(digests.len(), 1, "one edition has news, the next has nothing new");
    assert!(digests[0].data.contains("Harbor Foods"), "{}", digests[0].data);
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE kind = 'digest' AND status = 'sent'"),
        1
    );
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_in_the_middle_of_a_poll_loses_no_entry() {
    let (feeds, urls) = two_feeds().await;
    feeds.on("/1.xml", [Feed::Hang]);
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    let daemon = here.start(&["run"]);
    until("both feeds to be asked", || asked(&here, &feeds)).await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());

    feeds.on("/1.xml", [document(1)]);
    here.done(&["poll"]);
    assert_eq!(here.count("SELECT count(*) FROM entries"), 6);
    here.assert_intact();
}

/// The first feed is stored and the second one hangs.
fn asked(here: &Installation, feeds: &FakeFeeds) -> bool {
    static SECOND: AtomicBool = AtomicBool::new(false);
    if feeds.take_seen().iter().any(|seen| seen.path == "/1.xml") {
        SECOND.store(true, Ordering::SeqCst);
    }
    SECOND.load(Ordering::SeqCst) && here.path("courant.db").exists() && here.count("SELECT count(*) FROM entries") == 3
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_in_the_middle_of_a_send_finishes_the_message() {
    let (_feeds, urls) = two_feeds().await;
    let people = ["anna@example.com", "ben@example.com", "cleo@example.com"];
    let stopping = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopping);
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let mailbox = Arc::clone(&got);
    // The last reply of each message comes late: the stop arrives while the program waits for the first one.
    let relay = FakeSmtp::start(move |step| {
        if step.at == At::Dot {
            seen.store(true, Ordering::SeqCst);
            let to = step
                .line
                .lines()
                .find_map(|line| line.strip_prefix("To: "))
                .unwrap_or("nobody");
            mailbox.lock().unwrap().push(to.trim().to_owned());
            return Act::Late(std::time::Duration::from_secs(1), "250 2.0.0 taken\r\n".to_owned());
        }
        Act::Usual
    })
    .await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    subscribe(&here, &people);
    here.done(&["poll"]);
    let sender = here.start(&["run"]);
    sender.says("Courant is running").await;
    let queued = here.done(&["send-now", "daily"]);
    assert!(queued.contains("3 mails queued"), "{queued}");
    until("the first final dot", || stopping.load(Ordering::SeqCst)).await;
    sender.signal("TERM");
    assert!(sender.ended().await.success(), "{}", here.log());
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE status IN ('claimed','committing','uncertain')"),
        0
    );

    let again = here.start(&["run"]);
    until("the rest to be sent", || {
        here.count("SELECT count(*) FROM deliveries WHERE status = 'sent'") == 3
    })
    .await;
    again.signal("TERM");
    again.ended().await;
    let mut got = got.lock().unwrap().clone();
    got.sort();
    assert_eq!(got, people, "each once\n{}", here.log());
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_final_dot_the_message_is_held_in_doubt() {
    let (_feeds, urls) = two_feeds().await;
    let people = ["anna@example.com", "ben@example.com"];
    let dotted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dotted);
    let silent = FakeSmtp::start(move |step| {
        if step.at == At::Dot {
            seen.store(true, Ordering::SeqCst);
            return Act::Silence;
        }
        Act::Usual
    })
    .await;
    let here = Installation::new(&config(&urls, silent.address.port(), NEVER));
    subscribe(&here, &people);
    here.done(&["poll"]);
    let sender = here.start(&["send-now", "daily"]);
    until("a final dot", || dotted.load(Ordering::SeqCst)).await;
    sender.signal("KILL");
    sender.ended().await;

    let relay = FakeSmtp::start(|_| Act::Usual).await;
    here.configure(&config(&urls, relay.address.port(), NEVER));
    let daemon = here.start(&["run"]);
    until("the other one to be sent", || {
        here.count("SELECT count(*) FROM deliveries WHERE status = 'sent'") == 1
    })
    .await;
    daemon.signal("TERM");
    daemon.ended().await;
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE status = 'uncertain'"),
        1
    );
    assert_eq!(relay.taken().len(), 1, "the one in doubt is not sent again by itself");
    let listed = here.done(&["outbox", "list", "--uncertain"]);
    assert!(listed.contains("uncertain"), "{listed}");
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_one_database_is_refused() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    let first = here.start(&["run"]);
    first.says("Courant is running").await;
    let second = here.run(&["run"]);
    assert_eq!(
        second.status.code(),
        Some(75),
        "{}",
        String::from_utf8_lossy(&second.stderr)
    );
    first.signal("TERM");
    assert!(first.ended().await.success());
}

/// A file that is just being edited: the daemon polls what its own configuration says.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_the_daemon_switches_off_no_feed() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    let daemon = here.start(&["run"]);
    daemon.says("Courant is running").await;
    let active = || here.count("SELECT count(*) FROM feeds WHERE status = 'active'");
    let before = active();
    here.configure(&config(&urls[..1], relay.address.port(), NEVER));
    here.run(&["status"]);
    assert_eq!(active(), before);
    daemon.signal("TERM");
    assert!(daemon.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_without_the_daemons_key_makes_none_of_its_own() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let without = config(&urls, relay.address.port(), NEVER);
    let with = |key: &str| without.replace("[mail]\n", &format!("[mail]\ntoken_key = \"{key}\"\n"));
    let here = Installation::new(&with("the-key-of-the-daemon"));
    let daemon = here.start(&["run"]);
    daemon.says("Courant is running").await;

    here.configure(&without);
    let mail = "From: anna@example.com\r\nTo: news@example.org\r\nMessage-ID: <1@example.com>\r\n\
                Subject: subscribe\r\n\r\nsubscribe\r\n";
    let refused = here.piped(&["inbound"], mail);
    assert_eq!(refused.status.code(), Some(75), "the mail server keeps the mail");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("the same `[mail].token_key`"), "{said}");
    daemon.signal("HUP");
    daemon.says("[mail].token_key changed").await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());

    here.configure(&with("another-key-altogether"));
    assert_eq!(here.run(&["run"]).status.code(), Some(78));
    assert_eq!(here.run(&["token-key"]).status.code(), Some(78));
    here.done(&["token-key", "--adopt"]);
    assert!(here.done(&["token-key"]).contains("from the configuration"));
    assert!(here.piped(&["inbound"], mail).status.success());
    assert_eq!(
        here.count("SELECT count(*) FROM deliveries WHERE kind = 'confirm'"),
        1,
        "the mail that was kept is handled"
    );
}

/// Makes a backup and puts it in the database's place.
fn put_back(here: &Installation) {
    here.done(&["backup", "copy.db"]);
    std::fs::remove_file(here.path("courant.db")).unwrap();
    for beside in ["courant.db-wal", "courant.db-shm"] {
        let _ = std::fs::remove_file(here.path(beside));
    }
    std::fs::rename(here.path("copy.db"), here.path("courant.db")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_made_on_a_backup_put_back_is_not_in_doubt() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    subscribe(&here, &["anna@example.com"]);
    here.done(&["poll"]);
    put_back(&here);
    // What waited in the backup may have been sent; what is made now was not.
    let said = here.done(&["send-now", "daily"]);
    assert!(said.contains("1 mails sent"), "{said}");
    assert_eq!(relay.taken().len(), 1);
    assert_eq!(here.count("SELECT count(*) FROM deliveries WHERE status <> 'sent'"), 0);
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beyond_a_limit_on_file_sizes_fails_with_a_word() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    here.done(&["poll"]);
    let output = here.piped_under(&["prlimit", "--fsize=40000"], &["backup", "copy.db"], "");
    assert_eq!(output.status.signal(), None, "killed");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("copy.db"), "{said}");
    assert!(!here.path("copy.db").exists(), "half a backup");
    here.done(&["backup", "copy.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_put_back_knows_that_it_is_one() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let here = Installation::new(&config(&urls, relay.address.port(), NEVER));
    here.done(&["poll"]);
    put_back(&here);
    let daemon = here.start(&["run"]);
    daemon.says("This database is a restored backup").await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
    assert_eq!(here.count("SELECT count(*) FROM settings WHERE key = 'copied_at'"), 0);
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_not_taken_over_by_reload() {
    let (_feeds, urls) = two_feeds().await;
    let relay = FakeSmtp::start(|_| Act::Usual).await;
    let good = config(&urls, relay.address.port(), NEVER);
    let here = Installation::new(&good);
    let daemon = here.start(&["run"]);
    daemon.says("Courant is running").await;
    here.configure(&good.replace("[[digest]]", "[[digset]]"));
    daemon.signal("HUP");
    daemon.says("The configuration was not reloaded").await;
    here.configure(&good);
    daemon.signal("HUP");
    daemon.says("Configuration reloaded").await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success());
}

/// Moving by CSV: the file has everybody, and brings back only those who want mail.
#[tokio::test]
async fn who_left_is_not_brought_back_by_a_table() {
    let here = Installation::new(&config(&["https://example.org/feed".to_owned()], 25, NEVER));
    subscribe(&here, &["anna@example.com", "bert@example.com"]);
    here.done(&["subscribers", "remove", "anna@example.com"]);
    std::fs::write(here.path("people.csv"), here.done(&["subscribers", "export"])).unwrap();
    let import = ["subscribers", "import", "people.csv", "--confirmed"];
    let active = || here.count("SELECT count(*) FROM subscriptions WHERE status = 'active'");
    assert!(here.done(&import).contains("1 added, 1 left out"));
    assert_eq!(active(), 1);
    // The operator's own word may be taken back, the reader's may not.
    let again = [
        "subscribers",
        "add",
        "anna@example.com",
        "--digest",
        "daily",
        "--confirmed",
    ];
    here.execute("UPDATE consents SET way = 'mail' WHERE step = 'ended'");
    assert!(!here.run(&again).status.success());
    assert_eq!(active(), 1);
    here.execute("UPDATE consents SET way = 'admin' WHERE step = 'ended'");
    here.done(&again);
    assert_eq!(active(), 2);
}
