//! What the mail loop makes from one configuration.

use std::sync::Arc;

use super::mailer::MailError;
use super::prepare::Preparer;
use super::send::Way;
use super::smtp::Limits;
use crate::config::Config;
use crate::context::Ctx;
use crate::token::TokenKey;

/// The way out and the maker of messages, with the configuration they were made from.
pub(super) struct Built {
    pub(super) config: Arc<Config>,
    pub(super) way: Arc<Way>,
    pub(super) preparer: Arc<Preparer>,
}

impl Built {
    pub(super) fn new(
        ctx: &Ctx,
        config: Arc<Config>,
        key: &TokenKey,
        limits: Option<Limits>,
    ) -> Result<Self, MailError> {
        let way = Way::new(&config.mail, limits).map_err(MailError::Setup)?;
        let preparer = Preparer::new(ctx.db.clone(), Arc::clone(&config), key.clone()).map_err(MailError::Setup)?;
        Ok(Self {
            config,
            way: Arc::new(way),
            preparer: Arc::new(preparer),
        })
    }
}
