//! The command line: one file a command, each with its arguments and a `run`.
//!
//! Exit codes are part of the interface: an MTA keeps a mail on 75, systemd does not restart on 78.

mod completions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How a command ended, as the shell, an MTA or systemd sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Fine.
    Done,
    /// Something failed.
    Failed,
    /// What was given cannot be used: a mail, a feed, a file.
    Data,
    /// Trouble that passes: try again later.
    Temporary,
    /// Not allowed.
    Permission,
    /// The configuration is wrong.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Data => 65,
            Exit::Temporary => 75,
            Exit::Permission => 77,
            Exit::Config => 78,
        })
    }
}

/// A message for people with the exit code that belongs to it. Commands return it through `anyhow`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The exit code.
    pub exit: Exit,
    /// What failed, on what, what to do.
    pub message: String,
}

impl Refused {
    /// An error that ends the command with this code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }
}

const EXIT_CODES: &str = "\
Exit codes: 0 fine, 1 failed, 2 usage, 65 bad data, 75 temporary trouble (an MTA keeps the mail), \
77 permission, 78 configuration.";

/// Polls feeds, folds articles into stories, mails one finite digest a day.
#[derive(Debug, Parser)]
#[command(name = "courant", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    /// The configuration file
    #[arg(long, short, global = true, default_value = "config.toml", value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Completions(completions::Args),
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("courant: {error:#}");
            error
                .downcast_ref::<Refused>()
                .map_or(Exit::Failed, |refused| refused.exit)
                .into()
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let _config: &Path = &cli.config;
    match cli.command {
        Command::Completions(args) => completions::run(&args),
    }
}
