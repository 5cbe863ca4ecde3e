//! Editions and service mails turned into subject, text and HTML. Pure: same input, same bytes.

pub mod place;
