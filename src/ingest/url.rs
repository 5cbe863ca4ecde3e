//! Canonical links: one address for one page, however the feed dressed it up.
//!
//! The heuristics, each with the kind of case behind it:
//! - Parameters that only say where a click came from are cut (`utm_source`, `fbclid`): two feeds of one outlet carry
//!   the same article with different ones. Names that also have honest uses (`ref`, `source`) are cut only with a
//!   value that names a feed (`ref=rss`).
//! - A redirector that carries its target in its own address is undone (Google Alerts, Outlook's safe links): the
//!   reader gets the page, and the redirector no click.
//! - AMP copies and `m.` hosts become the page they copy: aggregators list one, the outlet the other.
//! - A fragment is cut unless it is a `#!` address, which some old sites route by.
//!
//! Nothing is fetched. The result is canonical already when it is put in again.

mod tracking;

use std::fmt::Write as _;

use tracking::is_tracking;
use url::{Host, Url};

/// Longest link kept.
pub const LINK_MAX: usize = 2_048;
/// Redirectors within redirectors, undone up to this depth.
const UNWRAP_MAX: usize = 5;

/// Redirectors with their target in a parameter: host (with its subdomains), start of the path, parameters.
const REDIRECTORS: &[(&str, &str, &[&str])] = &[
    ("google.com", "/url", &["url", "q"]),
    ("news.google.com", "/news/url", &["url"]),
    ("facebook.com", "/l.php", &["u"]),
    ("out.reddit.com", "/", &["url"]),
    ("t.umblr.com", "/redirect", &["z"]),
    ("bing.com", "/news/apiclick", &["url"]),
    ("safelinks.protection.outlook.com", "/", &["url"]),
    ("go.redirectingat.com", "/", &["url"]),
    ("click.linksynergy.com", "/", &["murl"]),
    ("slack-redir.net", "/link", &["url"]),
    ("linkedin.com", "/redir/redirect", &["url"]),
    ("youtube.com", "/redirect", &["q"]),
    ("vk.com", "/away.php", &["to"]),
    ("steamcommunity.com", "/linkfilter", &["url", "u"]),
];

/// Makes links canonical. `base` is what relative links are relative to; `more_tracking` are parameters beside the
/// built-in ones. `None` when it is no http(s) link, or one that is too long.
#[must_use]
pub fn canonical(raw: &str, base: Option<&Url>, more_tracking: &[String]) -> Option<String> {
    let cleaned: String = raw.chars().filter(|c| !c.is_control()).collect();
    let text = cleaned.trim();
    if text.is_empty() || text.len() > 2 * LINK_MAX {
        return None;
    }
    let mut url = match base {
        Some(base) => base.join(text).ok()?,
        None => Url::parse(text).ok()?,
    };
    for _ in 0..UNWRAP_MAX {
        match target(&url) {
            Some(inner) => url = inner,
            None => break,
        }
    }
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    tidy(&mut url, more_tracking)?;
    let text = String::from(url);
    (text.len() <= LINK_MAX).then_some(text)
}

/// What two links of one page have in common: the canonical link without scheme, `www.` and a slash at its end. Only
/// for comparing, never to be opened.
#[must_use]
pub fn link_key(canonical: &str) -> &str {
    let rest = canonical.split_once("://").map_or(canonical, |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// The name under which requests to one server are counted: the registrable domain (`example.co.uk` for
/// `feeds.example.co.uk`), or the address itself. Empty when the link names no host.
#[must_use]
pub fn host_key(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return String::new() };
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            psl::domain_str(name).unwrap_or(name).to_owned()
        }
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => String::new(),
    }
}

/// Where a redirector leads, when its address says so.
fn target(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    if let Some(inner) = amp_cache_target(url, host) {
        return Some(inner);
    }
    let (_, _, names) = REDIRECTORS
        .iter()
        .find(|(name, path, _)| is_under(host, name) && url.path().starts_with(path))?;
    names.iter().find_map(|name| {
        let value = url.query_pairs().find(|(key, _)| key == name)?.1;
        Url::parse(&value)
            .ok()
            .filter(|inner| matches!(inner.scheme(), "http" | "https"))
    })
}

