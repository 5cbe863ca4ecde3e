use proptest::prelude::*;

use super::*;
use crate::time::parse_local;

fn at(text: &str) -> Timestamp {
    parse_local(text, Zone::UTC).unwrap().1
}

/// The next slots after a local time, as `key = UTC`, keys without their zone.
#[track_caller]
fn check(schedule: &str, zone: &str, after: &str, expected: &[&str]) {
    let zone: Zone = zone.parse().unwrap();
    let (_, after) = parse_local(after, zone).unwrap();
    let schedule = Schedule::parse(schedule).unwrap();
    let end = Timestamp::from_unix(i64::MAX);
    let found: Vec<String> = schedule
        .between(zone, after, end)
        .take(expected.len())
        .map(|firing| {
            format!(
                "{} = {}",
                firing.key.split('[').next().unwrap(),
                zone.local(firing.at).rfc3339()
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_local_time_in_a_gap_fires_right_after_it() {
    check(
        "30 2 * * *",
        "America/New_York",
        "2026-03-07T12:00",
        &[
            "2026-03-08T02:30 = 2026-03-08T03:00:00-04:00",
            "2026-03-09T02:30 = 2026-03-09T02:30:00-04:00",
        ],
    );
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        &[
            "2026-03-29T02:30 = 2026-03-29T03:00:00+02:00",
            "2026-03-30T02:30 = 2026-03-30T02:30:00+02:00",
        ],
    );
    check(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00",
        &[
            "2026-10-04T02:15 = 2026-10-04T02:30:00+11:00",
            "2026-10-05T02:15 = 2026-10-05T02:15:00+11:00",
        ],
    );
    check(
        "0 0 * * *",
        "America/Santiago",
        "2026-09-05T12:00",
        &["2026-09-06T00:00 = 2026-09-06T01:00:00-03:00"],
    );
    check(
        "0 0 * * *",
        "America/Havana",
        "2026-03-07T12:00",
        &["2026-03-08T00:00 = 2026-03-08T01:00:00-04:00"],
    );
    check(
        "30 0 * * *",
        "Africa/Cairo",
        "2026-04-23T12:00",
        &["2026-04-24T00:30 = 2026-04-24T01:00:00+03:00"],
    );
    check(
        "0 0 * * *",
        "Asia/Beirut",
        "2026-03-28T12:00",
        &["2026-03-29T00:00 = 2026-03-29T01:00:00+03:00"],
    );
}

#[test]
fn a_local_time_that_comes_twice_fires_the_first_time_only() {
    check(
        "30 1 * * *",
        "America/New_York",
        "2026-10-31T12:00",
        &[
            "2026-11-01T01:30 = 2026-11-01T01:30:00-04:00",
            "2026-11-02T01:30 = 2026-11-02T01:30:00-05:00",
        ],
    );
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00",
        &[
            "2026-10-25T02:30 = 2026-10-25T02:30:00+02:00",
            "2026-10-26T02:30 = 2026-10-26T02:30:00+01:00",
        ],
    );
    check(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T12:00",
        &[
            "2026-04-05T01:45 = 2026-04-05T01:45:00+11:00",
            "2026-04-06T01:45 = 2026-04-06T01:45:00+10:30",
        ],
    );
    // Asked within the second pass of the hour, the slot of the first is over.
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    let next = Schedule::parse("30 2 * * *")
        .unwrap()
        .next_after(berlin, at("2026-10-25T01:10Z"))
        .unwrap();
    assert_eq!(next.key, "2026-10-26T02:30[Europe/Berlin]");
}

#[test]
fn a_date_that_does_not_exist_has_no_slot() {
    check(
        "0 8 * * *",
        "Pacific/Apia",
        "2011-12-28T12:00",
        &[
            "2011-12-29T08:00 = 2011-12-29T08:00:00-10:00",
            "2011-12-31T08:00 = 2011-12-31T08:00:00+14:00",
            "2012-01-01T08:00 = 2012-01-01T08:00:00+14:00",
        ],
    );
}

#[test]
fn slots_that_fall_on_one_instant_fire_once() {
    check(
        "0 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:30",
        &[
            "2026-03-29T01:00 = 2026-03-29T01:00:00+01:00",
            "2026-03-29T02:00 = 2026-03-29T03:00:00+02:00",
            "2026-03-29T04:00 = 2026-03-29T04:00:00+02:00",
        ],
    );
}

#[test]
fn ramadan_in_morocco_is_one_firing_a_day() {
    one_a_day("30 2 * * *", "Africa/Casablanca".parse().unwrap(), 2026);
}

#[test]
fn weekdays_and_day_fields_mean_what_they_mean_in_crontab() {
    check(
        "0 8 * * 1",
        "UTC",
        "2026-11-23",
        &["2026-11-23T08:00 = 2026-11-23T08:00:00+00:00"],
    );
    check(
        "0 8 * * 0",
        "UTC",
        "2026-11-23",
        &["2026-11-29T08:00 = 2026-11-29T08:00:00+00:00"],
    );
    check(
        "0 8 * * 7",
        "UTC",
        "2026-11-23",
        &["2026-11-29T08:00 = 2026-11-29T08:00:00+00:00"],
    );
    check(
        "0 8 * * Sat-Sun",
        "UTC",
        "2026-11-23",
        &[
            "2026-11-28T08:00 = 2026-11-28T08:00:00+00:00",
            "2026-11-29T08:00 = 2026-11-29T08:00:00+00:00",
        ],
    );
    check(
        "0 8 13 * Fri",
        "UTC",
        "2026-11-23",
        &[
            "2026-11-27T08:00 = 2026-11-27T08:00:00+00:00",
            "2026-12-04T08:00 = 2026-12-04T08:00:00+00:00",
            "2026-12-11T08:00 = 2026-12-11T08:00:00+00:00",
            "2026-12-13T08:00 = 2026-12-13T08:00:00+00:00",
        ],
    );
    check(
        "0 8 29 2 *",
        "UTC",
        "2026-11-23",
        &["2028-02-29T08:00 = 2028-02-29T08:00:00+00:00"],
    );
}

#[test]
fn what_never_fires_is_refused() {
    for text in ["0 8 31 2 *", "0 8 30 2 *", "0 8 31 4,6,9,11 *"] {
        assert!(
            Schedule::parse(text).unwrap_err().to_string().contains("never fires"),
            "{text}"
        );
    }
    assert!(Schedule::parse("0 8 31 2 Mon").is_ok(), "either day field counts");
}

/// Every civil date of the year that exists in the zone has exactly one firing, on that date.
#[track_caller]
fn one_a_day(schedule: &str, zone: Zone, year: i32) {
    let schedule = Schedule::parse(schedule).unwrap();
    let dates = std::iter::successors(format!("{year}-01-01").parse().ok(), |date: &CivilDate| {
        Some(date.plus_days(1))
    });
    let expected: Vec<CivilDate> = dates
        .take_while(|date| date.year() == year)
        .filter(|date| date.start_in(zone).is_some())
        .collect();
    let start = at(&format!("{}-12-31", year - 1)).minus(std::time::Duration::from_hours(24));
    let end = at(&format!("{}-01-03", year + 1));
    let found: Vec<Firing> = schedule
        .between(zone, start, end)
        .filter(|firing| firing.date.year() == year)
        .collect();
    let dates: Vec<CivilDate> = found.iter().map(|firing| firing.date).collect();
    assert_eq!(dates, expected, "{schedule} in {zone}");
    for firing in found {
        let local = zone.local(firing.at).date();
        assert!(
            local == firing.date || day_ended_before(&firing, zone),
            "{schedule} in {zone}: {} fires on {local}",
            firing.key
        );
    }
}

/// The clock was put forward over the asked time and the rest of the day with it, so the firing is the next day's first
/// instant: America/Scoresbysund went from 23:00 on 29 March 2025 to midnight.
fn day_ended_before(firing: &Firing, zone: Zone) -> bool {
    let last = zone.local(firing.at.minus(std::time::Duration::from_secs(1)));
    let asked = firing.key.get(11..16).unwrap();
    last.date() == firing.date
        && last.clock().as_str() < asked
        && firing.date.plus_days(1).start_in(zone) == Some(firing.at)
}

#[test]
fn a_day_without_its_last_hour_has_its_firing() {
    one_a_day("0 23 * * *", "America/Scoresbysund".parse().unwrap(), 2025);
    one_a_day("59 23 * * *", "America/Scoresbysund".parse().unwrap(), 2025);
}

#[test]
fn every_zone_has_one_firing_a_day() {
    for zone in chrono_tz::TZ_VARIANTS {
        let zone: Zone = zone.name().parse().unwrap();
        for schedule in ["0 0 * * *", "30 1 * * *", "30 2 * * *", "0 7 * * *"] {
            one_a_day(schedule, zone, 2026);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_year_in_any_zone_has_one_firing_a_day(place in 0..chrono_tz::TZ_VARIANTS.len(), year in 1975..2035, hour in 0..24, minute in 0..60) {
        let zone: Zone = chrono_tz::TZ_VARIANTS[place].name().parse().unwrap();
        one_a_day(&format!("{minute} {hour} * * *"), zone, year);
    }

    #[test]
    fn next_after_goes_forward_and_is_the_same_from_anywhere_before(place in 0..chrono_tz::TZ_VARIANTS.len(), unix in 0_i64..4_000_000_000, skip in 0_i64..100_000) {
        let zone: Zone = chrono_tz::TZ_VARIANTS[place].name().parse().unwrap();
        let schedule = Schedule::parse("*/20 1-3 * * *").unwrap();
        let first = schedule.next_after(zone, Timestamp::from_unix(unix)).unwrap();
        prop_assert!(first.at.unix() > unix);
        let nearer = Timestamp::from_unix((unix + skip).min(first.at.unix() - 1));
        prop_assert_eq!(&schedule.next_after(zone, nearer).unwrap(), &first);
        let last = schedule.last_between(zone, Timestamp::from_unix(unix), first.at.plus(std::time::Duration::from_mins(150))).unwrap();
        let walked = schedule.between(zone, Timestamp::from_unix(unix), first.at.plus(std::time::Duration::from_mins(150))).last().unwrap();
        prop_assert_eq!(last, walked);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9*/,@a-zA-Z -]{0,40}|.{0,60}") {
        if let Ok(schedule) = Schedule::parse(&text) {
            prop_assert!(!schedule.words().is_empty());
            prop_assert_eq!(Schedule::parse(&schedule.fields().canonical()).unwrap(), schedule);
        }
        let _ = text.parse::<Zone>();
        let _ = parse_local(&text, Zone::UTC);
        let _ = crate::time::parse_clock(&text);
        let _ = crate::time::ReaderSchedule::parse(&text);
    }
}

#[test]
fn everyday_rhythms_are_days_and_one_time() {
    for (text, expected) in [
        ("0 7 * * *", Some((vec![0, 1, 2, 3, 4, 5, 6], "07:00"))),
        ("30 6 * * 1-5", Some((vec![1, 2, 3, 4, 5], "06:30"))),
        ("0 18 * * 7", Some((vec![0], "18:00"))),
        ("0 7,19 * * *", None),
        ("*/5 7 * * *", None),
        ("0 7 1 * *", None),
        ("0 7 * 3 *", None),
    ] {
        let expected = expected.map(|(days, time)| (days, time.to_owned()));
        assert_eq!(Schedule::parse(text).unwrap().plain(), expected, "{text}");
    }
}
