//! The addresses people write to: `news@`, `news+subscribe-daily@`, `news+confirm-TOKEN@`.
//!
//! - The detail is cut off by `+` or, where a mail system knows no other, by `-`.
//! - Mail systems fold the case of local parts: details are read in lower case.
//! - The envelope names the recipient best; where the door does not know it, the headers that MTAs add are next, and
//!   `To:` and `Cc:` last.

use mail_parser::Message;

use super::super::command::Command;
use super::Envelope;
use super::screen::Ignored;
use crate::address::Address;

/// The address people write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAddress {
    local: String,
    domain: String,
}

/// What the detail of a recipient says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// No detail, or none we know: the words of the mail count.
    Plain,
    /// A command.
    Command(Command),
    /// `leave-TOKEN`
    Leave(String),
    /// `settings`, `settings-TOKEN`
    Settings(Option<String>),
    /// `reply-TOKEN`: where answers to a digest go.
    Reply(String),
}

impl ListAddress {
    /// From the configured address.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        Self {
            local: address.local().to_lowercase(),
            domain: address.domain().to_owned(),
        }
    }

    /// Whether it is this address, with any detail.
    #[must_use]
    pub fn owns(&self, address: &Address) -> bool {
        self.detail_of(&address.key()).is_some()
    }

    /// An address with a detail: `news+help@example.org`.
    #[must_use]
    pub fn with(&self, detail: &str) -> String {
        format!("{}+{detail}@{}", self.local, self.domain)
    }

    /// The address itself.
    #[must_use]
    pub fn plain(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The detail of one of our addresses; `None` when it is another address.
    fn detail_of(&self, address: &str) -> Option<String> {
        let address = Address::parse(address).ok()?.key();
        let (local, domain) = address.rsplit_once('@')?;
        if domain != self.domain {
            return None;
        }
        let rest = local.strip_prefix(&self.local)?;
        if rest.is_empty() {
            return Some(String::new());
        }
        rest.strip_prefix(['+', '-']).map(ToOwned::to_owned)
    }
}

/// What the address of a mail says. An address of ours must be visible to its reader: a mail that came by blind copy
/// or through a list is not for us.
pub fn detail(message: &Message<'_>, envelope: &Envelope, list: &ListAddress) -> Result<Detail, Ignored> {
    let envelope_detail = envelope.recipient.as_deref().and_then(|to| list.detail_of(to));
    let added = ["X-Original-To", "Delivered-To", "Envelope-To"];
    let added = added
        .into_iter()
        .filter_map(|name| message.header_raw(name))
        .find_map(|to| list.detail_of(to));
    let seen: Vec<String> = message
        .all_to()
        .chain(message.all_cc())
        .flat_map(mail_parser::Address::iter)
        .filter_map(|addr| addr.address())
        .filter_map(|to| list.detail_of(to))
        .collect();
    let details: Vec<Detail> = envelope_detail
        .iter()
        .chain(&added)
        .chain(&seen)
        .map(|d| read(d))
        .collect();
    // A token shows that the mail was meant for us, however it came.
    let token = details.iter().find(|d| {
        matches!(
            d,
            Detail::Leave(_) | Detail::Settings(Some(_)) | Detail::Reply(_) | Detail::Command(Command::Confirm(_))
        )
    });
    if let Some(token) = token {
        return Ok(token.clone());
    }
    if seen.is_empty() {
        return Err(Ignored::NotToUs);
    }
    Ok(details
        .into_iter()
        .find(|d| *d != Detail::Plain)
        .unwrap_or(Detail::Plain))
}

/// Whether the mail came to a return path of ours: then it is about a delivery, not a request.
pub fn is_return_path(message: &Message<'_>, envelope: &Envelope) -> bool {
    let bounces = |to: &str| to.trim_start_matches('<').to_ascii_lowercase().starts_with("bounces+");
    match &envelope.recipient {
        Some(recipient) => bounces(recipient),
        None => message
            .all_to()
            .flat_map(mail_parser::Address::iter)
            .filter_map(|addr| addr.address())
            .any(bounces),
    }
}

fn read(detail: &str) -> Detail {
    let (word, rest) = detail.split_once('-').unwrap_or((detail, ""));
    let name = (!rest.is_empty()).then(|| rest.to_owned());
    match word {
        "subscribe" | "join" => Detail::Command(Command::Subscribe(name)),
        "unsubscribe" | "leave" | "stop" | "signoff" | "u" if is_token(rest) => Detail::Leave(rest.to_owned()),
        "unsubscribe" | "leave" | "stop" | "signoff" => Detail::Command(Command::Leave(name)),
        "confirm" | "c" if is_token(rest) => Detail::Command(Command::Confirm(rest.to_owned())),
        "reply" if is_token(rest) => Detail::Reply(rest.to_owned()),
        "settings" => Detail::Settings(name.filter(|token| is_token(token))),
        "help" if rest.is_empty() => Detail::Command(Command::Help),
        _ => Detail::Plain,
    }
}

fn is_token(text: &str) -> bool {
    (26..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}
