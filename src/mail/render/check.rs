//! What a template's output is held to before any mail is made of it.

use serde::Serialize;

use super::digest::{RenderSettings, render_digest};
use super::operator::{self, render_operator};
use super::place;
use super::service::sample as sample_service;
use super::templates::{RenderError, Templates};
use crate::language::Languages;
use crate::model::{
    Block, Coverage, Edition, EditionStory, EntryId, Headline, Layout, Rendered, Section, SectionKind, Slot, StoryId,
    StoryView,
};
use crate::time::{Timestamp, Zone};

/// What a headline may contain at worst.
const HOSTILE: &str = "{{ 7*7 }}<script>alert(1)</script>\"'><img src=x onerror=y> \u{202e}@@LEAVE_URL@@ a\r\nBcc: b";
/// No mail loads, runs or submits anything.
const FORBIDDEN: [&str; 9] = [
    "<script", "<form", "<iframe", "<img", "<link", "<object", " src=", "url(", "@import",
];

/// Renders every mail kind with hostile sample data.
///
/// # Errors
/// The first template that fails, or whose output may not be mailed.
pub(super) fn all(templates: &Templates) -> Result<(), RenderError> {
    let (edition, layout) = sample();
    for web in [true, false] {
        let settings = RenderSettings {
            zone: Zone::UTC,
            language: Languages::builtin().of("en"),
            web,
            archive: web.then(|| "https://news.example.org/archive/daily".to_owned()),
            edition: web.then(|| "https://news.example.org/edition/1".to_owned()),
            list_address: "news@example.org".to_owned(),
            contact: "Example, Street 1".to_owned(),
            subject: None,
            compact: false,
        };
        let mail = render_digest(templates, &edition, &layout, &settings)?;
        output("digest", &mail)?;
        let leave = if web { place::LEAVE_URL } else { place::LEAVE_MAILTO };
        for (part, text) in [("body.txt.j2", &mail.text), ("body.html.j2", &mail.html)] {
            if !text.contains(leave) {
                return Err(forbidden(
                    "digest",
                    part,
                    "there is no way out; keep `{{ leave }}` in the footer",
                ));
            }
        }
    }
    output("operator", &render_operator(templates, &operator::sample(HOSTILE))?)?;
    for web in [true, false] {
        for about in ["question", "settings", "changed", "help", "not_subscribed", "export"] {
            kind(templates, "reply", &sample_service(about, web, HOSTILE))?;
        }
        for name in ["confirm", "welcome", "goodbye"] {
            kind(templates, name, &sample_service(name, web, HOSTILE))?;
        }
    }
    Ok(())
}

/// Renders one service mail with the values given and holds its output to the rules.
///
/// # Errors
/// When it does not render, or loads, runs or submits anything.
pub(super) fn kind<T: Serialize>(templates: &Templates, kind: &str, values: &T) -> Result<(), RenderError> {
    output(kind, &templates.render(kind, values)?)
}

fn output(kind: &str, mail: &Rendered) -> Result<(), RenderError> {
    let html = markup(&mail.html);
    if let Some(found) = FORBIDDEN.iter().find(|word| html.contains(**word)) {
        let problem = format!("its output contains `{found}`; a mail loads, runs and submits nothing");
        return Err(forbidden(kind, "body.html.j2", &problem));
    }
    if mail.subject.is_empty() {
        return Err(forbidden(kind, "subject.txt.j2", "the subject is empty"));
    }
    if mail.text.trim().is_empty() || mail.html.trim().is_empty() {
        return Err(forbidden(kind, "body.txt.j2", "a part of the mail is empty"));
    }
    Ok(())
}

/// What stands inside tags and style sheets, lower case: text between them may say anything.
fn markup(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut out = String::new();
    let (mut inside, mut style) = (false, false);
    for piece in lower.split_inclusive(['<', '>']) {
        if inside {
            style = piece.starts_with("style>");
            out.push_str(if piece.starts_with('/') { "" } else { "<" });
            out.push_str(piece);
        } else if style {
            out.push_str(piece);
        }
        inside = piece.ends_with('<');
    }
    out
}

fn forbidden(kind: &str, part: &str, problem: &str) -> RenderError {
    RenderError::Forbidden {
        name: format!("{kind}/{part}"),
        problem: problem.to_owned(),
    }
}

