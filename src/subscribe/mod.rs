//! What people ask of us by mail and by web page: read (`inbound`), decided (`decide`), done in one transaction.

pub mod choose;
pub mod command;
pub mod decide;
pub mod inbound;
