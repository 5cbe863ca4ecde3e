//! Permanent redirects: followed at once, adopted only when proven, since servers say 301 by mistake (a login wall, a
//! holding page, a broken deployment) and take it back the next day.

use std::time::Duration;

use crate::model::Moved;
use crate::time::Timestamp;

/// So many identical answers prove a move ...
const ANSWERS_MIN: u32 = 3;
/// ... spread over at least this long, so that they fall on two days.
const SPAN_MIN: Duration = Duration::from_hours(24);

/// What is to be kept after a poll.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The redirect to go on watching.
    pub moved: Option<Moved>,
    /// The address to fetch from now on.
    pub adopt: Option<String>,
}

/// Judges a permanent redirect to `seen`, or none, against what was seen before.
#[must_use]
pub fn prove(before: Option<&Moved>, seen: Option<&str>, now: Timestamp) -> Proof {
    let Some(to) = seen else { return Proof::default() };
    let (answers, since) = match before {
        Some(before) if before.to == to => (before.answers.saturating_add(1), before.since),
        _ => (1, now),
    };
    if answers >= ANSWERS_MIN && now.since(since) >= SPAN_MIN {
        return Proof {
            moved: None,
            adopt: Some(to.to_owned()),
        };
    }
    Proof {
        moved: Some(Moved {
            to: to.to_owned(),
            answers,
            since,
        }),
        adopt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls at these hours answered with these targets; the hour at which one is adopted, if any.
    #[track_caller]
    fn check(answers: &[(i64, &str)], expected: Option<(i64, &str)>) {
        let mut moved = None;
        for (hour, to) in answers {
            let now = Timestamp::from_unix(hour * 3_600);
            let proof = prove(moved.as_ref(), (!to.is_empty()).then_some(*to), now);
            if let Some(adopted) = proof.adopt {
                assert_eq!(Some((*hour, adopted.as_str())), expected);
                return;
            }
            moved = proof.moved;
        }
        assert_eq!(None, expected);
    }

    #[test]
    fn three_identical_answers_over_a_day() {
        check(&[(0, "b"), (1, "b"), (2, "b"), (23, "b")], None);
        check(&[(0, "b"), (1, "b"), (24, "b")], Some((24, "b")));
        check(&[(0, "b"), (30, "b")], None);
        check(&[(0, "b"), (30, "b"), (31, "b")], Some((31, "b")));
    }

    #[test]
    fn a_change_of_mind_starts_again() {
        check(&[(0, "b"), (20, "c"), (30, "b"), (40, "c")], None);
        check(&[(0, "b"), (20, "b"), (25, ""), (30, "b"), (40, "b")], None);
        check(&[(0, "b"), (20, "c"), (30, "c"), (50, "c")], Some((50, "c")));
    }
}
