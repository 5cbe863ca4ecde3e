//! What a WebSub hub asks and sends: the callback of subscriptions that `ingest::websub` begins.
//!
//! The last part of the address is 128 random bits that only the hub was told, so whoever knows it is the hub or was
//! told by it. A confirmation is believed only for what was asked: this topic, this way. (It is a GET, the one that
//! changes something here; the protocol wants it so.) What a hub sends is believed only with its signature, and is then
//! a hint to poll the feed, nothing more: not a byte of it is kept.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::field;
use super::guest::Guest;
use crate::model::{PushRow, PushStatus};
use crate::store::websub;
use crate::time::Timestamp;

/// Longest challenge that is given back.
const CHALLENGE_MAX_BYTES: usize = 1_024;
const LEASE_MIN: Duration = Duration::from_mins(5);
const LEASE_MAX: Duration = Duration::from_hours(90 * 24);
/// A hub that names no lease is asked again after 80 % of this.
const LEASE_UNTOLD: Duration = Duration::from_hours(24);
/// A hub that refused is asked again after this.
const AFTER_DENIAL: Duration = Duration::from_hours(7 * 24);
/// A hub that tells of news all the time has the feed polled this often.
const PAUSE_SECS: i64 = 60;
const REASON_MAX_CHARS: usize = 200;

/// What a hub's GET means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// It confirms for so long; the challenge goes back.
    Confirms { challenge: String, lease: Duration },
    /// It confirms the end.
    Ends { challenge: String },
    /// It refuses, or ends it by itself.
    Denies { why: String },
    /// Nothing we asked for.
    Nothing,
}

/// Judges a hub's GET against what it was asked (WebSub, 5.2 and 5.3). Pure.
fn judge(row: &PushRow, query: &[(String, String)]) -> Asked {
    if field(query, "hub.topic") != row.hub.topic {
        return Asked::Nothing;
    }
    let challenge = field(query, "hub.challenge").to_owned();
    let answerable = !challenge.is_empty() && challenge.len() <= CHALLENGE_MAX_BYTES;
    match (field(query, "hub.mode"), row.status) {
        ("subscribe", PushStatus::Asked | PushStatus::Active) if answerable => {
            let told = field(query, "hub.lease_seconds").parse().map(Duration::from_secs);
            let lease = told.unwrap_or(LEASE_UNTOLD).clamp(LEASE_MIN, LEASE_MAX);
            Asked::Confirms { challenge, lease }
        }
        ("unsubscribe", PushStatus::Leaving) if answerable => Asked::Ends { challenge },
        ("denied", PushStatus::Asked | PushStatus::Active) => {
            let why = field(query, "hub.reason").chars().filter(|c| !c.is_control());
            let why: String = why.take(REASON_MAX_CHARS).collect();
            Asked::Denies {
                why: format!(
                    "the hub refuses: {}",
                    if why.is_empty() { "no reason given" } else { &why }
                ),
            }
        }
        _ => Asked::Nothing,
    }
}

/// When a lease is renewed: at 80 % of it.
fn renew_at(now: Timestamp, lease: Duration) -> Timestamp {
    now.plus(lease / 5 * 4)
}

/// Whether a body is signed with this secret (WebSub, 7.1). The protocol's four methods are taken; as an HMAC none of
/// them is broken, and the largest hub only knows SHA-1. Takes the same time whatever is wrong. Pure.
fn is_signed(secret: &str, signature: &str, body: &[u8]) -> bool {
    let Some((method, given)) = signature.trim().split_once('=') else {
        return false;
    };
    let Ok(given) = data_encoding::HEXLOWER_PERMISSIVE.decode(given.as_bytes()) else {
        return false;
    };
    macro_rules! mac {
        ($hash:ty) => {
            Hmac::<$hash>::new_from_slice(secret.as_bytes())
                .map(|mut mac| {
                    mac.update(body);
                    mac.finalize().into_bytes().to_vec()
                })
                .unwrap_or_default()
        };
    }
    let right = match method {
        "sha256" => mac!(Sha256),
        "sha384" => mac!(Sha384),
        "sha512" => mac!(Sha512),
        "sha1" => mac!(Sha1),
        _ => return false,
    };
    !right.is_empty() && bool::from(right.ct_eq(&given))
}

/// A hub confirms, refuses or ends a subscription.
pub async fn verify(guest: Guest, Path(path): Path<String>, RawQuery(query): RawQuery) -> Response {
    let wanted = path.clone();
    let row = match guest.door.ctx.db.read(move |conn| websub::by_path(conn, &wanted)).await {
        Ok(Some(row)) => row,
        Ok(None) => return guest.missing(),
        Err(error) => return guest.failed(&error),
    };
    let query: Vec<(String, String)> = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let now = guest.door.ctx.now();
    let (written, answer) = match judge(&row, &query) {
        Asked::Nothing => return guest.missing(),
        Asked::Confirms { challenge, lease } => {
            let (until, renew) = (now.plus(lease), renew_at(now, lease));
            let written = guest
                .door
                .ctx
                .db
                .write(move |tx| websub::confirmed(tx, &path, until, renew))
                .await;
            tracing::info!(
                feed.id = row.feed.get(),
                hub = row.hub.url,
                "A hub tells of a feed's news now"
            );
            (written, challenge)
        }
        Asked::Ends { challenge } => (
            guest.door.ctx.db.write(move |tx| websub::forget(tx, &path)).await,
            challenge,
        ),
        Asked::Denies { why } => {
            let again = now.plus(AFTER_DENIAL);
            let written = guest
                .door
                .ctx
                .db
                .write(move |tx| websub::denied(tx, &path, &why, again))
                .await;
            (written, String::new())
        }
    };
    match written {
        Ok(()) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer).into_response(),
        Err(error) => guest.failed(&error),
    }
}

