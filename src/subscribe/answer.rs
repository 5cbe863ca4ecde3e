//! The one mail that answers: its values gathered, rendered, built and queued.

mod held;

use super::choose::{Names, Notes};
use super::command::Command;
use super::decide::Answer;
use super::desk::{Desk, Lookup, Order};
use super::inbound::ListAddress;
use super::note::Note;
use crate::address::Address;
use crate::config::DigestSettings;
use crate::language::Language;
use crate::mail::message::{self, MessageSpec};
use crate::mail::render::{Offer, ServiceMail, archive_page, render_service};
use crate::model::{DeliveryKind, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::outbox::{self, NewDelivery};
use crate::store::rusqlite::Transaction;
use crate::store::{self, subscribers};
use crate::token;
use held::{first, when};
pub(super) use held::{holds, rhythm};

/// Most characters of an export in a mail.
const EXPORT_CHARS_MAX: usize = 60_000;

/// What the commands of one mail came to, until all are done.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The answer with the most weight so far.
    pub answer: Answer,
    /// The digest it is about.
    pub digest: Option<String>,
    /// What changed and what was not understood.
    pub notes: Notes,
    /// Commands that wait for proof.
    pub asked: Vec<Command>,
    /// The token of an opt-in question.
    pub confirm_token: Option<String>,
    /// The digests that were asked for or confirmed: one mail tells of all of them.
    pub begun: Vec<String>,
    /// The person is no longer known.
    pub is_erased: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            answer: Answer::Silence,
            digest: None,
            notes: Notes::default(),
            asked: Vec::new(),
            confirm_token: None,
            begun: Vec::new(),
            is_erased: false,
        }
    }
}

impl Draft {
    /// Takes the answer of one more command, if it weighs more.
    pub fn raise(&mut self, answer: Answer, digest: Option<String>, command: &Command) {
        if answer == Answer::Question && !self.asked.contains(command) {
            self.asked.push(command.clone());
        }
        if answer > self.answer {
            self.answer = answer;
            self.digest = digest;
        }
    }
}

/// Queues the answer. `false` when there is nothing to send, or the address cannot be written to.
///
/// # Errors
/// When the database fails.
#[expect(clippy::too_many_arguments, reason = "the last step of one transaction")]
pub fn send(
    desk: &Desk,
    tx: &Transaction<'_>,
    order: &Order,
    address: &Address,
    subscriptions: &[Subscription],
    named: Option<SubscriptionId>,
    known: &Lookup<'_, '_>,
    draft: Draft,
) -> store::Result<bool> {
    let Ok(list) = Address::parse(&desk.config.mail.list_address).map(|a| ListAddress::new(&a)) else {
        return Ok(false);
    };
    let about = subscriptions
        .iter()
        .find(|s| Some(&s.digest) == draft.digest.as_ref())
        .or_else(|| subscriptions.iter().find(|s| named == Some(s.id)));
    let digest = draft
        .digest
        .as_ref()
        .and_then(|key| desk.config.digests.iter().find(|d| d.key == *key));
    let digest = digest.or_else(|| desk.config.digests.first());
    let w = &desk.config.mail.languages.of(&language(order, about, digest));
    let no_names = Names::default();
    let known = if names_any(&draft, about) {
        known.names()?
    } else {
        &no_names
    };
    let mut mail = values(desk, &list, about, digest, known, &draft, w);
    if draft.answer == Answer::Settings {
        mail.others = others(desk, subscriptions, about);
    }
    if draft.answer == Answer::Export
        && let Some(person) = about.map(|s| s.subscriber)
        && let Some(person) = subscribers::get(tx, person)?
    {
        let data = subscribers::export(tx, &person)?;
        mail.export = serde_json::to_string_pretty(&data)
            .unwrap_or_default()
            .chars()
            .take(EXPORT_CHARS_MAX)
            .collect();
    }
    let (kind, template) = match draft.answer {
        Answer::Confirm => (DeliveryKind::Confirm, "confirm"),
        Answer::Welcome => (DeliveryKind::Welcome, "welcome"),
        Answer::Goodbye => (DeliveryKind::Goodbye, "goodbye"),
        _ => (DeliveryKind::Reply, "reply"),
    };
    let message_id = message::message_id(
        template,
        desk.now,
        about.map_or(0, |s| s.id.get()),
        desk.random,
        list.domain(),
    );
    // An answer threads under what it answers only where its reader wrote that: never for what a stranger may have sent.
    let thread = order
        .thread
        .clone()
        .filter(|_| kind == DeliveryKind::Reply || kind == DeliveryKind::Goodbye);
    let spec = MessageSpec {
        kind,
        from_name: desk.config.mail.from_name.clone(),
        from: list.plain(),
        to: address.typed(),
        reply_to: Some(mail.act_mail.clone()),
        message_id: message_id.clone(),
        date: desk.now,
        in_reply_to: thread.as_ref().map(|(id, _)| id.clone()),
        references: thread.map(|(_, references)| references).unwrap_or_default(),
        list: None,
        feedback_id: None,
        language: w.code().to_owned(),
    };
    let built = render_service(&desk.templates, template, &mail)
        .map_err(|e| e.to_string())
        .and_then(|rendered| message::build(&spec, &rendered).map_err(|e| e.to_string()));
    let bytes = match built {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(delivery.kind = template, error, "an answer could not be made");
            return Ok(false);
        }
    };
    let dedupe_key = match (kind, about) {
        // One farewell a day, however often the button is pressed.
        (DeliveryKind::Goodbye, Some(s)) => format!("goodbye:{}:{}", s.id, desk.now.unix().div_euclid(86_400)),
        _ => format!("{template}:{message_id}"),
    };
    let new = NewDelivery {
        dedupe_key,
        kind,
        audience: None,
        subscription: about.map(|s| s.id),
        recipient: if about.is_some() {
            String::new()
        } else {
            address.typed()
        },
        message_id,
        message: bytes,
        queued_at: desk.now,
    };
    Ok(outbox::enqueue(tx, &new)?.is_some())
}

