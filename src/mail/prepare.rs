//! From a claimed delivery to the bytes that leave. A digest is rendered once for its audience and kept in memory; what
//! is personal goes in for each recipient. Answers carry their bytes already.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::dkim::Signer;
use super::message::{self, ListHeaders, MessageSpec};
use super::personal::{Doors, Personal};
use super::render::{RenderSettings, Templates, Words, archive_page, edition_page, render_digest};
use super::smtp::Envelope;
use super::transport::Outgoing;
use crate::config::Config;
use crate::model::{AudienceId, Delivery, DeliveryKind, Edition, EditionId, Length, MailFormat, Rendered};
use crate::store::{Db, outbox};
use crate::time::{Timestamp, Zone};
use crate::token::{self, TokenKey};

/// Audiences kept rendered at once; each is some 100 KB.
const AUDIENCES_MAX: usize = 256;
/// Editions kept at once.
const EDITIONS_MAX: usize = 4;

/// Why a delivery cannot be made into a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrepareError {
    /// The recipient's address cannot stand in a message.
    #[error("the recipient's address cannot stand in a message")]
    Address,
    /// Anything else: ours.
    #[error("{0}")]
    Other(String),
}

/// Makes messages; shared by all connections.
pub(super) struct Preparer {
    db: Db,
    config: Arc<Config>,
    templates: Templates,
    key: TokenKey,
    doors: Doors,
    signer: Option<Signer>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    editions: BTreeMap<EditionId, Arc<Edition>>,
    audiences: BTreeMap<AudienceId, Arc<Page>>,
}

/// One audience's mail with its places, and what its headers say.
struct Page {
    rendered: Rendered,
    edition: Arc<Edition>,
    zone: Zone,
    language: String,
    archive: Option<String>,
}

impl Preparer {
    /// Reads the templates; the error is for the operator.
    pub(super) fn new(db: Db, config: Arc<Config>, key: TokenKey) -> Result<Self, String> {
        let templates = Templates::load(config.mail.templates.as_deref()).map_err(|e| e.to_string())?;
        let signer = config.mail.dkim.as_ref().map(Signer::new).transpose()?;
        let doors = Doors {
            public_url: config.mailed_url(),
            // Headers and the relay take it in its ASCII form.
            list_address: message::wire_address(&config.mail.list_address)
                .ok_or_else(|| format!("`{}` is no address", config.mail.list_address))?,
        };
        Ok(Self {
            db,
            config,
            templates,
            key,
            doors,
            signer,
            kept: Mutex::default(),
        })
    }

    /// The message of a delivery.
    pub(super) async fn prepare(&self, delivery: &Delivery) -> Result<Outgoing, PrepareError> {
        let to = message::wire_address(&delivery.address).ok_or(PrepareError::Address)?;
        let envelope = Envelope {
            from: self.return_path(delivery),
            to,
        };
        let (label, bytes, html) = if delivery.kind == DeliveryKind::Digest {
            let page = self.page(delivery).await?;
            let (bytes, html) = self.digest(delivery, &page)?;
            (page.edition.digest.clone(), bytes, html)
        } else {
            (delivery.kind.word().to_owned(), delivery.message.clone(), String::new())
        };
        let bytes = match &self.signer {
            Some(signer) => signer.sign(&bytes).map_err(PrepareError::Other)?,
            None => bytes,
        };
        Ok(Outgoing {
            id: delivery.id,
            label,
            dated_at: delivery.dated_at,
            envelope,
            bytes,
            html,
        })
    }

    /// Bounces come back naming the delivery, or else to the list address; the inbound door reads both.
    fn return_path(&self, delivery: &Delivery) -> String {
        match &self.config.mail.bounce_domain {
            Some(domain) => token::verp_address(&self.key, delivery.id, domain),
            None => self.doors.list_address.clone(),
        }
    }

