//! `courant backup`: a checked copy of the database, while the daemon runs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Exit, load_config, progress, runtime};
use crate::clock::{Clock as _, SystemClock};
use crate::store::backup::back_up;

/// Copy the database to a file, also while the daemon runs
///
/// The copy is checked before it takes the place of FILE, so FILE is always a good backup. To restore one, stop the
/// daemon and put the file where the option `path` of `database` says. docs/operations.md says what is mailed after that.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write it
    file: PathBuf,
}

/// Makes the backup.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    // It listens for the signal of a limit on file sizes, so that the copy fails with a word.
    let _listening = runtime()?;
    let bar = progress::bar("Copying");
    let done = back_up(&config.database.path, &args.file, SystemClock.now(), |at, of| {
        bar.set_length(of);
        bar.set_position(at);
    })
    .with_context(|| format!("Unable to back up to `{}`", args.file.display()))?;
    bar.finish_and_clear();
    println!(
        "Backed up to `{}`: {} KiB, {} entries, {} subscriptions; integrity checked.",
        args.file.display(),
        done.n_bytes / 1024,
        done.n_entries,
        done.n_subscriptions
    );
    Ok(Exit::Done)
}
