//! The daemon: builds the surroundings, starts the loops and the doors, and stops them in order.
//!
//! The only place that starts work which lives on. Order of shutdown: doors stop, loops claim nothing more, running
//! fetches are dropped (their lease expires), a message past `DATA` is waited for and recorded, the log is written
//! back, exit.

mod beat;
mod checkup;
mod housekeeping;
mod notices;
mod signals;
mod tick_loop;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::config::{Config, KnownSlugs, StorySettings};
use crate::context::{Ctx, Next};
use crate::ingest::Poller;
use crate::mail::Mailer;
use crate::mail::render::Templates;
use crate::ops::systemd::Notifier;
use crate::store::{self, Db};
use crate::stories::Grouper;
use crate::{digest, ingest, stories, subscribe};
use beat::Beats;
use signals::{Reload, Signals};
use tick_loop::Loop;

/// The loops: a name for logs and metrics, and the wake-up of that name.
macro_rules! loops {
    ($($constant:ident = $name:ident),* $(,)?) => {
        $(const $constant: Loop = Loop {
            name: stringify!($name),
            wake: |wakes| &wakes.$name,
        };)*
        const LOOPS: &[&str] = &[$($constant.name),*];
    };
}

loops! {
    INGEST = ingest,
    LISTS = lists,
    WEBSUB = websub,
    TEXTS = texts,
    STORIES = stories,
    DIGEST = digest,
    MAIL = mail,
    HOUSEKEEPING = housekeeping,
}

/// Swaps the configuration all stages see.
pub type Swap = watch::Sender<Arc<Config>>;

/// The names a configuration may refer to beside those it defines.
#[must_use]
pub fn known_slugs() -> KnownSlugs {
    let tagger = stories::tag::Tagger::new(&StorySettings::default());
    KnownSlugs {
        companies: Some(tagger.known_slugs().into_iter().map(str::to_owned).collect()),
        themes: Some(tagger.themes().iter().map(|theme| theme.slug.clone()).collect()),
        score_parts: Some(
            digest::rank::WEIGHTS
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        ),
    }
}

