use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn limiter(per_second: u32, per_hour: u32, per_domain_minute: u32) -> Limiter {
    let settings = RateSettings {
        per_second,
        per_hour,
        per_domain_minute,
        per_domain_connections: 0,
        per_connection: 100,
    };
    Limiter::new(&settings)
}

fn later(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

#[test]
fn without_limits_everything_goes() {
    let mut limiter = limiter(0, 0, 0);
    for _ in 0..1000 {
        assert_eq!(limiter.take("example.org", NOW), Ok(()));
    }
    assert_eq!(limiter.room(500, NOW), Ok(500));
}

#[test]
fn a_second_has_so_many() {
    let mut limiter = limiter(3, 0, 0);
    assert_eq!(limiter.room(10, NOW), Ok(3));
    for _ in 0..3 {
        limiter.take("example.org", NOW).unwrap();
    }
    assert_eq!(limiter.room(10, NOW), Err(later(1)));
    assert_eq!(limiter.room(10, later(1)), Ok(3));
}

#[test]
fn an_hour_has_so_many() {
    let mut limiter = limiter(0, 2, 0);
    limiter.take("a.example", NOW).unwrap();
    limiter.take("b.example", later(1800)).unwrap();
    // In no hour are there more, wherever it begins.
    assert_eq!(limiter.room(10, later(1800)), Err(later(3660)));
    assert_eq!(limiter.room(10, later(3600)), Err(later(3660)));
    assert_eq!(limiter.room(10, later(3660)), Ok(1));
    assert_eq!(limiter.room(10, later(1800 + 3660)), Ok(2));
}

#[test]
fn what_went_before_counts_over_restarts_and_reloads() {
    let mut limiter = limiter(0, 2, 0);
    limiter.went_before(&[NOW.minus(Duration::from_hours(2)), NOW]);
    assert_eq!(limiter.room(10, NOW), Ok(1));
    limiter.take("a.example", NOW).unwrap();
    limiter.deferred(BackOff::Relay, "a.example", NOW);
    let same = limiter.settings.clone();
    assert_eq!(limiter.reloaded(&same).room(10, NOW), Err(later(3660)));
    let more = RateSettings { per_hour: 5, ..same };
    assert_eq!(limiter.reloaded(&more).room(10, NOW), Ok(5));
}

#[test]
fn one_domain_does_not_slow_another() {
    let mut limiter = limiter(0, 0, 1);
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
    assert_eq!(limiter.take("A.example", NOW), Err(Wait::Until(later(60))));
    assert_eq!(limiter.take("b.example", NOW), Ok(()));
}

#[test]
fn what_was_not_begun_costs_nothing() {
    let mut limiter = limiter(1, 1, 1);
    for _ in 0..3 {
        limiter.take("a.example", NOW).unwrap();
        limiter.untake("a.example");
    }
    assert_eq!(limiter.room(10, NOW), Ok(1));
}

#[test]
fn a_deferred_relay_rests_longer_each_time() {
    let mut limiter = limiter(0, 0, 0);
    let mut now = NOW;
    for minutes in [5, 10, 20, 40, 80, 160, 240, 240] {
        limiter.deferred(BackOff::Relay, "a.example", now);
        limiter.deferred(BackOff::Relay, "b.example", now);
        let until = now.plus(Duration::from_secs(minutes * 60));
        assert_eq!(limiter.room(10, now), Err(until), "{minutes}");
        assert_eq!(limiter.room(10, until), Ok(1), "one probe");
        now = until;
    }
    limiter.accepted("a.example");
    assert_eq!(limiter.room(10, now), Ok(10));
}

#[test]
fn a_deferred_domain_is_probed_by_one() {
    let mut limiter = limiter(0, 0, 0);
    limiter.take("a.example", NOW).unwrap();
    limiter.deferred(BackOff::Domain, "a.example", NOW);
    assert_eq!(limiter.take("a.example", NOW), Err(Wait::Until(later(300))));
    assert_eq!(limiter.take("b.example", NOW), Ok(()));
    assert_eq!(limiter.take("a.example", later(300)), Ok(()));
    assert_eq!(limiter.take("a.example", later(300)), Err(Wait::Until(later(360))));
    limiter.ended("a.example", true);
    assert_eq!(limiter.take("a.example", later(301)), Ok(()));
    limiter.accepted("a.example");
    assert_eq!(limiter.take("a.example", later(301)), Ok(()));
    assert_eq!(limiter.take("a.example", later(301)), Ok(()));
}

#[test]
fn a_clock_that_is_put_back_makes_no_rest_longer() {
    let mut limiter = limiter(0, 0, 0);
    let wrong = later(10_000_000);
    limiter.take("a.example", wrong).unwrap();
    limiter.deferred(BackOff::Domain, "a.example", wrong);
    limiter.deferred(BackOff::Relay, "a.example", wrong);
    assert_eq!(limiter.room(10, NOW), Err(later(300)));
    assert_eq!(limiter.relay_until(later(100)), Some(later(300)));
    assert_eq!(limiter.room(10, later(300)), Ok(1));
    assert_eq!(limiter.take("a.example", NOW), Err(Wait::Until(later(300))));
    assert_eq!(limiter.take("a.example", later(300)), Ok(()));
}

#[test]
fn a_clock_that_jumps_breaks_nothing() {
    let mut limiter = limiter(2, 0, 1);
    limiter.take("a.example", NOW).unwrap();
    let past = NOW.minus(Duration::from_secs(10_000));
    assert_eq!(
        limiter.take("a.example", past),
        Err(Wait::Until(past.plus(Duration::from_mins(1))))
    );
    assert_eq!(limiter.room(10, past), Ok(1));
    assert!(limiter.room(10, later(1_000_000)).is_ok());
}

#[test]
fn a_domain_has_so_many_on_the_way() {
    let settings = RateSettings {
        per_domain_connections: 2,
        ..limiter(0, 0, 0).settings
    };
    let mut limiter = Limiter::new(&settings);
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
    assert_eq!(limiter.take("a.example", NOW), Err(Wait::Busy));
    assert_eq!(limiter.take("b.example", NOW), Ok(()));
    limiter.ended("a.example", true);
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
    limiter.untake("a.example");
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
    assert_eq!(limiter.take("a.example", NOW), Err(Wait::Busy));
    limiter.nothing_on_the_way();
    assert_eq!(limiter.take("a.example", NOW), Ok(()));
}

#[test]
fn memory_is_bounded() {
    let mut limiter = limiter(0, 0, 20);
    for n in 0..3 * DOMAINS_MAX {
        limiter.take(&format!("d{n}.example"), NOW).unwrap();
    }
    assert!(limiter.domains.len() <= DOMAINS_MAX);
}
