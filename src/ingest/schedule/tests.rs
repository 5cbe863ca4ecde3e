use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000); // Wed, 25 Feb 2026 06:13:20 UTC
const MINUTE: i64 = 60;
const HOURS: i64 = 3_600;
const DAYS: i64 = 86_400;

struct Case {
    policy: Policy,
    has_validators: bool,
    is_pushed: bool,
    hints: FeedHints,
    recent: Vec<Timestamp>,
    seed: u64,
    edition: Option<Timestamp>,
}

fn secs(n: i64) -> Duration {
    Duration::from_secs(n.unsigned_abs())
}

/// A feed with validators and steady news, an interval of an hour.
fn case() -> Case {
    Case {
        policy: Policy {
            interval: secs(HOURS),
            explicit: false,
            interval_max: secs(DAYS),
            before_edition: secs(10 * MINUTE),
        },
        has_validators: true,
        is_pushed: false,
        hints: FeedHints::default(),
        recent: every(20 * MINUTE),
        seed: 0,
        edition: None,
    }
}

fn every(gap: i64) -> Vec<Timestamp> {
    (0..20).map(|i| Timestamp::from_unix(NOW.unix() - i * gap)).collect()
}

#[track_caller]
fn check(case: &Case, came: Came, expected: i64, reason: &str) {
    let rhythm = Rhythm {
        recent: &case.recent,
        has_validators: case.has_validators,
        is_pushed: case.is_pushed,
        hints: case.hints,
        seed: case.seed,
    };
    let next = next_poll(NOW, &case.policy, &rhythm, came, case.edition);
    assert_eq!(next.at.unix() - NOW.unix(), expected, "{}", next.reason);
    assert!(next.reason.contains(reason), "{}", next.reason);
}

fn good(fresh_for: i64) -> Came {
    Came::Good {
        fresh_for: secs(fresh_for),
    }
}

#[test]
fn the_interval_is_kept_and_has_a_floor() {
    check(&case(), good(0), HOURS, "configured");
    let mut eager = case();
    eager.policy.interval = secs(MINUTE);
    check(&eager, good(0), 15 * MINUTE, "configured");
    eager.policy.explicit = true;
    eager.recent = every(MINUTE);
    check(&eager, good(0), MINUTE, "configured");
}

#[test]
fn jitter_only_lengthens_and_is_the_feeds_own() {
    let mut other = case();
    other.seed = 50;
    check(&other, good(0), HOURS + 180, "configured");
    other.seed = 100;
    check(&other, good(0), HOURS + 360, "configured");
    assert_ne!(seed("a"), seed("b"));
    assert_eq!(seed("acme"), seed("acme"));
}

#[test]
fn the_server_may_lengthen_up_to_a_day_and_never_shorten() {
    check(&case(), good(2 * HOURS), 2 * HOURS, "max-age");
    check(&case(), good(60), HOURS, "configured");
    check(&case(), good(365 * DAYS), DAYS, "max-age");
    let mut ttl = case();
    ttl.hints.ttl = secs(3 * HOURS);
    check(&ttl, good(0), 3 * HOURS, "ttl");
    check(&ttl, good(4 * HOURS), 4 * HOURS, "max-age");
    ttl.hints.ttl = secs(30 * DAYS);
    check(&ttl, good(0), DAYS, "ttl");
    ttl.hints.ttl = secs(60);
    check(&ttl, good(0), HOURS, "configured");
}

#[test]
fn without_validators_once_a_day_unless_configured() {
    let mut bare = case();
    bare.has_validators = false;
    check(&bare, good(0), DAYS, "no validators");
    bare.policy.explicit = true;
    check(&bare, good(0), HOURS, "configured");
}

#[test]
fn quiet_feeds_are_asked_less() {
    let mut quiet = case();
    quiet.recent = every(8 * HOURS);
    check(&quiet, good(0), 2 * HOURS, "rhythm");
    quiet.recent = every(30 * DAYS);
    check(&quiet, good(0), DAYS, "rhythm");
    quiet.policy.interval_max = secs(3 * HOURS);
    check(&quiet, good(0), 3 * HOURS, "rhythm");
    quiet.recent = Vec::new();
    check(&quiet, good(0), HOURS, "configured");
}

