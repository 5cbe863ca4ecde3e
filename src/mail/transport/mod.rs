//! Ways a message leaves beside SMTP: into a folder, a Maildir, or a `sendmail` program.
//!
//! They go through the same states: the caller's commit comes before the message can have been taken, and what fails
//! after it without a clear answer is in doubt.

mod folder;
mod sendmail;

use std::path::PathBuf;

use bytes::Bytes;

use self::folder::Failed;
use super::smtp::Envelope;
use crate::model::{DeliveryId, SendOutcome, SmtpPhase};
use crate::time::Timestamp;

/// A message and what a local transport wants to know of it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Which delivery.
    pub id: DeliveryId,
    /// What it is, a word for file names: the digest's key, or the kind.
    pub label: String,
    /// Its date.
    pub dated_at: Timestamp,
    /// From and to.
    pub envelope: Envelope,
    /// RFC 5322 bytes.
    pub bytes: Bytes,
    /// The page of a digest, the same as its HTML part; empty otherwise.
    pub html: String,
}

/// A local transport.
#[derive(Debug, Clone)]
pub enum Local {
    /// One `.eml` file a message, a page beside it.
    Folder(PathBuf),
    /// A Maildir.
    Maildir(PathBuf),
    /// Program and leading arguments.
    Sendmail(Vec<String>),
}

impl Local {
    /// Delivers one message. When `commit` is false nothing is delivered.
    pub async fn deliver(&self, message: Outgoing, commit: impl Future<Output = bool>) -> SendOutcome {
        if !commit.await {
            return SendOutcome::NotSent {
                phase: SmtpPhase::Data,
                error: "withdrawn before the message was sent".to_owned(),
            };
        }
        crate::crash::point("after_committing");
        let outcome = match self {
            Self::Folder(path) => {
                let path = path.clone();
                in_background(move || folder::write_pages(&path, &message)).await
            }
            Self::Maildir(path) => {
                let path = path.clone();
                in_background(move || folder::write_maildir(&path, &message)).await
            }
            Self::Sendmail(command) => sendmail::pipe(command, &message).await,
        };
        if matches!(outcome, SendOutcome::Accepted { .. }) {
            crate::crash::point("after_250");
        }
        outcome
    }

    /// Whether delivering a message again puts it in the place of the first: then a doubt needs no person.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Folder(_))
    }
}

/// Runs file work off the async threads. A file that did not appear was not delivered; one that appeared without being
/// known to last is in doubt.
async fn in_background(work: impl FnOnce() -> Result<String, Failed> + Send + 'static) -> SendOutcome {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(reply)) => SendOutcome::Accepted { reply },
        Ok(Err(Failed::Before(error))) => SendOutcome::NotSent {
            phase: SmtpPhase::Body,
            error: error.to_string(),
        },
        Ok(Err(Failed::After(error))) => SendOutcome::Unknown {
            error: format!("the file is there, but may not outlast a power cut: {error}"),
        },
        Err(_) => SendOutcome::Unknown {
            error: "the process is ending".to_owned(),
        },
    }
}
