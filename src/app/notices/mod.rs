//! Mails to the operator: once a week how it went, and at most once a day that something broke. They leave through the
//! same outbox as everything else, decided and queued in one transaction.

mod decide;

use std::time::Duration;

use decide::{Facts, Notice};

use crate::config::{Config, patch};
use crate::context::Ctx;
use crate::mail::message::{self, MessageSpec};
use crate::mail::render::{OperatorMail, Templates, render_operator};
use crate::model::{DeliveryKind, FeedRow};
use crate::ops::disk;
use crate::store::outbox::{NewDelivery, enqueue};
use crate::store::{feeds, notices, settings, summary};
use crate::time::{Schedule, Timestamp};

/// When the last summary went, and the last notice.
const SUMMARY_AT: &str = "operator_summary_at";
const NOTICE_AT: &str = "operator_notice_at";
/// The summary is for the week before Monday, 08:00, in the first digest's zone.
const WEEKLY: &str = "0 8 * * 1";
const WEEK: Duration = Duration::from_hours(7 * 24);
const DAY: Duration = Duration::from_hours(24);
/// An edition this late is told.
const LATE_SECS: i64 = 30 * 60;

/// Sends what is due. Returns how many mails were queued.
///
/// # Errors
/// When the database or a template fails.
pub async fn tick(ctx: &Ctx) -> anyhow::Result<usize> {
    let config = ctx.config();
    let Some(operator) = config.daemon.operator.clone() else {
        return Ok(0);
    };
    let now = ctx.now();
    let (summary_at, notice_at) = ctx
        .db
        .read(|conn| Ok((settings::number(conn, SUMMARY_AT)?, settings::number(conn, NOTICE_AT)?)))
        .await?;
    let Some(summary_at) = summary_at else {
        // The first week begins now.
        ctx.db
            .write(move |tx| settings::put_number(tx, SUMMARY_AT, now.unix()))
            .await?;
        return Ok(0);
    };
    let mut n_queued = 0;
    if let Some(slot) = last_weekly(&config, now).filter(|slot| slot.unix() > summary_at) {
        let facts = facts(ctx, &config, now, WEEK).await?;
        let mail = decide::weekly(&facts, &config.mail.contact);
        n_queued += queue(ctx, &config, &operator, &mail, SUMMARY_AT, slot, now).await?;
    }
    // A clock that went back must not silence notices for ever.
    let lately = notice_at.is_some_and(|at| at <= now.unix() && now.unix() - at < DAY.as_secs().cast_signed());
    if !lately {
        let facts = facts(ctx, &config, now, DAY).await?;
        if let Some(mail) = decide::notice(&facts, &config.mail.contact) {
            n_queued += queue(ctx, &config, &operator, &mail, NOTICE_AT, now, now).await?;
        }
    }
    Ok(n_queued)
}

fn last_weekly(config: &Config, now: Timestamp) -> Option<Timestamp> {
    let zone = config.digests.first()?.zone;
    let weekly = Schedule::parse(WEEKLY).ok()?;
    weekly
        .last_between(zone, now.minus(WEEK + DAY), now)
        .map(|firing| firing.at)
}

async fn facts(ctx: &Ctx, config: &Config, now: Timestamp, span: Duration) -> anyhow::Result<Facts> {
    let since = now.minus(span);
    let disk = disk::space(ctx.db.path()).ok();
    let damage = ctx.db.damage();
    let facts = ctx.db.read(move |conn| {
        Ok(Facts {
            now,
            feeds: feeds::list(conn)?,
            summary: summary::read(conn, now)?,
            mails: notices::mails(conn, since)?,
            late: notices::late_editions(conn, since, LATE_SECS)?,
            unsent: notices::unsent_editions(conn, now.minus(WEEK), now.minus(decide::UNSENT_AFTER))?,
            disk,
            damage,
            patch: String::new(),
        })
    });
    let facts = facts.await?;
    Ok(Facts {
        patch: moved(config, &facts.feeds),
        ..facts
    })
}

/// The change of the configuration that gives feeds which moved their new address, as `patch` takes it.
fn moved(config: &Config, feeds: &[FeedRow]) -> String {
    let patches = patch::proposed_patches(config, &patch::moves(feeds));
    patches.into_iter().map(|patch| patch.diff).collect()
}

/// Queues a mail and notes its time in one transaction.
async fn queue(
    ctx: &Ctx,
    config: &Config,
    operator: &str,
    notice: &Notice,
    setting: &'static str,
    slot: Timestamp,
    now: Timestamp,
) -> anyhow::Result<usize> {
    let mail = &config.mail;
    let templates = Templates::load(mail.templates.as_deref())?;
    let rendered = render_operator(&templates, &as_mail(notice))?;
    let domain = mail.list_address.rsplit_once('@').map_or("localhost", |(_, d)| d);
    let message_id = message::message_id("n", now, slot.unix(), ctx.random.below(u64::MAX), domain);
    let spec = MessageSpec {
        kind: DeliveryKind::Admin,
        from_name: mail.from_name.clone(),
        from: mail.list_address.clone(),
        to: operator.to_owned(),
        reply_to: None,
        message_id: message_id.clone(),
        date: now,
        in_reply_to: None,
        references: Vec::new(),
        list: None,
        feedback_id: None,
        language: "en".to_owned(),
    };
    let new = NewDelivery {
        dedupe_key: format!("{setting}:{}", slot.unix()),
        kind: DeliveryKind::Admin,
        audience: None,
        subscription: None,
        recipient: operator.to_owned(),
        message_id,
        message: message::build(&spec, &rendered)?,
        queued_at: now,
    };
    let queued = ctx.db.write(move |tx| {
        settings::put_number(tx, setting, now.unix())?;
        enqueue(tx, &new)
    });
    let queued = queued.await?;
    for alert in &notice.alerts {
        tracing::warn!(alert, "The operator is told");
    }
    ctx.wakes.mail.notify_one();
    tracing::info!(what = setting, "a mail to the operator is queued");
    Ok(usize::from(queued.is_some()))
}

fn as_mail(notice: &Notice) -> OperatorMail {
    OperatorMail {
        w: crate::language::Languages::builtin().of("en").service().clone(),
        heading: notice.heading.clone(),
        alerts: notice.alerts.clone(),
        rows: notice.rows.clone(),
        feeds: notice.feeds.clone(),
        editions: notice.editions.clone(),
        patch: notice.patch.clone(),
        contact: notice.contact.clone(),
    }
}
