//! A load run: one edition to many readers against a fast SMTP sink on loopback, every commit durable.
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
use courant::clock::{Clock, FakeClock, SystemRandom};
use courant::config::{Config, Transport};
use courant::context::Ctx;
use courant::mail::Mailer;
use courant::mail::smtp::{Envelope, Limits, Relay};
use courant::model::{
    AudienceId, Block, CompanyRef, Coverage, DeliveryKind, Edition, EditionStory, EntryId, Headline, Layout, Section,
    SectionKind, Slot, StoryId, StoryView, SubscriptionId,
};
use courant::store::Db;
use courant::store::outbox::{self, NewDelivery};
use courant::time::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
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
        connections: 16,
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
    let begun = Instant::now();
    enqueue(&db, plan).await?;
    let took = begun.elapsed().as_secs_f64();
    db.checkpoint().await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let grown = (size(&path) - before) as f64 / plan.readers as f64;
    println!(
        "{} deliveries queued in                     {took:>9.1} s",
        plan.readers
    );
    println!("growth of the database                          {grown:>9.0} bytes a delivery");
    println!(
        "memory after queueing                           {:>9.0} MB",
        memory_mb()
    );

    let config = config(folder.path(), sink, plan.connections)?;
    let bare = bare_rate(&config, plan).await?;
    println!(
        "bare send loop, {} connections, no promises     {bare:>9.0} messages a second",
        plan.connections
    );

    let (_sender, receiver) = watch::channel(Arc::new(config));
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(NOW));
    let ctx = Ctx::new(receiver, db, clock, Arc::new(SystemRandom));
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
    let edition = serde_json::to_string(&edition())?;
    let layout = serde_json::to_string(&layout())?;
    let (readers, audiences) = (plan.readers, plan.audiences);
    db.write(move |tx| {
        tx.execute(
            "INSERT INTO editions (id, digest_key, slot, due_at, window_from, window_to, story_count, content, outcome,
                                   composed_at)
             VALUES (1, 'daily', '2027-01-15T07:00[Europe/Berlin]', ?1, 0, ?1, 30, ?2, 'queueing', ?1)",
            (NOW.unix(), edition),
        )?;
        for id in 1..=audiences {
            tx.execute(
                "INSERT INTO audiences (id, edition_id, key, choices, layout) VALUES (?1, 1, ?2, '{}', ?3)",
                (id, id.to_be_bytes(), &layout),
            )?;
        }
        for id in 1..=readers {
            let address = format!("reader{id}@mail{}.example", id % 500);
            tx.prepare_cached("INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, ?2, ?2, 0)")?
                .execute((id, address))?;
            tx.prepare_cached(
                "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
                 VALUES (?1, ?1, 'daily', 'active', 'mail', 0, 1790000000)",
            )?
            .execute([id])?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// In chunks of 500, as the digest stage does.
async fn enqueue(db: &Db, plan: &Plan) -> anyhow::Result<()> {
    let audiences = plan.audiences;
    for first in (1..=plan.readers).step_by(500) {
        let last = plan.readers.min(first + 499);
        db.write(move |tx| {
            for id in first..=last {
                outbox::enqueue(
                    tx,
                    &NewDelivery {
                        dedupe_key: format!("e1:s{id}"),
                        kind: DeliveryKind::Digest,
                        audience: Some(AudienceId::new(1 + id % audiences)),
                        subscription: Some(SubscriptionId::new(id)),
                        recipient: String::new(),
                        message_id: courant::mail::message::message_id("d", NOW, id, u64::MAX / 3, "example.org"),
                        message: Vec::new(),
                        queued_at: NOW,
                    },
                )?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

fn config(folder: &Path, sink: SocketAddr, connections: usize) -> anyhow::Result<Config> {
    let text = format!(
        "[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
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
    let each = 4000 / plan.connections.max(1);
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
                session = open.send(&envelope, body.as_bytes(), std::future::ready(true)).await.1;
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

async fn take_all(stream: TcpStream, taken: Arc<AtomicUsize>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(256 * 1024, stream);
    stream.get_mut().write_all(b"220 sink\r\n").await?;
    let mut line = Vec::new();
    let mut in_message = false;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let reply: &[u8] = if in_message {
            if line != b".\r\n" {
                continue;
            }
            in_message = false;
            taken.fetch_add(1, Ordering::SeqCst);
            b"250 taken\r\n"
        } else if line.starts_with(b"DATA") {
            in_message = true;
            b"354 go\r\n"
        } else {
            b"250 ok\r\n"
        };
        stream.get_mut().write_all(reply).await?;
    }
}

fn edition() -> Edition {
    let stories = (1..=STORIES)
        .map(|n| EditionStory {
            story: story(n),
            entries: (0..4).map(|k| (EntryId::new(n * 10 + k), NOW)).collect(),
            near: Vec::new(),
        })
        .collect();
    Edition {
        version: 1,
        digest: "daily".into(),
        title: "Daily business".into(),
        slot: Slot {
            digest: "daily".into(),
            schedule: String::new(),
            key: "2027-01-15T07:00[Europe/Berlin]".into(),
            due_at: NOW,
        },
        zone: "Europe/Berlin".into(),
        window_from: NOW.minus(Duration::from_hours(24)),
        window_to: NOW,
        stories,
        volumes: Vec::new(),
        coverage: Coverage::default(),
    }
}

fn story(n: i64) -> StoryView {
    let headline = |k: i64| Headline {
        entry: EntryId::new(n * 10 + k),
        title: format!(
            "Maker number {n} opens a plant and hires {} people, the company says",
            n * 100 + k
        ),
        url: format!("https://outlet{k}.example/2027/01/15/maker-{n}-opens-a-plant-and-hires"),
        source: format!("Outlet {k}"),
        owner: format!("Owner {k}"),
        at: NOW.minus(Duration::from_mins(n.unsigned_abs() * 7)),
        extract: "The plant is to begin work in spring; the region pays a part of the cost, officials said.".into(),
        language: "en".into(),
        marks: Vec::new(),
        also: Vec::new(),
    };
    StoryView {
        id: StoryId::new(n),
        lead: headline(0),
        related: (1..4).map(headline).collect(),
        n_articles: 4,
        n_outlets: 4,
        n_independent: 4,
        first_at: NOW.minus(Duration::from_hours(5)),
        last_at: NOW,
        first_by: None,
        companies: vec![CompanyRef {
            slug: format!("maker-{n}"),
            name: format!("Maker {n}"),
            ticker: String::new(),
            about: true,
            unlisted: false,
            score: 1.0,
        }],
        themes: Vec::new(),
        score: 10.0,
        parts: Vec::new(),
    }
}

fn layout() -> Layout {
    let blocks = (1..=STORIES)
        .map(|n| Block {
            story: StoryId::new(n),
            number: u32::try_from(n).unwrap_or(0),
            lead: EntryId::new(n * 10),
            related: (1..4).map(|k| EntryId::new(n * 10 + k)).collect(),
            n_more: 0,
            extract: true,
            n_new: 0,
            why: "4 outlets".into(),
            fit: 0.0,
            near: Vec::new(),
        })
        .collect();
    Layout {
        sections: vec![Section {
            kind: SectionKind::Top,
            slug: String::new(),
            title: "Top stories".into(),
            blocks,
            refs: Vec::new(),
        }],
        quiet: Vec::new(),
        n_dropped: 0,
        since: NOW,
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
