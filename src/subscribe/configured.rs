//! `[[subscriber]]`: people the operator put into the configuration, brought in step at the start and after a reload.
//!
//! - Who left, bounced, complained or had themselves erased stays away, whatever the file says: the operator's consent
//!   does not outweigh theirs.
//! - What a reader chose later by mail or page stays; the file's choices are applied when its lines change.
//! - Who is taken out of the file is ended, unless they had subscribed by themselves.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::choose;
use crate::address::Address;
use crate::config::SubscriberSettings;
use crate::context::Ctx;
use crate::model::{EndReason, SubscriptionStatus};
use crate::store::rusqlite::Transaction;
use crate::store::subscribers::{self, NewPending, Step};
use crate::store::{self, settings};
use crate::time::Timestamp;
use crate::token::{self, TokenKey};

/// The way and source of what the configuration says.
const WAY: &str = "config";

/// What the configuration came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Subscribed now.
    pub added: usize,
    /// Choices taken over.
    pub changed: usize,
    /// Ended, for they stand in the file no longer.
    pub ended: usize,
    /// Left alone: they left, bounced or complained.
    pub refused: usize,
}

/// Brings the subscriptions in step with `[[subscriber]]`, in one transaction.
///
/// # Errors
/// When the database fails.
pub async fn reconcile(ctx: &Ctx) -> store::Result<Reconciled> {
    let (config, key, now) = (ctx.config(), ctx.token_key().await?, ctx.now());
    let mut unused = vec![[0; 32]; config.subscribers.len()];
    for bytes in &mut unused {
        ctx.random.fill(bytes);
    }
    let done = ctx
        .db
        .write(move |tx| {
            let (mut done, mut kept) = (Reconciled::default(), BTreeSet::new());
            for (person, unused) in config.subscribers.iter().zip(unused) {
                let Ok(address) = Address::parse(&person.address) else {
                    continue;
                };
                kept.insert((address.key(), person.digest.clone()));
                let digest = config.digests.iter().find(|d| d.key == person.digest);
                let schedule = digest
                    .and_then(|d| choose::schedule_of(&person.choices, &d.schedule, d.zone).ok())
                    .unwrap_or_default();
                one(tx, &key, person, &address, &schedule, unused, now, &mut done)?;
            }
            for (id, address_key, digest) in subscribers::configured(tx)? {
                if !kept.contains(&(address_key, digest)) {
                    subscribers::end(tx, id, EndReason::Admin, now)?;
                    subscribers::add_consent(tx, id, Step::Ended, WAY, "operator", now)?;
                    done.ended += 1;
                }
            }
            Ok(done)
        })
        .await?;
    if done != Reconciled::default() {
        tracing::info!(
            n_added = done.added,
            n_changed = done.changed,
            n_ended = done.ended,
            n_refused = done.refused,
            "The [[subscriber]] tables were taken over"
        );
    }
    Ok(done)
}

#[expect(clippy::too_many_arguments, reason = "one row of the loop above, with its state")]
fn one(
    tx: &Transaction<'_>,
    key: &TokenKey,
    person: &SubscriberSettings,
    address: &Address,
    schedule: &str,
    unused: [u8; 32],
    now: Timestamp,
    done: &mut Reconciled,
) -> store::Result<()> {
    if subscribers::suppression(tx, &token::address_hash(key, &address.key()))?.is_some() {
        done.refused += 1;
        return Ok(());
    }
    let row = subscribers::ensure(tx, &address.typed(), &address.key(), now)?;
    let held = subscribers::subscriptions(tx, row.id)?;
    let held = held.iter().find(|s| s.digest == person.digest);
    let print = fingerprint(person);
    match held {
        Some(held) if held.status == SubscriptionStatus::Active => {
            let mark = mark(held.id.get());
            let known = settings::get(tx, &mark)?;
            // Without a mark they came by themselves: their choices are theirs.
            if known.as_ref().is_some_and(|known| *known != print) {
                subscribers::set_choices(tx, held.id, &person.choices, schedule, now)?;
                subscribers::add_consent(tx, held.id, Step::Changed, WAY, "operator", now)?;
                settings::put(tx, &mark, &print)?;
                done.changed += 1;
            }
            return Ok(());
        }
        // Who left stays away, also where somebody typed the address since and nobody answered.
        Some(held) if subscribers::ended_by(tx, held.id)?.is_some_and(|way| way != WAY) => {
            done.refused += 1;
            return Ok(());
        }
        _ => {}
    }
    let new = NewPending {
        subscriber: row.id,
        digest: &person.digest,
        source: WAY,
        choices: &person.choices,
        schedule,
        token_hash: unused,
        expires_at: now,
        asked_at: now,
    };
    let id = subscribers::put_pending(tx, &new)?;
    subscribers::activate(tx, id, now)?;
    subscribers::add_consent(tx, id, Step::Confirmed, WAY, "operator", now)?;
    settings::put(tx, &mark(id.get()), &print)?;
    done.added += 1;
    Ok(())
}

fn mark(id: i64) -> String {
    format!("configured:{id}")
}

/// Tells whether a person's lines in the file have changed.
fn fingerprint(person: &SubscriberSettings) -> Vec<u8> {
    let choices = serde_json::to_vec(&person.choices).unwrap_or_default();
    Sha256::digest(&choices).to_vec()
}
