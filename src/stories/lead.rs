//! Which headline stands for a story: the most weighted source, plain news before anything marked, a full text before
//! a bare headline, and then the earliest. The same entries always give the same lead.
//!
//! - Clickbait ("You won't believe", "Here's why", a question) hides what happened: it loses to a telling headline.
//! - A headline of two or three words says too little; one of 40 words is a paragraph.
//! - A reprint loses to the report it reprints.
//! - A short headline that ends in a year names an occasion, not what happened ("Acme at the Desert Fair 2026").
//! - What is expected, weighed or threatened loses to what came of it: "Acme threatens to sue" to "Acme sues", "Results expected
//!   to show" to the results. A week's story would else stand under a headline that the week overtook. A plan that is the
//!   news ("Acme plans to close its plant") does not.
//! - A HEADLINE IN CAPITALS is a press release's shout; any report of it reads better.

use crate::model::{EntryId, Mark, is_ahead};
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
/// A headline that ends in a year and is no longer than this names an occasion.
const OCCASION_WORDS_MAX: usize = 8;
/// With fewer letters, capitals may be a ticker or an abbreviation.
const SHOUT_LETTERS_MIN: usize = 16;
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
        - against(is_ahead(&title), 0.4)
        - against(!(WORDS_MIN..=WORDS_MAX).contains(&words), 0.4)
        - against(words <= OCCASION_WORDS_MAX && ends_in_year(&title), 0.4)
        - against(is_shout(&candidate.title), 0.5)
        - against(candidate.history, 0.3)
}

fn ends_in_year(title: &str) -> bool {
    let last = title.split_whitespace().next_back().unwrap_or_default();
    last.len() == 4 && (last.starts_with("19") || last.starts_with("20")) && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_shout(title: &str) -> bool {
    let cased = |c: &char| c.is_uppercase() || c.is_lowercase();
    let n_letters = title.chars().filter(cased).count();
    let n_capitals = title.chars().filter(|c| c.is_uppercase()).count();
    n_letters >= SHOUT_LETTERS_MIN && n_capitals * 10 > n_letters * 9
}

fn mark_points(mark: Mark) -> f64 {
    match mark {
        Mark::Sponsored => 3.0,
        Mark::Roundup | Mark::LiveBlog => 1.5,
        Mark::Opinion | Mark::Template | Mark::Advice => 1.2,
        Mark::PressRelease | Mark::Explainer => 0.8,
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
    fn occasions_and_shouts_do_not_lead() {
        check(
            &[candidate(1, "Acme at the Desert Tech Fair 2026"), candidate(2, PLAIN)],
            2,
        );
        check(
            &[
                candidate(1, "ACME ACQUIRES GLOBEX, BOLSTERING ITS ROCKETS"),
                candidate(2, PLAIN),
            ],
            2,
        );
        // A telling headline may well end in a year, and a name in capitals is no shout.
        check(
            &[
                candidate(1, "Acme plans to close its desert plant by the end of 2027"),
                candidate(2, PLAIN),
            ],
            1,
        );
        check(&[candidate(1, "ACME buys GLOBEX of Nevada"), candidate(2, PLAIN)], 1);
    }

    #[test]
    fn what_came_of_it_leads_before_what_was_expected() {
        for ahead in [
            "Acme threatens to sue Globex over a patent",
            "Acme in talks to buy Globex, people say",
            "Results expected to show a strong quarter at Acme",
            "Acme\u{2019}s results: what to expect on Monday",
            "Acme weighs $3 billion bid for Globex",
        ] {
            check(&[candidate(1, ahead), candidate(2, PLAIN)], 2);
        }
        for told in [
            "Acme reset to zero in May by a flood",
            "Acme cuts 500 jobs ahead of its results",
            "Strike weighs on shares of Acme",
            "All eyes on Acme after its chief quits",
            "Acme grows more than expected to a record",
            "Court voids Acme\u{2019}s fee, refunds could follow",
        ] {
            check(&[candidate(1, told), candidate(2, PLAIN)], 1);
        }
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
