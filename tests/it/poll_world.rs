//! A Courant that only polls: a database in a fresh folder, a clock that stands still, real sockets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::ingest::{self, Poller};
use courant::model::{Entry, FeedRow};
use courant::store::{Db, entries, feeds};
use courant::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;

/// Wednesday, 25 February 2026, 06:13:20 UTC.
pub const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

const BASE: &str = r#"
[poll]
timeout = "60s"
connect_timeout = "30s"
wire_max = "64KiB"
body_max = "256KiB"
host_pause = "0s"
per_host = 4
before_edition = "0s"
contact = "https://example.org/about"
[mail]
from = "news@example.org"
transport = "folder"
folder = "mail"
[[digest]]
key = "daily"
title = "Daily"
schedule = "0 7 * * *"
zone = "UTC"
"#;

pub struct World {
    dir: TempDir,
    pub ctx: Ctx,
    pub clock: Arc<FakeClock>,
    config: watch::Sender<Arc<Config>>,
    pub poller: Poller,
}

impl World {
    /// Feeds by key and address; private addresses are allowed, as the servers are on loopback.
    pub async fn new(urls: &[(&str, String)]) -> Self {
        Self::with(urls, |config| config.poll.allow_private = true).await
    }

    pub async fn with(urls: &[(&str, String)], change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path(), urls);
        change(&mut config);
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(NOW));
        let db = Db::open(&dir.path().join("courant.db")).unwrap();
        let ctx = Ctx::new(
            receiver,
            db,
            Arc::<FakeClock>::clone(&clock),
            Arc::new(SeededRandom::new(1)),
        );
        ingest::reconcile(&ctx).await.unwrap();
        Self {
            dir,
            ctx,
            clock,
            config: sender,
            poller: Poller::default(),
        }
    }

    /// The process ends, however it stood, and a new one starts.
    pub async fn restart(&mut self) {
        self.ctx.db = Db::open(&self.dir.path().join("courant.db")).unwrap();
        self.poller = Poller::default();
        ingest::reconcile(&self.ctx).await.unwrap();
    }

    pub async fn reload(&self, change: impl FnOnce(&mut Config)) {
        let mut config = Config::clone(&self.ctx.config());
        change(&mut config);
        self.config.send(Arc::new(config)).unwrap();
        ingest::reconcile(&self.ctx).await.unwrap();
    }

    pub async fn tick(&self) -> usize {
        self.poller.tick(&self.ctx).await.unwrap().did
    }

    /// Goes on to a feed's next poll and makes it.
    pub async fn next_poll(&self, key: &str) -> FeedRow {
        self.clock.set(self.feed(key).await.next_poll_at);
        assert!(self.tick().await > 0, "nothing was due");
        self.feed(key).await
    }

    pub fn advance(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3_600));
    }

    pub async fn feed(&self, key: &str) -> FeedRow {
        let rows = self.ctx.db.read(feeds::list).await.unwrap();
        rows.into_iter().find(|row| row.key == key).unwrap()
    }

    /// Feeds that were polled well at least once.
    pub async fn n_good(&self) -> usize {
        let rows = self.ctx.db.read(feeds::list).await.unwrap();
        rows.iter().filter(|row| row.last_success_at.is_some()).count()
    }

    pub async fn entries(&self, key: &str) -> Vec<Entry> {
        let id = self.feed(key).await.id;
        self.ctx
            .db
            .read(move |conn| entries::newest(conn, id, 10_000))
            .await
            .unwrap()
    }

    pub async fn titles(&self, key: &str) -> Vec<String> {
        self.entries(key).await.into_iter().map(|entry| entry.title).collect()
    }
}

fn config(dir: &Path, urls: &[(&str, String)]) -> Config {
    let mut text = BASE.to_owned();
    for (key, url) in urls {
        text.push_str(&format!("[[feed]]\nkey = \"{key}\"\nurl = \"{url}\"\n"));
    }
    Config::from_toml_str(&text, dir).unwrap_or_else(|problems| panic!("{problems:?}"))
}
