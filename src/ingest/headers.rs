//! What response headers say about time: `Cache-Control`, `Expires`, `Date`, `Age`, `Retry-After`. RFC 9110 and 9111.

use std::time::{Duration, UNIX_EPOCH};

use crate::time::Timestamp;

/// Longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(7 * 24);

/// An HTTP date in any of its three spellings (RFC 9110, 5.6.7).
#[must_use]
pub fn http_date(value: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(value.trim()).ok()?;
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(span) => i64::try_from(span.as_secs()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_secs()).ok()?,
    };
    Some(Timestamp::from_unix(seconds))
}

/// When the server may be asked again: seconds or a date, at most [`RETRY_AFTER_MAX`] from now, never before now.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        value.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        http_date(value)?.since(now)
    };
    Some(now.plus(wait.min(RETRY_AFTER_MAX)))
}

/// How long the response stays fresh, by `Cache-Control: max-age` (less `Age`), else `Expires` against `Date`. Zero
/// when nothing is said, and when the response says it must be checked each time.
#[must_use]
pub fn fresh_for(cache_control: &str, age: &str, expires: &str, date: &str, now: Timestamp) -> Duration {
    let mut max_age = None;
    for directive in cache_control.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "no-store" => return Duration::ZERO,
            "max-age" if max_age.is_none() => {
                max_age = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs);
            }
            _ => {}
        }
    }
    if let Some(max_age) = max_age {
        let age = age.trim().parse().map_or(Duration::ZERO, Duration::from_secs);
        return max_age.saturating_sub(age);
    }
    match http_date(expires) {
        Some(expires) => expires.since(http_date(date).unwrap_or(now)),
        None => Duration::ZERO,
    }
}

/// A link of a `Link` header (RFC 8288), as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its relation, in lower case; a link of several relations is there once for each.
    pub rel: String,
    /// Its target as written.
    pub href: String,
}

/// Longest `Link` header that is read, and most links taken of it.
const LINK_MAX_BYTES: usize = 16 * 1024;
const LINKS_MAX: usize = 32;

/// The links of a `Link` header; what is malformed is passed over.
#[must_use]
pub fn links(value: &str) -> Vec<Link> {
    let mut found = Vec::new();
    if value.len() > LINK_MAX_BYTES {
        return found;
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((href, after)) = after.split_once('>') else {
            break;
        };
        let (parameters, next) = until_comma(after);
        for rel in relations(parameters) {
            if found.len() < LINKS_MAX {
                found.push(Link {
                    rel: rel.to_ascii_lowercase(),
                    href: href.trim().to_owned(),
                });
            }
        }
        rest = next;
    }
    found
}

/// Up to the next comma outside quotes, and what follows it.
fn until_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ',' && !quoted
    });
    match end.and_then(|(at, _)| text.split_at_checked(at)) {
        Some((before, after)) => (before, after.trim_start_matches(',')),
        None => (text, ""),
    }
}

/// The relations of a link's parameters: `; rel="hub self"`.
fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    let rel = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("rel")
            .then(|| value.trim().trim_matches('"'))
    });
    rel.unwrap_or_default().split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_772_000_000); // Wed, 25 Feb 2026 06:13:20 GMT

    #[track_caller]
    fn check_retry(value: &str, expected: Option<i64>) {
        assert_eq!(
            retry_after(value, NOW).map(|at| at.unix() - NOW.unix()),
            expected,
            "{value:?}"
        );
    }

    #[test]
    fn retry_after_in_seconds_and_dates() {
        check_retry("120", Some(120));
        check_retry(" 0 ", Some(0));
        check_retry("Wed, 25 Feb 2026 07:13:20 GMT", Some(3600));
        check_retry("Wednesday, 25-Feb-26 07:13:20 GMT", Some(3600));
        check_retry("Wed Feb 25 07:13:20 2026", Some(3600));
        check_retry("Wed, 25 Feb 2015 07:13:20 GMT", Some(0));
        check_retry("99999999", Some(7 * 86_400));
        check_retry("99999999999999999999999999", Some(7 * 86_400));
        check_retry("Fri, 25 Feb 2056 07:13:20 GMT", Some(7 * 86_400));
        check_retry("-5", None);
        check_retry("soon", None);
        check_retry("", None);
        check_retry("1.5", None);
    }

    #[test]
    fn links_of_a_header() {
        let check = |value: &str, expected: &[(&str, &str)]| {
            let found = links(value);
            let found: Vec<_> = found
                .iter()
                .map(|link| (link.rel.as_str(), link.href.as_str()))
                .collect();
            assert_eq!(found, expected, "{value:?}");
        };
        check("", &[]);
        check(
            "<https://hub.example/>; rel=\"hub\"",
            &[("hub", "https://hub.example/")],
        );
        check("<https://hub.example/>;rel=HUB", &[("hub", "https://hub.example/")]);
        check(
            "</a>; title=\"x, y\"; rel=\"self alternate\", <b>; rel=hub",
            &[("self", "/a"), ("alternate", "/a"), ("hub", "b")],
        );
        check("<https://e.org/?a,b>; rel=hub", &[("hub", "https://e.org/?a,b")]);
        check("<a>, <b>; rel=hub", &[("hub", "b")]);
        check("<a; rel=hub", &[]);
        check("rel=hub", &[]);
        assert_eq!(links(&"<a>; rel=hub,".repeat(100)).len(), LINKS_MAX);
        assert!(links(&"<a>; rel=hub,".repeat(10_000)).is_empty());
    }

    #[track_caller]
    fn check_fresh(cache_control: &str, age: &str, expires: &str, date: &str, expected: u64) {
        assert_eq!(
            fresh_for(cache_control, age, expires, date, NOW).as_secs(),
            expected,
            "{cache_control:?} {expires:?}"
        );
    }

    #[test]
    fn freshness() {
        check_fresh("max-age=600", "", "", "", 600);
        check_fresh("public, Max-Age=\"600\"", "", "", "", 600);
        check_fresh("max-age=600", "100", "", "", 500);
        check_fresh("max-age=600", "1000", "", "", 0);
        check_fresh("max-age=600, no-cache", "", "", "", 0);
        check_fresh("no-store", "", "Wed, 25 Feb 2026 07:13:20 GMT", "", 0);
        check_fresh("max-age=-1", "", "", "", 0);
        check_fresh("max-age=x", "", "", "", 0);
        check_fresh("s-maxage=900", "", "", "", 0);
        check_fresh("", "", "Wed, 25 Feb 2026 07:13:20 GMT", "", 3600);
        check_fresh(
            "",
            "",
            "Wed, 25 Feb 2026 07:13:20 GMT",
            "Wed, 25 Feb 2026 07:00:00 GMT",
            800,
        );
        check_fresh("max-age=60", "", "Wed, 25 Feb 2026 07:13:20 GMT", "", 60);
        check_fresh("", "", "0", "", 0);
        check_fresh("", "", "", "", 0);
    }
}
