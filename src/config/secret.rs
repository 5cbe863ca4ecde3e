//! Secrets from files, the environment or systemd credentials. The only file that reads the environment.

use std::path::{Path, PathBuf};

use super::settings::Secret;
use super::source::{At, File};
use super::table::Table;

/// Most bytes of a secret.
const SECRET_MAX: u64 = 64 << 10;

/// What a configuration may take from around it.
pub(super) struct Surroundings {
    /// Reads an environment variable.
    pub(super) variable: fn(&str) -> Option<String>,
}

impl Surroundings {
    /// The process's own environment.
    #[expect(clippy::disallowed_methods, reason = "only config reads the environment")]
    pub(super) const fn of_process() -> Self {
        Self {
            variable: |name| std::env::var(name).ok(),
        }
    }

    /// Nothing around: for texts that stand for themselves.
    pub(super) const fn none() -> Self {
        Self { variable: |_| None }
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        let folders = (self.variable)(name)?;
        let first = folders.split(':').next().unwrap_or_default();
        (!first.is_empty()).then(|| PathBuf::from(first))
    }

    /// Where a relative data path starts: systemd's state folder, else the folder of the file it stands in.
    pub(super) fn data_path(&self, file: Option<&File>, path: &str) -> PathBuf {
        match self.folder("STATE_DIRECTORY") {
            Some(state) => state.join(path),
            None => file.map_or_else(|| PathBuf::from(path), |file| file.folder.join(path)),
        }
    }
}

/// The options a secret can be given by, and the credential that is taken when none of them is set.
pub(super) struct SecretKeys {
    pub(super) inline: &'static str,
    pub(super) file: &'static str,
    pub(super) env: &'static str,
    pub(super) credential: &'static str,
    pub(super) default_credential: Option<&'static str>,
}

/// Reads a secret by whichever of its options is set; a second one set is a problem.
pub(super) fn secret(table: &mut Table<'_>, keys: &SecretKeys, around: &Surroundings) -> Option<Secret> {
    let given = [keys.inline, keys.file, keys.env, keys.credential].map(|key| (key, table.line(key)));
    let mut set = given.iter().filter_map(|(key, found)| Some((*key, (*found)?)));
    let Some((key, found)) = set.next() else {
        let credentials = around.folder("CREDENTIALS_DIRECTORY")?;
        let path = credentials.join(keys.default_credential?);
        return path
            .exists()
            .then(|| read(table, table.at, keys.inline, &path))
            .flatten();
    };
    if let Some((second, also)) = set.next() {
        table.problem(
            also.at,
            format!("`{key}` and `{second}` are both set"),
            "keep one of them",
        );
        return None;
    }
    let file = table.notes.files.get(found.at.file);
    if key == keys.inline {
        if file.is_some_and(|file| file.readable_by_others) {
            table.warning(
                found.at,
                format!("`{key}` stands in a file that others on this machine can read"),
                format!(
                    "`chmod 600` the file, or move the secret into one of its own and name it by `{}`",
                    keys.file
                ),
            );
        }
        return Some(Secret::new(found.value.to_owned()));
    }
    if key == keys.env {
        let value = (around.variable)(found.value).filter(|value| !value.is_empty());
        if value.is_none() {
            table.problem(
                found.at,
                format!("`{key}`: the environment variable `{}` is not set", found.value),
                "",
            );
        }
        return value.map(Secret::new);
    }
    if key == keys.credential {
        let Some(folder) = around.folder("CREDENTIALS_DIRECTORY") else {
            let remedy = format!(
                "run as a systemd service with `LoadCredential={}:FILE`, or take `{}`",
                found.value, keys.file
            );
            table.problem(found.at, format!("`{key}`: systemd gave no credentials"), remedy);
            return None;
        };
        return read(table, found.at, key, &folder.join(found.value));
    }
    let path = file.map_or_else(|| PathBuf::from(found.value), |file| file.folder.join(found.value));
    read(table, found.at, key, &path)
}

/// Reads a file that holds one secret; its last line break does not belong to it.
fn read(table: &Table<'_>, at: At, key: &str, path: &Path) -> Option<Secret> {
    let text = read_private(table, at, key, path)?;
    let value = text.trim_end_matches(['\n', '\r']);
    if value.is_empty() || value.chars().any(char::is_control) {
        let what = if value.is_empty() {
            "is empty"
        } else {
            "holds more than one line"
        };
        table.problem(
            at,
            format!("`{key}`: {} {what}", path.display()),
            "put the secret alone into it, on one line",
        );
        return None;
    }
    Some(Secret::new(value.to_owned()))
}

/// Reads a file with secrets in it; warns when others can read it too.
pub(super) fn read_private(table: &Table<'_>, at: At, key: &str, path: &Path) -> Option<String> {
    let shown = path.display();
    let text = match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() > SECRET_MAX => Err("it is larger than 64 KiB".to_owned()),
        Ok(_) => std::fs::read_to_string(path).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match text {
        Ok(text) => {
            if readable_by_others(path) {
                table.warning(
                    at,
                    format!("`{key}`: others on this machine can read {shown}"),
                    format!("chmod 600 {shown}"),
                );
            }
            Some(text)
        }
        Err(error) => {
            table.problem(
                at,
                format!("`{key}`: {shown} cannot be read: {error}"),
                "make the file, readable by this service only",
            );
            None
        }
    }
}

/// Whether group or others may read a file.
#[cfg(unix)]
pub(super) fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o044 != 0)
}

/// Whether group or others may read a file; not known here.
#[cfg(not(unix))]
pub(super) fn readable_by_others(_path: &Path) -> bool {
    false
}
