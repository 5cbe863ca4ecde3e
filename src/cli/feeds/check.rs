//! `courant feeds check`.

use std::path::Path;

use super::list::print_table;
use super::{choose, stop_on_ctrl_c};
use crate::app;
use crate::cli::{Exit, load_config, progress, runtime};
use crate::ingest::Poller;
use crate::ingest::health::{Health, health};
use crate::store::feeds;

/// Poll all feeds now and show their state, rhythm and advice in one table
///
/// Exits with 1 when a feed wants a person: gone, blocked or failing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keys or groups of feeds; all without
    #[arg(value_name = "FEED")]
    feeds: Vec<String>,
}

pub(super) fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    runtime()?.block_on(async {
        let ctx = app::open_to_poll(config).await?;
        let chosen = choose(&ctx.config().feeds, &args.feeds)?;
        stop_on_ctrl_c(&ctx);
        let bar = progress::bar("Polling");
        bar.set_length(chosen.len() as u64);
        let keys: Vec<String> = chosen.iter().map(|spec| spec.key.clone()).collect();
        Poller::default().poll_now(&ctx, chosen, &mut |_| bar.inc(1)).await?;
        bar.finish_and_clear();
        let (rows, now) = (ctx.db.read(feeds::list).await?, ctx.now());
        let mut rows: Vec<_> = rows.iter().filter(|row| keys.contains(&row.key)).collect();
        rows.sort_by_key(|row| (health(row, now).health, row.key.clone()));
        print_table(&rows, now);
        let troubled = rows.iter().filter(|row| {
            matches!(
                health(row, now).health,
                Health::Gone | Health::Blocked | Health::Failing
            )
        });
        Ok(if troubled.count() > 0 { Exit::Failed } else { Exit::Done })
    })
}
