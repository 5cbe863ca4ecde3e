//! An edition shown without being recorded, or a recorded one shown again.

use std::collections::BTreeMap;

use super::audience::{Group, group};
use super::make::{Maker, followed};
use super::{Result, history, slot};
use crate::config::{Config, DigestSettings};
use crate::mail::render::Templates;
use crate::model::{Choices, DeliveryStatus, Edition, EditionId, Layout, Slot};
use crate::store::Db;
use crate::store::digests::{self, ReaderQuery, ReaderRow};
use crate::store::{outbox, subscribers};
use crate::time::Timestamp;

/// What a preview shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The edition.
    pub edition: Edition,
    /// What the reader is shown of it; `None` for a recorded edition that went to nobody.
    pub layout: Option<Layout>,
    /// What the reader chose.
    pub choices: Choices,
    /// The id of the recorded edition of its slot; none for one composed as if the slot were then.
    pub recorded: Option<EditionId>,
}

/// The edition of a digest at an instant: the recorded one where that is a past slot, else one composed as if the slot
/// were then. `reader` is the folded address of a subscriber; without one it is for a reader of everything who has had
/// nothing yet.
///
/// # Errors
/// When the database or a template fails.
pub async fn preview(
    db: &Db,
    config: &Config,
    spec: &DigestSettings,
    at: Timestamp,
    reader: Option<&str>,
) -> Result<Preview> {
    if let Some(recorded) = recorded(db, spec, at, reader).await? {
        return Ok(recorded);
    }
    let (key, folded) = (spec.key.clone(), reader.map(ToOwned::to_owned));
    let (last, past, row) = db
        .read(move |conn| {
            let last = digests::last_slot_before(conn, &key, "", at)?;
            let history = history(at, last.map_or(at, |last| last.window_to));
            let ask = ReaderQuery {
                digest: &key,
                schedule: "",
                by: at,
                history,
                edition: None,
            };
            let row = folded
                .map(|folded| digests::reader(conn, &ask, &folded))
                .transpose()?
                .flatten()
                .map(taken_back);
            Ok((last, digests::past_audiences(conn, &key, history)?, row))
        })
        .await?;
    let window_from = last.map_or_else(
        || slot::first_window(&spec.schedule, spec.zone, at),
        |last| last.window_to.min(at),
    );
    let group = match &row {
        Some(row) => group(row, &past, "", window_from),
        None => Group {
            choices: "{}".to_owned(),
            had: Vec::new(),
            since: window_from,
        },
    };
    let maker = Maker::of(config, spec);
    let slot = Slot {
        digest: spec.key.clone(),
        schedule: String::new(),
        key: spec.zone.local(at).to_string(),
        due_at: at,
    };
    let wanted = followed(&BTreeMap::from([(group.clone(), 1)]));
    let edition = maker
        .edition(db, slot, window_from, group.since.min(window_from), &wanted)
        .await?;
    let themes = db.read(digests::theme_names).await?;
    let names = maker.names(&edition, &themes);
    let had = group.stories_had(&past, &edition);
    let choices = group.choices();
    let templates = Templates::load(config.mail.templates.as_deref())?;
    let layout = maker.layout(&templates, &edition, &choices, &had, group.since, &names)?;
    Ok(Preview {
        edition,
        layout: Some(layout),
        choices,
        recorded: None,
    })
}

/// The mails as they stand once the edition is made: what waits is taken back for it first.
fn taken_back(mut row: ReaderRow) -> ReaderRow {
    for (_, status) in &mut row.past {
        if *status == DeliveryStatus::Queued {
            *status = DeliveryStatus::Superseded;
        }
    }
    row
}

/// The local date on which a subscriber confirmed a digest, as its mails write it; `None` for a stranger.
///
/// # Errors
/// When the database fails.
pub async fn confirmed_on(db: &Db, config: &Config, spec: &DigestSettings, reader: &str) -> Result<Option<String>> {
    let (digest, reader, zone) = (spec.key.clone(), reader.to_owned(), spec.zone);
    let found = db.read(move |conn| {
        let Some(person) = subscribers::find(conn, &reader)? else {
            return Ok(None);
        };
        let held = subscribers::subscriptions(conn, person.id)?;
        Ok(held
            .into_iter()
            .find(|held| held.digest == digest)
            .and_then(|held| held.confirmed_at))
    });
    let language = config.mail.languages.of(&spec.language);
    Ok(found.await?.map(|at| language.digest().long_date(&zone.local(at))))
}

async fn recorded(db: &Db, spec: &DigestSettings, at: Timestamp, reader: Option<&str>) -> Result<Option<Preview>> {
    let (key, folded) = (spec.key.clone(), reader.map(ToOwned::to_owned));
    let read = move |conn: &crate::store::rusqlite::Connection| {
        let Some((id, any)) = digests::find_slot(conn, &key, at)? else {
            return Ok(None);
        };
        let own = folded
            .map(|folded| digests::audience_of(conn, id, &folded))
            .transpose()?;
        // Whoever is asked for by name and got no mail of this edition is shown nothing in its place.
        let audience = own.unwrap_or(any);
        let Some(edition) = outbox::edition(conn, id)? else {
            return Ok(None);
        };
        let shown = audience
            .map(|audience| outbox::audience(conn, audience))
            .transpose()?
            .flatten();
        let (choices, layout) = shown.map_or_else(Default::default, |(choices, layout)| (choices, Some(layout)));
        Ok(Some(Preview {
            edition,
            layout,
            choices,
            recorded: Some(id),
        }))
    };
    Ok(db.read(read).await?)
}
