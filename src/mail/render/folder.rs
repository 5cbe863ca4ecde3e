//! Reads an operator's templates from a folder; the only part of rendering that touches the disk.

use std::collections::BTreeMap;
use std::path::Path;

use super::templates::{RenderError, Templates};

/// Largest template read, in bytes.
const TEMPLATE_MAX: u64 = 256 * 1024;

impl Templates {
    /// The built-in templates, with those replaced that a folder has under the same name.
    ///
    /// # Errors
    /// A folder or file that cannot be read, and whatever [`Templates::with`] refuses.
    pub fn load(folder: Option<&Path>) -> Result<Self, RenderError> {
        let mut found = BTreeMap::new();
        if let Some(folder) = folder {
            collect(folder, "", &mut found)?;
        }
        Self::with(&found)
    }
}

/// Templates of a folder and, one level deep, of its mail kinds.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) -> Result<(), RenderError> {
    let unreadable = |path: &Path, error| RenderError::Unreadable {
        name: path.display().to_string(),
        error,
    };
    for item in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = item.map_err(|e| unreadable(folder, e))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let metadata = path.metadata().map_err(|e| unreadable(&path, e))?;
        if metadata.is_dir() && prefix.is_empty() {
            collect(&path, &format!("{name}/"), found)?;
        } else if path.extension().is_some_and(|extension| extension == "j2") {
            if metadata.len() > TEMPLATE_MAX {
                let error = std::io::Error::other(format!("it is larger than {TEMPLATE_MAX} bytes"));
                return Err(unreadable(&path, error));
            }
            let source = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
            found.insert(format!("{prefix}{name}"), source);
        }
    }
    Ok(())
}
