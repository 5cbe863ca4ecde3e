//! One request carried out in one transaction: budgets, people, decisions, the one answer. The only place where what was
//! decided is written.
//!
//! All doors end here (mail, web page, button of a mail program), so that a rule holds for all of them. The commit comes
//! before the door says that it took the request; a request that comes twice is known by its fingerprint.

mod budget;
mod correction;
mod order;

use std::sync::Arc;

use super::answer::{self, Draft};
use super::choose::{self, Names};
use super::command::Command;
use super::decide::{Answer, Next, Standing, Trust, decide};
use super::inbound::Proof;
use super::note::Note;
use crate::address::Address;
use crate::config::{Config, DigestSettings};
use crate::crash;
use crate::mail::render::{ServiceWords, Templates};
use crate::model::{Choices, EndReason, Subscriber, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::rusqlite::Transaction;
use crate::store::subscribers::{self, NewPending, Step};
use crate::store::{self, inbound};
use crate::time::Timestamp;
use crate::token::{self, TokenKey};
pub use order::{Done, Order, Way};

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

/// Whom an order is about.
struct Party {
    address: Address,
    person: Option<Subscriber>,
    subscriptions: Vec<Subscription>,
    /// The one subscription a token names.
    named: Option<SubscriptionId>,
    trust: Trust,
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
        let known = Names::new(subscribers::known_names(tx)?);
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
        if draft.answer == Answer::Silence && !order.unclear.is_empty() {
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
            self.spend(tx, &party)?;
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
        known: &Names,
        may_answer: bool,
        draft: &mut Draft,
    ) -> store::Result<bool> {
        let digests = self.digests_meant(command, party);
        if digests.is_empty() {
            let decision = decide(Standing::Unknown, command, party.trust);
            draft.raise(decision.answer, None, command);
            return Ok(true);
        }
        for digest in digests {
            let current = party.subscriptions.iter().find(|s| s.digest == digest.key).cloned();
            let standing = standing(current.as_ref());
            let decision = decide(standing, command, party.trust);
            if decision.answer == Answer::Confirm && !may_answer {
                return Ok(false);
            }
            match (decision.next, &current) {
                (Next::Keep, _) => {}
                (Next::Pending, _) => self.ask(tx, order, party, digest, draft)?,
                (Next::Active, Some(current)) => self.confirm(tx, order, party, current)?,
                (Next::Ended, Some(current)) => {
                    let reason = if order.way == Way::OneClick {
                        EndReason::OneClick
                    } else {
                        EndReason::Asked
                    };
                    subscribers::end(tx, current.id, reason, self.now)?;
                    subscribers::add_consent(tx, current.id, Step::Ended, order.way.word(), &order.evidence, self.now)?;
                }
                (Next::Changed, Some(current)) => {
                    if let Command::Change(change) = command {
                        let mut choices = current.choices.clone();
                        choose::apply(&mut choices, change, known, self.now, &mut draft.notes);
                        self.keep_choices(tx, current.id, digest, &choices)?;
                        subscribers::add_consent(
                            tx,
                            current.id,
                            Step::Changed,
                            order.way.word(),
                            &order.evidence,
                            self.now,
                        )?;
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
            draft.raise(decision.answer, Some(digest.key.clone()), command);
            Self::reload(tx, party)?;
        }
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
        subscribers::set_choices(tx, id, choices, &schedule)
    }

    /// The pending row and its token.
    fn ask(
        &self,
        tx: &Transaction<'_>,
        order: &Order,
        party: &mut Party,
        digest: &DigestSettings,
        draft: &mut Draft,
    ) -> store::Result<()> {
        let person = subscribers::ensure(tx, &party.address.typed(), &party.address.key(), self.now)?;
        let token = token::confirm_token(self.confirm);
        let Some(token_hash) = token::confirm_hash(&token) else {
            return Ok(());
        };
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
                .filter(|code| code != ServiceWords::of(&digest.language).code());
        }
        let id = subscribers::put_pending(
            tx,
            &NewPending {
                subscriber: person.id,
                digest: &digest.key,
                source: if order.way == Way::Mail { "mail" } else { "web" },
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
        inbound::forgive(tx, &self.budget_key(&party.address))
    }

    /// Whom the order is about: the owner of a token, else who is named. `None` for a token that leads nowhere and
    /// stands alone.
    fn party(&self, tx: &Transaction<'_>, order: &Order) -> store::Result<Option<Party>> {
        let confirm = order.commands.iter().find_map(|c| match c {
            Command::Confirm(token) => Some(token),
            _ => None,
        });
        let named = match (&order.proof, confirm) {
            (_, Some(token)) => match token::confirm_hash(token) {
                Some(hash) => subscribers::by_confirm_hash(tx, &hash, self.now)?,
                None => None,
            },
            (Proof::Leave(token), None) => Self::named(tx, token::check_leave(&self.key, token))?,
            (Proof::Settings(token), None) => Self::named(tx, token::check_settings(&self.key, token))?,
            (Proof::Reply(token), None) => Self::named(tx, token::check_reply(&self.key, token))?,
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
            trust,
        }))
    }

    fn named(tx: &Transaction<'_>, id: Option<SubscriptionId>) -> store::Result<Option<Subscription>> {
        id.map_or(Ok(None), |id| subscribers::subscription_by_id(tx, id))
    }

    fn reload(tx: &Transaction<'_>, party: &mut Party) -> store::Result<()> {
        if let Some(person) = &party.person {
            party.subscriptions = subscribers::subscriptions(tx, person.id)?;
        }
        Ok(())
    }

    /// The digests a command is about.
    fn digests_meant(&self, command: &Command, party: &Party) -> Vec<&DigestSettings> {
        let named = |word: &str| {
            let word = word.to_lowercase();
            self.config
                .digests
                .iter()
                .find(|d| d.key.to_lowercase() == word || d.title.to_lowercase() == word)
        };
        let of_person = |keep: &dyn Fn(&Subscription) -> bool| -> Vec<&DigestSettings> {
            let held: Vec<&Subscription> = party.subscriptions.iter().filter(|s| keep(s)).collect();
            self.config
                .digests
                .iter()
                .filter(|d| held.iter().any(|s| s.digest == d.key))
                .collect()
        };
        let is_named = |s: &Subscription| party.named.is_none_or(|id| id == s.id);
        let alive = |s: &Subscription| s.status != SubscriptionStatus::Ended;
        match command {
            Command::Subscribe(word) => {
                let open =
                    |d: &&DigestSettings| d.open || party.subscriptions.iter().any(|s| s.digest == d.key && alive(s));
                let wanted = word
                    .as_deref()
                    .and_then(named)
                    .or_else(|| self.config.digests.iter().find(open));
                wanted.filter(open).into_iter().collect()
            }
            Command::Leave(Some(word)) => match named(word) {
                Some(digest) => vec![digest],
                None => of_person(&|s| is_named(s) && alive(s)),
            },
            Command::Leave(None) if party.named.is_none() => of_person(&alive),
            Command::Confirm(_) | Command::Leave(None) => of_person(&is_named),
            Command::Change(_) | Command::Settings | Command::Split(_) | Command::Merge(_) => {
                of_person(&|s| is_named(s) && alive(s))
            }
            Command::Help | Command::Export | Command::Erase => of_person(&|_| true).into_iter().take(1).collect(),
        }
    }
}

fn standing(subscription: Option<&Subscription>) -> Standing {
    match subscription.map(|s| s.status) {
        None => Standing::Unknown,
        Some(SubscriptionStatus::Pending) => Standing::Pending,
        Some(SubscriptionStatus::Active) => Standing::Active,
        Some(SubscriptionStatus::Ended) => Standing::Ended,
    }
}
