//! An edition at this moment, beside the schedule: `courant send-now`.

use super::{DigestError, Result, make_edition, slot};
use crate::config::DigestSettings;
use crate::context::Ctx;
use crate::model::Slot;
use crate::store::digests;

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
    let key = spec.key.clone();
    let last = ctx.db.read(move |conn| digests::last_slot(conn, &key, "", now)).await?;
    let window_from = last.map_or_else(
        || slot::first_window(&spec.schedule, spec.zone, now),
        |last| last.window_to,
    );
    let slot = Slot {
        digest: spec.key.clone(),
        schedule: String::new(),
        key: format!("{}[{}]", spec.zone.local(now).iso(), spec.zone),
        due_at: now,
    };
    make_edition(ctx, &config, spec, slot.clone(), window_from).await?;
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
