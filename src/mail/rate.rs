//! How fast mail may leave: so many in a span, and patience with destinations that asked for it. Pure: time is an
//! argument.
//!
//! A destination that defers us (421, 4.7.x) is left alone for 5 minutes, then twice as long at each further deferral,
//! at most 4 hours. When the time is over, one message tries it; the first success ends the matter.

mod window;

use std::collections::BTreeMap;
use std::time::Duration;

use super::retry::BackOff;
use crate::config::RateSettings;
use crate::time::Timestamp;
use window::Window;

const BACK_OFF_FIRST: Duration = Duration::from_mins(5);
const BACK_OFF_MAX: Duration = Duration::from_hours(4);
/// Most recipient domains remembered; idle ones are forgotten first.
const DOMAINS_MAX: usize = 10_000;

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

    /// Until when it is left alone. No longer than it was to be from now on: the clock may have been put back.
    fn rest(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.until = self.until.min(now.plus(self.step));
        (!self.is_calm() && now < self.until).then_some(self.until)
    }

    /// Whether a message may go, or when to ask again.
    fn ask(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.is_calm() {
            return Ok(());
        }
        if let Some(until) = self.rest(now) {
            return Err(until);
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
    minute: Option<Window>,
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
    second: Option<Window>,
    hour: Option<Window>,
    relay: Patience,
    domains: BTreeMap<String, DomainState>,
}

impl Limiter {
    /// Nothing went yet, nobody is deferred.
    #[must_use]
    pub fn new(settings: &RateSettings) -> Self {
        Self {
            second: Window::a_second(settings.per_second),
            hour: Window::an_hour(settings.per_hour),
            relay: Patience::default(),
            domains: BTreeMap::new(),
            settings: settings.clone(),
        }
    }

    /// Counts what went before this process began, oldest first: a process that dies again and again sends no more in an
    /// hour than one that lives.
    pub fn went_before(&mut self, times: &[Timestamp]) {
        if let Some(hour) = &mut self.hour {
            for at in times {
                hour.take(*at);
            }
        }
    }

    /// For other settings: nobody is deferred any more, since what was wrong may have been put right; what went still
    /// counts.
    #[must_use]
    pub fn reloaded(&self, settings: &RateSettings) -> Self {
        let mut limiter = Self::new(settings);
        if settings.per_hour == self.settings.per_hour {
            limiter.hour.clone_from(&self.hour);
        }
        limiter
    }

    /// How many messages may be taken up now, at most `limit`; with none, when to ask again.
    ///
    /// # Errors
    /// The time to ask again.
    pub fn room(&mut self, limit: usize, now: Timestamp) -> Result<usize, Timestamp> {
        let mut room = limit;
        if let Some(until) = self.relay.rest(now) {
            return Err(until);
        }
        if !self.relay.is_calm() {
            room = room.min(1);
        }
        for window in [&mut self.second, &mut self.hour].into_iter().flatten() {
            let n_free = window.n_free(now);
            if n_free == 0 {
                return Err(window.ready_at(now));
            }
            room = room.min(usize::try_from(n_free).unwrap_or(usize::MAX));
        }
        Ok(room)
    }

    /// Takes up one message to this domain.
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
                minute: Window::a_minute(per_minute),
                patience: Patience::default(),
                n_busy: 0,
            });
        if at_once > 0 && state.n_busy >= at_once {
            return Err(Wait::Busy);
        }
        if let Some(minute) = &mut state.minute
            && minute.n_free(now) == 0
        {
            return Err(Wait::Until(minute.ready_at(now)));
        }
        state.patience.ask(now).map_err(Wait::Until)?;
        state.n_busy = state.n_busy.saturating_add(1);
        let windows = [state.minute.as_mut(), self.second.as_mut(), self.hour.as_mut()];
        windows.into_iter().flatten().for_each(|window| window.take(now));
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

    /// The message was not begun after all: it does not count.
    pub fn untake(&mut self, domain: &str) {
        let state = self.domains.get_mut(&domain.to_lowercase());
        let own = state.and_then(|state| {
            state.patience.probing = false;
            state.n_busy = state.n_busy.saturating_sub(1);
            state.minute.as_mut()
        });
        let windows = [own, self.second.as_mut(), self.hour.as_mut()];
        windows.into_iter().flatten().for_each(Window::untake);
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
    pub fn relay_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.relay.rest(now)
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
            if let Some(minute) = &mut state.minute {
                minute.n_free(now);
            }
            state.n_busy > 0 || !state.patience.is_calm() || state.minute.as_ref().is_some_and(|m| !m.is_idle())
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
}
