//! An edition and an audience's layout turned into the values its templates show, and the mail made of them.
//!
//! Both parts of the mail come from the one page of `frame`; templates only place what is decided here. Everything that
//! came from a feed passes through `harmless`.

mod frame;
mod section;

use super::templates::{RenderError, Templates};
use super::text::quoted_printable_len;
use crate::config::{Config, DigestSettings};
use crate::language::Language;
use crate::model::{Choices, Edition, EditionId, Layout, Length, Rendered};
use crate::time::Zone;
use frame::Builder;

/// HTML parts larger than this also carry the way out at the top, above any mail program's cut.
const LEAVE_ON_TOP_BYTES: usize = 80 * 1024;

/// What rendering needs beside the edition and the layout.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderSettings {
    /// The zone all times are shown in: the reader's, else the digest's.
    pub zone: Zone,
    /// Language of fixed strings.
    pub language: Language,
    /// Whether there is a web door; without it the way out and the choices are `mailto:` links.
    pub web: bool,
    /// The page of past editions, where there is one that mails may name.
    pub archive: Option<String>,
    /// The page of this very edition; none for one that is not recorded or that mails may not name.
    pub edition: Option<String>,
    /// The address people write to.
    pub list_address: String,
    /// Who runs this, with a postal or contact line.
    pub contact: String,
    /// The operator's own subject template; `None` takes the built-in one.
    pub subject: Option<String>,
    /// One line a story.
    pub compact: bool,
}

impl RenderSettings {
    /// The settings for an audience: what its readers chose, else the digest's own.
    #[must_use]
    pub fn of(config: &Config, digest: &DigestSettings, choices: &Choices) -> Self {
        let zone = choices.zone.as_deref().and_then(|zone| zone.parse().ok());
        Self {
            zone: zone.unwrap_or(digest.zone),
            language: config
                .mail
                .languages
                .of(choices.language.as_ref().unwrap_or(&digest.language)),
            web: config.mailed_url().is_some(),
            archive: archive_page(config, digest),
            edition: None,
            list_address: config.mail.list_address.clone(),
            contact: config.mail.contact.clone(),
            subject: digest.subject.clone(),
            compact: choices.length == Length::Short,
        }
    }
}

/// The page of an edition: only of a digest that anybody may read, and only where mails may name our pages.
#[must_use]
pub fn edition_page(config: &Config, digest: &DigestSettings, id: EditionId) -> Option<String> {
    let url = config.mailed_url().filter(|_| digest.open)?;
    Some(format!("{url}/edition/{id}"))
}

/// The page of a digest's past editions: only of one that anybody may read, and only where mails may name our pages.
#[must_use]
pub fn archive_page(config: &Config, digest: &DigestSettings) -> Option<String> {
    let url = config.mailed_url().filter(|_| digest.open)?;
    Some(format!("{url}/archive/{}", digest.key))
}

/// Renders one audience's mail of an edition; personal places stay open.
///
/// # Errors
/// When an operator's template names what does not exist.
pub fn render_digest(
    templates: &Templates,
    edition: &Edition,
    layout: &Layout,
    settings: &RenderSettings,
) -> Result<Rendered, RenderError> {
    let mut page = Builder::new(edition, layout, settings).page();
    if let Some(own) = &settings.subject {
        page.subject = templates.render_line(own, &page)?;
    }
    let mail = templates.render("digest", &page)?;
    if quoted_printable_len(&mail.html) <= LEAVE_ON_TOP_BYTES {
        return Ok(mail);
    }
    page.leave_on_top = true;
    templates.render("digest", &page)
}
