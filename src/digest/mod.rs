//! Due slots (`slot`), a story's view (`view`, `extract`), its score (`rank`), editions (`compose`), readers grouped
//! (`audience`) and what each group sees (`layout`); `make` puts them together, the tick here records and `queue` queues.
//!
//! An edition is recorded before anybody gets it; its slot has one row, so none is made twice. Queueing goes in chunks
//! that can each be repeated: after a crash the next tick finds the edition `queueing` and goes on.

pub mod audience;
pub mod compose;
pub mod extract;
pub mod houses;
pub mod layout;
pub mod make;
pub mod money;
pub mod now;
pub mod preview;
mod queue;
pub mod rank;
pub mod slot;
pub mod standing;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, DigestSettings};
use crate::context::{Ctx, Next};
use crate::crash;
use crate::mail::render::RenderError;
use crate::model::Slot;
use crate::store::digests::{self, Unfinished, window};
use crate::store::{StoreError, settings};
use crate::time::{ReaderSchedule, Schedule, Timestamp, Zone};
use make::Maker;
use queue::{groups, queue};
use slot::Act;

/// Longest wait for entries that have no story yet.
const GRACE: Duration = Duration::from_mins(10);
/// How soon to look again while waiting for them.
const GRACE_LOOK: Duration = Duration::from_secs(20);
/// How far back a reader's mails are remembered at least.
const HISTORY: Duration = Duration::from_hours(14 * 24);
/// Look again at least this often: another process may have added a subscriber with a schedule of his own.
const LOOK_MAX: Duration = Duration::from_mins(1);

/// Since when a reader's mails count for an edition: what he had or missed of a monthly digest is a month old.
fn history(due: Timestamp, window_from: Timestamp) -> Timestamp {
    due.minus(HISTORY).min(window_from)
}

/// Why a tick failed.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A template.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// What a tick or a command returns.
pub type Result<T> = std::result::Result<T, DigestError>;

/// One schedule of a digest: its own, or one its readers chose.
struct Due<'a> {
    spec: &'a DigestSettings,
    /// As stored with subscriptions, empty for the digest's own.
    name: String,
    schedule: Schedule,
    zone: Zone,
}

/// Makes every edition that is due, and finishes what a crash left. Nothing while the clock is wrong or the database
/// damaged: what was due then is made once it is well, while it is not too late.
///
/// # Errors
/// When the database or a template fails; what was recorded until then stays.
pub async fn tick(ctx: &Ctx) -> Result<Next> {
    let config = ctx.config();
    let now = ctx.now();
    let mut next = Next {
        at: now.plus(LOOK_MAX),
        did: 0,
    };
    if ctx.halt().is_some() {
        return Ok(next);
    }
    let keys: Arc<[String]> = config.digests.iter().map(|spec| spec.key.clone()).collect();
    let asked = Arc::clone(&keys);
    if ctx.db.read(move |conn| digests::any_new(conn, &asked)).await? {
        ctx.db.write(move |tx| digests::note_new(tx, &keys, now)).await?;
    }
    let mut failed = None;
    for spec in &config.digests {
        // What is wrong with one digest must not hold the others up.
        match one_digest(ctx, &config, spec).await {
            Ok(step) => {
                next.did += step.did;
                next.at = next.at.min(step.at);
            }
            Err(error) => {
                tracing::error!(digest.key = spec.key, %error, "an edition could not be made");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(next), Err)
}

async fn one_digest(ctx: &Ctx, config: &Config, spec: &DigestSettings) -> Result<Next> {
    let mut next = Next {
        at: ctx.now().plus(LOOK_MAX),
        did: 0,
    };
    let (key, now) = (spec.key.clone(), ctx.now());
    let (unfinished, too_early) = ctx
        .db
        .read(move |conn| {
            let too_early = digests::any_missed_after(conn, &key, now)? || window::any_ahead(conn, &key, now)?;
            Ok((digests::unfinished(conn, &key)?, too_early))
        })
        .await?;
    if too_early {
        // The clock stood in the future and was put right: those slots are still to come.
        let key = spec.key.clone();
        let put_right = ctx.db.write(move |tx| {
            digests::forget_missed_after(tx, &key, now)?;
            window::put_right(tx, &key, now)
        });
        let n = put_right.await?;
        tracing::warn!(
            digest.key = spec.key,
            n,
            "what was written while the clock stood in the future is put right"
        );
    }
    for left in unfinished {
        next.did += 1;
        queue(ctx, config, spec, &left).await?;
    }
    for due in schedules(ctx, spec).await? {
        if ctx.shutdown.is_cancelled() {
            return Ok(next);
        }
        let step = one_schedule(ctx, config, &due).await?;
        next.did += step.did;
        next.at = next.at.min(step.at);
    }
    Ok(next)
}

/// The digest's own schedule and those its readers chose. One that cannot be read any more falls to the digest's own
/// when its reader next changes something; until then it is skipped, and said.
async fn schedules<'a>(ctx: &Ctx, spec: &'a DigestSettings) -> Result<Vec<Due<'a>>> {
    let key = spec.key.clone();
    let names = ctx.db.read(move |conn| digests::schedules(conn, &key)).await?;
    let own = Due {
        spec,
        name: String::new(),
        schedule: spec.schedule.clone(),
        zone: spec.zone,
    };
    let chosen = names.into_iter().filter(|name| !name.is_empty()).filter_map(|name| {
        match ReaderSchedule::parse(&name) {
            Ok(read) => Some(Due {
                spec,
                name,
                schedule: read.schedule,
                zone: read.zone,
            }),
            Err(error) => {
                tracing::warn!(digest.key = spec.key, %error, "a reader's schedule cannot be read; no editions for it");
                None
            }
        }
    });
    Ok(std::iter::once(own).chain(chosen).collect())
}

