//! `courant story export`: what the daemon holds of stories, as `courant eval stories` reads it: entries with the stories
//! they are in, and what persons said of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::Exit;
use super::eval::write_table;
use crate::context::Ctx;
use crate::model::{Entry, EntryId};
use crate::store::{corrections, window};

/// Where to, and how far back
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for `items.tsv` and `corrections.tsv`; made when it is not there
    folder: PathBuf,
    /// Entries of so many days
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
}

/// Writes both files and says how to use them.
pub async fn run(ctx: &Ctx, args: &Args) -> anyhow::Result<Exit> {
    let since = ctx.now().minus(Duration::from_secs(args.days * 86_400));
    let read = ctx
        .db
        .read(move |conn| Ok((window::entries(conn, since)?, corrections::all(conn)?)));
    let (rows, said) = read.await?;
    std::fs::create_dir_all(&args.folder).with_context(|| format!("Unable to make {}", args.folder.display()))?;
    let (items, corrections) = (args.folder.join("items.tsv"), args.folder.join("corrections.tsv"));
    let known: BTreeSet<EntryId> = rows.iter().map(|row| row.entry.id).collect();
    let lines = rows.iter().map(|row| format!("{}\t{}", item(&row.entry), row.story));
    write_table(
        &items,
        "id\tpublished\tsource\turl\ttitle\tsummary\tlang\tcluster",
        lines,
    )?;
    let inside: Vec<String> = said
        .iter()
        .filter(|(_, a, b)| known.contains(a) && known.contains(b))
        .map(|(together, a, b)| format!("{}\t{a}\t{b}", if *together { "together" } else { "apart" }))
        .collect();
    let (n, n_outside) = (inside.len(), said.len() - inside.len());
    write_table(&corrections, "kind\ta\tb", inside.into_iter())?;
    println!("{}: {} entries", items.display(), rows.len());
    println!(
        "{}: {n} corrections, {n_outside} more on older entries",
        corrections.display()
    );
    println!(
        "courant eval stories --input {} --corrections {}",
        quoted(&items),
        quoted(&corrections)
    );
    Ok(Exit::Done)
}

/// An entry as a line: `id`, `published`, `source`, `url`, `title`, `summary`, `lang`. A time that says nothing of when it
/// was published is left empty, as the daemon treats it.
fn item(entry: &Entry) -> String {
    let timed = entry.published_at.is_some() || !entry.history;
    let published = if timed { entry.dated_at.rfc3339() } else { String::new() };
    let cells = [&entry.source, &entry.url, &entry.title, &entry.summary, &entry.language].map(|text| cell(text));
    format!("{}\t{published}\t{}", entry.id, cells.join("\t"))
}

/// A cell holds no tab and no line break.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
