//! Subscribing without a question, by the operator's word.

use crate::address::Address;
use crate::context::Ctx;
use crate::model::{Choices, SubscriptionStatus};
use crate::store::subscribers::{self, NewPending, Step};
use crate::subscribe::choose;
use crate::token;

/// Ways of ending a subscription that are the operator's own, who may take them back.
const BY_OPERATOR: [&str; 2] = ["admin", "config"];

/// Subscribes without a question; `false` for an address on the list of those we never mail, and for one that left.
pub async fn subscribe_at_once(
    ctx: &Ctx,
    address: &Address,
    digest: &str,
    mut choices: Choices,
) -> anyhow::Result<bool> {
    let key = ctx.token_key().await?;
    let hash = token::address_hash(&key, &address.key());
    let config = ctx.config();
    choose::canonical(&mut choices);
    let schedule = config
        .digests
        .iter()
        .find(|d| d.key == digest)
        .map(|d| choose::schedule_of(&choices, &d.schedule, d.zone))
        .transpose()?
        .unwrap_or_default();
    let (address, digest, now) = (address.clone(), digest.to_owned(), ctx.now());
    let mut unused = [0; 32];
    ctx.random.fill(&mut unused);
    let added = ctx
        .db
        .write(move |tx| {
            if subscribers::suppression(tx, &hash)?.is_some() {
                return Ok(false);
            }
            let person = subscribers::ensure(tx, &address.typed(), &address.key(), now)?;
            let held = subscribers::subscriptions(tx, person.id)?;
            if held
                .iter()
                .any(|s| s.digest == digest && s.status == SubscriptionStatus::Active)
            {
                return Ok(true);
            }
            if let Some(held) = held.iter().find(|s| s.digest == digest)
                && subscribers::ended_by(tx, held.id)?.is_some_and(|way| !BY_OPERATOR.contains(&way.as_str()))
            {
                return Ok(false);
            }
            let new = NewPending {
                subscriber: person.id,
                digest: &digest,
                source: "admin",
                choices: &choices,
                schedule: &schedule,
                token_hash: unused,
                expires_at: now,
                asked_at: now,
            };
            let id = subscribers::put_pending(tx, &new)?;
            subscribers::activate(tx, id, now)?;
            subscribers::add_consent(tx, id, Step::Confirmed, "admin", "operator", now)?;
            Ok(true)
        })
        .await?;
    Ok(added)
}
