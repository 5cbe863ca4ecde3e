//! `courant feeds`: the feeds and how they are, and new ones found, imported, exported.

mod add;
mod check;
mod exchange;
mod list;
mod moved;
mod show;

use std::path::Path;

use clap::Subcommand;

use super::table::{Cell, Color};
use super::{Exit, Refused};
use crate::context::Ctx;
use crate::ingest::health::Health;
use crate::model::FeedSpec;
use crate::time::{Timestamp, Zone};

/// List, check, add, import and export feeds
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Moved(moved::Args),
    Add(add::Args),
    Import(exchange::ImportArgs),
    Export(exchange::ExportArgs),
}

/// Runs the chosen command.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(config, args),
        Command::Show(args) => show::run(config, args),
        Command::Check(args) => check::run(config, args),
        Command::Moved(args) => moved::run(config, args),
        Command::Add(args) => add::run(config, args),
        Command::Import(args) => exchange::import(config, args),
        Command::Export(args) => exchange::export(config, args),
    }
}

/// The feeds of these keys and groups; all when none is named.
pub(super) fn choose(feeds: &[FeedSpec], wanted: &[String]) -> Result<Vec<FeedSpec>, Refused> {
    if wanted.is_empty() {
        return Ok(feeds.iter().filter(|feed| !feed.paused).cloned().collect());
    }
    let mut chosen: Vec<FeedSpec> = Vec::new();
    for name in wanted {
        let found: Vec<&FeedSpec> = feeds
            .iter()
            .filter(|feed| feed.key == *name || feed.group == *name)
            .collect();
        if found.is_empty() {
            return Err(Refused::new(Exit::Failed, unknown(feeds, name)));
        }
        for feed in found {
            if !chosen.iter().any(|other| other.key == feed.key) {
                chosen.push(feed.clone());
            }
        }
    }
    Ok(chosen)
}

fn unknown(feeds: &[FeedSpec], name: &str) -> String {
    let near = feeds
        .iter()
        .map(|feed| (strsim::jaro_winkler(&feed.key, name), feed.key.as_str()))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, key)) => format!("there is no feed or group `{name}`; did you mean `{key}`?"),
        None => format!("there is no feed or group `{name}`; `courant feeds list` shows them all"),
    }
}

/// Ctrl-C ends a command in order: what was fetched is recorded, what was not asked is given back.
pub(super) fn stop_on_ctrl_c(ctx: &Ctx) {
    let shutdown = ctx.shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
    });
}

fn health_cell(health: Health) -> Cell {
    let color = match health {
        Health::Ok => Color::Green,
        Health::New | Health::Paused => Color::Dim,
        Health::Quiet | Health::Undated | Health::Moved | Health::Flooding => Color::Yellow,
        Health::Gone | Health::Blocked | Health::Failing => Color::Red,
    };
    Cell(health.word().to_owned(), color)
}

/// `3 h ago`, `in 20 min`.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let (past, secs) = (at <= now, at.since(now).max(now.since(at)).as_secs());
    let text = match secs {
        0..60 => format!("{secs} s"),
        60..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    };
    if past {
        format!("{text} ago")
    } else {
        format!("in {text}")
    }
}

/// `2 Mar 07:00`, in the zone of the first digest.
fn moment(zone: Zone, at: Timestamp) -> String {
    let local = zone.local(at);
    format!("{} {}", local.short_date(), local.clock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_in_words() {
        let now = Timestamp::from_unix(1_000_000);
        for (offset, expected) in [
            (0, "0 s ago"),
            (-90, "1 min ago"),
            (3_600, "in 60 min"),
            (10_000, "in 2 h"),
            (-200_000, "2 days ago"),
        ] {
            assert_eq!(distance(Timestamp::from_unix(now.unix() + offset), now), expected);
        }
    }
}
