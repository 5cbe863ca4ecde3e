//! Questions to DNS. Each has a limit, and no answer is an answer of its own: a name server that is gone must not look
//! like a record that is missing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mail_auth::hickory_resolver::TokioResolver;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::net::NetError;
use mail_auth::hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_auth::hickory_resolver::proto::rr::{RData, RecordType};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};
use tokio::time::Instant;

/// How long answers are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one.
    pub answer: Duration,
    /// For all together.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(5),
            whole: Duration::from_secs(10),
        }
    }
}

/// Most records of one name that are looked at.
const RECORDS_MAX: usize = 64;

/// What DNS said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// This.
    Found(T),
    /// There is no such record.
    Missing,
    /// It could not be asked.
    Failed(String),
}

/// What an SPF record says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpfVerdict {
    /// It may send.
    Pass,
    /// It may not, or the record does not say that it may.
    NotPass,
    /// The record cannot be followed: a mistake, or more than ten look-ups.
    Broken,
    /// DNS did not answer.
    Unknown,
}

/// A way to ask, for a while from when it was made.
pub struct Dns {
    asker: MessageAuthenticator,
    patience: Patience,
    until: Instant,
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

impl Dns {
    /// Asks the system's name servers, or this one.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn new(server: Option<SocketAddr>, patience: Patience) -> Result<Self, String> {
        let unusable = |e: NetError| format!("Unable to read the system's name servers: {e}; name one with `--dns`");
        let builder = match server {
            None => TokioResolver::builder_tokio().map_err(unusable)?,
            Some(server) => {
                let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut name_server.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_name_servers(vec![name_server]);
                let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
                builder.with_options(ResolverOpts::default())
            }
        };
        let mut builder = builder;
        builder.options_mut().timeout = patience.answer;
        builder.options_mut().attempts = 1;
        let resolver = builder.build().map_err(unusable)?;
        Ok(Self {
            asker: MessageAuthenticator(resolver),
            patience,
            until: Instant::now() + patience.whole,
        })
    }

    /// What comes of a question within the limits. The resolver's own limit is one for each of its tries.
    async fn in_time<T>(&self, question: impl Future<Output = T>) -> Option<T> {
        let until = self.until.min(Instant::now() + self.patience.answer);
        tokio::time::timeout_at(until, question).await.ok()
    }

    /// TXT records, each with its strings joined.
    pub async fn txt(&self, name: &str) -> Answer<Vec<String>> {
        self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        })
        .await
    }

    /// Hosts that take mail for a domain.
    pub async fn mx(&self, name: &str) -> Answer<Vec<String>> {
        self.ask(name, RecordType::MX, |data| match data {
            RData::MX(mx) => Some(bare(&mx.exchange.to_utf8())),
            _ => None,
        })
        .await
    }

    /// Addresses of a host.
    pub async fn addresses(&self, host: &str) -> Answer<Vec<IpAddr>> {
        if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
            return Answer::Found(vec![ip]);
        }
        let of = |data: &RData| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        };
        let (four, six) = tokio::join!(self.ask(host, RecordType::A, of), self.ask(host, RecordType::AAAA, of));
        match (four, six) {
            (Answer::Found(mut four), Answer::Found(six)) => {
                four.extend(six);
                Answer::Found(four)
            }
            (Answer::Found(found), _) | (_, Answer::Found(found)) => Answer::Found(found),
            (Answer::Failed(why), _) | (_, Answer::Failed(why)) => Answer::Failed(why),
            _ => Answer::Missing,
        }
    }

    /// Names of an address (PTR).
    pub async fn names(&self, ip: IpAddr) -> Answer<Vec<String>> {
        let looked_up = self.in_time(self.asker.resolver().reverse_lookup(ip)).await;
        read(looked_up, |data| match data {
            RData::PTR(name) => Some(bare(&name.0.to_utf8())),
            _ => None,
        })
    }

    /// Whether a domain lets an address send for it.
    pub async fn spf(&self, ip: IpAddr, sender: &str, domain: &str) -> SpfVerdict {
        let asked = SpfParameters::verify_mail_from(ip, domain, domain, sender);
        // It asks for up to ten records, one after the other.
        let verdict = tokio::time::timeout_at(self.until, self.asker.verify_spf(asked)).await;
        match verdict.map_or(SpfResult::TempError, |verdict| verdict.result()) {
            SpfResult::Pass => SpfVerdict::Pass,
            SpfResult::PermError => SpfVerdict::Broken,
            SpfResult::TempError => SpfVerdict::Unknown,
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral | SpfResult::None => SpfVerdict::NotPass,
        }
    }

    async fn ask<T>(&self, name: &str, kind: RecordType, of: impl Fn(&RData) -> Option<T>) -> Answer<Vec<T>> {
        // The dot at its end keeps the resolver from trying the machine's own domain behind it.
        let full = format!("{}.", name.trim_end_matches('.'));
        read(
            self.in_time(self.asker.resolver().lookup(full.as_str(), kind)).await,
            of,
        )
    }
}

fn read<T>(
    looked_up: Option<Result<mail_auth::hickory_resolver::lookup::Lookup, NetError>>,
    of: impl Fn(&RData) -> Option<T>,
) -> Answer<Vec<T>> {
    let Some(looked_up) = looked_up else {
        return Answer::Failed("no answer in time".to_owned());
    };
    match looked_up {
        Ok(lookup) => {
            let records = lookup.answers().iter().take(RECORDS_MAX);
            let found: Vec<T> = records.filter_map(|record| of(&record.data)).collect();
            if found.is_empty() {
                Answer::Missing
            } else {
                Answer::Found(found)
            }
        }
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Answer::Missing,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}
