//! The settings link asked for again. Whoever asks learns nothing: the page says the same whatever the address, and it is
//! answered before anything is looked up, so its time says nothing either. What follows is at most one mail to the address.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;

use super::guest::Guest;
use super::{field, fields, member};
use crate::address::Address;

/// Requests that may wait for the database at once; past that people are asked to come back.
pub const WAITING_MAX: usize = 64;
/// In so long.
const COME_BACK: Duration = Duration::from_secs(10);

/// The form.
pub async fn form(guest: Guest) -> Response {
    show(&guest, StatusCode::OK, "", None)
}

fn show(guest: &Guest, status: StatusCode, address: &str, problem: Option<String>) -> Response {
    guest.page(
        status,
        "lost",
        serde_json::json!({"address": address, "problem": problem}),
    )
}

/// Takes the form.
pub async fn send(guest: Guest, body: Bytes) -> Response {
    if let Some(refused) = guest.one_too_many() {
        return refused;
    }
    let fields = fields(&body);
    let typed = field(&fields, "address");
    // Only a program fills a field nobody sees.
    if !field(&fields, "website").is_empty() {
        return sent(&guest);
    }
    let Ok(address) = Address::parse(typed) else {
        let problem = Some(guest.say("bad_address", &[]));
        return show(&guest, StatusCode::UNPROCESSABLE_ENTITY, typed, problem);
    };
    let Ok(place) = Arc::clone(&guest.door.waiting).try_acquire_owned() else {
        return guest.slow_down(COME_BACK);
    };
    let (ctx, templates) = (guest.door.ctx.clone(), Arc::clone(&guest.door.templates));
    let who = member::Who {
        network: guest.network.words(),
        language: guest.accepted.as_ref().map(|language| language.code().to_owned()),
    };
    tokio::spawn(async move {
        if let Err(error) = member::find_again(&ctx, &templates, address, who).await {
            tracing::error!(%error, "A settings link could not be sent");
        }
        drop(place);
    });
    sent(&guest)
}

fn sent(guest: &Guest) -> Response {
    guest.notice(StatusCode::OK, "asked_heading", &["lost_sent", "nothing_came"], &[])
}
