//! Feeds polled, read and normalized: `schedule` says when, `fetch` speaks HTTP, `parse` reads the document,
//! `normalize` makes entries of it, and one [`crate::model::PollRecord`] is stored whatever happened.

pub mod body;
pub mod fetch;
pub mod guard;
pub mod headers;
pub mod normalize;
pub mod parse;
pub mod publisher;
pub mod redirect;
pub mod schedule;
pub mod url;
