//! The clock and randomness, as arguments. The only file that reads either.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// Now, in whole seconds.
    fn now(&self) -> Timestamp;

    /// Whether it shows a time of the past on purpose, so that no time is wrong.
    fn replays(&self) -> bool {
        false
    }
}

/// Gives random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// A random number below `bound`; 0 when `bound` is 0. The slight bias does not matter for jitter.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(span) => i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs())
                .unwrap_or(i64::MAX)
                .saturating_neg(),
        };
        Timestamp::from_unix(seconds)
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system always has randomness after boot");
    }
}

/// A clock that stands still until it is told the time; for tests, replays and back-tests.
#[derive(Debug, Default)]
pub struct FakeClock {
    unix: AtomicI64,
    replays: bool,
}

impl FakeClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            unix: AtomicI64::new(now.unix()),
            replays: false,
        }
    }

    /// A clock for news of long ago, told again from this time on.
    #[must_use]
    pub fn replaying(from: Timestamp) -> Self {
        Self {
            replays: true,
            ..Self::at(from)
        }
    }

    /// Sets the time, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.unix.store(now.unix(), Ordering::SeqCst);
    }

    /// Moves the time forward.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().plus(span));
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.unix.load(Ordering::SeqCst))
    }

    fn replays(&self) -> bool {
        self.replays
    }
}

/// Repeatable bytes from a seed (SplitMix64); for tests, where Message-IDs and tokens must come out the same.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A generator for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for (to, from) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *to = from;
            }
        }
    }
}
