//! A correction carried out at once: two stories made one, entries taken out of one. Said by the operator on the command
//! line, or by a reader in an answer to a digest; kept, so that the engine holds to it from then on.

use crate::context::Ctx;
use crate::model::{EntryId, StoryId};
use crate::store::corrections::{self, Request};
use crate::store::rusqlite::Transaction;
use crate::store::stories::Member;
use crate::store::story_history::Change;
use crate::store::{self, StoreError};
use crate::time::Timestamp;

/// Most pairs of entries one split forbids.
const PAIRS_MAX: usize = 2_000;
/// Most entries of a story that are read.
const MEMBERS_MAX: usize = 1_000;
/// Most requests of readers taken up at once.
const REQUESTS_MAX: usize = 100;

/// What was done, or why it cannot be.
pub type Said = Result<Result<String, String>, StoreError>;

/// Makes one story of two; the first one goes on.
///
/// # Errors
/// When the database fails.
pub fn merge(tx: &Transaction<'_>, into: StoryId, from: StoryId, source: &str, now: Timestamp) -> Said {
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
        store::corrections::put(tx, (true, a, b), source, now)?;
    }
    store::stories::merge(tx, from, into, source, now)?;
    super::choose_lead(tx, into)?;
    Ok(Ok(format!("story {from} is part of story {into} from now on")))
}

/// Takes entries out of a story, into one of their own.
///
/// # Errors
/// When the database fails.
pub fn split(tx: &Transaction<'_>, story: StoryId, entries: &[EntryId], source: &str, now: Timestamp) -> Said {
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
        store::corrections::put(tx, (false, a, b), source, now)?;
    }
    for b in moved.iter().skip(1) {
        store::corrections::put(tx, (true, first.entry.id, *b), source, now)?;
    }
    let new = store::stories::open(tx, first.entry.id, first.entry.dated_at)?;
    store::stories::move_entries(tx, &moved, new)?;
    let change = Change {
        is_merge: false,
        story,
        other: new,
        n_entries: moved.len(),
        source: source.to_owned(),
        at: now,
    };
    store::story_history::record(tx, &change)?;
    super::choose_lead(tx, story)?;
    super::choose_lead(tx, new)?;
    Ok(Ok(format!(
        "{} entries of story {story} are story {new} from now on",
        moved.len()
    )))
}

/// Carries out what readers said, and writes down what became of each; says how many.
///
/// # Errors
/// When the database fails.
pub(super) async fn take_up(ctx: &Ctx) -> Result<usize, StoreError> {
    let waiting = ctx.db.read(|conn| corrections::waiting(conn, REQUESTS_MAX)).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (n, now) = (waiting.len(), ctx.now());
    ctx.db
        .write(move |tx| {
            for request in &waiting {
                let outcome = match carry_out(tx, request, now)? {
                    Ok(words) => words,
                    Err(words) => format!("nothing: {words}"),
                };
                corrections::settle(tx, request.id, &outcome)?;
            }
            Ok(())
        })
        .await?;
    Ok(n)
}

/// The stories may have gone on since the digest was mailed: a merge follows them, a split takes the lead's own entry
/// out of wherever it is now.
fn carry_out(tx: &Transaction<'_>, request: &Request, now: Timestamp) -> Said {
    if request.is_merge {
        return merge(tx, request.story, request.other, &request.source, now);
    }
    let Some(story) = store::stories::story_of(tx, request.lead)? else {
        return Ok(Err("the headline is gone".to_owned()));
    };
    // Its reprints say the same words and go with it.
    let members = store::stories::members(tx, story, MEMBERS_MAX)?;
    let lead = members.iter().find(|m| m.entry.id == request.lead).map(wording);
    let out: Vec<EntryId> = members
        .iter()
        .filter(|m| Some(wording(m)) == lead)
        .map(|m| m.entry.id)
        .collect();
    split(tx, story, &out, &request.source, now)
}

fn wording(member: &Member) -> String {
    let letters = member.entry.title.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