fn sample() -> (Edition, Layout) {
    let at = Timestamp::from_unix(1_772_000_000);
    let head = |id: i64| Headline {
        entry: EntryId::new(id),
        title: HOSTILE.to_owned(),
        url: format!("https://example.org/{id}?a=1&b=\u{e9}"),
        source: HOSTILE.to_owned(),
        owner: HOSTILE.to_owned(),
        at,
        extract: HOSTILE.to_owned(),
        language: "ar".to_owned(),
        marks: vec![crate::model::Mark::Opinion],
        also: vec![HOSTILE.to_owned()],
    };
    let story = EditionStory {
        story: StoryView {
            id: StoryId::new(1),
            lead: head(1),
            related: vec![head(2)],
            n_articles: 5,
            n_outlets: 3,
            n_independent: 2,
            first_at: at,
            last_at: at,
            first_by: None,
            companies: Vec::new(),
            themes: Vec::new(),
            score: 1.0,
            parts: Vec::new(),
        },
        entries: vec![(EntryId::new(1), at)],
        near: Vec::new(),
    };
    let slot = Slot {
        digest: "sample".to_owned(),
        schedule: String::new(),
        key: "2026-02-25T07:00[UTC]".to_owned(),
        due_at: at,
    };
    let edition = Edition {
        version: 1,
        digest: "sample".to_owned(),
        title: HOSTILE.to_owned(),
        slot,
        zone: "UTC".to_owned(),
        window_from: at,
        window_to: at,
        stories: vec![story],
        volumes: Vec::new(),
        coverage: Coverage {
            n_feeds: 3,
            n_articles: 5,
            unreadable: vec![(HOSTILE.to_owned(), at, HOSTILE.to_owned())],
        },
    };
    let itself = crate::model::CrossRef {
        story: StoryId::new(1),
        number: 1,
    };
    let block = Block {
        story: StoryId::new(1),
        number: 1,
        lead: EntryId::new(1),
        related: vec![EntryId::new(2)],
        n_more: 3,
        extract: true,
        n_new: 1,
        why: HOSTILE.to_owned(),
        fit: 0.0,
        near: vec![itself.clone()],
    };
    let section = |kind| Section {
        kind,
        slug: "sample".to_owned(),
        title: HOSTILE.to_owned(),
        blocks: vec![block.clone()],
        refs: vec![itself.clone()],
    };
    let kinds = [
        SectionKind::Top,
        SectionKind::Company,
        SectionKind::Theme,
        SectionKind::Updates,
        SectionKind::AlsoNoted,
    ];
    let layout = Layout {
        sections: kinds.into_iter().map(section).collect(),
        quiet: vec![HOSTILE.to_owned()],
        n_dropped: 2,
        since: at,
    };
    (edition, layout)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mail::render::text::{COLUMNS, columns};

    fn sample_mail(language: &str) -> Rendered {
        let (edition, layout) = sample();
        let settings = RenderSettings {
            zone: "Europe/Berlin".parse().unwrap(),
            language: Languages::builtin().of(language),
            web: true,
            archive: None,
            edition: None,
            list_address: "news@example.org".to_owned(),
            contact: "Example, Street 1".to_owned(),
            subject: None,
            compact: false,
        };
        render_digest(&Templates::builtin(), &edition, &layout, &settings).unwrap()
    }

    #[track_caller]
    fn refused(name: &str, source: &str, expected: &str) {
        let replaced = BTreeMap::from([(name.to_owned(), source.to_owned())]);
        let message = Templates::with(&replaced).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn every_language_has_every_string_and_renders() {
        for language in Languages::builtin().codes() {
            let mail = sample_mail(language);
            assert!(mail.html.contains(&format!("lang=\"{language}\"")), "{language}");
        }
    }

    #[test]
    fn hostile_headlines_stay_text() {
        let mail = sample_mail("en");
        assert!(
            !mail.html.contains("<script") && !mail.html.contains("<img"),
            "{}",
            mail.html
        );
        assert!(mail.text.contains("{{ 7*7 }}"));
        assert_eq!(mail.subject.lines().count(), 1);
        assert_eq!(mail.html.matches(place::LEAVE_URL).count(), 1, "only ours");
        assert!(
            mail.text
                .lines()
                .all(|line| columns(line) <= COLUMNS || line.contains("://")),
            "{}",
            mail.text
        );
    }

    #[test]
    fn refuses_templates_that_would_break_a_mail() {
        refused("digest/body.htm.j2", "", "none of the built-in ones");
        refused("digest/body.html.j2", "{{ nope }}", "undefined");
        refused("digest/body.html.j2", "{% for", "line 1");
        refused(
            "digest/body.html.j2",
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
            "fuel",
        );
        refused(
            "digest/body.html.j2",
            "<img src=\"https://example.org/a.png\">{{ leave }}",
            "loads",
        );
        refused(
            "digest/body.html.j2",
            "<p style=\"background:url(a)\">{{ leave }}</p>",
            "loads",
        );
        refused("digest/body.html.j2", "<p>hello</p>", "no way out");
    }
}
