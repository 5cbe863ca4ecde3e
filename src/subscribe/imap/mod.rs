//! The IMAP door: for people who have a mailbox and no mail server. Unread mails are fetched without marking them, handled
//! like those of every other door, and marked (or moved) only after the commit. A crash in between fetches the mail
//! again; its fingerprint is known then, and only the mark is made.
//!
//! The mailbox should be Courant's own: what a person reads first is not unread, and is left alone.
//!
//! The protocol is spoken by us (`wire`, `connection`): see docs/decisions.md.

mod connection;
mod dial;
mod mailbox;
pub mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::handle;
use super::inbound::Envelope;
use crate::config::ImapSettings;
use crate::context::Ctx;
use crate::mail::render::Templates;
use crate::store::StoreError;
pub use connection::Failure;
use mailbox::Mailbox;

/// Breaks of the connection at one mail, after which it is passed over until the next start.
const BREAKS_MAX: u32 = 3;
/// Mails in one look that could not be written down, after which the rest waits too.
const UNWRITTEN_MAX: usize = 10;

/// How long the door waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For news of the server, before it is asked again. RFC 2177 allows 29 minutes, but routers forget a silent
    /// connection after less, and the news with it.
    pub idle: Duration,
    /// After a first failure; doubled after each further one.
    pub retry: Duration,
    /// After many.
    pub retry_max: Duration,
    /// After a refused login, at least: providers lock accounts that try too often.
    pub login_retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(13),
            retry: Duration::from_secs(5),
            retry_max: Duration::from_mins(10),
            login_retry: Duration::from_mins(5),
        }
    }
}

/// What is known of mails that cannot be fetched.
#[derive(Debug, Default)]
struct Trouble {
    /// The mail that was being fetched when the connection broke, and how often that was.
    at: Option<(u32, u32)>,
    /// Mails passed over.
    skipped: BTreeSet<u32>,
}

/// Reads the mailbox until shutdown.
pub async fn serve(ctx: Ctx, templates: Arc<Templates>, pace: Pace) {
    let (mut n_failures, mut trouble) = (0_u32, Trouble::default());
    while !ctx.shutdown.is_cancelled() {
        let Some(settings) = ctx.config().inbound.imap.clone() else {
            // A reload took the table away: it may come back with the next one.
            wait(&ctx, pace.retry_max).await;
            continue;
        };
        let mut was_open = false;
        let ended = visit(&ctx, &templates, &settings, pace, &mut trouble, &mut was_open).await;
        metrics::gauge!("courant_imap_connected").set(0.0);
        let Err(failure) = ended else { continue };
        n_failures = if was_open { 1 } else { n_failures.saturating_add(1) };
        let pause = pause_after(&failure, n_failures, pace);
        metrics::counter!("courant_imap_failures_total").increment(1);
        tracing::warn!(
            error = %failure,
            n_failures,
            again_in_secs = pause.as_secs(),
            "The mailbox could not be read; mails wait there"
        );
        wait(&ctx, pause).await;
    }
}

/// How long to wait after the nth failure in a row.
fn pause_after(failure: &Failure, n_failures: u32, pace: Pace) -> Duration {
    let doubled = pace
        .retry
        .saturating_mul(1 << n_failures.saturating_sub(1).min(16))
        .min(pace.retry_max);
    match failure {
        Failure::Login(_) => doubled.max(pace.login_retry),
        _ => doubled,
    }
}

