//! One daemon a database: an exclusive lock on a file beside it, given back by the system when the process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Result, StoreError};

/// How often, and after what pause, a lock that is held is tried again.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// The lock; dropping it gives it back.
#[derive(Debug)]
pub struct DatabaseLock {
    _file: File,
}

/// Takes the lock `<database>.lock`.
///
/// # Errors
/// [`StoreError::InUse`] when another process holds it; otherwise when the lock file cannot be made.
pub fn lock(database: &Path) -> Result<DatabaseLock> {
    let path = beside(database);
    let unusable = |e: std::io::Error| StoreError::Unusable(format!("Unable to lock `{}`: {e}", path.display()));
    super::make_parent(database)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(unusable)?;
    // A command that only asks whether it is held holds it for a moment.
    let mut taken = file.try_lock();
    for _ in 0..LOOKS {
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(PAUSE);
        taken = file.try_lock();
    }
    match taken {
        Ok(()) => Ok(DatabaseLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(database.display().to_string())),
        Err(TryLockError::Error(e)) => Err(unusable(e)),
    }
}

/// `<database>.lock`.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Whether a process holds the lock. What cannot be asked is held by nobody.
#[must_use]
pub fn is_held(database: &Path) -> bool {
    File::open(beside(database)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("new").join("courant.db");
        let first = lock(&database).unwrap();
        assert!(matches!(lock(&database), Err(StoreError::InUse(_))) && is_held(&database));
        drop(first);
        assert!(!is_held(&database) && !is_held(&folder.path().join("none")));
        assert!(lock(&database).is_ok());
    }
}
