//! A rendered mail and its addresses made into the bytes of one RFC 5322 message. Pure: same input, same bytes.
//!
//! Everything that comes from outside (titles, names, addresses) is cleaned or refused before the message builder
//! sees it, so no value can add a header line. `Date`, `Message-ID` and the MIME boundary are given or derived, never
//! drawn here. The body is always quoted-printable: each line is short and the wire is 7-bit.

pub mod frame;

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use crate::model::{DeliveryKind, Rendered};
use crate::time::Timestamp;

/// Longest subject, in characters; a longer one is cut with an ellipsis.
const SUBJECT_MAX: usize = 250;
/// Longest display name, in characters.
const NAME_MAX: usize = 120;
/// Longest URL in a header, in bytes: with its header name it stays on one line of 998.
const URL_MAX: usize = 900;
/// Most `References` kept: the first and the newest.
const REFERENCES_MAX: usize = 10;
/// The last second of year 9999, the last that a `Date` header can say.
const DATE_MAX: u64 = 253_402_300_799;

/// Who and what a message is, beside its visible parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSpec {
    /// What it is: decides `Auto-Submitted` and `Precedence`.
    pub kind: DeliveryKind,
    /// Display name of the sender; may be empty.
    pub from_name: String,
    /// Address of the sender.
    pub from: String,
    /// Address of the one recipient.
    pub to: String,
    /// Where an answer goes.
    pub reply_to: Option<String>,
    /// Ours, with or without angle brackets, the same at every attempt.
    pub message_id: String,
    /// The `Date`, the same at every attempt.
    pub date: Timestamp,
    /// Message-ID of the mail that is answered.
    pub in_reply_to: Option<String>,
    /// `References` of the mail that is answered, oldest first, without the mail itself.
    pub references: Vec<String>,
    /// Headers of a mailing list; digests only.
    pub list: Option<ListHeaders>,
    /// `Feedback-ID` (at most four fields, no personal data).
    pub feedback_id: Option<String>,
    /// `Content-Language`, a BCP 47 tag; empty leaves it out.
    pub language: String,
}

/// The `List-*` headers (RFC 2369, 2919, 8058). Addresses stand without `mailto:`; a query may follow them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListHeaders {
    /// The list's name for people.
    pub name: String,
    /// The list's identifier, `daily.news.example.org`; stable for ever.
    pub id: String,
    /// Page that ends the subscription; when it is `https`, `List-Unsubscribe-Post` comes with it.
    pub unsubscribe_url: Option<String>,
    /// `news+leave-TOKEN@example.org?subject=unsubscribe`
    pub unsubscribe_mail: Option<String>,
    /// `news+help@example.org`
    pub help: Option<String>,
    /// `news+subscribe@example.org`
    pub subscribe: Option<String>,
    /// The operator.
    pub owner: Option<String>,
    /// Page with past editions.
    pub archive_url: Option<String>,
}

