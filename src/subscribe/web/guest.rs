//! Who asks for a page, as far as the answer needs it: from which network, and in which language it is to speak.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use super::Door;
use super::client::Network;
use super::connection::Peer;
use super::member::Member;
use crate::config::{Config, DigestSettings};
use crate::language::Language;
use crate::mail::personal::detail;

/// A request's origin and its language.
pub struct Guest {
    /// What all pages share.
    pub door: Door,
    /// Whose limits it counts for.
    pub network: Network,
    /// What its pages are written in: as its browser asks, else as the first digest.
    pub language: Language,
    /// What its browser asks for, where we have it.
    pub accepted: Option<Language>,
}

impl FromRequestParts<Door> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Infallible> {
        let config = door.ctx.config();
        let proxies = config.web.as_ref().map_or(&[][..], |web| &web.trusted_proxies);
        let nowhere = Peer(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or(nowhere);
        let accepted = accepted(&config, &parts.headers);
        let default = config.digests.first().map_or("", |digest| digest.language.as_str());
        Ok(Self {
            door: door.clone(),
            network: Network::of(peer.0, &parts.headers, proxies),
            language: accepted.clone().unwrap_or_else(|| config.mail.languages.of(default)),
            accepted,
        })
    }
}

fn accepted(config: &Config, headers: &HeaderMap) -> Option<Language> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    config.mail.languages.accepted(header).cloned()
}

/// What the frame of every page shows.
#[derive(Serialize)]
struct Site {
    name: String,
    contact: String,
    subscribe_address: String,
}

/// A way on from a page.
#[derive(Serialize)]
pub struct Link {
    href: String,
    text: String,
}

impl Guest {
    /// A string of the pages in the guest's language.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.page().say(key, values)
    }

    /// A link with a string of the pages for its text.
    pub fn link(&self, href: impl Into<String>, key: &str) -> Link {
        Link {
            href: href.into(),
            text: self.say(key, &[]),
        }
    }

    /// The guest turned out to be a reader: who chose a language is answered in it.
    pub fn reads(self, member: &Member) -> Self {
        let config = self.door.ctx.config();
        let languages = &config.mail.languages;
        let chosen = member.choices.language.as_deref().and_then(|code| languages.find(code));
        let language = chosen
            .or(self.accepted.as_ref())
            .cloned()
            .unwrap_or_else(|| languages.of(&member.language));
        Self { language, ..self }
    }

    /// A page about a digest is in its language, unless the browser asks for another.
    pub fn looks_at(self, digest: &DigestSettings) -> Self {
        let config = self.door.ctx.config();
        let language = match &self.accepted {
            Some(accepted) => accepted.clone(),
            None => config.mail.languages.of(&digest.language),
        };
        Self { language, ..self }
    }

    /// A page with its values; every page has the words of its language and what the frame shows besides.
    pub fn page(&self, status: StatusCode, name: &str, mut values: serde_json::Value) -> Response {
        let config = self.door.ctx.config();
        let site = Site {
            name: config.mail.from_name.clone(),
            contact: config.mail.contact.clone(),
            subscribe_address: detail(&config.mail.list_address, "subscribe"),
        };
        if let Some(values) = values.as_object_mut() {
            values.insert("site".to_owned(), serde_json::json!(site));
            values.insert("w".to_owned(), serde_json::json!(self.language.page()));
        }
        match self.door.pages.render(name, &values) {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(page = name, %error, "A page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A page that says something: the keys of its heading and paragraphs.
    pub fn notice(&self, status: StatusCode, heading: &str, paragraphs: &[&str], links: &[Link]) -> Response {
        let paragraphs: Vec<String> = paragraphs.iter().map(|key| self.say(key, &[])).collect();
        self.told(status, heading, &paragraphs, links)
    }

    /// The same with paragraphs that were filled in.
    pub fn told(&self, status: StatusCode, heading: &str, paragraphs: &[String], links: &[Link]) -> Response {
        let values = serde_json::json!({"heading": self.say(heading, &[]), "paragraphs": paragraphs, "links": links});
        self.page(status, "notice", values)
    }

    /// A page with one button: the keys of its heading and of the button, and what it posts to.
    pub fn ask(&self, heading: &str, paragraph: &str, button: &str, action: &str, links: &[Link]) -> Response {
        let values = serde_json::json!({
            "heading": self.say(heading, &[]), "paragraphs": [paragraph], "button": self.say(button, &[]),
            "action": action, "links": links,
        });
        self.page(StatusCode::OK, "ask", values)
    }

    /// There is no such page.
    pub fn missing(&self) -> Response {
        self.notice(StatusCode::NOT_FOUND, "missing_heading", &["missing"], &[])
    }

    /// The one answer to any token that is not good: unknown, used or expired.
    pub fn bad_token(&self) -> Response {
        let now = self.door.ctx.now();
        let counted = {
            let mut tries = self.door.bad_tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tries.count(self.network, now)
        };
        if let Err(wait) = counted {
            return self.slow_down(wait);
        }
        let links = [
            self.link("/settings", "bad_link_settings"),
            self.link("/", "first_page"),
        ];
        self.notice(
            StatusCode::NOT_FOUND,
            "bad_link_heading",
            &["bad_link", "bad_link_else"],
            &links,
        )
    }

    /// Counts a request that may cause a mail; the answer when it is one too many.
    pub fn one_too_many(&self) -> Option<Response> {
        let counted = {
            let mut requests = self.door.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.count(self.network, self.door.ctx.now())
        };
        counted.err().map(|wait| self.slow_down(wait))
    }

    /// Try again later.
    pub fn slow_down(&self, wait: Duration) -> Response {
        let mut response = self.notice(StatusCode::TOO_MANY_REQUESTS, "slow_heading", &["slow"], &[]);
        if let Ok(value) = HeaderValue::try_from(wait.as_secs().max(1).to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }

    /// Something of ours does not work.
    pub fn failed(&self, error: &dyn std::fmt::Display) -> Response {
        tracing::error!(%error, "A request to the pages failed");
        self.notice(StatusCode::SERVICE_UNAVAILABLE, "failed_heading", &["failed"], &[])
    }
}
