//! A recorded edition to its readers: who they are by group, what each group sees, one delivery a reader.

use std::collections::BTreeMap;

use super::audience::{self, Group};
use super::make::Maker;
use super::{Result, history};
use crate::config::{Config, DigestSettings};
use crate::context::Ctx;
use crate::crash;
use crate::mail::message::message_id;
use crate::mail::render::Templates;
use crate::model::{AudienceId, DeliveryKind, Edition, EditionId, Slot, SubscriptionId};
use crate::store::digests::{self, ReaderQuery, ReaderRow, Unfinished};
use crate::store::outbox::{NewDelivery, enqueue};
use crate::time::Timestamp;

/// Deliveries queued in one transaction.
const CHUNK: usize = 500;

/// Readers of a slot by group, with how many each has.
pub(super) async fn groups(
    ctx: &Ctx,
    slot: &Slot,
    window_from: Timestamp,
    by: Timestamp,
    edition: Option<EditionId>,
) -> Result<BTreeMap<Group, usize>> {
    let (slot, mut found) = (slot.clone(), BTreeMap::new());
    let history = history(slot.due_at, window_from);
    let digest = slot.digest.clone();
    let past = ctx
        .db
        .read(move |conn| digests::past_audiences(conn, &digest, history))
        .await?;
    let mut after = 0;
    loop {
        let rows = chunk(ctx, &slot, by, history, edition, after).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.subscription.get();
        for row in &rows {
            *found
                .entry(audience::group(row, &past, &slot.schedule, window_from))
                .or_default() += 1;
        }
    }
}

async fn chunk(
    ctx: &Ctx,
    slot: &Slot,
    by: Timestamp,
    history: Timestamp,
    edition: Option<EditionId>,
    after: i64,
) -> Result<Vec<ReaderRow>> {
    let slot = slot.clone();
    let read = move |conn: &crate::store::rusqlite::Connection| {
        let ask = ReaderQuery {
            digest: &slot.digest,
            schedule: &slot.schedule,
            by,
            history,
            edition,
        };
        digests::readers(conn, &ask, after, CHUNK)
    };
    Ok(ctx.db.read(read).await?)
}

/// Queues the deliveries of a recorded edition; whoever has one already keeps it.
pub(super) async fn queue(ctx: &Ctx, config: &Config, spec: &DigestSettings, row: &Unfinished) -> Result<()> {
    let edition = &row.edition;
    let templates = Templates::load(config.mail.templates.as_deref())?;
    let digest = edition.digest.clone();
    let history = history(edition.slot.due_at, edition.window_from);
    let past = ctx
        .db
        .read(move |conn| digests::past_audiences(conn, &digest, history))
        .await?;
    let names = ctx.db.read(digests::theme_names).await?;
    let maker = Maker::of(config, spec);
    let names = maker.names(edition, &names);
    let mut audiences: BTreeMap<Group, Option<AudienceId>> = BTreeMap::new();
    let (mut after, mut n_queued) = (0, 0);
    loop {
        let rows = chunk(ctx, &edition.slot, row.composed_at, history, Some(row.id), after).await?;
        let Some(last) = rows.last() else { break };
        after = last.subscription.get();
        let mut wanted: Vec<(SubscriptionId, AudienceId)> = Vec::new();
        for reader in &rows {
            let group = audience::group(reader, &past, &edition.slot.schedule, edition.window_from);
            let audience = if let Some(known) = audiences.get(&group) {
                *known
            } else {
                let made = lay_out(ctx, &maker, &templates, row.id, edition, &group, &past, &names).await?;
                audiences.insert(group, made);
                made
            };
            wanted.extend(audience.map(|audience| (reader.subscription, audience)));
        }
        n_queued += enqueue_chunk(ctx, config, row, wanted).await?;
        crash::point("after_enqueue");
    }
    crash::point("before_queued");
    let (id, outcome) = (
        row.id,
        if audiences.values().any(Option::is_some) {
            "queued"
        } else {
            "empty"
        },
    );
    ctx.db.write(move |tx| digests::finish(tx, id, outcome)).await?;
    metrics::counter!("courant_digests_total", "digest" => spec.key.clone(), "outcome" => outcome).increment(1);
    tracing::info!(
        digest.key = spec.key,
        digest.id = id.get(),
        slot = edition.slot.key,
        n_queued,
        n_audiences = audiences.len(),
        outcome,
        "edition queued"
    );
    ctx.wakes.mail.notify_one();
    Ok(())
}

/// Lays an edition out for a group and records it; `None` when there is nothing to tell.
#[expect(clippy::too_many_arguments, reason = "one call, and each is a different thing")]
async fn lay_out(
    ctx: &Ctx,
    maker: &Maker<'_>,
    templates: &Templates,
    id: EditionId,
    edition: &Edition,
    group: &Group,
    past: &BTreeMap<AudienceId, digests::PastAudience>,
    names: &BTreeMap<String, String>,
) -> Result<Option<AudienceId>> {
    let had = group.stories_had(past, edition);
    let choices = group.choices();
    let layout = maker.layout(templates, edition, &choices, &had, group.since, names)?;
    if layout.sections.is_empty() && !maker.spec.send_empty {
        return Ok(None);
    }
    let key = audience::key(&group.choices, &had, group.since);
    let json = group.choices.clone();
    let audience = ctx
        .db
        .write(move |tx| digests::audience(tx, id, &key, &json, &layout))
        .await?;
    crash::point("after_audience");
    Ok(Some(audience))
}

async fn enqueue_chunk(
    ctx: &Ctx,
    config: &Config,
    row: &Unfinished,
    wanted: Vec<(SubscriptionId, AudienceId)>,
) -> Result<usize> {
    let (id, now, due) = (row.id, ctx.now(), row.edition.slot.due_at);
    let domain = config
        .mail
        .from
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    let new: Vec<NewDelivery> = wanted
        .into_iter()
        .map(|(subscription, audience)| NewDelivery {
            dedupe_key: format!("e{id}:s{subscription}"),
            kind: DeliveryKind::Digest,
            audience: Some(audience),
            subscription: Some(subscription),
            recipient: String::new(),
            message_id: message_id("d", due, id.get(), ctx.random.below(u64::MAX), domain),
            message: Vec::new(),
            queued_at: now,
        })
        .collect();
    let queued = ctx.db.write(move |tx| {
        let mut n = 0;
        for delivery in &new {
            n += usize::from(enqueue(tx, delivery)?.is_some());
            crash::point("mid_enqueue");
        }
        Ok(n)
    });
    Ok(queued.await?)
}
