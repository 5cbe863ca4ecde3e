//! How a story stands in a digest: its score part by part as of now, and where past editions had it.

use super::compose::{self, Material};
use super::houses::as_configured;
use super::make::Maker;
use super::{HISTORY, Result, rank, slot};
use crate::config::{Config, DigestSettings};
use crate::model::{Choices, Coverage, ScorePart, SectionKind, Slot, StoryId};
use crate::store::Db;
use crate::store::digests::{self, ReaderQuery};
use crate::store::outbox;
use crate::store::rusqlite::Connection;
use crate::time::Timestamp;

/// Past editions that are looked at.
const PAST_MAX: usize = 5;

/// How a story stands in one digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Key of the digest.
    pub digest: String,
    /// News to the next edition is what came in after this.
    pub since: Timestamp,
    /// Its score in an edition made now; `None` without news since then.
    pub next: Option<Scored>,
    /// Past editions that showed it, the newest first.
    pub past: Vec<Place>,
}

/// A score with what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The sum.
    pub score: f64,
    /// The parts, with `fit` when a reader was given. What adds or takes nothing is left out.
    pub parts: Vec<ScorePart>,
}

/// Where a past edition showed a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// When the edition was due.
    pub due_at: Timestamp,
    /// The number it had.
    pub number: u32,
    /// Kind of the section.
    pub kind: SectionKind,
    /// Heading of a company's or theme's section.
    pub section: String,
    /// Its score then, with the reader's fit.
    pub scored: Scored,
}

/// How a story stands in a digest at an instant; `reader` is the folded address of a subscriber.
///
/// # Errors
/// When the database fails.
pub async fn standing(
    db: &Db,
    config: &Config,
    spec: &DigestSettings,
    story: StoryId,
    now: Timestamp,
    reader: Option<&str>,
) -> Result<Standing> {
    let (key, reader) = (spec.key.clone(), reader.map(ToOwned::to_owned));
    let (schedule, zone, weights) = (spec.schedule.clone(), spec.zone, spec.weights.clone());
    let (feeds, specs) = (Maker::of(config, spec).feeds(), config.feeds.clone());
    let read = move |conn: &Connection| {
        let last = digests::last_slot_before(conn, &key, "", now)?;
        let since = last.map_or_else(|| slot::first_window(&schedule, zone, now), |last| last.window_to);
        let ask = ReaderQuery {
            digest: &key,
            schedule: "",
            by: now,
            history: now.minus(HISTORY),
            edition: None,
        };
        let row = reader.as_deref().map(|reader| digests::reader(conn, &ask, reader));
        let choices = row.transpose()?.flatten().map(|row| row.choices);
        let choices: Choices = serde_json::from_str(&choices.unwrap_or_default()).unwrap_or_default();
        let mut past = Vec::new();
        for (edition, audience) in digests::shown(conn, &key, story, reader.as_deref(), PAST_MAX)? {
            let (Some(edition), Some((_, layout))) =
                (outbox::edition(conn, edition)?, outbox::audience(conn, audience)?)
            else {
                continue;
            };
            let told = edition.stories.iter().find(|told| told.story.id == story);
            let blocks = layout
                .sections
                .iter()
                .flat_map(|section| section.blocks.iter().map(move |block| (section, block)));
            past.extend(
                told.zip(blocks.into_iter().find(|(_, block)| block.story == story))
                    .map(|(told, (section, block))| Place {
                        due_at: edition.slot.due_at,
                        number: block.number,
                        kind: section.kind,
                        section: section.title.clone(),
                        scored: with_fit(told.story.score, told.story.parts.clone(), block.fit),
                    }),
            );
        }
        let mut candidates: Vec<_> = digests::candidate(conn, story, since, now, feeds.as_ref())?
            .into_iter()
            .collect();
        as_configured(&mut candidates, &specs);
        let edition = compose::compose(Material {
            slot: Slot {
                digest: key.clone(),
                schedule: String::new(),
                key: String::new(),
                due_at: now,
            },
            title: String::new(),
            zone: zone.name().to_owned(),
            window_from: since,
            window_to: now,
            candidates,
            themes: digests::theme_names(conn)?,
            weights: weights.clone(),
            volumes: Vec::new(),
            coverage: Coverage::default(),
        });
        let next = edition.stories.into_iter().next().map(|told| {
            let fit = rank::fit(&told.story, &choices, &weights);
            with_fit(told.story.score, told.story.parts, fit)
        });
        Ok(Standing {
            digest: key,
            since,
            next,
            past,
        })
    };
    Ok(db.read(read).await?)
}

fn with_fit(score: f64, mut parts: Vec<ScorePart>, fit: f64) -> Scored {
    if fit != 0.0 {
        parts.push(ScorePart {
            name: rank::FIT.to_owned(),
            value: fit,
        });
    }
    Scored {
        score: score + fit,
        parts,
    }
}
