//! HTTP: one conditional GET with a limit on everything. The only folder that knows `reqwest`.
//!
//! What the client does by itself is switched off: no proxy from the environment, no cookies, no Referer, no
//! redirects, no decompression. Redirects are followed here, each hop judged by [`guard`] before it is asked; names are
//! resolved here, and the addresses that were judged are the ones connected to.

mod clients;
mod failure;
mod head;
mod outcome;
mod redirect;
mod resolver;

use std::sync::Arc;
use std::time::Instant;

use reqwest::dns::Resolve;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use url::Url;

use self::clients::Clients;
use self::failure::{fail, failure_of, refusal, shown};
use self::head::Head;
pub use self::outcome::{FetchOutcome, Fetched};
use self::redirect::{redirect_target, same_site};
use self::resolver::SystemResolver;
use super::guard;
use crate::config::PollSettings;
use crate::model::{DueFeed, FeedSpec, PollFailure};
use crate::time::Timestamp;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, \
                      application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.4, */*;q=0.1";
const ACCEPT_PAGE: &str = "text/html, application/xhtml+xml, */*;q=0.1";
const ACCEPT_ENCODING: &str = "gzip, br, zstd";
/// So much of an error page is read, to see who blocks us.
const ERROR_PAGE_MAX: u64 = 64 * 1024;
/// So much of a hub's refusal is kept.
const SAID_MAX_CHARS: usize = 200;

/// Asks servers for feeds and pages.
pub struct Fetcher {
    settings: PollSettings,
    /// What every request carries.
    common: HeaderMap,
    clients: Clients,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A fetcher with the system's resolver.
    #[must_use]
    pub fn new(settings: &PollSettings) -> Self {
        Self::with_resolver(settings, Arc::new(SystemResolver))
    }

