//! Mails: rendered, waiting, tried.

use super::{AudienceId, DeliveryId, EditionId, SubscriptionId};
use crate::time::Timestamp;

/// A mail's visible parts, the same for a whole audience. Personal places hold placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Subject, one line.
    pub subject: String,
    /// `text/plain` part.
    pub text: String,
    /// `text/html` part.
    pub html: String,
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// An edition to a reader.
    Digest,
    /// The opt-in question.
    Confirm,
    /// The welcome after it.
    Welcome,
    /// The farewell after leaving.
    Goodbye,
    /// An answer to a mailed command.
    Reply,
    /// A notice to the operator.
    Admin,
}

impl DeliveryKind {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Digest,
        Self::Confirm,
        Self::Welcome,
        Self::Goodbye,
        Self::Reply,
        Self::Admin,
    ];

    /// The word it has in the database, in metrics and in commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Confirm => "confirm",
            Self::Welcome => "welcome",
            Self::Goodbye => "goodbye",
            Self::Reply => "reply",
            Self::Admin => "admin",
        }
    }
}

/// Where a delivery stands (`standards.md` 1.5 of the design).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waiting for its time.
    Queued,
    /// Taken by a sender; nothing is on the wire that could count.
    Claimed,
    /// The server said 354: from here on the message may have been taken.
    Committing,
    /// Accepted, for good.
    Sent,
    /// Given up, with the reply that decided it.
    Failed,
    /// A newer edition took its place before it went out.
    Superseded,
    /// It may or may not have been taken: held for a person, or sent again, by `on_uncertain`.
    Uncertain,
    /// Withdrawn before it went out: the reader left or is suppressed.
    Cancelled,
}

impl DeliveryStatus {
    /// Reads [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Claimed,
            Self::Committing,
            Self::Sent,
            Self::Failed,
            Self::Superseded,
            Self::Uncertain,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }

    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Claimed,
        Self::Committing,
        Self::Sent,
        Self::Failed,
        Self::Superseded,
        Self::Uncertain,
        Self::Cancelled,
    ];

    /// The word it has in the database, in metrics and in commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Committing => "committing",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Uncertain => "uncertain",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One message to one person, claimed for sending.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Row id.
    pub id: DeliveryId,
    /// What it is.
    pub kind: DeliveryKind,
    /// The edition, for a digest.
    pub edition: Option<EditionId>,
    /// The audience, for a digest.
    pub audience: Option<AudienceId>,
    /// The subscription it belongs to, if any.
    pub subscription: Option<SubscriptionId>,
    /// When that subscription was confirmed, if it was.
    pub confirmed_at: Option<Timestamp>,
    /// Recipient as the person wrote it.
    pub address: String,
    /// Ours, the same at every attempt.
    pub message_id: String,
    /// `Date:` of the message, the same at every attempt.
    pub dated_at: Timestamp,
    /// Complete RFC 5322 bytes for everything but a digest, else empty.
    pub message: Vec<u8>,
    /// This attempt's number, 1 for the first.
    pub attempt: u32,
    /// When it was queued.
    pub queued_at: Timestamp,
}

/// How far an SMTP session came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpPhase {
    /// Connecting, TLS, greeting, EHLO.
    Connect,
    /// Logging in.
    Auth,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// `DATA` up to 354.
    Data,
    /// Body and final dot.
    Body,
}

impl SmtpPhase {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::Connect,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Body,
    ];

    /// The word it has in the database, in metrics and in commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
        }
    }
}

/// What one attempt came to, before anybody decides what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// 2yz to the final dot (or the file was written).
    Accepted {
        /// The server's words, capped.
        reply: String,
    },
    /// A reply refused it.
    Refused {
        /// Where.
        phase: SmtpPhase,
        /// Three-digit code.
        code: u16,
        /// RFC 3463 code (`5.1.1`), empty when none.
        enhanced: String,
        /// The server's words, capped.
        reply: String,
    },
    /// It failed before the final dot: the message was certainly not taken.
    NotSent {
        /// Where.
        phase: SmtpPhase,
        /// What happened.
        error: String,
    },
    /// It may have been taken: no clear reply came to the final dot.
    Unknown {
        /// What happened.
        error: String,
    },
}

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Sent,
    /// Try again then.
    RetryAt(Timestamp),
    /// Give up; the recipient is fine.
    GiveUp,
    /// Give up, and this recipient does not exist: suppress.
    Suppress,
    /// Our own fault or our relay's: hold the whole queue until then and tell the operator.
    PauseUntil(Timestamp),
    /// It may have been taken.
    Uncertain,
}

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// When it ended.
    pub at: Timestamp,
    /// What happened.
    pub outcome: SendOutcome,
    /// What follows.
    pub verdict: Verdict,
}
