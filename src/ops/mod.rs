//! Metrics and systemd.
