//! The words of a mail's body that its author wrote now, without quotes and signature.
//!
//! - Quoted lines (`>`) are passed over; what follows a mail program's "On ... wrote:", "-----Original Message-----"
//!   or a block of `From:` lines is the old mail, and reading ends there.
//! - An HTML-only mail (Outlook, phones) is cut where its quote begins and read as text.
//! - "Sent from my phone" and `--` begin a signature.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MimeHeaders as _};

/// After this many lines of prose a mail is a letter, and no command follows.
pub const PROSE_LINES_MAX: usize = 3;
/// Most lines looked at.
const LINES_MAX: usize = 60;
/// Most bytes of a body looked at.
const BODY_BYTES_MAX: usize = 32 * 1024;
/// The lines the author wrote, from the top.
pub fn unquoted_lines(message: &Message<'_>) -> Vec<String> {
    let body = body_text(message);
    let lines: Vec<&str> = body.lines().map(bare_line).take(LINES_MAX * 4).collect();
    let mut kept = Vec::new();
    let mut lines = lines.iter().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        if line.is_empty() || line.starts_with(['>', '|', '＞']) || is_armor(line) {
            continue;
        }
        if is_signature(line) || is_old_mail(line) || kept.len() >= LINES_MAX {
            break;
        }
        let next = lines.peek().map_or("", |(_, next)| **next);
        if is_attribution(line, next) {
            let quoted = body
                .lines()
                .map(bare_line)
                .skip(at + 1)
                .find(|l| !l.is_empty() && !l.ends_with(':'));
            if quoted.is_some_and(|l| l.starts_with('>')) {
                continue;
            }
            break;
        }
        kept.push((*line).to_owned());
    }
    kept
}

/// A line without blanks and invisible marks around it: iOS puts one before the `>` of a quote.
fn bare_line(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}'))
}

/// The lines around a text that was signed in the body (RFC 9580): passed over, while other ruled lines end the reading.
fn is_armor(line: &str) -> bool {
    line == "-----BEGIN PGP SIGNED MESSAGE-----" || line.starts_with("Hash: SHA") || line.starts_with("Hash: RIPEMD")
}

/// The whole text of a mail with its quotes, at most so many bytes.
pub fn whole(message: &Message<'_>, bytes_max: usize) -> String {
    let Some(part) = message.text_part(0) else {
        return String::new();
    };
    let contents = cut(part.text_contents().unwrap_or_default(), bytes_max);
    if part.is_text_html() {
        html_to_text(&broken_lines(contents))
    } else {
        contents.to_owned()
    }
}

/// HTML in which each block begins a line of its own: the parser breaks at `<br>` and `<p>` only, and the programs that
/// write `<div>` for each line (Gmail, Outlook, phones) would have all of them in one.
fn broken_lines(html: &str) -> String {
    const BLOCKS: &[&str] = &[
        "<div",
        "</div",
        "</p",
        "<tr",
        "<li",
        "<h1",
        "<h2",
        "<h3",
        "<pre",
        "<table",
        "<blockquote",
    ];
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let is_block = |name: &str| {
            tag.get(..name.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(name))
        };
        if BLOCKS.iter().any(|name| is_block(name)) {
            out.push_str("<br>");
        }
        out.push('<');
        rest = tag.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn body_text(message: &Message<'_>) -> String {
    let Some(part) = message.text_part(0) else {
        return String::new();
    };
    let contents = cut(part.text_contents().unwrap_or_default(), BODY_BYTES_MAX);
    if part.is_text_html() {
        html_to_text(&broken_lines(before_quote(contents)))
    } else if part
        .content_type()
        .and_then(|kind| kind.attribute("format"))
        .is_some_and(|format| format.eq_ignore_ascii_case("flowed"))
    {
        unflowed(contents)
    } else {
        contents.to_owned()
    }
}

/// Lines that a mail program broke are one again (RFC 3676): those that end in a blank, but for the sign of a signature.
fn unflowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(line);
        if !line.ends_with(' ') || line == "-- " || line.starts_with('>') {
            out.push('\n');
        }
    }
    out
}

