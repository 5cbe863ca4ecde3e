//! Entries tagged with companies and themes ([`tag`]) and placed into stories ([`cluster`]).
//!
//! [`Grouper::tick`] reads what has no story yet, lets the pure parts decide, and writes everything in one transaction.
//! The engine's window lives in memory; it is read back from the database at the first tick, after a person's
//! correction, and whenever a write failed.

pub mod advice;
pub mod backtest;
pub mod cluster;
pub mod correct;
pub mod corrections;
pub mod explainers;
mod item;
pub mod lead;
pub mod mark_words;
pub mod marks;
pub mod newsroom;
pub mod replay;
pub mod tag;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::context::{Ctx, Next};
use crate::model::{Entry, EntryId, Mark, MentionPlace, PlacementReason, StoryId};
use crate::store::stories::{Member, PlacedRow};
use crate::store::{self, StoreError};
use crate::time::Timestamp;
use cluster::{Engine, Knobs, Outcome};
use corrections::Corrections;
pub use item::{settled, tagged_item};
use tag::{Tagger, Tags};

/// Entries are tagged and placed anew under another number.
pub const RULES_VERSION: u32 = tag::RULES_VERSION;
/// Entries placed in one transaction.
pub const BATCH: usize = 500;
/// How far back new rules go over what older ones tagged: a month's digest, with what came before it to compare with. A
/// store of ten million entries would be hours at work on what nobody is shown any more.
const TAGGED_AGAIN: Duration = Duration::from_secs(60 * 86_400);
/// Entries older than the window that are read at start for word frequencies.
pub const OLDER_TEXTS: usize = 50_000;
/// Members of a story that the choice of a lead looks at.
const MEMBERS_MAX: usize = 500;
/// How often to look when nobody wakes us.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// An entry waits this long for the text of its page.
const TEXT_MAX_WAIT: Duration = Duration::from_mins(5);
/// Where what the engine learnt of the stream is kept.
pub const LEARNT: &str = "stories.learnt";

/// The stories loop: the engine with its window, between ticks.
pub struct Grouper {
    ctx: Ctx,
    state: Option<State>,
}

/// What is kept between ticks, and what it was made from.
struct State {
    engine: Engine,
    tagger: Arc<Tagger>,
    config: Arc<Config>,
    last_correction: i64,
}

/// A batch, decided.
struct Decided {
    tagged: Vec<(EntryId, Tags, Vec<Mark>)>,
    outcome: Outcome,
    at: BTreeMap<EntryId, Timestamp>,
    learnt: String,
}

impl Grouper {
    /// A loop that has read nothing yet.
    #[must_use]
    pub const fn new(ctx: Ctx) -> Self {
        Self { ctx, state: None }
    }

    /// Places what waits, at most one batch.
    ///
    /// # Errors
    /// When the database fails; the same entries are placed at the next tick.
    pub async fn tick(&mut self) -> Result<Next, StoreError> {
        let now = self.ctx.now();
        let again = now.minus(TAGGED_AGAIN.max(self.ctx.config().stories.window));
        let n_corrected = correct::take_up(&self.ctx).await?;
        let (waiting, last_correction) = self
            .ctx
            .db
            .read(move |conn| {
                let until = now.minus(TEXT_MAX_WAIT);
                let mut waiting = store::entries::ungrouped(conn, RULES_VERSION, again, until, BATCH)?;
                read_texts(conn, waiting.iter_mut())?;
                let placed = waiting
                    .into_iter()
                    .map(|entry| Ok((store::stories::story_of(conn, entry.id)?, entry)))
                    .collect::<store::Result<Vec<_>>>()?;
                Ok((placed, store::corrections::last(conn)?))
            })
            .await?;
        if waiting.is_empty() {
            return Ok(Next {
                at: now.plus(LOOK_AGAIN),
                did: n_corrected,
            });
        }
        let n = waiting.len();
        let state = self.ready(last_correction).await?;
        // A panic or a failed write leaves no half-changed engine behind: it is read again.
        let (state, decided) = blocking(move || decide(state, &waiting)).await?;
        let written = self.ctx.db.write(move |tx| {
            // Another process corrected a story meanwhile: what was decided may be about one that has ended.
            if store::corrections::last(tx)? != last_correction {
                return Ok(None);
            }
            apply(tx, &decided, now).map(Some)
        });
        let Some(opened) = written.await? else {
            return Ok(Next {
                at: now,
                did: n_corrected,
            });
        };
        let mut state = state;
        state.engine.settle(&opened);
        metrics::gauge!("courant_story_window_entries").set(state.engine.len() as f64);
        self.state = Some(state);
        self.ctx.wakes.digest.notify_one();
        Ok(Next {
            at: if n == BATCH { now } else { now.plus(LOOK_AGAIN) },
            did: n,
        })
    }

