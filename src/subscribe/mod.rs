//! What people ask of us by mail and by web page: read (`inbound`, `command`), decided (`decide`, `choose`), carried out
//! and answered in one transaction (`desk`, `answer`).
//!
//! A mail is acknowledged only after the commit: a crash before leaves it with the MTA, a crash after leaves the answer
//! in the outbox, and the same mail again is known by its fingerprint.

mod answer;
pub mod bounces;
pub mod choose;
pub mod command;
pub mod configured;
pub mod decide;
pub mod desk;
pub mod imap;
pub mod inbound;
pub mod lmtp;
pub mod note;
pub mod web;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::desk::{Desk, Done, Order, Way};
use self::inbound::{Envelope, Ignored, Inbound, ListAddress, Policy, ReportKind, read_mail};
use crate::address::Address;
use crate::config::Config;
use crate::context::Ctx;
use crate::crash;
use crate::mail::render::Templates;
use crate::store::{self, StoreError, subscribers};

/// Requests that were never confirmed are forgotten after this.
const PENDING_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Fingerprints and budgets are kept this long.
const INBOUND_KEPT: Duration = Duration::from_secs(31 * 86_400);
/// Of mails that were ignored only this long, for the operator to look at.
const IGNORED_KEPT: Duration = Duration::from_secs(86_400);

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Carried out.
    Done(Done),
    /// Not answered, and why.
    Ignored(Ignored),
    /// Handled before.
    Repeated,
    /// A report about a delivery of ours, kept.
    Bounce(ReportKind),
    /// A report without a mark of ours: about no mail we know of.
    UnknownBounce,
}

impl Handled {
    /// Its name in the database and in metrics.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Done(done) => done.name(),
            Self::Ignored(ignored) => format!("ignored:{}", ignored.name()),
            Self::Repeated => "repeated".to_owned(),
            Self::Bounce(kind) => format!("bounce:{}", kind.word()),
            Self::UnknownBounce => "bounce:unknown".to_owned(),
        }
    }
}

/// Handles one mail. When it returns, what follows from the mail is durable.
///
/// # Errors
/// When the database fails: the mail must be kept and tried again.
pub async fn handle(ctx: &Ctx, templates: &Arc<Templates>, raw: &[u8], envelope: &Envelope) -> store::Result<Handled> {
    let config = ctx.config();
    let policy = policy(&config)?;
    let read = read_mail(raw, envelope, &policy)
        .map_err(|e| StoreError::Unusable(format!("no thread to read a mail on: {e}")))?;
    let handled = match read {
        Inbound::Report(report) => {
            let (key, now, print) = (ctx.token_key().await?, ctx.now(), fingerprint(raw));
            ctx.db
                .write(move |tx| {
                    if store::inbound::seen(tx, &print)? {
                        return Ok(Handled::Repeated);
                    }
                    let handled = bounces::record(tx, &key, &report, now)?;
                    store::inbound::remember(tx, &print, &handled.name(), now)?;
                    Ok(handled)
                })
                .await?
        }
        Inbound::Ignored(ignored) => remember(ctx, fingerprint(raw), Handled::Ignored(ignored)).await?,
        Inbound::Request(request) => {
            let order = Order::of_mail(*request);
            let desk = desk(ctx, templates).await?;
            let print = fingerprint(raw);
            let handled = ctx
                .db
                .write(move |tx| {
                    if store::inbound::seen(tx, &print)? {
                        return Ok(Handled::Repeated);
                    }
                    let handled = Handled::Done(desk.carry_out(tx, &order)?);
                    store::inbound::remember(tx, &print, &handled.name(), desk.now)?;
                    crash::point("inbound_before_commit");
                    Ok(handled)
                })
                .await?;
            crash::point("inbound_after_commit");
            ctx.wakes.mail.notify_one();
            ctx.wakes.stories.notify_one();
            handled
        }
    };
    metrics::counter!("courant_inbound_total", "outcome" => handled.name()).increment(1);
    tracing::info!(outcome = handled.name(), size_bytes = raw.len(), "a mail was read");
    Ok(handled)
}

/// Handles an order from a page.
///
/// # Errors
/// When the database fails.
pub async fn order(ctx: &Ctx, templates: &Arc<Templates>, order: Order) -> store::Result<Done> {
    let desk = desk(ctx, templates).await?;
    let done = ctx.db.write(move |tx| desk.carry_out(tx, &order)).await?;
    ctx.wakes.mail.notify_one();
    metrics::counter!("courant_inbound_total", "outcome" => done.name()).increment(1);
    Ok(done)
}

/// Forgets requests nobody confirmed, and old fingerprints and budgets. Returns how many requests went.
///
/// # Errors
/// When the database fails.
pub async fn tidy(ctx: &Ctx) -> store::Result<usize> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            store::inbound::purge(tx, now.minus(INBOUND_KEPT), now.minus(IGNORED_KEPT))?;
            store::bounces::purge(tx, now.minus(bounces::KEPT))?;
            store::corrections::purge(tx, now.minus(bounces::KEPT))?;
            subscribers::purge_pending(tx, now.minus(PENDING_KEPT))
        })
        .await
}

/// What orders are carried out with, at this moment.
///
/// # Errors
/// When the database fails.
pub async fn desk(ctx: &Ctx, templates: &Arc<Templates>) -> store::Result<Desk> {
    let (mut confirm, mut random) = ([0; 20], [0; 8]);
    ctx.random.fill(&mut confirm);
    ctx.random.fill(&mut random);
    Ok(Desk {
        config: ctx.config(),
        templates: Arc::clone(templates),
        key: ctx.token_key().await?,
        now: ctx.now(),
        confirm,
        random: u64::from_le_bytes(random),
    })
}

async fn remember(ctx: &Ctx, print: [u8; 32], handled: Handled) -> store::Result<Handled> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| store::inbound::remember(tx, &print, &handled.name(), now))
        .await?;
    Ok(handled)
}

fn policy(config: &Config) -> store::Result<Policy> {
    let parse = |address: &str| {
        Address::parse(address).map_err(|e| StoreError::Unusable(format!("[mail] address `{address}`: {e}")))
    };
    Ok(Policy {
        list: ListAddress::new(&parse(&config.mail.list_address)?),
        own: vec![parse(&config.mail.from)?],
        authserv_id: config.inbound.authserv_id.clone(),
        message_max: config.inbound.message_max,
        languages: config.mail.languages.clone(),
    })
}

fn fingerprint(raw: &[u8]) -> [u8; 32] {
    Sha256::digest(raw).into()
}

#[cfg(test)]
mod tests;