/// HTML up to where a mail program's quote begins.
fn before_quote(html: &str) -> &str {
    const QUOTES: &[&str] = &[
        "<blockquote",
        "name=\"quote\"",
        "class=\"gmail_quote",
        "gmail_attr",
        "id=\"appendonsend",
        "id=\"divrplyfwdmsg",
        "moz-cite-prefix",
        "name=\"_mailoriginal",
        "olk_src_body_section",
        "yahoo_quoted",
        "protonmail_quote",
        "<hr",
        "id=\"mail-editor-reference",
        "border-top:solid #e1e1e1",
    ];
    let lower = html.to_ascii_lowercase();
    let end = QUOTES
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min()
        .unwrap_or(html.len());
    let head = html.get(..end).unwrap_or(html);
    // The cut may be inside a tag: end before it.
    match (head.rfind('<'), head.rfind('>')) {
        (Some(open), close) if close.is_none_or(|close| close < open) => head.get(..open).unwrap_or(head),
        _ => head,
    }
}

fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

fn is_signature(line: &str) -> bool {
    let lower = line.to_lowercase();
    line == "--"
        || line == "—"
        || [
            "sent from my",
            "sent from mail",
            "sent from outlook",
            "sent from yahoo",
            "sent via",
            "sent with proton",
            "sent with [proton",
            "download outlook",
            "télécharger outlook",
            "obtener outlook",
            "obter o outlook",
            "ottieni outlook",
            "pobierz program outlook",
            "скачать outlook",
            "ios 版 outlook",
            "获取 outlook",
            "iphoneから送信",
            "ipadから送信",
            "发自我的",
            "나의 iphone에서",
            "verstuurd vanaf",
            "odesláno z",
            "inviato dal mio",
            "wysłano z",
            "von meinem",
            "gesendet von",
            "envoyé de",
            "envoyé depuis",
            "enviado desde",
            "enviado do",
            "inviato da",
            "verzonden vanaf",
            "skickat från",
            "get outlook for",
            "outlook für",
            "obtenir outlook",
            "diese nachricht wurde von",
            "wysłane z",
            "отправлено с",
        ]
        .iter()
        .any(|mark| lower.starts_with(mark))
}

/// The line from which on the old mail stands.
fn is_old_mail(line: &str) -> bool {
    let lower = line.trim_matches(['*', ' ']).to_lowercase();
    let ruled = |c: char| lower.chars().take(5).all(|x| x == c) && lower.chars().count() >= 5;
    let header = [
        "from:",
        "von:",
        "de:",
        "da:",
        "van:",
        "från:",
        "fra:",
        "od:",
        "от:",
        "发件人:",
        "发件人：",
        "差出人:",
        "kimden:",
        "lähettäjä:",
        "보낸 사람:",
        "feladó:",
    ];
    ruled('-') || ruled('_') || header.iter().any(|h| lower.starts_with(h))
}

/// "On Mon, 2 Mar 2026 at 07:00, Daily <news@example.org> wrote:", possibly on two lines.
fn is_attribution(line: &str, next: &str) -> bool {
    const SAYS: &[&str] = &[
        "wrote",
        "schrieb",
        "écrit",
        "escribió",
        "scritto",
        "schreef",
        "skrev",
        "escreveu",
        "napisał",
        "kirjoitti",
        "написал",
        "写道",
        "geschrieben",
        "geschreven",
        "pisze",
        "пишет",
        "napsal",
        "ezt írta",
        "yazdı",
        "のメール",
        "작성",
    ];
    let says = |text: &str| {
        let lower = text.to_lowercase();
        text.trim_end().ends_with([':', '：']) && SAYS.iter().any(|word| lower.contains(word))
    };
    let dated = line.chars().any(|c| c.is_ascii_digit());
    let ends = |text: &str| text.contains('@') && text.ends_with(':');
    says(line) || (dated && (says(next) || ends(line) || ends(next)))
}
