//! How many mails an address, a domain and all together may be sent in answer.

use std::time::Duration;

use super::{Desk, Order, Party};
use crate::address::Address;
use crate::model::SubscriptionStatus;
use crate::store::rusqlite::Transaction;
use crate::store::{self, inbound};
use crate::subscribe::command::Command;
use crate::subscribe::decide::Trust;
use crate::subscribe::desk::Way;
use crate::token;

pub(super) const DAY: Duration = Duration::from_secs(86_400);

const HOUR: Duration = Duration::from_secs(3_600);

/// Unconfirmed requests of one mailbox in 30 days; after that it is left in peace.
const STRANGER_MONTH_MAX: u32 = 5;

/// Answers a day to a reader.
const READER_DAY_MAX: u32 = 30;

/// Answers an hour to strangers of one domain, large mail providers aside.
const DOMAIN_HOUR_MAX: u32 = 20;

/// Domains with so many people that a budget for them all would be one for nobody.
const PROVIDERS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "ymail.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "proton.me",
    "protonmail.com",
    "fastmail.com",
    "mail.ru",
    "yandex.ru",
    "qq.com",
    "163.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "hotmail.fr",
    "hotmail.co.uk",
    "comcast.net",
    "posteo.de",
    "mailbox.org",
];

impl Desk {
    pub(super) fn budget_key(&self, address: &Address) -> [u8; 32] {
        token::address_hash(&self.key, &format!("budget {}", address.budget_key()))
    }

    pub(super) fn page_key(&self, address: &Address) -> [u8; 32] {
        token::address_hash(&self.key, &format!("page {}", address.budget_key()))
    }

    fn domain_key(&self, address: &Address) -> [u8; 32] {
        token::address_hash(&self.key, &format!("domain {}", address.domain()))
    }

    fn total_key(&self) -> [u8; 32] {
        token::address_hash(&self.key, "total")
    }

    /// Whether one more mail to this address keeps the peace. Who shows a token is answered in any case: the mail that
    /// carried it was ours.
    pub(super) fn within_budget(&self, tx: &Transaction<'_>, party: &Party, order: &Order) -> store::Result<bool> {
        if party.trust == Trust::Token
            && order
                .commands
                .iter()
                .any(|c| matches!(c, Command::Confirm(_) | Command::Leave(_)))
        {
            return Ok(true);
        }
        let limits = &self.config.limits;
        let spent = |key: &[u8; 32], span: Duration| inbound::spent(tx, key, self.now.minus(span));
        if spent(&self.total_key(), HOUR)? >= limits.replies_per_hour {
            return Ok(false);
        }
        let own = self.budget_key(&party.address);
        if party
            .subscriptions
            .iter()
            .any(|s| s.status == SubscriptionStatus::Active)
        {
            // Anybody can write a reader's address into a form: as a stranger's, it is good for no more than a mail a day.
            let by_page = is_by_page(party, order);
            return Ok(spent(&own, DAY)? < READER_DAY_MAX
                && (!by_page || spent(&self.page_key(&party.address), DAY)? < limits.stranger_mails_per_day));
        }
        let domain = party.address.domain();
        Ok(spent(&own, DAY)? < limits.stranger_mails_per_day
            && spent(&own, DAY * 30)? < STRANGER_MONTH_MAX
            && (PROVIDERS.contains(&domain) || spent(&self.domain_key(&party.address), HOUR)? < DOMAIN_HOUR_MAX))
    }

    pub(super) fn spend(&self, tx: &Transaction<'_>, party: &Party, order: &Order) -> store::Result<()> {
        if is_by_page(party, order) {
            inbound::spend(tx, &self.page_key(&party.address), self.now)?;
        }
        inbound::spend(tx, &self.total_key(), self.now)?;
        inbound::spend(tx, &self.budget_key(&party.address), self.now)?;
        inbound::spend(tx, &self.domain_key(&party.address), self.now)
    }
}

fn is_by_page(party: &Party, order: &Order) -> bool {
    order.way == Way::Web && party.trust == Trust::None
}
