//! The mails to whoever runs this: a summary once a week, a notice when something broke.

use serde::Serialize;

use super::templates::{RenderError, Templates, harmless};
use crate::language::{Languages, Phrases};
use crate::model::Rendered;

/// The values of a mail to the operator. What feeds and servers said is in `feeds` and `patch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorMail {
    /// The language.
    pub w: Phrases,
    /// Heading, and the subject.
    pub heading: String,
    /// What broke, a sentence each; empty in a summary of a good week.
    pub alerts: Vec<String>,
    /// Label and value.
    pub rows: Vec<(String, String)>,
    /// Feeds that want a look: key, state, reason.
    pub feeds: Vec<(String, String, String)>,
    /// Editions that were late or missed, a line each.
    pub editions: Vec<String>,
    /// A proposed change of the configuration; several lines, may be empty.
    pub patch: String,
    /// Who runs this.
    pub contact: String,
}

/// Renders a mail to the operator.
///
/// # Errors
/// When a template of the operator's fails.
pub fn render_operator(templates: &Templates, mail: &OperatorMail) -> Result<Rendered, RenderError> {
    let mut clean = mail.clone();
    for (key, state, reason) in &mut clean.feeds {
        for text in [key, state, reason] {
            *text = harmless(text);
        }
    }
    clean.patch = mail.patch.lines().map(plain_line).collect::<Vec<_>>().join("\n");
    templates.render("operator", &clean)
}

/// A line without control characters, its indentation kept.
fn plain_line(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).collect()
}

/// A mail with the worst values there can be.
pub(super) fn sample(worst: &str) -> OperatorMail {
    OperatorMail {
        w: Languages::builtin().of("en").service().clone(),
        heading: worst.to_owned(),
        alerts: vec![worst.to_owned()],
        rows: vec![(worst.to_owned(), worst.to_owned())],
        feeds: vec![(worst.to_owned(), worst.to_owned(), worst.to_owned())],
        editions: vec![worst.to_owned()],
        patch: worst.to_owned(),
        contact: worst.to_owned(),
    }
}
