//! `courant demo`: the main job on bundled feeds.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Exit, Refused, logging, preview, progress, runtime};
use crate::address::Address;
use crate::clock::{Clock, SystemClock};
use crate::demo::play::{self, Played, READER};

/// Show the whole way on bundled feeds: no network, no mail server, no account
///
/// Eight invented outlets retell real events of the past over two days. They are polled over HTTP from loopback, folded
/// into stories, composed into two daily editions and mailed to a reader who subscribed and confirmed by mail. The
/// second edition is printed; mails, pages and the database stay in a folder.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for what the demo leaves; an earlier demo in it is replaced
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
}

/// Marks a folder as ours to replace.
const MARKER: &str = ".courant-demo";

/// Plays the demo.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    logging::start_quiet();
    prepare(&args.out)?;
    let base = play::base(SystemClock.now());
    let spinner = progress::spinner("starting");
    let played = runtime()?.block_on(play::play(&args.out, base, &mut |line| spinner.set_message(line)))?;
    spinner.finish_and_clear();
    let spec = played.settings.digests.first().context("The demo has a digest")?;
    let reader = Address::parse(READER).map_err(anyhow::Error::msg)?;
    let (personal, _) = preview::addressee(&played.settings, Some(&reader), played.confirmed_on.clone());
    let mail = preview::mail(&played.settings, spec, &played.edition, &personal)?;
    println!("{}", mail.text.trim_end());
    print!("{}", farewell(&args.out, &played));
    Ok(Exit::Done)
}

/// Makes the folder fresh, but never deletes what a demo did not write.
fn prepare(out: &Path) -> anyhow::Result<()> {
    let marker = out.join(MARKER);
    if out.exists() && !marker.exists() && std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!(
            "`{}` is not empty and not from a demo; give another folder with --out",
            out.display()
        );
        return Err(Refused::new(Exit::Data, message).into());
    }
    if marker.exists() {
        std::fs::remove_dir_all(out).with_context(|| format!("Unable to empty `{}`", out.display()))?;
    }
    std::fs::create_dir_all(out)
        .and_then(|()| std::fs::write(&marker, "Written by `courant demo`, which may delete this folder.\n"))
        .with_context(|| format!("Unable to write to `{}`", out.display()))
}

fn farewell(out: &Path, played: &Played) -> String {
    use std::fmt::Write as _;
    let mut text = format!("\n{}\n", "=".repeat(72));
    let _ = writeln!(
        text,
        "That was the second of two daily editions, as mailed to {READER}."
    );
    for (feed, error) in &played.failing {
        let _ = writeln!(text, "One feed is broken on purpose: {feed}: {error}");
    }
    let _ = writeln!(text, "\n  the digest as a page   {}", played.page.display());
    let _ = writeln!(text, "  all mails              {}", played.mails.display());
    let _ = writeln!(text, "  the database           {}", played.database.display());
    let _ = writeln!(text, "  the configuration      {}", played.config.display());
    let _ = writeln!(text, "\nTry next:");
    let config = played.config.display();
    let _ = writeln!(text, "  courant --config {config} status");
    let _ = writeln!(text, "  courant --config {config} feeds list");
    let _ = writeln!(text, "  courant explain \"SoftBank Eyes New Investment in OpenAI\"");
    let _ = writeln!(
        text,
        "  courant run               # real feeds: the shipped config.toml"
    );
    let _ = writeln!(
        text,
        "(`courant` is target/debug/courant, or what `cargo install --path .` puts in your PATH;"
    );
    let _ = writeln!(
        text,
        "the outlets themselves stop with the demo; {} can be deleted.)",
        out.display()
    );
    text
}
