//! Replays a file of feed items through the whole pipeline, day by day, and writes each day's and each week's digest.
//!
//! ```text
//! cargo run --release --example replay -- ITEMS.tsv OUT [DAYS]
//! ```
//!
//! The file has a header line and the columns date (`2026-01-05`), sector, feed, title, summary, url. Each feed is served
//! on loopback as RSS, four times a day with what that day had brought by then; the clock is injected, and the polls, the
//! stories and the editions are made by the daemon's own ticks. Items have no time of day, so none is given to the feed.
//! Outlets that the shipped `config.toml` names have their owner and weight from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use courant::app;
use courant::clock::{Clock, FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::digest::preview::preview;
use courant::ingest::Poller;
use courant::mail::render::{RenderSettings, Templates, render_digest};
use courant::model::Choices;
use courant::stories::Grouper;
use courant::time::{CivilDate, Timestamp, Zone};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Times of day, in hours, at which the feeds are polled: after the editions of the morning, which tell the day before.
const HOURS: [u64; 4] = [9, 13, 18, 23];
/// The digests: key, title, hour, and the weekday as in a schedule.
const DIGESTS: [(&str, &str, u64, &str); 2] = [
    ("daily", "The Replay", 7, "*"),
    ("weekly", "The Weekly Replay", 8, "Sun"),
];
/// Items a feed's document carries, the newest.
const DOCUMENT_ITEMS: usize = 300;
/// The one reader.
const READER: &str = "reader@example.org";

struct Item {
    title: String,
    summary: String,
    url: String,
}

/// Items by day and feed, in the order of the file.
type Days = BTreeMap<CivilDate, BTreeMap<String, Vec<Item>>>;
/// Documents by feed key.
type Documents = Arc<Mutex<BTreeMap<String, String>>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, out, rest @ ..] = args.as_slice() else {
        anyhow::bail!("usage: replay ITEMS.tsv OUT [DAYS]");
    };
    let n_days = rest
        .first()
        .map_or(Ok(usize::MAX), |n| n.parse())
        .context("DAYS is no number")?;
    let days = read(Path::new(file))?;
    let out = PathBuf::from(out);
    std::fs::create_dir_all(&out).context("Unable to make the folder")?;
    replay(&days, &out, n_days).await
}

fn read(file: &Path) -> anyhow::Result<Days> {
    let text = std::fs::read_to_string(file).with_context(|| format!("Unable to read `{}`", file.display()))?;
    let mut days = Days::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [date, _sector, feed, title, summary, url] = columns.as_slice() else {
            continue;
        };
        let Ok(date) = date.parse() else { continue };
        let item = Item {
            title: (*title).into(),
            summary: (*summary).into(),
            url: (*url).into(),
        };
        days.entry(date)
            .or_default()
            .entry((*feed).to_owned())
            .or_default()
            .push(item);
    }
    Ok(days)
}

