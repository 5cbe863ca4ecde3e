//! For the operator's tools: alive, ready, and to the machine itself what was measured.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Door;
use super::connection::Peer;
use super::guest::Guest;
use crate::store::settings;
use crate::time::Timestamp;

/// The daemon writes its heartbeat every 20 seconds; one this old means it is stuck.
const HEARTBEAT_MAX: Duration = Duration::from_mins(2);

/// The process runs.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers and the heartbeat is fresh.
pub async fn ready(State(door): State<Door>) -> Response {
    let beat = door
        .ctx
        .db
        .read(|conn| settings::number(conn, settings::HEARTBEAT))
        .await;
    match beat {
        Ok(Some(at)) if door.ctx.now().since(Timestamp::from_unix(at)) <= HEARTBEAT_MAX => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "no fresh heartbeat\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

/// A proxy says so in one of these headers, or asks for a name that is not this machine's own.
fn through_a_proxy(headers: &HeaderMap) -> bool {
    let told = ["x-forwarded-for", "x-real-ip", "forwarded", "via"];
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    told.iter().any(|header| headers.contains_key(*header)) || !["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

/// Everything measured, in Prometheus' text format; to loopback only, and not through a proxy that serves others.
pub async fn metrics(guest: Guest, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    if !peer.0.ip().to_canonical().is_loopback() || through_a_proxy(&headers) {
        return guest.missing();
    }
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        crate::ops::metrics::render(),
    )
        .into_response()
}
