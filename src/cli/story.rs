//! `courant story`: a person's word on stories, kept from then on.

use std::path::Path;

use clap::Subcommand;

use super::table::Table;
use super::{Exit, Refused, load_config, runtime, story_export};
use crate::app;
use crate::context::Ctx;
use crate::model::{EntryId, StoryId};
use crate::store::corrections;
use crate::stories::correct;

/// Correct stories: what belongs together, what does not
///
/// The engine keeps each correction for good; the daemon takes it up at its next look. `courant explain s12` shows a
/// story with the numbers of its entries.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make one story of two; the first one's number stays
    Merge {
        /// The story that goes on
        into: i64,
        /// The story that ends in it
        from: i64,
    },
    /// Take entries out of a story, into one of their own
    Split {
        /// The story
        story: i64,
        /// Entries that do not belong to it
        #[arg(required = true)]
        entries: Vec<i64>,
    },
    /// List what readers said of stories in answers to their digests, newest first
    Corrections,
    /// Write entries with their stories, and all corrections, as `courant eval stories` reads them
    Export(story_export::Args),
}

/// Most corrections listed.
const ROWS_MAX: usize = 500;

/// Writes the correction and what follows from it at once.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let now = ctx.now();
        let outcome = match &args.what {
            What::Corrections => return list(&ctx).await,
            What::Export(args) => return story_export::run(&ctx, args).await,
            What::Merge { into, from } => {
                let (into, from) = (StoryId::new(*into), StoryId::new(*from));
                ctx.db
                    .write(move |tx| correct::merge(tx, into, from, "operator", now))
                    .await
            }
            What::Split { story, entries } => {
                let story = StoryId::new(*story);
                let entries: Vec<EntryId> = entries.iter().copied().map(EntryId::new).collect();
                ctx.db
                    .write(move |tx| correct::split(tx, story, &entries, "operator", now))
                    .await
            }
        };
        match outcome? {
            Ok(words) => {
                println!("{words}");
                Ok(Exit::Done)
            }
            Err(words) => Err(Refused::new(Exit::Data, words).into()),
        }
    })
}

async fn list(ctx: &Ctx) -> anyhow::Result<Exit> {
    let rows = ctx.db.read(|conn| corrections::list(conn, ROWS_MAX)).await?;
    if rows.is_empty() {
        println!("No reader has corrected a story.");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["when", "what", "story", "with", "reader", "outcome"]);
    for row in rows {
        let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
        table.row(vec![
            row.at.rfc3339().chars().take(16).collect::<String>().into(),
            row.kind.into(),
            row.story.to_string().into(),
            if row.other == 0 {
                String::new()
            } else {
                row.other.to_string()
            }
            .into(),
            or(row.address, "(erased)").into(),
            or(row.outcome, "waits").into(),
        ]);
    }
    table.print();
    Ok(Exit::Done)
}