/// Why no message could be made. The value itself is not repeated: it may be an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// An address that no message can carry.
    #[error("the address in `{0}` is not valid")]
    Address(&'static str),
    /// A URL or identifier that no header can carry.
    #[error("the value of `{0}` cannot stand in a header")]
    Value(&'static str),
    /// The builder refused.
    #[error("unable to build the message: {0}")]
    Build(String),
}

/// Makes the message. An empty `html` gives a text-only message.
///
/// # Errors
/// When an address, a Message-ID or a list URL is not fit for a header.
pub fn build(spec: &MessageSpec, rendered: &Rendered) -> Result<Vec<u8>, MessageError> {
    let body = |text: &str| Body::new_with_encoding(clean_body(text), ContentTransferEncoding::QuotedPrintable);
    let encoded = |text: &str| body(text).map_err(|_| MessageError::Build("the body cannot be encoded".to_owned()));
    assemble(
        spec,
        &rendered.subject,
        encoded(&rendered.text)?,
        (!rendered.html.is_empty())
            .then(|| encoded(&rendered.html))
            .transpose()?,
        &boundary(&bracketed("Message-ID", &spec.message_id)?),
    )
}

/// Headers and parts put together; the bodies are quoted-printable already.
pub(super) fn assemble(
    spec: &MessageSpec,
    subject: &str,
    text: Body,
    html: Option<Body>,
    boundary: &str,
) -> Result<Vec<u8>, MessageError> {
    let mut builder = MessageBuilder::new()
        .from(mailbox("From", &spec.from_name, &spec.from)?)
        .to(mailbox("To", "", &spec.to)?);
    if let Some(reply_to) = &spec.reply_to {
        builder = builder.reply_to(mailbox("Reply-To", "", reply_to)?);
    }
    let seconds = u64::try_from(spec.date.unix()).unwrap_or(0).min(DATE_MAX);
    builder = builder
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .subject(clean_text(subject, SUBJECT_MAX));
    builder = raw(builder, "Message-ID", bracketed("Message-ID", &spec.message_id)?);
    builder = references(builder, spec)?;
    if let Some(list) = &spec.list {
        builder = list_headers(builder, list)?;
    }
    builder = automation(builder, spec)?;

    let part = |kind: ContentType, body: Body| SinglePart::builder().header(kind).body(body);
    let text = part(ContentType::TEXT_PLAIN, text);
    let message = match html {
        None => builder.singlepart(text),
        Some(html) => builder.multipart(
            MultiPart::alternative()
                .boundary(boundary)
                .singlepart(text)
                .singlepart(part(ContentType::TEXT_HTML, html)),
        ),
    };
    message
        .map(|message| message.formatted())
        .map_err(|e| MessageError::Build(e.to_string()))
}

/// A Message-ID, without angle brackets: what it is (`d` for a digest), its date, a serial number and 64 random bits.
/// It says nothing of the recipient or the machine.
#[must_use]
pub fn message_id(prefix: &str, date: Timestamp, serial: i64, random: u64, domain: &str) -> String {
    let day: String = date.rfc3339().chars().take(10).filter(char::is_ascii_digit).collect();
    let domain = ascii_domain(domain).unwrap_or_else(|| "localhost".to_owned());
    format!("{prefix}.{day}.{serial}.{random:016x}@{domain}")
}

/// The address in the form it has on the wire: a domain outside ASCII in its `xn--` form, the rest as it is. `None`
/// when it is no address.
#[must_use]
pub fn wire_address(address: &str) -> Option<String> {
    parse_address(address).map(|a| a.to_string())
}

fn parse_address(address: &str) -> Option<lettre::Address> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let harmful = |c: char| c.is_control() || matches!(c, '<' | '>' | ' ' | '\u{2028}' | '\u{2029}');
    if local.len() > 64 || local.contains(harmful) || domain.contains(harmful) {
        return None;
    }
    let domain = if domain.starts_with('[') {
        domain.to_owned()
    } else {
        ascii_domain(domain)?
    };
    lettre::Address::new(local, domain).ok()
}

fn ascii_domain(domain: &str) -> Option<String> {
    idna::domain_to_ascii(domain)
        .ok()
        .filter(|d| !d.is_empty() && d.len() <= 253)
}

