//! Whether the file is whole: SQLite's own check, and the references between rows.

use rusqlite::Connection;

use super::{Result, settings};

/// When it was last looked at, unix seconds.
pub const CHECKED_AT: &str = "integrity_at";
/// What was wrong then; not there when nothing was.
pub const DAMAGE: &str = "integrity_damage";
/// Findings told at most.
const FINDINGS_MAX: usize = 3;

/// What is wrong with the file; empty when nothing is. Reads all of it.
///
/// # Errors
/// When SQLite cannot even look.
pub fn damage(conn: &Connection) -> Result<String> {
    let mut found: Vec<String> = conn
        .prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<_>>()?;
    found.retain(|line| line != "ok");
    let mut references = conn.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1")?;
    for pair in references.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (from, to): (String, String) = pair?;
        found.push(format!("rows of {from} name rows of {to} that are not there"));
    }
    found.truncate(FINDINGS_MAX);
    Ok(found.join("; "))
}

/// What the last look found.
///
/// # Errors
/// When SQLite fails.
pub fn last(conn: &Connection) -> Result<(Option<i64>, String)> {
    let found = settings::get(conn, DAMAGE)?.unwrap_or_default();
    let found = String::from_utf8_lossy(&found).into_owned();
    Ok((settings::number(conn, CHECKED_AT)?, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_names_nothing_is_damage() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id));
             INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
        )
        .unwrap();
        assert_eq!(damage(&conn).unwrap(), "");
        conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM a").unwrap();
        assert_eq!(damage(&conn).unwrap(), "rows of b name rows of a that are not there");
    }

    #[test]
    fn a_page_that_was_overwritten_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); CREATE INDEX i ON a (t);
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
             INSERT INTO a SELECT x, hex(x * 7919) FROM n;",
        )
        .unwrap();
        drop(conn);
        let mut bytes = std::fs::read(&path).unwrap();
        let n = bytes.len();
        bytes[n - 4096..].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        let found = damage(&Connection::open(&path).unwrap());
        assert!(!matches!(found.as_deref(), Ok("")), "{found:?}");
    }
}
