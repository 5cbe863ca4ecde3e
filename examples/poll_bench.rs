//! How fast a sweep over many feeds is, against the straight line: the same requests, the same parsing by feed-rs, one
//! insert an entry, nothing else. Both run in this process, the server in another, on addresses across 127.0.0.0/8, so
//! that the rule of one request at a time to a host is on and does not distort.
//!
//! `cargo run --release --example poll_bench -- 1000` (feeds; default 1000)

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use courant::clock::{SystemClock, SystemRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::ingest::{self, Poller};
use courant::store::{Db, rusqlite};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

const ENTRIES: usize = 30;
const AT_ONCE: usize = 16;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let argument = std::env::args().nth(1).unwrap_or_else(|| "1000".to_owned());
    if argument == "serve" {
        return runtime.block_on(serve());
    }
    let n_feeds: usize = argument.parse().expect("a number of feeds");
    let (mut server, port) = start_server();
    let urls: Vec<String> = (0..n_feeds)
        .map(|n| {
            format!(
                "http://127.{}.{}.{}:{port}/feed/{n}",
                n / 62_500 % 250 + 1,
                n / 250 % 250,
                n % 250 + 1
            )
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let straight = straight_line(folder.path(), &urls).await;
        let ours = courant(folder.path(), &urls).await;
        println!("{n_feeds} feeds of {ENTRIES} entries, wall seconds");
        println!("                 cold    warm");
        println!("straight line  {:6.2}  {:6.2}", straight.0, straight.1);
        println!("courant        {:6.2}  {:6.2}", ours.0, ours.1);
        println!(
            "ratio          {:6.2}  {:6.2}",
            ours.0 / straight.0,
            ours.1 / straight.1
        );
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    server.kill().unwrap();
}

fn start_server() -> (Child, u16) {
    use std::io::BufRead as _;
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (server, line.trim().parse().unwrap())
}

/// Answers every path with a feed of its own, and 304 to its validators.
async fn serve() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            loop {
                let (mut line, mut path, mut known) = (String::new(), String::new(), false);
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(rest) = line.strip_prefix("GET ") {
                        rest.split(' ').next().unwrap().clone_into(&mut path);
                    }
                    known |= line.to_ascii_lowercase().starts_with("if-none-match");
                    if line == "\r\n" {
                        break;
                    }
                }
                let answer = if known {
                    format!("HTTP/1.1 304 Not Modified\r\nETag: \"{path}\"\r\n\r\n")
                } else {
                    let body = document(&path);
                    format!(
                        "HTTP/1.1 200 OK\r\nETag: \"{path}\"\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    )
                };
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn document(path: &str) -> String {
    let now = chrono::DateTime::from_timestamp(1_772_000_000, 0).unwrap();
    let items: String = (0..ENTRIES)
        .map(|n| {
            let date = (now - chrono::TimeDelta::minutes(17 * i64::try_from(n).unwrap())).to_rfc2822();
            format!(
                "<item><title>Headline {n} of {path}: a company names a chief</title><link>https://news.example.org{path}/{n}</link>\
                 <guid isPermaLink=\"false\">{path}/{n}</guid><pubDate>{date}</pubDate><description>&lt;p&gt;A paragraph of \
                 some length about what happened, to whom, and what it cost, as outlets write them: {n}.&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed {path}</title><link>https://news.example.org/</link><description>d</description>{items}</channel></rss>"
    )
}

/// The least a program can do for the same end.
async fn straight_line(folder: &Path, urls: &[String]) -> (f64, f64) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let db = rusqlite::Connection::open(folder.join("straight.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE feeds (url TEXT PRIMARY KEY, etag TEXT);
         CREATE TABLE entries (feed TEXT, id TEXT, title TEXT, link TEXT, at INTEGER, UNIQUE (feed, id));",
    )
    .unwrap();
    let db = Arc::new(std::sync::Mutex::new(db));
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = tokio::task::JoinSet::new();
        for url in urls {
            let (client, db, permits, url) = (client.clone(), Arc::clone(&db), Arc::clone(&permits), url.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                let etag: Option<String> = {
                    let db = db.lock().unwrap();
                    let mut statement = db.prepare_cached("SELECT etag FROM feeds WHERE url = ?1").unwrap();
                    statement.query_row([&url], |row| row.get(0)).ok()
                };
                let mut request = client.get(&url);
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
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        seconds.push(begun.elapsed().as_secs_f64());
    }
    (seconds[0], seconds[1])
}

async fn courant(folder: &Path, urls: &[String]) -> (f64, f64) {
    let mut text = format!(
        "[poll]\nconcurrency = {AT_ONCE}\nallow_private = true\n[mail]\nfrom = \"news@example.org\"\ntransport = \"folder\"\nfolder = \"mail\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 7 * * *\"\nzone = \"UTC\"\n"
    );
    for (n, url) in urls.iter().enumerate() {
        text.push_str(&format!("[[feed]]\nkey = \"f{n}\"\nurl = \"{url}\"\n"));
    }
    let config = Config::from_toml_str(&text, folder).unwrap_or_else(|problems| panic!("{problems}"));
    let specs = config.feeds.clone();
    let (_sender, receiver) = watch::channel(Arc::new(config));
    let db = Db::open(&folder.join("courant.db")).unwrap();
    let ctx = Ctx::new(receiver, db, Arc::new(SystemClock), Arc::new(SystemRandom));
    ingest::reconcile(&ctx).await.unwrap();
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let mut n_failed = 0;
        let polled = Poller::default()
            .poll_now(&ctx, specs.clone(), &mut |polled| {
                n_failed += usize::from(polled.record.failures > 0);
            })
            .await
            .unwrap();
        seconds.push(begun.elapsed().as_secs_f64());
        assert_eq!((polled, n_failed), (urls.len(), 0));
    }
    (seconds[0], seconds[1])
}
