//! What Courant is measured against: the least program for the same end, and the same with one durable row a poll.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use courant::store::rusqlite::{self, Connection};
use tokio::sync::Semaphore;

use crate::{Seconds, processor_secs};

/// Reqwest, feed-rs, one insert an entry, one transaction a feed that brought something. A 304 leaves no trace.
/// With `durable` each poll, a 304 too, also sets its feed's next time, its reason and its history, up to 64 polls
/// in one transaction: what a poller must write that keeps its schedule over a crash.
pub async fn sweeps(folder: &Path, urls: &[String], at_once: usize, rounds: usize, durable: bool) -> Seconds {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let db = Connection::open(folder.join(if durable { "durable.db" } else { "straight.db" })).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE feeds (url TEXT PRIMARY KEY, etag TEXT);
         CREATE TABLE state (url TEXT PRIMARY KEY, next_at INTEGER NOT NULL, reason TEXT NOT NULL, history TEXT NOT NULL) WITHOUT ROWID;
         CREATE INDEX state_due ON state (next_at);
         CREATE TABLE entries (feed TEXT, id TEXT, title TEXT, link TEXT, at INTEGER, UNIQUE (feed, id));",
    )
    .unwrap();
    let db = Arc::new(Mutex::new(db));
    let mut seconds = Seconds::default();
    let sweep = |client: Option<reqwest::Client>| sweep(client, &db, urls, at_once, durable);
    seconds.cold.push(sweep(None).await.0);
    let before = processor_secs();
    for _ in 0..rounds {
        let (taken, client) = sweep(None).await;
        seconds.warm.push(taken);
        seconds.kept.push(sweep(Some(client)).await.0);
    }
    seconds
        .processor
        .push((processor_secs() - before) / (2 * rounds) as f64);
    seconds
}

/// One sweep, by this client or by a new one; its seconds and the client.
async fn sweep(
    client: Option<reqwest::Client>,
    db: &Arc<Mutex<Connection>>,
    urls: &[String],
    at_once: usize,
    durable: bool,
) -> (f64, reqwest::Client) {
    let begun = Instant::now();
    let client = client.unwrap_or_else(|| reqwest::Client::builder().no_proxy().build().unwrap());
    let permits = Arc::new(Semaphore::new(at_once));
    let (done, outcomes) = std::sync::mpsc::channel::<(String, u128)>();
    let writer = {
        let db = Arc::clone(db);
        std::thread::spawn(move || write_outcomes(&db, &outcomes))
    };
    let mut tasks = tokio::task::JoinSet::new();
    for url in urls {
        let (client, db, permits, url) = (client.clone(), Arc::clone(db), Arc::clone(&permits), url.clone());
        let done = done.clone();
        tasks.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let begun = Instant::now();
            poll(&client, &db, &url).await;
            if durable {
                done.send((url, begun.elapsed().as_millis())).unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    drop(done);
    writer.join().unwrap();
    (begun.elapsed().as_secs_f64(), client)
}

async fn poll(client: &reqwest::Client, db: &Mutex<Connection>, url: &str) {
    let etag: Option<String> = {
        let db = db.lock().unwrap();
        let mut statement = db.prepare_cached("SELECT etag FROM feeds WHERE url = ?1").unwrap();
        statement.query_row([url], |row| row.get(0)).ok()
    };
    let mut request = client.get(url);
    if let Some(etag) = etag {
        request = request.header("If-None-Match", etag);
    }
    let response = request.send().await.unwrap();
    if response.status() == 304 {
        return;
    }
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let body = response.bytes().await.unwrap();
    let feed = feed_rs::parser::parse(&body[..]).unwrap();
    let mut db = db.lock().unwrap();
    let tx = db.transaction().unwrap();
    for entry in feed.entries {
        tx.prepare_cached("INSERT OR IGNORE INTO entries VALUES (?1, ?2, ?3, ?4, ?5)")
            .unwrap()
            .execute(rusqlite::params![
                url,
                entry.id,
                entry.title.map(|text| text.content),
                entry.links.first().map(|link| link.href.clone()),
                entry.published.map(|at| at.timestamp())
            ])
            .unwrap();
    }
    tx.execute(
        "INSERT OR REPLACE INTO feeds VALUES (?1, ?2)",
        rusqlite::params![url, etag],
    )
    .unwrap();
    tx.commit().unwrap();
}

fn write_outcomes(db: &Mutex<Connection>, outcomes: &std::sync::mpsc::Receiver<(String, u128)>) {
    while let Ok(first) = outcomes.recv() {
        let mut db = db.lock().unwrap();
        let tx = db.transaction().unwrap();
        for (url, millis) in std::iter::once(first).chain(outcomes.try_iter().take(63)) {
            tx.prepare_cached(
                "INSERT INTO state VALUES (?1, ?2, 'the configured interval', ?3)
                 ON CONFLICT (url) DO UPDATE SET next_at = excluded.next_at, reason = excluded.reason,
                 history = substr(excluded.history || char(10) || history, 1, 1400)",
            )
            .unwrap()
            .execute(rusqlite::params![
                url,
                1_772_000_000 + i64::try_from(millis).unwrap(),
                format!("1772000000 not_modified 304 0 0 {millis}")
            ])
            .unwrap();
        }
        tx.commit().unwrap();
    }
}
