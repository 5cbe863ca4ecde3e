//! Entries tagged with companies and themes (`tag`) and placed into stories (`cluster`).

pub mod tag;
