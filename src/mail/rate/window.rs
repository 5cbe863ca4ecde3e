//! How many went in the last second, minute or hour. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

/// So many in any span: what went is counted in slots, and a slot counts until it has left the span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    max: u32,
    slot_secs: i64,
    n_slots: i64,
    /// Slots with how many went in them, oldest first.
    went: VecDeque<(i64, u32)>,
    n_went: u32,
}

impl Window {
    /// `None` for a rate of 0, which is no limit.
    fn new(max: u32, slot_secs: i64, n_slots: i64) -> Option<Self> {
        (max > 0).then(|| Self {
            max,
            slot_secs,
            n_slots,
            went: VecDeque::new(),
            n_went: 0,
        })
    }

    pub(super) fn a_second(max: u32) -> Option<Self> {
        Self::new(max, 1, 1)
    }

    pub(super) fn a_minute(max: u32) -> Option<Self> {
        Self::new(max, 1, 60)
    }

    /// In slots of a minute, and one more: a slot that is half over counts whole.
    pub(super) fn an_hour(max: u32) -> Option<Self> {
        Self::new(max, 60, 61)
    }

    /// How many may go now.
    pub(super) fn n_free(&mut self, now: Timestamp) -> u32 {
        let slot = self.slot(now);
        while let Some((oldest, n)) = self.went.front().copied()
            && oldest <= slot.saturating_sub(self.n_slots)
        {
            self.n_went = self.n_went.saturating_sub(n);
            self.went.pop_front();
        }
        // A clock that went back gives nothing and takes nothing.
        for (at, _) in &mut self.went {
            *at = (*at).min(slot);
        }
        self.max.saturating_sub(self.n_went)
    }

    fn slot(&self, now: Timestamp) -> i64 {
        now.unix().div_euclid(self.slot_secs)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.n_went == 0
    }

    /// When the next one may go, with none free now.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        let oldest = self.went.front().map_or_else(|| self.slot(now), |(slot, _)| *slot);
        let free = oldest.saturating_add(self.n_slots).saturating_mul(self.slot_secs);
        Timestamp::from_unix(free).max(now.plus(Duration::from_secs(1)))
    }

    pub(super) fn take(&mut self, now: Timestamp) {
        let slot = self.slot(now);
        match self.went.back_mut() {
            Some((newest, n)) if *newest == slot => *n = n.saturating_add(1),
            _ => self.went.push_back((slot, 1)),
        }
        self.n_went = self.n_went.saturating_add(1);
    }

    /// The newest one did not go after all.
    pub(super) fn untake(&mut self) {
        if let Some((_, n)) = self.went.back_mut() {
            *n = n.saturating_sub(1);
            self.n_went = self.n_went.saturating_sub(1);
            if *n == 0 {
                self.went.pop_back();
            }
        }
    }
}