/// Google's AMP viewer and the AMP cache: `/amp/s/HOST/PATH`, `/c/s/HOST/PATH`.
fn amp_cache_target(url: &Url, host: &str) -> Option<Url> {
    let rest = if is_under(host, "google.com") {
        url.path().strip_prefix("/amp/")?
    } else if is_under(host, "cdn.ampproject.org") {
        let path = url.path().get(1..)?;
        ["c/", "v/", "wp/"].iter().find_map(|kind| path.strip_prefix(kind))?
    } else {
        return None;
    };
    let (scheme, rest) = rest.strip_prefix("s/").map_or(("http", rest), |rest| ("https", rest));
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    Url::parse(&format!("{scheme}://{rest}{query}"))
        .ok()
        .filter(|inner| inner.host_str().is_some_and(|h| h.contains('.')))
}

fn is_under(host: &str, name: &str) -> bool {
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

fn tidy(url: &mut Url, more_tracking: &[String]) -> Option<()> {
    if !url.fragment().is_some_and(|fragment| fragment.starts_with('!')) {
        url.set_fragment(None);
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    tidy_host(url)?;
    let path = tidy_path(url.path());
    if path != url.path() {
        url.set_path(&path);
    }
    let kept = url.query().map(|query| {
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !is_tracking(pair, more_tracking))
            .collect();
        kept.join("&")
    });
    url.set_query(kept.as_deref().filter(|query| !query.is_empty()));
    Some(())
}

fn tidy_host(url: &mut Url) -> Option<()> {
    let Some(Host::Domain(name)) = url.host() else {
        return Some(());
    };
    let mut host = name.trim_end_matches('.').to_owned();
    if let Some(domain) = psl::domain_str(&host).map(str::to_owned) {
        if ["m.", "mobile.", "amp."]
            .iter()
            .any(|copy| host.strip_prefix(copy) == Some(domain.as_str()))
        {
            host = format!("www.{domain}");
        } else if domain == "wikipedia.org" {
            host = host.replace(".m.wikipedia.org", ".wikipedia.org");
        }
    }
    if url.host_str() != Some(host.as_str()) {
        url.set_host(Some(&host)).ok()?;
    }
    Some(())
}

fn tidy_path(path: &str) -> String {
    let mut path = decode_unreserved(path);
    if let Some((page, session)) = path.split_once(';')
        && session.to_ascii_lowercase().starts_with("jsessionid=")
    {
        path = page.to_owned();
    }
    loop {
        let shorter = if let Some(page) = path.strip_suffix(".amp.html") {
            format!("{page}.html")
        } else if let Some(page) = path.strip_suffix("/amp/").filter(|page| !page.is_empty()) {
            format!("{page}/")
        } else if let Some(page) = path.strip_suffix("/amp").filter(|page| !page.is_empty()) {
            page.to_owned()
        } else {
            return path;
        };
        path = shorter;
    }
}

/// Percent signs in one spelling: letters, digits and `-._~` stand for themselves, hex digits are upper case. Only behind
/// a percent sign that is none of these they stay as they are, since together they would become one: `%a%66`.
fn decode_unreserved(path: &str) -> String {
    let mut result = String::with_capacity(path.len());
    let mut lone_percent = None;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        let code = after
            .get(..2)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(byte) = code else {
            lone_percent = Some(result.len());
            result.push('%');
            rest = after;
            continue;
        };
        let c = char::from(byte);
        let would_join = lone_percent.is_some_and(|at| result.len() - at <= 2);
        if !would_join && (c.is_ascii_alphanumeric() || "-._~".contains(c)) {
            result.push(c);
        } else {
            let _ = write!(result, "%{byte:02X}");
        }
        rest = after.get(2..).unwrap_or_default();
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        let found = canonical(raw, None, &["promo*".to_owned()]).unwrap_or_default();
        assert_eq!(found, expected, "{raw}");
        if !found.is_empty() {
            assert_eq!(
                canonical(&found, None, &["promo*".to_owned()]).unwrap(),
                found,
                "twice: {raw}"
            );
        }
    }

    #[test]
    fn links_in_one_spelling() {
        check("HTTPS://Example.ORG:443/a?b=1#c", "https://example.org/a?b=1");
        check("http://example.org:80", "http://example.org/");
        check("http://example.org:8080/x", "http://example.org:8080/x");
        check(" https://example.org/a\n/b ", "https://example.org/a/b");
        check("https://user:pw@example.org/", "https://example.org/");
        check("https://example.org./a", "https://example.org/a");
        check(
            "https://example.org/%7Euser/%c3%a9%2f",
            "https://example.org/~user/%C3%A9%2F",
        );
        check("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4");
        check("https://example.org/#!/story/5", "https://example.org/#!/story/5");
        check("https://example.org/a;jsessionid=AB12?x=1", "https://example.org/a?x=1");
        check("https://example.org/100%/%+1/%zz", "https://example.org/100%/%+1/%zz");
        check(
            "https://example.org/a%a%66%/%%66a%66",
            "https://example.org/a%a%66%/%%66af",
        );
        check("javascript:alert(1)", "");
        check("mailto:a@example.org", "");
        check("", "");
        check(&format!("https://example.org/{}", "a".repeat(3000)), "");
    }

    #[test]
    fn tracking_is_cut_and_the_rest_kept_in_order() {
        check(
            "https://e.org/a?utm_source=rss&id=7&utm_medium=x",
            "https://e.org/a?id=7",
        );
        check("https://e.org/a?id=7&fbclid=x&b=%20&c", "https://e.org/a?id=7&b=%20&c");
        check("https://e.org/a?gclid=1", "https://e.org/a");
        check("https://e.org/a?", "https://e.org/a");
        check("https://e.org/a?ref=rss&ref=frontpage", "https://e.org/a?ref=frontpage");
        check("https://e.org/a?mod=rss_markets_main", "https://e.org/a");
        check("https://e.org/a?mod=hp_lead", "https://e.org/a?mod=hp_lead");
        check("https://e.org/a?promo_code=3&p=1", "https://e.org/a?p=1");
    }

    #[test]
    fn redirectors_are_undone() {
        check(
            "https://www.google.com/url?rct=j&sa=t&url=https://e.org/a%3Fb%3D1&ct=ga",
            "https://e.org/a?b=1",
        );
        check(
            "https://www.google.com/amp/s/amp.e.org/news/1",
            "https://www.e.org/news/1",
        );
        check("https://e-org.cdn.ampproject.org/c/s/e.org/x/amp/", "https://e.org/x/");
        check(
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fe.org%2F&data=1",
            "https://e.org/",
        );
        check(
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Fe.org%252Fz",
            "https://e.org/z",
        );
        check(
            "https://www.google.com/url?url=javascript:alert(1)",
            "https://www.google.com/url?url=javascript:alert(1)",
        );
    }

    #[test]
    fn copies_become_the_page() {
        check("https://m.example.co.uk/a", "https://www.example.co.uk/a");
        check("https://amp.example.com/a/amp/amp", "https://www.example.com/a");
        check("https://example.com/a.amp.html", "https://example.com/a.html");
        check("https://en.m.wikipedia.org/wiki/X", "https://en.wikipedia.org/wiki/X");
        check("https://example.com/amp", "https://example.com/amp");
        check("https://a.m.example.com/x", "https://a.m.example.com/x");
        check("https://example.com/a?amp=1&outputType=amp", "https://example.com/a");
    }

    #[test]
    fn relative_links_need_a_base() {
        let base = Url::parse("https://e.org/news/feed.xml").unwrap();
        assert_eq!(canonical("../a", Some(&base), &[]).as_deref(), Some("https://e.org/a"));
        assert_eq!(
            canonical("//o.org/a", Some(&base), &[]).as_deref(),
            Some("https://o.org/a")
        );
        assert_eq!(canonical("../a", None, &[]), None);
    }

    #[test]
    fn link_keys_join_what_is_one_page() {
        for url in ["https://www.e.org/a/", "http://e.org/a", "https://e.org/a/"] {
            assert_eq!(link_key(url), "e.org/a");
        }
    }

    #[test]
    fn hosts_are_counted_by_registrable_domain() {
        for (url, key) in [
            ("https://feeds.example.co.uk/a", "example.co.uk"),
            ("https://a.github.io/x", "a.github.io"),
            ("http://127.0.0.1:8080/", "127.0.0.1"),
            ("http://[::1]/", "::1"),
            ("http://localhost/", "localhost"),
            ("nonsense", ""),
        ] {
            assert_eq!(host_key(url), key, "{url}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent(raw in "https?://[a-zA-Zäm.]{1,12}\\.(com|co\\.uk)(/[a-z%A-F0-9;=.~ä]{0,8}){0,3}(/amp)?/?(\\?[a-z_&=%0-9#]{0,30})?") {
            if let Some(once) = canonical(&raw, None, &[]) {
                prop_assert_eq!(canonical(&once, None, &[]), Some(once));
            }
        }

        #[test]
        fn canonical_never_panics(raw in "\\PC{0,80}") {
            if let Some(once) = canonical(&raw, None, &[]) {
                prop_assert_eq!(canonical(&once, None, &[]), Some(once));
            }
        }
    }
}