/// Whether the answer names companies or themes.
fn names_any(draft: &Draft, about: Option<&Subscription>) -> bool {
    let chosen = about.is_some_and(|s| {
        let choices = &s.choices;
        !(choices.companies.is_empty() && choices.themes.is_empty() && choices.muted.is_empty())
    });
    chosen || draft.asked.iter().any(|command| matches!(command, Command::Change(_)))
}

fn values(
    desk: &Desk,
    list: &ListAddress,
    about: Option<&Subscription>,
    digest: Option<&DigestSettings>,
    known: &Names,
    draft: &Draft,
    w: &Language,
) -> ServiceMail {
    let begun: Vec<&DigestSettings> = desk
        .config
        .digests
        .iter()
        .filter(|d| draft.begun.contains(&d.key))
        .collect();
    let told = if begun.is_empty() {
        digest.into_iter().collect()
    } else {
        begun
    };
    let gone = about.filter(|s| !desk.config.digests.iter().any(|d| d.key == s.digest));
    let title = match (gone, told.as_slice()) {
        // What was left has no name any more.
        (Some(gone), _) if draft.answer == Answer::Goodbye => gone.digest.clone(),
        (_, []) => desk.config.mail.from_name.clone(),
        (_, told) => told.iter().map(|d| d.title.as_str()).collect::<Vec<_>>().join(", "),
    };
    let public = desk.config.mailed_url();
    let page = |path: &str| public.as_ref().map(|url| format!("{url}/{path}"));
    let leave = about.map(|s| token::leave_token(&desk.key, s.id));
    let settings = about
        .filter(|s| s.status == SubscriptionStatus::Active)
        .map(|s| token::settings_token(&desk.key, s.id));
    let settings_url = settings.as_ref().and_then(|token| page(&format!("settings/{token}")));
    let asked_leave_only = draft.asked.iter().all(|c| matches!(c, Command::Leave(_)));
    let (act_mail, act_url) = match (&draft.confirm_token, draft.answer, &leave, &settings) {
        (Some(token), Answer::Confirm, ..) => (
            list.with(&format!("confirm-{token}")),
            page(&format!("confirm/{token}")),
        ),
        (_, Answer::Question, Some(token), _) if asked_leave_only => {
            (list.with(&format!("leave-{token}")), page(&format!("leave/{token}")))
        }
        (_, Answer::Question, Some(_), _) => {
            let id = about.map_or(SubscriptionId::new(0), |s| s.id);
            let token = token::settings_token(&desk.key, id);
            (list.with(&format!("settings-{token}")), settings_url.clone())
        }
        (_, Answer::Goodbye, ..) => (list.plain(), None),
        (_, _, _, Some(token)) => (list.with(&format!("settings-{token}")), None),
        _ => (list.plain(), None),
    };
    let asked = match &draft.confirm_token {
        Some(token) if draft.answer == Answer::Confirm => format!("confirm-{token}"),
        _ => draft
            .asked
            .iter()
            .map(|command| shown(command, known))
            .collect::<Vec<_>>()
            .join("; "),
    };
    let active = about.is_some_and(|s| s.status == SubscriptionStatus::Active);
    let choices = about.map(|s| s.choices.clone()).unwrap_or_default();
    let about_word = match draft.answer {
        Answer::Question => "question",
        Answer::NotSubscribed => "not_subscribed",
        Answer::Export => "export",
        Answer::Help => "help",
        Answer::Changed => "changed",
        _ => "settings",
    };
    let offers = desk.config.digests.iter().filter(|d| d.open).map(|d| Offer {
        key: d.key.clone(),
        title: d.title.clone(),
        often: rhythm(&d.schedule, w),
        mail: list.with(&format!("subscribe-{}", d.key)),
    });
    let wants_offers = matches!(draft.answer, Answer::Help | Answer::NotSubscribed);
    let wants_holds = active && matches!(draft.answer, Answer::Settings | Answer::Changed | Answer::Help);
    ServiceMail {
        w: w.service().clone(),
        heading: heading(draft.answer, &title, w),
        about: about_word.to_owned(),
        act_url,
        act_mail,
        asked,
        hours: desk.config.inbound.pending_max.as_secs() / 3_600,
        often: told.iter().map(|d| when(&choices, d, w)).collect::<Vec<_>>().join("; "),
        first: digest.map(|d| first(&choices, d, desk.now, w)).unwrap_or_default(),
        done: say(&draft.notes.done, w),
        not_done: if draft.answer == Answer::Confirm {
            Vec::new()
        } else {
            say(&draft.notes.not_done, w)
        },
        holds: digest
            .filter(|_| wants_holds)
            .map(|d| holds(&choices, d, known, &desk.config.mail.languages, desk.now, w))
            .unwrap_or_default(),
        offers: offers.filter(|_| wants_offers).collect(),
        export: String::new(),
        archive_url: digest.and_then(|d| archive_page(&desk.config, d)),
        settings_url,
        others: Vec::new(),
        leave_url: leave.as_ref().and_then(|token| page(&format!("leave/{token}"))),
        leave_mail: leave.map_or_else(|| list.plain(), |token| list.with(&format!("leave-{token}"))),
        list_mail: list.plain(),
        contact: desk.config.mail.contact.clone(),
        title,
    }
}

