//! `courant feeds show KEY`.

use std::path::Path;

use super::{choose, distance, moment};
use crate::app;
use crate::cli::table::Table;
use crate::cli::{Exit, Refused, load_config, runtime};
use crate::config::patch::{Patch, moves, proposed_patches};
use crate::ingest::health::health;
use crate::model::{Entry, FeedRow, PushRow, PushStatus};
use crate::store::texts::{self, TextCounts};
use crate::store::{entries, feeds, websub};
use crate::time::{Timestamp, Zone};

/// Entries shown.
const ENTRIES: usize = 10;

/// Show one feed: state, validators, latest polls, next poll and why then, newest entries
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The feed's key
    key: String,
}

pub(super) fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let zone = config.digests.first().map_or_else(Zone::default, |digest| digest.zone);
    let (row, list, newest, patches, push, texts, now) = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let chosen = choose(&ctx.config().feeds, std::slice::from_ref(&args.key))?;
        let list = chosen.into_iter().next().and_then(|spec| spec.list);
        let rows = ctx.db.read(feeds::list).await?;
        let row = rows
            .into_iter()
            .find(|row| row.key == args.key)
            .ok_or_else(|| Refused::new(Exit::Failed, format!("`{}` is a group; name one feed of it", args.key)))?;
        let id = row.id;
        let newest = ctx.db.read(move |conn| entries::newest(conn, id, ENTRIES)).await?;
        let (push, texts) = ctx
            .db
            .read(move |conn| Ok((websub::of_feed(conn, id)?, texts::counts(conn, id)?)))
            .await?;
        let patches = proposed_patches(&ctx.config(), &moves(std::slice::from_ref(&row)));
        anyhow::Ok((row, list, newest, patches, push, texts, ctx.now()))
    })?;
    print_facts(&row, list.as_deref(), zone, now);
    print_beside(push.as_ref(), texts, zone);
    print_patches(&patches);
    print_polls(&row, zone);
    print_entries(&newest, zone);
    Ok(Exit::Done)
}

fn print_facts(row: &FeedRow, list: Option<&str>, zone: Zone, now: Timestamp) {
    let found = health(row, now);
    let line = |name: &str, value: &str| {
        if !value.is_empty() {
            println!("{name:<15}{value}");
        }
    };
    line("Feed", &format!("{} ({})", row.key, row.name));
    line("Address", &row.url);
    line("List", list.unwrap_or_default());
    line("Moved to", &row.effective_url);
    if let Some(moved) = &row.moved {
        line(
            "May move to",
            &format!("{} (answered so {} times)", moved.to, moved.answers),
        );
    }
    line("Site", &row.site_url);
    line(
        "State",
        &if found.reason.is_empty() {
            found.health.word().to_owned()
        } else {
            format!("{}: {}", found.health.word(), found.reason)
        },
    );
    if row.next_poll_at.unix() == i64::MAX {
        line("Next poll", &format!("never; {}", row.next_reason));
    } else {
        let at = format!(
            "{} ({})",
            moment(zone, row.next_poll_at),
            distance(row.next_poll_at, now)
        );
        line("Next poll", &format!("{at}: {}", row.next_reason));
    }
    line("ETag", &row.validators.etag);
    line("Last-Modified", &row.validators.last_modified);
}

/// Its hub, and the pages of its articles.
fn print_beside(push: Option<&PushRow>, texts: TextCounts, zone: Zone) {
    if let Some(push) = push {
        let status = match push.status {
            PushStatus::Active => format!("tells of news until {}", moment(zone, push.lease_until)),
            PushStatus::Asked if push.error.is_empty() => "asked, not confirmed yet".to_owned(),
            PushStatus::Asked => push.error.clone(),
            PushStatus::Leaving => "being left".to_owned(),
        };
        let last = push
            .last_push_at
            .map_or_else(String::new, |at| format!(", the last at {}", moment(zone, at)));
        println!(
            "{:<15}{}: {status}; {} pushes{last}",
            "Hub", push.hub.url, push.n_pushes
        );
    }
    if texts != TextCounts::default() {
        println!(
            "{:<15}{} pages read, {} without an article, {} waiting",
            "Full text", texts.n_read, texts.n_failed, texts.n_waiting
        );
    }
}

/// What to change in the configuration.
fn print_patches(patches: &[Patch]) {
    for patch in patches {
        println!("\n{}", patch.diff.trim_end());
        println!("Apply it with `courant feeds moved --write`.");
    }
}

fn print_polls(row: &FeedRow, zone: Zone) {
    println!();
    let mut table = Table::new(&["POLLED", "CAME", "STATUS", "NEW", "BYTES", "TIME"]);
    for poll in &row.history {
        table.row(vec![
            moment(zone, poll.at).into(),
            poll.outcome.replace('_', " ").into(),
            poll.http_status.to_string().into(),
            poll.n_new.to_string().into(),
            poll.n_bytes.to_string().into(),
            format!("{} ms", poll.duration_ms).into(),
        ]);
    }
    table.print();
}

fn print_entries(newest: &[Entry], zone: Zone) {
    println!();
    let mut table = Table::new(&["DATED", "TITLE"]);
    for entry in newest {
        table.row(vec![moment(zone, entry.dated_at).into(), entry.title.clone().into()]);
    }
    table.print();
}
