//! One request carried out in one transaction: budgets, people, decisions, the one answer. The only place where what was
//! decided is written.
//!
//! All doors end here (mail, web page, button of a mail program), so that a rule holds for all of them. The commit comes
//! before the door says that it took the request; a request that comes twice is known by its fingerprint.

mod budget;
mod correction;
mod order;
mod party;

use std::cell::OnceCell;
use std::sync::Arc;

use super::answer::{self, Draft};
use super::choose::{self, Known, Names};
use super::command::Command;
use super::decide::{Answer, Next, Standing, Trust, decide};
use super::note::Note;
use crate::config::{Config, DigestSettings};
use crate::crash;
use crate::language::Languages;
use crate::mail::render::Templates;
use crate::model::{Choices, EndReason, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::rusqlite::Transaction;
use crate::store::subscribers::{self, NewPending, Step};
use crate::store::{self, inbound};
use crate::time::Timestamp;
use crate::token::{self, TokenKey};
pub use order::{Done, Order, Way};
use party::{Party, standing};

/// What the desk works with; made before the transaction, so that nothing in it can wait.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The configuration as it is now.
    pub config: Arc<Config>,
    /// Mail templates.
    pub templates: Arc<Templates>,
    /// The installation's key.
    pub key: TokenKey,
    /// Now.
    pub now: Timestamp,
    /// Random bytes for a confirm token.
    pub confirm: [u8; 20],
    /// Random bits for a Message-ID.
    pub random: u64,
}

/// The names readers may use, some ten thousand rows: read when the first of them is asked for, which most mails never
/// do.
pub struct Lookup<'a, 'tx> {
    tx: &'a Transaction<'tx>,
    languages: &'a Languages,
    names: OnceCell<Names>,
}

impl<'a, 'tx> Lookup<'a, 'tx> {
    const fn new(tx: &'a Transaction<'tx>, languages: &'a Languages) -> Self {
        Self {
            tx,
            languages,
            names: OnceCell::new(),
        }
    }

    /// The names.
    ///
    /// # Errors
    /// When the database fails.
    pub fn names(&self) -> store::Result<&Names> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let names = Names::new(subscribers::known_names(self.tx)?, self.languages);
        Ok(self.names.get_or_init(|| names))
    }
}

impl Desk {
    /// Carries an order out.
    ///
    /// # Errors
    /// When the database fails; nothing is written then.
    pub fn carry_out(&self, tx: &Transaction<'_>, order: &Order) -> store::Result<Done> {
        let Some(mut party) = self.party(tx, order)? else {
            return Ok(Done::BadToken);
        };
        let hash = token::address_hash(&self.key, &party.address.key());
        let asks_in = order
            .commands
            .iter()
            .any(|c| matches!(c, Command::Subscribe(_) | Command::Confirm(_)));
        match subscribers::suppression(tx, &hash)?.as_deref() {
            None => {}
            // These may come back by their own wish: an address that once bounced, a person who was erased.
            Some("hard_bounce" | "erased") if asks_in => {}
            Some(_) => return Ok(Done::Suppressed),
        }
        let known = Lookup::new(tx, &self.config.mail.languages);
        let mut draft = Draft::default();
        for (written, nearest) in &order.unclear {
            draft
                .notes
                .not_done
                .push(Note::Near("meant", written.clone(), (*nearest).to_owned()));
        }
        let may_answer = self.within_budget(tx, &party, order)?;
        let mut refused = false;
        for command in &order.commands {
            refused |= !self.one(tx, order, &mut party, command, &known, may_answer, &mut draft)?;
        }
        if draft.answer == Answer::Silence && !order.unclear.is_empty() && !draft.is_erased {
            let reader = party
                .subscriptions
                .iter()
                .any(|s| s.status == SubscriptionStatus::Active);
            draft.answer = if reader { Answer::Settings } else { Answer::Help };
        }
        if draft.answer == Answer::Silence {
            return Ok(if refused { Done::OverBudget } else { Done::Silent });
        }
        if !may_answer {
            return Ok(Done::OverBudget);
        }
        if party.trust == Trust::None {
            draft.notes.in_our_words();
        }
        let answered = draft.answer;
        let sent = answer::send(
            self,
            tx,
            order,
            &party.address,
            &party.subscriptions,
            party.named,
            &known,
            draft,
        )?;
        if sent {
            self.spend(tx, &party, order)?;
        }
        Ok(if sent { Done::Answered(answered) } else { Done::Silent })
    }

