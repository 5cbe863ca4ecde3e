//! The template engine: embedded templates, an operator's own in their place, and the rules both are held to.
//!
//! A mail kind is a folder with `subject.txt.j2`, `body.txt.j2` and `body.html.j2`. What comes from outside reaches a
//! template as a value only, never as source; HTML templates escape by their name; an unknown variable is an error,
//! not an empty string; fuel ends a template that loops. Every kind is rendered with hostile sample data when templates
//! are loaded, so a template that would break a mail is refused before it can.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{check, place};
use crate::model::Rendered;

/// Instructions a rendering may take; the largest digest takes under a tenth of it.
const FUEL: u64 = 5_000_000;
/// Longest subject, in characters; mail programs show fewer.
const SUBJECT_MAX: usize = 200;

/// Name and source of each built-in template. `layout.html.j2` is the frame all HTML bodies extend.
const BUILTIN: &[(&str, &str)] = &[
    ("layout.html.j2", include_str!("../templates/layout.html.j2")),
    (
        "digest/subject.txt.j2",
        include_str!("../templates/digest/subject.txt.j2"),
    ),
    ("digest/body.txt.j2", include_str!("../templates/digest/body.txt.j2")),
    ("digest/body.html.j2", include_str!("../templates/digest/body.html.j2")),
    ("service.html.j2", include_str!("../templates/service.html.j2")),
    (
        "confirm/subject.txt.j2",
        include_str!("../templates/confirm/subject.txt.j2"),
    ),
    ("confirm/body.txt.j2", include_str!("../templates/confirm/body.txt.j2")),
    (
        "confirm/body.html.j2",
        include_str!("../templates/confirm/body.html.j2"),
    ),
    (
        "welcome/subject.txt.j2",
        include_str!("../templates/welcome/subject.txt.j2"),
    ),
    ("welcome/body.txt.j2", include_str!("../templates/welcome/body.txt.j2")),
    (
        "welcome/body.html.j2",
        include_str!("../templates/welcome/body.html.j2"),
    ),
    (
        "goodbye/subject.txt.j2",
        include_str!("../templates/goodbye/subject.txt.j2"),
    ),
    ("goodbye/body.txt.j2", include_str!("../templates/goodbye/body.txt.j2")),
    (
        "goodbye/body.html.j2",
        include_str!("../templates/goodbye/body.html.j2"),
    ),
    (
        "reply/subject.txt.j2",
        include_str!("../templates/reply/subject.txt.j2"),
    ),
    ("reply/body.txt.j2", include_str!("../templates/reply/body.txt.j2")),
    ("reply/body.html.j2", include_str!("../templates/reply/body.html.j2")),
    (
        "operator/subject.txt.j2",
        include_str!("../templates/operator/subject.txt.j2"),
    ),
    (
        "operator/body.txt.j2",
        include_str!("../templates/operator/body.txt.j2"),
    ),
    (
        "operator/body.html.j2",
        include_str!("../templates/operator/body.html.j2"),
    ),
];

/// Why a template cannot be used, or a mail cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file replaces nothing.
    #[error("template `{0}` is none of the built-in ones ({known}); remove or rename it", known = names())]
    Unknown(String),
    /// It could not be read.
    #[error("Unable to read the template `{name}`: {error}")]
    Unreadable {
        /// Path.
        name: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It does not compile, or does not render.
    #[error("template `{name}`, line {line}: {message}")]
    Bad {
        /// Name of the template the error is in.
        name: String,
        /// Line, 0 when unknown.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It renders, and what comes out may not be mailed.
    #[error("template `{name}`: {problem}")]
    Forbidden {
        /// Name of the template.
        name: String,
        /// What is wrong with its output, and what would be right.
        problem: String,
    },
}

impl From<minijinja::Error> for RenderError {
    fn from(error: minijinja::Error) -> Self {
        let message = error
            .detail()
            .map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
        Self::Bad {
            name: error.name().unwrap_or("?").to_owned(),
            line: error.line().unwrap_or(0),
            message,
        }
    }
}

fn names() -> String {
    BUILTIN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The compiled templates.
pub struct Templates {
    env: Environment<'static>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}

/// The engine as every template of ours meets it.
pub(super) fn environment() -> Result<Environment<'static>, RenderError> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let whole_lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(whole_lines?);
    env.set_fuel(Some(FUEL));
    env.set_auto_escape_callback(|name| match name.trim_end_matches(".j2").rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    Ok(env)
}

impl Templates {
    /// The built-in templates.
    ///
    /// # Panics
    /// Never with templates that a test has rendered.
    #[must_use]
    pub fn builtin() -> Self {
        Self::with(&BTreeMap::new()).expect("a test renders every built-in template")
    }

    /// The built-in templates with some replaced: name as in the folder (`digest/body.html.j2`) and source.
    ///
    /// # Errors
    /// A name that replaces nothing, a template that does not compile, or one whose output with hostile sample data
    /// may not be mailed.
    pub fn with(replacements: &BTreeMap<String, String>) -> Result<Self, RenderError> {
        if let Some(unknown) = replacements
            .keys()
            .find(|name| BUILTIN.iter().all(|(known, _)| known != name))
        {
            return Err(RenderError::Unknown(unknown.clone()));
        }
        let mut env = environment()?;
        for (name, source) in BUILTIN {
            let source = replacements
                .get(*name)
                .map_or_else(|| (*source).to_owned(), Clone::clone);
            env.add_template_owned(*name, source)?;
        }
        env.add_filter("wrap", |text: String, first: String, rest: String| {
            super::text::wrap(&text, &first, &rest)
        });
        let templates = Self { env };
        check::all(&templates)?;
        Ok(templates)
    }

    /// Renders a mail kind (`digest`, `confirm`) with its values.
    ///
    /// # Errors
    /// When a template names a value that is not there, or runs out of fuel.
    pub fn render<T: Serialize>(&self, kind: &str, values: &T) -> Result<Rendered, RenderError> {
        let one = |part: &str| -> Result<String, RenderError> {
            Ok(self
                .env
                .get_template(&format!("{kind}/{part}.j2"))?
                .render(Serde(values))?)
        };
        let subject = one("subject.txt")?;
        let subject: String = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rendered {
            subject: subject.chars().take(SUBJECT_MAX).collect(),
            text: tidy(&one("body.txt")?),
            html: tidy(&one("body.html")?),
        })
    }
}

impl Templates {
    /// Renders an operator's own subject, which is a template of one line.
    ///
    /// # Errors
    /// When it does not compile or names a value that is not there.
    pub fn render_line<T: Serialize>(&self, source: &str, values: &T) -> Result<String, RenderError> {
        let line = self.env.render_named_str("digest.subject", source, Serde(values))?;
        Ok(line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Escapes for element content and quoted attributes. The engine's own escaping also turns each slash of a link into
/// six characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Ends lines without trailing blanks and leaves no more than one empty line between two.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut n_empty = 0;
    for line in text.lines().map(str::trim_end) {
        n_empty = if line.is_empty() { n_empty + 1 } else { 0 };
        if n_empty <= 1 && !(out.is_empty() && line.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// Breaks up what could be taken for a personal place, and drops control and bidi characters, in text from outside.
#[must_use]
pub fn harmless(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(
            |c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'),
        )
        .collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if place::ALL.iter().any(|place| clean.contains(place)) {
        clean.replace("@@", "@ @")
    } else {
        clean
    }
}