    /// The state of the last tick where it still holds, else a new one from the database.
    async fn ready(&mut self, last_correction: i64) -> Result<State, StoreError> {
        let config = self.ctx.config();
        if let Some(state) = self.state.take()
            && state.last_correction == last_correction
            && Arc::ptr_eq(&state.config, &config)
        {
            return Ok(state);
        }
        let now = self.ctx.now();
        let since = now.minus(config.stories.window);
        let kept = self
            .ctx
            .db
            .read(move |conn| {
                let mut window = store::window::entries(conn, since)?;
                read_texts(conn, window.iter_mut().map(|row| &mut row.entry))?;
                Ok((
                    window,
                    store::window::older_texts(conn, since, OLDER_TEXTS)?,
                    store::corrections::all(conn)?,
                    store::settings::get(conn, LEARNT)?,
                    store::corrections::places(conn)?,
                ))
            })
            .await?;
        let state = blocking(move || {
            let (window, older, corrections, learnt, places) = kept;
            let mut engine = engine(&config, &corrections);
            for (title, summary) in &older {
                engine.count_words(title, summary);
            }
            engine.restore(&window.into_iter().map(settled).collect::<Vec<_>>());
            engine.remember(&places);
            engine.learn(
                &learnt
                    .map(|l| String::from_utf8_lossy(&l).into_owned())
                    .unwrap_or_default(),
            );
            State {
                tagger: Arc::new(Tagger::new(&config.stories)),
                engine,
                config,
                last_correction,
            }
        })
        .await?;
        let themes: Vec<(String, String, bool)> = state
            .tagger
            .themes()
            .iter()
            .map(|t| (t.slug.clone(), t.name.clone(), t.event))
            .collect();
        let companies = state.tagger.known_names();
        self.ctx
            .db
            .write(move |tx| {
                store::stories::put_themes(tx, &themes)?;
                store::stories::put_companies(tx, &companies)
            })
            .await?;
        Ok(state)
    }
}

