//! Whole-program tests: one binary, one module a feature.

mod arch;
mod fake_feeds;
mod golden;
mod poll;
mod poll_world;