    fn with_resolver(settings: &PollSettings, resolver: Arc<dyn Resolve>) -> Self {
        // One provider in the whole program; a second install is refused and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut common = HeaderMap::new();
        common.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPT_ENCODING));
        if let Ok(agent) = HeaderValue::from_bytes(user_agent(&settings.contact).as_bytes()) {
            common.insert(header::USER_AGENT, agent);
        }
        Self {
            settings: settings.clone(),
            common,
            clients: Clients::new(settings, resolver),
        }
    }

    /// Asks for a feed; conditionally unless `full`. Never fails otherwise than by value, and always ends within the
    /// configured time.
    pub async fn get(&self, feed: &DueFeed, full: bool, now: Timestamp) -> Fetched {
        self.fetch(feed, ACCEPT, full, now).await
    }

    /// Asks for a page, by the way and with the login of the feed that led to it.
    pub async fn get_page(&self, feed: &DueFeed, now: Timestamp) -> Fetched {
        self.fetch(feed, ACCEPT_PAGE, true, now).await
    }

    async fn fetch(&self, feed: &DueFeed, accept: &'static str, full: bool, now: Timestamp) -> Fetched {
        let begun = Instant::now();
        let mut fetched = Fetched::nothing(&feed.url);
        fetched.outcome = FetchOutcome::Failed(fail("timeout", None, self.too_slow(&feed.url)));
        let walk = self.walk(feed, accept, full, now, &mut fetched);
        if let Ok(outcome) = tokio::time::timeout(self.settings.timeout, walk).await {
            fetched.outcome = match outcome {
                Ok(outcome) => outcome,
                Err(failure) => FetchOutcome::Failed(failure),
            };
        }
        fetched.duration = begun.elapsed();
        fetched
    }

    fn too_slow(&self, url: &str) -> String {
        format!(
            "`{}` did not send the whole document within {} s; raise [poll].timeout if the feed is merely slow",
            shown(url),
            self.settings.timeout.as_secs_f32()
        )
    }

    /// Follows redirects to the answer.
    async fn walk(
        &self,
        feed: &DueFeed,
        accept: &'static str,
        full: bool,
        now: Timestamp,
        fetched: &mut Fetched,
    ) -> Result<FetchOutcome, PollFailure> {
        let allow_private = feed.spec.allow_private || self.settings.allow_private;
        let start = Url::parse(&feed.url).map_err(|error| {
            fail(
                "redirect",
                None,
                format!("`{}` is no address: {error}", shown(&feed.url)),
            )
        })?;
        // Login headers and unusual ports belong to the configured address, not to where a redirect once led.
        let own = Url::parse(&feed.spec.url).unwrap_or_else(|_| start.clone());
        let client = self.clients.client(feed.spec.proxy.as_deref(), allow_private)?;
        let mut url = start.clone();
        let mut seen = vec![start.clone()];
        let mut permanent = true;
        loop {
            guard::check_url(&url, own.port(), allow_private).map_err(|why| {
                fail(
                    "forbidden_address",
                    None,
                    format!("`{}` is not fetched: {why}", shown(url.as_str())),
                )
            })?;
            let request = client
                .get(url.clone())
                .headers(self.headers(feed, accept, full, same_site(&own, &url))?);
            let response = request.send().await.map_err(|error| failure_of(&error, &url))?;
            let status = response.status();
            fetched.status = Some(status.as_u16());
            url.as_str().clone_into(&mut fetched.url);
            let Some(target) = redirect_target(&response, &url)? else {
                return self.answer(response, &url, now, fetched).await;
            };
            if url.scheme() == "https" && target.scheme() == "http" {
                let message = format!(
                    "`{}` redirects from https to http, which is refused",
                    shown(url.as_str())
                );
                return Err(fail("redirect", Some(status), message));
            }
            if seen.contains(&target) || seen.len() > self.settings.redirects_max {
                let message = format!(
                    "`{}` redirects {}; look at it with a browser",
                    shown(start.as_str()),
                    if seen.contains(&target) {
                        "in a circle"
                    } else {
                        "too often"
                    }
                );
                return Err(fail("redirect", Some(status), message));
            }
            permanent = permanent && matches!(status.as_u16(), 301 | 308);
            if permanent {
                fetched.permanent_to = Some(target.as_str().to_owned());
            }
            seen.push(target.clone());
            url = target;
        }
    }

    /// Sends a form to a WebSub hub, by the way of the feed it is about. No redirect is followed.
    ///
    /// # Errors
    /// What the hub said, or why it was not asked.
    pub async fn post_form(&self, url: &str, feed: Option<&FeedSpec>, form: String) -> Result<(), PollFailure> {
        let parsed = Url::parse(url)
            .map_err(|error| fail("redirect", None, format!("`{}` is no address: {error}", shown(url))))?;
        let allow_private = self.settings.allow_private || feed.is_some_and(|feed| feed.allow_private);
        guard::check_url(&parsed, None, allow_private).map_err(|why| {
            let message = format!("`{}` is not asked: {why}", shown(url));
            fail("forbidden_address", None, message)
        })?;
        let client = self
            .clients
            .client(feed.and_then(|feed| feed.proxy.as_deref()), allow_private)?;
        let request = client
            .post(parsed.clone())
            .timeout(self.settings.timeout)
            .header(header::USER_AGENT, user_agent(&self.settings.contact))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.map_err(|error| failure_of(&error, &parsed))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let mut n_bytes = 0;
        let said = read_start(response, &mut n_bytes).await;
        let said: String = String::from_utf8_lossy(&said)
            .chars()
            .filter(|c| !c.is_control())
            .take(SAID_MAX_CHARS)
            .collect();
        Err(fail("http", Some(status), format!("the hub answered {status}: {said}")))
    }

    fn headers(
        &self,
        feed: &DueFeed,
        accept: &'static str,
        full: bool,
        own_site: bool,
    ) -> Result<HeaderMap, PollFailure> {
        let mut map = self.common.clone();
        map.insert(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(agent) = &feed.spec.user_agent {
            insert(&mut map, header::USER_AGENT, agent)?;
        }
        if !full {
            if !feed.validators.etag.is_empty() {
                insert(&mut map, header::IF_NONE_MATCH, &feed.validators.etag)?;
            }
            if !feed.validators.last_modified.is_empty() {
                insert(&mut map, header::IF_MODIFIED_SINCE, &feed.validators.last_modified)?;
            }
        }
        // A login is for the server it was given for, not for where that one redirects to.
        if own_site {
            for (name, value) in &feed.spec.headers {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    fail(
                        "http",
                        None,
                        format!("`{name}` is no header name; correct [[feed]].headers"),
                    )
                })?;
                insert(&mut map, name, value)?;
            }
        }
        Ok(map)
    }

    async fn answer(
        &self,
        response: Response,
        url: &Url,
        now: Timestamp,
        fetched: &mut Fetched,
    ) -> Result<FetchOutcome, PollFailure> {
        let status = response.status();
        let head = Head::of(&response, now);
        fetched.fresh_for = head.fresh_for;
        match status {
            StatusCode::NOT_MODIFIED => Ok(FetchOutcome::NotModified),
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                fetched.validators = head.validators;
                fetched.links = head.links;
                let wire = self.read(response, url, &mut fetched.n_bytes).await?;
                Ok(FetchOutcome::Body {
                    wire,
                    encoding: head.encoding,
                    content_type: head.content_type,
                })
            }
            _ => {
                fetched.retry_at = head.retry_at;
                let mut failure = refusal(status, url);
                if head.challenge {
                    failure.kind = "blocked";
                    failure.message = format!(
                        "`{}` is blocked: Cloudflare asks programs to solve a challenge",
                        shown(url.as_str())
                    );
                }
                let page = read_start(response, &mut fetched.n_bytes).await;
                Ok(FetchOutcome::Refused {
                    failure,
                    page,
                    encoding: head.encoding,
                })
            }
        }
    }

    async fn read(&self, mut response: Response, url: &Url, n_bytes: &mut u64) -> Result<Vec<u8>, PollFailure> {
        let too_large = || {
            let message = format!(
                "`{}` sends more than {} bytes (limit wire_max)",
                shown(url.as_str()),
                self.settings.wire_max
            );
            fail("too_large", Some(StatusCode::OK), message)
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > self.settings.wire_max {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(usize::try_from(announced.min(1 << 20)).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|error| failure_of(&error, url))? {
            *n_bytes += chunk.len() as u64;
            if body.len() as u64 + chunk.len() as u64 > self.settings.wire_max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The name we give ourselves.
fn user_agent(contact: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if contact.is_empty() {
        return format!("courant/{version}");
    }
    format!("courant/{version} (+{contact})")
}

fn insert(map: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), PollFailure> {
    // Validators go back byte for byte, so values are bytes here, not text.
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| fail("http", None, format!("the value of the header `{name}` cannot be sent")))?;
    map.insert(name, value);
    Ok(())
}

async fn read_start(mut response: Response, n_bytes: &mut u64) -> Vec<u8> {
    let mut page = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        *n_bytes += chunk.len() as u64;
        page.extend_from_slice(&chunk);
        if page.len() as u64 > ERROR_PAGE_MAX {
            break;
        }
    }
    page
}

#[cfg(test)]
mod tests;
