//! `courant story`: a person's word on stories, kept from then on.

use std::path::Path;

use clap::Subcommand;

use super::{Exit, Refused, load_config, runtime};
use crate::app;
use crate::model::{EntryId, StoryId};
use crate::store::{self, StoreError, stories::Member};
use crate::stories;
use crate::time::Timestamp;

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
}

/// Most pairs of entries one split forbids.
const PAIRS_MAX: usize = 2_000;
/// Most entries of a story that are read.
const MEMBERS_MAX: usize = 1_000;

/// Writes the correction and what follows from it at once.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let said = runtime()?.block_on(async {
        let ctx = app::open_here(config).await?;
        let now = ctx.now();
        let outcome = match &args.what {
            What::Merge { into, from } => {
                let (into, from) = (StoryId::new(*into), StoryId::new(*from));
                ctx.db.write(move |tx| merge(tx, into, from, now)).await
            }
            What::Split { story, entries } => {
                let story = StoryId::new(*story);
                let entries: Vec<EntryId> = entries.iter().copied().map(EntryId::new).collect();
                ctx.db.write(move |tx| split(tx, story, &entries, now)).await
            }
        };
        anyhow::Ok(outcome?)
    })?;
    match said {
        Ok(words) => {
            println!("{words}");
            Ok(Exit::Done)
        }
        Err(words) => Err(Refused::new(Exit::Data, words).into()),
    }
}

/// What was done, or why it cannot be.
type Said = Result<Result<String, String>, StoreError>;

fn merge(tx: &store::rusqlite::Transaction<'_>, into: StoryId, from: StoryId, now: Timestamp) -> Said {
    let (Some(into), Some(from)) = (store::stories::living(tx, into)?, store::stories::living(tx, from)?) else {
        return Ok(Err(format!("there is no story {into} or no story {from}")));
    };
    if into == from {
        return Ok(Err(format!("these are one story already: {into}")));
    }
    let first = |story| {
        let members = store::stories::members(tx, story, 1)?;
        Ok::<_, StoreError>(members.first().map(|m| m.entry.id))
    };
    if let (Some(a), Some(b)) = (first(into)?, first(from)?) {
        store::stories::correct(tx, (true, a, b), "operator", now)?;
    }
    store::stories::merge(tx, from, into)?;
    stories::choose_lead(tx, into)?;
    Ok(Ok(format!("story {from} is part of story {into} from now on")))
}

fn split(tx: &store::rusqlite::Transaction<'_>, story: StoryId, entries: &[EntryId], now: Timestamp) -> Said {
    let members = store::stories::members(tx, story, MEMBERS_MAX)?;
    let chosen = |m: &&Member| entries.contains(&m.entry.id);
    let out: Vec<&Member> = members.iter().filter(chosen).collect();
    let stay: Vec<&Member> = members.iter().filter(|m| !chosen(m)).collect();
    let (Some(first), false) = (out.first(), stay.is_empty()) else {
        return Ok(Err(format!(
            "story {story} would be left empty, or has none of these entries; `courant explain s{story}` lists them"
        )));
    };
    let moved: Vec<EntryId> = out.iter().map(|m| m.entry.id).collect();
    for (a, b) in moved
        .iter()
        .flat_map(|a| stay.iter().map(move |m| (*a, m.entry.id)))
        .take(PAIRS_MAX)
    {
        store::stories::correct(tx, (false, a, b), "operator", now)?;
    }
    for b in moved.iter().skip(1) {
        store::stories::correct(tx, (true, first.entry.id, *b), "operator", now)?;
    }
    let new = store::stories::open(tx, first.entry.id, first.entry.dated_at)?;
    store::stories::move_entries(tx, &moved, new)?;
    stories::choose_lead(tx, story)?;
    stories::choose_lead(tx, new)?;
    Ok(Ok(format!(
        "{} entries of story {story} are story {new} from now on",
        moved.len()
    )))
}
