//! What the crash tests share: an installation with news and readers, a relay that keeps a truth of its own, a daemon that
//! dies where it is told to.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use courant::clock::{Clock as _, SystemClock};
use courant::store::rusqlite::Connection;

use super::fake_feeds::{FakeFeeds, reply, rss};
use super::fake_smtp::{Act, FakeSmtp};
use super::program::{Installation, PATIENCE, until};

pub const READERS: usize = 200;
pub const KEY: &str = "the key of the crash tests";
pub const SIGABRT: i32 = 6;
/// Never reached while a test runs.
pub const NEVER: &str = "0 7 1 1 *";

/// A configuration whose digest is due once a day, at `schedule`.
pub fn config(feed: &str, relay: &FakeSmtp, policy: &str, connections: usize, schedule: &str) -> String {
    format!(
        "[database]\npath = \"courant.db\"\n\
         [poll]\nallow_private = true\nhost_pause = \"0s\"\n\
         [web]\nenabled = false\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"digest@example.org\"\nlist_address = \"news@example.org\"\n\
         contact = \"Example Desk, 1 Main Street\"\ntoken_key = \"{KEY}\"\non_uncertain = \"{policy}\"\n\
         [mail.smtp]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nconnections = {connections}\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"{schedule}\"\nzone = \"UTC\"\n\
         [[feed]]\nkey = \"feed\"\nname = \"Outlet\"\nurl = \"{feed}\"\n",
        relay.address.port()
    )
}

/// A relay that takes everything, three commands at a time.
pub async fn relay() -> FakeSmtp {
    FakeSmtp::start_with(&["PIPELINING", "SIZE 10000000"], None, false, |_| Act::Usual).await
}

/// An installation with news in it and readers who wait for them; its digest was due a few minutes ago.
pub struct Base {
    pub here: Installation,
    pub feed: String,
    pub schedule: String,
    _feeds: FakeFeeds,
}

impl Base {
    pub async fn new() -> Self {
        let feeds = FakeFeeds::start().await;
        let now = SystemClock.now().unix();
        let titles = [
            "Harbor Foods agrees to buy Lakeside Dairy for $2.1 billion",
            "Central bank of Ruritania leaves rates unchanged at 4 percent",
            "Microsoft opens a data center campus near Springfield",
        ];
        let items: Vec<(&str, &str, i64)> = titles.iter().map(|title| (*title, *title, now - 4 * 3600)).collect();
        feeds.on("/1.xml", [reply(200, rss(&items))]);
        let feed = feeds.url("/1.xml");
        let relay = relay().await;
        let here = Installation::new(&config(&feed, &relay, "hold", 1, NEVER));
        here.done(&["poll"]);
        let grouping = here.start(&["run"]);
        until("the stories", || here.count("SELECT count(*) FROM story_entries") == 3).await;
        grouping.signal("TERM");
        assert!(grouping.ended().await.success(), "{}", here.log());
        let db = Connection::open(here.path("courant.db")).unwrap();
        // As if it had run since yesterday, so that today's edition is due.
        db.execute_batch(
            "UPDATE feeds SET added_at = added_at - 86400; DELETE FROM settings WHERE key = 'digest_since:daily';
             UPDATE entries SET first_seen_at = first_seen_at - 7200;",
        )
        .unwrap();
        add_readers(&db, READERS);
        let due = now - 600;
        Self {
            here,
            feed,
            schedule: format!("{} {} * * *", due / 60 % 60, due / 3600 % 24),
            _feeds: feeds,
        }
    }

    /// A copy of it that sends to this relay.
    pub fn copy(&self, relay: &FakeSmtp, policy: &str, connections: usize) -> Installation {
        let copy = Installation::new(&config(&self.feed, relay, policy, connections, &self.schedule));
        std::fs::copy(self.here.path("courant.db"), copy.path("courant.db")).unwrap();
        copy
    }
}

pub fn address(reader: usize) -> String {
    format!("r{reader}@example.net")
}

pub fn add_readers(db: &Connection, n: usize) {
    db.execute_batch("BEGIN").unwrap();
    for reader in 1..=n {
        let id = i64::try_from(reader).unwrap();
        db.execute(
            "INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, ?2, ?2, 0)",
            (id, address(reader)),
        )
        .unwrap();
        db.execute(
            "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
             VALUES (?1, ?1, 'daily', 'active', 'mail', 0, 1700000000)",
            [id],
        )
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}

/// Runs the daemon until it dies at this place.
pub async fn die_at(here: &Installation, place: &str) {
    let daemon = here.start_with(&["run"], &[("COURANT_CRASH_AT", place)]);
    let ended = daemon.ended().await;
    assert_eq!(ended.signal(), Some(SIGABRT), "{place} was not passed\n{}", here.log());
}

/// Runs the daemon until nothing is left to send, then stops it in order.
pub async fn finish(here: &Installation) {
    let daemon = here.start(&["run"]);
    until("the edition to be sent", || {
        let open = "SELECT count(*) FROM deliveries WHERE status IN ('queued', 'claimed', 'committing')";
        let made = "SELECT count(*) FROM editions WHERE outcome = 'queued'";
        let making = "SELECT count(*) FROM editions WHERE outcome = 'queueing'";
        here.count(made) > 0 && here.count(making) == 0 && here.count(open) == 0
    })
    .await;
    daemon.signal("TERM");
    assert!(daemon.ended().await.success(), "{}", here.log());
}

/// Every message the relay took: how often, by Message-ID and recipient. Copies must be equal byte for byte.
pub fn copies(relay: &FakeSmtp) -> BTreeMap<(String, String), usize> {
    let mut bytes: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut counted: BTreeMap<(String, String), usize> = BTreeMap::new();
    for taken in relay.taken() {
        let key = (taken.to.clone(), taken.message_id());
        *counted.entry(key.clone()).or_default() += 1;
        let first = bytes.entry(key).or_insert_with(|| taken.data.clone());
        assert_eq!(*first, taken.data, "two copies for {} differ", taken.to);
    }
    counted
}

pub fn mail(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{subject}-{to}-{from}>\r\n\
         Date: Mon, 02 Mar 2026 07:00:00 +0000\r\n\r\n{subject}\r\n"
    )
}

/// Hands a mail over as a mail server does: again and again until the program says that it has it.
pub fn hand_over(here: &Installation, mail: &str) {
    let begun = std::time::Instant::now();
    loop {
        let output = here.piped(&["inbound"], mail);
        // 75: try again. A disk that stands still holds the daemon's write lock for longer than the pipe waits.
        if output.status.code() == Some(75) && begun.elapsed() < PATIENCE {
            continue;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
}
