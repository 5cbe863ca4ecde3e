//! A load run: one edition composed for many readers and sent to a fast SMTP sink on loopback, every commit durable.
//!
//! `cargo run --release --example load_send -- [--readers N] [--audiences N] [--connections N] [--send N]`
//!
//! Prints the time to enqueue, the growth of the database, the send rate beside the disk's own commit rate and a bare
//! send loop without promises (same messages, same sink), and the memory used.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use courant::clock::{Clock, FakeClock, SystemRandom};
use courant::config::{Config, Transport};
use courant::context::Ctx;
use courant::digest::now::send_now;
use courant::mail::Mailer;
use courant::mail::smtp::{Envelope, Limits, Relay};
use courant::model::Choices;
use courant::store::rusqlite::Transaction;
use courant::store::{Db, outbox};
use courant::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const STORIES: i64 = 30;

struct Plan {
    readers: i64,
    audiences: i64,
    connections: usize,
    send: usize,
}

fn plan() -> anyhow::Result<Plan> {
    let mut plan = Plan {
        readers: 100_000,
        audiences: 200,
        connections: 32,
        send: usize::MAX,
    };
    let mut words = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        match name.as_str() {
            "--readers" => plan.readers = value.parse()?,
            "--audiences" => plan.audiences = value.parse()?,
            "--connections" => plan.connections = value.parse()?,
            "--send" => plan.send = value.parse()?,
            _ => anyhow::bail!("unknown option {name}"),
        }
    }
    Ok(plan)
}

fn main() -> anyhow::Result<()> {
    let plan = plan()?;
    let (address, taken) = start_sink()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&plan, address, &taken))
}

async fn run(plan: &Plan, sink: SocketAddr, taken: &AtomicUsize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(".").context("Unable to make a folder here")?;
    let path = folder.path().join("courant.db");
    let db = Db::open(&path)?;
    let commits = commit_rate(&db).await?;
    println!("durable commits of one row, one after another   {commits:>9.0} a second");

    seed(&db, plan).await?;
    db.checkpoint().await?;
    let before = size(&path);
    let config = config(folder.path(), sink, plan.connections)?;
    let (_sender, receiver) = watch::channel(Arc::new(config.clone()));
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(NOW));
    let ctx = Ctx::new(receiver, db.clone(), clock, Arc::new(SystemRandom));
    let spec = config.digests.first().context("no digest")?;
    let begun = Instant::now();
    let made = send_now(&ctx, spec).await?;
    let took = begun.elapsed().as_secs_f64();
    db.checkpoint().await?;
    anyhow::ensure!(made.n_queued == plan.readers, "{} deliveries queued", made.n_queued);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let grown = (size(&path) - before) as f64 / plan.readers as f64;
    println!(
        "{} deliveries composed and queued in         {took:>9.1} s, {} stories",
        plan.readers, made.n_stories
    );
    println!("growth of the database                          {grown:>9.0} bytes a delivery");
    println!(
        "memory after queueing                           {:>9.0} MB",
        memory_mb()
    );

    let bare = bare_rate(&config, plan).await?;
    println!(
        "bare send loop, {} connections, no promises     {bare:>9.0} messages a second",
        plan.connections
    );

    let mut mailer = Mailer::start(ctx.clone()).await?;
    let before = taken.load(Ordering::SeqCst);
    let begun = Instant::now();
    let mut n = 0;
    while n < plan.send {
        let did = mailer.tick().await?.did;
        if did == 0 {
            break;
        }
        n += did;
    }
    let seconds = begun.elapsed().as_secs_f64();
    mailer.close().await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = n as f64 / seconds;
    println!(
        "outbox, {} connections, every promise kept      {rate:>9.0} messages a second",
        plan.connections
    );
    println!(
        "                                                {:>9.2} times the disk's commit rate",
        rate / commits
    );
    println!(
        "messages sent                                   {n:>9}, taken by the sink {}",
        taken.load(Ordering::SeqCst) - before
    );
    println!("memory, highest                                 {:>9.0} MB", peak_mb());
    let counts = ctx.db.read(outbox::counts).await?;
    println!("outbox                                          {:?}", counts.by_status);
    Ok(())
}

/// How many durable commits the disk makes in a second, one at a time.
async fn commit_rate(db: &Db) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut n = 0_u32;
    while begun.elapsed() < Duration::from_secs(3) {
        db.write(move |tx| {
            tx.execute(
                "INSERT INTO settings (key, value) VALUES ('load', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [n.to_be_bytes()],
            )?;
            Ok(())
        })
        .await?;
        n += 1;
    }
    Ok(f64::from(n) / begun.elapsed().as_secs_f64())
}

