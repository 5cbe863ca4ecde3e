//! `courant preview`: a digest shown without being recorded or sent.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{Exit, Refused, load_config, runtime};
use crate::address::Address;
use crate::app;
use crate::config::{Config, DigestSettings};
use crate::digest::preview::{Preview, confirmed_on, preview};
use crate::mail::message::{ListHeaders, MessageSpec, build, message_id};
use crate::mail::personal::{Doors, Personal};
use crate::mail::render::{RenderSettings, Templates, archive_page, edition_page, render_digest};
use crate::model::{DeliveryKind, MailFormat, Rendered, SubscriptionId};
use crate::time::{Timestamp, parse_local};
use crate::token::TokenKey;

/// Who a preview for nobody in particular is addressed to.
const NOBODY: &str = "reader@example.org";

/// Show a digest as it would be mailed now, or as it was
///
/// Nothing is recorded and nothing is sent. With --at the time of a past edition, that edition is shown again, byte for
/// byte; any other time composes what the database has for it. The links that leave or change a subscription do not
/// work in a preview.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Key of the digest
    #[arg(value_name = "DIGEST")]
    digest: String,
    /// Local time in the digest's zone, `2026-03-29T07:00`, or with its own zone, `2026-03-29T07:00[Europe/Paris]`
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The digest of this subscriber: their choices, and nothing they were sent before
    #[arg(long = "for", value_name = "ADDRESS")]
    reader: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The plain text part
    Text,
    /// The HTML part
    Html,
    /// The whole message
    Eml,
    /// The edition and the layout
    Json,
}

/// Composes or finds the edition, and prints it.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let spec = find(&config, &args.digest)?.clone();
    let reader = args.reader.as_deref().map(Address::parse).transpose();
    let reader = reader.map_err(|error| Refused::new(Exit::Data, format!("--for: {error}")))?;
    let (shown, confirmed) = runtime()?.block_on(async {
        let ctx = app::open_here(config.clone()).await?;
        let at = match &args.at {
            Some(text) => {
                parse_local(text, spec.zone)
                    .map_err(|error| Refused::new(Exit::Data, error.to_string()))?
                    .1
            }
            None => ctx.now(),
        };
        let key = reader.as_ref().map(Address::key);
        let shown = preview(&ctx.db, &ctx.config(), &spec, at, key.as_deref())
            .await
            .context("Unable to compose the digest")?;
        let confirmed = match &key {
            Some(key) => confirmed_on(&ctx.db, &ctx.config(), &spec, key).await?,
            None => None,
        };
        anyhow::Ok((shown, confirmed))
    })?;
    let addressee = addressee(&config, reader.as_ref(), confirmed);
    let out = output(&config, &spec, &shown, args, &addressee)?;
    std::io::stdout()
        .lock()
        .write_all(&out)
        .context("Unable to print the digest")?;
    Ok(Exit::Done)
}

fn find<'a>(config: &'a Config, key: &str) -> Result<&'a DigestSettings, Refused> {
    config.digests.iter().find(|digest| digest.key == key).ok_or_else(|| {
        let known: Vec<&str> = config.digests.iter().map(|digest| digest.key.as_str()).collect();
        Refused::new(
            Exit::Data,
            format!("no digest is called `{key}`; known here: {}", known.join(", ")),
        )
    })
}

fn output(
    config: &Config,
    spec: &DigestSettings,
    shown: &Preview,
    args: &Args,
    (personal, doors): &(Personal, Doors),
) -> anyhow::Result<Vec<u8>> {
    if args.format == Format::Json {
        let both = serde_json::json!({
            "recorded": shown.recorded.is_some(), "choices": shown.choices, "edition": shown.edition, "layout": shown.layout,
        });
        let mut text = serde_json::to_vec_pretty(&both).context("Unable to write the edition as JSON")?;
        text.push(b'\n');
        return Ok(text);
    }
    let mail = mail(config, spec, shown, personal)?;
    Ok(match args.format {
        Format::Html => mail.html.into_bytes(),
        Format::Eml => eml(config, spec, shown, personal, doors, mail)?,
        Format::Text | Format::Json => mail.text.into_bytes(),
    })
}

/// The mail of an edition, with what is personal in it.
pub(super) fn mail(
    config: &Config,
    spec: &DigestSettings,
    shown: &Preview,
    personal: &Personal,
) -> anyhow::Result<Rendered> {
    let Some(layout) = &shown.layout else {
        return Err(Refused::new(
            Exit::Data,
            "the edition of that time went to nobody; see it with --format json",
        )
        .into());
    };
    let templates = Templates::load(config.mail.templates.as_deref())?;
    let settings = RenderSettings {
        edition: shown.recorded.and_then(|id| edition_page(config, spec, id)),
        ..RenderSettings::of(config, spec, &shown.choices)
    };
    let rendered = render_digest(&templates, &shown.edition, layout, &settings)?;
    Ok(personal.fill(&rendered))
}

/// Whom a preview is addressed to. Its links carry no key of this installation: what a preview is passed on to can end
/// nobody's subscription.
pub(super) fn addressee(config: &Config, reader: Option<&Address>, confirmed: Option<String>) -> (Personal, Doors) {
    let doors = Doors {
        public_url: config.mailed_url(),
        list_address: config.mail.list_address.clone(),
    };
    let to = reader.map_or_else(|| NOBODY.to_owned(), Address::typed);
    let personal = Personal::new(
        &TokenKey::from_secret("preview"),
        &doors,
        SubscriptionId::new(0),
        &to,
        confirmed,
    );
    (personal, doors)
}

fn eml(
    config: &Config,
    spec: &DigestSettings,
    shown: &Preview,
    personal: &Personal,
    doors: &Doors,
    mut mail: Rendered,
) -> anyhow::Result<Vec<u8>> {
    if shown.choices.format == MailFormat::Text {
        mail.html.clear();
    }
    let due: Timestamp = shown.edition.slot.due_at;
    let domain = config
        .mail
        .from
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    let message = MessageSpec {
        kind: DeliveryKind::Digest,
        from_name: config.mail.from_name.clone(),
        from: config.mail.from.clone(),
        to: personal.address.clone(),
        reply_to: Some(config.mail.list_address.clone()),
        message_id: message_id("p", due, 0, 0, domain),
        date: due,
        in_reply_to: None,
        references: Vec::new(),
        list: Some(ListHeaders {
            archive_url: archive_page(config, spec),
            ..personal.list_headers(doors, &spec.key, &spec.title, config.daemon.operator.as_deref())
        }),
        feedback_id: None,
        language: RenderSettings::of(config, spec, &shown.choices)
            .language
            .code()
            .to_owned(),
    };
    build(&message, &mail).context("Unable to build the message")
}
