//! Asking, confirming, leaving.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::guest::Guest;
use super::member::{self, Who};
use super::{field, fields};
use crate::address::Address;
use crate::subscribe::Way;
use crate::subscribe::answer::rhythm;

/// The form.
pub async fn form(guest: Guest) -> Response {
    show_form(&guest, StatusCode::OK, "", "", None)
}

fn show_form(guest: &Guest, status: StatusCode, address: &str, chosen: &str, problem: Option<&str>) -> Response {
    let config = guest.door.ctx.config();
    let open: Vec<_> = config.digests.iter().filter(|digest| digest.open).collect();
    let chosen = open.iter().map(|digest| digest.key.as_str()).find(|key| *key == chosen);
    let chosen = chosen
        .or(open.first().map(|digest| digest.key.as_str()))
        .unwrap_or_default();
    let digests: Vec<_> = open
        .iter()
        .map(|digest| {
            let schedule = format!("{}, {}", rhythm(&digest.schedule, &guest.language), digest.zone);
            serde_json::json!({"key": digest.key, "title": digest.title, "schedule": schedule})
        })
        .collect();
    let values = serde_json::json!({
        "digests": digests, "archives": digests, "address": address, "chosen": chosen,
        "problem": problem.map(|key| guest.say(key, &[])),
    });
    guest.page(status, "subscribe", values)
}

/// Takes the form. Whatever the address, known or not, the answer is the same page.
pub async fn subscribe(guest: Guest, body: Bytes) -> Response {
    if let Some(refused) = guest.one_too_many() {
        return refused;
    }
    let fields = fields(&body);
    let (typed, digest) = (field(&fields, "address"), field(&fields, "digest"));
    // Only a program fills a field nobody sees.
    if !field(&fields, "website").is_empty() {
        return asked(&guest);
    }
    let wrong = |problem| show_form(&guest, StatusCode::UNPROCESSABLE_ENTITY, typed, digest, Some(problem));
    let Ok(address) = Address::parse(typed) else {
        return wrong("bad_address");
    };
    let config = guest.door.ctx.config();
    if !config.digests.iter().any(|known| known.open && known.key == digest) {
        return wrong("no_digest");
    }
    let who = Who {
        network: guest.network.words(),
        language: guest.accepted.as_ref().map(|language| language.code().to_owned()),
    };
    match member::ask(&guest.door.ctx, &guest.door.templates, address, digest, who).await {
        Ok(()) => asked(&guest),
        Err(error) => guest.failed(&error),
    }
}

fn asked(guest: &Guest) -> Response {
    guest.notice(StatusCode::OK, "asked_heading", &["asked", "nothing_came"], &[])
}

/// An order that needs no language: its reader is known by a token.
fn by_token(guest: &Guest) -> Who {
    Who {
        network: guest.network.words(),
        language: None,
    }
}

/// The page a confirm link opens: a button, nothing else, since scanners open links.
pub async fn confirm_page(guest: Guest, Path(token): Path<String>) -> Response {
    match member::pending(&guest.door.ctx, &token).await {
        Ok(Some(waiting)) => {
            let guest = guest.reads(&waiting);
            let text = guest.say("confirm_text", &[("title", &waiting.title)]);
            guest.ask("confirm_heading", &text, "confirm", &format!("/confirm/{token}"), &[])
        }
        Ok(None) => guest.bad_token(),
        Err(error) => guest.failed(&error),
    }
}

/// Confirms.
pub async fn confirm(guest: Guest, Path(token): Path<String>) -> Response {
    let who = by_token(&guest);
    let confirmed = match member::confirm(&guest.door.ctx, &guest.door.templates, &token, who).await {
        Ok(Some(confirmed)) => confirmed,
        Ok(None) => return guest.bad_token(),
        Err(error) => return guest.failed(&error),
    };
    let guest = guest.reads(&confirmed);
    let mut paragraphs = Vec::new();
    if let Some(next) = &confirmed.next {
        let date = guest.language.digest().long_date(next);
        let day = format!("{date}, {} {}", next.clock(), next.abbreviation());
        paragraphs.push(guest.say("confirmed_next", &[("title", &confirmed.title), ("day", &day)]));
    }
    paragraphs.push(guest.say("confirmed_links", &[]));
    let links = [guest.link(format!("/settings/{}", confirmed.settings_token), "confirmed_choose")];
    guest.told(StatusCode::OK, "confirmed_heading", &paragraphs, &links)
}

/// The page a leave link opens.
pub async fn leave_page(guest: Guest, Path(token): Path<String>) -> Response {
    match member::by_leave_token(&guest.door.ctx, &token).await {
        Ok(Some(found)) if found.is_active => {
            let guest = guest.reads(&found);
            let text = guest.say("leave_text", &[("title", &found.title)]);
            let less = || guest.link(format!("/settings/{}", found.settings_token), "leave_less");
            let links: Vec<_> = found.is_configured.then(less).into_iter().collect();
            guest.ask("leave_heading", &text, "leave", &format!("/leave/{token}"), &links)
        }
        Ok(Some(found)) => left(&guest.reads(&found)),
        Ok(None) => guest.bad_token(),
        Err(error) => guest.failed(&error),
    }
}

/// Leaves: from the page's button, or from a mail program's own (RFC 8058), which posts `List-Unsubscribe=One-Click`
/// and wants no page. Acts before it answers, and again does nothing.
pub async fn leave(guest: Guest, Path(token): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let one_click = is_one_click(&headers, &body);
    let guest = match member::by_leave_token(&guest.door.ctx, &token).await {
        Ok(Some(found)) => guest.reads(&found),
        Ok(None) => return guest.bad_token(),
        Err(error) => return guest.failed(&error),
    };
    let way = if one_click { Way::OneClick } else { Way::Web };
    let who = by_token(&guest);
    match member::leave(&guest.door.ctx, &guest.door.templates, &token, way, who).await {
        Ok(()) if one_click => (StatusCode::OK, "You will get no more of these mails.\n").into_response(),
        Ok(()) => left(&guest),
        Err(error) => guest.failed(&error),
    }
}

fn left(guest: &Guest) -> Response {
    guest.notice(
        StatusCode::OK,
        "left_heading",
        &["left_text"],
        &[guest.link("/", "left_back")],
    )
}

/// Both encodings that mail programs use: urlencoded and multipart.
fn is_one_click(headers: &HeaderMap, body: &Bytes) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        let text = String::from_utf8_lossy(body);
        return text.contains("name=\"List-Unsubscribe\"") && text.contains("One-Click");
    }
    field(&fields(body), "List-Unsubscribe") == "One-Click"
}
