//! The headers of a feed's requests: written out, in a file, or made of a login.

use std::path::PathBuf;

use crate::config::notes::Located;
use crate::config::secret::{SecretKeys, Surroundings, read_private, secret};
use crate::config::table::Table;

/// Headers the fetcher sets itself; another value for them would break conditional requests or limits.
const OWN_HEADERS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

macro_rules! secret_keys {
    ($name:literal) => {
        SecretKeys {
            inline: $name,
            file: concat!($name, "_file"),
            env: concat!($name, "_env"),
            credential: concat!($name, "_credential"),
            default_credential: None,
        }
    };
}

/// Headers from the configuration and from secrets: `headers`, `headers_file`, `cookie`, `bearer`, `username`.
pub(super) fn headers(table: &mut Table<'_>, around: &Surroundings) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in table.pairs("headers") {
        header(table, name, value, &mut headers);
    }
    if let Some(found) = table.line("headers_file") {
        let folder = table
            .notes
            .files
            .get(found.at.file)
            .map_or_else(PathBuf::new, |file| file.folder.clone());
        let text = read_private(table, found.at, "headers_file", &folder.join(found.value)).unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(':') {
                Some((name, value)) => header(
                    table,
                    Located {
                        value: name.trim(),
                        at: found.at,
                    },
                    value.trim(),
                    &mut headers,
                ),
                None => table.problem(
                    found.at,
                    "`headers_file` has a line without a colon",
                    "write one header a line: `Name: value`",
                ),
            }
        }
    }
    let here = table.at;
    let mut from_secret = |table: &Table<'_>, name: &'static str, value: String| {
        header(table, Located { value: name, at: here }, &value, &mut headers);
    };
    if let Some(cookie) = secret(table, &secret_keys!("cookie"), around) {
        from_secret(table, "cookie", cookie.expose().to_owned());
    }
    if let Some(bearer) = secret(table, &secret_keys!("bearer"), around) {
        from_secret(table, "authorization", format!("Bearer {}", bearer.expose()));
    }
    let password = secret(table, &secret_keys!("password"), around);
    match (table.line("username"), password) {
        (Some(username), Some(password)) => {
            let login = format!("{}:{}", username.value, password.expose());
            from_secret(
                table,
                "authorization",
                format!("Basic {}", data_encoding::BASE64.encode(login.as_bytes())),
            );
        }
        (Some(username), None) => table.problem(username.at, "`username` without a password", "add `password_file`"),
        (None, Some(_)) => table.problem(here, "a password without `username`", "add `username`"),
        (None, None) => {}
    }
    headers
}

fn header(table: &Table<'_>, name: Located<&str>, value: &str, headers: &mut Vec<(String, String)>) {
    let lower = name.value.to_ascii_lowercase();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if lower.is_empty() || !lower.chars().all(token) || !is_header_value(value) {
        table.problem(
            name.at,
            format!("`{lower}` is no header that can be sent"),
            "use plain ASCII on one line",
        );
    } else if OWN_HEADERS.contains(&lower.as_str()) {
        let remedy = if lower == "user-agent" {
            "use `user_agent`"
        } else {
            "remove it"
        };
        table.problem(
            name.at,
            format!("the header `{lower}` is set by Courant itself"),
            remedy,
        );
    } else if headers.iter().any(|(other, _)| *other == lower) {
        table.problem(name.at, format!("the header `{lower}` is set twice"), "keep one");
    } else {
        headers.push((lower, value.to_owned()));
    }
}

pub(super) fn is_header_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || (' '..='~').contains(&c))
}
