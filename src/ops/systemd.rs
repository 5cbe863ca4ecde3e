//! What systemd is told: ready, reloading, stopping, a status line, and that we are alive (sd_notify(3)).
//!
//! Without systemd all of it does nothing. The unit is `Type=notify`; RELOADING is sent with the monotonic time, so
//! that it works under `notify-reload` as well.

use std::time::Duration;

use sd_notify::NotifyState;

/// Longest status line sent.
const STATUS_CHARS_MAX: usize = 300;

/// The way to systemd.
#[derive(Debug, Clone, Copy)]
pub struct Notifier {
    watchdog: Option<Duration>,
}

impl Notifier {
    /// From `NOTIFY_SOCKET` and `WATCHDOG_USEC` of the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// The service is up, or has ended a reload.
    pub fn ready(&self) {
        send(&[NotifyState::Ready]);
    }

    /// A reload begins.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(_) => send(&[NotifyState::Reloading]),
        }
    }

    /// The service is going down.
    pub fn stopping(&self) {
        send(&[NotifyState::Stopping]);
    }

    /// One line for `systemctl status`.
    pub fn status(&self, line: &str) {
        let line: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(STATUS_CHARS_MAX)
            .collect();
        send(&[NotifyState::Status(&line)]);
    }

    /// We are alive.
    pub fn watchdog(&self) {
        if self.watchdog.is_some() {
            send(&[NotifyState::Watchdog]);
        }
    }

    /// How often to say so: a third of what systemd allows. `None` when it does not ask.
    #[must_use]
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog
            .map(|limit| limit / 3)
            .filter(|interval| !interval.is_zero())
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// Whether standard error goes to the journal, which takes priorities from a prefix.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "JOURNAL_STREAM is systemd's own channel, not configuration"
)]
pub fn journal_reads_stderr() -> bool {
    std::env::var("JOURNAL_STREAM").is_ok_and(|stream| !stream.is_empty())
}
