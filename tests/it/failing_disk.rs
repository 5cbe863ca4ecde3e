//! The disk fails at the n-th write, sync or opening of a daemon that sends: strace answers that system call with an error
//! and the call is not made.
//!
//! Needs strace and five minutes, so it is there with a feature only: `cargo test --features strace --test it failing_disk`. It
//! tries a handful of n; `COURANT_NTH_MAX=200` has it try all up to that, which takes an hour.

use crate::crash::check_promises;
use crate::crash_world::{Base, finish, relay};
use crate::program::{Installation, until};

/// A system call, and what the disk says to it.
const FAULTS: [(&str, &str); 5] = [
    ("fdatasync", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("ftruncate", "EIO"),
    ("openat", "EIO"),
];
const NTH: [usize; 5] = [1, 3, 9, 27, 81];

/// Which calls are to fail. strace counts them thread by thread.
#[expect(clippy::disallowed_methods, reason = "how long")]
fn nth() -> Vec<usize> {
    match std::env::var("COURANT_NTH_MAX") {
        Ok(most) => (1..=most.parse().unwrap()).collect(),
        Err(_) => NTH.to_vec(),
    }
}

fn is_sent(here: &Installation) -> bool {
    let open = "SELECT count(*) FROM deliveries WHERE status IN ('queued', 'claimed', 'committing')";
    let made = "SELECT count(*) FROM editions WHERE outcome = 'queued'";
    here.count(made) > 0 && here.count(open) == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_once_makes_no_mail_double_and_none_lost() {
    let base = Base::new().await;
    let (mut n_struck, mut n_ended) = (0, 0);
    for (call, error) in FAULTS {
        for nth in nth() {
            let shown = format!("{call} {nth} {error}");
            let relay = relay().await;
            let here = base.copy(&relay, "hold", 2);
            let inject = format!("inject={call}:error={error}:when={nth}");
            let trace = format!("trace={call}");
            let launcher = [
                "strace",
                "-D",
                "-f",
                "-qq",
                "-o",
                "strace.txt",
                "-e",
                trace.as_str(),
                "-e",
                inject.as_str(),
            ];
            let mut daemon = here.start_under(&launcher, &["run"]);
            // Not at once: a signal before the daemon listens would end it.
            let mut n_looks = 1;
            until(&format!("the end of the send after {shown}"), || {
                if n_looks % 50 == 0 && !daemon.has_ended() {
                    here.execute("UPDATE deliveries SET next_attempt_at = 0 WHERE status = 'queued'");
                    daemon.signal("HUP");
                }
                n_looks += 1;
                daemon.has_ended() || is_sent(&here)
            })
            .await;
            let struck = std::fs::read_to_string(here.path("strace.txt")).unwrap_or_default();
            n_struck += usize::from(struck.contains("(INJECTED)"));
            if daemon.has_ended() {
                n_ended += 1;
            } else {
                daemon.signal("TERM");
                daemon.ended().await;
            }
            if !is_sent(&here) {
                finish(&here).await;
            }
            check_promises(&here, &relay, "hold", &shown);
        }
    }
    println!("{n_struck} faults struck, {n_ended} ended the daemon");
    assert!(n_struck > 10, "{n_struck}: the faults do not strike");
}
