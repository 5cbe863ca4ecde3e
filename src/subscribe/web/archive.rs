//! Past editions of digests anybody may read: a list, and each edition's stories as they were frozen.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::guest::Guest;
use crate::config::DigestSettings;
use crate::language::Words;
use crate::model::{Edition, EditionId, EditionStory, Headline};
use crate::store::rusqlite::Connection;
use crate::store::{digests, outbox};
use crate::time::Timestamp;

const EDITIONS_MAX: usize = 60;

/// The editions of a digest, newest first.
pub async fn list(guest: Guest, Path(key): Path<String>) -> Response {
    let config = guest.door.ctx.config();
    let Some(spec) = config.digests.iter().find(|digest| digest.open && digest.key == key) else {
        return guest.missing();
    };
    let guest = guest.looks_at(spec);
    let read = move |conn: &Connection| digests::past(conn, &key, EDITIONS_MAX);
    let editions = match guest.door.ctx.db.read(read).await {
        Ok(editions) => editions,
        Err(error) => return guest.failed(&error),
    };
    let words = guest.language.digest();
    let rows: Vec<_> = editions
        .iter()
        .map(|edition| {
            let date = words.long_date(&spec.zone.local(edition.due_at));
            let n = u32::try_from(edition.n_stories).unwrap_or(u32::MAX);
            serde_json::json!({"id": edition.id, "date": date, "stories": words.count(&words.stories, n)})
        })
        .collect();
    guest.page(
        StatusCode::OK,
        "archive",
        serde_json::json!({"title": spec.title, "editions": rows}),
    )
}

/// One edition, for nobody in particular.
pub async fn edition(guest: Guest, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return guest.missing();
    };
    let read = move |conn: &Connection| outbox::edition(conn, EditionId::new(id));
    let edition = match guest.door.ctx.db.read(read).await {
        Ok(Some(edition)) => edition,
        Ok(None) => return guest.missing(),
        Err(error) => return guest.failed(&error),
    };
    let config = guest.door.ctx.config();
    let is_its = |digest: &&DigestSettings| digest.open && digest.key == edition.digest;
    match config.digests.iter().find(is_its) {
        Some(spec) => show(&guest.looks_at(spec), spec, &edition),
        None => guest.missing(),
    }
}

fn show(guest: &Guest, spec: &DigestSettings, edition: &Edition) -> Response {
    let due = edition.slot.due_at;
    let view = View {
        words: guest.language.digest(),
        spec,
        due,
    };
    let stories = edition.stories.iter().take(spec.stories_max);
    let values = serde_json::json!({
        "title": edition.title,
        "digest": edition.digest,
        "date": view.words.long_date(&spec.zone.local(due)),
        "stories": stories.map(|story| view.story(story)).collect::<Vec<_>>(),
        "n_more": edition.stories.len().saturating_sub(spec.stories_max),
    });
    guest.page(StatusCode::OK, "edition", values)
}

/// What stories are shown by.
struct View<'a> {
    words: &'a Words,
    spec: &'a DigestSettings,
    due: Timestamp,
}

impl View<'_> {
    fn story(&self, story: &EditionStory) -> serde_json::Value {
        let view = &story.story;
        let related = view.related.iter().take(self.spec.related_max);
        let names: Vec<&str> = view
            .companies
            .iter()
            .filter(|company| company.about)
            .map(|c| c.name.as_str())
            .collect();
        serde_json::json!({
            "lead": self.headline(&view.lead),
            "extract": view.lead.extract,
            "counts": self.counts(view.n_articles, view.n_outlets),
            "companies": names,
            "related": related.map(|r| self.headline(r)).collect::<Vec<_>>(),
            "n_more": view.related.len().saturating_sub(self.spec.related_max),
        })
    }

    /// A headline in another language than the page's says so, for those who have it read to them.
    fn headline(&self, headline: &Headline) -> serde_json::Value {
        let primary = headline.language.split(['-', '_']).next().unwrap_or_default();
        let lang = if primary.eq_ignore_ascii_case(&self.words.code) {
            String::new()
        } else {
            primary.to_ascii_lowercase()
        };
        let time = self.words.moment(headline.at, self.due, self.spec.zone);
        serde_json::json!({
            "title": headline.title, "url": headline.url, "source": headline.source, "time": time, "lang": lang,
        })
    }

    fn counts(&self, articles: u32, outlets: u32) -> String {
        if articles < 2 {
            return String::new();
        }
        let words = self.words;
        format!(
            "{}, {}",
            words.count(&words.articles, articles),
            words.count(&words.outlets, outlets)
        )
    }
}
