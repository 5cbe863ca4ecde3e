//! One request carried out in one transaction: budgets, people, decisions, the one answer. The only place where what was
//! decided is written.
//!
//! All doors end here (mail, web page, button of a mail program), so that a rule holds for all of them. The commit comes
//! before the door says that it took the request; a request that comes twice is known by its fingerprint.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{self, Draft};
use super::choose::{self, Names};
use super::command::Command;
use super::decide::{Answer, Next, Standing, Trust, decide};
use super::inbound::{Proof, Request};
use crate::address::Address;
use crate::config::{Config, DigestSettings};
use crate::mail::render::Templates;
use crate::model::{Choices, EndReason, Subscriber, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::rusqlite::Transaction;
use crate::store::subscribers::{self, NewPending, Step};
use crate::store::{self, inbound};
use crate::time::Timestamp;
use crate::token::{self, TokenKey};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
/// Unconfirmed requests of one mailbox in 30 days; after that it is left in peace.
const STRANGER_MONTH_MAX: u32 = 5;
/// Answers a day to a reader.
const READER_DAY_MAX: u32 = 30;
/// Answers an hour to strangers of one domain, large mail providers aside.
const DOMAIN_HOUR_MAX: u32 = 20;
/// Domains with so many people that a budget for them all would be one for nobody.
const PROVIDERS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "ymail.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "proton.me",
    "protonmail.com",
    "fastmail.com",
    "mail.ru",
    "yandex.ru",
    "qq.com",
    "163.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "hotmail.fr",
    "hotmail.co.uk",
    "comcast.net",
    "posteo.de",
    "mailbox.org",
];

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By mail.
    Mail,
    /// By a page.
    Web,
    /// By the button of a mail program (RFC 8058).
    OneClick,
}

impl Way {
    /// Its name in the proof of consent.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Web => "web",
            Self::OneClick => "one_click",
        }
    }
}

/// A request with where it came from.
#[derive(Debug, Clone)]
pub struct Order {
    /// What is asked. Of a page's request only commands, proof and `from` count; `from` may be missing.
    pub commands: Vec<Command>,
    /// What was not understood.
    pub unclear: Vec<(String, &'static str)>,
    /// Who says they ask.
    pub from: Option<Address>,
    /// Why we may believe it.
    pub proof: Proof,
    /// The door.
    pub way: Way,
    /// Message-ID or shortened network address.
    pub evidence: String,
    /// Message-ID and thread of the mail that is answered.
    pub thread: Option<(String, Vec<String>)>,
}

impl Order {
    /// The order in a mail.
    #[must_use]
    pub fn of_mail(request: Request) -> Self {
        let thread = (!request.message_id.is_empty()).then(|| (request.message_id.clone(), request.references));
        Self {
            commands: request.commands,
            unclear: request.unclear,
            from: Some(request.from),
            proof: request.proof,
            way: Way::Mail,
            evidence: request.message_id,
            thread,
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Carried out, with this answer queued.
    Answered(Answer),
    /// Carried out (or nothing to do), without a mail.
    Silent,
    /// The address is on the list of those we never mail.
    Suppressed,
    /// The answer would be over a budget; nothing was changed that needs one.
    OverBudget,
    /// A token that is wrong, used or expired, and nothing else to go by.
    BadToken,
}

impl Done {
    /// Its name in the database and in metrics.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Answered(answer) => format!("{answer:?}").to_lowercase(),
            Self::Silent => "silent".to_owned(),
            Self::Suppressed => "suppressed".to_owned(),
            Self::OverBudget => "over_budget".to_owned(),
            Self::BadToken => "bad_token".to_owned(),
        }
    }
}

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
            draft.notes.not_done.push(format!(
                "\u{201c}{written}\u{201d}; did you mean \u{201c}{nearest}\u{201d}?"
            ));
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
                (Next::Erased, Some(current)) => {
                    let hash = token::address_hash(&self.key, &party.address.key());
                    subscribers::erase(tx, current.subscriber, &hash, self.now)?;
                    party.person = None;
                    party.subscriptions.clear();
                    draft.answer = Answer::Silence;
                    return Ok(true);
                }
                (Next::Active | Next::Ended | Next::Changed | Next::Erased, None) => {}
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
        let choices = kept.map(|s| s.choices.clone()).unwrap_or_default();
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
        subscribers::add_consent(tx, id, Step::Asked, order.way.word(), &order.evidence, self.now)?;
        party.person = Some(person);
        draft.confirm_token = Some(token);
        Ok(())
    }

    fn confirm(&self, tx: &Transaction<'_>, order: &Order, party: &Party, current: &Subscription) -> store::Result<()> {
        subscribers::activate(tx, current.id, self.now)?;
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
            (Proof::None | Proof::Authenticated, None) => None,
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
                trust: Trust::Token,
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
            Command::Change(_) | Command::Settings => of_person(&|s| is_named(s) && alive(s)),
            Command::Help | Command::Export | Command::Erase => of_person(&|_| true).into_iter().take(1).collect(),
        }
    }

    fn budget_key(&self, address: &Address) -> [u8; 32] {
        token::address_hash(&self.key, &format!("budget {}", address.budget_key()))
    }

    fn domain_key(&self, address: &Address) -> [u8; 32] {
        token::address_hash(&self.key, &format!("domain {}", address.domain()))
    }

    fn total_key(&self) -> [u8; 32] {
        token::address_hash(&self.key, "total")
    }

    /// Whether one more mail to this address keeps the peace. Who shows a token is answered in any case: the mail that
    /// carried it was ours.
    fn within_budget(&self, tx: &Transaction<'_>, party: &Party, order: &Order) -> store::Result<bool> {
        if party.trust == Trust::Token
            && order
                .commands
                .iter()
                .any(|c| matches!(c, Command::Confirm(_) | Command::Leave(_)))
        {
            return Ok(true);
        }
        let limits = &self.config.limits;
        let spent = |key: &[u8; 32], span: Duration| inbound::spent(tx, key, self.now.minus(span));
        if spent(&self.total_key(), HOUR)? >= limits.replies_per_hour {
            return Ok(false);
        }
        let own = self.budget_key(&party.address);
        if party
            .subscriptions
            .iter()
            .any(|s| s.status == SubscriptionStatus::Active)
        {
            return Ok(spent(&own, DAY)? < READER_DAY_MAX);
        }
        let domain = party.address.domain();
        Ok(spent(&own, DAY)? < limits.stranger_mails_per_day
            && spent(&own, DAY * 30)? < STRANGER_MONTH_MAX
            && (PROVIDERS.contains(&domain) || spent(&self.domain_key(&party.address), HOUR)? < DOMAIN_HOUR_MAX))
    }

    fn spend(&self, tx: &Transaction<'_>, party: &Party) -> store::Result<()> {
        inbound::spend(tx, &self.total_key(), self.now)?;
        inbound::spend(tx, &self.budget_key(&party.address), self.now)?;
        inbound::spend(tx, &self.domain_key(&party.address), self.now)
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
