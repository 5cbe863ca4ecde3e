//! Schema versions: `migrations/NNNN_name.sql` in order, each in one transaction, forward only.
//!
//! A file of a newer version is refused and left as it is. Before the first change of an upgrade the old file is
//! copied beside it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{APPLICATION_ID, Result, StoreError};

/// Append only; never edit one that was released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_bounces.sql"),
    include_str!("migrations/0003_companies.sql"),
    include_str!("migrations/0004_correction_requests.sql"),
    include_str!("migrations/0005_feed_lists.sql"),
    include_str!("migrations/0006_websub.sql"),
    include_str!("migrations/0007_full_text.sql"),
    include_str!("migrations/0008_children.sql"),
    include_str!("migrations/0009_tombstones.sql"),
    include_str!("migrations/0010_story_history.sql"),
    include_str!("migrations/0011_schedule_since.sql"),
];

/// Brings the schema up to date.
///
/// # Errors
/// When the file is not ours, is newer, or a step fails; the file is then as it was before that step.
pub fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = check_ours(connection, path)?;
    if version > known {
        return Err(StoreError::Unusable(format!(
            "`{}` was written by a newer Courant (schema {version}, this program knows {known}); \
             install that version or restore an older backup",
            path.display()
        )));
    }
    if version > 0 && version < known {
        back_up(connection, path, version)?;
    }
    for (step, sql) in (1_i64..).zip(MIGRATIONS) {
        if step <= version {
            continue;
        }
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have come first while we waited for the lock.
        let now: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if now < step {
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "user_version", step)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        tx.commit()?;
    }
    Ok(())
}

fn check_ours(connection: &Connection, path: &Path) -> Result<i64> {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != APPLICATION_ID && (tables > 0 || version != 0) {
        return Err(StoreError::Unusable(format!(
            "`{}` is a SQLite file, but not one of Courant's; set another [database].path",
            path.display()
        )));
    }
    Ok(version)
}

fn back_up(connection: &Connection, path: &Path, version: i64) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{version}.bak"));
    let target = Path::new(&name);
    if target.exists() {
        return Ok(());
    }
    connection.execute("VACUUM INTO ?1", [target.to_string_lossy()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let n = statement.parameter_count();
        let rows = statement.query_map(rusqlite::params_from_iter(vec![1; n]), |row| row.get(0));
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    /// Deleting a row looks for all that point at it: without an index that is a walk over the whole table, for each row.
    #[test]
    fn every_reference_has_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, Path::new("memory")).unwrap();
        let references = strings(
            &connection,
            "SELECT t.name || ' WHERE ' || r.\"from\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) r
             WHERE t.type = 'table'",
        );
        assert!(references.len() > 10, "{references:?}");
        let own = ["deliveries WHERE recipient <> '' AND recipient".to_owned()];
        for lookup in references.iter().chain(&own) {
            connection
                .prepare(&format!("EXPLAIN QUERY PLAN SELECT 1 FROM {lookup} = ?1"))
                .unwrap()
                .query_map([1], |row| row.get::<_, String>(3))
                .unwrap()
                .for_each(|step| {
                    let step = step.unwrap();
                    assert!(step.starts_with("SEARCH"), "{lookup}: {step}");
                });
        }
    }
}
