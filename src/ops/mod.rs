//! What an operator's tools see: metrics and systemd.

pub mod metrics;
pub mod systemd;
