//! What came of a fetch.

use std::time::Duration;

use super::super::headers::Link;
use crate::model::{PollFailure, Validators};
use crate::time::Timestamp;

/// What one fetch came to.
#[derive(Debug)]
pub struct Fetched {
    /// How it ended.
    pub outcome: FetchOutcome,
    /// Where the leading permanent redirects led.
    pub permanent_to: Option<String>,
    /// The address that answered.
    pub url: String,
    /// HTTP status, when an answer came.
    pub status: Option<u16>,
    /// `ETag` and `Last-Modified` of the answer.
    pub validators: Validators,
    /// How long the answer stays fresh.
    pub fresh_for: Duration,
    /// When the server says to come back (`Retry-After`).
    pub retry_at: Option<Timestamp>,
    /// The links of its `Link` headers.
    pub links: Vec<Link>,
    /// Bytes of bodies received.
    pub n_bytes: u64,
    /// Time from the request to the last byte.
    pub duration: Duration,
}

impl Fetched {
    /// Before anything came from this address.
    pub(in crate::ingest) fn nothing(url: &str) -> Self {
        Self {
            outcome: FetchOutcome::NotModified,
            permanent_to: None,
            url: url.to_owned(),
            status: None,
            validators: Validators::default(),
            fresh_for: Duration::ZERO,
            retry_at: None,
            links: Vec::new(),
            n_bytes: 0,
            duration: Duration::ZERO,
        }
    }
}

/// How a fetch ended.
#[derive(Debug)]
pub enum FetchOutcome {
    /// 304.
    NotModified,
    /// 200 with a body, as it was on the wire.
    Body {
        /// The bytes.
        wire: Vec<u8>,
        /// `Content-Encoding`.
        encoding: String,
        /// `Content-Type`.
        content_type: String,
    },
    /// Another status; the start of its page says who refused.
    Refused {
        /// The failure, should the page say nothing.
        failure: PollFailure,
        /// Start of the page.
        page: Vec<u8>,
        /// `Content-Encoding` of it.
        encoding: String,
    },
    /// No usable answer.
    Failed(PollFailure),
}
