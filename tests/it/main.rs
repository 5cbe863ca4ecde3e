//! Whole-program tests: one binary, one module a feature.

mod answers;
mod arch;
mod config;
mod configured;
mod delivery;
mod delivery_tls;
mod demo;
mod editions;
mod fake_feeds;
mod fake_imap;
mod fake_smtp;
mod feeds;
mod golden;
mod hostile;
mod hosts;
mod imap;
mod lmtp;
mod mail_corpus;
mod outbox_world;
mod politeness;
mod poll;
mod poll_world;
mod private;
mod program;
mod service;
mod stories;
