//! What an operator's tools see: metrics, systemd, the room on the disk.

pub mod disk;
pub mod metrics;
pub mod systemd;
