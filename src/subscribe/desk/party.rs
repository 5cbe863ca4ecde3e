//! Whom an order is about, and which of their subscriptions a command means.

use super::{Desk, Order, Way};
use crate::address::Address;
use crate::config::DigestSettings;
use crate::model::{Subscriber, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::rusqlite::Transaction;
use crate::store::{self, subscribers};
use crate::subscribe::command::Command;
use crate::subscribe::decide::{Standing, Trust};
use crate::subscribe::inbound::Proof;
use crate::token;

/// Whom an order is about.
pub(super) struct Party {
    pub(super) address: Address,
    pub(super) person: Option<Subscriber>,
    pub(super) subscriptions: Vec<Subscription>,
    /// The one subscription a token names.
    pub(super) named: Option<SubscriptionId>,
    /// Those that were asked for in the same mail as the one that a confirm token names.
    pub(super) with_it: Vec<SubscriptionId>,
    pub(super) trust: Trust,
}

impl Party {
    /// Reads the subscriptions again.
    pub(super) fn reload(&mut self, tx: &Transaction<'_>) -> store::Result<()> {
        if let Some(person) = &self.person {
            self.subscriptions = subscribers::subscriptions(tx, person.id)?;
        }
        Ok(())
    }

    fn is_named(&self, subscription: &Subscription) -> bool {
        self.named.is_none_or(|id| id == subscription.id)
    }

    /// Whether they have, or had, a digest of this key.
    fn holds(&self, word: &str) -> bool {
        self.subscriptions.iter().any(|s| s.digest.eq_ignore_ascii_case(word))
    }

    /// What a command finds of a digest. Who wants to see or to erase their data wants that of every digest, one that is
    /// configured no more among them.
    pub(super) fn current(&self, digest: &DigestSettings, command: &Command) -> Option<Subscription> {
        let found = self.subscriptions.iter().find(|s| s.digest == digest.key);
        let any = match command {
            Command::Export | Command::Erase => self.subscriptions.first(),
            _ => None,
        };
        found.or(any).cloned()
    }
}

impl Desk {
    /// Whom the order is about: the owner of a token, else who is named. `None` for a token that leads nowhere and
    /// stands alone.
    pub(super) fn party(&self, tx: &Transaction<'_>, order: &Order) -> store::Result<Option<Party>> {
        let confirm = order.commands.iter().find_map(|c| match c {
            Command::Confirm(token) => Some(token::confirm_hash(token)),
            _ => None,
        });
        let by_id = |id: Option<SubscriptionId>| id.map_or(Ok(None), |id| subscribers::subscription_by_id(tx, id));
        let named = match (&order.proof, &confirm) {
            (_, Some(Some(hash))) => subscribers::by_confirm_hash(tx, hash, self.now)?,
            (_, Some(None)) => None,
            (Proof::Leave(token), None) => by_id(token::check_leave(&self.key, token))?,
            (Proof::Settings(token), None) => by_id(token::check_settings(&self.key, token))?,
            (Proof::Reply(token), None) => by_id(token::check_reply(&self.key, token))?,
            (Proof::None | Proof::Authenticated, None) => None,
        };
        // The answer address of a digest stands in mails that readers forward: it shows who asks, and no more.
        let trust = match order.proof {
            Proof::Reply(_) if confirm.is_none() => Trust::Sender,
            _ => Trust::Token,
        };
        if let Some(named) = named {
            let Some(person) = subscribers::get(tx, named.subscriber)? else {
                return Ok(None);
            };
            let Ok(address) = Address::parse(&person.address) else {
                return Ok(None);
            };
            return Ok(Some(Party {
                address,
                subscriptions: subscribers::subscriptions(tx, person.id)?,
                person: Some(person),
                with_it: self.asked_with(tx, confirm.flatten().as_ref(), &named)?,
                named: Some(named.id),
                trust,
            }));
        }
        let by_token_only = confirm.is_some() || order.way != Way::Mail && !matches!(order.proof, Proof::None);
        let (Some(address), false) = (order.from.clone(), by_token_only) else {
            return Ok(None);
        };
        let person = subscribers::find(tx, &address.key())?;
        let subscriptions = match &person {
            Some(person) => subscribers::subscriptions(tx, person.id)?,
            None => Vec::new(),
        };
        let trust = if order.proof == Proof::Authenticated {
            Trust::Sender
        } else {
            Trust::None
        };
        // What is known is mailed where it always went, not to another spelling of the address.
        let address = person
            .as_ref()
            .and_then(|p| Address::parse(&p.address).ok())
            .unwrap_or(address);
        Ok(Some(Party {
            address,
            person,
            subscriptions,
            named: None,
            with_it: Vec::new(),
            trust,
        }))
    }

    /// The other subscriptions that wait for the same confirm token.
    fn asked_with(
        &self,
        tx: &Transaction<'_>,
        confirm: Option<&[u8; 32]>,
        named: &Subscription,
    ) -> store::Result<Vec<SubscriptionId>> {
        let mut found = Vec::new();
        let Some(hash) = confirm else { return Ok(found) };
        for digest in &self.config.digests {
            let other = subscribers::by_confirm_hash(tx, &token::confirm_hash_with(hash, &digest.key), self.now)?;
            found.extend(
                other
                    .filter(|other| other.subscriber == named.subscriber)
                    .map(|other| other.id),
            );
        }
        Ok(found)
    }

    /// The digest of this key or name.
    fn called(&self, word: &str) -> Option<&DigestSettings> {
        let word = word.to_lowercase();
        let mut digests = self.config.digests.iter();
        digests.find(|d| d.key.to_lowercase() == word || d.title.to_lowercase() == word)
    }

    /// The digests a command is about.
    pub(super) fn digests_meant(&self, command: &Command, party: &Party, way: Way) -> Vec<&DigestSettings> {
        let of_person = |keep: &dyn Fn(&Subscription) -> bool| -> Vec<&DigestSettings> {
            let held: Vec<&Subscription> = party.subscriptions.iter().filter(|s| keep(s)).collect();
            self.config
                .digests
                .iter()
                .filter(|d| held.iter().any(|s| s.digest == d.key))
                .collect()
        };
        let alive = |s: &Subscription| s.status != SubscriptionStatus::Ended;
        match command {
            Command::Subscribe(word) => {
                // A digest that is not open is as one that is not there, but for who has it and who runs this.
                let open = |d: &&DigestSettings| {
                    let has_it = party.subscriptions.iter().any(|s| s.digest == d.key && alive(s));
                    d.open || has_it || way == Way::Operator
                };
                let wanted = word.as_deref().and_then(|word| self.called(word)).filter(open);
                let wanted = wanted.or_else(|| self.config.digests.iter().find(open));
                wanted.into_iter().collect()
            }
            Command::Leave(Some(word)) => match self.called(word) {
                Some(digest) => vec![digest],
                None if party.holds(word) => Vec::new(),
                None => of_person(&|s| party.is_named(s) && alive(s)),
            },
            Command::Leave(None) if party.named.is_none() => of_person(&alive),
            Command::Confirm(_) => of_person(&|s| party.is_named(s) || party.with_it.contains(&s.id)),
            Command::Leave(None) => of_person(&|s| party.is_named(s)),
            Command::Change(_) | Command::Settings | Command::Split(_) | Command::Merge(_) => {
                of_person(&|s| party.is_named(s) && alive(s))
            }
            Command::Help => of_person(&|_| true).into_iter().take(1).collect(),
            Command::Export | Command::Erase if party.subscriptions.is_empty() => Vec::new(),
            Command::Export | Command::Erase => {
                let held = of_person(&|_| true).into_iter().next();
                held.or(self.config.digests.first()).into_iter().collect()
            }
        }
    }

    /// What `unsubscribe` means of digests that are configured no more: nothing is mailed of them now, and nothing may
    /// be should they come back.
    pub(super) fn left_behind(&self, command: &Command, party: &Party) -> Vec<Subscription> {
        let Command::Leave(word) = command else {
            return Vec::new();
        };
        let is_meant = |s: &Subscription| match word {
            None => party.is_named(s),
            Some(word) if party.holds(word) => s.digest.eq_ignore_ascii_case(word),
            Some(word) => party.is_named(s) && self.called(word).is_none(),
        };
        let is_configured = |s: &Subscription| self.config.digests.iter().any(|d| d.key == s.digest);
        let left = party
            .subscriptions
            .iter()
            .filter(|s| s.status != SubscriptionStatus::Ended && !is_configured(s) && is_meant(s));
        left.cloned().collect()
    }
}

/// Where a subscription stands.
pub(super) fn standing(subscription: Option<&Subscription>) -> Standing {
    match subscription.map(|s| s.status) {
        None => Standing::Unknown,
        Some(SubscriptionStatus::Pending) => Standing::Pending,
        Some(SubscriptionStatus::Active) => Standing::Active,
        Some(SubscriptionStatus::Ended) => Standing::Ended,
    }
}
