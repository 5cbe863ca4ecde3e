//! One message beside the outbox, for an operator who wants to know whether mail leaves.

use super::dkim::Signer;
use super::mailer::MailError;
use super::message::{self, MessageSpec};
use super::send::Way;
use super::smtp::Envelope;
use super::transport::Outgoing;
use crate::config::Config;
use crate::model::{DeliveryId, DeliveryKind, Rendered, SendOutcome};
use crate::time::Timestamp;

/// Sends a short message over the configured way out and says what came of it.
///
/// # Errors
/// When the way out or the address cannot be used.
pub async fn send_test(config: &Config, to: &str, now: Timestamp, random: u64) -> Result<SendOutcome, MailError> {
    let mail = &config.mail;
    let setup = |error: message::MessageError| MailError::Setup(error.to_string());
    let domain = mail.list_address.rsplit_once('@').map_or("localhost", |(_, d)| d);
    let spec = MessageSpec {
        kind: DeliveryKind::Admin,
        from_name: mail.from_name.clone(),
        from: mail.from.clone(),
        to: to.to_owned(),
        reply_to: Some(mail.list_address.clone()),
        message_id: message::message_id("t", now, 0, random, domain),
        date: now,
        in_reply_to: None,
        references: Vec::new(),
        list: None,
        feedback_id: None,
        language: "en".to_owned(),
    };
    let rendered = Rendered {
        subject: "Test message from Courant".to_owned(),
        text: format!(
            "This message shows that mail leaves this Courant.\n\nSender: {}\nTime: {now}\n\n{}\n",
            mail.from, mail.contact
        ),
        html: String::new(),
    };
    let mut bytes = message::build(&spec, &rendered).map_err(setup)?;
    if let Some(keys) = &mail.dkim {
        bytes = Signer::new(keys)
            .and_then(|signer| signer.sign(&bytes))
            .map_err(MailError::Setup)?;
    }
    let message = Outgoing {
        id: DeliveryId::new(0),
        label: "test".to_owned(),
        dated_at: now,
        envelope: Envelope {
            from: message::wire_address(&mail.list_address)
                .ok_or_else(|| setup(message::MessageError::Address("From")))?,
            to: message::wire_address(to).ok_or_else(|| setup(message::MessageError::Address("To")))?,
        },
        bytes: bytes.into(),
        html: String::new(),
    };
    let nothing_to_commit = std::future::ready(true);
    match Way::new(mail, None).map_err(MailError::Setup)? {
        Way::Local(local) => Ok(local.deliver(message, nothing_to_commit).await),
        Way::Smtp(relay) => {
            let session = match relay.open().await {
                Ok(session) => session,
                Err(outcome) => return Ok(outcome),
            };
            let (outcome, session) = session.send(&message.envelope, &message.bytes, nothing_to_commit).await;
            if let Some(session) = session {
                session.quit().await;
            }
            Ok(outcome)
        }
    }
}
