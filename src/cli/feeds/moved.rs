//! `courant feeds moved`: the new addresses of feeds that moved for good, as a patch of the configuration.

use std::path::Path;

use super::add::replace;
use crate::app;
use crate::cli::{Exit, load_config, runtime};
use crate::config::patch::{self, Move, Patch};
use crate::store::feeds;

/// Show the new addresses of feeds that moved for good as a patch of the configuration, or write them
///
/// A permanent redirect counts as a move when it was answered three times over more than a day.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the new addresses into the configuration instead of printing the patch
    #[arg(long)]
    write: bool,
}

pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let (moves, patches) = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let moves = patch::moves(&ctx.db.read(feeds::list).await?);
        let patches = patch::proposed_patches(&ctx.config(), &moves);
        anyhow::Ok((moves, patches))
    })?;
    if moves.is_empty() {
        println!("No feed has moved.");
        return Ok(Exit::Done);
    }
    for patch in &patches {
        if args.write {
            replace(&patch.file, &patch.text)?;
            println!("Changed {} in `{}`.", patch.keys.join(", "), patch.file.display());
        } else {
            print!("{}", patch.diff);
        }
    }
    let missed: Vec<&Move> = missed(&moves, &patches).collect();
    for moved in &missed {
        println!("{}: moved to {}; it is not in a file of yours", moved.key, moved.to);
    }
    if args.write && !patches.is_empty() {
        println!("A running daemon reads it on `systemctl reload courant` (SIGHUP).");
    }
    Ok(Exit::Done)
}

/// Moves that no patch holds: of feeds that another list names.
fn missed<'a>(moves: &'a [Move], patches: &'a [Patch]) -> impl Iterator<Item = &'a Move> {
    moves
        .iter()
        .filter(|moved| !patches.iter().any(|patch| patch.keys.contains(&moved.key)))
}
