//! How fast mail may leave: token buckets, and patience with destinations that asked for it. Pure: time is an argument.
//!
//! A destination that defers us (421, 4.7.x) is left alone for 5 minutes, then twice as long at each further deferral,
//! at most 4 hours. When the time is over, one message tries it; the first success ends the matter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::retry::BackOff;
use crate::config::RateSettings;
use crate::time::Timestamp;

const BACK_OFF_FIRST: Duration = Duration::from_mins(5);
const BACK_OFF_MAX: Duration = Duration::from_hours(4);
/// Most recipient domains remembered; idle ones are forgotten first.
const DOMAINS_MAX: usize = 10_000;

/// So many in a span, refilled evenly.
#[derive(Debug, Clone, PartialEq)]
struct Bucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// `None` for a rate of 0, which is no limit.
    fn new(n: u32, span_secs: u32, now: Timestamp) -> Option<Self> {
        (n > 0).then(|| Self {
            capacity: f64::from(n),
            per_second: f64::from(n) / f64::from(span_secs),
            tokens: f64::from(n),
            at: now,
        })
    }

    fn refill(&mut self, now: Timestamp) {
        let passed = now.since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.capacity);
        // A clock that went back gives nothing and takes nothing.
        self.at = now;
    }

    fn is_full(&self) -> bool {
        self.tokens >= self.capacity
    }

    /// When the next token is there, counted from the last refill.
    fn ready_at(&self) -> Timestamp {
        if self.tokens >= 1.0 {
            return self.at;
        }
        let wait = ((1.0 - self.tokens) / self.per_second).ceil();
        self.at.plus(Duration::from_secs_f64(wait.clamp(1.0, 86_400.0)))
    }
}

/// Patience with one destination.
#[derive(Debug, Clone, Default, PartialEq)]
struct Patience {
    step: Duration,
    until: Timestamp,
    probing: bool,
}

impl Patience {
    fn is_calm(&self) -> bool {
        self.step.is_zero()
    }

    fn defer(&mut self, now: Timestamp) {
        // Several messages in flight may be deferred at once: that is one deferral.
        if self.is_calm() || now >= self.until {
            self.step = (self.step * 2).clamp(BACK_OFF_FIRST, BACK_OFF_MAX);
        }
        self.until = now.plus(self.step);
        self.probing = false;
    }

    /// Whether a message may go, or when to ask again.
    fn ask(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.is_calm() {
            return Ok(());
        }
        if now < self.until {
            return Err(self.until);
        }
        if self.probing {
            return Err(now.plus(Duration::from_mins(1)));
        }
        self.probing = true;
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq)]
struct DomainState {
    bucket: Option<Bucket>,
    patience: Patience,
    /// Messages on their way.
    n_busy: u32,
}

/// Why a message is not taken up now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It may go then.
    Until(Timestamp),
    /// As many as may be are on their way to this domain; it may go when one of them has ended.
    Busy,
}

/// All limits of one way out.
#[derive(Debug, Clone)]
pub struct Limiter {
    settings: RateSettings,
    second: Option<Bucket>,
    hour: Option<Bucket>,
    relay: Patience,
    domains: BTreeMap<String, DomainState>,
}

impl Limiter {
    /// Full buckets, nobody deferred.
    #[must_use]
    pub fn new(settings: &RateSettings, now: Timestamp) -> Self {
        Self {
            second: Bucket::new(settings.per_second, 1, now),
            hour: Bucket::new(settings.per_hour, 3600, now),
            relay: Patience::default(),
            domains: BTreeMap::new(),
            settings: settings.clone(),
        }
    }

