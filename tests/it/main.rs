//! Whole-program tests: one binary, one module a feature.

mod arch;
mod config;
mod delivery;
mod delivery_tls;
mod demo;
mod editions;
mod fake_feeds;
mod fake_smtp;
mod feeds;
mod golden;
mod hostile;
mod lmtp;
mod outbox_world;
mod politeness;
mod poll;
mod poll_world;
mod program;
mod service;
mod stories;
