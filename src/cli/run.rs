//! `courant run`: the daemon.

use std::path::{Path, PathBuf};

use super::{Exit, Refused, load_config, logging, runtime};
use crate::app;
use crate::config::{Config, Transport};
use crate::store::StoreError;

/// Run the daemon: poll, find stories, compose and mail digests, serve the pages
///
/// Works at once with the shipped config.toml: SQLite in ./data, mail written to ./data/mail, pages on 127.0.0.1. Stops
/// on SIGTERM or SIGINT after finishing what is on the wire; reloads its configuration on SIGHUP.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write mails to this folder instead of sending them
    #[arg(long, value_name = "DIR")]
    mail_dir: Option<PathBuf>,
}

/// Runs until it is told to stop.
pub fn run(config_path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let mut config = load_config(config_path)?;
    let mail_dir = args.mail_dir.clone();
    let adjust = move |config: &mut Config| {
        if let Some(folder) = &mail_dir {
            config.mail.transport = Transport::Folder(folder.clone());
        }
    };
    adjust(&mut config);
    logging::start(&config.log)?;
    crate::ops::metrics::install();
    let runtime = runtime()?;
    let outcome = runtime.block_on(app::run(config_path, config, &adjust));
    // A batch of entries being compared is not waited for beyond shutdown_grace: it is written whole or not at all.
    runtime.shutdown_background();
    outcome.map_err(|error| match error.downcast_ref::<StoreError>() {
        Some(StoreError::InUse(_) | StoreError::Busy) => Refused::new(Exit::Temporary, format!("{error:#}")).into(),
        Some(StoreError::Unusable(_) | StoreError::OtherKey) => Refused::new(Exit::Config, format!("{error:#}")).into(),
        _ => error,
    })?;
    Ok(Exit::Done)
}