fn mailbox(field: &'static str, name: &str, address: &str) -> Result<Mailbox, MessageError> {
    let address = parse_address(address).ok_or(MessageError::Address(field))?;
    let name = clean_text(name, NAME_MAX);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

fn references(mut builder: MessageBuilder, spec: &MessageSpec) -> Result<MessageBuilder, MessageError> {
    let Some(answered) = &spec.in_reply_to else {
        return Ok(builder);
    };
    let answered = bracketed("In-Reply-To", answered)?;
    // What the other side wrote there is not ours to vouch for: what cannot stand in a header is left out.
    let mut thread: Vec<String> = spec
        .references
        .iter()
        .filter_map(|id| bracketed("References", id).ok())
        .filter(|id| *id != answered)
        .collect();
    thread.push(answered.clone());
    if thread.len() > REFERENCES_MAX {
        thread.drain(1..=thread.len() - REFERENCES_MAX);
    }
    builder = raw(builder, "In-Reply-To", answered);
    Ok(raw(builder, "References", thread.join("\r\n ")))
}

fn list_headers(mut builder: MessageBuilder, list: &ListHeaders) -> Result<MessageBuilder, MessageError> {
    let id = token("List-Id", &list.id)?;
    let name = clean_text(&list.name, NAME_MAX).replace(['<', '>', '"', '\\'], "");
    builder = builder.raw_header(HeaderValue::new(
        HeaderName::new_from_ascii_str("List-Id"),
        format!("{name} <{id}>").trim_start().to_owned(),
    ));
    let ways = unsubscribe_ways(list.unsubscribe_url.as_deref(), list.unsubscribe_mail.as_deref())?;
    if !ways.is_empty() {
        builder = raw(builder, "List-Unsubscribe", ways);
    }
    // RFC 8058, 3.1: one click is for HTTPS only.
    if list
        .unsubscribe_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"))
    {
        builder = raw(
            builder,
            "List-Unsubscribe-Post",
            "List-Unsubscribe=One-Click".to_owned(),
        );
    }
    let others = [
        ("List-Help", "mailto:", &list.help),
        ("List-Subscribe", "mailto:", &list.subscribe),
        ("List-Owner", "mailto:", &list.owner),
        ("List-Archive", "", &list.archive_url),
    ];
    for (header, scheme, value) in others {
        if let Some(value) = value {
            builder = raw(builder, header, format!("<{scheme}{}>", token(header, value)?));
        }
    }
    // Nobody can post: RFC 2369, 3.4.
    Ok(raw(builder, "List-Post", "NO".to_owned()))
}

/// The value of `List-Unsubscribe`, folded; empty without a way.
pub(super) fn unsubscribe_ways(url: Option<&str>, mail: Option<&str>) -> Result<String, MessageError> {
    let mut ways = Vec::new();
    if let Some(url) = url {
        // The URL stays on the header's first line: some receivers fold wrongly and break the DKIM signature.
        ways.push(format!("<{}>", token("List-Unsubscribe", url)?));
    }
    if let Some(mail) = mail {
        ways.push(format!("<mailto:{}>", token("List-Unsubscribe", mail)?));
    }
    Ok(ways.join(",\r\n "))
}

fn automation(mut builder: MessageBuilder, spec: &MessageSpec) -> Result<MessageBuilder, MessageError> {
    // RFC 3834, 5: `auto-replied` only for what answers a mail.
    let how = if spec.in_reply_to.is_some() && spec.kind != DeliveryKind::Digest {
        "auto-replied"
    } else {
        "auto-generated"
    };
    builder = raw(builder, "Auto-Submitted", how.to_owned());
    builder = raw(builder, "X-Auto-Response-Suppress", "All".to_owned());
    if spec.kind == DeliveryKind::Digest {
        builder = raw(builder, "Precedence", "bulk".to_owned());
    }
    if let Some(feedback) = &spec.feedback_id {
        builder = raw(builder, "Feedback-ID", token("Feedback-ID", feedback)?);
    }
    if !spec.language.is_empty() {
        builder = raw(builder, "Content-Language", token("Content-Language", &spec.language)?);
    }
    Ok(builder)
}

/// Adds a header whose value is ASCII, checked and folded already.
fn raw(builder: MessageBuilder, name: &'static str, value: String) -> MessageBuilder {
    let name = HeaderName::new_from_ascii_str(name);
    builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value))
}

/// A value of printable ASCII without spaces or brackets: a URL, an identifier, an address with a query.
fn token(header: &'static str, value: &str) -> Result<String, MessageError> {
    let fine = !value.is_empty()
        && value.len() <= URL_MAX
        && value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    if fine {
        Ok(value.to_owned())
    } else {
        Err(MessageError::Value(header))
    }
}

pub(super) fn bracketed(header: &'static str, id: &str) -> Result<String, MessageError> {
    let bare = id.trim().trim_start_matches('<').trim_end_matches('>');
    token(header, bare).map(|bare| format!("<{bare}>"))
}

/// One line of plain text: control and direction characters become spaces, white space is single, long text is cut.
/// What looks like an RFC 2047 encoded word is broken, since it would be shown decoded.
fn clean_text(text: &str, max: usize) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .collect();
    let mut line = String::with_capacity(spaced.len());
    for word in spaced.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let line = line.replace("=?", "= ?");
    if line.chars().count() <= max {
        return line;
    }
    let mut cut: String = line.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Line and paragraph separators, and the characters that change the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Body text with `\n` line ends only and no control characters but tab.
pub(super) fn clean_body(body: &str) -> String {
    let mut clean = String::with_capacity(body.len());
    let mut rest = body.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {
                rest.next_if_eq(&'\n');
                clean.push('\n');
            }
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// A boundary that is the same at every attempt. `=_` cannot occur in quoted-printable text.
pub(super) fn boundary(what: &str) -> String {
    let digest = Sha256::digest(what.as_bytes());
    let short: Vec<u8> = digest.iter().copied().take(12).collect();
    format!("=_{}", data_encoding::HEXLOWER.encode(&short))
}

#[cfg(test)]
mod tests;
