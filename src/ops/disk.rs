//! The disk a file lies on.

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
}
