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
mod tests;
