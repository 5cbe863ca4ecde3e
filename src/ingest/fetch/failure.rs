//! What went wrong with a request, as a kind and a sentence for people. Nothing that may be secret is in it.

use reqwest::StatusCode;
use url::Url;

use crate::ingest::guard;
use crate::model::PollFailure;

pub(super) fn fail(kind: &'static str, status: Option<StatusCode>, message: String) -> PollFailure {
    PollFailure {
        kind,
        status: status.map(|status| status.as_u16()),
        message,
    }
}

/// A status that is no document.
pub(super) fn refusal(status: StatusCode, url: &Url) -> PollFailure {
    let shown = shown(url.as_str());
    let (kind, message) = match status.as_u16() {
        410 => (
            "gone",
            format!("`{shown}` is gone for good (410); remove the feed or give its new address"),
        ),
        429 => (
            "rate_limited",
            format!("`{shown}` says we ask too often (429); it is asked less now"),
        ),
        401 => (
            "http",
            format!("`{shown}` wants a login (401); set headers for this feed"),
        ),
        403 => (
            "http",
            format!("`{shown}` refuses us (403); the site may block programs, or want a login"),
        ),
        404 => (
            "http",
            format!("`{shown}` does not exist (404); look for the feed's new address"),
        ),
        500..=599 => (
            "http",
            format!("`{shown}` has trouble of its own ({status}); it is tried again later"),
        ),
        _ => ("http", format!("`{shown}` answered {status} instead of a document")),
    };
    fail(kind, Some(status), message)
}

/// An address without what may be secret in it.
pub(super) fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.chars().take(200).collect();
    };
    if parsed.password().is_some() || !parsed.username().is_empty() {
        let _ = parsed.set_username("");
        let _ = parsed.set_password(None);
    }
    // Paid feeds carry their key in the query.
    if parsed.query().is_some() {
        parsed.set_query(Some("…"));
    }
    parsed.as_str().replace("%E2%80%A6", "…").chars().take(200).collect()
}

pub(super) fn failure_of(error: &reqwest::Error, url: &Url) -> PollFailure {
    let shown = shown(url.as_str());
    let mut source = std::error::Error::source(error);
    let mut tls = None;
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<guard::Refused>() {
            return fail(
                "forbidden_address",
                None,
                format!("`{shown}` is not fetched: {refused}"),
            );
        }
        tls = tls.or_else(|| tls_error(cause));
        source = cause.source();
    }
    if let Some(tls) = tls {
        return fail("tls", None, format!("no secure connection to `{shown}`: {tls}"));
    }
    let why = innermost(error);
    if error.is_timeout() {
        fail("timeout", None, format!("`{shown}` did not answer in time: {why}"))
    } else if error.is_dns() {
        fail("dns", None, format!("the name in `{shown}` cannot be resolved: {why}"))
    } else if error.is_connect() {
        fail("connect", None, format!("no connection to `{shown}`: {why}"))
    } else if error.is_body() || error.is_decode() {
        fail("io", None, format!("the document at `{shown}` was cut off: {why}"))
    } else {
        fail("io", None, format!("`{shown}` did not answer properly: {why}"))
    }
}

/// What TLS says in a cause. An I/O error's own `source` passes over the error it wraps, and some wrap another.
fn tls_error(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(found) = cause.downcast_ref::<rustls::Error>() {
        return Some(found.to_string());
    }
    let wrapped = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    tls_error(wrapped)
}

/// The innermost cause of an error: what a person can act on.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let part = cause.to_string();
        if !part.is_empty() {
            text = part;
        }
        source = cause.source();
    }
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(shown("https://user:pw@e.org/feed"), "https://e.org/feed");
    }
}
