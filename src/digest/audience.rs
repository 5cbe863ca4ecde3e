//! Readers grouped into audiences: who gets the identical mail.
//!
//! A reader's past decides two things: which stories he had, and since when he was told nothing. What was sent, or may
//! have been, he had. What was taken back or given up he missed, so his window begins where the first missed one began.
//! Of the stories he had only those matter that this edition has, so that readers who joined on different days soon
//! share an audience again.

use std::collections::BTreeMap;

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
    // What still waits was not taken back, so it goes out by itself.
    let had_it = |status: DeliveryStatus| {
        use DeliveryStatus as S;
        matches!(status, S::Sent | S::Uncertain | S::Committing | S::Claimed | S::Queued)
    };
    let mut had: Vec<AudienceId> = row
        .past
        .iter()
        .filter(|(_, status)| had_it(*status))
        .map(|(audience, _)| *audience)
        .collect();
    had.sort_unstable();
    had.dedup();
    let mut mails: Vec<(&PastAudience, DeliveryStatus)> = row
        .past
        .iter()
        .filter_map(|(audience, status)| Some((past.get(audience)?, *status)))
        .collect();
    mails.sort_by_key(|(mail, _)| std::cmp::Reverse(mail.until));
    let earlier = |known: Option<Timestamp>, at: Timestamp| Some(known.map_or(at, |known| known.min(at)));
    let (mut begins, mut told_since, mut missed_since) = (None, None, None);
    for (mail, status) in mails {
        match status {
            DeliveryStatus::Superseded | DeliveryStatus::Failed => {
                // One that came later may have told it again.
                if told_since.is_none_or(|since| mail.since < since) {
                    missed_since = earlier(missed_since, mail.since);
                }
            }
            status if had_it(status) => {
                // He changed his schedule: his window begins where the other one's last mail ended.
                let own = mail.schedule == schedule;
                begins = begins.or(Some(if own { window_from } else { mail.until }));
                told_since = earlier(told_since, mail.since);
            }
            _ => break,
        }
    }
    let begins = begins.unwrap_or(window_from);
    let since = missed_since.map_or(begins, |missed: Timestamp| missed.min(begins));
    Group {
        choices: row.choices.clone(),
        had,
        since,
    }
}

impl Group {
    /// The stories of an edition that the group had, and up to when it was told them.
    #[must_use]
    pub fn stories_had(
        &self,
        past: &BTreeMap<AudienceId, PastAudience>,
        edition: &Edition,
    ) -> BTreeMap<StoryId, Timestamp> {
        let had: Vec<&PastAudience> = self.had.iter().filter_map(|id| past.get(id)).collect();
        let told_until = |story: StoryId| {
            let mails = had.iter().filter(|mail| mail.stories.contains(&story));
            mails.map(|mail| mail.until.max(self.since)).max()
        };
        let stories = edition.stories.iter().map(|story| story.story.id);
        stories.filter_map(|story| Some((story, told_until(story)?))).collect()
    }

    /// The choices themselves; what cannot be read is "everything".
    #[must_use]
    pub fn choices(&self) -> Choices {
        serde_json::from_str(&self.choices).unwrap_or_default()
    }
}

/// Names an audience within its edition: the same choices, history and window are the same bytes.
#[must_use]
pub fn key(choices: &str, had: &BTreeMap<StoryId, Timestamp>, since: Timestamp) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(choices.as_bytes());
    hash.update([0]);
    hash.update(since.unix().to_be_bytes());
    for (story, until) in had {
        hash.update(story.get().to_be_bytes());
        hash.update(until.unix().to_be_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
        use DeliveryStatus::{Cancelled, Failed, Queued, Sent, Superseded, Uncertain};
        check(&[], &[], 9);
        check(&[(9, Sent), (8, Sent)], &[8, 9], 9);
        check(&[(9, Superseded), (8, Sent)], &[8], 8);
        check(&[(9, Superseded), (8, Failed), (7, Uncertain)], &[7], 7);
        // Found not to be taken once a newer one had arrived: that one does not reach back so far.
        check(&[(9, Sent), (8, Superseded), (7, Sent)], &[7, 9], 7);
        // What waits after the taking back goes out by itself.
        check(&[(9, Queued), (8, Sent)], &[8, 9], 9);
        check(&[(9, Cancelled), (8, Superseded)], &[], 9);
    }

    #[test]
    fn what_a_later_mail_told_again_is_missed_no_more() {
        let told = |since: i64, until: i64| PastAudience {
            schedule: String::new(),
            since: at(since),
            until: at(until),
            stories: BTreeSet::new(),
        };
        let past = BTreeMap::from([(AudienceId::new(1), told(6, 7)), (AudienceId::new(2), told(6, 8))]);
        let row = ReaderRow {
            subscription: SubscriptionId::new(1),
            choices: "{}".to_owned(),
            past: vec![
                (AudienceId::new(2), DeliveryStatus::Sent),
                (AudienceId::new(1), DeliveryStatus::Superseded),
            ],
        };
        assert_eq!(group(&row, &past, "", at(8)).since, at(8));
    }
}
