//! A copy of the database while the daemon runs, checked before it is called a backup.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{Result, StoreError, settings};
use crate::time::Timestamp;

const PAGES_PER_STEP: i32 = 2_000;

/// What a backup came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Size of the copy.
    pub n_bytes: u64,
    /// Entries in it.
    pub n_entries: i64,
    /// Subscriptions in it.
    pub n_subscriptions: i64,
}

/// Copies the database at `from` to the file `to` with SQLite's online backup: page by page, beside a running daemon.
/// The copy is written under another name, checked, synced, and then put in place, so `to` is a good backup or is as
/// it was. It carries the time of the copy, by which it is known for a backup when it is put back. `progress` is told
/// pages done and pages in all.
///
/// # Errors
/// When either file cannot be used, or the copy does not pass SQLite's integrity check.
pub fn back_up(from: &Path, to: &Path, now: Timestamp, mut progress: impl FnMut(u64, u64)) -> Result<BackedUp> {
    if is_same(from, to) {
        return Err(StoreError::Unusable(format!(
            "`{}` is the database itself; give the backup another name",
            to.display()
        )));
    }
    let part = part_name(to);
    let io = |what: &str, path: &Path, e: std::io::Error| {
        StoreError::Unusable(format!("Unable to {what} `{}`: {e}", path.display()))
    };
    if let Err(e) = std::fs::remove_file(&part)
        && e.kind() != std::io::ErrorKind::NotFound
    {
        return Err(io("replace", &part, e));
    }
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|e| StoreError::Unusable(format!("Unable to open the database `{}`: {e}", from.display())))?;
    source.busy_timeout(super::BUSY_TIMEOUT)?;
    let counted = {
        let mut copy = Connection::open(&part)
            .map_err(|e| StoreError::Unusable(format!("Unable to write the backup `{}`: {e}", part.display())))?;
        restrict(&part).map_err(|e| io("set the mode of", &part, e))?;
        copy_pages(&source, &mut copy, &mut progress)?;
        mark(&mut copy, now)?;
        check(&copy)?
    };
    let file = File::open(&part).map_err(|e| io("open", &part, e))?;
    file.sync_all().map_err(|e| io("sync", &part, e))?;
    let n_bytes = file.metadata().map_err(|e| io("read", &part, e))?.len();
    std::fs::rename(&part, to).map_err(|e| io("put in place", to, e))?;
    let folder = to
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| io("sync the folder", folder, e))?;
    Ok(BackedUp { n_bytes, ..counted })
}

/// Whether the target is the live database or one of the files beside it.
fn is_same(from: &Path, to: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    ["", "-wal", "-shm", ".lock"].iter().any(|ending| {
        let mut name = from.as_os_str().to_owned();
        name.push(ending);
        let live = canonical(Path::new(&name));
        live.is_some() && live == canonical(to)
    })
}

fn part_name(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

#[cfg(unix)]
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

fn copy_pages(source: &Connection, copy: &mut Connection, progress: &mut impl FnMut(u64, u64)) -> Result<()> {
    let backup = Backup::new(source, copy)?;
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let at = backup.progress();
        let pages = |n: i32| u64::try_from(n).unwrap_or(0);
        progress(pages(at.pagecount.saturating_sub(at.remaining)), pages(at.pagecount));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // A writer is at work: let it end.
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// In one file without a log beside it, so that the copy alone is the whole backup.
fn mark(copy: &mut Connection, now: Timestamp) -> Result<()> {
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let tx = copy.transaction()?;
    settings::put_number(&tx, settings::COPIED_AT, now.unix())?;
    Ok(tx.commit()?)
}

fn check(copy: &Connection) -> Result<BackedUp> {
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt(verdict));
    }
    let count = |sql: &str| copy.query_row(sql, [], |row| row.get(0));
    Ok(BackedUp {
        n_bytes: 0,
        n_entries: count("SELECT count(*) FROM entries")?,
        n_subscriptions: count("SELECT count(*) FROM subscriptions")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    #[test]
    fn a_backup_opens_as_a_database_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("courant.db"), folder.path().join("copy.db"));
        let _daemon = Db::open(&from).unwrap();
        let mut last = (0, 0);
        let done = back_up(&from, &to, NOW, |at, of| last = (at, of)).unwrap();
        assert!(done.n_bytes > 0 && last.0 == last.1);
        assert!(!part_name(&to).exists());
        Db::open(&to).unwrap();
    }

    #[test]
    fn the_database_is_no_place_for_its_backup() {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("courant.db");
        let _daemon = Db::open(&live).unwrap();
        let same = folder.path().join(".").join("courant.db");
        assert!(matches!(
            back_up(&live, &same, NOW, |_, _| {}),
            Err(StoreError::Unusable(_))
        ));
    }

    #[test]
    fn a_failed_backup_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy.db");
        std::fs::write(&to, b"yesterday").unwrap();
        assert!(back_up(&folder.path().join("missing.db"), &to, NOW, |_, _| {}).is_err());
        assert_eq!(std::fs::read(&to).unwrap(), b"yesterday");
    }
}
