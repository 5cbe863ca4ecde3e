//! For the operator's tools: alive, ready, metrics. Only for the machine itself.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Door;
use super::connection::Peer;
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

/// Everything measured, in Prometheus' text format; to loopback only, and not through a proxy that serves others.
pub async fn metrics(State(door): State<Door>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    if !peer.0.ip().to_canonical().is_loopback() || headers.contains_key("x-forwarded-for") {
        return door.missing();
    }
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        crate::ops::metrics::render(),
    )
        .into_response()
}
