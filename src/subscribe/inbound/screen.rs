//! What is turned away before it is read: too large, too deep, or sent by a program. Each rule has a kind of mail
//! behind it:
//!
//! - a null sender, `mailer-daemon`, `multipart/report`: a bounce; answering it starts a loop;
//! - `Auto-Submitted`, `X-Autoreply`, `Precedence`, an automatic subject: vacation mails and ticket systems;
//! - `List-Id`, `List-Unsubscribe`: a mailing list that somebody subscribed to us as a prank;
//! - `X-Auto-Response-Suppress`: Exchange says not to answer;
//! - our own addresses: we would talk to ourselves.

use mail_parser::Message;

use super::Envelope;
use super::subject;
use crate::address::Address;

/// Most bytes of the header block.
const HEADERS_BYTES_MAX: usize = 64 * 1024;
/// Most times a mail may say `message/rfc822` or `boundary`: each can be one level the parser descends.
const NESTING_MAX: usize = 20;

/// Why a mail gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// Larger than we read.
    TooLarge,
    /// More headers, parts or levels than a person's mail has.
    TooDeep,
    /// No mail at all.
    Unreadable,
    /// The null sender, without a delivery report.
    NullSender,
    /// `Auto-Submitted` other than `no`.
    AutoSubmitted,
    /// `Precedence: bulk`, `list` or `junk`.
    Bulk,
    /// Through a mailing list.
    List,
    /// `X-Auto-Response-Suppress`.
    Suppressed,
    /// `X-Autoreply` and its like, or a subject that says so.
    AutoReply,
    /// From a robot's address.
    Robot,
    /// From one of our own addresses.
    OwnAddress,
    /// Our address is not among its visible recipients.
    NotToUs,
    /// No `From:` we could answer.
    NoAuthor,
    /// More than one `From:`.
    ManyAuthors,
    /// The own MTA says that it is forged.
    Forged,
    /// The envelope names somebody else.
    Unaligned,
    /// A reply without a command.
    NoCommand,
}

impl Ignored {
    /// Its name in the database and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::Unreadable => "unreadable",
            Self::NullSender => "null_sender",
            Self::AutoSubmitted => "auto_submitted",
            Self::Bulk => "bulk",
            Self::List => "list",
            Self::Suppressed => "suppressed",
            Self::AutoReply => "auto_reply",
            Self::Robot => "robot",
            Self::OwnAddress => "own_address",
            Self::NotToUs => "not_to_us",
            Self::NoAuthor => "no_author",
            Self::ManyAuthors => "many_authors",
            Self::Forged => "forged",
            Self::Unaligned => "unaligned",
            Self::NoCommand => "no_command",
        }
    }
}

/// The limits that hold before the parser sees a mail.
pub fn limits(raw: &[u8], message_max: usize) -> Result<(), Ignored> {
    if raw.len() > message_max {
        return Err(Ignored::TooLarge);
    }
    if headers_bytes(raw) > HEADERS_BYTES_MAX {
        return Err(Ignored::TooDeep);
    }
    let lower = raw.to_ascii_lowercase();
    let too_many = |needle: &[u8]| lower.windows(needle.len()).filter(|w| *w == needle).count() > NESTING_MAX;
    if too_many(b"message/rfc822") || too_many(b"message/global") || too_many(b"boundary") {
        return Err(Ignored::TooDeep);
    }
    if raw.trim_ascii().is_empty() {
        return Err(Ignored::Unreadable);
    }
    Ok(())
}

fn headers_bytes(raw: &[u8]) -> usize {
    let lf = raw.windows(2).position(|w| w == b"\n\n");
    let crlf = raw.windows(4).position(|w| w == b"\r\n\r\n");
    match (lf, crlf) {
        (Some(a), Some(b)) => a.min(b),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => raw.len(),
    }
}

/// A delivery or abuse report (RFC 3462, RFC 5965).
pub fn is_report(message: &Message<'_>) -> bool {
    header(message, "Content-Type").is_some_and(|kind| kind.to_ascii_lowercase().contains("multipart/report"))
}

/// The envelope's sender without brackets, where it is known.
fn sender(message: &Message<'_>, envelope: &Envelope) -> Option<String> {
    let sender = envelope.sender.clone().or_else(|| header(message, "Return-Path"))?;
    Some(sender.trim().trim_matches(['<', '>']).to_owned())
}

/// Whether a mail system wrote it, and not a person's mailbox: null sender, or mailer-daemon and the like as author.
pub fn is_by_a_mail_system(message: &Message<'_>, envelope: &Envelope) -> bool {
    let author = message
        .from()
        .and_then(|from| from.first())
        .and_then(|addr| addr.address());
    let local = author.map(|a| a.split('@').next().unwrap_or_default().to_ascii_lowercase());
    let daemons = ["mailer-daemon", "postmaster", "mail-daemon", "mdaemon", "uucp"];
    sender(message, envelope).as_deref() == Some("") || local.is_some_and(|l| daemons.contains(&l.as_str()))
}

