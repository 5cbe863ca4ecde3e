//! `courant feeds add URL`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::distance;
use crate::cli::table::{Cell, Color, Table};
use crate::cli::{Exit, Refused, load_config, progress, runtime};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::config::edit::{NewFeed, add_feeds, feed_tables};
use crate::ingest::discover::{Candidate, discover};
use crate::time::Timestamp;

/// Entries shown of a feed that was found.
const ENTRIES: usize = 5;

/// Find the feed of a site, try it, and print or write its [[feed]] table
///
/// URL is a feed or a page of the site. The best feed of a page is taken; the others it has are listed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A feed, or a page of its site
    url: String,
    /// Write the table into the configuration file instead of printing it
    #[arg(long)]
    write: bool,
    /// The feed's group
    #[arg(long, default_value = "")]
    group: String,
    /// The outlet's name; the feed's own title without
    #[arg(long)]
    name: Option<String>,
}

pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let now = SystemClock.now();
    let url = if args.url.contains("://") {
        args.url.clone()
    } else {
        format!("https://{}", args.url)
    };
    let spinner = progress::spinner("Looking for feeds");
    let found = runtime()?.block_on(discover(&config.poll, &url, now));
    spinner.finish_and_clear();
    let found = found.map_err(|failure| Refused::new(Exit::Failed, failure.message))?;
    let Some((best, others)) = found.split_first() else {
        return Err(Refused::new(Exit::Failed, format!("`{url}` has no feed")).into());
    };
    show(best, others, now);
    if let Some(known) = config.feeds.iter().find(|feed| feed.url == best.url) {
        println!("It is in the configuration already, as `{}`.", known.key);
        return Ok(Exit::Done);
    }
    let feed = NewFeed {
        url: best.url.clone(),
        name: args.name.clone().unwrap_or_else(|| best.content.title.clone()),
        group: args.group.clone(),
    };
    write_or_print(path, &config, &[feed], args.write)
}

/// Puts feeds at the end of the configuration file, or prints what would be put there.
pub(super) fn write_or_print(path: &Path, config: &Config, feeds: &[NewFeed], write: bool) -> anyhow::Result<Exit> {
    let mut taken: BTreeSet<String> = config.feeds.iter().map(|feed| feed.key.clone()).collect();
    if !write {
        println!("{}", feed_tables(feeds, &mut taken).trim_end());
        return Ok(Exit::Done);
    }
    let old = std::fs::read_to_string(path).with_context(|| format!("Unable to read `{}`", path.display()))?;
    let new = add_feeds(&old, feeds, &mut taken)
        .map_err(|why| Refused::new(Exit::Failed, format!("`{}` was not changed: {why}", path.display())))?;
    replace(path, &new)?;
    println!(
        "Added {} {} to `{}`; a running daemon reads it on `systemctl reload courant` (SIGHUP).",
        feeds.len(),
        if feeds.len() == 1 { "feed" } else { "feeds" },
        path.display()
    );
    Ok(Exit::Done)
}

/// Writes a file's new text beside it and then in its place: a full disk leaves the old one whole.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).with_context(|| format!("Unable to write beside `{}`", path.display()))?;
    let permissions = std::fs::metadata(path)
        .with_context(|| format!("Unable to read `{}`", path.display()))?
        .permissions();
    std::fs::set_permissions(&beside, permissions).context("Unable to keep the file's permissions")?;
    std::fs::rename(&beside, path).with_context(|| format!("Unable to replace `{}`", path.display()))
}

fn show(best: &Candidate, others: &[Candidate], now: Timestamp) {
    let content = &best.content;
    println!(
        "Found `{}`: {}, {} entries, {}.",
        content.title, best.url, content.n_items, best.format
    );
    let mut table = Table::new(&["DATED", "TITLE"]);
    for entry in content.entries.iter().take(ENTRIES) {
        let dated = entry
            .published_at
            .map_or_else(|| "undated".to_owned(), |at| distance(at, now));
        table.row(vec![Cell(dated, Color::Dim), entry.title.clone().into()]);
    }
    table.print();
    for other in others {
        println!(
            "Also there: `{}`: {}, {} entries.",
            other.content.title, other.url, other.content.n_items
        );
    }
    println!();
}
