//! The one mail that answers: its values gathered, rendered, built and queued.

use super::choose::{Names, Notes};
use super::command::Command;
use super::decide::Answer;
use super::desk::{Desk, Order};
use super::inbound::ListAddress;
use super::note::{Note, often_words};
use crate::address::Address;
use crate::config::DigestSettings;
use crate::mail::message::{self, MessageSpec};
use crate::mail::render::{Offer, ServiceMail, ServiceWords, Words, render_service};
use crate::model::{Choices, DeliveryKind, Length, MailFormat, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::outbox::{self, NewDelivery};
use crate::store::rusqlite::Transaction;
use crate::store::{self, subscribers};
use crate::time::{ReaderSchedule, Schedule, Timestamp};
use crate::token;

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
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            answer: Answer::Silence,
            digest: None,
            notes: Notes::default(),
            asked: Vec::new(),
            confirm_token: None,
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
    known: &Names,
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
    let w = ServiceWords::of(&language(order, about, digest));
    let mut mail = values(desk, &list, about, digest, known, &draft, w);
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
        language: mail.w.code().to_owned(),
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

fn values(
    desk: &Desk,
    list: &ListAddress,
    about: Option<&Subscription>,
    digest: Option<&DigestSettings>,
    known: &Names,
    draft: &Draft,
    w: &'static ServiceWords,
) -> ServiceMail {
    let title = digest.map_or_else(|| desk.config.mail.from_name.clone(), |d| d.title.clone());
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
        w,
        heading: heading(draft.answer, &title, w),
        about: about_word.to_owned(),
        act_url,
        act_mail,
        asked,
        hours: desk.config.inbound.pending_max.as_secs() / 3_600,
        often: digest.map(|d| when(&choices, d, w)).unwrap_or_default(),
        first: digest.map(|d| first(&choices, d, desk.now, w)).unwrap_or_default(),
        done: say(&draft.notes.done, w),
        not_done: if draft.answer == Answer::Confirm {
            Vec::new()
        } else {
            say(&draft.notes.not_done, w)
        },
        holds: digest
            .filter(|_| wants_holds)
            .map(|d| holds(&choices, d, known, desk.now, w))
            .unwrap_or_default(),
        offers: offers.filter(|_| wants_offers).collect(),
        export: String::new(),
        archive_url: digest.and_then(|d| page(&format!("digest/{}", d.key))),
        settings_url,
        leave_url: leave.as_ref().and_then(|token| page(&format!("leave/{token}"))),
        leave_mail: leave.map_or_else(|| list.plain(), |token| list.with(&format!("leave-{token}"))),
        list_mail: list.plain(),
        contact: desk.config.mail.contact.clone(),
        title,
    }
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

fn say(notes: &[Note], w: &ServiceWords) -> Vec<String> {
    notes.iter().map(|note| note.say(w)).collect()
}

/// The reader's language: as chosen, else as written, else the digest's.
fn language(order: &Order, about: Option<&Subscription>, digest: Option<&DigestSettings>) -> String {
    about
        .and_then(|s| s.choices.language.clone())
        .or_else(|| order.language.clone())
        .or_else(|| digest.map(|d| d.language.clone()))
        .unwrap_or_default()
}

fn heading(answer: Answer, title: &str, w: &ServiceWords) -> String {
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

fn own_schedule(choices: &Choices, digest: &DigestSettings) -> Option<ReaderSchedule> {
    let choose = ReaderSchedule::choose(
        &digest.schedule,
        digest.zone,
        choices.time.as_deref(),
        choices.zone.as_deref(),
        &choices.frequency,
    );
    choose.ok().flatten()
}

/// When a reader's mail comes, in words.
#[must_use]
pub fn when(choices: &Choices, digest: &DigestSettings, w: &ServiceWords) -> String {
    match own_schedule(choices, digest) {
        Some(own) => format!("{} ({})", rhythm(&own.schedule, w), own.zone),
        None => format!("{} ({})", rhythm(&digest.schedule, w), digest.zone),
    }
}

/// A schedule in words: the everyday ones in the reader's language, others in English.
fn rhythm(schedule: &Schedule, w: &ServiceWords) -> String {
    let Some((days, time)) = schedule.plain() else {
        return schedule.words();
    };
    match days.as_slice() {
        [1, 2, 3, 4, 5] => w.say("monday_to_friday", &[("time", &time)]),
        [day] => {
            let from_monday = (usize::from(*day) + 6) % 7;
            w.say("every_week", &[("day", w.weekday(from_monday)), ("time", &time)])
        }
        all if all.len() == 7 => w.say("every_day", &[("time", &time)]),
        _ => schedule.words(),
    }
}

/// When the next mail comes, in words.
fn first(choices: &Choices, digest: &DigestSettings, now: Timestamp, w: &ServiceWords) -> String {
    let own = own_schedule(choices, digest);
    let (schedule, zone) = own
        .as_ref()
        .map_or((&digest.schedule, digest.zone), |own| (&own.schedule, own.zone));
    let start = choices.paused_until.filter(|until| *until > now).unwrap_or(now);
    schedule.next_after(zone, start).map_or_else(
        || w.say("first_soon", &[]),
        |firing| {
            let local = zone.local(firing.at);
            let values = [
                ("day", Words::of(w.code()).long_date(&local)),
                ("time", local.clock()),
                ("zone", zone.to_string()),
            ];
            w.say(
                "first_on",
                &values.each_ref().map(|(name, value)| (*name, value.as_str())),
            )
        },
    )
}

/// What holds for a reader: label and value.
#[must_use]
pub fn holds(
    choices: &Choices,
    digest: &DigestSettings,
    known: &Names,
    now: Timestamp,
    w: &ServiceWords,
) -> Vec<(String, String)> {
    let row = |label: &str, value: String| (w.say(label, &[]), value);
    let named = |slugs: &[String]| {
        slugs
            .iter()
            .map(|slug| known.name_of(slug))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut rows = vec![row("hold_when", when(choices, digest, w))];
    if choices.frequency != crate::model::Frequency::Default {
        rows.push(row("hold_often", often_words(&choices.frequency, w)));
    }
    if choices.companies.is_empty() && choices.themes.is_empty() {
        rows.push(row("hold_what", w.say("hold_everything", &[])));
    }
    for (label, slugs) in [
        ("hold_companies", &choices.companies),
        ("hold_themes", &choices.themes),
        ("hold_muted", &choices.muted),
    ] {
        if !slugs.is_empty() {
            rows.push(row(label, named(slugs)));
        }
    }
    if choices.length == Length::Short {
        rows.push(row("hold_length", w.say("hold_short", &[])));
    }
    if choices.format == MailFormat::Text {
        rows.push(row("hold_format", w.say("hold_text", &[])));
    }
    if let Some(language) = &choices.language {
        rows.push(row("hold_language", ServiceWords::of(language).name().to_owned()));
    }
    if let Some(until) = choices.paused_until.filter(|until| *until > now) {
        let day = Words::of(w.code()).long_date(&digest.zone.local(until));
        rows.push(row("hold_paused", w.say("hold_until", &[("day", &day)])));
    }
    rows
}
