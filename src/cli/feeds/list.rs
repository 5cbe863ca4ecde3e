//! `courant feeds list`.

use std::path::Path;

use super::{distance, health_cell};
use crate::app;
use crate::cli::table::{Cell, Color, Table};
use crate::cli::{Exit, load_config, runtime};
use crate::ingest::health::health;
use crate::model::FeedRow;
use crate::store::feeds;
use crate::time::Timestamp;

/// List feeds with their state, newest entry and next poll
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only feeds that are not well
    #[arg(long)]
    troubled: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let (rows, now) = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let rows = ctx.db.read(feeds::list).await?;
        anyhow::Ok((rows, ctx.now()))
    })?;
    let rows: Vec<&FeedRow> = rows
        .iter()
        .filter(|row| !args.troubled || !health(row, now).reason.is_empty())
        .collect();
    if args.json {
        let rows: Vec<_> = rows.iter().map(|row| json(row, now)).collect();
        println!("{}", serde_json::Value::Array(rows));
        return Ok(Exit::Done);
    }
    print_table(&rows, now);
    Ok(Exit::Done)
}

/// The table of `list` and `check`, with the reasons below it.
pub(super) fn print_table(rows: &[&FeedRow], now: Timestamp) {
    let mut table = Table::new(&["FEED", "STATE", "NEWEST ENTRY", "A DAY", "POLLED", "NEXT POLL", "NAME"]);
    for row in rows {
        table.row(cells(row, now));
    }
    table.print();
    for row in rows {
        let found = health(row, now);
        if !found.reason.is_empty() {
            println!("{}: {}", row.key, found.reason);
        }
    }
}

fn cells(row: &FeedRow, now: Timestamp) -> Vec<Cell> {
    let ago = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| distance(at, now));
    let next = if row.next_poll_at.unix() == i64::MAX {
        Cell("never".into(), Color::Dim)
    } else {
        distance(row.next_poll_at, now).into()
    };
    vec![
        row.key.clone().into(),
        health_cell(health(row, now).health),
        ago(row.recent.first().copied()).into(),
        rate(row).into(),
        ago(row.last_poll_at).into(),
        next,
        row.name.clone().into(),
    ]
}

/// Entries a day, by the dates of the newest ones.
fn rate(row: &FeedRow) -> String {
    let (Some(newest), Some(oldest)) = (row.recent.first(), row.recent.last()) else {
        return "-".to_owned();
    };
    let days = newest.since(*oldest).as_secs_f64() / 86_400.0;
    if row.recent.len() < 2 || days <= 0.0 {
        return "-".to_owned();
    }
    let rate = (row.recent.len() - 1) as f64 / days;
    if rate < 1.0 {
        format!("{rate:.2}")
    } else {
        format!("{rate:.0}")
    }
}

fn json(row: &FeedRow, now: Timestamp) -> serde_json::Value {
    let found = health(row, now);
    let never = row.next_poll_at.unix() == i64::MAX;
    serde_json::json!({
        "key": row.key,
        "name": row.name,
        "group": row.group,
        "url": row.url,
        "effective_url": row.effective_url,
        "health": found.health,
        "reason": found.reason,
        "newest_entry_at": row.recent.first().map(|at| at.rfc3339()),
        "last_poll_at": row.last_poll_at.map(Timestamp::rfc3339),
        "last_success_at": row.last_success_at.map(Timestamp::rfc3339),
        "next_poll_at": (!never).then(|| row.next_poll_at.rfc3339()),
        "next_reason": row.next_reason,
        "failures": row.failures,
        "http_status": row.http_status,
        "error_kind": row.error_kind,
        "error": row.error,
    })
}
