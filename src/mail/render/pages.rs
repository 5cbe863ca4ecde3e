//! The web pages, rendered by the same engine as the mails and escaped the same way. They work without scripts.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::templates::{RenderError, environment};

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("../templates/pages/style.css");

const PAGES: [(&str, &str); 8] = [
    ("pages/frame.html.j2", include_str!("../templates/pages/frame.html.j2")),
    (
        "pages/subscribe.html.j2",
        include_str!("../templates/pages/subscribe.html.j2"),
    ),
    (
        "pages/notice.html.j2",
        include_str!("../templates/pages/notice.html.j2"),
    ),
    ("pages/ask.html.j2", include_str!("../templates/pages/ask.html.j2")),
    (
        "pages/settings.html.j2",
        include_str!("../templates/pages/settings.html.j2"),
    ),
    ("pages/lost.html.j2", include_str!("../templates/pages/lost.html.j2")),
    (
        "pages/archive.html.j2",
        include_str!("../templates/pages/archive.html.j2"),
    ),
    (
        "pages/edition.html.j2",
        include_str!("../templates/pages/edition.html.j2"),
    ),
];

/// The compiled pages.
pub struct Pages {
    env: Environment<'static>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl Pages {
    /// Compiles the built-in pages.
    ///
    /// # Errors
    /// When one does not compile, which a test excludes.
    pub fn new() -> Result<Self, RenderError> {
        let mut env = environment()?;
        for (name, source) in PAGES {
            env.add_template(name, source)?;
        }
        Ok(Self { env })
    }

    /// Renders a page (`settings`) with its values.
    ///
    /// # Errors
    /// When the page names a value that is not there.
    pub fn render<T: Serialize>(&self, page: &str, values: &T) -> Result<String, RenderError> {
        Ok(self
            .env
            .get_template(&format!("pages/{page}.html.j2"))?
            .render(Serde(values))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let pages = Pages::new().unwrap();
        let site =
            serde_json::json!({"name": "<b>N", "contact": "C", "subscribe_address": "news+subscribe@example.org"});
        let values = serde_json::json!({
            "site": site, "heading": "<script>alert(1)</script>", "paragraphs": ["{{ 7 * 7 }}"], "links": [],
            "w": {"code": "en", "footer": "F"},
        });
        let page = pages.render("notice", &values).unwrap();
        assert!(
            !page.contains("<script>") && page.contains("{{ 7 * 7 }}") && !page.contains("<b>N"),
            "{page}"
        );
    }
}
