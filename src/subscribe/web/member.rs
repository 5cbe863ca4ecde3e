//! What the pages ask of the desk: everything that changes a subscription goes through the same orders as a mail.

use std::sync::Arc;

use crate::address::Address;
use crate::config::{Config, DigestSettings};
use crate::context::Ctx;
use crate::mail::render::Templates;
use crate::model::{Choices, Subscription, SubscriptionId, SubscriptionStatus};
use crate::store::{self, subscribers};
use crate::subscribe::choose::{Names, schedule_of};
use crate::subscribe::command::Command;
use crate::subscribe::inbound::Proof;
use crate::subscribe::{Done, Order, Way, order};
use crate::time::LocalTime;
use crate::token;

/// A subscription as a page shows it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its row.
    pub id: SubscriptionId,
    /// `[[digest]].key`.
    pub digest: String,
    /// The digest's name; its key where it is configured no more.
    pub title: String,
    /// Whether the digest is still configured. One that is not can be left, and nothing else.
    pub is_configured: bool,
    /// The reader's address.
    pub address: String,
    /// What they chose.
    pub choices: Choices,
    /// Whether it gets mail.
    pub is_active: bool,
    /// The digest's language.
    pub language: String,
    /// Opens the settings page.
    pub settings_token: String,
    /// Opens the leave page.
    pub leave_token: String,
    /// The next edition on local time; `None` when there is none.
    pub next: Option<LocalTime>,
}

/// Who asks, as far as an order keeps it.
#[derive(Debug, Clone)]
pub struct Who {
    /// The network, for the proof of consent.
    pub network: String,
    /// What they read in, where that is known.
    pub language: Option<String>,
}

/// An order from a page.
fn page_order(command: Command, from: Option<Address>, proof: Proof, way: Way, who: Who) -> Order {
    Order {
        commands: vec![command],
        unclear: Vec::new(),
        from,
        proof,
        way,
        evidence: who.network,
        thread: None,
        answers: Vec::new(),
        language: who.language,
    }
}

/// Asks for a digest: at most a confirmation mail follows, and the page never says what did.
pub async fn ask(ctx: &Ctx, templates: &Arc<Templates>, address: Address, digest: &str, who: Who) -> store::Result<()> {
    let command = Command::Subscribe(Some(digest.to_owned()));
    order(
        ctx,
        templates,
        page_order(command, Some(address), Proof::None, Way::Web, who),
    )
    .await?;
    Ok(())
}

/// Asks for the link to one's settings: at most one mail follows.
pub async fn find_again(ctx: &Ctx, templates: &Arc<Templates>, address: Address, who: Who) -> store::Result<Done> {
    let asked = page_order(Command::Settings, Some(address), Proof::None, Way::Web, who);
    order(ctx, templates, asked).await
}

/// The digest a confirm token waits for; `None` for a token that is not good.
pub async fn pending(ctx: &Ctx, confirm: &str) -> store::Result<Option<Member>> {
    let Some(hash) = token::confirm_hash(confirm) else {
        return Ok(None);
    };
    let now = ctx.now();
    let found = ctx
        .db
        .read(move |conn| subscribers::by_confirm_hash(conn, &hash, now))
        .await?;
    Ok(member(ctx, found).await?.filter(|member| member.is_configured))
}

/// Confirms; `None` for a token that is not good.
pub async fn confirm(ctx: &Ctx, templates: &Arc<Templates>, confirm: &str, who: Who) -> store::Result<Option<Member>> {
    let Some(waiting) = pending(ctx, confirm).await? else {
        return Ok(None);
    };
    let command = Command::Confirm(confirm.to_owned());
    match order(ctx, templates, page_order(command, None, Proof::None, Way::Web, who)).await? {
        Done::BadToken => Ok(None),
        _ => Ok(Some(waiting)),
    }
}

/// The subscription a leave token names.
pub async fn by_leave_token(ctx: &Ctx, text: &str) -> store::Result<Option<Member>> {
    let id = token::check_leave(&ctx.token_key().await?, text);
    by_id(ctx, id).await
}

/// The subscription a settings token names, while it gets mail.
pub async fn by_settings_token(ctx: &Ctx, text: &str) -> store::Result<Option<Member>> {
    let id = token::check_settings(&ctx.token_key().await?, text);
    let found = by_id(ctx, id).await?;
    Ok(found.filter(|member| member.is_active && member.is_configured))
}

/// Ends a subscription; one that is over stays as it is.
pub async fn leave(ctx: &Ctx, templates: &Arc<Templates>, token: &str, way: Way, who: Who) -> store::Result<()> {
    order(
        ctx,
        templates,
        page_order(Command::Leave(None), None, Proof::Leave(token.to_owned()), way, who),
    )
    .await?;
    Ok(())
}

/// Keeps choices, with the schedule they come to and the proof of who changed them.
pub async fn change(ctx: &Ctx, member: &Member, choices: Choices, evidence: String) -> store::Result<()> {
    let (config, id, now) = (ctx.config(), member.id, ctx.now());
    let Some(spec) = spec(&config, &member.digest) else {
        return Ok(());
    };
    let schedule = schedule_of(&choices, &spec.schedule, spec.zone).unwrap_or_default();
    ctx.db
        .write(move |tx| {
            subscribers::set_choices(tx, id, &choices, &schedule, now)?;
            subscribers::add_consent(tx, id, subscribers::Step::Changed, Way::Web.word(), &evidence, now)
        })
        .await?;
    Ok(())
}

/// The names readers may use.
pub async fn names(ctx: &Ctx) -> store::Result<Names> {
    let known = ctx.db.read(subscribers::known_names).await?;
    Ok(Names::new(known, &ctx.config().mail.languages))
}

async fn by_id(ctx: &Ctx, id: Option<SubscriptionId>) -> store::Result<Option<Member>> {
    let Some(id) = id else { return Ok(None) };
    let found = ctx
        .db
        .read(move |conn| subscribers::subscription_by_id(conn, id))
        .await?;
    member(ctx, found).await
}

async fn member(ctx: &Ctx, found: Option<Subscription>) -> store::Result<Option<Member>> {
    let Some(found) = found else { return Ok(None) };
    let person = found.subscriber;
    let Some(person) = ctx.db.read(move |conn| subscribers::get(conn, person)).await? else {
        return Ok(None);
    };
    let config = ctx.config();
    let spec = spec(&config, &found.digest);
    let key = ctx.token_key().await?;
    let next = spec.and_then(|spec| {
        let firing = spec.schedule.next_after(spec.zone, ctx.now())?;
        Some(spec.zone.local(firing.at))
    });
    let speaks = spec.or(config.digests.first());
    Ok(Some(Member {
        id: found.id,
        title: spec.map_or_else(|| found.digest.clone(), |spec| spec.title.clone()),
        is_configured: spec.is_some(),
        digest: found.digest,
        address: person.address,
        choices: found.choices,
        language: speaks.map(|spec| spec.language.clone()).unwrap_or_default(),
        is_active: found.status == SubscriptionStatus::Active,
        settings_token: token::settings_token(&key, found.id),
        leave_token: token::leave_token(&key, found.id),
        next,
    }))
}

fn spec<'a>(config: &'a Config, digest: &str) -> Option<&'a DigestSettings> {
    config.digests.iter().find(|known| known.key == digest)
}
