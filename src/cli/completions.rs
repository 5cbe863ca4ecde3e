//! `courant completions`: what a shell needs to complete our commands.

use clap::CommandFactory;

use super::{Cli, Exit};

/// Print the completion script of a shell
///
/// For bash: `courant completions bash > /etc/bash_completion.d/courant`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    clap_complete::generate(args.shell, &mut Cli::command(), "courant", &mut std::io::stdout());
    Ok(Exit::Done)
}
