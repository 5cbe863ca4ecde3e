//! `[mail]` and what belongs to it.

use std::path::PathBuf;
use std::time::Duration;

use super::{LmtpListen, Secret};
use crate::language::Languages;

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Over SMTP.
    Smtp(SmtpSettings),
    /// Over LMTP to a mail store or server on this machine.
    Lmtp(LmtpListen),
    /// Through a `sendmail` program: path and leading arguments.
    Sendmail(Vec<String>),
    /// One `.eml` file a message in this folder, plus the HTML page.
    Folder(PathBuf),
    /// Into a Maildir.
    Maildir(PathBuf),
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte (port 465), the default.
    Implicit,
    /// STARTTLS required.
    StartTls,
    /// None; only to loopback.
    None,
}

/// How the login is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpAuth {
    /// The first of PLAIN, LOGIN and XOAUTH2 that the server offers.
    Any,
    /// PLAIN only.
    Plain,
    /// LOGIN only.
    Login,
    /// XOAUTH2 only; the password is an access token.
    Xoauth2,
}

/// `[mail.smtp]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Host name, checked against the certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: SmtpTls,
    /// Login; `None` sends without.
    pub username: Option<String>,
    /// Password or access token, from a file, the environment or a credential.
    pub password: Option<Secret>,
    /// Program and arguments that print the password or token; run before each login.
    pub password_command: Vec<String>,
    /// How the login is said.
    pub auth: SmtpAuth,
    /// PEM file with an extra root certificate.
    pub ca_file: Option<PathBuf>,
    /// Name given in EHLO.
    pub helo: String,
    /// Connections at once.
    pub connections: usize,
    /// Limit for each phase before the body; the reply to the final dot has 10 minutes in any case.
    pub timeout: Duration,
}

/// What becomes of a message that may or may not have been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncertainPolicy {
    /// Counted as sent, shown, never sent again by itself.
    Hold,
    /// Sent again under the same Message-ID.
    Resend,
}

/// `[mail.rate]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSettings {
    /// Messages a second over all connections; 0 is no limit.
    pub per_second: u32,
    /// Messages an hour; 0 is no limit.
    pub per_hour: u32,
    /// Messages a minute to one recipient domain; 0 is no limit.
    pub per_domain_minute: u32,
    /// Messages on their way at once to one recipient domain; 0 is no limit.
    pub per_domain_connections: u32,
    /// Messages over one connection before it is closed.
    pub per_connection: u32,
}

/// `[mail]`
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// How mail leaves.
    pub transport: Transport,
    /// `From:` of digests, address only.
    pub from: String,
    /// Display name of `from`.
    pub from_name: String,
    /// The address people write to (`news@example.org`); `+detail` forms of it carry commands and tokens.
    pub list_address: String,
    /// Who runs this, with a postal or contact line; in every footer.
    pub contact: String,
    /// What to do with a digest in doubt.
    pub on_uncertain: UncertainPolicy,
    /// Rates.
    pub rate: RateSettings,
    /// Folder with templates that replace the built-in ones by name; `None` takes the built-in ones.
    pub templates: Option<PathBuf>,
    /// Fixed strings of mails and pages: the built-in languages, and the operator's own.
    pub languages: Languages,
    /// How long a message is tried before it is given up.
    pub give_up: Duration,
    /// Most bytes of the encoded HTML part.
    pub html_max: usize,
    /// Key of leave and settings tokens; made and kept in the database when none is configured.
    pub token_key: Option<Secret>,
    /// Domain of return paths that name the delivery (`bounces+17-mac@example.org`). `None` takes the list address as it
    /// is, for relays that accept only known senders.
    pub bounce_domain: Option<String>,
    /// Keys to sign with; `None` leaves signing to the relay.
    pub dkim: Option<DkimSettings>,
}

/// `[mail.dkim]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimSettings {
    /// `d=`: the domain of `from`, or one above it.
    pub domain: String,
    /// One or two keys; each makes a signature of its own.
    pub keys: Vec<DkimKey>,
}

/// A key to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// `s=`: its name in DNS below `_domainkey`.
    pub selector: String,
    /// RSA (PKCS#1 or PKCS#8) or Ed25519 (PKCS#8), as PEM.
    pub pem: Secret,
}
