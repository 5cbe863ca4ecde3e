//! What is personal in a digest: links that end or change the subscription, the address, the date of consent. Pure.
//!
//! An audience is rendered once with places (`render::place`); here each recipient's values go into them, escaped for
//! HTML in the HTML part.

use super::message::{ListHeaders, wire_address};
use super::render::place;
use crate::model::{Rendered, SubscriptionId};
use crate::token::{self, TokenKey};

/// Where people reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// `https://news.example.org`, without a slash at its end; `None` without a web door.
    pub public_url: Option<String>,
    /// `news@example.org`; its `+detail` forms carry commands and tokens.
    pub list_address: String,
}

/// One recipient's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// Page that ends the subscription.
    pub leave_url: Option<String>,
    /// `news+leave-TOKEN@example.org?subject=unsubscribe`
    pub leave_mail: String,
    /// Page with the reader's choices.
    pub settings_url: Option<String>,
    /// `news@example.org?subject=settings`
    pub settings_mail: String,
    /// Where an answer goes: `news+reply-TOKEN@example.org`.
    pub reply_mail: String,
    /// The recipient, as they wrote it.
    pub address: String,
    /// Local date of the confirmation; a dash when the operator added them.
    pub confirmed_on: String,
}

impl Personal {
    /// The values of one subscription.
    #[must_use]
    pub fn new(key: &TokenKey, doors: &Doors, id: SubscriptionId, address: &str, confirmed_on: Option<String>) -> Self {
        let leave = token::leave_token(key, id);
        let settings = token::settings_token(key, id);
        let page = |path: &str, token: &str| doors.public_url.as_ref().map(|url| format!("{url}/{path}/{token}"));
        Self {
            leave_url: page("leave", &leave),
            leave_mail: format!(
                "{}?subject=unsubscribe",
                detail(&doors.list_address, &format!("leave-{leave}"))
            ),
            settings_url: page("settings", &settings),
            settings_mail: format!("{}?subject=settings", doors.list_address),
            reply_mail: detail(&doors.list_address, &format!("reply-{}", token::reply_token(key, id))),
            address: address.to_owned(),
            confirmed_on: confirmed_on.unwrap_or_else(|| "–".to_owned()),
        }
    }

    /// Puts the values into one HTML page.
    #[must_use]
    pub fn fill_html(&self, html: &str) -> String {
        self.put(html, escape)
    }

    /// Puts the values into a rendered mail.
    #[must_use]
    pub fn fill(&self, rendered: &Rendered) -> Rendered {
        Rendered {
            subject: rendered.subject.clone(),
            text: self.put(&rendered.text, ToOwned::to_owned),
            html: self.put(&rendered.html, escape),
        }
    }

    /// The `List-*` headers of this recipient.
    #[must_use]
    pub fn list_headers(&self, doors: &Doors, digest: &str, title: &str, owner: Option<&str>) -> ListHeaders {
        let domain = doors.list_address.rsplit_once('@').map_or("localhost", |(_, d)| d);
        ListHeaders {
            name: title.to_owned(),
            id: format!("{digest}.{domain}"),
            unsubscribe_url: self.leave_url.clone(),
            unsubscribe_mail: Some(self.leave_mail.clone()),
            help: Some(detail(&doors.list_address, "help")),
            subscribe: Some(detail(&doors.list_address, &format!("subscribe-{digest}"))),
            owner: owner
                .and_then(wire_address)
                .or_else(|| Some(doors.list_address.clone())),
            archive_url: None,
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        let mailto = |address: &str| format!("mailto:{address}");
        match name {
            place::LEAVE_URL => Some(self.leave_url.clone().unwrap_or_else(|| mailto(&self.leave_mail))),
            place::LEAVE_MAILTO => Some(mailto(&self.leave_mail)),
            place::SETTINGS_URL => Some(self.settings_url.clone().unwrap_or_else(|| mailto(&self.settings_mail))),
            place::SETTINGS_MAILTO => Some(mailto(&self.settings_mail)),
            place::ADDRESS => Some(self.address.clone()),
            place::CONFIRMED_ON => Some(self.confirmed_on.clone()),
            _ => None,
        }
    }

    /// One pass from left to right: what a value brings along is never read as a place.
    fn put(&self, part: &str, escape: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(part.len() + 512);
        let mut rest = part;
        while let Some((before, after)) = rest.split_once("@@") {
            out.push_str(before);
            let found = after
                .split_once("@@")
                .and_then(|(name, after)| Some((self.value(&format!("@@{name}@@"))?, after)));
            if let Some((value, after)) = found {
                out.push_str(&escape(&value));
                rest = after;
            } else {
                out.push_str("@@");
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }
}

/// `news@example.org` with a detail: `news+help@example.org`.
#[must_use]
pub fn detail(address: &str, detail: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}+{detail}@{domain}"),
        None => address.to_owned(),
    }
}

pub(super) fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(web: bool) -> Doors {
        Doors {
            public_url: web.then(|| "https://news.example.org".to_owned()),
            list_address: "news@example.org".into(),
        }
    }

    fn personal(web: bool) -> Personal {
        let key = TokenKey::from_secret("a key");
        let confirmed = Some("2026-03-01".to_owned());
        Personal::new(
            &key,
            &doors(web),
            SubscriptionId::new(7),
            "o'neil&co@example.com",
            confirmed,
        )
    }

    #[track_caller]
    fn check(web: bool, text: &str, in_text: &str, in_html: &str) {
        let rendered = Rendered {
            subject: "s".into(),
            text: text.into(),
            html: text.into(),
        };
        let filled = personal(web).fill(&rendered);
        assert_eq!((filled.text.as_str(), filled.html.as_str()), (in_text, in_html));
    }

    #[test]
    fn values_go_where_their_places_are() {
        check(
            true,
            "to @@ADDRESS@@.",
            "to o'neil&co@example.com.",
            "to o&#39;neil&amp;co@example.com.",
        );
        check(
            true,
            "@@CONFIRMED_ON@@@@CONFIRMED_ON@@",
            "2026-03-012026-03-01",
            "2026-03-012026-03-01",
        );
        let mail = personal(false).leave_mail;
        check(
            false,
            "@@LEAVE_URL@@",
            &format!("mailto:{mail}"),
            &format!("mailto:{mail}"),
        );
        let url = personal(true).leave_url.unwrap();
        assert!(url.starts_with("https://news.example.org/leave/"), "{url}");
        check(true, "<@@LEAVE_URL@@>", &format!("<{url}>"), &format!("<{url}>"));
    }

    #[test]
    fn what_is_no_place_stays() {
        for text in [
            "",
            "a@@b",
            "@@",
            "@@@@",
            "@@NOTHING@@",
            "@@ADDRESS",
            "mail me @@home@@ or ü@@",
        ] {
            check(true, text, text, text);
        }
        check(true, "x@@y @@CONFIRMED_ON@@", "x@@y 2026-03-01", "x@@y 2026-03-01");
    }

    #[test]
    fn every_place_has_a_value() {
        for name in place::ALL {
            assert!(personal(true).value(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_list_names_its_doors() {
        let list = personal(true).list_headers(&doors(true), "daily", "Daily business", None);
        assert_eq!(list.id, "daily.example.org");
        assert_eq!(list.help.as_deref(), Some("news+help@example.org"));
        assert_eq!(list.subscribe.as_deref(), Some("news+subscribe-daily@example.org"));
        assert_eq!(list.owner.as_deref(), Some("news@example.org"));
    }
}
