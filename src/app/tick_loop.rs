//! One loop: tick, sleep until there is something to do, tick again.
//!
//! The wake-up is registered before the tick looks, so none is lost. An error is logged once and backs off; a panic in
//! a tick is caught and counted, and three in a row end the process, so that systemd starts it fresh.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;

use super::beat::Beats;
use crate::context::{Ctx, Next, Wakes};

/// Other processes (`courant inbound`, `courant subscribers`) cannot wake us, so each loop looks by itself this often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const PANICS_MAX: u32 = 3;
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// One of the daemon's loops.
#[derive(Clone, Copy)]
pub struct Loop {
    /// Name in logs and metrics.
    pub name: &'static str,
    /// Its wake-up.
    pub wake: fn(&Wakes) -> &Notify,
}

impl Loop {
    /// Runs ticks until shutdown.
    ///
    /// # Errors
    /// After three panics in a row.
    pub async fn run<F, Fut>(self, ctx: Ctx, beats: Beats, tick: F) -> anyhow::Result<()>
    where
        F: Fn(Ctx) -> Fut + Send + 'static,
        Fut: Future<Output = anyhow::Result<Next>> + Send + 'static,
    {
        let mut panics = 0;
        let mut errors = 0_u32;
        while !ctx.shutdown.is_cancelled() {
            let woken = (self.wake)(&ctx.wakes).notified();
            tokio::pin!(woken);
            woken.as_mut().enable();

            let started = std::time::Instant::now();
            beats.start(self.name, started);
            // A task of its own, so that a panic ends the tick and not the loop.
            let ended = tokio::spawn(tick(ctx.clone())).await;
            beats.end(self.name);
            metrics::histogram!("courant_tick_seconds", "loop" => self.name).record(started.elapsed().as_secs_f64());

            let pause = match ended {
                Ok(Ok(next)) => {
                    panics = 0;
                    errors = 0;
                    metrics::gauge!("courant_tick_last_success_timestamp_seconds", "loop" => self.name)
                        .set(ctx.now().unix() as f64);
                    next.at.since(ctx.now()).min(LOOK_EVERY)
                }
                Ok(Err(error)) => {
                    errors = errors.saturating_add(1);
                    tracing::error!(
                        r#loop = self.name,
                        error = format!("{error:#}"),
                        "A tick failed; trying again"
                    );
                    Duration::from_secs(1 << errors.min(6)).min(BACKOFF_MAX)
                }
                Err(join) if join.is_panic() => {
                    panics += 1;
                    tracing::error!(
                        r#loop = self.name,
                        panics,
                        "A tick panicked; this is a bug, please report it"
                    );
                    anyhow::ensure!(
                        panics < PANICS_MAX,
                        "the {} loop panicked {PANICS_MAX} times in a row",
                        self.name
                    );
                    Duration::from_secs(5)
                }
                Err(_) => return Ok(()),
            };
            tokio::select! {
                () = ctx.shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                () = &mut woken, if errors == 0 && panics == 0 => {}
            }
        }
        Ok(())
    }
}
