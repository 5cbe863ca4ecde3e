//! From a claimed delivery to the bytes that leave. A digest is rendered and encoded once for its audience and kept in
//! memory; what is personal goes in for each recipient. Answers carry their bytes already.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use super::dkim::Signer;
use super::message::frame::Frame;
use super::message::{self, ListHeaders, MessageSpec};
use super::personal::{Doors, Personal};
use super::render::{RenderSettings, Templates, archive_page, edition_page, render_digest};
use super::smtp::Envelope;
use super::transport::Outgoing;
use crate::config::{Config, Transport};
use crate::language::Language;
use crate::model::{AudienceId, Delivery, DeliveryKind, Edition, EditionId, Length, MailFormat, Rendered};
use crate::store::{Db, outbox};
use crate::time::{Timestamp, Zone};
use crate::token::{self, TokenKey};

/// Mails to audiences kept at once; each is some 100 KB.
const PAGES_MAX: usize = 256;
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
    pages: std::sync::Mutex<BTreeMap<PageKey, Arc<Page>>>,
    /// Held while an audience is rendered.
    editions: Mutex<BTreeMap<EditionId, Arc<Edition>>>,
}

/// The `Date` of mails, and their audience: those of older dates are forgotten first.
type PageKey = (Timestamp, AudienceId);

/// One audience's mail, laid out but for what is personal.
struct Page {
    frame: Frame,
    /// The page with its places, where mails are written into a folder.
    html: String,
    digest: String,
    zone: Zone,
    language: Language,
}

/// What an audience is shown, before it is made into a message.
struct Shown {
    rendered: Rendered,
    edition: Arc<Edition>,
    zone: Zone,
    language: Language,
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
            pages: std::sync::Mutex::default(),
            editions: Mutex::default(),
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
            let personal = self.personal(delivery, page.zone, &page.language)?;
            let bytes = page.frame.fill(&personal, &delivery.message_id).map_err(unbuilt)?;
            (page.digest.clone(), bytes, personal.fill_html(&page.html))
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
            bytes: bytes.into(),
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

    fn personal(&self, delivery: &Delivery, zone: Zone, language: &Language) -> Result<Personal, PrepareError> {
        let subscription = delivery
            .subscription
            .ok_or_else(|| PrepareError::Other("a digest without a subscription".to_owned()))?;
        let date = |at| language.digest().long_date(&zone.local(at));
        let confirmed_on = delivery.confirmed_at.map(date);
        Ok(Personal::new(
            &self.key,
            &self.doors,
            subscription,
            &delivery.address,
            confirmed_on,
        ))
    }

    /// Each audience is rendered once, by whoever comes first; the others wait for it.
    async fn page(&self, delivery: &Delivery) -> Result<Arc<Page>, PrepareError> {
        let (Some(audience), Some(id)) = (delivery.audience, delivery.edition) else {
            return Err(PrepareError::Other("a digest without an edition".to_owned()));
        };
        let key = (delivery.dated_at, audience);
        let known = || {
            let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            pages.get(&key).map(Arc::clone)
        };
        if let Some(page) = known() {
            return Ok(page);
        }
        let mut editions = self.editions.lock().await;
        if let Some(page) = known() {
            return Ok(page);
        }
        let edition = self.edition(&mut editions, id).await?;
        let shown = self.render(audience, id, edition).await?;
        let page = Arc::new(self.lay_out(delivery, audience, shown)?);
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        while pages.len() >= PAGES_MAX {
            pages.pop_first();
        }
        pages.insert(key, Arc::clone(&page));
        Ok(page)
    }

    async fn edition(
        &self,
        kept: &mut BTreeMap<EditionId, Arc<Edition>>,
        id: EditionId,
    ) -> Result<Arc<Edition>, PrepareError> {
        if let Some(edition) = kept.get(&id) {
            return Ok(Arc::clone(edition));
        }
        let edition = self
            .db
            .read(move |connection| outbox::edition(connection, id))
            .await
            .map_err(|e| PrepareError::Other(e.to_string()))?
            .ok_or_else(|| PrepareError::Other(format!("edition {id} is gone")))?;
        let edition = Arc::new(edition);
        while kept.len() >= EDITIONS_MAX {
            kept.pop_first();
        }
        kept.insert(id, Arc::clone(&edition));
        Ok(edition)
    }

    /// The message of an audience, with one of its readers for an example.
    fn lay_out(&self, delivery: &Delivery, audience: AudienceId, shown: Shown) -> Result<Page, PrepareError> {
        let personal = self.personal(delivery, shown.zone, &shown.language)?;
        let mail = &self.config.mail;
        let edition = &shown.edition;
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
                archive_url: shown.archive,
                ..personal.list_headers(&self.doors, &edition.digest, &edition.title, operator)
            }),
            feedback_id: Some(format!("{}:{}:digest:courant", day(delivery.dated_at), edition.digest)),
            language: shown.language.code().to_owned(),
        };
        let serial = format!("{audience}.{}.{}", edition.digest, edition.slot.key);
        let frame = Frame::new(&spec, &shown.rendered, &serial).map_err(unbuilt)?;
        let html = match mail.transport {
            Transport::Folder(_) => shown.rendered.html,
            _ => String::new(),
        };
        Ok(Page {
            frame,
            html,
            digest: edition.digest.clone(),
            zone: shown.zone,
            language: shown.language,
        })
    }

    async fn render(&self, audience: AudienceId, id: EditionId, edition: Arc<Edition>) -> Result<Shown, PrepareError> {
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
            .unwrap_or_default();
        let language = self.config.mail.languages.of(&language);
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
        Ok(Shown {
            rendered,
            edition,
            zone,
            language,
            archive,
        })
    }
}

fn unbuilt(error: message::MessageError) -> PrepareError {
    PrepareError::Other(error.to_string())
}

fn day(at: Timestamp) -> String {
    at.rfc3339().chars().take(10).filter(char::is_ascii_digit).collect()
}
