//! `courant check-config`: everything wrong with the configuration, at once.

use std::path::Path;

use super::{Exit, Refused, load_config};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::mail::render::Templates;
use crate::time::Zone;

/// Check the configuration and the templates; say what they mean
///
/// Prints every problem with its file, line, key, value and remedy, and exits with 78. Without problems it prints what
/// was understood: feeds, digests with their next three editions, where mail goes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print problems only
    #[arg(long, short)]
    quiet: bool,
}

/// Checks and prints.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    Templates::load(config.mail.templates.as_deref())
        .map_err(|e| Refused::new(Exit::Config, format!("[mail].templates: {e}")))?;
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
    if !args.quiet {
        print!("{}", describe(path, &config));
    }
    Ok(Exit::Done)
}

fn describe(path: &Path, config: &Config) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let now = SystemClock.now();
    let paused = config.feeds.iter().filter(|feed| feed.paused).count();
    let _ = writeln!(out, "{} is fine.", path.display());
    let _ = writeln!(
        out,
        "  {} feeds{}",
        config.feeds.len(),
        if paused > 0 {
            format!(", {paused} paused")
        } else {
            String::new()
        }
    );
    for list in &config.feed_lists {
        let _ = writeln!(
            out,
            "  feed list `{}`: {}, at most {} feeds",
            list.source.key, list.source.url, list.feeds_max
        );
    }
    for digest in &config.digests {
        let _ = writeln!(
            out,
            "  digest `{}` ({}): {}, {}",
            digest.key,
            digest.title,
            digest.schedule.words(),
            digest.zone
        );
        let mut at = now;
        for _ in 0..3 {
            let Some(firing) = digest.schedule.next_after(digest.zone, at) else {
                break;
            };
            at = firing.at;
            let _ = writeln!(out, "    next: {}", next_words(digest.zone, at));
        }
    }
    let _ = writeln!(out, "  database: {}", config.database.path.display());
    let _ = writeln!(out, "  mail: {}", super::transport_words(&config.mail.transport));
    match &config.web {
        Some(web) => drop(writeln!(
            out,
            "  pages: http://{} (public: {})",
            web.listen, web.public_url
        )),
        None => drop(writeln!(out, "  pages: off")),
    }
    out
}

fn next_words(zone: Zone, at: crate::time::Timestamp) -> String {
    let local = zone.local(at);
    format!("{} {} {}", local.short_date(), local.clock(), local.abbreviation())
}
