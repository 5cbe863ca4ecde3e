//! Subscriptions that the configuration made.

use rusqlite::Connection;

use super::Result;
use crate::model::SubscriptionId;

/// The active ones: row, folded address, digest.
///
/// # Errors
/// When the database fails.
pub fn configured(connection: &Connection) -> Result<Vec<(SubscriptionId, String, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.id, p.address_key, s.digest_key FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id
         WHERE s.source = 'config' AND s.status = 'active' ORDER BY s.id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((SubscriptionId::new(row.get(0)?), row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