async fn replay(days: &Days, out: &Path, n_days: usize) -> anyhow::Result<()> {
    let feeds: Vec<String> = {
        let mut names: Vec<String> = days.values().flat_map(|day| day.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    };
    let documents = Documents::default();
    let port = serve(Arc::clone(&documents)).await?;
    let database = out.join("replay.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", database.display()));
    }
    let first = days.keys().next().context("The file has no items")?;
    let start = first.start_in(Zone::UTC).context("The first date does not exist")?;
    let clock = Arc::new(FakeClock::replaying(start));
    let config = Config::from_toml_str(&config(&database, out, &feeds, port)?, out)
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let (ctx, _keep) = app::open(
        config,
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::new(SeededRandom::new(1)),
    )
    .await?;
    subscribe(&ctx, start).await?;
    let poller = Poller::default();
    let mut grouper = Grouper::new(ctx.clone());
    for (date, by_feed) in days.iter().take(n_days) {
        let began = Instant::now();
        let midnight = date.start_in(Zone::UTC).context("A date does not exist")?;
        for (step, hour) in HOURS.iter().enumerate() {
            publish(&documents, by_feed, step);
            clock.set(midnight.plus(Duration::from_secs(hour * 3600)));
            poller.poll_now(&ctx, ctx.config().feeds.clone(), &mut |_| {}).await?;
            while grouper.tick().await?.did > 0 {}
        }
        for (digest, _, hour, _) in DIGESTS {
            let due = midnight.plus(Duration::from_secs((24 + hour) * 3600));
            clock.set(due);
            while courant::digest::tick(&ctx).await?.did > 0 {}
            deliver(&ctx).await?;
            write(&ctx, out, digest, due).await?;
        }
        eprintln!("{date}: {:.1} s", began.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Counts what is queued as sent, so that the next edition knows what the reader had.
async fn deliver(ctx: &Ctx) -> anyhow::Result<()> {
    let sent = "UPDATE deliveries SET status = 'sent', final_at = queued_at WHERE status = 'queued'";
    ctx.db.write(move |tx| Ok(tx.execute(sent, [])?)).await?;
    Ok(())
}

fn key(feed: &str) -> String {
    let words = feed
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// The outlet of a feed named `Outlet (Section)` or `Outlet Top News`.
fn outlet(feed: &str) -> &str {
    let name = feed.split(" (").next().unwrap_or(feed);
    let sections = [" Top News", " Top Stories", " Markets"];
    sections
        .iter()
        .find_map(|section| name.strip_suffix(section))
        .unwrap_or(name)
}

fn config(database: &Path, out: &Path, feeds: &[String], port: u16) -> anyhow::Result<String> {
    let mut text = format!(
        "[database]\npath = {:?}\n[poll]\ncontact = \"replay@example.org\"\ninterval = \"30m\"\nhost_pause = \"0s\"\nallow_private = true\n\
         [mail]\ntransport = \"folder\"\nfolder = {:?}\nfrom = \"digest@example.org\"\n\
         list_address = \"news@example.org\"\ncontact = \"A replay\"\n",
        database.display().to_string(),
        out.join("mail").display().to_string(),
    );
    for (key, title, hour, weekday) in DIGESTS {
        let _ = writeln!(
            text,
            "[[digest]]\nkey = {key:?}\ntitle = {title:?}\nschedule = \"0 {hour} * * {weekday}\"\nzone = \"UTC\""
        );
    }
    let shipped = Config::from_toml_str(include_str!("../config.toml"), Path::new("."))
        .map_err(|problems| anyhow::anyhow!("{problems}"))?;
    for feed in feeds {
        let (key, outlet) = (key(feed), outlet(feed));
        let url = format!("http://127.0.0.1:{port}/{key}");
        let _ = writeln!(text, "[[feed]]\nkey = {key:?}\nname = {outlet:?}\nurl = {url:?}");
        if let Some(known) = shipped.feeds.iter().find(|known| known.name == outlet) {
            let _ = writeln!(text, "owner = {:?}\nweight = {:?}", known.owner, known.weight);
        }
    }
    Ok(text)
}

async fn subscribe(ctx: &Ctx, at: Timestamp) -> anyhow::Result<()> {
    ctx.db
        .write(move |tx| {
            tx.execute(
                "INSERT INTO subscribers (id, address, address_key, created_at) VALUES (1, ?1, ?1, ?2)",
                courant::store::rusqlite::params![READER, at.unix()],
            )?;
            for (id, (digest, ..)) in (1..).zip(DIGESTS) {
                tx.execute(
                    "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
                     VALUES (?1, 1, ?2, 'active', 'admin', ?3, ?3)",
                    courant::store::rusqlite::params![id, digest, at.unix()],
                )?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Adds a quarter of the day's items to each feed's document.
fn publish(documents: &Documents, by_feed: &BTreeMap<String, Vec<Item>>, step: usize) {
    let mut documents = documents.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (feed, items) in by_feed {
        let (from, to) = (items.len() * step / HOURS.len(), items.len() * (step + 1) / HOURS.len());
        let now = items.get(from..to).unwrap_or_default();
        let new: String = now.iter().rev().map(rss_item).collect();
        // A page whose headline was changed is one item of a feed, not two.
        let again = |old: &&str| now.iter().any(|item| old.contains(&link(item)));
        let document = documents.entry(key(feed)).or_default();
        let old = document.split_inclusive("</item>\n").filter(|old| !again(old));
        let kept: Vec<&str> = old.take(DOCUMENT_ITEMS).collect();
        *document = format!("{new}{}", kept.concat());
    }
}

fn link(item: &Item) -> String {
    format!("<link>{}</link>", escape(&item.url))
}

fn rss_item(item: &Item) -> String {
    format!(
        "<item><title>{}</title>{}<description>{}</description></item>\n",
        escape(&item.title),
        link(item),
        escape(&item.summary)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A server of documents, one request a connection.
async fn serve(documents: Documents) -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("Unable to listen on loopback")?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let documents = Arc::clone(&documents);
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                let n = socket.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(request.get(..n).unwrap_or_default()).into_owned();
                let path = text.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
                let items = {
                    let documents = documents.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    documents.get(&path).cloned().unwrap_or_default()
                };
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\"><channel><title>{path}</title>\
                     <link>http://example.org/</link><description/>\n{items}</channel></rss>"
                );
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = socket.write_all(head.as_bytes()).await;
                let _ = socket.write_all(body.as_bytes()).await;
            });
        }
    });
    Ok(port)
}

/// Writes the edition of the slot as the reader was mailed it, if there is one: `daily-2026-01-06.txt`.
async fn write(ctx: &Ctx, out: &Path, digest: &str, due: Timestamp) -> anyhow::Result<()> {
    let config = ctx.config();
    let spec = config.digests.iter().find(|spec| spec.key == digest);
    let spec = spec.context("There is no such digest")?;
    let shown = preview(&ctx.db, &config, spec, due, Some(READER)).await?;
    let Some(layout) = shown.layout.as_ref().filter(|_| shown.recorded.is_some()) else {
        return Ok(());
    };
    let settings = RenderSettings::of(&config, spec, &Choices::default());
    let mail = render_digest(&Templates::builtin(), &shown.edition, layout, &settings)?;
    let name = format!("{digest}-{}", Zone::UTC.local(due).date());
    let file = |ending: &str| out.join(format!("{name}.{ending}"));
    std::fs::write(file("txt"), format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
    std::fs::write(file("html"), mail.html)?;
    let both = serde_json::json!({ "layout": layout, "edition": shown.edition });
    std::fs::write(file("json"), serde_json::to_vec_pretty(&both)?)?;
    Ok(())
}
