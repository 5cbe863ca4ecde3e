//! What receivers look at before they believe a mail of ours, checked from here: the way out, what DNS says of the
//! sender, the clock, the one-click link. Never run in the send path, and it sends nothing.
//!
//! `asked` asks DNS, `records` judges what was found; both hands are kept apart, so that each judgment is a function over
//! text.

mod asked;
mod dns;
mod records;

use std::net::{IpAddr, SocketAddr};

use asked::Questions;
pub use dns::{Answer, Dns, Patience, SpfVerdict};

use super::dkim::Signer;
use super::message::wire_address;
use super::rate::domain_of;
use super::smtp::{Limits, Relay};
use crate::config::{Config, MailSettings, SmtpSettings, SmtpTls, Transport};
use crate::model::{SendOutcome, SmtpPhase};
use crate::time::Timestamp;

/// No mail of a clock that stands before this is dated truly: it is older than this program.
const CLOCK_MIN: Timestamp = Timestamp::from_unix(1_767_225_600);

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Nothing is known to be wrong, but a person should look.
    Note,
    /// Receivers will hold it against our mail.
    Wrong,
}

impl Level {
    /// The word it is shown with.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "look",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: `SPF`, `DKIM`, ...
    pub what: &'static str,
    /// How serious.
    pub level: Level,
    /// What was found.
    pub words: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    fn good(what: &'static str, words: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Good,
            words: words.into(),
            remedy: String::new(),
        }
    }

    fn note(what: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Note,
            words: words.into(),
            remedy: remedy.into(),
        }
    }

    fn wrong(what: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Wrong,
            words: words.into(),
            remedy: remedy.into(),
        }
    }
}

/// What is known beside the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    /// Now.
    pub now: Timestamp,
    /// The newest instant this installation recorded.
    pub last_recorded: Option<Timestamp>,
    /// The address mails leave from, where the operator gave it.
    pub leaves_from: Option<IpAddr>,
}

/// Checks everything, in the order in which a mail meets it. The relay and DNS are asked at the same time.
///
/// # Errors
/// When the DKIM keys cannot be used.
pub async fn examine(config: &Config, dns: &Dns, around: &Around) -> Result<Vec<Finding>, String> {
    let mail = &config.mail;
    let signer = mail.dkim.as_ref().map(Signer::new).transpose()?;
    let wanted = questions(mail, signer.as_ref(), around);
    let (way_out, asked) = tokio::join!(way_out(&mail.transport), Box::pin(asked::ask(dns, &wanted)));
    // Without being told, the relay's own addresses are a guess at what its mails leave from.
    let is_guess = around.leaves_from.is_none();
    let mut findings = vec![clock(around.now, around.last_recorded)];
    findings.extend(way_out);
    if let (Some(host), Some(Answer::Failed(why))) = (&wanted.relay, &asked.relay) {
        findings.push(records::unanswered("relay", host, why));
    }
    findings.push(records::spf(&wanted.envelope, &asked.envelope, asked.verdict, is_guess));
    if let Some(signer) = &signer {
        let keys = signer.published().zip(&wanted.keys).zip(&asked.keys);
        findings.extend(keys.map(|((key, name), found)| records::dkim(name, found, key)));
    } else {
        findings.push(Finding::note(
            "DKIM",
            "mails are not signed here",
            "see that the relay signs: `courant send-test ADDRESS`, then look for `DKIM-Signature` in what arrives; or set [mail.dkim]",
        ));
    }
    findings.push(records::dmarc(&wanted.from, &asked.dmarc, &asked.dmarc_above));
    let signing = mail.dkim.as_ref().map(|settings| settings.domain.as_str());
    findings.push(records::alignment(&wanted.from, &wanted.envelope, signing));
    for found in &asked.pointers {
        findings.push(records::pointer(found.ip, &found.names, &found.back, is_guess));
    }
    findings.push(records::exchange(&wanted.list, &asked.exchanges, &asked.list));
    findings.push(one_click(config.mailed_url().as_deref()));
    Ok(findings)
}

fn questions(mail: &MailSettings, signer: Option<&Signer>, around: &Around) -> Questions {
    let domain = |address: &str| {
        let wire = wire_address(address).unwrap_or_default();
        domain_of(&wire).to_lowercase()
    };
    let (from, list) = (domain(&mail.from), domain(&mail.list_address));
    let keys = match (signer, &mail.dkim) {
        (Some(signer), Some(settings)) => signer
            .published()
            .map(|key| format!("{}._domainkey.{}", key.selector, settings.domain))
            .collect(),
        _ => Vec::new(),
    };
    let relay = match &mail.transport {
        Transport::Smtp(settings) if around.leaves_from.is_none() => Some(settings.host.clone()),
        _ => None,
    };
    Questions {
        envelope: mail
            .bounce_domain
            .as_ref()
            .map_or_else(|| list.clone(), |domain| domain.to_lowercase()),
        organization: records::organization(&from),
        from,
        list,
        keys,
        relay,
        leaves_from: around.leaves_from,
    }
}