/// Whether a person may have sent it (RFC 3834 section 2).
pub fn answerable(message: &Message<'_>, envelope: &Envelope) -> Result<(), Ignored> {
    let sender = sender(message, envelope);
    if sender.as_deref() == Some("") {
        return Err(Ignored::NullSender);
    }
    let has = |name: &str| header(message, name).is_some();
    let auto = header(message, "Auto-Submitted").map(|value| first_word(&value));
    if auto.is_some_and(|value| value != "no") {
        return Err(Ignored::AutoSubmitted);
    }
    let precedence = header(message, "Precedence").map(|value| first_word(&value));
    if precedence.is_some_and(|p| ["bulk", "list", "junk", "auto_reply"].contains(&p.as_str())) {
        return Err(Ignored::Bulk);
    }
    if ["List-Id", "List-Unsubscribe", "List-Post", "Mailing-List"]
        .into_iter()
        .any(has)
    {
        return Err(Ignored::List);
    }
    let suppress = header(message, "X-Auto-Response-Suppress").map(|value| first_word(&value));
    if suppress.is_some_and(|value| value != "none") {
        return Err(Ignored::Suppressed);
    }
    let marks = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Autogenerated",
        "X-Vacation",
        "X-Auto-Reply-From",
        "X-Failed-Recipients",
        "X-Loop",
    ];
    if marks.into_iter().any(has) || subject::is_automatic(message.subject().unwrap_or_default()) {
        return Err(Ignored::AutoReply);
    }
    let author = message
        .from()
        .and_then(|from| from.first())
        .and_then(|addr| addr.address());
    if sender.as_deref().is_some_and(is_robot) || author.is_some_and(is_robot) {
        return Err(Ignored::Robot);
    }
    Ok(())
}

/// The one address that answers go to.
pub fn one_author(message: &Message<'_>) -> Result<Address, Ignored> {
    let fields = message
        .headers_raw()
        .filter(|(name, _)| name.eq_ignore_ascii_case("From"))
        .count();
    let from = message.from().ok_or(Ignored::NoAuthor)?;
    let mut authors = from.iter();
    let first = authors
        .next()
        .and_then(|addr| addr.address())
        .ok_or(Ignored::NoAuthor)?;
    if fields > 1 || authors.next().is_some() {
        return Err(Ignored::ManyAuthors);
    }
    Address::parse(first).map_err(|_| Ignored::NoAuthor)
}

/// What our own MTA found out (RFC 8601): `true` for a DMARC pass. Only its own, top-most results count: anything
/// below may have come with the mail.
pub fn authentication(message: &Message<'_>, authserv_id: Option<&str>) -> Result<bool, Ignored> {
    let Some(own) = authserv_id else {
        return Ok(false);
    };
    let Some(results) = header(message, "Authentication-Results") else {
        return Ok(false);
    };
    let results = stated(&results.to_ascii_lowercase());
    let mut parts = results.split(';').map(str::trim);
    let server = parts.next().map(first_word).unwrap_or_default();
    if server != own.to_ascii_lowercase() {
        return Ok(false);
    }
    let results: Vec<String> = parts.map(first_word).collect();
    let says = |result: &str| results.iter().any(|r| r == result);
    if says("dmarc=pass") {
        return Ok(true);
    }
    if says("dmarc=fail") || !(says("spf=pass") || says("dkim=pass")) {
        return Err(Ignored::Forged);
    }
    Ok(false)
}

/// A structured field without its comments and quoted strings: the sender of a mail chooses what stands in those (a name
/// part like `"x; dmarc=pass"`), and none of it is the server's own word.
fn stated(field: &str) -> String {
    let (mut out, mut depth, mut is_quoted) = (String::with_capacity(field.len()), 0_usize, false);
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if is_quoted || depth > 0 => {
                chars.next();
            }
            '"' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth > 0 => depth -= 1,
            _ if is_quoted || depth > 0 => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether the envelope's sender and the author are of one house: equal domains, or one below the other.
pub fn aligned(from: &Address, envelope: &Envelope) -> Result<(), Ignored> {
    let Some(sender) = envelope.sender.as_deref().and_then(|s| Address::parse(s).ok()) else {
        return Ok(());
    };
    let below = |a: &str, b: &str| {
        a.strip_suffix(b)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let (a, b) = (sender.domain(), from.domain());
    let same = below(a, b) || below(b, a) || psl::domain_str(a).is_some_and(|root| psl::domain_str(b) == Some(root));
    if same { Ok(()) } else { Err(Ignored::Unaligned) }
}

fn is_robot(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let plain = local.split('+').next().unwrap_or_default();
    let names = [
        "mailer-daemon",
        "postmaster",
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "nobody",
        "listserv",
        "majordomo",
        "bounce",
        "bounces",
        "autoresponder",
        "uucp",
        "root",
        "www-data",
    ];
    names.contains(&plain)
        || local.starts_with("owner-")
        || ["-request", "-bounces", "-owner", "-noreply", "-no-reply", "-bounce"]
            .iter()
            .any(|end| plain.ends_with(end))
        || plain.starts_with("bounce-")
        || plain.starts_with("bounces-")
        || plain.starts_with("noreply-")
}

/// The first field of this name, unfolded.
fn header(message: &Message<'_>, name: &str) -> Option<String> {
    message
        .headers_raw()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn first_word(value: impl AsRef<str>) -> String {
    value
        .as_ref()
        .trim()
        .split([' ', ';', ',', '(', '\t'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}