async fn wait(ctx: &Ctx, span: Duration) {
    tokio::select! {
        () = ctx.shutdown.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}

/// One connection, for as long as it lasts and the configuration stays.
async fn visit(
    ctx: &Ctx,
    templates: &Arc<Templates>,
    settings: &ImapSettings,
    pace: Pace,
    trouble: &mut Trouble,
    was_open: &mut bool,
) -> Result<(), Failure> {
    let opened = async {
        let login = mailbox::login(settings).await?;
        Mailbox::open(dial::dial(settings).await?, settings, &login).await
    };
    let mut mailbox = tokio::select! {
        opened = opened => opened?,
        () = ctx.shutdown.cancelled() => return Ok(()),
    };
    *was_open = true;
    metrics::gauge!("courant_imap_connected").set(1.0);
    tracing::info!(host = settings.host, mailbox = settings.mailbox, "The mailbox is read");
    // A server that forgets the mark would have us read the same mails for ever.
    let mut marked = BTreeSet::new();
    loop {
        // Once more after news that came with the search; a server that has news at every question would never let us go.
        let mut n_in_vain = 0;
        while n_in_vain < 2 && !ctx.shutdown.is_cancelled() {
            if look(ctx, templates, &mut mailbox, trouble, &mut marked).await? > 0 {
                continue;
            }
            n_in_vain += if mailbox.has_news() { 1 } else { 2 };
        }
        if ctx.shutdown.is_cancelled() || ctx.config().inbound.imap.as_ref() != Some(settings) {
            mailbox.close().await;
            return Ok(());
        }
        let would_tell = settings.idle && mailbox.can_idle() && !mailbox.has_news();
        if !would_tell || !mailbox.idle(pace.idle, &ctx.shutdown).await? {
            wait(ctx, settings.poll).await;
        }
    }
}

/// Takes all unread mails; says how many there were. One that cannot be written down stays unread and is tried again, and
/// does not keep the others from being read.
async fn look(
    ctx: &Ctx,
    templates: &Arc<Templates>,
    mailbox: &mut Mailbox,
    trouble: &mut Trouble,
    marked: &mut BTreeSet<u32>,
) -> Result<usize, Failure> {
    let (mut n_taken, mut unwritten) = (0, Vec::new());
    let unseen = mailbox.unseen().await?;
    for uid in unseen {
        if ctx.shutdown.is_cancelled() {
            return Ok(0);
        }
        if marked.contains(&uid) || trouble.skipped.contains(&uid) {
            continue;
        }
        match take(ctx, templates, mailbox, uid).await {
            Ok(()) => trouble.at = None,
            Err(Failure::Store(error @ StoreError::Other(_))) if unwritten.len() < UNWRITTEN_MAX => {
                unwritten.push(error);
                continue;
            }
            Err(failure) => {
                note(trouble, uid, &failure);
                return Err(failure);
            }
        }
        marked.insert(uid);
        n_taken += 1;
    }
    match unwritten.into_iter().next() {
        Some(error) => Err(error.into()),
        None => Ok(n_taken),
    }
}

/// One mail: its size, its bytes, what follows from it, its mark.
async fn take(ctx: &Ctx, templates: &Arc<Templates>, mailbox: &mut Mailbox, uid: u32) -> Result<(), Failure> {
    let message_max = ctx.config().inbound.message_max;
    let Some(size) = mailbox.size(uid).await? else {
        return Ok(());
    };
    if usize::try_from(size).is_ok_and(|size| size <= message_max) {
        let Some(raw) = mailbox.body(uid, message_max).await? else {
            return Ok(());
        };
        // Whoever wrote into the mailbox is not known: its headers say what the server knew.
        handle(ctx, templates, &raw, &Envelope::default()).await?;
    } else {
        metrics::counter!("courant_inbound_total", "outcome" => "ignored:too_large").increment(1);
        tracing::info!(
            size_bytes = size,
            "a mail in the mailbox is too large and was not fetched"
        );
    }
    mailbox.mark(uid).await
}

/// A mail at which the connection breaks again and again must not keep the others from being read.
fn note(trouble: &mut Trouble, uid: u32, failure: &Failure) {
    if matches!(failure, Failure::Store(_)) {
        return;
    }
    let n = match trouble.at {
        Some((at, n)) if at == uid => n + 1,
        _ => 1,
    };
    trouble.at = Some((uid, n));
    if n >= BREAKS_MAX {
        tracing::warn!(
            uid,
            "A mail cannot be read from the mailbox and is passed over; look at it by hand"
        );
        trouble.skipped.insert(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_retried_ever_more_slowly() {
        let pace = Pace::default();
        let broken = Failure::Silent;
        let pauses: Vec<u64> = [1, 2, 3, 7, 8, 1_000]
            .into_iter()
            .map(|n| pause_after(&broken, n, pace).as_secs())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 320, 600, 600]);
        let refused = Failure::Login(String::new());
        assert_eq!(pause_after(&refused, 1, pace).as_secs(), 300);
        assert_eq!(pause_after(&refused, 20, pace).as_secs(), 600);
    }

    #[test]
    fn a_mail_that_breaks_the_connection_is_passed_over() {
        let mut trouble = Trouble::default();
        for _ in 0..2 {
            note(&mut trouble, 7, &Failure::Silent);
        }
        assert!(trouble.skipped.is_empty());
        note(&mut trouble, 7, &Failure::Silent);
        assert_eq!(trouble.skipped.iter().copied().collect::<Vec<_>>(), [7]);
    }
}
