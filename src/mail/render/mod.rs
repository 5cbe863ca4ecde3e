//! Editions and service mails turned into subject, text and HTML.
//!
//! Pure but for `folder`: same values, same bytes. The only folder that names `minijinja`. A mail kind is a folder under
//! `mail/templates`; to add one, put its three templates there, list them in `templates::BUILTIN`, and hold its output
//! to the rules in `check::all`.

mod check;
mod digest;
mod folder;
mod operator;
pub mod pages;
pub mod place;
mod service;
mod templates;
pub mod text;

pub use digest::{RenderSettings, archive_page, edition_page, render_digest};
pub use operator::{OperatorMail, render_operator};
pub use service::{Offer, ServiceMail, render_service};
pub use templates::{RenderError, Templates, harmless};
