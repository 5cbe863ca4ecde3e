//! Named places where a test kills the process: `COURANT_CRASH_AT=after_354`, or `after_354:3` for the third time the
//! place is passed. Only in builds with debug assertions, which tests are; nothing of it is left in a release build.
//! `tests/it/crash.rs` holds what must be true after each of them.

/// Every place, in the order in which a subscription and then an edition pass them.
pub const POINTS: [&str; 22] = [
    "inbound_before_commit",
    "inbound_asked",
    "inbound_confirmed",
    "inbound_after_commit",
    "before_compose",
    "after_compose",
    "after_audience",
    "mid_enqueue",
    "after_enqueue",
    "before_queued",
    "before_recovery",
    "after_recovery",
    "before_claim",
    "after_claim",
    "after_354",
    "after_committing",
    "mid_body",
    "after_dot",
    "after_250",
    "before_record",
    "after_record",
    "before_release",
];

/// Dies here, as at a power cut, when a test asked for it.
#[cfg(debug_assertions)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's switch, never part of a release build"
)]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    debug_assert!(POINTS.contains(&name), "{name} is not listed");
    let wanted = WANTED.get_or_init(|| {
        let wanted = std::env::var("COURANT_CRASH_AT").ok()?;
        Some(match wanted.split_once(':') {
            Some((place, nth)) => (place.to_owned(), nth.parse().unwrap_or(1)),
            None => (wanted, 1),
        })
    });
    if let Some((place, nth)) = wanted
        && place == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        std::process::abort();
    }
}

/// Does nothing: a release build has no such places.
#[cfg(not(debug_assertions))]
pub const fn point(_name: &'static str) {}
