//! `courant status`: how this installation is, on one screen.

use std::path::Path;

use super::{Exit, load_config, runtime};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::model::{FeedRow, FeedStatus};
use crate::store::{self, summary::Summary};
use crate::time::{Timestamp, Zone};

/// Show feeds that fail, stories, editions, mails waiting or in doubt
///
/// Exits with 1 when something wants a person: a feed that fails for more than a day, a mail in doubt.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

const FAILING_TOO_LONG_SECS: u64 = 86_400;

/// Reads and prints.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let zone = config.digests.first().map_or_else(Zone::default, |digest| digest.zone);
    let (summary, feeds) = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let now = ctx.now();
        let read = ctx
            .db
            .read(move |conn| Ok((store::summary::read(conn, now)?, store::feeds::list(conn)?)));
        anyhow::Ok(read.await?)
    })?;
    let now = SystemClock.now();
    if args.json {
        println!("{}", json(&summary, &feeds));
    } else {
        print!("{}", words(&summary, &feeds, zone, now));
    }
    let tired = feeds.iter().any(|f| {
        f.failing_since
            .is_some_and(|at| now.since(at).as_secs() > FAILING_TOO_LONG_SECS)
    });
    let in_doubt = summary.deliveries.get("uncertain").is_some_and(|n| *n > 0);
    Ok(if tired || in_doubt { Exit::Failed } else { Exit::Done })
}

fn words(summary: &Summary, feeds: &[FeedRow], zone: Zone, now: Timestamp) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let failing: Vec<&FeedRow> = feeds.iter().filter(|feed| feed.failures > 0).collect();
    let active = feeds.iter().filter(|feed| feed.status == FeedStatus::Active).count();
    let _ = writeln!(out, "Feeds      {active} active, {} failing", failing.len());
    for feed in &failing {
        let since = feed
            .failing_since
            .map_or_else(String::new, |at| format!(" since {}", when(zone, at)));
        let _ = writeln!(out, "           {}{since}: {}", feed.key, feed.error);
    }
    let _ = writeln!(
        out,
        "Entries    {} stored, {} in the last 24 h, {} waiting for a story",
        summary.n_entries, summary.n_entries_today, summary.n_waiting
    );
    let _ = writeln!(out, "Stories    {}", summary.n_stories);
    for (digest, (slot, outcome, n)) in &summary.editions {
        let _ = writeln!(out, "Edition    {digest}: {slot}, {n} stories, {outcome}");
    }
    for ((digest, status), n) in &summary.subscriptions {
        let _ = writeln!(out, "Readers    {digest}: {n} {status}");
    }
    for (kind, n) in &summary.bounces {
        let _ = writeln!(out, "Bounces    {n} {kind} in 7 days (courant subscribers bounces)");
    }
    for (status, n) in &summary.deliveries {
        let _ = writeln!(out, "Mails      {n} {status}");
    }
    if let Some(at) = summary.oldest_queued_at {
        let minutes = now.since(at).as_secs() / 60;
        let _ = writeln!(out, "           the oldest has waited {minutes} min");
    }
    let _ = writeln!(out, "Database   {} MiB", summary.n_bytes / (1024 * 1024));
    out
}

fn when(zone: Zone, at: Timestamp) -> String {
    let local = zone.local(at);
    format!("{} {}", local.short_date(), local.clock())
}

fn json(summary: &Summary, feeds: &[FeedRow]) -> serde_json::Value {
    let failing: Vec<_> = feeds
        .iter()
        .filter(|feed| feed.failures > 0)
        .map(|feed| {
            serde_json::json!({
                "key": feed.key,
                "failures": feed.failures,
                "since": feed.failing_since.map(Timestamp::rfc3339),
                "kind": feed.error_kind,
                "error": feed.error,
            })
        })
        .collect();
    let subscriptions: Vec<_> = summary
        .subscriptions
        .iter()
        .map(|((digest, status), n)| serde_json::json!({"digest": digest, "status": status, "count": n}))
        .collect();
    let editions: Vec<_> = summary
        .editions
        .iter()
        .map(|(digest, (slot, outcome, n))| {
            serde_json::json!({"digest": digest, "slot": slot, "outcome": outcome, "stories": n})
        })
        .collect();
    serde_json::json!({
        "feeds": feeds.len(),
        "failing": failing,
        "entries": summary.n_entries,
        "entries_today": summary.n_entries_today,
        "entries_waiting": summary.n_waiting,
        "stories": summary.n_stories,
        "editions": editions,
        "subscriptions": subscriptions,
        "deliveries": summary.deliveries,
        "bounces": summary.bounces.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "database_bytes": summary.n_bytes,
    })
}
