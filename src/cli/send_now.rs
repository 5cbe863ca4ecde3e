//! `courant send-now`: an edition at this moment.

use std::path::Path;
use std::time::Duration;

use super::{Exit, Refused, load_config, logging, runtime};
use crate::app;
use crate::config::Config;
use crate::context::Ctx;
use crate::digest::now::{Made, send_now};
use crate::mail::Mailer;
use crate::store::{self, StoreError, digests};
use crate::stories::Grouper;

/// Longest wait for the stories of a running daemon.
const PLACED_WITHIN: Duration = Duration::from_mins(1);
/// How often to look for them.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Compose an edition of a digest now, and send it
///
/// The edition holds what is new since the last one, and the next regular one goes on from here, so nothing is told
/// twice. Beside a running daemon the mails are queued and the daemon sends them within half a minute.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The digest's key
    digest: String,
}

/// Composes, and sends where no daemon does.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    logging::start_quiet();
    runtime()?.block_on(compose_and_send(config, &args.digest))
}

async fn compose_and_send(config: Config, key: &str) -> anyhow::Result<Exit> {
    let Some(spec) = config.digests.iter().find(|digest| digest.key == key).cloned() else {
        let known: Vec<&str> = config.digests.iter().map(|digest| digest.key.as_str()).collect();
        let message = format!(
            "No digest has the key `{key}`; the configuration has: {}",
            known.join(", ")
        );
        return Err(Refused::new(Exit::Data, message).into());
    };
    let lock = match store::lock(&config.database.path) {
        Ok(lock) => Some(lock),
        Err(StoreError::InUse(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let ctx = app::open_here(config).await?;
    if let Some(halt) = ctx.halt() {
        let message = format!("Nothing is composed or sent: {}", halt.words(ctx.now()));
        return Err(Refused::new(Exit::Temporary, message).into());
    }
    // The outbox is taken over first: what waits there in a restored backup is in doubt, what is made now is not.
    let mailer = match &lock {
        Some(_) => Some(Mailer::start(ctx.clone()).await?),
        None => None,
    };
    if mailer.is_some() {
        place(&ctx).await?;
    } else {
        placed(&ctx).await?;
    }
    let made = send_now(&ctx, &spec).await?;
    if made.n_queued == 0 {
        println!("{}: {}; no mail to send.", made.slot, stories(&made));
        return Ok(Exit::Done);
    }
    let Some(mailer) = mailer else {
        println!(
            "{}: {}; {} mails queued, the daemon sends them.",
            made.slot,
            stories(&made),
            made.n_queued
        );
        return Ok(Exit::Done);
    };
    send(mailer).await?;
    let now = ctx.now();
    let summary = ctx.db.read(move |conn| store::summary::read(conn, now)).await?;
    let count = |status: &str| summary.deliveries.get(status).copied().unwrap_or(0);
    println!("{}: {}; {} mails sent today.", made.slot, stories(&made), count("sent"));
    if count("queued") > 0 {
        println!(
            "{} wait for another try; `courant run` goes on with them.",
            count("queued")
        );
    }
    Ok(if count("uncertain") > 0 {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Waits until the running daemon has found the stories of what came in until now.
async fn placed(ctx: &Ctx) -> anyhow::Result<()> {
    let asked_at = ctx.now();
    while ctx
        .db
        .read(move |conn| digests::window::entries_wait(conn, asked_at))
        .await?
    {
        if ctx.now().since(asked_at) > PLACED_WITHIN {
            eprintln!("Some articles have no story yet; they come in the next edition.");
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Finds the stories of what came in, where no daemon does.
async fn place(ctx: &Ctx) -> anyhow::Result<()> {
    let mut grouper = Grouper::new(ctx.clone());
    while grouper.tick().await?.did > 0 {}
    Ok(())
}

/// Ticks until nothing is due.
async fn send(mut mailer: Mailer) -> anyhow::Result<()> {
    while mailer.tick().await?.did > 0 {}
    mailer.close().await;
    Ok(())
}

fn stories(made: &Made) -> String {
    match made.n_stories {
        0 => "nothing new".to_owned(),
        1 => "1 story".to_owned(),
        n => format!("{n} stories"),
    }
}
