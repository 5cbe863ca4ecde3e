//! Asking, confirming, leaving.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::connection::Peer;
use super::member;
use super::{Door, Link, Site, field, fields};
use crate::address::Address;
use crate::subscribe::Way;

/// The form.
pub async fn form(State(door): State<Door>) -> Response {
    show_form(&door, StatusCode::OK, "", "", None)
}

fn show_form(door: &Door, status: StatusCode, address: &str, chosen: &str, problem: Option<&str>) -> Response {
    let config = door.ctx.config();
    let open: Vec<_> = config.digests.iter().filter(|digest| digest.open).collect();
    let chosen = open.iter().map(|digest| digest.key.as_str()).find(|key| *key == chosen);
    let chosen = chosen
        .or(open.first().map(|digest| digest.key.as_str()))
        .unwrap_or_default();
    let digests: Vec<_> = open
        .iter()
        .map(|digest| {
            let schedule = format!("{}, {}", digest.schedule.words(), digest.zone);
            serde_json::json!({"key": digest.key, "title": digest.title, "schedule": schedule})
        })
        .collect();
    let values = serde_json::json!({
        "site": Site::of(&config), "digests": digests, "archives": digests, "address": address, "chosen": chosen,
        "problem": problem,
    });
    door.page(status, "subscribe", &values)
}

/// Takes the form. Whatever the address, known or not, the answer is the same page.
pub async fn subscribe(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let network = door.network(peer, &headers);
    let counted = {
        let mut requests = door.requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        requests.count(network, door.ctx.now())
    };
    if let Err(wait) = counted {
        return door.slow_down(wait);
    }
    let fields = fields(&body);
    let (typed, digest) = (field(&fields, "address"), field(&fields, "digest"));
    // Only a program fills a field nobody sees.
    if !field(&fields, "website").is_empty() {
        return asked(&door);
    }
    let Ok(address) = Address::parse(typed) else {
        let problem = Some("That is not a mail address we can send to; please check it.");
        return show_form(&door, StatusCode::UNPROCESSABLE_ENTITY, typed, digest, problem);
    };
    if !door
        .ctx
        .config()
        .digests
        .iter()
        .any(|known| known.open && known.key == digest)
    {
        return show_form(
            &door,
            StatusCode::UNPROCESSABLE_ENTITY,
            typed,
            digest,
            Some("Please choose a digest."),
        );
    }
    match member::ask(&door.ctx, &door.templates, address, digest, network.words()).await {
        Ok(()) => asked(&door),
        Err(error) => door.failed(&error),
    }
}

fn asked(door: &Door) -> Response {
    door.notice(
        StatusCode::OK,
        "Please look into your mailbox",
        &[
            "A mail is on its way to you. Answer it, or open its link, and you are subscribed.",
            "Nothing came after a quarter of an hour? Look into the folder for unwanted mail, or ask again tomorrow.",
        ],
        &[],
    )
}

/// The page a confirm link opens: a button, nothing else, since scanners open links.
pub async fn confirm_page(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match member::pending(&door.ctx, &token).await {
        Ok(Some(waiting)) => door.ask(
            "One more step",
            &[&format!("Press the button to subscribe to {}.", waiting.title)],
            "Yes, subscribe me",
            &format!("/confirm/{token}"),
            None,
        ),
        Ok(None) => door.bad_token(door.network(peer, &headers)),
        Err(error) => door.failed(&error),
    }
}

/// Confirms.
pub async fn confirm(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let network = door.network(peer, &headers);
    match member::confirm(&door.ctx, &door.templates, &token, network.words()).await {
        Ok(Some(confirmed)) => door.notice(
            StatusCode::OK,
            "You are subscribed",
            &[
                &format!("{} comes next on {}.", confirmed.title, confirmed.next),
                "Every mail has a link that changes what you get, and one that ends it.",
            ],
            &[Link {
                href: format!("/settings/{}", confirmed.settings_token),
                text: "Choose companies, themes and time",
            }],
        ),
        Ok(None) => door.bad_token(network),
        Err(error) => door.failed(&error),
    }
}

/// The page a leave link opens.
pub async fn leave_page(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match member::by_leave_token(&door.ctx, &token).await {
        Ok(Some(found)) if found.is_active => door.ask(
            "Stop these mails?",
            &[&format!("{} will no longer be sent to you.", found.title)],
            "Yes, stop them",
            &format!("/leave/{token}"),
            Some(Link {
                href: format!("/settings/{}", found.settings_token),
                text: "Fewer mails instead: weekly, a pause, fewer topics",
            }),
        ),
        Ok(Some(_)) => left(&door),
        Ok(None) => door.bad_token(door.network(peer, &headers)),
        Err(error) => door.failed(&error),
    }
}

/// Leaves: from the page's button, or from a mail program's own (RFC 8058), which posts `List-Unsubscribe=One-Click`
/// and wants no page. Acts before it answers, and again does nothing.
pub async fn leave(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let network = door.network(peer, &headers);
    let one_click = is_one_click(&headers, &body);
    match member::by_leave_token(&door.ctx, &token).await {
        Ok(Some(_)) => {}
        Ok(None) => return door.bad_token(network),
        Err(error) => return door.failed(&error),
    }
    let way = if one_click { Way::OneClick } else { Way::Web };
    match member::leave(&door.ctx, &door.templates, &token, way, network.words()).await {
        Ok(()) if one_click => (StatusCode::OK, "You will get no more of these mails.\n").into_response(),
        Ok(()) => left(&door),
        Err(error) => door.failed(&error),
    }
}

fn left(door: &Door) -> Response {
    door.notice(
        StatusCode::OK,
        "You will get no more of these mails",
        &["It holds from now on; a mail that was already on its way may still arrive."],
        &[Link {
            href: "/".into(),
            text: "Subscribe again",
        }],
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