    fn digest(&self, delivery: &Delivery, page: &Page) -> Result<(Vec<u8>, String), PrepareError> {
        let subscription = delivery
            .subscription
            .ok_or_else(|| PrepareError::Other("a digest without a subscription".to_owned()))?;
        let date = |at| Words::of(&page.language).long_date(&page.zone.local(at));
        let confirmed_on = delivery.confirmed_at.map(date);
        let personal = Personal::new(&self.key, &self.doors, subscription, &delivery.address, confirmed_on);
        let rendered = personal.fill(&page.rendered);
        let mail = &self.config.mail;
        let edition = &page.edition;
        let operator = self.config.daemon.operator.as_deref();
        let spec = MessageSpec {
            kind: delivery.kind,
            from_name: mail.from_name.clone(),
            from: mail.from.clone(),
            to: delivery.address.clone(),
            reply_to: Some(personal.reply_mail.clone()),
            message_id: delivery.message_id.clone(),
            date: delivery.dated_at,
            in_reply_to: None,
            references: Vec::new(),
            list: Some(ListHeaders {
                archive_url: page.archive.clone(),
                ..personal.list_headers(&self.doors, &edition.digest, &edition.title, operator)
            }),
            feedback_id: Some(format!("{}:{}:digest:courant", day(delivery.dated_at), edition.digest)),
            language: page.language.clone(),
        };
        let bytes = message::build(&spec, &rendered).map_err(|e| PrepareError::Other(e.to_string()))?;
        Ok((bytes, rendered.html))
    }

    /// Each audience is rendered once, by whoever comes first; the others wait for it.
    async fn page(&self, delivery: &Delivery) -> Result<Arc<Page>, PrepareError> {
        let (Some(audience), Some(id)) = (delivery.audience, delivery.edition) else {
            return Err(PrepareError::Other("a digest without an edition".to_owned()));
        };
        let mut kept = self.kept.lock().await;
        if let Some(page) = kept.audiences.get(&audience) {
            return Ok(Arc::clone(page));
        }
        let edition = self.edition(&mut kept, id).await?;
        let page = Arc::new(self.render(audience, id, edition).await?);
        while kept.audiences.len() >= AUDIENCES_MAX {
            kept.audiences.pop_first();
        }
        kept.audiences.insert(audience, Arc::clone(&page));
        Ok(page)
    }

    async fn edition(&self, kept: &mut Kept, id: EditionId) -> Result<Arc<Edition>, PrepareError> {
        if let Some(edition) = kept.editions.get(&id) {
            return Ok(Arc::clone(edition));
        }
        let edition = self
            .db
            .read(move |connection| outbox::edition(connection, id))
            .await
            .map_err(|e| PrepareError::Other(e.to_string()))?
            .ok_or_else(|| PrepareError::Other(format!("edition {id} is gone")))?;
        let edition = Arc::new(edition);
        while kept.editions.len() >= EDITIONS_MAX {
            kept.editions.pop_first();
        }
        kept.editions.insert(id, Arc::clone(&edition));
        Ok(edition)
    }

    async fn render(&self, audience: AudienceId, id: EditionId, edition: Arc<Edition>) -> Result<Page, PrepareError> {
        let (choices, layout) = self
            .db
            .read(move |connection| outbox::audience(connection, audience))
            .await
            .map_err(|e| PrepareError::Other(e.to_string()))?
            .ok_or_else(|| PrepareError::Other(format!("audience {audience} is gone")))?;
        let digest = self.config.digests.iter().find(|digest| digest.key == edition.digest);
        let zone = choices.zone.as_deref().unwrap_or(&edition.zone);
        let zone: Zone = zone
            .parse()
            .map_err(|_| PrepareError::Other(format!("unknown time zone `{zone}`")))?;
        let language = choices
            .language
            .or_else(|| digest.map(|digest| digest.language.clone()))
            .unwrap_or_else(|| "en".to_owned());
        let settings = RenderSettings {
            zone,
            language: language.clone(),
            web: self.doors.public_url.is_some(),
            archive: digest.and_then(|digest| archive_page(&self.config, digest)),
            edition: digest.and_then(|digest| edition_page(&self.config, digest, id)),
            list_address: self.doors.list_address.clone(),
            contact: self.config.mail.contact.clone(),
            subject: digest.and_then(|digest| digest.subject.clone()),
            compact: choices.length == Length::Short,
        };
        let archive = settings.archive.clone();
        let mut rendered = render_digest(&self.templates, &edition, &layout, &settings)
            .map_err(|e| PrepareError::Other(format!("unable to render: {e}")))?;
        if choices.format == MailFormat::Text {
            rendered.html.clear();
        }
        Ok(Page {
            rendered,
            edition,
            zone,
            language,
            archive,
        })
    }
}

fn day(at: Timestamp) -> String {
    at.rfc3339().chars().take(10).filter(char::is_ascii_digit).collect()
}
