//! Editions and layouts made with a digest's settings: what the tick records and `courant preview` shows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Result;
use super::audience::Group;
use super::compose::{self, Material};
use super::houses::as_configured;
use super::layout::{Plan, Reader};
use crate::config::{Config, DigestSettings};
use crate::mail::render::text::quoted_printable_len;
use crate::mail::render::{RenderSettings, Templates, edition_page, render_digest};
use crate::model::{Choices, CompanyVolume, Coverage, Edition, EditionId, Layout, Slot, StoryId, window_days};
use crate::store::Db;
use crate::store::digests::{self, Candidate, FeedHealth};
use crate::store::rusqlite::Connection;
use crate::time::Timestamp;

/// Room for what each recipient's own links and address add to the HTML part, in bytes.
const PERSONAL_BYTES: usize = 2_048;
/// A feed is called unreadable when it fails this long: an hour's trouble is not the reader's.
const UNREADABLE_AFTER: Duration = Duration::from_hours(24);
/// Companies whose volume an edition carries.
const VOLUMES_MAX: usize = 400;

/// A digest's settings within the whole configuration.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    config: &'a Config,
    /// The digest.
    pub spec: &'a DigestSettings,
}

/// Companies any of the groups follows.
#[must_use]
pub fn followed(groups: &BTreeMap<Group, usize>) -> BTreeSet<String> {
    let choices: BTreeSet<&str> = groups.keys().map(|group| group.choices.as_str()).collect();
    choices
        .into_iter()
        .flat_map(|json| serde_json::from_str::<Choices>(json).unwrap_or_default().companies)
        .collect()
}

/// The record of a slot for which no edition is made.
#[must_use]
pub fn empty(spec: &DigestSettings, slot: Slot, from: Timestamp, to: Timestamp) -> Edition {
    compose::compose(Material {
        slot,
        title: spec.title.clone(),
        zone: spec.zone.name().to_owned(),
        window_from: from,
        window_to: to,
        candidates: Vec::new(),
        themes: BTreeMap::new(),
        weights: BTreeMap::new(),
        volumes: Vec::new(),
        coverage: Coverage::default(),
    })
}

impl<'a> Maker<'a> {
    /// For a digest of this configuration.
    #[must_use]
    pub const fn of(config: &'a Config, spec: &'a DigestSettings) -> Self {
        Self { config, spec }
    }

    /// Composes the edition of a slot from what the database has. `earliest` is how far back any reader's window
    /// reaches; `followed` are companies whose volume is wanted even without a story.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn edition(
        &self,
        db: &Db,
        slot: Slot,
        window_from: Timestamp,
        earliest: Timestamp,
        followed: &BTreeSet<String>,
    ) -> Result<Edition> {
        let window_to = slot.due_at;
        let feeds = self.feeds();
        let named: BTreeSet<String> = self.spec.companies.iter().chain(followed).cloned().collect();
        let (spec_title, zone, weights) = (
            self.spec.title.clone(),
            self.spec.zone.name().to_owned(),
            self.spec.weights.clone(),
        );
        let specs = self.config.feeds.clone();
        let read = move |conn: &Connection| {
            let mut candidates = digests::candidates(conn, earliest, window_to, feeds.as_ref())?;
            as_configured(&mut candidates, &specs);
            let volumes = volumes(conn, &candidates, named, (window_from, window_to))?;
            let coverage = coverage(conn, window_from, window_to, feeds.as_ref())?;
            let themes = digests::theme_names(conn)?;
            Ok(Material {
                slot,
                title: spec_title,
                zone,
                window_from,
                window_to,
                candidates,
                themes,
                weights,
                volumes,
                coverage,
            })
        };
        Ok(compose::compose(db.read(read).await?))
    }

    /// Feed keys the digest draws from; `None` for all.
    #[must_use]
    pub fn feeds(&self) -> Option<BTreeSet<String>> {
        let wanted = &self.spec.feeds;
        if wanted.is_empty() {
            return None;
        }
        let all = self.config.feeds.iter();
        let mine = all.filter(|feed| wanted.contains(&feed.key) || wanted.contains(&feed.group));
        Some(mine.map(|feed| feed.key.clone()).collect())
    }

    /// Names of companies and themes as readers see them, by slug.
    #[must_use]
    pub fn names(&self, edition: &Edition, themes: &BTreeMap<String, (String, bool)>) -> BTreeMap<String, String> {
        let mut names: BTreeMap<String, String> = themes
            .iter()
            .map(|(slug, (name, _))| (slug.clone(), name.clone()))
            .collect();
        let settings = &self.config.stories;
        let told = settings.companies.iter().filter(|company| !company.name.is_empty());
        names.extend(told.map(|company| (company.slug.clone(), company.name.clone())));
        for story in &edition.stories {
            names.extend(
                story
                    .story
                    .companies
                    .iter()
                    .map(|company| (company.slug.clone(), company.name.clone())),
            );
        }
        names.extend(
            edition
                .volumes
                .iter()
                .map(|volume| (volume.slug.clone(), volume.name.clone())),
        );
        names
    }

    /// Lays an edition out for one audience, within the size an HTML part may have.
    ///
    /// # Errors
    /// When a template fails.
    pub fn layout(
        &self,
        templates: &Templates,
        edition: &Edition,
        choices: &Choices,
        had: &BTreeMap<StoryId, Timestamp>,
        since: Timestamp,
        names: &BTreeMap<String, String>,
    ) -> Result<Layout> {
        // The edition has no id before it is recorded; the longest one stands in for it.
        let settings = RenderSettings {
            edition: edition_page(self.config, self.spec, EditionId::new(i64::MAX)),
            ..RenderSettings::of(self.config, self.spec, choices)
        };
        let plan = Plan {
            edition,
            reader: Reader { choices, had, since },
            spec: self.spec,
            names,
            words: settings.language.digest(),
        };
        let room = self.config.mail.html_max.saturating_sub(PERSONAL_BYTES);
        plan.fit(room, |layout| {
            let mail = render_digest(templates, edition, layout, &settings)?;
            Ok(quoted_printable_len(&mail.html))
        })
    }
}

