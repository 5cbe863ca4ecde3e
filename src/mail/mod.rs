//! Editions rendered (`render`), messages built (`message`), delivered (`smtp`) and retried (`retry`).

pub mod message;
pub mod rate;
pub mod render;
mod reply_code;
pub mod retry;
pub mod smtp;
pub mod transport;
