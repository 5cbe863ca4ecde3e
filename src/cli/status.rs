//! `courant status`: how this installation is, on one screen.

use std::path::Path;

use super::{Exit, load_config, runtime};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::patch::{self, Patch};
use crate::halt::Halt;
use crate::ingest::health::{Health, health, tally};
use crate::model::{FeedRow, ListRow};
use crate::store::{self, summary::Summary};
use crate::time::{Timestamp, Zone};

/// Show feeds that fail, stories, editions, mails waiting or in doubt
///
/// Exits with 1 when something wants a person: a feed that fails for more than a day, a mail in doubt, a clock or a
/// database that lets nothing be sent.
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
    let (summary, feeds, lists, patches, halt) = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let now = ctx.now();
        let read = ctx
            .db
            .read(move |conn| Ok((store::summary::read(conn, now)?, store::feeds::list(conn)?)));
        let (summary, feeds) = read.await?;
        let lists = ctx.db.read(store::lists::all).await?;
        let patches = patch::proposed_patches(&ctx.config(), &patch::moves(&feeds));
        anyhow::Ok((summary, feeds, lists, patches, ctx.halt()))
    })?;
    let now = SystemClock.now();
    if args.json {
        println!("{}", json(&summary, &feeds, &lists, halt.as_ref(), now));
    } else {
        print!("{}", halt_words(halt.as_ref(), now));
        print!("{}", words(&summary, &feeds, &lists, zone, now));
        print!("{}", moved_words(&patches));
    }
    let tired = feeds.iter().any(|f| {
        f.failing_since
            .is_some_and(|at| now.since(at).as_secs() > FAILING_TOO_LONG_SECS)
    });
    let in_doubt = summary.deliveries.get("uncertain").is_some_and(|n| *n > 0);
    Ok(if tired || in_doubt || halt.is_some() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn halt_words(halt: Option<&Halt>, now: Timestamp) -> String {
    halt.map_or_else(String::new, |halt| {
        format!("Halted     nothing is composed or sent: {}\n", halt.words(now))
    })
}

fn words(summary: &Summary, feeds: &[FeedRow], lists: &[ListRow], zone: Zone, now: Timestamp) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let _ = writeln!(out, "Feeds      {}", health_words(feeds, now));
    for feed in feeds {
        let found = health(feed, now);
        let since = feed
            .failing_since
            .map_or_else(String::new, |at| format!(" since {}", when(zone, at)));
        // One failure is weather, but whoever looks wants to see it.
        let reason = if found.health == Health::Ok {
            &feed.error
        } else {
            &found.reason
        };
        if feed.failures > 0 || wants_a_look(found.health) {
            let _ = writeln!(out, "           {}{since}: {reason}", feed.key);
        }
    }
    for list in lists {
        let _ = writeln!(out, "List       {}", list_words(list, zone));
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

/// `15: 12 ok, 1 failing`, what wants a person first.
fn health_words(feeds: &[FeedRow], now: Timestamp) -> String {
    let counts: Vec<String> = tally(feeds, now)
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(health, n)| format!("{n} {}", health.word()))
        .collect();
    if counts.is_empty() {
        return "none".to_owned();
    }
    format!("{}: {}", feeds.len(), counts.join(", "))
}

const fn wants_a_look(health: Health) -> bool {
    matches!(
        health,
        Health::Gone | Health::Blocked | Health::Failing | Health::Flooding | Health::Undated
    )
}

fn list_words(list: &ListRow, zone: Zone) -> String {
    let read = list
        .last_success_at
        .map_or_else(|| "never read".to_owned(), |at| format!("read {}", when(zone, at)));
    let cut = match list.n_left_out {
        0 => String::new(),
        n => format!(", {n} more left out (feeds_max)"),
    };
    let trouble = match list.failures {
        0 => String::new(),
        n => format!("; failed {n} in a row, its feeds stay: {}", list.error),
    };
    format!("{}: {} feeds, {read}{cut}{trouble}", list.key, list.n_feeds)
}

/// Addresses to be changed in the configuration.
fn moved_words(patches: &[Patch]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for patch in patches {
        let _ = writeln!(
            out,
            "\nMoved for good: {}. `courant feeds moved --write` makes this change:",
            patch.keys.join(", ")
        );
        out.push_str(&patch.diff);
    }
    out
}

fn when(zone: Zone, at: Timestamp) -> String {
    let local = zone.local(at);
    format!("{} {}", local.short_date(), local.clock())
}

fn json(
    summary: &Summary,
    feeds: &[FeedRow],
    lists: &[ListRow],
    halt: Option<&Halt>,
    now: Timestamp,
) -> serde_json::Value {
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
        "health": tally(feeds, now)
            .into_iter()
            .map(|(health, n)| (health.word(), n))
            .collect::<std::collections::BTreeMap<_, _>>(),
        "failing": failing,
        "lists": lists
            .iter()
            .map(|list| serde_json::json!({
                "key": list.key,
                "feeds": list.n_feeds,
                "left_out": list.n_left_out,
                "last_success_at": list.last_success_at.map(Timestamp::rfc3339),
                "failures": list.failures,
                "error": list.error,
            }))
            .collect::<Vec<_>>(),
        "moved": patch::moves(feeds)
            .into_iter()
            .map(|moved| serde_json::json!({"key": moved.key, "from": moved.from, "to": moved.to}))
            .collect::<Vec<_>>(),
        "entries": summary.n_entries,
        "entries_today": summary.n_entries_today,
        "entries_waiting": summary.n_waiting,
        "stories": summary.n_stories,
        "editions": editions,
        "subscriptions": subscriptions,
        "deliveries": summary.deliveries,
        "bounces": summary.bounces.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "database_bytes": summary.n_bytes,
        "halted": halt.map(|halt| halt.words(now)),
    })
}
