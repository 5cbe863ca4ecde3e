//! `courant inbound`: one mail on standard input, as an MTA's alias pipes it.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::{Exit, load_config, logging, runtime};
use crate::app;
use crate::config::Config;
use crate::mail::render::Templates;
use crate::subscribe::inbound::{Envelope, Ignored};
use crate::subscribe::{Handled, handle};

/// Take one mail from standard input: a subscription, a command, a bounce
///
/// For an alias of the mail server: `news: "|/usr/bin/courant --config /etc/courant.toml inbound"`. When it exits with 0
/// what follows from the mail is on disk; on 75 the mail server keeps the mail and tries again. The daemon need not
/// run; it sends the answer within half a minute when it does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Envelope sender; empty for the null sender. Without it the Return-Path of the mail counts
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    sender: Option<String>,
    /// Envelope recipient. Without it Delivered-To, X-Original-To or To of the mail count
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    recipient: Option<String>,
    /// Say on standard output what became of the mail
    #[arg(long, short)]
    verbose: bool,
}

/// Reads the mail and handles it. Whatever stands in the way, a configuration that is being edited among it, the mail
/// server is asked to keep the mail: only what nobody could read is refused.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    logging::start_quiet();
    match take(path, args) {
        Ok(handled) => {
            if args.verbose {
                println!("{}", handled.name());
            }
            Ok(match handled {
                Handled::Ignored(Ignored::Unreadable) => Exit::Data,
                _ => Exit::Done,
            })
        }
        Err(error) => {
            eprintln!("courant: {error:#}; the mail is to be tried again");
            Ok(Exit::Temporary)
        }
    }
}

fn take(path: &Path, args: &Args) -> anyhow::Result<Handled> {
    let config = load_config(path)?;
    let limit = u64::try_from(config.inbound.message_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut raw = Vec::new();
    let mut stdin = std::io::stdin().lock();
    (&mut stdin)
        .take(limit)
        .read_to_end(&mut raw)
        .context("Unable to read the mail")?;
    // The rest of what is too large is read and thrown away: a closed pipe would be an error for the mail server.
    std::io::copy(&mut stdin, &mut std::io::sink()).context("Unable to read the mail")?;
    let envelope = Envelope {
        sender: args.sender.clone(),
        recipient: args.recipient.clone(),
    };
    runtime()?.block_on(deliver(config, &raw, &envelope))
}

async fn deliver(config: Config, raw: &[u8], envelope: &Envelope) -> anyhow::Result<Handled> {
    let templates = Arc::new(Templates::load(config.mail.templates.as_deref())?);
    let ctx = app::open_for_mail(config)?;
    Ok(handle(&ctx, &templates, raw, envelope).await?)
}
