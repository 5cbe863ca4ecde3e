//! One edition of a digest, from the stories that came in within its window.

use std::collections::BTreeMap;

use super::houses::without_copies;
use super::rank::{self, Beside};
use super::view::{ThemeNames, source_weights, view};
use crate::model::{CompanyVolume, Coverage, Edition, EditionStory, Slot};
use crate::store::digests::Candidate;
use crate::time::Timestamp;

/// Version of the frozen form.
pub const EDITION_VERSION: u32 = 1;
/// Most stories an edition keeps, the best; a mail shows a few dozen.
pub const STORIES_MAX: usize = 1_000;
/// Days of a company's volume.
pub const VOLUME_DAYS: usize = 14;
/// Fewer days of history say nothing about a company's normal.
const HISTORY_DAYS_MIN: usize = 7;
/// Stories this near are called possibly related.
const NEAR_MIN: f32 = 0.25;
/// Possibly related stories an edition keeps for each story.
const NEAR_MAX: usize = 4;

/// What an edition is made of.
#[derive(Debug, Clone)]
pub struct Material {
    /// The slot.
    pub slot: Slot,
    /// The digest's name as readers see it.
    pub title: String,
    /// IANA zone.
    pub zone: String,
    /// The window of readers who missed nothing; the stories given may reach further back, for those who did.
    pub window_from: Timestamp,
    /// Upper end.
    pub window_to: Timestamp,
    /// Stories with at least one entry inside the window.
    pub candidates: Vec<Candidate>,
    /// Names of themes.
    pub themes: ThemeNames,
    /// Weights of the score's parts in place of the built-in ones.
    pub weights: BTreeMap<String, f64>,
    /// Articles a day of each company.
    pub volumes: Vec<CompanyVolume>,
    /// What was read and what was not.
    pub coverage: Coverage,
}

/// Makes the edition. The same material gives the same bytes.
#[must_use]
pub fn compose(material: Material) -> Edition {
    let (from, to) = (material.window_from, material.window_to);
    let candidates = without_copies(material.candidates);
    let mut stories: Vec<EditionStory> = candidates
        .iter()
        .filter_map(|candidate| {
            let mut story = view(candidate, &material.themes)?;
            let near = || candidate.near.iter().filter(|near| near.closeness >= NEAR_MIN);
            let beside = Beside {
                source_weights: &source_weights(candidate),
                near_since: near().map(|near| near.first_at).min(),
                known_since: candidate
                    .entries
                    .iter()
                    .map(|item| item.entry.first_seen_at)
                    .min()
                    .unwrap_or(story.first_at),
            };
            (story.score, story.parts) = rank::score(&story, beside, (from, to), &material.weights);
            let entries = candidate
                .entries
                .iter()
                .map(|item| (item.entry.id, item.entry.first_seen_at))
                .collect();
            let near = near().map(|near| near.id).take(NEAR_MAX).collect();
            Some(EditionStory { story, entries, near })
        })
        .collect();
    stories.sort_by(|a, b| {
        b.story
            .score
            .total_cmp(&a.story.score)
            .then_with(|| a.story.id.cmp(&b.story.id))
    });
    stories.truncate(STORIES_MAX);
    Edition {
        version: EDITION_VERSION,
        digest: material.slot.digest.clone(),
        title: material.title,
        slot: material.slot,
        zone: material.zone,
        window_from: material.window_from,
        window_to: material.window_to,
        stories,
        volumes: material.volumes,
        coverage: material.coverage,
    }
}

/// Articles a day in the window, which is the last `n_window` of `days`, over the median of the days before; `None`
/// while fewer than a week of those is known. `n_days_known` is how long this installation has been reading. A company
/// that is hardly written about has a normal of one.
#[must_use]
pub fn ratio(days: &[u32], n_window: usize, n_days_known: usize) -> Option<f64> {
    let (before, window) = days.split_at_checked(days.len().checked_sub(n_window)?)?;
    let known = n_days_known.saturating_sub(n_window - 1).min(before.len());
    if known < HISTORY_DAYS_MIN || window.is_empty() {
        return None;
    }
    let mut sorted: Vec<u32> = before.iter().rev().take(known).copied().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let mean = f64::from(window.iter().sum::<u32>()) / window.len() as f64;
    Some(mean / f64::from(median.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_measured_against_its_own_normal() {
        assert_eq!(ratio(&[2, 2, 2, 2, 2, 2, 2, 8], 1, 7), Some(4.0));
        assert_eq!(ratio(&[0, 0, 0, 0, 0, 0, 0, 3], 1, 7), Some(3.0));
        assert_eq!(ratio(&[2, 2, 8], 1, 2), None);
        assert_eq!(
            ratio(&[2, 2, 2, 2, 2, 2, 2, 8], 1, 3),
            None,
            "the daemon has run for three days only"
        );
        let week = [2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 28, 14, 0, 0];
        assert_eq!(ratio(&week, 7, 20), Some(3.0), "a week against the days before it");
        assert_eq!(ratio(&week, 7, 12), None, "six days before the week are not enough");
        assert_eq!(ratio(&[], 1, 20), None);
    }
}