/// The settings pages of what else the reader gets.
fn others(desk: &Desk, subscriptions: &[Subscription], about: Option<&Subscription>) -> Vec<(String, String)> {
    let Some(public) = desk.config.mailed_url() else {
        return Vec::new();
    };
    let else_held = |s: &&Subscription| s.status == SubscriptionStatus::Active && about.is_none_or(|a| a.id != s.id);
    let page = |s: &Subscription| {
        let digest = desk.config.digests.iter().find(|d| d.key == s.digest)?;
        let token = token::settings_token(&desk.key, s.id);
        Some((digest.title.clone(), format!("{public}/settings/{token}")))
    };
    subscriptions.iter().filter(else_held).filter_map(page).collect()
}

/// A command in our own words: names as we know them, so that nobody can have us mail a text of theirs.
fn shown(command: &Command, known: &Names) -> String {
    use super::command::Change;
    let Command::Change(change) = command else {
        return match command {
            Command::Leave(_) => "unsubscribe".to_owned(),
            other => other.to_string(),
        };
    };
    let ours = |list: &[String]| -> Vec<String> {
        list.iter()
            .filter_map(|name| known.find(name).ok())
            .map(|found| found.name.replace([',', ';'], " "))
            .collect()
    };
    let change = match change {
        Change::Follow(list) => Change::Follow(ours(list)),
        Change::Unfollow(list) => Change::Unfollow(ours(list)),
        Change::Mute(list) => Change::Mute(ours(list)),
        Change::Unmute(list) => Change::Unmute(ours(list)),
        Change::Theme(list) => Change::Theme(ours(list)),
        Change::Zone(zone) => match zone.parse::<crate::time::Zone>() {
            Ok(zone) => Change::Zone(zone.to_string()),
            Err(_) => return "zone".to_owned(),
        },
        other => other.clone(),
    };
    change.to_string()
}

/// Each once, though it may hold for several digests.
fn say(notes: &[Note], w: &Language) -> Vec<String> {
    let mut said = Vec::new();
    for note in notes.iter().map(|note| note.say(w)) {
        if !said.contains(&note) {
            said.push(note);
        }
    }
    said
}

/// The reader's language: as chosen, else as written, else the digest's.
fn language(order: &Order, about: Option<&Subscription>, digest: Option<&DigestSettings>) -> String {
    about
        .and_then(|s| s.choices.language.clone())
        .or_else(|| order.language.clone())
        .or_else(|| digest.map(|d| d.language.clone()))
        .unwrap_or_default()
}

fn heading(answer: Answer, title: &str, w: &Language) -> String {
    let key = match answer {
        Answer::Confirm => "confirm_heading",
        Answer::Welcome => "welcome_heading",
        Answer::Goodbye => "goodbye_heading",
        Answer::Question => "question_heading",
        Answer::NotSubscribed => "not_subscribed_heading",
        Answer::Export => "export_heading",
        Answer::Help => "help_heading",
        Answer::Settings | Answer::Changed | Answer::Silence => "settings_heading",
    };
    w.say(key, &[("title", title)])
}
