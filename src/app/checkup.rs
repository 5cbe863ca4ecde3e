//! Whether the database is whole: a quick look at start, and the whole file read once a week. What is found is known to
//! [`crate::store::Db`], and nothing is sent until a full look finds nothing.

use std::time::{Duration, Instant};

use crate::context::Ctx;
use crate::halt;
use crate::store::Depth;
use crate::store::integrity;
use crate::time::Timestamp;

/// The look at start takes hardly longer, so that a daemon with gigabytes stored is there at once; of so large a file it sees the
/// beginning.
const START_MAX: Duration = Duration::from_millis(500);
/// So many steps, of a few megabytes, are taken however long they last: a small file is seen whole on a machine that stands
/// still, too.
const STEPS_FREE: u32 = 4;
/// The whole file is read as often; once it was found damaged, daily, until it is whole again.
const EVERY: Duration = Duration::from_hours(7 * 24);
const AGAIN: Duration = Duration::from_hours(24);
/// A fresh or upgraded installation has other things to do on its first day.
const FIRST_AFTER: Duration = Duration::from_hours(24);
/// Reading pauses as often, for as long: half of the disk and of a core stay for others.
const BURST: Duration = Duration::from_millis(20);

/// The look at start. What it finds stops the sending at once, and the loop looks closely next.
pub async fn at_start(ctx: &Ctx) {
    let began = Instant::now();
    let mut n = 0_u32;
    let goes_on = move || {
        n += 1;
        n <= STEPS_FREE || began.elapsed() < START_MAX
    };
    match ctx.db.look(Depth::Quick, goes_on).await {
        Ok(Some(found)) if !found.is_empty() => tracing::error!(damage = found, "The database is damaged"),
        Ok(Some(_)) => {}
        Ok(None) => {
            tracing::info!("The database is too large to be looked at whole at each start; that is done weekly");
        }
        Err(error) => tracing::error!(%error, "The database could not be looked at"),
    }
}

/// Reads the whole file when it is time to, or when something speaks against it.
///
/// # Errors
/// When the file cannot be read, or what was found cannot be kept; it is known to this process all the same.
pub async fn tick(ctx: &Ctx) -> anyhow::Result<()> {
    let now = ctx.now();
    let was_damaged = !ctx.db.damage().is_empty();
    if !ctx.db.wants_a_look() {
        if halt::is_wrong(now) {
            return Ok(());
        }
        let due_at = ctx.db.read(integrity::due_at).await?;
        if let Some(put_off) = first(due_at, now) {
            ctx.db.write(move |tx| integrity::put_off(tx, put_off)).await?;
            return Ok(());
        }
        if !is_due(due_at, now) {
            return Ok(());
        }
    }
    let Some(found) = look(ctx).await? else {
        return Ok(());
    };
    let next = now.plus(if found.is_empty() { EVERY } else { AGAIN });
    if !found.is_empty() {
        tracing::error!(
            damage = found,
            "The database is damaged: nothing is sent until it is whole; put the last good backup in its place"
        );
    } else if was_damaged {
        tracing::warn!("The database was read whole, and nothing is wrong with it");
    }
    ctx.db
        .write(move |tx| {
            integrity::put_off(tx, next)?;
            integrity::keep(tx, &found)
        })
        .await?;
    if was_damaged {
        ctx.wakes.digest.notify_one();
        ctx.wakes.mail.notify_one();
    }
    Ok(())
}

/// A full look with pauses; `None` when the process is to stop before its end.
async fn look(ctx: &Ctx) -> anyhow::Result<Option<String>> {
    let shutdown = ctx.shutdown.clone();
    let mut since = Instant::now();
    let go_on = move || {
        if since.elapsed() >= BURST {
            std::thread::sleep(BURST);
            since = Instant::now();
        }
        !shutdown.is_cancelled()
    };
    Ok(ctx.db.look(Depth::Full, go_on).await?)
}

/// Until when the first look is put off, where none was planned yet.
fn first(due_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    due_at.is_none().then(|| now.plus(FIRST_AFTER))
}

/// A clock that went back must not put it off for ever.
fn is_due(due_at: Option<Timestamp>, now: Timestamp) -> bool {
    due_at.is_some_and(|at| at <= now || at > now.plus(EVERY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_comes_after_a_day_and_a_clock_put_back_hides_none() {
        let at = Timestamp::from_unix;
        let day = 86_400;
        assert_eq!(first(None, at(0)), Some(at(day)));
        assert_eq!(first(Some(at(day)), at(0)), None);
        assert!(!is_due(Some(at(day)), at(day - 1)));
        assert!(is_due(Some(at(day)), at(day)));
        assert!(!is_due(Some(at(7 * day)), at(0)));
        assert!(is_due(Some(at(7 * day + 1)), at(0)));
    }
}
