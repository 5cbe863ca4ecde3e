//! Lists of feeds kept elsewhere, and what one reading of them came to.

use super::Validators;
use crate::time::Timestamp;

/// A feed that a list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFeed {
    /// Key of the list.
    pub list: String,
    /// Its key as a feed, given when it was first listed.
    pub key: String,
    /// Its address.
    pub url: String,
    /// Its name in the list, possibly empty.
    pub name: String,
    /// The folder it stands in, possibly empty.
    pub group: String,
}

/// A list with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its key.
    pub key: String,
    /// Where it was last asked for.
    pub url: String,
    /// When it is read next.
    pub next_fetch_at: Timestamp,
    /// When it was last read well.
    pub last_success_at: Option<Timestamp>,
    /// Validators of the last good reading.
    pub validators: Validators,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure, empty when the last reading was good.
    pub error: String,
    /// Feeds above the list's limit, at the last good reading.
    pub n_left_out: u32,
    /// Feeds it names.
    pub n_feeds: u32,
}

/// Everything one reading of a list came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRead {
    /// The list's key.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// When it is read next.
    pub next_fetch_at: Timestamp,
    /// Why it failed; empty when it did not. The feeds stay as they were then.
    pub error: String,
    /// Validators to keep; `None` keeps the old ones.
    pub validators: Option<Validators>,
    /// Feeds that are new or have another name or folder.
    pub feeds: Vec<ListedFeed>,
    /// Addresses the list names no longer.
    pub removed: Vec<String>,
    /// Feeds above the list's limit.
    pub n_left_out: u32,
    /// Kind and detail of what an operator should hear of.
    pub events: Vec<(&'static str, serde_json::Value)>,
}
