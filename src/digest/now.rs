//! An edition at this moment, beside the schedule: `courant send-now`.

use super::{DigestError, Result, make_edition, slot};
use crate::config::DigestSettings;
use crate::context::Ctx;
use crate::model::Slot;
use crate::store::digests;
use crate::time::Timestamp;

/// Where the window begins without an earlier edition. The last slot may be due and not be made yet: its window is told, too.
fn first_window(spec: &DigestSettings, due: Timestamp, counts_from: Option<Timestamp>) -> Timestamp {
    let from = slot::first_window(&spec.schedule, spec.zone, due);
    if counts_from.is_some_and(|counts_from| counts_from < from) {
        slot::first_window(&spec.schedule, spec.zone, from)
    } else {
        from
    }
}

/// The daemon may make an edition at the same moment; then this one goes on from there.
const TRIES_MAX: usize = 3;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The slot the edition was made for.
    pub slot: String,
    /// Its stories; 0 when there was nothing new to tell.
    pub n_stories: i64,
    /// Mails queued.
    pub n_queued: i64,
}

/// Composes and queues an edition of what is new since the last one, for the readers of the digest's own schedule. The
/// next regular edition goes on from here, so nothing is told twice. A second call within a minute makes nothing.
///
/// # Errors
/// When the database or a template fails.
pub async fn send_now(ctx: &Ctx, spec: &DigestSettings) -> Result<Made> {
    let config = ctx.config();
    let now = ctx.now();
    let slot = Slot {
        digest: spec.key.clone(),
        schedule: String::new(),
        key: format!("{}[{}]", spec.zone.local(now).iso(), spec.zone),
        due_at: now,
    };
    for _ in 0..TRIES_MAX {
        let (key, now) = (spec.key.clone(), ctx.now());
        let read = ctx.db.read(move |conn| {
            let last = digests::last_slot(conn, &key, "", now)?;
            Ok((last.map(|last| last.window_to), digests::counts_from(conn, &key, "")?))
        });
        let (told_until, counts_from) = read.await?;
        let window_from = told_until.unwrap_or_else(|| first_window(spec, slot.due_at, counts_from));
        if make_edition(ctx, &config, spec, slot.clone(), (told_until, window_from)).await? {
            break;
        }
    }
    let (digest, name) = (spec.key.clone(), slot.key.clone());
    let counted = ctx
        .db
        .read(move |conn| digests::counts(conn, &digest, "", &name))
        .await?;
    let (n_stories, n_queued) = counted.unwrap_or_default();
    Ok::<_, DigestError>(Made {
        slot: slot.key,
        n_stories,
        n_queued,
    })
}
