//! People, their subscriptions and their choices.

use serde::{Deserialize, Serialize};

use super::{SubscriberId, SubscriptionId};
use crate::time::Timestamp;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Row id.
    pub id: SubscriberId,
    /// The address as the person wrote it; what we send to.
    pub address: String,
    /// Folded form; what we compare.
    pub address_key: String,
    /// When the row was made.
    pub created_at: Timestamp,
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Asked for, not confirmed.
    Pending,
    /// Confirmed: gets mail.
    Active,
    /// Over.
    Ended,
}

/// Why a subscription ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// By mail, page or settings.
    Asked,
    /// By the mail program's button (RFC 8058).
    OneClick,
    /// The address does not exist.
    Bounced,
    /// Marked as spam.
    Complained,
    /// By the operator.
    Admin,
    /// Never confirmed.
    Expired,
}

/// A person's subscription to one digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Row id.
    pub id: SubscriptionId,
    /// The person.
    pub subscriber: SubscriberId,
    /// `[[digest]].key`.
    pub digest: String,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// What the person chose.
    pub choices: Choices,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was confirmed, if it was.
    pub confirmed_at: Option<Timestamp>,
}

/// How often.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// As the digest's own schedule says.
    #[default]
    Default,
    /// Every day.
    Daily,
    /// Monday to Friday.
    Weekdays,
    /// Once a week, on this day (`mon` to `sun`).
    Weekly(String),
}

/// How much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// The top and what is followed, one line each.
    Short,
    /// As configured.
    #[default]
    Long,
}

/// Which parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailFormat {
    /// Both parts.
    #[default]
    Html,
    /// Text only.
    Text,
}

/// What a reader chose; the default is "everything, as the digest does it". Serialized with sorted lists, so that
/// equal choices are equal bytes and readers with the same choices share one rendering.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// Company slugs followed; empty with empty `themes` means everything.
    pub companies: Vec<String>,
    /// Theme slugs followed.
    pub themes: Vec<String>,
    /// Company and theme slugs never shown.
    pub muted: Vec<String>,
    /// Local time `HH:MM`; `None` takes the digest's.
    pub time: Option<String>,
    /// IANA zone; `None` takes the digest's.
    pub zone: Option<String>,
    /// How often.
    pub frequency: Frequency,
    /// How much.
    pub length: Length,
    /// Which parts.
    pub format: MailFormat,
    /// Language of fixed strings (`en`); `None` takes the digest's.
    pub language: Option<String>,
    /// No mail before this time.
    pub paused_until: Option<Timestamp>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// A company.
    Company,
    /// A theme.
    Theme,
}

/// A company or theme that readers may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownName {
    /// What it stands for.
    pub kind: NameKind,
    /// Slug.
    pub slug: String,
    /// Name as readers see it.
    pub name: String,
    /// Tickers and other names.
    pub others: Vec<String>,
}
