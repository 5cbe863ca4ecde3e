//! Which headline stands for a story: the most weighted source, plain news before anything marked, a full text before
//! a bare headline, and then the earliest. The same entries always give the same lead.
//!
//! - Clickbait ("You won't believe", "Here's why", a question) hides what happened: it loses to a telling headline.
//! - A headline of two or three words says too little; one of 40 words is a paragraph.
//! - A reprint loses to the report it reprints.

use crate::model::{EntryId, Mark};
use crate::time::Timestamp;

/// What the choice looks at.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The entry.
    pub entry: EntryId,
    /// Its headline.
    pub title: String,
    /// Whether it has a summary.
    pub has_summary: bool,
    /// Source weight, 1.0 is normal.
    pub weight: f64,
    /// When it was published.
    pub at: Timestamp,
    /// What kind of item it is.
    pub marks: Vec<Mark>,
    /// Near-identical to another entry.
    pub reprint: bool,
    /// Never mailed as news.
    pub history: bool,
}

const WORDS_MIN: usize = 4;
const WORDS_MAX: usize = 25;
const BAIT: &[&str] = &[
    "you won't believe",
    "here's why",
    "here's what",
    "this is why",
    "what you need to know",
    "the reason why",
    "one simple",
    "i tried",
    "you need to",
    "guess what",
];

/// The entry that stands for the story; `None` when there is none.
#[must_use]
pub fn choose(candidates: &[Candidate]) -> Option<EntryId> {
    candidates
        .iter()
        .map(|c| (points(c), c))
        .max_by(|(p, a), (q, b)| {
            p.total_cmp(q)
                .then_with(|| b.at.cmp(&a.at))
                .then_with(|| b.entry.cmp(&a.entry))
        })
        .map(|(_, c)| c.entry)
}

/// Points of one headline: the weight of its source less what speaks against it.
#[must_use]
pub fn points(candidate: &Candidate) -> f64 {
    let against = |condition: bool, points: f64| if condition { points } else { 0.0 };
    let title = candidate.title.to_lowercase().replace('\u{2019}', "'");
    let words = title.split_whitespace().count();
    let worst_mark = candidate.marks.iter().map(|m| mark_points(*m)).fold(0.0, f64::max);
    candidate.weight
        - worst_mark
        - against(candidate.reprint, 0.5)
        - against(!candidate.has_summary, 0.2)
        - against(title.trim_end().ends_with('?'), 0.4)
        - against(BAIT.iter().any(|b| title.contains(b)), 0.6)
        - against(!(WORDS_MIN..=WORDS_MAX).contains(&words), 0.4)
        - against(candidate.history, 0.3)
}

fn mark_points(mark: Mark) -> f64 {
    match mark {
        Mark::Sponsored => 3.0,
        Mark::Roundup | Mark::LiveBlog => 1.5,
        Mark::Opinion | Mark::Template => 1.2,
        Mark::PressRelease => 0.8,
        Mark::Reprint => 0.5,
        Mark::Paywall => 0.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: i64, title: &str) -> Candidate {
        Candidate {
            entry: EntryId::new(id),
            title: title.into(),
            has_summary: true,
            weight: 1.0,
            at: Timestamp::from_unix(id),
            marks: Vec::new(),
            reprint: false,
            history: false,
        }
    }

    #[track_caller]
    fn check(candidates: &[Candidate], expected: i64) {
        assert_eq!(choose(candidates), Some(EntryId::new(expected)));
        let mut turned = candidates.to_vec();
        turned.reverse();
        assert_eq!(choose(&turned), Some(EntryId::new(expected)));
    }

    const PLAIN: &str = "Acme agrees to buy Globex for $3 billion";

    #[test]
    fn the_earliest_of_equals_leads() {
        check(&[candidate(2, PLAIN), candidate(1, PLAIN)], 1);
    }

    #[test]
    fn a_weighty_source_leads() {
        let agency = Candidate {
            weight: 1.5,
            ..candidate(9, PLAIN)
        };
        check(&[candidate(1, PLAIN), agency], 9);
    }

    #[test]
    fn bait_questions_and_marked_items_do_not_lead() {
        check(
            &[
                candidate(1, "Here's why Acme wants Globex so badly"),
                candidate(2, PLAIN),
            ],
            2,
        );
        check(
            &[candidate(1, "Will Acme ever buy Globex at last?"), candidate(2, PLAIN)],
            2,
        );
        let live = Candidate {
            marks: vec![Mark::LiveBlog],
            ..candidate(1, PLAIN)
        };
        check(&[live, candidate(2, PLAIN)], 2);
    }
}
