//! The `courant` program: parses arguments, runs the command, turns its result into an exit code.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    courant::cli::main()
}
