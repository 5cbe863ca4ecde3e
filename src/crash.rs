//! Named places where a test kills the process: `COURANT_CRASH_AT=after_354`, or `after_354:3` for the third time the
//! place is passed. Only with the feature `crash-points`; otherwise nothing is left of it.

/// Dies here, as at a power cut, when a test asked for it.
#[cfg(feature = "crash-points")]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's switch, never part of a release build"
)]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};

    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("COURANT_CRASH_AT") else {
        return;
    };
    let (wanted, nth) = match wanted.split_once(':') {
        Some((wanted, nth)) => (wanted, nth.parse().unwrap_or(1)),
        None => (wanted.as_str(), 1),
    };
    if wanted == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == nth {
        std::process::abort();
    }
}

/// Does nothing: this build has no crash points.
#[cfg(not(feature = "crash-points"))]
pub const fn point(_name: &str) {}
