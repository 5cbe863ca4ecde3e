//! Which slots are due, which were missed, and where each one's window begins.
//!
//! A slot is named by its local time, so a clock that jumps back cannot make it due again, and one that jumps forward
//! misses slots the way a daemon that was down does: the newest is made while it is not too late, the others are
//! recorded as missed.

use std::time::Duration;

use crate::config::LatePolicy;
use crate::time::{Firing, Schedule, Timestamp, Zone};

/// A slot this much past its time counts as late.
const ON_TIME: Duration = Duration::from_hours(1);
/// Missed slots that are recorded one by one; of a longer absence only the newest are.
const MISSED_MAX: usize = 32;

/// What becomes of a due slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// An edition is made.
    Compose,
    /// None is made; its stories go into the next one.
    Merge,
    /// None is made; its stories are dropped.
    Skip,
}

/// The slots that fell after the last one recorded, oldest first, each with what becomes of it. `since` is the due time
/// of the last slot recorded, or the time from which this schedule counts.
#[must_use]
pub fn due_slots(
    schedule: &Schedule,
    zone: Zone,
    since: Timestamp,
    now: Timestamp,
    catch_up: Duration,
    late: LatePolicy,
) -> Vec<(Firing, Act)> {
    let mut due: Vec<Firing> = Vec::new();
    // A schedule may have years of slots behind it; only the end of them matters.
    let from = since.max(now.minus(Duration::from_hours(366 * 24)));
    for firing in schedule.between(zone, from, now) {
        if due.len() == MISSED_MAX {
            due.remove(0);
        }
        due.push(firing);
    }
    let n_due = due.len();
    due.into_iter()
        .enumerate()
        .map(|(at, firing)| {
            let behind = now.since(firing.at);
            let newest = at + 1 == n_due;
            let act = match late {
                _ if newest && behind <= ON_TIME.min(catch_up) => Act::Compose,
                LatePolicy::Send if newest && behind <= catch_up => Act::Compose,
                LatePolicy::Send | LatePolicy::Merge => Act::Merge,
                LatePolicy::Skip => Act::Skip,
            };
            (firing, act)
        })
        .collect()
}

/// Where the window of a schedule's first edition begins: one period back, a week at most.
#[must_use]
pub fn first_window(schedule: &Schedule, zone: Zone, due: Timestamp) -> Timestamp {
    const WEEK: Duration = Duration::from_hours(7 * 24);
    const DAY: Duration = Duration::from_hours(24);
    let before = due.minus(Duration::from_secs(1));
    match schedule.last_between(zone, due.minus(WEEK + DAY), before) {
        // Weekdays only: Monday's first edition need not tell the weekend, but a weekly one tells its week.
        Some(last) => last.at.max(due.minus(WEEK)),
        None => due.minus(WEEK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_local;

    fn at(text: &str) -> Timestamp {
        parse_local(text, "Europe/Berlin".parse().unwrap()).unwrap().1
    }

    #[track_caller]
    fn check(cron: &str, since: &str, now: &str, late: LatePolicy, expected: &[(&str, Act)]) {
        let zone = "Europe/Berlin".parse().unwrap();
        let schedule = Schedule::parse(cron).unwrap();
        let due = due_slots(&schedule, zone, at(since), at(now), Duration::from_hours(6), late);
        let got: Vec<(&str, Act)> = due
            .iter()
            .map(|(firing, act)| (firing.key.split('[').next().unwrap(), *act))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_slot_is_due_once_its_time_has_come() {
        use Act::Compose;
        check(
            "0 7 * * *",
            "2026-09-20T07:00",
            "2026-09-21T06:59",
            LatePolicy::Send,
            &[],
        );
        check(
            "0 7 * * *",
            "2026-09-20T07:00",
            "2026-09-21T07:00",
            LatePolicy::Send,
            &[("2026-09-21T07:00", Compose)],
        );
        check(
            "0 7 * * *",
            "2026-09-21T07:00",
            "2026-09-21T07:30",
            LatePolicy::Send,
            &[],
        );
        check(
            "0 7 * * *",
            "2026-09-21T07:00",
            "2026-09-20T07:00",
            LatePolicy::Send,
            &[],
        );
    }

    #[test]
    fn what_was_missed_follows_the_policy() {
        use Act::{Compose, Merge, Skip};
        let days = ["2026-09-21T07:00", "2026-09-22T07:00"];
        let since = "2026-09-20T07:00";
        check(
            "0 7 * * *",
            since,
            "2026-09-22T12:00",
            LatePolicy::Send,
            &[(days[0], Merge), (days[1], Compose)],
        );
        check(
            "0 7 * * *",
            since,
            "2026-09-22T14:00",
            LatePolicy::Send,
            &[(days[0], Merge), (days[1], Merge)],
        );
        check(
            "0 7 * * *",
            since,
            "2026-09-22T12:00",
            LatePolicy::Merge,
            &[(days[0], Merge), (days[1], Merge)],
        );
        check(
            "0 7 * * *",
            since,
            "2026-09-22T12:00",
            LatePolicy::Skip,
            &[(days[0], Skip), (days[1], Skip)],
        );
        check(
            "0 7 * * *",
            since,
            "2026-09-22T07:20",
            LatePolicy::Skip,
            &[(days[0], Skip), (days[1], Compose)],
        );
    }

    #[test]
    fn a_day_has_one_slot_when_clocks_change() {
        use Act::Compose;
        check(
            "30 2 * * *",
            "2026-03-28T02:30",
            "2026-03-29T04:00",
            LatePolicy::Send,
            &[("2026-03-29T02:30", Compose)],
        );
        check(
            "30 2 * * *",
            "2026-10-24T02:30",
            "2026-10-25T02:30",
            LatePolicy::Send,
            &[("2026-10-25T02:30", Compose)],
        );
        check(
            "30 2 * * *",
            "2026-10-25T02:30",
            "2026-10-25T05:00",
            LatePolicy::Send,
            &[],
        );
    }

    #[test]
    fn the_first_window_is_one_period() {
        let zone = "Europe/Berlin".parse().unwrap();
        let first = |cron: &str, due| first_window(&Schedule::parse(cron).unwrap(), zone, at(due));
        assert_eq!(first("0 7 * * *", "2026-09-21T07:00"), at("2026-09-20T07:00"));
        assert_eq!(first("0 7 * * Mon", "2026-09-21T07:00"), at("2026-09-14T07:00"));
        assert_eq!(first("0 7 1 * *", "2026-10-01T07:00"), at("2026-09-24T07:00"));
    }
}
