//! Past editions of digests anybody may read: a list, and each edition's stories as they were frozen.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::{Door, Site};
use crate::config::DigestSettings;
use crate::model::{Edition, EditionId, EditionStory, Headline};
use crate::store::{digests, outbox};
use crate::time::{Timestamp, Zone};

const EDITIONS_MAX: usize = 60;

/// The editions of a digest, newest first.
pub async fn list(State(door): State<Door>, Path(key): Path<String>) -> Response {
    let config = door.ctx.config();
    let Some(spec) = config.digests.iter().find(|digest| digest.open && digest.key == key) else {
        return door.missing();
    };
    let editions = match door
        .ctx
        .db
        .read(move |conn| digests::past(conn, &key, EDITIONS_MAX))
        .await
    {
        Ok(editions) => editions,
        Err(error) => return door.failed(&error),
    };
    let rows: Vec<_> = editions
        .iter()
        .map(|edition| {
            let local = spec.zone.local(edition.due_at);
            let stories = if edition.n_stories == 1 {
                "1 story".into()
            } else {
                format!("{} stories", edition.n_stories)
            };
            serde_json::json!({"id": edition.id, "date": local.long_date(), "stories": stories})
        })
        .collect();
    let values = serde_json::json!({"site": Site::of(&config), "title": spec.title, "editions": rows});
    door.page(StatusCode::OK, "archive", &values)
}

/// One edition, for nobody in particular.
pub async fn edition(State(door): State<Door>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return door.missing();
    };
    let found = door
        .ctx
        .db
        .read(move |conn| outbox::edition(conn, EditionId::new(id)))
        .await;
    let edition = match found {
        Ok(Some(edition)) => edition,
        Ok(None) => return door.missing(),
        Err(error) => return door.failed(&error),
    };
    let config = door.ctx.config();
    match config
        .digests
        .iter()
        .find(|digest| digest.open && digest.key == edition.digest)
    {
        Some(spec) => show(&door, spec, &edition),
        None => door.missing(),
    }
}

fn show(door: &Door, spec: &DigestSettings, edition: &Edition) -> Response {
    let due = edition.slot.due_at;
    let stories: Vec<_> = edition
        .stories
        .iter()
        .take(spec.stories_max)
        .map(|story| of_story(story, spec, due))
        .collect();
    let values = serde_json::json!({
        "site": Site::of(&door.ctx.config()),
        "title": edition.title,
        "digest": edition.digest,
        "date": spec.zone.local(due).long_date(),
        "stories": stories,
        "n_more": edition.stories.len().saturating_sub(spec.stories_max),
    });
    door.page(StatusCode::OK, "edition", &values)
}

fn of_story(story: &EditionStory, spec: &DigestSettings, due: Timestamp) -> serde_json::Value {
    let view = &story.story;
    let related: Vec<_> = view
        .related
        .iter()
        .take(spec.related_max)
        .map(|r| of_headline(r, spec.zone, due))
        .collect();
    let names: Vec<&str> = view
        .companies
        .iter()
        .filter(|company| company.about)
        .map(|c| c.name.as_str())
        .collect();
    serde_json::json!({
        "lead": of_headline(&view.lead, spec.zone, due),
        "extract": view.lead.extract,
        "counts": counts(view.n_articles, view.n_outlets),
        "companies": names,
        "related": related,
        "n_more": view.related.len().saturating_sub(spec.related_max),
    })
}

fn of_headline(headline: &Headline, zone: Zone, due: Timestamp) -> serde_json::Value {
    let (at, today) = (zone.local(headline.at), zone.local(due));
    let time = if at.short_date() == today.short_date() {
        at.clock()
    } else {
        at.weekday_clock()
    };
    serde_json::json!({"title": headline.title, "url": headline.url, "source": headline.source, "time": time})
}

fn counts(articles: u32, outlets: u32) -> String {
    if articles < 2 {
        return String::new();
    }
    let outlets = if outlets == 1 {
        "1 outlet".to_owned()
    } else {
        format!("{outlets} outlets")
    };
    format!("{articles} articles, {outlets}")
}
