//! The checked configuration: what every stage is given. Made by `check` only, so it holds no contradiction.

mod inbound;
mod mail;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::listed::FeedListSettings;
use crate::model::FeedSpec;
use crate::time::{Schedule, Zone};

pub use inbound::{Corrections, ImapSettings, InboundSettings, LmtpListen, SubscriberSettings};
pub use mail::{
    DkimKey, DkimSettings, MailSettings, RateSettings, SmtpAuth, SmtpSettings, SmtpTls, Transport, UncertainPolicy,
};

/// Everything `config.toml` says, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[daemon]`
    pub daemon: DaemonSettings,
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[poll]`
    pub poll: PollSettings,
    /// `[[feed]]`, keys unique.
    pub feeds: Vec<FeedSpec>,
    /// `[[feed_list]]`, keys unique.
    pub feed_lists: Vec<FeedListSettings>,
    /// `[stories]`, `[[company]]`, `[[theme]]`
    pub stories: StorySettings,
    /// `[[digest]]`, keys unique, at least one.
    pub digests: Vec<DigestSettings>,
    /// `[[subscriber]]`, none twice for one digest.
    pub subscribers: Vec<SubscriberSettings>,
    /// `[mail]`
    pub mail: MailSettings,
    /// `[inbound]`
    pub inbound: InboundSettings,
    /// `[web]`; `None` switches the web door off.
    pub web: Option<WebSettings>,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[log]`
    pub log: LogSettings,
    /// The files it was read from, the main one first.
    pub files: Vec<PathBuf>,
    /// What is odd but no error: readable secrets, a theme with few sources.
    pub warnings: Vec<String>,
}

impl Config {
    /// The address of the pages as mails may name it: none when mail leaves this machine and no public address is
    /// configured, since a link to loopback would lead its reader nowhere.
    #[must_use]
    pub fn mailed_url(&self) -> Option<String> {
        let stays = matches!(self.mail.transport, Transport::Folder(_) | Transport::Maildir(_));
        self.web
            .as_ref()
            .filter(|web| web.is_public || stays)
            .map(|web| web.public_url.clone())
    }
}

/// `[daemon]`
#[derive(Debug, Clone)]
pub struct DaemonSettings {
    /// Longest wait for running work after SIGTERM.
    pub shutdown_grace: Duration,
    /// Where notices to the operator go; `None` sends none.
    pub operator: Option<String>,
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long entries are kept.
    pub keep_entries: Duration,
    /// How long sent deliveries are kept.
    pub keep_deliveries: Duration,
}

/// One `[[host]]`, as far as it is about the host and not about its feeds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// Requests at once; `None` takes `[poll].per_host`.
    pub per_host: Option<usize>,
    /// Least pause between two requests; `None` takes `[poll].host_pause`.
    pub host_pause: Option<Duration>,
}

/// `[poll]`
#[derive(Debug, Clone)]
pub struct PollSettings {
    /// Usual time between two polls of a feed.
    pub interval: Duration,
    /// Longest time between two polls, adaptive or backing off.
    pub interval_max: Duration,
    /// Requests at once over all hosts.
    pub concurrency: usize,
    /// Requests at once to one host.
    pub per_host: usize,
    /// Least pause between two requests to one host.
    pub host_pause: Duration,
    /// Whole time of one request.
    pub timeout: Duration,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Most bytes of a body on the wire.
    pub wire_max: u64,
    /// Most bytes of a body after decompression.
    pub body_max: u64,
    /// Most redirects followed.
    pub redirects_max: usize,
    /// Most entries kept of one document, the newest.
    pub entries_max: usize,
    /// At a feed's first poll, what is older than this is history, not news.
    pub first_poll_news: Duration,
    /// A URL or address people can complain to; part of the User-Agent.
    pub contact: String,
    /// Private and loopback addresses may be fetched (all feeds).
    pub allow_private: bool,
    /// PEM file with root certificates trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Poll this long before an edition is composed; zero switches it off.
    pub before_edition: Duration,
    /// Hubs that feeds name are asked to tell us of news (WebSub), where `[web].public_url` is set.
    pub websub: bool,
    /// `[[host]]`: what single hosts may be asked, by name.
    pub hosts: BTreeMap<String, HostSettings>,
    /// Query parameters cut from links beside the built-in list.
    pub tracking_parameters: Vec<String>,
}

/// `[stories]`, `[[company]]`, `[[theme]]`
#[derive(Debug, Clone)]
pub struct StorySettings {
    /// Granularity: 0.0 joins little, 1.0 joins much; 0.5 is the shipped default.
    pub granularity: f64,
    /// The probability of one event from which an entry joins a story, averaged over the story's entries.
    pub cut: f64,
    /// How long a story stays open for new entries.
    pub window: Duration,
    /// `[[company]]` tables.
    pub companies: Vec<CompanySettings>,
    /// `[[theme]]` tables.
    pub themes: Vec<ThemeSettings>,
}

