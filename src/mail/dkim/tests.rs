use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

use super::*;
use crate::config::Secret;
use crate::mail::message::{ListHeaders, MessageSpec, build};
use crate::model::{DeliveryKind, Rendered};
use crate::time::Timestamp;

const RSA: &str = include_str!("keys/rsa-pkcs8.pem");
const RSA_OLD_FORM: &str = include_str!("keys/rsa-pkcs1.pem");
const RSA_SHORT: &str = include_str!("keys/rsa-short.pem");
const ED25519: &str = include_str!("keys/ed25519.pem");
const DOMAIN: &str = "news.example.org";

fn settings(pems: &[(&str, &str)]) -> DkimSettings {
    DkimSettings {
        domain: DOMAIN.into(),
        keys: pems
            .iter()
            .map(|(selector, pem)| DkimKey {
                selector: (*selector).into(),
                pem: Secret::new((*pem).into()),
            })
            .collect(),
    }
}

fn message(html: &str) -> Vec<u8> {
    let spec = MessageSpec {
        kind: DeliveryKind::Digest,
        from_name: "Überblick".into(),
        from: format!("daily@{DOMAIN}"),
        to: "anna@example.com".into(),
        reply_to: Some(format!("news@{DOMAIN}")),
        message_id: format!("d.20260302.7.ff@{DOMAIN}"),
        date: Timestamp::from_unix(1_772_434_800),
        in_reply_to: None,
        references: Vec::new(),
        list: Some(ListHeaders {
            name: "Daily".into(),
            id: format!("daily.{DOMAIN}"),
            unsubscribe_url: Some(format!("https://{DOMAIN}/leave/{}", "a".repeat(300))),
            unsubscribe_mail: Some(format!("news+leave-x@{DOMAIN}?subject=unsubscribe")),
            ..ListHeaders::default()
        }),
        feedback_id: None,
        language: "en".into(),
    };
    let rendered = Rendered {
        subject: "Größe zählt, and so do long subjects that are folded over several lines of a header 🚀".into(),
        text: "hello\n.dot\n\n\n".into(),
        html: html.into(),
    };
    build(&spec, &rendered).unwrap()
}

/// The DNS records of our test keys.
struct Dns(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Dns {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

fn dns() -> Dns {
    let record = |text: &str| Txt::DomainKey(Arc::new(DomainKey::parse(text.trim().as_bytes()).unwrap()));
    let names = [
        ("r._domainkey", include_str!("keys/rsa.dns")),
        ("e._domainkey", include_str!("keys/ed25519.dns")),
    ];
    Dns(names
        .iter()
        .map(|(name, text)| (format!("{name}.{DOMAIN}.").into_boxed_str(), record(text)))
        .collect())
}

async fn verdicts(message: &[u8]) -> Vec<DkimResult> {
    let parsed = AuthenticatedMessage::parse(message).unwrap();
    let dns = dns();
    let resolver = MessageAuthenticator::new_cloudflare().unwrap();
    let found = resolver
        .verify_dkim(Parameters::new(&parsed).with_txt_cache(&dns))
        .await;
    found.iter().map(|one| one.result().clone()).collect()
}

#[tokio::test]
async fn both_signatures_pass() {
    let signer = Signer::new(&settings(&[("r", RSA), ("e", ED25519)])).unwrap();
    for html in ["", "<p>hällo", &"<b>long</b> ".repeat(5000)] {
        let signed = signer.sign(&message(html)).unwrap();
        assert_eq!(verdicts(&signed).await, [DkimResult::Pass, DkimResult::Pass]);
        let text = String::from_utf8(signed).unwrap();
        assert!(text.lines().all(|line| line.len() <= 998));
        let header: String = text
            .split("bh=")
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        for name in HEADERS {
            let named = header.split([':', '=', ';']).filter(|word| *word == name).count();
            assert!(
                named == 2 || matches!(name, "Cc" | "In-Reply-To"),
                "{name} is named {named} times in {header}"
            );
        }
    }
}

#[tokio::test]
async fn both_forms_of_an_rsa_key_are_read() {
    let signer = Signer::new(&settings(&[("r", RSA_OLD_FORM)])).unwrap();
    let signed = signer.sign(&message("<p>")).unwrap();
    assert_eq!(verdicts(&signed).await, [DkimResult::Pass]);
}

#[tokio::test]
async fn what_is_changed_or_added_on_the_way_breaks_them() {
    let signer = Signer::new(&settings(&[("r", RSA), ("e", ED25519)])).unwrap();
    let signed = String::from_utf8(signer.sign(&message("<p>hello")).unwrap()).unwrap();
    let changes = [
        signed.replacen("/leave/aaa", "/leave/aab", 1),
        signed.replacen("=One-Click", "=Two-Click", 1),
        signed.replacen("\r\nSubject:", "\r\nSubject: another\r\nSubject:", 1),
        signed.replacen("\r\nFrom:", "\r\nFrom: x@evil.example\r\nFrom:", 1),
        signed.replacen(
            "\r\nList-Id:",
            "\r\nList-Unsubscribe: <https://evil.example/>\r\nList-Id:",
            1,
        ),
        signed.replacen("\r\nDate:", "\r\nCc: more@example.net\r\nDate:", 1),
        signed.replacen("multipart/alternative", "multipart/mixed", 1),
        signed.replacen("<p>hello", "<p>hallo", 1),
    ];
    for changed in changes {
        assert_ne!(changed, signed);
        let found = verdicts(changed.as_bytes()).await;
        assert!(found.iter().all(|verdict| *verdict != DkimResult::Pass), "{found:?}");
    }
}

#[test]
fn unfit_keys_are_refused_by_name() {
    for (pem, word) in [(RSA_SHORT, "DKIM key `r`"), ("nothing", "PEM"), ("", "PEM")] {
        let Err(error) = Signer::new(&settings(&[("r", pem)])) else {
            panic!("{pem:?} was taken");
        };
        assert!(error.contains(word), "{error}");
    }
}
