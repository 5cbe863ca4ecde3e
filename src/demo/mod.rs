//! The bundled outlets of `courant demo`: a small, real news world on loopback.

pub mod config;
pub mod documents;
pub mod outlets;
pub mod play;
pub mod server;