impl Default for StorySettings {
    /// The shipped defaults.
    fn default() -> Self {
        Self {
            granularity: 0.5,
            cut: 0.35,
            window: Duration::from_hours(72),
            companies: Vec::new(),
            themes: Vec::new(),
        }
    }
}

/// One `[[company]]`: adds to the built-in gazetteer or changes an entry of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompanySettings {
    /// Slug; the same slug as a built-in entry changes that entry.
    pub slug: String,
    /// Name as readers see it; empty keeps the built-in one.
    pub name: String,
    /// Other names that are matched, case-sensitively.
    pub aliases: Vec<String>,
    /// Tickers.
    pub tickers: Vec<String>,
    /// Products and people that imply it.
    pub products: Vec<String>,
    /// Phrases in which a name of it does not count ("apple pie").
    pub not: Vec<String>,
    /// Its names are everyday words and need context.
    pub ambiguous: Option<bool>,
    /// `false` switches a built-in entry off.
    pub enabled: bool,
}

/// One `[[theme]]`: adds to the built-in taxonomy or changes a theme of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ThemeSettings {
    /// Slug; the same slug as a built-in theme changes that theme.
    pub slug: String,
    /// Name as readers see it; empty keeps the built-in one.
    pub name: String,
    /// Phrases with weights; a word form is matched with `*` at its end.
    pub phrases: BTreeMap<String, f64>,
    /// Phrases that speak against it, with weights.
    pub not: BTreeMap<String, f64>,
    /// Companies that suggest it, by slug.
    pub companies: Vec<String>,
    /// Replace the built-in phrases instead of adding to them.
    pub replace: bool,
    /// `false` switches a built-in theme off.
    pub enabled: bool,
}

/// What happens to an edition whose time passed while the daemon was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatePolicy {
    /// Sent, however late within `catch_up`; beyond that merged.
    Send,
    /// Its stories go into the next edition.
    Merge,
    /// Recorded as missed; its stories are dropped.
    Skip,
}

/// One `[[digest]]`.
#[derive(Debug, Clone)]
pub struct DigestSettings {
    /// Stable name, part of addresses (`news+subscribe-daily@`).
    pub key: String,
    /// Name as readers see it.
    pub title: String,
    /// When it is composed, on local time.
    pub schedule: Schedule,
    /// The zone of the schedule and of all times shown.
    pub zone: Zone,
    /// How late an edition may still be made.
    pub catch_up: Duration,
    /// What becomes of a missed edition.
    pub late: LatePolicy,
    /// Company slugs with a section of their own; empty takes the most written-about.
    pub companies: Vec<String>,
    /// Theme slugs with a section of their own, in this order; empty takes all.
    pub themes: Vec<String>,
    /// Feeds (keys or groups) it draws from; empty takes all.
    pub feeds: Vec<String>,
    /// Most stories in full.
    pub stories_max: usize,
    /// Stories in the top section.
    pub top_max: usize,
    /// Related headlines shown for a story.
    pub related_max: usize,
    /// One-line items under "also noted".
    pub noted_max: usize,
    /// Most stories led by one source.
    pub per_source_max: usize,
    /// Most stories in full about one company that the reader did not ask for.
    pub per_company_max: usize,
    /// Most stories in full whose main theme is the same and not asked for.
    pub per_theme_max: usize,
    /// Least score of a story in full.
    pub score_min: f64,
    /// Weights of the score's parts by name, beside the built-in ones.
    pub weights: BTreeMap<String, f64>,
    /// Whether a mail without stories is sent.
    pub send_empty: bool,
    /// Subject template; `None` takes the built-in one.
    pub subject: Option<String>,
    /// Language of fixed strings.
    pub language: String,
    /// Anybody may subscribe (by mail and web); otherwise only the operator adds people.
    pub open: bool,
}

/// A password or key that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The secret itself; never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `[web]`
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address people use, without a slash at its end; where it listens when none is configured.
    pub public_url: String,
    /// Whether `public_url` was configured, so that it means something outside this machine.
    pub is_public: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

/// `[limits]`
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// Mails a day to an address that is not subscribed.
    pub stranger_mails_per_day: u32,
    /// Confirmations and replies an hour for the whole service.
    pub replies_per_hour: u32,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; under systemd with priority prefixes.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A level or a filter as `tracing` reads it (`info`, `courant::mail=debug,info`).
    pub filter: String,
    /// Format.
    pub format: LogFormat,
}
