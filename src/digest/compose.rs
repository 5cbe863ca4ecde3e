//! One edition of a digest, from the stories that came in within its window.

use std::collections::BTreeMap;

use super::rank;
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
    let mut stories: Vec<EditionStory> = material
        .candidates
        .iter()
        .filter_map(|candidate| {
            let mut story = view(candidate, &material.themes)?;
            (story.score, story.parts) = rank::score(&story, &source_weights(candidate), from, to, &material.weights);
            let entries = candidate
                .entries
                .iter()
                .map(|item| (item.entry.id, item.entry.first_seen_at))
                .collect();
            Some(EditionStory { story, entries })
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

/// A day's articles over the median of the days before; `None` while there is too little history. A company that is
/// hardly written about has a normal of one.
#[must_use]
pub fn ratio(days: &[u32], n_days_known: usize) -> Option<f64> {
    let (today, before) = days.split_last()?;
    let known = n_days_known.min(before.len());
    if known < HISTORY_DAYS_MIN {
        return None;
    }
    let mut sorted: Vec<u32> = before.iter().rev().take(known).copied().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    Some(f64::from(*today) / f64::from(median.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_measured_against_its_own_normal() {
        assert_eq!(ratio(&[2, 2, 2, 2, 2, 2, 2, 8], 7), Some(4.0));
        assert_eq!(ratio(&[0, 0, 0, 0, 0, 0, 0, 3], 7), Some(3.0));
        assert_eq!(ratio(&[2, 2, 8], 2), None);
        assert_eq!(
            ratio(&[2, 2, 2, 2, 2, 2, 2, 8], 3),
            None,
            "the daemon has run for three days only"
        );
        assert_eq!(ratio(&[], 20), None);
    }
}