fn volumes(
    conn: &Connection,
    candidates: &[Candidate],
    mut slugs: BTreeSet<String>,
    (from, until): (Timestamp, Timestamp),
) -> crate::store::Result<Vec<CompanyVolume>> {
    const DAY_SECS: u64 = 86_400;
    let n_window = window_days(from, until).min(compose::VOLUME_DAYS);
    let mentions = candidates
        .iter()
        .flat_map(|story| &story.entries)
        .flat_map(|item| &item.mentions);
    for mention in mentions.filter(|mention| mention.about && !mention.unlisted) {
        if slugs.len() < VOLUMES_MAX {
            slugs.insert(mention.company.clone());
        }
    }
    let known = digests::reading_since(conn)?.map_or(0, |first| until.since(first).as_secs() / DAY_SECS);
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    for slug in slugs {
        let n_days = compose::VOLUME_DAYS - 1 + n_window;
        if let Some((name, ticker, mut days)) = digests::company_days(conn, &slug, until, n_days)? {
            let ratio = compose::ratio(&days, n_window, known);
            days.drain(..n_window - 1);
            out.push(CompanyVolume {
                slug,
                name,
                ticker,
                days,
                ratio,
            });
        }
    }
    Ok(out)
}

fn coverage(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
    feeds: Option<&BTreeSet<String>>,
) -> crate::store::Result<Coverage> {
    let mine = |key: &str| feeds.is_none_or(|feeds| feeds.contains(key));
    let articles = digests::articles_by_feed(conn, from, to)?;
    let health: Vec<FeedHealth> = digests::feed_health(conn)?
        .into_iter()
        .filter(|feed| mine(&feed.key))
        .collect();
    let broken = health.iter().filter_map(|feed| {
        let since = feed
            .failing_since
            .filter(|since| to.since(*since) >= UNREADABLE_AFTER)?;
        Some((feed.outlet.clone(), since, reason(&feed.error.0, feed.error.1)))
    });
    Ok(Coverage {
        n_feeds: u32::try_from(health.len()).unwrap_or(u32::MAX),
        n_articles: articles.iter().filter(|(key, _)| mine(key)).map(|(_, n)| n).sum(),
        unreadable: broken.collect(),
    })
}

/// A failure kind in words for readers.
fn reason(kind: &str, status: u16) -> String {
    match kind {
        "dns" | "connect" => "host not reachable".to_owned(),
        "tls" => "certificate trouble".to_owned(),
        "timeout" => "no answer in time".to_owned(),
        "too_large" => "document too large".to_owned(),
        "redirect" => "endless redirects".to_owned(),
        "forbidden_address" => "address not allowed".to_owned(),
        "rate_limited" => "asked us to slow down".to_owned(),
        "gone" => "feed has been closed".to_owned(),
        "blocked" => "blocked".to_owned(),
        "not_a_feed" | "parse" => "not a readable feed".to_owned(),
        "http" if status > 0 => format!("HTTP {status}"),
        _ => "cannot be read".to_owned(),
    }
}
