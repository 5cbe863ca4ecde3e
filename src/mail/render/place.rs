//! Personal places: an audience is rendered once, and these words stand where each recipient's own values go.
//!
//! `mail::message` puts the values in, escaped for the part they land in. A place is plain ASCII without anything that
//! HTML, quoted-printable or a template would change, and no feed can bring one along: rendering breaks up `@@` in
//! everything that comes from outside.

/// The page that ends the subscription; only where the web door is open.
pub const LEAVE_URL: &str = "@@LEAVE_URL@@";
/// `mailto:` link that ends the subscription.
pub const LEAVE_MAILTO: &str = "@@LEAVE_MAILTO@@";
/// The page with the reader's choices; only where the web door is open.
pub const SETTINGS_URL: &str = "@@SETTINGS_URL@@";
/// `mailto:` link that asks for the reader's choices.
pub const SETTINGS_MAILTO: &str = "@@SETTINGS_MAILTO@@";
/// The recipient's address.
pub const ADDRESS: &str = "@@ADDRESS@@";
/// Local date of the confirmation, `2026-03-29`.
pub const CONFIRMED_ON: &str = "@@CONFIRMED_ON@@";

/// All places, for those who put values in and for the test that none is left over.
pub const ALL: [&str; 6] = [
    LEAVE_URL,
    LEAVE_MAILTO,
    SETTINGS_URL,
    SETTINGS_MAILTO,
    ADDRESS,
    CONFIRMED_ON,
];
