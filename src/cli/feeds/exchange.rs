//! `courant feeds import` and `export`: subscription lists of other programs.

use std::path::{Path, PathBuf};

use super::add::write_or_print;
use crate::cli::{Exit, Refused, load_config};
use crate::config::edit::NewFeed;
use crate::ingest::encoding;
use crate::ingest::opml::{self, OpmlFeed};

/// Longest list.
const FILE_MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Turn an OPML list into [[feed]] tables; folders become groups
///
/// Feeds that are in the configuration already are left out. Lists that break the format are read as far as they go.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The OPML file; `-` is standard input
    file: PathBuf,
    /// Write the tables into the configuration file instead of printing them
    #[arg(long)]
    write: bool,
}

/// Print the feeds of the configuration as OPML
#[derive(Debug, clap::Args)]
pub struct ExportArgs {}

pub(super) fn import(path: &Path, args: &ImportArgs) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let list = opml::read(&read(&args.file)?);
    if list.is_empty() {
        let message = format!("`{}` lists no feeds; is it an OPML file?", args.file.display());
        return Err(Refused::new(Exit::Data, message).into());
    }
    let n_listed = list.len();
    let new: Vec<NewFeed> = list
        .into_iter()
        .filter(|feed| !config.feeds.iter().any(|known| known.url == feed.url))
        .map(|feed| NewFeed {
            url: feed.url,
            name: feed.name,
            group: feed.group,
        })
        .collect();
    if new.is_empty() {
        println!(
            "All {n_listed} feeds of `{}` are in the configuration already.",
            args.file.display()
        );
        return Ok(Exit::Done);
    }
    write_or_print(path, &config, &new, args.write)
}

pub(super) fn export(path: &Path, _: &ExportArgs) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let feeds: Vec<OpmlFeed> = config
        .feeds
        .iter()
        .map(|feed| OpmlFeed {
            url: feed.url.clone(),
            name: if feed.name.is_empty() {
                feed.key.clone()
            } else {
                feed.name.clone()
            },
            site_url: String::new(),
            group: feed.group.clone(),
        })
        .collect();
    print!("{}", opml::write("Feeds of Courant", &feeds));
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<String, Refused> {
    use std::io::Read as _;
    let refused =
        |error: std::io::Error| Refused::new(Exit::Data, format!("Unable to read `{}`: {error}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(FILE_MAX_BYTES)
            .read_to_end(&mut bytes)
            .map_err(refused)?;
    } else {
        let opened = std::fs::File::open(file).map_err(refused)?;
        opened.take(FILE_MAX_BYTES).read_to_end(&mut bytes).map_err(refused)?;
    }
    Ok(encoding::decode(&bytes, "text/xml").into_owned())
}