async fn seed(db: &Db, plan: &Plan) -> anyhow::Result<()> {
    let choices: Vec<String> = (0..plan.audiences)
        .map(|n| {
            serde_json::to_string(&Choices {
                muted: vec![format!("nobody-{n}")],
                ..Choices::default()
            })
        })
        .collect::<Result<_, _>>()?;
    let readers = plan.readers;
    db.write(move |tx| {
        seed_news(tx)?;
        for (id, choices) in (1..=readers).zip(choices.iter().cycle()) {
            let address = format!("reader{id}@mail{}.example", id % 500);
            tx.prepare_cached("INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, ?2, ?2, 0)")?
                .execute((id, address))?;
            tx.prepare_cached(
                "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, choices, asked_at, confirmed_at)
                 VALUES (?1, ?1, 'daily', 'active', 'mail', ?2, 0, 1790000000)",
            )?
            .execute((id, choices))?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Thirty stories of four entries each.
fn seed_news(tx: &Transaction<'_>) -> courant::store::Result<()> {
    for outlet in 0..4 {
        tx.execute(
            "INSERT INTO feeds (id, key, url, name, owner, added_at) VALUES (?1 + 1, 'f' || ?1, 'https://outlet' || ?1 || \
             '.example/feed', 'Outlet ' || ?1, 'Owner ' || ?1, ?2)",
            (outlet, NOW.minus(Duration::from_hours(48)).unix()),
        )?;
    }
    for story in 1..=STORIES {
        let at = NOW.minus(Duration::from_mins(story.unsigned_abs() * 7)).unix();
        for outlet in 0..4 {
            let id = story * 10 + outlet;
            let title = format!(
                "Maker number {story} opens a plant and hires {} people, the company says",
                id * 10
            );
            let url = format!("https://outlet{outlet}.example/2027/01/15/maker-{story}-opens-a-plant-and-hires");
            tx.execute(
                "INSERT INTO entries (id, feed_id, identity, identity_kind, url, title, summary, language, published_at,
                                      first_seen_at, dated_at, content_hash, rules_version)
                 VALUES (?1, ?2 + 1, ?3, 'guid', ?4, ?5, ?6, 'en', ?7, ?7, ?7, x'00', 1)",
                (
                    id,
                    outlet,
                    id.to_be_bytes(),
                    url,
                    title,
                    "The plant is to begin work in spring; the region pays a part of the cost, officials said on Friday.",
                    at,
                ),
            )?;
            tx.execute(
                "INSERT INTO mentions (entry_id, company, name, surface, place, score, about)
                 VALUES (?1, 'maker-' || ?2, 'Maker ' || ?2, 'Maker', 'title', 1.0, 1)",
                (id, story),
            )?;
        }
        tx.execute(
            "INSERT INTO stories (id, lead_entry_id, first_at, last_at) VALUES (?1, ?1 * 10, ?2, ?2)",
            (story, at),
        )?;
        for outlet in 0..4 {
            tx.execute(
                "INSERT INTO story_entries (entry_id, story_id, reason, joined_at) VALUES (?1, ?2, 'similar', ?3)",
                (story * 10 + outlet, story, at),
            )?;
        }
    }
    Ok(())
}

fn config(folder: &Path, sink: SocketAddr, connections: usize) -> anyhow::Result<Config> {
    let text = format!(
        "[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
         stories_max = 30\nscore_min = 0.0\n\
         [web]\npublic_url = \"https://news.example.org\"\n\
         [mail]\ntransport = \"smtp\"\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n\
         rate = {{ per_domain_minute = 0, per_connection = 1000 }}\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nconnections = {connections}\n",
        sink.port()
    );
    Config::from_toml_str(&text, folder).map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// The same size of message, sent as fast as the connections take it, with nothing recorded.
async fn bare_rate(config: &Config, plan: &Plan) -> anyhow::Result<f64> {
    let Transport::Smtp(settings) = &config.mail.transport else {
        anyhow::bail!("not SMTP");
    };
    let body = format!("Subject: bare\r\n\r\n{}", "0123456789 ten and more\r\n".repeat(1600));
    let body = Bytes::from(body);
    let each = 8000 / plan.connections.max(1);
    let begun = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..plan.connections {
        let relay = Relay::new(settings, Limits::new(settings)).map_err(|e| anyhow::anyhow!(e))?;
        let body = body.clone();
        senders.spawn(async move {
            let mut session = relay.open().await.ok();
            let envelope = Envelope {
                from: "news@example.org".into(),
                to: "reader@example.net".into(),
            };
            for _ in 0..each {
                let Some(open) = session.take() else { return };
                session = open.send(&envelope, &body, std::future::ready(true)).await.1;
            }
        });
    }
    while senders.join_next().await.is_some() {}
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let n = (each * plan.connections) as f64;
    Ok(n / begun.elapsed().as_secs_f64())
}

/// A sink on a thread of its own: takes everything, keeps nothing.
fn start_sink() -> anyhow::Result<(SocketAddr, Arc<AtomicUsize>)> {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take_all(stream, Arc::clone(&counted)));
            }
        });
    });
    Ok((address, taken))
}

/// Answers what a client sends together in one piece, and looks at a message only for its end.
async fn take_all(mut stream: TcpStream, taken: Arc<AtomicUsize>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink\r\n").await?;
    let mut piece = vec![0; 64 * 1024];
    let mut held: Vec<u8> = Vec::new();
    let mut in_message = false;
    loop {
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            return Ok(());
        }
        held.extend_from_slice(piece.get(..n).unwrap_or_default());
        let mut replies: Vec<u8> = Vec::new();
        loop {
            let end: &[u8] = if in_message { b"\r\n.\r\n" } else { b"\r\n" };
            let Some(at) = memchr::memmem::find(&held, end) else {
                if in_message {
                    // All but what may be the beginning of the end.
                    held.drain(..held.len().saturating_sub(end.len() - 1));
                }
                break;
            };
            let reply: &[u8] = if in_message {
                in_message = false;
                taken.fetch_add(1, Ordering::SeqCst);
                b"250 taken\r\n"
            } else if held.starts_with(b"EHLO") {
                b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            } else if held.starts_with(b"DATA") {
                in_message = true;
                b"354 go\r\n"
            } else {
                b"250 ok\r\n"
            };
            replies.extend_from_slice(reply);
            held.drain(..at + end.len());
        }
        if !replies.is_empty() {
            stream.write_all(&replies).await?;
        }
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

fn status_mb(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default();
    let kb: f64 = line
        .split_whitespace()
        .next()
        .and_then(|kb| kb.parse().ok())
        .unwrap_or(0.0);
    kb / 1024.0
}

fn memory_mb() -> f64 {
    status_mb("VmRSS:")
}

fn peak_mb() -> f64 {
    status_mb("VmHWM:")
}