/// Where the text of an entry's own page is known, it is read in place of the summary; mails show the summary.
fn read_texts<'a>(
    conn: &store::rusqlite::Connection,
    entries: impl Iterator<Item = &'a mut Entry>,
) -> store::Result<()> {
    let mut entries: Vec<&mut Entry> = entries.collect();
    let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let mut texts = store::texts::of(conn, &ids)?;
    for entry in &mut entries {
        if let Some(text) = texts.remove(&entry.id).filter(|text| text.len() > entry.summary.len()) {
            entry.summary = text;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Ok(value),
        Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
        Err(_) => Err(StoreError::Other("the runtime is shutting down".into())),
    }
}

/// An empty engine as configured, with what persons said.
#[must_use]
pub fn engine(config: &Config, corrections: &[store::corrections::Correction]) -> Engine {
    Engine::new(Knobs::from(&config.stories), Corrections::said(corrections))
}

/// Pure: tags everything, places what has no story yet.
fn decide(mut state: State, waiting: &[(Option<StoryId>, Entry)]) -> (State, Decided) {
    let mut items = Vec::new();
    let mut tagged = Vec::new();
    let mut at = BTreeMap::new();
    for (story, entry) in waiting {
        let tags = state.tagger.tag(&entry.title, &entry.summary);
        let companies: Vec<&str> = tags
            .mentions
            .iter()
            .filter(|m| m.place == MentionPlace::Title)
            .flat_map(|m| [m.name.as_str(), m.surface.as_str()])
            .collect();
        let marks = marks::marks(&entry.title, &entry.url, &entry.source, &companies, entry.press_release);
        if story.is_none() {
            items.push(tagged_item(entry, &tags, &marks));
        }
        at.insert(entry.id, entry.dated_at);
        tagged.push((entry.id, tags, marks));
    }
    let outcome = state.engine.place(&items);
    let learnt = state.engine.learnt();
    let decided = Decided {
        tagged,
        outcome,
        at,
        learnt,
    };
    (state, decided)
}

/// Writes a batch. Gives the row ids of the stories it opened, by [`crate::model::Placement::opens`].
fn apply(
    tx: &store::rusqlite::Transaction<'_>,
    decided: &Decided,
    now: Timestamp,
) -> store::Result<BTreeMap<u32, StoryId>> {
    let mut changed: BTreeSet<StoryId> = BTreeSet::new();
    for merge in &decided.outcome.merges {
        store::stories::merge(tx, merge.from, merge.into, "engine", now)?;
        changed.insert(merge.into);
        metrics::counter!("courant_stories_total", "reason" => "merged").increment(1);
    }
    let marks: BTreeMap<EntryId, String> = decided
        .tagged
        .iter()
        .map(|(entry, _, marks)| (*entry, mark_words::to_text(marks)))
        .collect();
    let mut opened: BTreeMap<u32, StoryId> = BTreeMap::new();
    for placement in &decided.outcome.placements {
        let at = decided.at.get(&placement.entry).copied().unwrap_or(now);
        let story = match (placement.story, opened.get(&placement.opens)) {
            (Some(story), _) | (None, Some(&story)) => story,
            (None, None) => {
                let story = store::stories::open(tx, placement.entry, at)?;
                opened.insert(placement.opens, story);
                story
            }
        };
        let row = PlacedRow {
            placement: placement.clone(),
            story,
            near: decided.outcome.near.get(&placement.entry).cloned().unwrap_or_default(),
            marks: marks.get(&placement.entry).cloned().unwrap_or_default(),
        };
        store::stories::put_entry(tx, &row, now)?;
        changed.insert(story);
        metrics::counter!("courant_stories_total", "reason" => label(placement.reason)).increment(1);
    }
    for (entry, tags, _) in &decided.tagged {
        store::stories::put_marks(tx, *entry, marks.get(entry).map_or("", String::as_str))?;
        store::stories::put_tags(tx, *entry, &tags.mentions, &tags.themes, RULES_VERSION)?;
        if let Some(story) = store::stories::story_of(tx, *entry)? {
            changed.insert(story);
        }
    }
    for story in changed {
        choose_lead(tx, story)?;
    }
    store::settings::put(tx, LEARNT, decided.learnt.as_bytes())?;
    Ok(opened)
}

const fn label(reason: PlacementReason) -> &'static str {
    match reason {
        PlacementReason::First => "first",
        PlacementReason::SameUrl => "same_url",
        PlacementReason::Reprint => "reprint",
        PlacementReason::Similar => "similar",
        PlacementReason::Corrected => "corrected",
    }
}

/// Chooses a story's lead anew and writes it.
///
/// # Errors
/// When SQLite fails.
pub fn choose_lead(tx: &store::rusqlite::Transaction<'_>, story: StoryId) -> store::Result<()> {
    let members = store::stories::members(tx, story, MEMBERS_MAX)?;
    let dates = || members.iter().map(|m| m.entry.dated_at);
    let candidates: Vec<lead::Candidate> = members.iter().map(lead_candidate).collect();
    if let (Some(lead), Some(first), Some(last)) = (lead::choose(&candidates), dates().min(), dates().max()) {
        store::stories::set_lead(tx, story, lead, (first, last))?;
    }
    Ok(())
}

fn lead_candidate(member: &Member) -> lead::Candidate {
    let entry = &member.entry;
    lead::Candidate {
        entry: entry.id,
        title: entry.title.clone(),
        has_summary: !entry.summary.is_empty(),
        weight: entry.weight,
        at: entry.dated_at,
        marks: mark_words::from_text(&member.marks),
        reprint: member.reason == PlacementReason::Reprint,
        history: entry.history,
    }
}