async fn one_schedule(ctx: &Ctx, config: &Config, due: &Due<'_>) -> Result<Next> {
    let now = ctx.now();
    let (key, name) = (due.spec.key.clone(), due.name.clone());
    let (last, counts_from, restored_at) = ctx
        .db
        .read(move |conn| {
            Ok((
                digests::last_slot(conn, &key, &name, now)?,
                digests::counts_from(conn, &key, &name)?,
                settings::number(conn, settings::RESTORED_AT)?,
            ))
        })
        .await?;
    let since = last.map(|last| last.due_at).or(counts_from).unwrap_or(now);
    let upcoming = due
        .schedule
        .next_after(due.zone, now)
        .map_or(now.plus(LOOK_MAX), |firing| firing.at);
    let mut next = Next { at: upcoming, did: 0 };
    let mut told_until = last.map(|last| last.window_to);
    for (firing, act) in slot::due_slots(&due.schedule, due.zone, since, now, due.spec.catch_up, due.spec.late) {
        let slot = Slot {
            digest: due.spec.key.clone(),
            schedule: due.name.clone(),
            key: firing.key.clone(),
            due_at: firing.at,
        };
        let window_from = told_until.unwrap_or_else(|| slot::first_window(&due.schedule, due.zone, firing.at));
        // The database this one was copied from has most likely mailed it.
        let act = if restored_at.is_some_and(|restored| firing.at.unix() <= restored) {
            Act::Skip
        } else {
            act
        };
        if act != Act::Compose {
            // Where nothing is told, the window stays open for the next edition, unless its stories are to be dropped.
            let window_to = if act == Act::Skip { firing.at } else { window_from };
            told_until = Some(window_to);
            miss(ctx, due.spec, slot, window_from.min(window_to), window_to).await?;
            next.did += 1;
            continue;
        }
        let at = firing.at;
        if now < at.plus(GRACE) && ctx.db.read(move |conn| window::entries_wait(conn, at)).await? {
            ctx.wakes.stories.notify_one();
            next.at = now.plus(GRACE_LOOK);
            return Ok(next);
        }
        next.did += usize::from(make_edition(ctx, config, due.spec, slot, (told_until, window_from)).await?);
    }
    Ok(next)
}

async fn miss(ctx: &Ctx, spec: &DigestSettings, slot: Slot, from: Timestamp, to: Timestamp) -> Result<()> {
    let now = ctx.now();
    tracing::warn!(
        digest.key = spec.key,
        slot = slot.key,
        "a slot was missed, or passed before a backup was restored; no edition is made for it"
    );
    metrics::counter!("courant_digests_total", "digest" => spec.key.clone(), "outcome" => "missed").increment(1);
    let edition = make::empty(spec, slot, from, to);
    ctx.db
        .write(move |tx| digests::record(tx, &edition, "missed", now))
        .await?;
    Ok(())
}

/// Composes, records and queues one edition, whose window begins at `window_from`, which was counted from the end of the
/// schedule's last one, `told_until`. `false` when another process made one meanwhile; then nothing was done.
async fn make_edition(
    ctx: &Ctx,
    config: &Config,
    spec: &DigestSettings,
    slot: Slot,
    (told_until, window_from): (Option<Timestamp>, Timestamp),
) -> Result<bool> {
    let now = ctx.now();
    // First take back what still waits, so that no sender can begin it while its stories are being told anew, and close
    // the window, so that no article can come into it after it was read.
    let (own, clock) = (slot.clone(), Arc::clone(&ctx.clock));
    let closed = ctx.db.write(move |tx| {
        let now = clock.now();
        if !window::is_open(tx, &own, told_until, now)? {
            return Ok(None);
        }
        let n_superseded = digests::supersede(tx, &own, now)?;
        Ok(Some((n_superseded, window::close(tx, own.due_at, now)?)))
    });
    let Some((n_superseded, n_put_off)) = closed.await? else {
        return Ok(false);
    };
    let groups = groups(ctx, &slot, window_from, now, None).await?;
    let earliest = groups
        .keys()
        .map(|group| group.since)
        .min()
        .unwrap_or(window_from)
        .min(window_from);
    let maker = Maker::of(config, spec);
    let edition = maker
        .edition(&ctx.db, slot, window_from, earliest, &make::followed(&groups))
        .await?;
    let outcome = if edition.stories.is_empty() && !spec.send_empty {
        "empty"
    } else {
        "queueing"
    };
    let (n_stories, n_readers) = (edition.stories.len(), groups.values().sum::<usize>());
    let row = edition.clone();
    crash::point("before_compose");
    let clock = Arc::clone(&ctx.clock);
    let recorded = ctx.db.write(move |tx| {
        if !window::is_open(tx, &row.slot, told_until, clock.now())? {
            return Ok(None);
        }
        digests::record(tx, &row, outcome, now)
    });
    let Some(id) = recorded.await? else {
        return Ok(false);
    };
    crash::point("after_compose");
    let late = now.since(edition.slot.due_at).as_secs_f64();
    metrics::histogram!("courant_digest_late_seconds").record(late);
    tracing::info!(
        digest.key = spec.key,
        digest.id = id.get(),
        slot = edition.slot.key,
        n_stories,
        n_readers,
        n_superseded,
        n_put_off,
        n_audiences_max = groups.len(),
        outcome,
        "edition composed"
    );
    if outcome == "empty" {
        metrics::counter!("courant_digests_total", "digest" => spec.key.clone(), "outcome" => "empty").increment(1);
        return Ok(true);
    }
    queue(
        ctx,
        config,
        spec,
        &Unfinished {
            id,
            composed_at: now,
            edition,
        },
    )
    .await?;
    Ok(true)
}
