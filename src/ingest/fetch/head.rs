//! What is taken from the headers of an answer.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{self, HeaderName};

use crate::ingest::headers;
use crate::model::Validators;
use crate::time::Timestamp;

/// Longest validator that is kept and sent back.
const VALIDATOR_MAX: usize = 1_024;

/// What is taken from the headers of an answer.
pub(super) struct Head {
    pub(super) validators: Validators,
    pub(super) fresh_for: Duration,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) encoding: String,
    pub(super) content_type: String,
    pub(super) challenge: bool,
    pub(super) links: Vec<headers::Link>,
}

impl Head {
    pub(super) fn of(response: &Response, now: Timestamp) -> Self {
        let map = response.headers();
        let text = |name: HeaderName| {
            map.get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        let joined = |name: HeaderName| {
            let values: Vec<&str> = map
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            values.join(", ")
        };
        // Opaque: nothing is understood of a validator, an odd one is kept as well as a proper one.
        let kept = |name: HeaderName| {
            let value = map
                .get(name)
                .and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
            value
                .filter(|value| value.len() <= VALIDATOR_MAX)
                .unwrap_or("")
                .to_owned()
        };
        Self {
            validators: Validators {
                etag: kept(header::ETAG),
                last_modified: kept(header::LAST_MODIFIED),
            },
            fresh_for: headers::fresh_for(
                &joined(header::CACHE_CONTROL),
                &text(header::AGE),
                &text(header::EXPIRES),
                &text(header::DATE),
                now,
            ),
            retry_at: headers::retry_after(&text(header::RETRY_AFTER), now),
            encoding: joined(header::CONTENT_ENCODING),
            content_type: text(header::CONTENT_TYPE),
            links: headers::links(&joined(header::LINK)),
            challenge: map
                .get("cf-mitigated")
                .is_some_and(|value| value.as_bytes() == b"challenge"),
        }
    }
}
