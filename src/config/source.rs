//! The files of a configuration: read with limits, joined by `include`, and able to say which line an offset is on.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::problem::Problem;
use super::secret::readable_by_others;

/// Most bytes of one file.
const FILE_MAX: u64 = 8 << 20;
/// Most files, included ones counted.
const FILES_MAX: usize = 1000;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) offset: usize,
}

/// One file's text.
#[derive(Debug)]
pub(super) struct File {
    /// As it is named in messages.
    pub(super) name: String,
    /// Where it lies; relative paths in it start here.
    pub(super) folder: PathBuf,
    /// The file itself; `None` for a text that was given.
    pub(super) path: Option<PathBuf>,
    pub(super) text: String,
    /// Group or others may read it.
    pub(super) readable_by_others: bool,
    line_ends: Vec<usize>,
}

impl File {
    pub(super) fn new(name: String, folder: PathBuf, text: String) -> Self {
        let line_ends = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(place, _)| place)
            .collect();
        Self {
            name,
            folder,
            path: None,
            text,
            readable_by_others: false,
            line_ends,
        }
    }

    /// Reads a file; what hinders it is a problem without a line, or with the line of the first wrong byte.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let problem = |line, message: String, remedy: &str| Problem {
            file: name.clone(),
            line,
            place: String::new(),
            message,
            remedy: remedy.to_owned(),
        };
        let size = std::fs::metadata(path).map_err(|error| {
            problem(
                0,
                format!("cannot be read: {error}"),
                "give the configuration with `--config FILE`, or copy the documented `config.toml`",
            )
        })?;
        if !size.is_file() || size.len() > FILE_MAX {
            return Err(problem(0, "is no file of at most 8 MiB".to_owned(), ""));
        }
        let bytes = std::fs::read(path).map_err(|error| problem(0, format!("cannot be read: {error}"), ""))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                path: Some(path.to_path_buf()),
                readable_by_others: readable_by_others(path),
                ..Self::new(name, path.parent().map(Path::to_path_buf).unwrap_or_default(), text)
            }),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let line = 1 + error
                    .as_bytes()
                    .iter()
                    .take(good)
                    .filter(|byte| **byte == b'\n')
                    .count();
                Err(problem(line, "is not UTF-8 here".to_owned(), "save the file as UTF-8"))
            }
        }
    }

    /// The line an offset is on, 1-based.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }

    /// The text between two offsets, on one line and cut to a length that suits a message.
    pub(super) fn excerpt(&self, span: std::ops::Range<usize>) -> String {
        const SHOWN_MAX: usize = 60;
        let text = self
            .text
            .get(span)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let mut shown: String = text.chars().take(SHOWN_MAX).filter(|c| !c.is_control()).collect();
        if text.chars().count() > SHOWN_MAX {
            shown.push('…');
        }
        shown
    }
}

/// The files an `include` of the main file names, sorted by path, each with what hinders it.
pub(super) fn included(main: &File, table: &DeTable<'_>) -> Vec<Result<File, Problem>> {
    let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == "include") else {
        return Vec::new();
    };
    let problem = |message: String, remedy: &str| {
        Err(Problem {
            file: main.name.clone(),
            line: main.line(value.span().start),
            place: String::new(),
            message,
            remedy: remedy.to_owned(),
        })
    };
    let patterns = value
        .get_ref()
        .as_array()
        .map(|array| array.iter().map(|item| item.get_ref().as_str()).collect());
    let Some(patterns) =
        patterns.and_then(|patterns: Vec<Option<&str>>| patterns.into_iter().collect::<Option<Vec<_>>>())
    else {
        return vec![problem(
            "`include` is no list of file names".to_owned(),
            "write it like `include = [\"feeds.d/*.toml\"]`",
        )];
    };
    let mut files = Vec::new();
    for pattern in patterns {
        let full = main.folder.join(pattern);
        let paths = match glob::glob(&full.to_string_lossy()) {
            Ok(paths) => paths.filter_map(Result::ok).take(FILES_MAX),
            Err(error) => {
                files.push(problem(format!("`include`: `{pattern}` is no pattern: {error}"), ""));
                continue;
            }
        };
        let before = files.len();
        files.extend(paths.map(|path| File::read(&path)));
        if files.len() == before && !pattern.contains(['*', '?', '[']) {
            files.push(problem(
                format!("`include`: there is no file `{pattern}`"),
                "paths are relative to this file",
            ));
        }
    }
    if files.len() > FILES_MAX {
        files.truncate(FILES_MAX);
        files.push(problem(
            format!("`include` names more than {FILES_MAX} files"),
            "join some of them",
        ));
    }
    files
}
