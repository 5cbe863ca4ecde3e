//! Courant's own sweep over the feeds, by the same code as the daemon.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use courant::clock::{SystemClock, SystemRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::ingest::{self, Poller};
use courant::store::Db;
use courant::store::rusqlite::Connection;
use tokio::sync::watch;

use crate::stored;
use crate::{Seconds, processor_secs};

/// The configuration of all feeds: no pause between the requests to one host, so that hosts are bound by the rule of one
/// request at a time alone.
pub fn config_text(urls: &[String], at_once: usize) -> String {
    let mut text = format!(
        "[database]\npath = \"courant.db\"\nkeep_entries = \"1000d\"\n\
         [poll]\nconcurrency = {at_once}\nallow_private = true\nhost_pause = \"0s\"\n\
         [mail]\nfrom = \"news@example.org\"\ntransport = \"folder\"\nfolder = \"mail\"\nlist_address = \"news@example.org\"\n\
         contact = \"Example Desk, 1 Main Street\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 7 * * *\"\nzone = \"UTC\"\n"
    );
    for (n, url) in urls.iter().enumerate() {
        let _ = write!(text, "[[feed]]\nkey = \"f{n}\"\nurl = \"{url}\"\n");
    }
    text
}

/// Sweeps of a store that is filled with so many entries before.
pub async fn sweeps(folder: &Path, urls: &[String], at_once: usize, rounds: usize, n_entries: usize) -> Seconds {
    let config = Config::from_toml_str(&config_text(urls, at_once), folder).unwrap_or_else(|why| panic!("{why}"));
    let path = config.database.path.clone();
    let (_sender, receiver) = watch::channel(Arc::new(config));
    let db = Db::open(&path).unwrap();
    let ctx = Ctx::new(receiver, db, Arc::new(SystemClock), Arc::new(SystemRandom));
    ingest::reconcile(&ctx).await.unwrap();
    if n_entries > 0 {
        let begun = Instant::now();
        let n_stored = stored::fill(&path, n_entries);
        eprintln!("{n_stored} entries stored in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let sweep = |poller: Poller| {
        let (ctx, n_feeds) = (ctx.clone(), urls.len());
        let db = Connection::open(&path).unwrap();
        db.execute("UPDATE fetch_state SET next_fetch_at = 0", []).unwrap();
        async move {
            let begun = Instant::now();
            // As in the daemon: a task of the runtime, and ticks until nothing is due.
            tokio::spawn(async move {
                let mut n_polled = 0;
                while n_polled < n_feeds {
                    n_polled += poller.tick(&ctx).await.unwrap().did;
                }
            })
            .await
            .unwrap();
            let taken = begun.elapsed().as_secs_f64();
            let n_good: i64 = db
                .query_row(
                    "SELECT count(*) FROM fetch_state WHERE failures = 0 AND last_fetch_at > 0",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(usize::try_from(n_good), Ok(n_feeds), "every feed is polled well");
            taken
        }
    };
    let mut seconds = Seconds::default();
    seconds.cold.push(sweep(Poller::default()).await);
    let before = processor_secs();
    for _ in 0..rounds {
        let poller = Poller::default();
        seconds.warm.push(sweep(poller.clone()).await);
        seconds.kept.push(sweep(poller).await);
    }
    seconds
        .processor
        .push((processor_secs() - before) / (2 * rounds) as f64);
    seconds
}
