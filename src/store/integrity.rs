//! Whether the file is whole: SQLite's own checks, the references between rows, and what is known of it.
//!
//! A look runs on a connection of its own and asks again and again whether it is to go on, so that whoever looks can keep
//! within a budget, leave room for others, and stop.

use std::ffi::c_int;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::{Result, StoreError, settings};
use crate::time::Timestamp;

/// When the whole file is to be read next, unix seconds.
pub const DUE_AT: &str = "integrity_due_at";
/// What was wrong when it was last read; not there when nothing was.
const DAMAGE: &str = "integrity_damage";
/// Findings told at most.
const FINDINGS_MAX: usize = 3;
/// Steps of SQLite, a page or a few rows each, between two questions whether to go on.
const STEPS: c_int = 200;

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The structure of every page. Clears nobody: an index may still tell other than its table.
    Quick,
    /// That, every index against its table, and every reference between rows.
    Full,
}

/// What this process knows against the file; shared by all who hold the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    damage: String,
    unconfirmed: bool,
}

impl Known {
    /// What an earlier process found, to be confirmed by a look of our own.
    pub(super) fn read(conn: &Connection) -> Result<Self> {
        let known = Self::default();
        let found = settings::get(conn, DAMAGE)?.unwrap_or_default();
        known.suspect(&String::from_utf8_lossy(&found));
        Ok(known)
    }

    pub(super) fn damage(&self) -> String {
        self.state().damage.clone()
    }

    pub(super) fn wants_a_look(&self) -> bool {
        self.state().unconfirmed
    }

    /// Something speaks against the file, until a full look says what is true. Empty words say nothing.
    pub(super) fn suspect(&self, why: &str) {
        let mut state = self.state();
        if state.damage.is_empty() && !why.is_empty() {
            why.clone_into(&mut state.damage);
            state.unconfirmed = true;
        }
    }

    /// What a full look found.
    pub(super) fn settle(&self, found: String) {
        *self.state() = State {
            damage: found,
            unconfirmed: false,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wrong with the file; empty when nothing is, `None` when `go_on` ended the look before.
///
/// # Errors
/// When the file cannot be looked at for another reason than what it is to find.
pub(super) fn look(
    path: &Path,
    depth: Depth,
    mut go_on: impl FnMut() -> bool + Send + 'static,
) -> Result<Option<String>> {
    let mut conn = match super::connect(path, true) {
        Err(StoreError::Corrupt(why)) => return Ok(Some(why)),
        other => other?,
    };
    conn.progress_handler(STEPS, Some(move || !go_on()))?;
    match findings(&conn, depth) {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(None),
            // A page that cannot be read is a finding.
            Some(ErrorCode::SystemIoFailure) => Ok(Some(error.to_string())),
            _ => match error.into() {
                StoreError::Corrupt(why) => Ok(Some(why)),
                other => Err(other),
            },
        },
    }
}

fn findings(conn: &Connection, depth: Depth) -> rusqlite::Result<String> {
    let check = match depth {
        Depth::Quick => "quick_check",
        Depth::Full => "integrity_check",
    };
    let mut found: Vec<String> = conn
        .prepare(&format!("PRAGMA {check}({FINDINGS_MAX})"))?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<_>>()?;
    found.retain(|line| line != "ok");
    if depth == Depth::Full {
        let mut references = conn.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1")?;
        for pair in references.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (from, to): (String, String) = pair?;
            found.push(format!("rows of {from} name rows of {to} that are not there"));
        }
    }
    found.truncate(FINDINGS_MAX);
    Ok(found.join("; "))
}

/// When the whole file is to be read next; `None` before anybody said.
///
/// # Errors
/// When SQLite fails.
pub fn due_at(conn: &Connection) -> Result<Option<Timestamp>> {
    Ok(settings::number(conn, DUE_AT)?.map(Timestamp::from_unix))
}

/// Says when the whole file is to be read next.
///
/// # Errors
/// When SQLite fails.
pub fn put_off(tx: &Transaction<'_>, until: Timestamp) -> Result<()> {
    settings::put_number(tx, DUE_AT, until.unix())
}

/// Keeps what a full look found, for the next process.
///
/// # Errors
/// When SQLite fails.
pub fn keep(tx: &Transaction<'_>, found: &str) -> Result<()> {
    if found.is_empty() {
        settings::remove(tx, DAMAGE)
    } else {
        settings::put(tx, DAMAGE, found.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a table of 2,000 rows and an index on it.
    fn file(folder: &tempfile::TempDir) -> std::path::PathBuf {
        let path = folder.path().join("x.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); CREATE INDEX i ON a (t);
                 CREATE TABLE b (a INTEGER REFERENCES a (id));
                 WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
                 INSERT INTO a SELECT x, hex(x * 7919) FROM n; INSERT INTO b VALUES (1);",
            )
            .unwrap();
        path
    }

    fn found(path: &Path, depth: Depth) -> String {
        look(path, depth, || true).unwrap().unwrap()
    }

    #[test]
    fn a_whole_file_has_nothing_against_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        assert_eq!(found(&path, Depth::Quick), "");
        assert_eq!(found(&path, Depth::Full), "");
    }

    #[test]
    fn a_row_that_names_nothing_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM a WHERE id = 1")
            .unwrap();
        assert_eq!(found(&path, Depth::Quick), "");
        assert_eq!(found(&path, Depth::Full), "rows of b name rows of a that are not there");
    }

    #[test]
    fn flipped_bytes_are_damage_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        let whole = std::fs::read(&path).unwrap();
        for page in 0..whole.len() / 4096 {
            let mut bytes = whole.clone();
            for byte in &mut bytes[page * 4096..page * 4096 + 16] {
                *byte ^= 0x5a;
            }
            std::fs::write(&path, bytes).unwrap();
            let looked = look(&path, Depth::Quick, || true);
            assert!(
                !matches!(looked.as_ref().map(Option::as_deref), Ok(Some(""))),
                "page {page}: {looked:?}"
            );
        }
    }

    #[test]
    fn a_look_ends_when_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        assert_eq!(look(&path, Depth::Full, || false).unwrap(), None);
    }

    #[test]
    fn the_first_suspicion_stands_until_a_full_look_settles_it() {
        let known = Known::default();
        known.suspect("");
        assert!(!known.wants_a_look());
        known.suspect("page 3");
        known.suspect("page 4");
        assert_eq!((known.damage(), known.wants_a_look()), ("page 3".to_owned(), true));
        known.settle("page 3 and 4".to_owned());
        known.suspect("page 4");
        assert_eq!(
            (known.damage(), known.wants_a_look()),
            ("page 3 and 4".to_owned(), false)
        );
        known.settle(String::new());
        assert_eq!(known.damage(), "");
    }
}