/// A hub tells of news. A wrong signature gets the same answer as a right one, so that nobody can search for it.
pub async fn push(guest: Guest, Path(path): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let wanted = path.clone();
    let row = match guest.door.ctx.db.read(move |conn| websub::by_path(conn, &wanted)).await {
        Ok(Some(row)) if row.status == PushStatus::Active => row,
        // It tells the hub to stop.
        Ok(_) => return StatusCode::GONE.into_response(),
        Err(error) => return guest.failed(&error),
    };
    let body_max = usize::try_from(guest.door.ctx.config().poll.wire_max).unwrap_or(usize::MAX);
    let Ok(body) = to_bytes(body, body_max).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let signature = headers
        .get("x-hub-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let signed = is_signed(&row.secret, signature, &body);
    let result = if signed { "taken" } else { "dropped" };
    metrics::counter!("courant_websub_pushes_total", "result" => result).increment(1);
    if signed {
        let now = guest.door.ctx.now();
        let written = guest
            .door
            .ctx
            .db
            .write(move |tx| websub::pushed(tx, &path, now, PAUSE_SECS))
            .await;
        if let Err(error) = written {
            return guest.failed(&error);
        }
        guest.door.ctx.wakes.ingest.notify_one();
    }
    StatusCode::ACCEPTED.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FeedId, Hub};

    fn row(status: PushStatus) -> PushRow {
        PushRow {
            feed: FeedId::new(1),
            hub: Hub {
                url: "https://hub.example/".into(),
                topic: "https://news.example/feed".into(),
            },
            path: "p".into(),
            secret: "s".into(),
            status,
            next_at: Timestamp::from_unix(0),
            lease_until: Timestamp::from_unix(0),
            unanswered: 0,
            error: String::new(),
            n_pushes: 0,
            last_push_at: None,
        }
    }

    #[track_caller]
    fn check(status: PushStatus, query: &str, expected: &Asked) {
        let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(judge(&row(status), &query), *expected);
    }

    const TOPIC: &str = "hub.topic=https://news.example/feed";

    #[test]
    fn only_what_was_asked_is_confirmed() {
        let confirms = |secs| Asked::Confirms {
            challenge: "c".into(),
            lease: Duration::from_secs(secs),
        };
        let ask = |rest: &str| format!("{TOPIC}&hub.challenge=c&{rest}");
        let (asked, active, leaving) = (PushStatus::Asked, PushStatus::Active, PushStatus::Leaving);
        check(
            asked,
            &ask("hub.mode=subscribe&hub.lease_seconds=1000"),
            &confirms(1_000),
        );
        check(active, &ask("hub.mode=subscribe&hub.lease_seconds=1"), &confirms(300));
        check(asked, &ask("hub.mode=subscribe"), &confirms(86_400));
        check(
            asked,
            &ask("hub.mode=subscribe&hub.lease_seconds=99999999999"),
            &confirms(90 * 86_400),
        );
        check(
            leaving,
            &ask("hub.mode=subscribe&hub.lease_seconds=1000"),
            &Asked::Nothing,
        );
        check(asked, &ask("hub.mode=unsubscribe"), &Asked::Nothing);
        check(active, &ask("hub.mode=unsubscribe"), &Asked::Nothing);
        check(
            leaving,
            &ask("hub.mode=unsubscribe"),
            &Asked::Ends { challenge: "c".into() },
        );
        check(
            asked,
            "hub.topic=https://other.example/&hub.mode=subscribe&hub.challenge=c",
            &Asked::Nothing,
        );
        check(asked, &format!("{TOPIC}&hub.mode=subscribe"), &Asked::Nothing);
        let long = format!("{TOPIC}&hub.mode=subscribe&hub.challenge={}", "c".repeat(2_000));
        check(asked, &long, &Asked::Nothing);
        check(asked, "", &Asked::Nothing);
        let denies = |why: &str| Asked::Denies { why: why.into() };
        check(
            asked,
            &ask("hub.mode=denied"),
            &denies("the hub refuses: no reason given"),
        );
        check(
            active,
            &ask("hub.mode=denied&hub.reason=closed%0Adown"),
            &denies("the hub refuses: closeddown"),
        );
    }

    /// The first test vector of RFC 4231 and of RFC 2202 with a text key.
    #[test]
    fn signatures_are_the_standard_ones() {
        let (secret, body) = ("Jefe", b"what do ya want for nothing?");
        for good in [
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "sha256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ] {
            assert!(is_signed(secret, good, body), "{good}");
            assert!(!is_signed("other", good, body), "{good}");
            assert!(!is_signed(secret, good, b"what do ya want for something?"), "{good}");
        }
        for bad in [
            "",
            "sha256=",
            "sha256",
            "sha256=5bdcc146",
            "sha1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "md5=750c783e6ab0b503eaa86e310a5db738",
            "sha256=zz",
        ] {
            assert!(!is_signed(secret, bad, body), "{bad}");
        }
    }

    #[test]
    fn a_lease_is_renewed_at_four_fifths() {
        let now = Timestamp::from_unix(1_000);
        assert_eq!(renew_at(now, Duration::from_secs(1_000)), Timestamp::from_unix(1_800));
    }
}
