//! Courant: a self-hosted RSS and Atom aggregator that mails finite digests.
//!
//! The modules in the order of the data's path:
//!
//! - [`config`]: `config.toml` read, checked, and kept up to date.
//! - [`ingest`]: feeds polled, read and normalized.
//! - [`store`]: the SQLite database; nothing else speaks SQL.
//! - [`stories`]: entries tagged with companies and themes and placed into stories.
//! - [`digest`]: due slots, ranking, editions and what each audience sees of them.
//! - [`mail`]: editions rendered, messages built, delivered, retried.
//! - [`subscribe`]: what people ask of us by mail and by web page.
//! - [`ops`]: metrics, systemd, the room on the disk.
//!
//! Around it: [`cli`] (one file a command), [`app`] (the daemon's loops), [`demo`] (bundled outlets).
//!
//! Beside the path: [`context`] (what every stage is given), [`model`] (types that cross borders), [`time`] (instants,
//! zones, schedules), [`language`] (fixed strings of mails and pages), [`signing_key`] (which key signs the links of
//! mails), [`clock`] (the only reader of the clock and of randomness), [`reply_code`] (what a refusal means, in a
//! session or a report), [`mod@connect`] (a server by its name), [`tls`] (whom we believe to be the server we called),
//! [`halt`] (why nothing may be sent now), [`token`] and [`address`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)
)]

pub mod address;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod context;
pub mod crash;
pub mod demo;
pub mod digest;
pub mod halt;
pub mod ingest;
pub mod language;
pub mod mail;
pub mod model;
pub mod ops;
pub mod reply_code;
pub mod signing_key;
pub mod store;
pub mod stories;
pub mod subscribe;
pub mod time;
pub mod tls;
pub mod token;
