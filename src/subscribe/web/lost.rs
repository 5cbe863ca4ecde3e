//! The settings link asked for again. Whoever asks learns nothing: the page says the same whatever the address, and it is
//! answered before anything is looked up, so its time says nothing either. What follows is at most one mail to the address.

use std::sync::{Arc, PoisonError};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::connection::Peer;
use super::{Door, Site, field, fields, member};
use crate::address::Address;

/// Requests that may wait for the database at once; past that people are asked to come back.
pub const WAITING_MAX: usize = 64;

/// The form.
pub async fn form(State(door): State<Door>) -> Response {
    show(&door, StatusCode::OK, "", None)
}

fn show(door: &Door, status: StatusCode, address: &str, problem: Option<&str>) -> Response {
    let values = serde_json::json!({"site": Site::of(&door.ctx.config()), "address": address, "problem": problem});
    door.page(status, "lost", &values)
}

/// Takes the form.
pub async fn send(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let network = door.network(peer, &headers);
    let counted = {
        let mut requests = door.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.count(network, door.ctx.now())
    };
    if let Err(wait) = counted {
        return door.slow_down(wait);
    }
    let fields = fields(&body);
    let typed = field(&fields, "address");
    // Only a program fills a field nobody sees.
    if !field(&fields, "website").is_empty() {
        return sent(&door);
    }
    let Ok(address) = Address::parse(typed) else {
        let problem = Some("That is not a mail address we can send to; please check it.");
        return show(&door, StatusCode::UNPROCESSABLE_ENTITY, typed, problem);
    };
    let Ok(place) = Arc::clone(&door.waiting).try_acquire_owned() else {
        return door.slow_down(std::time::Duration::from_secs(10));
    };
    let (ctx, templates) = (door.ctx.clone(), Arc::clone(&door.templates));
    tokio::spawn(async move {
        if let Err(error) = member::find_again(&ctx, &templates, address, network.words()).await {
            tracing::error!(%error, "A settings link could not be sent");
        }
        drop(place);
    });
    sent(&door)
}

fn sent(door: &Door) -> Response {
    door.notice(
        StatusCode::OK,
        "Please look into your mailbox",
        &[
            "If this address gets our mail, the link to its settings is on its way there.",
            "Nothing came after a quarter of an hour? Look into the folder for unwanted mail, or ask again tomorrow.",
        ],
        &[],
    )
}
