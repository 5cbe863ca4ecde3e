//! The web door: a form, pages with a button, settings behind a signed link, past editions, health and metrics.
//!
//! GET never changes anything, since scanners open every link in a mail; what changes something is a POST, and the only
//! credential is the token in the address, so there are no cookies and nothing a foreign page could ride on. Unknown,
//! used and expired tokens get the same answer.

mod archive;
mod client;
mod connection;
mod door;
mod guest;
mod lost;
mod member;
mod ops;
mod seats;
mod settings;
mod websub;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::context::Ctx;
use crate::mail::render::Templates;
use crate::mail::render::pages::{Pages, STYLE};
use client::{BAD_TOKENS_MAX, REQUESTS_MAX, Tries};
use guest::Guest;

/// Bytes of a form; the settings page with every theme chosen stays far below.
const BODY_MAX_BYTES: usize = 16 * 1024;
/// Bytes of an address line.
const URL_MAX_BYTES: usize = 2 * 1024;
/// A request takes no longer.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// What every page shares.
#[derive(Clone)]
struct Door {
    ctx: Ctx,
    pages: Arc<Pages>,
    templates: Arc<Templates>,
    bad_tokens: Arc<Mutex<Tries>>,
    requests: Arc<Mutex<Tries>>,
    waiting: Arc<Semaphore>,
}

/// Serves the pages until shutdown; mails that follow from them are made with these templates.
pub async fn serve(ctx: Ctx, templates: Arc<Templates>, listener: TcpListener) {
    let pages = match Pages::new() {
        Ok(pages) => Arc::new(pages),
        Err(error) => {
            tracing::error!(%error, "The pages cannot be shown");
            return;
        }
    };
    let door = Door {
        ctx: ctx.clone(),
        pages,
        templates,
        bad_tokens: Arc::new(Mutex::new(Tries::new(BAD_TOKENS_MAX, Duration::from_mins(1)))),
        requests: Arc::new(Mutex::new(Tries::new(REQUESTS_MAX, Duration::from_hours(1)))),
        waiting: Arc::new(Semaphore::new(lost::WAITING_MAX)),
    };
    connection::accept(&ctx, listener, router(door)).await;
}

fn router(door: Door) -> Router {
    Router::new()
        .route("/", get(door::form))
        .route("/subscribe", post(door::subscribe))
        .route("/confirm/{token}", get(door::confirm_page).post(door::confirm))
        .route("/leave/{token}", get(door::leave_page).post(door::leave))
        .route("/settings", get(lost::form).post(lost::send))
        .route("/settings/{token}", get(settings::page).post(settings::save))
        .route("/archive/{digest}", get(archive::list))
        .route("/edition/{id}", get(archive::edition))
        .route(
            "/style.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }),
        )
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .route("/healthz", get(ops::alive))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics))
        .fallback(|guest: Guest| async move { guest.missing() })
        .route("/websub/{path}", get(websub::verify).post(websub::push))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(middleware::from_fn(guard))
        .with_state(door)
}

/// Limits on every request, and headers on every answer.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = if request.uri().to_string().len() > URL_MAX_BYTES {
        StatusCode::URI_TOO_LONG.into_response()
    } else {
        tokio::time::timeout(REQUEST_MAX, next.run(request))
            .await
            .unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
    };
    let class = match response.status().as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    metrics::counter!("courant_web_requests_total", "status" => class).increment(1);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ));
    response
}

/// The fields of a form, urlencoded, in their order.
fn fields(body: &Bytes) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The first field of this name, trimmed; empty when there is none.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields
        .iter()
        .find(|(found, _)| found == name)
        .map_or("", |(_, value)| value.trim())
}

#[cfg(test)]
mod tests;
