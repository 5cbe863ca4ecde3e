//! Mail: editions rendered (`render`), messages built (`message`), delivered (`smtp`, `transport`) and retried
//! (`retry`). [`Mailer`] is the loop's work.

mod built;
mod dkim;
pub mod doctor;
mod ledger;
mod mailer;
pub mod message;
pub mod personal;
mod prepare;
pub mod rate;
pub mod render;
mod report;
pub mod retry;
mod send;
mod send_test;
pub mod smtp;
mod take_over;
pub mod transport;

pub use mailer::{MailError, Mailer};
pub use send_test::send_test;

use crate::address::Address;
use crate::token::{self, TokenKey};

/// What stands for an address in the list of suppressions.
fn suppression_hash(key: &TokenKey, address: &str) -> [u8; 32] {
    let folded = Address::parse(address).map_or_else(|_| address.to_lowercase(), |parsed| parsed.key());
    token::address_hash(key, &folded)
}