#[test]
fn a_feed_with_a_hub_is_asked_in_case_the_hub_forgets() {
    let mut pushed = case();
    pushed.is_pushed = true;
    check(&pushed, good(0), 6 * HOURS, "hub");
    check(&pushed, good(8 * HOURS), 8 * HOURS, "max-age");
    pushed.edition = Some(NOW.plus(secs(3 * HOURS)));
    check(&pushed, good(0), 3 * HOURS - 10 * MINUTE, "edition");
    pushed.edition = None;
    pushed.policy.explicit = true;
    check(&pushed, good(0), HOURS, "configured");
}

#[test]
fn a_feed_that_fell_silent_is_asked_less() {
    let mut silent = case();
    silent.recent = every(MINUTE).iter().map(|t| t.minus(secs(4 * DAYS))).collect();
    check(&silent, good(0), 6 * HOURS, "rhythm");
}

#[test]
fn the_last_poll_is_shortly_before_the_edition() {
    let mut morning = case();
    // The rhythm alone would wait 6 hours; the edition is in 3.
    morning.recent = every(DAYS);
    morning.edition = Some(NOW.plus(secs(3 * HOURS)));
    check(&morning, good(0), 3 * HOURS - 10 * MINUTE, "edition");
    // The next poll would be 55 minutes before: it waits for the edition, as both are not allowed.
    let mut near = case();
    near.edition = Some(NOW.plus(secs(2 * HOURS)));
    check(&near, good(0), 2 * HOURS - 10 * MINUTE, "edition");
    // Too early after this poll: the interval stands.
    near.edition = Some(NOW.plus(secs(30 * MINUTE)));
    check(&near, good(0), HOURS, "configured");
    // The server's wish stands too.
    near.edition = Some(NOW.plus(secs(2 * HOURS)));
    check(&near, good(5 * HOURS), 5 * HOURS, "max-age");
    // Far away: nothing changes.
    near.edition = Some(NOW.plus(secs(20 * HOURS)));
    check(&near, good(0), HOURS, "configured");
    near.policy.before_edition = Duration::ZERO;
    near.edition = Some(NOW.plus(secs(2 * HOURS)));
    check(&near, good(0), HOURS, "configured");
}

#[test]
fn skip_hours_and_days() {
    let mut night = case();
    night.hints.skip_hours = 1 << 7; // 07:13:20 is where the interval ends
    check(&night, good(0), 6_400, "skipHours");
    night.hints.skip_hours = 1 << 6;
    check(&night, good(0), HOURS, "configured");
    night.hints.skip_hours = (1 << 24) - 1;
    check(&night, good(0), HOURS + DAYS, "skipHours");
    night.hints = FeedHints {
        skip_days: 1 << 2, // Wednesday
        ..FeedHints::default()
    };
    check(&night, good(0), 64_000, "skipDays");
}

fn failed(failures: u32, refused: bool, retry_in: Option<i64>) -> Came {
    Came::Failed {
        failures,
        refused,
        retry_at: retry_in.map(|wait| NOW.plus(secs(wait))),
    }
}

#[test]
fn failures_back_off_to_a_day() {
    check(&case(), failed(1, false, None), HOURS, "failed once");
    check(&case(), failed(2, false, None), 2 * HOURS, "2 in a row");
    check(&case(), failed(5, false, None), 16 * HOURS, "5 in a row");
    check(&case(), failed(6, false, None), DAYS, "6 in a row");
    check(&case(), failed(u32::MAX, false, None), DAYS, "in a row");
    check(&case(), failed(1, true, None), 2 * HOURS, "once");
    check(&case(), failed(4, true, None), 16 * HOURS, "4 in a row");
    let mut slow = case();
    slow.policy.interval = secs(2 * DAYS);
    check(&slow, failed(3, true, None), 2 * DAYS, "3 in a row");
}

#[test]
fn retry_after_is_kept_to_the_second() {
    check(&case(), failed(1, true, Some(5_000)), 5_000, "Retry-After");
    check(&case(), failed(9, true, Some(7 * DAYS)), 7 * DAYS, "Retry-After");
    check(&case(), failed(1, true, Some(30)), HOURS, "Retry-After");
}
