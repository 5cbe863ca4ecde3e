//! `courant language`: a language file, to be translated.

use super::{Exit, Refused};
use crate::language;

/// Print a built-in language file, to translate into one of your own
///
/// `courant language en > languages/it.toml`, with `languages = "languages"` in [mail]. What your file leaves out is said in
/// English; `courant check-config` names it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// en, de, fr or es
    #[arg(value_name = "CODE")]
    code: String,
}

/// Prints.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Some(text) = language::builtin_text(&args.code) else {
        let message = format!(
            "`{}` is not built in; there are {}",
            args.code,
            language::builtin_codes().join(", ")
        );
        return Err(Refused::new(Exit::Data, message).into());
    };
    print!("{text}");
    Ok(Exit::Done)
}
