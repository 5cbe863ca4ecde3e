//! The pulse of each loop: when it last came to the end of a tick, and whether one is running. The watchdog reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A tick that runs longer than this is stuck. A batch of mail to a slow server may take long: 200 messages over four
/// connections at a minute each end before.
const TICK_MAX: Duration = Duration::from_hours(1);

/// The pulses of all loops; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Beats(Arc<Mutex<BTreeMap<&'static str, Beat>>>);

#[derive(Debug, Clone, Copy, Default)]
struct Beat {
    running_since: Option<Instant>,
    has_ended: bool,
}

impl Beats {
    /// A tick of this loop starts. The wall clock is not asked: it may jump while the tick runs.
    pub fn start(&self, name: &'static str, now: Instant) {
        self.with(|beats| beats.entry(name).or_default().running_since = Some(now));
    }

    /// A tick of this loop ended, well or not.
    pub fn end(&self, name: &'static str) {
        self.with(|beats| {
            let beat = beats.entry(name).or_default();
            beat.running_since = None;
            beat.has_ended = true;
        });
    }

    /// Loops whose tick runs too long.
    #[must_use]
    pub fn stuck(&self, now: Instant) -> Vec<&'static str> {
        self.with(|beats| {
            let late = |beat: &Beat| {
                beat.running_since
                    .is_some_and(|since| now.duration_since(since) > TICK_MAX)
            };
            beats
                .iter()
                .filter(|(_, beat)| late(beat))
                .map(|(name, _)| *name)
                .collect()
        })
    }

    /// Whether every named loop has ended a tick at least once: the daemon has started.
    #[must_use]
    pub fn all_ended_once(&self, names: &[&str]) -> bool {
        self.with(|beats| {
            names
                .iter()
                .all(|name| beats.get(name).is_some_and(|beat| beat.has_ended))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<&'static str, Beat>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_stuck_only_while_it_runs_too_long() {
        let begun = Instant::now();
        let at = |secs| begun + Duration::from_secs(secs);
        let beats = Beats::default();
        beats.start("mail", at(0));
        assert!(beats.stuck(at(3_600)).is_empty());
        assert_eq!(beats.stuck(at(3_601)), ["mail"]);
        beats.end("mail");
        assert!(beats.stuck(at(90_000)).is_empty());
        assert!(beats.all_ended_once(&["mail"]));
        assert!(!beats.all_ended_once(&["mail", "ingest"]));
    }
}