/// The first step of a mail on its way.
async fn way_out(transport: &Transport) -> Vec<Finding> {
    let finding = match transport {
        Transport::Smtp(settings) => return over_smtp(settings).await,
        Transport::Lmtp(address) => Finding::note(
            "way out",
            format!("LMTP to {address}: where it goes from there is that server's matter"),
            "run this on the machine that sends, with its `--ip`",
        ),
        Transport::Sendmail(command) => Finding::note(
            "way out",
            format!(
                "`{}` takes the mail: where it goes from there is its matter",
                command.join(" ")
            ),
            "give the address mails leave from with `--ip`",
        ),
        Transport::Folder(_) | Transport::Maildir(_) => Finding::note(
            "way out",
            "mails are written into a folder; none leaves this machine",
            "set `[mail] transport = \"smtp\"` to send",
        ),
    };
    vec![finding]
}

/// Connects and logs in, and says what came of each.
async fn over_smtp(settings: &SmtpSettings) -> Vec<Finding> {
    let what = match settings.tls {
        SmtpTls::Implicit => "TLS from the first byte",
        SmtpTls::StartTls => "STARTTLS",
        SmtpTls::None => "no encryption, on this machine only",
    };
    let server = format!("{}:{}", settings.host, settings.port);
    let opened = match Relay::new(settings, Limits::new(settings)) {
        Ok(relay) => relay.open().await,
        Err(error) => return vec![Finding::wrong("TLS", error, "put [mail.smtp] right")],
    };
    let encrypted = Finding::good("TLS", format!("{server}: {what}, its certificate is good"));
    let failed = |outcome: &SendOutcome| match outcome {
        SendOutcome::Refused { code, reply, .. } => format!("{server} says: {code} {reply}"),
        SendOutcome::NotSent { error, .. } | SendOutcome::Unknown { error } => format!("{server}: {error}"),
        SendOutcome::Accepted { .. } => String::new(),
    };
    match opened {
        Ok(session) => {
            session.quit().await;
            let login = match &settings.username {
                Some(_) => Finding::good("AUTH", "the login is accepted"),
                None => Finding::note(
                    "AUTH",
                    "no login is configured",
                    "set `username` and `password_file` unless the relay knows this machine by its address",
                ),
            };
            vec![encrypted, login]
        }
        Err(outcome) => {
            let at_login = matches!(
                outcome,
                SendOutcome::Refused {
                    phase: SmtpPhase::Auth,
                    ..
                } | SendOutcome::NotSent {
                    phase: SmtpPhase::Auth,
                    ..
                }
            );
            if at_login {
                let remedy = "check `username`, the password and `auth` in [mail.smtp]";
                return vec![encrypted, Finding::wrong("AUTH", failed(&outcome), remedy)];
            }
            let remedy =
                "check `host`, `port` and `tls` in [mail.smtp], the firewall, and with an own certificate `ca_file`";
            vec![Finding::wrong("TLS", failed(&outcome), remedy)]
        }
    }
}

/// A wrong clock dates mails wrongly, and receivers throw away what comes from the future.
fn clock(now: Timestamp, last_recorded: Option<Timestamp>) -> Finding {
    let remedy = "set the clock, and let a time service keep it: `timedatectl set-ntp true`";
    if now < CLOCK_MIN {
        return Finding::wrong("clock", format!("it says {}", now.rfc3339()), remedy);
    }
    match last_recorded.filter(|last| *last > now) {
        Some(last) => Finding::wrong(
            "clock",
            format!(
                "it says {}, but this installation has worked at {} already",
                now.rfc3339(),
                last.rfc3339()
            ),
            remedy,
        ),
        None => Finding::good("clock", now.rfc3339()),
    }
}

/// RFC 8058: large receivers ask for a link that unsubscribes with one click, and it must be https.
fn one_click(mailed_url: Option<&str>) -> Finding {
    match mailed_url {
        Some(url) if url.starts_with("https://") => Finding::good("one click", format!("List-Unsubscribe names {url}")),
        Some(url) => Finding::wrong(
            "one click",
            format!("the unsubscribe link is not https: {url}"),
            "put a TLS proxy before the web door and set `[web] public_url = \"https://...\"`",
        ),
        None => Finding::wrong(
            "one click",
            "mails have no unsubscribe link, only an address: mail programs then show no button (RFC 8058)",
            "open the web door behind a TLS proxy and set `[web] public_url = \"https://...\"`",
        ),
    }
}

/// A name server, as `--dns` gives it.
///
/// # Errors
/// A message for the operator.
pub fn name_server(text: &str) -> Result<SocketAddr, String> {
    text.parse::<SocketAddr>()
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| format!("`{text}` is no address of a name server; write it like `192.0.2.53` or `192.0.2.53:53`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_the_past_is_seen() {
        let at = Timestamp::from_unix;
        assert_eq!(clock(at(0), None).level, Level::Wrong);
        assert_eq!(clock(at(1_800_000_000), Some(at(1_800_000_000))).level, Level::Good);
        assert_eq!(clock(at(1_800_000_000), Some(at(1_800_000_001))).level, Level::Wrong);
    }

    #[test]
    fn only_https_makes_a_button() {
        assert_eq!(one_click(Some("https://news.example.org")).level, Level::Good);
        assert_eq!(one_click(Some("http://news.example.org")).level, Level::Wrong);
        assert_eq!(one_click(None).level, Level::Wrong);
    }

    #[test]
    fn a_name_server_may_have_a_port() {
        assert_eq!(name_server("192.0.2.53").unwrap().port(), 53);
        assert_eq!(name_server("[::1]:5353").unwrap().port(), 5353);
        assert!(name_server("dns.example.org").is_err());
    }
}
