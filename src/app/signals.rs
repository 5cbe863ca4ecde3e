//! What the outside tells a running daemon: stop, reload, are you alive.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::beat::Beats;
use super::{Adjust, LOOPS};
use crate::config::{self, Config};
use crate::context::Ctx;
use crate::ingest;
use crate::ingest::health::tally;
use crate::model::DeliveryStatus;
use crate::ops::systemd::Notifier;
use crate::store;
use crate::subscribe;

/// How long the database may take to answer before the watchdog is not fed.
const DB_ANSWER_MAX: Duration = Duration::from_secs(10);
const STATUS_EVERY: Duration = Duration::from_mins(1);
const WATCHDOG_EVERY: Duration = Duration::from_secs(20);

/// What a reload needs.
pub struct Reload<'a> {
    /// The configuration file.
    pub path: &'a Path,
    /// What the command line says over it.
    pub adjust: &'a Adjust,
    /// Takes the new configuration.
    pub swap: &'a watch::Sender<Arc<Config>>,
}

/// The installed handlers.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Installs them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Serves signals and the watchdog until it is time to stop.
    ///
    /// # Errors
    /// Never; the type is that of what it waits beside.
    pub async fn serve(self, reload: &Reload<'_>, ctx: &Ctx, notifier: &Notifier, beats: &Beats) -> anyhow::Result<()> {
        let Self {
            mut terminate,
            mut interrupt,
            mut hangup,
        } = self;
        let mut status = tokio::time::interval(STATUS_EVERY);
        let mut watchdog = tokio::time::interval(notifier.watchdog_interval().unwrap_or(WATCHDOG_EVERY));
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => reload.run(ctx, notifier).await,
                _ = status.tick() => show_status(ctx, notifier).await,
                _ = watchdog.tick() => feed_watchdog(ctx, notifier, beats).await,
            }
        }
        tracing::info!("Stopping; a second signal stops at once");
        // A second signal must not wait for a slow server.
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("Stopping at once");
            std::process::exit(1);
        });
        Ok(())
    }
}

impl Reload<'_> {
    /// Checks the whole file, then swaps it; a bad one changes nothing.
    async fn run(&self, ctx: &Ctx, notifier: &Notifier) {
        notifier.reloading();
        let listed = ctx
            .db
            .read(store::lists::listed)
            .await
            .map_err(|error| error.to_string());
        match listed.and_then(|listed| Ok(self.load(ctx)?.with_listed(&listed))) {
            Ok(config) => {
                self.swap.send_replace(Arc::new(config));
                // A list that was read meanwhile was put into the configuration that is gone now.
                if let Ok(listed) = ctx.db.read(store::lists::listed).await {
                    self.swap
                        .send_modify(|config| *config = Arc::new(Config::clone(config).with_listed(&listed)));
                }
                if let Err(error) = ingest::reconcile(ctx).await {
                    tracing::error!(error = format!("{error:#}"), "The feeds could not be brought in step");
                }
                if let Err(error) = subscribe::configured::reconcile(ctx).await {
                    tracing::error!(%error, "The subscribers could not be brought in step");
                }
                tracing::info!("Configuration reloaded; [web], [log] and [daemon] take effect at the next start");
                notifier.ready();
                for wake in [
                    &ctx.wakes.ingest,
                    &ctx.wakes.lists,
                    &ctx.wakes.stories,
                    &ctx.wakes.digest,
                    &ctx.wakes.mail,
                ] {
                    wake.notify_waiters();
                }
            }
            Err(problems) => {
                tracing::error!("The configuration was not reloaded, the old one stays:\n{problems}");
                notifier.ready();
                notifier.status("The configuration was not reloaded, the old one stays; see the log");
            }
        }
    }

    fn load(&self, ctx: &Ctx) -> Result<Config, String> {
        let mut config = config::load(self.path, &super::known_slugs()).map_err(|problems| problems.to_string())?;
        (self.adjust)(&mut config);
        let old = ctx.config();
        if config.database.path != old.database.path {
            return Err("[database].path changed; restart Courant to use another database".into());
        }
        if config.mail.token_key != old.mail.token_key {
            return Err(
                "[mail].token_key changed; links in mails sent before would fail. Stop Courant, run \
                        `courant token-key --adopt`, and start it to sign with the new key"
                    .into(),
            );
        }
        crate::mail::render::Templates::load(config.mail.templates.as_deref()).map_err(|e| e.to_string())?;
        Ok(config)
    }
}

async fn show_status(ctx: &Ctx, notifier: &Notifier) {
    let now = ctx.now();
    let read = ctx
        .db
        .read(|conn| Ok((store::outbox::open_counts(conn)?, store::feeds::list(conn)?)))
        .await;
    if let Ok((open, feeds)) = read {
        for (health, n) in tally(&feeds, now) {
            metrics::gauge!("courant_feed_health", "state" => health.word()).set(n as f64);
        }
        let failing = feeds.iter().filter(|feed| feed.failures > 0).count();
        let count = |status: DeliveryStatus| open.by_status.get(&status).copied().unwrap_or(0);
        let halted = ctx
            .halt()
            .map_or_else(String::new, |halt| format!("Nothing is sent: {}. ", halt.words(now)));
        notifier.status(&format!(
            "{halted}{} feeds, {failing} failing; {} mails waiting, {} uncertain",
            feeds.len(),
            count(DeliveryStatus::Queued),
            count(DeliveryStatus::Uncertain)
        ));
    }
}

/// The watchdog is fed only when the database answers and no loop is stuck.
async fn feed_watchdog(ctx: &Ctx, notifier: &Notifier, beats: &Beats) {
    let now = ctx.now();
    let stuck = beats.stuck(std::time::Instant::now());
    let beat = ctx
        .db
        .write(move |tx| store::settings::put_number(tx, store::settings::HEARTBEAT, now.unix()));
    let answered = matches!(tokio::time::timeout(DB_ANSWER_MAX, beat).await, Ok(Ok(())));
    if answered && stuck.is_empty() {
        notifier.watchdog();
        if beats.all_ended_once(LOOPS) {
            metrics::gauge!("courant_up").set(1.0);
        }
    } else {
        tracing::error!(
            ?stuck,
            database = answered,
            "Not healthy; systemd restarts the service if this lasts"
        );
    }
}
