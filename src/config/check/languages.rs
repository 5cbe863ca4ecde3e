//! `[mail] languages`: an operator's own language files, one a language.

use std::path::{Path, PathBuf};

use super::mail::relative;
use crate::config::problem::Problem;
use crate::config::source::{At, File};
use crate::config::table::Table;
use crate::language::{self, Language, Languages};

/// Files of one folder at most.
const FILES_MAX: usize = 100;
/// Bytes of one file at most; a built-in one has a tenth of it.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// Strings that are left out named one by one; more are counted.
const NAMED_MAX: usize = 12;

pub(super) fn languages(table: &mut Table<'_>) -> Languages {
    let Some(found) = table.line("languages") else {
        return Languages::builtin();
    };
    let folder = relative(table, found.value);
    let files = match toml_files(&folder) {
        Ok(files) => files,
        Err(error) => {
            let message = format!("`languages`: the folder {} cannot be read: {error}", folder.display());
            table.problem(found.at, message, "make it, or remove the line");
            return Languages::builtin();
        }
    };
    if files.is_empty() {
        let message = format!("`languages`: there is no file `*.toml` in {}", folder.display());
        table.warning(
            found.at,
            message,
            "write one there, as `it.toml`: `courant language en` prints what to translate",
        );
    }
    let own = files.iter().filter_map(|path| read(table, found.at, path));
    Languages::builtin().with(own.collect())
}

fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let path = item?.path();
        if path.extension().is_some_and(|ending| ending == "toml") && files.len() < FILES_MAX {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// One file; what is wrong with it is noted under its own name.
fn read(table: &Table<'_>, at: At, path: &Path) -> Option<Language> {
    let code = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let file = match File::read(path) {
        Ok(file) => file,
        Err(problem) => {
            table.notes.problem_elsewhere(at, problem);
            return None;
        }
    };
    let problem = |line: usize, place: &str, message: String, remedy: String| Problem {
        file: file.name.clone(),
        line,
        place: place.to_owned(),
        message,
        remedy,
    };
    if !((2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase())) {
        let message = format!("`{code}` is no code of a language");
        let remedy = "name the file for the language, as `it.toml`, `nl.toml`".to_owned();
        table.notes.problem_elsewhere(at, problem(0, "", message, remedy));
        return None;
    }
    if file.text.len() > FILE_BYTES_MAX {
        let message = format!("is larger than {} KiB", FILE_BYTES_MAX / 1024);
        table
            .notes
            .problem_elsewhere(at, problem(0, "", message, String::new()));
        return None;
    }
    let found = language::read(code, &file.text);
    for fault in found.faults {
        let line = file.line(fault.offset);
        table
            .notes
            .problem_elsewhere(at, problem(line, &fault.key, fault.message, fault.remedy));
    }
    if !found.missing.is_empty() && found.language.is_some() {
        let mut named = found
            .missing
            .iter()
            .take(NAMED_MAX)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if found.missing.len() > NAMED_MAX {
            named.push_str(&format!(" and {} more", found.missing.len() - NAMED_MAX));
        }
        let message = format!("leaves out, and is English there: {named}");
        let remedy = "`courant language en` prints every string".to_owned();
        table.notes.warning_elsewhere(at, problem(0, "", message, remedy));
    }
    found.language
}