    /// How many messages may be taken up now, at most `limit`; with none, when to ask again.
    ///
    /// # Errors
    /// The time to ask again.
    pub fn room(&mut self, limit: usize, now: Timestamp) -> Result<usize, Timestamp> {
        let mut room = limit;
        if !self.relay.is_calm() {
            if now < self.relay.until {
                return Err(self.relay.until);
            }
            room = room.min(1);
        }
        for bucket in [&mut self.second, &mut self.hour].into_iter().flatten() {
            bucket.refill(now);
            let whole = bucket.tokens.floor();
            if whole < 1.0 {
                return Err(bucket.ready_at());
            }
            // Truncation is wanted: a count of whole tokens, far below 2^32.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 1 and u32::MAX"
            )]
            let whole = whole as usize;
            room = room.min(whole);
        }
        Ok(room)
    }

    /// Takes a token for one message to this domain.
    ///
    /// # Errors
    /// When it must wait, and for what.
    pub fn take(&mut self, domain: &str, now: Timestamp) -> Result<(), Wait> {
        self.forget_idle(now);
        let per_minute = self.settings.per_domain_minute;
        let at_once = self.settings.per_domain_connections;
        let state = self
            .domains
            .entry(domain.to_lowercase())
            .or_insert_with(|| DomainState {
                bucket: Bucket::new(per_minute, 60, now),
                patience: Patience::default(),
                n_busy: 0,
            });
        if at_once > 0 && state.n_busy >= at_once {
            return Err(Wait::Busy);
        }
        if let Some(bucket) = &mut state.bucket {
            bucket.refill(now);
            if bucket.tokens < 1.0 {
                return Err(Wait::Until(bucket.ready_at()));
            }
        }
        state.patience.ask(now).map_err(Wait::Until)?;
        state.n_busy = state.n_busy.saturating_add(1);
        if let Some(bucket) = &mut state.bucket {
            bucket.tokens -= 1.0;
        }
        for bucket in [&mut self.second, &mut self.hour].into_iter().flatten() {
            bucket.tokens -= 1.0;
        }
        Ok(())
    }

    /// A message was accepted: whoever was deferred is trusted again.
    pub fn accepted(&mut self, domain: &str) {
        self.relay = Patience::default();
        if let Some(state) = self.domains.get_mut(&domain.to_lowercase()) {
            state.patience = Patience::default();
        }
    }

    /// The attempt ended. When `silent`, without a word on the destination: a probe may be made again.
    pub fn ended(&mut self, domain: &str, silent: bool) {
        if let Some(state) = self.domains.get_mut(&domain.to_lowercase()) {
            state.n_busy = state.n_busy.saturating_sub(1);
            state.patience.probing &= !silent;
        }
    }

    /// The message was not begun after all: its tokens come back.
    pub fn untake(&mut self, domain: &str) {
        let state = self.domains.get_mut(&domain.to_lowercase());
        let own = state.and_then(|state| {
            state.patience.probing = false;
            state.n_busy = state.n_busy.saturating_sub(1);
            state.bucket.as_mut()
        });
        for bucket in [own, self.second.as_mut(), self.hour.as_mut()].into_iter().flatten() {
            bucket.tokens = (bucket.tokens + 1.0).min(bucket.capacity);
        }
    }

    /// A destination asked for patience.
    pub fn deferred(&mut self, who: BackOff, domain: &str, now: Timestamp) {
        match who {
            BackOff::Relay => self.relay.defer(now),
            BackOff::Domain => {
                if let Some(state) = self.domains.get_mut(&domain.to_lowercase()) {
                    state.patience.defer(now);
                }
            }
        }
    }

    /// When the relay is spoken to again; `None` when it is not deferred.
    #[must_use]
    pub fn relay_until(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.relay.is_calm() && now < self.relay.until).then_some(self.relay.until)
    }

    /// Nothing is on its way: a batch begins.
    pub fn nothing_on_the_way(&mut self) {
        for state in self.domains.values_mut() {
            state.n_busy = 0;
        }
    }

    fn forget_idle(&mut self, now: Timestamp) {
        if self.domains.len() < DOMAINS_MAX {
            return;
        }
        self.domains.retain(|_, state| {
            if let Some(bucket) = &mut state.bucket {
                bucket.refill(now);
            }
            state.n_busy > 0 || !state.patience.is_calm() || state.bucket.as_ref().is_some_and(|b| !b.is_full())
        });
        if self.domains.len() >= DOMAINS_MAX {
            self.domains.clear();
        }
    }
}

/// The part of an address behind its `@`.
#[must_use]
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
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
        Limiter::new(&settings, NOW)
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
        limiter.take("b.example", NOW).unwrap();
        assert_eq!(limiter.room(10, NOW), Err(later(1800)));
        assert_eq!(limiter.room(10, later(1800)), Ok(1));
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
        let mut limiter = Limiter::new(&settings, NOW);
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
}
