//! Which stories stand in full, which are noted in a line, and which are left out.

use std::collections::BTreeMap;

use super::{Detail, Plan, Ranked};
use crate::config::DigestSettings;
use crate::model::Mark;

/// Below this share of the score floor a story is not even noted.
const NOTED_SHARE: f64 = 0.6;

#[derive(Default)]
pub(super) struct Picked<'a> {
    pub(super) full: Vec<Ranked<'a>>,
    pub(super) noted: Vec<Ranked<'a>>,
    pub(super) n_dropped: u32,
}

/// What has been used up of the caps.
#[derive(Default)]
struct Caps<'a> {
    sources: BTreeMap<&'a str, usize>,
    noted: BTreeMap<&'a str, usize>,
    companies: BTreeMap<&'a str, usize>,
    themes: BTreeMap<&'a str, usize>,
}

impl<'a> Caps<'a> {
    /// Takes a place in full, when source, company and theme have one left. What a reader follows knows no cap of
    /// company or theme.
    fn allow(&mut self, item: &Ranked<'a>, spec: &DigestSettings) -> bool {
        let view = &item.story.story;
        let (company, theme) = (item.first_company(), item.first_theme());
        let used = |map: &BTreeMap<&str, usize>, key: &str| {
            if key.is_empty() {
                0
            } else {
                map.get(key).copied().unwrap_or(0)
            }
        };
        // A story several outlets have is no one source's filling.
        let by_source = view.n_independent > 1 || used(&self.sources, &view.lead.source) < spec.per_source_max;
        let by_group = item.followed
            || (used(&self.companies, company) < spec.per_company_max
                && used(&self.themes, theme) < spec.per_theme_max);
        if !by_source || !by_group {
            return false;
        }
        *self.sources.entry(view.lead.source.as_str()).or_default() += 1;
        *self.companies.entry(company).or_default() += 1;
        *self.themes.entry(theme).or_default() += 1;
        true
    }

    fn note(&mut self, item: &Ranked<'a>, per_source_max: usize) -> bool {
        let n = self.noted.entry(item.story.story.lead.source.as_str()).or_default();
        *n += 1;
        *n <= per_source_max
    }
}

impl Plan<'_> {
    /// Chooses from the ranked stories what stands in full and what is noted.
    pub(super) fn pick<'s>(&self, fresh: &[Ranked<'s>], detail: Detail) -> Picked<'s> {
        let mut picked = Picked::default();
        let mut caps = Caps::default();
        for item in fresh {
            let view = &item.story.story;
            let furniture = view.lead.marks.iter().any(|mark| {
                matches!(
                    mark,
                    Mark::Roundup | Mark::Template | Mark::Advice | Mark::Explainer | Mark::Sponsored
                )
            });
            let worth = item.score >= self.spec.score_min && !(furniture && view.n_independent < 2);
            let room = picked.full.len() < detail.stories_max;
            if worth && room && caps.allow(item, self.spec) {
                picked.full.push(*item);
            } else if (view.n_outlets == 1 || worth)
                && item.score >= self.spec.score_min * NOTED_SHARE
                && !view.lead.marks.contains(&Mark::Sponsored)
                && picked.noted.len() < detail.noted_max
                && caps.note(item, self.spec.per_source_max)
            {
                picked.noted.push(*item);
            } else if worth {
                picked.n_dropped += 1;
            }
        }
        picked
    }
}
