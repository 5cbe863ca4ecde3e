//! Readers grouped into audiences: who gets the identical mail.
//!
//! A reader's past decides two things: which stories he had, and since when he was told nothing. What was sent, or may
//! have been, he had. What was taken back or given up he missed, so his window begins where the first missed one began.
//! Of the stories he had only those matter that this edition has, so that readers who joined on different days soon
//! share an audience again.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::model::{AudienceId, Choices, DeliveryStatus, Edition, StoryId};
use crate::store::digests::{PastAudience, ReaderRow};
use crate::time::Timestamp;

/// Readers with the same choices and the same past.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Choices, canonical JSON.
    pub choices: String,
    /// Audiences whose mail they had, ascending.
    pub had: Vec<AudienceId>,
    /// News to them is what came in after this.
    pub since: Timestamp,
}

/// The group of a reader. `window_from` is where the edition's own window begins; `schedule` is the edition's.
#[must_use]
pub fn group(
    row: &ReaderRow,
    past: &BTreeMap<AudienceId, PastAudience>,
    schedule: &str,
    window_from: Timestamp,
) -> Group {
    let had_it = |status: DeliveryStatus| {
        use DeliveryStatus as S;
        matches!(status, S::Sent | S::Uncertain | S::Committing | S::Claimed)
    };
    let mut had: Vec<AudienceId> = row
        .past
        .iter()
        .filter(|(_, status)| had_it(*status))
        .map(|(audience, _)| *audience)
        .collect();
    had.sort_unstable();
    had.dedup();
    let mut since = window_from;
    for (audience, status) in &row.past {
        let Some(known) = past.get(audience) else { continue };
        match status {
            DeliveryStatus::Superseded | DeliveryStatus::Failed | DeliveryStatus::Queued => {
                since = since.min(known.since);
            }
            // He changed his schedule: his window begins where the other one's last mail ended.
            status if had_it(*status) => {
                if known.schedule != schedule {
                    since = since.min(known.until);
                }
                break;
            }
            _ => break,
        }
    }
    Group {
        choices: row.choices.clone(),
        had,
        since,
    }
}

impl Group {
    /// The stories of an edition that the group had.
    #[must_use]
    pub fn stories_had(&self, past: &BTreeMap<AudienceId, PastAudience>, edition: &Edition) -> BTreeSet<StoryId> {
        let had: Vec<&BTreeSet<StoryId>> = self
            .had
            .iter()
            .filter_map(|id| past.get(id))
            .map(|audience| &audience.stories)
            .collect();
        let stories = edition.stories.iter().map(|story| story.story.id);
        stories
            .filter(|story| had.iter().any(|set| set.contains(story)))
            .collect()
    }

    /// The choices themselves; what cannot be read is "everything".
    #[must_use]
    pub fn choices(&self) -> Choices {
        serde_json::from_str(&self.choices).unwrap_or_default()
    }
}

/// Names an audience within its edition: the same choices, history and window are the same bytes.
#[must_use]
pub fn key(choices: &str, had: &BTreeSet<StoryId>, since: Timestamp) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(choices.as_bytes());
    hash.update([0]);
    hash.update(since.unix().to_be_bytes());
    for story in had {
        hash.update(story.get().to_be_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SubscriptionId;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_unix(day * 86_400)
    }

    #[track_caller]
    fn check(past: &[(i64, DeliveryStatus)], had: &[i64], since: i64) {
        // Audience n told day n-1 to n.
        let audiences = (1..=9)
            .map(|n| {
                let told = PastAudience {
                    schedule: String::new(),
                    since: at(n - 1),
                    until: at(n),
                    stories: BTreeSet::from([StoryId::new(n)]),
                };
                (AudienceId::new(n), told)
            })
            .collect();
        let row = ReaderRow {
            subscription: SubscriptionId::new(1),
            choices: "{}".to_owned(),
            past: past.iter().map(|(n, status)| (AudienceId::new(*n), *status)).collect(),
        };
        let group = group(&row, &audiences, "", at(9));
        assert_eq!(group.had, had.iter().map(|n| AudienceId::new(*n)).collect::<Vec<_>>());
        assert_eq!(group.since, at(since));
    }

    #[test]
    fn what_was_missed_is_told_again_and_what_was_had_is_not() {
        use DeliveryStatus::{Cancelled, Failed, Sent, Superseded, Uncertain};
        check(&[], &[], 9);
        check(&[(9, Sent), (8, Sent)], &[8, 9], 9);
        check(&[(9, Superseded), (8, Sent)], &[8], 8);
        check(
            &[(9, Superseded), (8, Failed), (7, Uncertain), (6, Superseded)],
            &[7],
            7,
        );
        check(&[(9, Cancelled), (8, Superseded)], &[], 9);
    }
}
