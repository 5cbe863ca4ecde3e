//! What a new process finds in the outbox: rows the last one left on the way, and mails that have waited for so long, or in
//! a backup, that they may have been sent by another.

use std::time::Duration;

use tracing::{error, info, warn};

use super::mailer::MailError;
use crate::config::Config;
use crate::context::Ctx;
use crate::crash;
use crate::store::outbox;

/// After a silence longer than this the database may be a restored backup: what waits there may have been sent.
const RESTORE_AFTER: Duration = Duration::from_hours(6);

/// Settles what the time before this process means for the digests that wait, and begins the heartbeat. Only by a clock
/// that is right: by another one a silence would be of no length, or of years.
///
/// # Errors
/// When the database fails.
pub(super) async fn look_back(ctx: &Ctx, config: &Config) -> Result<(), MailError> {
    let now = ctx.now();
    let digests: Vec<(String, Duration)> = config
        .digests
        .iter()
        .map(|digest| (digest.key.clone(), digest.catch_up))
        .collect();
    let (restored, n_superseded) = ctx
        .db
        .write(move |tx| {
            let restored = outbox::settle_restored(tx, now)?;
            let silent = outbox::last_heartbeat(tx)?.map(|at| now.since(at));
            let mut n_superseded = 0;
            if silent.is_some_and(|silence| silence > RESTORE_AFTER) {
                for (digest, catch_up) in digests {
                    n_superseded += outbox::supersede_editions(tx, &digest, now.minus(catch_up), now)?;
                }
            }
            outbox::heartbeat(tx, now)?;
            Ok((restored, n_superseded))
        })
        .await?;
    if let Some(restored) = restored {
        warn!(
            copied_at = restored.copied_at.rfc3339(),
            n_uncertain = restored.n_uncertain,
            "This database is a restored backup: digests that waited in it are held as uncertain, and slots up to now \
             count as mailed"
        );
    }
    if n_superseded > 0 {
        warn!(
            n = n_superseded,
            "Old editions were waiting after a long silence; they are not sent"
        );
    }
    Ok(())
}

/// Settles what the last process left on the way, and says what a person should know. Returns the epoch begun.
///
/// # Errors
/// When the database fails.
pub(super) async fn begin(ctx: &Ctx, resend: bool) -> Result<i64, MailError> {
    let now = ctx.now();
    let recovery = ctx
        .db
        .write(move |tx| {
            crash::point("before_recovery");
            outbox::begin_epoch(tx, now, resend)
        })
        .await?;
    crash::point("after_recovery");
    if recovery.n_uncertain > 0 {
        error!(
            n = recovery.n_uncertain,
            "Messages were on the wire when the last process ended; see `courant outbox list --uncertain`"
        );
    }
    info!(
        epoch = recovery.epoch,
        n_requeued = recovery.n_requeued,
        n_resent = recovery.n_resent,
        "The outbox is taken over"
    );
    Ok(recovery.epoch)
}