/// Opens the database and brings it in step with the configuration. The sender swaps the configuration on reload.
///
/// # Errors
/// When the database cannot be used.
pub async fn open(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<(Ctx, Swap)> {
    let (ctx, swap) = open_unreconciled(config, clock, random).await?;
    ingest::reconcile(&ctx).await?;
    Ok((ctx, swap))
}

async fn open_unreconciled(
    config: Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> anyhow::Result<(Ctx, Swap)> {
    let db = Db::open(&config.database.path)?;
    let config = config.with_listed(&db.read(store::lists::listed).await?);
    let (sender, receiver) = watch::channel(Arc::new(config));
    Ok((Ctx::new(receiver, db, clock, random), sender))
}

/// Beside a daemon only feeds that are new in the file are added: it polls what its own configuration says, and the file may
/// just be edited, or be another one.
///
/// Says whether there is one.
async fn open_beside(config: Config) -> anyhow::Result<(Ctx, Swap, bool)> {
    let has_daemon = store::is_held(&config.database.path);
    let (ctx, swap) = open_unreconciled(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    if has_daemon {
        ingest::add_new(&ctx).await?;
    } else {
        ingest::reconcile(&ctx).await?;
    }
    Ok((ctx, swap, has_daemon))
}

/// The surroundings of a command that works beside the daemon or without one: system clock and randomness.
///
/// # Errors
/// When the database cannot be used.
pub async fn open_here(config: Config) -> anyhow::Result<Ctx> {
    Ok(open_beside(config).await?.0)
}

/// The same for one mail from a pipe, which has nothing to do with feeds: they are left as the daemon knows them, though
/// the file may just be edited.
///
/// # Errors
/// When the database cannot be used.
pub fn open_for_mail(config: Config) -> anyhow::Result<Ctx> {
    let db = Db::open(&config.database.path)?;
    // The configuration of one mail does not change: nobody needs the other end.
    let (_, receiver) = watch::channel(Arc::new(config));
    Ok(Ctx::new(receiver, db, Arc::new(SystemClock), Arc::new(SystemRandom)))
}

/// The same for a command that polls: lists of feeds that are due are read first, where no daemon does that.
///
/// # Errors
/// When the database cannot be used.
pub async fn open_to_poll(config: Config) -> anyhow::Result<Ctx> {
    let (ctx, swap, has_daemon) = open_beside(config).await?;
    if !has_daemon {
        read_lists(&ctx, &swap).await?;
    }
    Ok(ctx)
}

/// Reads the lists that are due; where feeds came or went the configuration is put together anew.
///
/// # Errors
/// When the database fails.
async fn read_lists(ctx: &Ctx, swap: &Swap) -> anyhow::Result<Next> {
    let lists = ingest::lists::tick(ctx).await?;
    if lists.changed {
        let listed = ctx.db.read(store::lists::listed).await?;
        swap.send_modify(|config| *config = Arc::new(Config::clone(config).with_listed(&listed)));
        ingest::reconcile(ctx).await?;
    }
    Ok(lists.next)
}

/// What the command line says over the configuration, at start and at each reload.
pub type Adjust = dyn Fn(&mut Config) + Sync;

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start, or a loop cannot go on.
pub async fn run(config_path: &Path, config: Config, adjust: &Adjust) -> anyhow::Result<()> {
    let notifier = Notifier::from_environment();
    // Before anybody is told that we are there: a SIGHUP without a handler would end the process.
    let signals = Signals::install()?;
    let lock = store::lock(&config.database.path)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let grace = config.daemon.shutdown_grace;
    let (ctx, swap) = open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    // Before anything is claimed: with another key than before, the links of every mail would fail.
    ctx.token_key().await?;
    subscribe::configured::reconcile(&ctx).await?;
    checkup::at_start(&ctx).await;
    let mailer = Arc::new(Mutex::new(
        Mailer::start(ctx.clone())
            .await
            .context("Unable to start the mail loop")?,
    ));

    let doors = TaskTracker::new();
    let loops = TaskTracker::new();
    let beats = Beats::default();
    let (failed, mut failure) = watch::channel(None);
    open_doors(&ctx, &doors).await?;
    let swap = Arc::new(swap);
    start_loops(&ctx, &swap, &beats, &loops, &failed, &mailer);

    notifier.ready();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        n_feeds = ctx.config().feeds.len(),
        n_digests = ctx.config().digests.len(),
        "Courant is running"
    );
    let reload = Reload {
        path: config_path,
        adjust,
        swap: &swap,
    };
    let outcome = tokio::select! {
        outcome = signals.serve(&reload, &ctx, &notifier, &beats) => outcome,
        why = ended(&mut failure) => Err(anyhow::anyhow!(why)),
    };
    notifier.stopping();
    stop(&ctx, doors, loops, mailer, grace).await;
    drop(lock);
    outcome
}

/// Waits for a loop that cannot go on, and says why.
async fn ended(failure: &mut watch::Receiver<Option<String>>) -> String {
    match failure.wait_for(Option::is_some).await {
        Ok(why) => why.clone().unwrap_or_default(),
        Err(_) => "all loops are gone".to_owned(),
    }
}

async fn open_doors(ctx: &Ctx, doors: &TaskTracker) -> anyhow::Result<()> {
    if let Some(web) = &ctx.config().web {
        let listener = TcpListener::bind(web.listen).await.with_context(|| {
            format!(
                "Unable to listen on `{}`; set another [web].listen or stop what uses it",
                web.listen
            )
        })?;
        tracing::info!(listen = %web.listen, "Web pages are served");
        let templates = Arc::new(Templates::load(ctx.config().mail.templates.as_deref())?);
        doors.spawn(subscribe::web::serve(ctx.clone(), templates, listener));
    }
    if let Some(listen) = &ctx.config().inbound.lmtp {
        let listener = subscribe::lmtp::Listener::bind(listen).await.with_context(|| {
            format!("Unable to listen on `{listen}`; set another [inbound].lmtp or stop what uses it")
        })?;
        tracing::info!(%listen, "Mails are taken by LMTP");
        let templates = Arc::new(Templates::load(ctx.config().mail.templates.as_deref())?);
        doors.spawn(subscribe::lmtp::serve(ctx.clone(), templates, listener));
    }
    if ctx.config().inbound.imap.is_some() {
        let templates = Arc::new(Templates::load(ctx.config().mail.templates.as_deref())?);
        let pace = subscribe::imap::Pace::default();
        doors.spawn(subscribe::imap::serve(ctx.clone(), templates, pace));
    }
    doors.close();
    Ok(())
}

fn start_loops(
    ctx: &Ctx,
    swap: &Arc<Swap>,
    beats: &Beats,
    loops: &TaskTracker,
    failed: &watch::Sender<Option<String>>,
    mailer: &Arc<Mutex<Mailer>>,
) {
    macro_rules! start {
        ($which:expr, $tick:expr) => {{
            let (ctx, beats, failed) = (ctx.clone(), beats.clone(), failed.clone());
            loops.spawn(async move {
                if let Err(error) = $which.run(ctx, beats, $tick).await {
                    failed.send_replace(Some(format!("{error:#}")));
                }
            });
        }};
    }
    let poller = Poller::default();
    start!(INGEST, move |ctx| {
        let poller = poller.clone();
        async move { Ok(poller.tick(&ctx).await?) }
    });
    let swap = Arc::clone(swap);
    start!(LISTS, move |ctx| {
        let swap = Arc::clone(&swap);
        async move { read_lists(&ctx, &swap).await }
    });
    start!(WEBSUB, |ctx| async move { Ok(ingest::websub::tick(&ctx).await?) });
    start!(TEXTS, |ctx| async move { Ok(ingest::full_text::tick(&ctx).await?) });
    let grouper = Arc::new(Mutex::new(Grouper::new(ctx.clone())));
    start!(STORIES, move |_ctx| {
        let grouper = Arc::clone(&grouper);
        async move { Ok(grouper.lock().await.tick().await?) }
    });
    start!(DIGEST, |ctx| async move { Ok(digest::tick(&ctx).await?) });
    let mailer = Arc::clone(mailer);
    start!(MAIL, move |_ctx| {
        let mailer = Arc::clone(&mailer);
        async move { Ok(mailer.lock().await.tick().await?) }
    });
    start!(HOUSEKEEPING, |ctx| async move { housekeeping::tick(&ctx).await });
    loops.close();
}

async fn stop(ctx: &Ctx, doors: TaskTracker, loops: TaskTracker, mailer: Arc<Mutex<Mailer>>, grace: Duration) {
    ctx.shutdown.cancel();
    let ended = tokio::time::timeout(grace, async {
        doors.wait().await;
        loops.wait().await;
        // The loops are gone, so nobody else holds it.
        if let Some(mailer) = Arc::into_inner(mailer) {
            mailer.into_inner().close().await;
        }
    })
    .await;
    if ended.is_err() {
        tracing::warn!(
            "Some work did not end within shutdown_grace; what it had claimed is taken up at the next start"
        );
    }
    if let Err(error) = ctx.db.checkpoint().await {
        tracing::warn!(%error, "The write-ahead log could not be written back; the next start does it");
    }
    tracing::info!("Courant has stopped");
}