    /// Carries one command out; `false` when it was left undone because its mail would be over budget.
    #[expect(clippy::too_many_arguments, reason = "one step of carry_out, with its state")]
    fn one(
        &self,
        tx: &Transaction<'_>,
        order: &Order,
        party: &mut Party,
        command: &Command,
        known: &Lookup<'_, '_>,
        may_answer: bool,
        draft: &mut Draft,
    ) -> store::Result<bool> {
        let digests = self.digests_meant(command, party, order.way);
        let behind = self.left_behind(command, party);
        if digests.is_empty() && behind.is_empty() {
            let answer = match command {
                // There is no digest to be had: what there is says the help.
                Command::Subscribe(_) => Answer::Help,
                _ => decide(Standing::Unknown, command, party.trust).answer,
            };
            draft.raise(answer, None, command);
            return Ok(true);
        }
        for digest in digests {
            let current = party.current(digest, command);
            let standing = standing(current.as_ref());
            let decision = decide(standing, command, party.trust);
            if decision.answer == Answer::Confirm && !may_answer {
                return Ok(false);
            }
            match (decision.next, &current) {
                (Next::Keep, _) => {}
                (Next::Pending, _) => self.ask(tx, order, party, digest, draft)?,
                (Next::Active, Some(current)) => self.confirm(tx, order, party, current)?,
                (Next::Ended, Some(current)) => self.end(tx, order, current.id)?,
                (Next::Changed, Some(current)) => {
                    if let Command::Change(change) = command {
                        let mut choices = current.choices.clone();
                        let known = Known {
                            names: known.names()?,
                            languages: &self.config.mail.languages,
                        };
                        choose::apply(&mut choices, change, known, self.now, &mut draft.notes);
                        self.keep_choices(tx, current.id, digest, &choices)?;
                        // While nobody has consented anybody may have written it, as often as they like.
                        if standing == Standing::Active {
                            let way = order.way.word();
                            subscribers::add_consent(tx, current.id, Step::Changed, way, &order.evidence, self.now)?;
                        }
                    }
                }
                (Next::Corrected, Some(current)) => {
                    self.correct(tx, order, party, current, command, &mut draft.notes)?;
                }
                (Next::Erased, Some(current)) => {
                    let hash = token::address_hash(&self.key, &party.address.key());
                    subscribers::erase(tx, current.subscriber, &hash, self.now)?;
                    party.person = None;
                    party.subscriptions.clear();
                    draft.answer = Answer::Silence;
                    draft.is_erased = true;
                    return Ok(true);
                }
                (Next::Active | Next::Ended | Next::Changed | Next::Corrected | Next::Erased, None) => {}
            }
            if matches!(command, Command::Split(_) | Command::Merge(_)) && decision.next == Next::Keep {
                draft
                    .notes
                    .not_done
                    .push(Note::About("only_in_answer", command.to_string()));
            }
            if matches!(decision.answer, Answer::Confirm | Answer::Welcome) && !draft.begun.contains(&digest.key) {
                draft.begun.push(digest.key.clone());
            }
            let about = current.map_or_else(|| digest.key.clone(), |current| current.digest);
            draft.raise(decision.answer, Some(about), command);
            party.reload(tx)?;
        }
        for subscription in &behind {
            let decision = decide(standing(Some(subscription)), command, party.trust);
            if decision.next == Next::Ended {
                self.end(tx, order, subscription.id)?;
            }
            draft.raise(decision.answer, Some(subscription.digest.clone()), command);
        }
        party.reload(tx)?;
        Ok(true)
    }

    /// Keeps choices with the schedule they come to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_choices(
        &self,
        tx: &Transaction<'_>,
        id: SubscriptionId,
        digest: &DigestSettings,
        choices: &Choices,
    ) -> store::Result<()> {
        let schedule = choose::schedule_of(choices, &digest.schedule, digest.zone).unwrap_or_default();
        subscribers::set_choices(tx, id, choices, &schedule, self.now)
    }

    /// Ends a subscription by its reader's word.
    fn end(&self, tx: &Transaction<'_>, order: &Order, id: SubscriptionId) -> store::Result<()> {
        let reason = if order.way == Way::OneClick {
            EndReason::OneClick
        } else {
            EndReason::Asked
        };
        subscribers::end(tx, id, reason, self.now)?;
        subscribers::add_consent(tx, id, Step::Ended, order.way.word(), &order.evidence, self.now)
    }

    /// The pending row and its token. Several asked for in one mail have one token: it is one mail that asks back.
    fn ask(
        &self,
        tx: &Transaction<'_>,
        order: &Order,
        party: &mut Party,
        digest: &DigestSettings,
        draft: &mut Draft,
    ) -> store::Result<()> {
        if draft.begun.contains(&digest.key) {
            return Ok(());
        }
        let person = subscribers::ensure(tx, &party.address.typed(), &party.address.key(), self.now)?;
        let token = token::confirm_token(self.confirm);
        let Some(mut token_hash) = token::confirm_hash(&token) else {
            return Ok(());
        };
        if draft.confirm_token.is_some() {
            token_hash = token::confirm_hash_with(&token_hash, &digest.key);
        }
        let kept = party
            .subscriptions
            .iter()
            .find(|s| s.digest == digest.key && s.status == SubscriptionStatus::Pending);
        let mut choices = kept.map(|s| s.choices.clone()).unwrap_or_default();
        // Who wrote in another language than the digest's reads its fixed words in their own.
        if choices.language.is_none() {
            choices.language = order
                .language
                .clone()
                .filter(|code| code != self.config.mail.languages.of(&digest.language).code());
        }
        let id = subscribers::put_pending(
            tx,
            &NewPending {
                subscriber: person.id,
                digest: &digest.key,
                source: match order.way {
                    Way::Mail => "mail",
                    Way::Web | Way::OneClick => "web",
                    Way::Operator => "admin",
                },
                choices: &choices,
                schedule: &choose::schedule_of(&choices, &digest.schedule, digest.zone).unwrap_or_default(),
                token_hash,
                expires_at: self.now.plus(self.config.inbound.pending_max),
                asked_at: self.now,
            },
        )?;
        crash::point("inbound_asked");
        subscribers::add_consent(tx, id, Step::Asked, order.way.word(), &order.evidence, self.now)?;
        party.person = Some(person);
        draft.confirm_token = Some(token);
        Ok(())
    }

    fn confirm(&self, tx: &Transaction<'_>, order: &Order, party: &Party, current: &Subscription) -> store::Result<()> {
        subscribers::activate(tx, current.id, self.now)?;
        crash::point("inbound_confirmed");
        subscribers::add_consent(
            tx,
            current.id,
            Step::Confirmed,
            order.way.word(),
            &order.evidence,
            self.now,
        )?;
        subscribers::unsuppress(tx, &token::address_hash(&self.key, &party.address.key()))?;
        inbound::forgive(tx, &self.page_key(&party.address))?;
        inbound::forgive(tx, &self.budget_key(&party.address))
    }
}
