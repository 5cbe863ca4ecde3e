//! The command line: one file a command, each with its arguments and a `run`.
//!
//! Exit codes are part of the interface: an MTA keeps a mail on 75, systemd does not restart on 78.

mod backtest;
mod backup;
mod check_config;
mod companies;
mod completions;
mod demo;
mod doctor;
mod eval;
mod explain;
mod feeds;
mod inbound;
mod language;
mod logging;
mod outbox;
mod parse;
mod poll;
mod preview;
mod progress;
mod run;
mod send_now;
mod send_test;
mod status;
mod story;
mod story_export;
mod subscribers;
mod table;
mod token_key;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::app;
use crate::config::{self, Config, StorySettings, Transport};

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
    Run(run::Args),
    Demo(demo::Args),
    SendNow(send_now::Args),
    CheckConfig(check_config::Args),
    Status(status::Args),
    Preview(preview::Args),
    Poll(poll::Args),
    Feeds(feeds::Args),
    Subscribers(subscribers::Args),
    Inbound(inbound::Args),
    Story(story::Args),
    Parse(parse::Args),
    Outbox(outbox::Args),
    SendTest(send_test::Args),
    Doctor(doctor::Args),
    Backup(backup::Args),
    TokenKey(token_key::Args),
    Explain(explain::Args),
    Companies(companies::Args),
    Language(language::Args),
    Eval(eval::Args),
    Backtest(backtest::Args),
    Completions(completions::Args),
}

/// A file would grow beyond the limit of this process.
const SIGXFSZ: i32 = 25;
/// The exit code of a program that a closed pipe ended, as shells count it (128 and SIGPIPE).
const PIPE_CLOSED: i32 = 141;

/// Ends quietly when whoever read the output has gone, as in `courant outbox list | head`. The standard library ignores
/// SIGPIPE, so that printing panics instead.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let closed = |text: &str| text.starts_with("failed printing to stdout") && text.contains("Broken pipe");
        if info.payload_as_str().is_some_and(closed) {
            std::process::exit(PIPE_CLOSED);
        }
        usual(info);
    }));
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    end_with_the_reader();
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
    let config = cli.config.as_path();
    match cli.command {
        Command::Run(args) => run::run(config, &args),
        Command::Demo(args) => demo::run(&args),
        Command::SendNow(args) => send_now::run(config, &args),
        Command::CheckConfig(args) => check_config::run(config, &args),
        Command::Status(args) => status::run(config, &args),
        Command::Preview(args) => preview::run(config, &args),
        Command::Poll(args) => poll::run(config, &args),
        Command::Feeds(args) => feeds::run(config, &args),
        Command::Subscribers(args) => subscribers::run(config, &args),
        Command::Inbound(args) => inbound::run(config, &args),
        Command::Story(args) => story::run(config, &args),
        Command::Parse(args) => parse::run(&args),
        Command::Outbox(args) => outbox::run(config, &args),
        Command::SendTest(args) => send_test::run(config, &args),
        Command::Doctor(args) => doctor::run(config, &args),
        Command::Backup(args) => backup::run(config, &args),
        Command::TokenKey(args) => token_key::run(config, &args),
        Command::Explain(args) => explain::run(config, &args),
        Command::Companies(args) => companies::run(config, &args),
        Command::Language(args) => language::run(&args),
        Command::Backtest(args) => backtest::run(config, &args),
        Command::Eval(args) => eval::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Reads the configuration; every problem of it is in the message.
fn load_config(path: &Path) -> Result<Config, Refused> {
    config::load(path, &app::known_slugs()).map_err(|problems| {
        let n = problems.0.len();
        let what = if n == 1 {
            "one problem".to_owned()
        } else {
            format!("{n} problems")
        };
        Refused::new(Exit::Config, format!("{what} in the configuration\n{problems}"))
    })
}

/// `[stories]`, `[[company]]` and `[[theme]]` of the configuration, or the defaults where there is none yet.
fn story_settings(path: &Path) -> Result<StorySettings, Refused> {
    if path.exists() {
        return load_config(path).map(|config| config.stories);
    }
    Ok(StorySettings::default())
}

/// The runtime of a command that talks to the network or the database.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("Unable to start the runtime")?;
    outlive_size_limits(&runtime).context("Unable to listen for SIGXFSZ")?;
    Ok(runtime)
}

/// Who writes beyond a limit on file sizes (Postfix gives one to the commands of an alias) is killed by the system, unless
/// they listen for its signal: then the write fails, and the database says so. Once heard it stays heard, so the listener
/// itself is not kept.
fn outlive_size_limits(runtime: &tokio::runtime::Runtime) -> std::io::Result<()> {
    let _entered = runtime.enter();
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// Where mail goes, in words.
fn transport_words(transport: &Transport) -> String {
    match transport {
        Transport::Smtp(smtp) => format!("SMTP to {}:{}", smtp.host, smtp.port),
        Transport::Lmtp(address) => format!("LMTP to {address}"),
        Transport::Sendmail(command) => format!("through `{}`", command.join(" ")),
        Transport::Folder(folder) => format!("written to {}", folder.display()),
        Transport::Maildir(folder) => format!("into the Maildir {}", folder.display()),
    }
}
