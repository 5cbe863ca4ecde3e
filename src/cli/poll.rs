//! `courant poll`: polls feeds now and says what came.

use std::path::Path;

use super::feeds::{choose, stop_on_ctrl_c};
use super::table::{Cell, Color, Table, on_terminal, paint};
use super::{Exit, load_config, progress, runtime};
use crate::app;
use crate::ingest::{Polled, Poller, full_text};
use crate::model::PollOutcome;

/// Poll feeds now, due or not, and show what came
///
/// Without FEED all feeds are polled. The same politeness holds as for the daemon: one request at a time to a host,
/// conditional requests, limits. Exits with 1 when a feed failed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keys or groups of feeds
    #[arg(value_name = "FEED")]
    feeds: Vec<String>,
}

/// Polls and prints.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    runtime()?.block_on(async {
        let ctx = app::open_to_poll(config).await?;
        let chosen = choose(&ctx.config().feeds, &args.feeds)?;
        stop_on_ctrl_c(&ctx);
        let bar = progress::bar("Polling");
        bar.set_length(chosen.len() as u64);
        let mut table = Table::new(&["FEED", "CAME", "NEW", "KNOWN", "TIME"]);
        let mut failures = Vec::new();
        let (mut n_new, mut n_polled) = (0, 0_usize);
        Poller::default()
            .poll_now(&ctx, chosen, &mut |polled| {
                n_new += polled.counts.n_new + polled.counts.n_history;
                n_polled += 1;
                if let PollOutcome::Failed(failure) = &polled.record.outcome {
                    failures.push(failure.message.clone());
                }
                bar.set_message(polled.feed.spec.key.clone());
                bar.inc(1);
                table.row(row(polled));
            })
            .await?;
        bar.set_message("articles' pages");
        while full_text::tick(&ctx).await?.did > 0 && !ctx.shutdown.is_cancelled() {}
        bar.finish_and_clear();
        table.print();
        for message in &failures {
            println!("{} {message}", paint("failed:", Color::Red, on_terminal()));
        }
        println!(
            "{n_polled} feeds polled, {n_new} new entries, {} failed.",
            failures.len()
        );
        Ok(if failures.is_empty() { Exit::Done } else { Exit::Failed })
    })
}

fn row(polled: &Polled) -> Vec<Cell> {
    let Polled { feed, record, counts } = polled;
    let came = match &record.outcome {
        PollOutcome::NotModified => Cell("not modified".into(), Color::Dim),
        PollOutcome::Same => Cell("the same".into(), Color::Dim),
        PollOutcome::Read => Cell("read".into(), Color::Green),
        PollOutcome::Failed(failure) => Cell(failure.kind.replace('_', " "), Color::Red),
    };
    vec![
        feed.spec.key.clone().into(),
        came,
        (counts.n_new + counts.n_history).to_string().into(),
        (counts.n_known + counts.n_revised).to_string().into(),
        format!("{} ms", record.duration_ms).into(),
    ]
}
