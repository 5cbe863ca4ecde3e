//! `[inbound]` and `[[subscriber]]`: the doors for mail, and people the operator put in.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Secret, SmtpTls};
use crate::model::Choices;

/// One `[[subscriber]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriberSettings {
    /// The address.
    pub address: String,
    /// `[[digest]].key`.
    pub digest: String,
    /// What they get; lists sorted.
    pub choices: Choices,
}

/// `[inbound]`
#[derive(Debug, Clone)]
pub struct InboundSettings {
    /// Most bytes of a mail.
    pub message_max: usize,
    /// `authserv-id` of the own MTA whose `Authentication-Results` are believed; `None` believes none.
    pub authserv_id: Option<String>,
    /// How long a confirmation is waited for.
    pub pending_max: Duration,
    /// Whose word on stories counts, in an answer to a digest.
    pub corrections: Corrections,
    /// Where a mail server hands mails over by LMTP; `None` closes that door.
    pub lmtp: Option<LmtpListen>,
    /// A mailbox that mails are fetched from; `None` closes that door.
    pub imap: Option<ImapSettings>,
}

/// Whose word on stories counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrections {
    /// Every reader's.
    Readers,
    /// Only that of `[daemon] operator`.
    Operator,
    /// Nobody's.
    Off,
}

/// `[inbound.imap]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapSettings {
    /// Host name, checked against the certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection, as for sending.
    pub tls: SmtpTls,
    /// Login.
    pub username: String,
    /// Password; `None` where an access token is used.
    pub password: Option<Secret>,
    /// File with an access token (XOAUTH2), read at each login: another program renews it.
    pub token_file: Option<PathBuf>,
    /// PEM file with an extra root certificate.
    pub ca_file: Option<PathBuf>,
    /// The mailbox looked into.
    pub mailbox: String,
    /// Where mails go that were read; `None` leaves them, flagged as seen.
    pub move_to: Option<String>,
    /// Whether the server is asked to tell of new mails by itself.
    pub idle: bool,
    /// How often it is looked where the server does not tell.
    pub poll: Duration,
    /// Limit for each answer.
    pub timeout: Duration,
}

/// Where LMTP is spoken on this machine: the door of this Courant, or the mail store it delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LmtpListen {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for LmtpListen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
