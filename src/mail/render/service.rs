//! The mails that are no digest: the opt-in question, the welcome, the farewell, answers to commands.

use serde::Serialize;

use super::templates::{RenderError, Templates};
use crate::language::{Languages, Phrases};
use crate::model::Rendered;

/// A digest that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// `[[digest]].key`.
    pub key: String,
    /// Name.
    pub title: String,
    /// When it comes, in words.
    pub often: String,
    /// Address that subscribes.
    pub mail: String,
}

/// The values of a service mail. Everything comes from the configuration, the database or a closed set of words; what
/// the other side wrote is in `not_done` only, which an opt-in question never shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceMail {
    /// The language.
    pub w: Phrases,
    /// Heading of the mail.
    pub heading: String,
    /// The digest's name.
    pub title: String,
    /// What is asked or shown: `confirm`, `question`, `settings`, `changed`, `help`, `not_subscribed`, `export`.
    pub about: String,
    /// The page that does what is asked, if there is a web door.
    pub act_url: Option<String>,
    /// The address that does what is asked when this mail is answered.
    pub act_mail: String,
    /// What is asked for proof, in our own words.
    pub asked: String,
    /// Hours the question stands.
    pub hours: u64,
    /// When it comes, in words.
    pub often: String,
    /// When the first one comes, in words.
    pub first: String,
    /// What changed.
    pub done: Vec<String>,
    /// What was not understood.
    pub not_done: Vec<String>,
    /// What holds now: label and value.
    pub holds: Vec<(String, String)>,
    /// The digests there are.
    pub offers: Vec<Offer>,
    /// All data, as JSON, for an export.
    pub export: String,
    /// The page with past editions.
    pub archive_url: Option<String>,
    /// The page with the reader's choices.
    pub settings_url: Option<String>,
    /// The same for the reader's other digests: name and page.
    pub others: Vec<(String, String)>,
    /// The page that ends the subscription.
    pub leave_url: Option<String>,
    /// The address that ends the subscription.
    pub leave_mail: String,
    /// The address people write to.
    pub list_mail: String,
    /// Who runs this.
    pub contact: String,
}

/// Renders one of `confirm`, `welcome`, `goodbye`, `reply`.
///
/// # Errors
/// When a template of the operator's fails.
pub fn render_service(templates: &Templates, kind: &str, mail: &ServiceMail) -> Result<Rendered, RenderError> {
    templates.render(kind, mail)
}

/// A service mail with the worst values there can be.
pub(super) fn sample(about: &str, web: bool, worst: &str) -> ServiceMail {
    let url = web.then(|| "https://news.example.org/confirm/abc".to_owned());
    ServiceMail {
        w: Languages::builtin().of("en").service().clone(),
        heading: worst.to_owned(),
        title: worst.to_owned(),
        about: about.to_owned(),
        act_url: url.clone(),
        act_mail: "news+confirm-abc@example.org".to_owned(),
        asked: worst.to_owned(),
        hours: 72,
        often: worst.to_owned(),
        first: worst.to_owned(),
        done: vec![worst.to_owned()],
        not_done: vec![worst.to_owned()],
        holds: vec![(worst.to_owned(), worst.to_owned())],
        offers: vec![Offer {
            key: "daily".to_owned(),
            title: worst.to_owned(),
            often: worst.to_owned(),
            mail: "news+subscribe-daily@example.org".to_owned(),
        }],
        export: worst.to_owned(),
        archive_url: url.clone(),
        settings_url: url.clone(),
        others: url.iter().map(|url| (worst.to_owned(), url.clone())).collect(),
        leave_url: url,
        leave_mail: "news+leave-abc@example.org".to_owned(),
        list_mail: "news@example.org".to_owned(),
        contact: worst.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each mail in each language, with and without a web door.
    fn every_mail(mut check: impl FnMut(&str, &ServiceMail, &Rendered)) {
        let templates = Templates::builtin();
        for language in Languages::builtin().all() {
            for about in [
                "confirm",
                "welcome",
                "goodbye",
                "question",
                "settings",
                "help",
                "not_subscribed",
                "export",
            ] {
                let kind = match about {
                    "confirm" | "welcome" | "goodbye" => about,
                    _ => "reply",
                };
                for web in [true, false] {
                    let mut mail = sample(about, web, "value");
                    mail.w = language.service().clone();
                    let rendered = render_service(&templates, kind, &mail).unwrap();
                    check(&format!("{} {about}", language.code()), &mail, &rendered);
                }
            }
        }
    }

    #[test]
    fn every_mail_fills_every_place_in_every_language() {
        every_mail(|which, _, mail| {
            for part in [&mail.subject, &mail.text, &mail.html] {
                for place in ["title", "token", "often", "first", "hours", "mail"] {
                    assert!(!part.contains(&format!("{{{place}}}")), "{which}: {part}");
                }
            }
        });
    }

    #[test]
    fn an_address_to_write_to_is_a_link() {
        every_mail(|which, mail, rendered| {
            let link = format!("href=\"mailto:{0}\" style=\"color:#9b2c1f\">{0}</a>", mail.list_mail);
            let is_wanted = !which.ends_with("confirm") && !which.ends_with("welcome");
            assert_eq!(rendered.html.contains(&link), is_wanted, "{which}: {}", rendered.html);
            assert_eq!(rendered.html.matches("<strong></strong>").count(), 0, "{which}");
        });
    }

    #[test]
    fn what_is_named_is_in_bold() {
        every_mail(|which, _, rendered| {
            let names_its_digest = ["confirm", "welcome", "goodbye"]
                .iter()
                .any(|about| which.ends_with(about));
            let named = rendered.html.contains("<strong>value</strong>");
            assert_eq!(named, names_its_digest, "{which}: {}", rendered.html);
        });
        let mail = render_service(&Templates::builtin(), "reply", &sample("settings", true, "value")).unwrap();
        assert!(mail.html.contains("<strong>By mail</strong>"), "{}", mail.html);
    }
}
