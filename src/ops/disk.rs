//! The disk a file lies on, and when it is nearly full.
//!
//! - What the database needs counts, not a share of the disk: 24 GB free of 270 GB were told as an alarm because they are
//!   less than a tenth, beside a database of 20 MB.
//! - Needed is the database once more, which a backup or an upgrade writes, and never less than 1 GB. Of a disk under
//!   10 GB a tenth is enough: a small board's card of 8 GB is no alarm from its first day.

use std::io;
use std::path::Path;

/// Room on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free for us; what is kept back for root does not count.
    pub free_bytes: u64,
    /// In all.
    pub total_bytes: u64,
}

/// Free bytes under which any disk of 10 GB and more is nearly full.
const FREE_MIN: u64 = 1_000_000_000;

impl Space {
    /// Whether less is free than a database of so many bytes needs.
    #[must_use]
    pub fn is_nearly_full(self, database_bytes: u64) -> bool {
        self.free_bytes < FREE_MIN.min(self.total_bytes / 10).max(database_bytes)
    }
}

/// The room on the disk a file or folder lies on.
///
/// # Errors
/// When the system does not say.
pub fn space(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    Ok(Space {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lies_on_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        let found = space(folder.path()).unwrap();
        assert!(
            found.total_bytes > 0 && found.free_bytes <= found.total_bytes,
            "{found:?}"
        );
        assert!(space(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn nearly_full_is_what_the_database_cannot_live_with() {
        #[track_caller]
        fn check(free_mb: u64, total_mb: u64, database_mb: u64, expected: bool) {
            let disk = Space {
                free_bytes: free_mb * 1_000_000,
                total_bytes: total_mb * 1_000_000,
            };
            assert_eq!(disk.is_nearly_full(database_mb * 1_000_000), expected, "{disk:?}");
        }
        // Met: a tenth of a large disk is plenty for a small database.
        check(24_100, 270_600, 20, false);
        check(1_000, 270_600, 20, false);
        check(999, 270_600, 20, true);
        // A copy of the database does not fit any more.
        check(1_500, 270_600, 1_600, true);
        // A small disk.
        check(250, 2_000, 20, false);
        check(150, 2_000, 20, true);
    }
}
