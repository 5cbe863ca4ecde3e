//! `[inbound.imap]`: a mailbox that mails are fetched from.

use super::mail::{is_loopback, relative};
use super::{HOUR, MINUTE, SECOND};
use crate::config::secret::{SecretKeys, Surroundings, secret};
use crate::config::settings::{ImapSettings, SmtpTls};
use crate::config::table::Table;

const PASSWORD: SecretKeys = SecretKeys {
    inline: "password",
    file: "password_file",
    env: "password_env",
    credential: "password_credential",
    default_credential: Some("imap-password"),
};

pub(super) fn imap(table: &mut Table<'_>, around: &Surroundings) -> Option<ImapSettings> {
    let modes = [
        ("implicit", SmtpTls::Implicit),
        ("starttls", SmtpTls::StartTls),
        ("none", SmtpTls::None),
    ];
    let tls = table.choice("tls", &modes).unwrap_or(SmtpTls::Implicit);
    let port = if tls == SmtpTls::Implicit { 993 } else { 143 };
    let port = u16::try_from(table.whole("port", port, 1..=65_535)).unwrap_or_default();
    let host = table.line("host");
    let username = table.line("username");
    let password = if table.present() {
        secret(table, &PASSWORD, around)
    } else {
        None
    };
    let token_file = file(
        table,
        "token_file",
        "let the program that renews the access token write it there",
    );
    let ca_file = file(table, "ca_file", "give a PEM file with the root certificate");
    let mailbox = table.line("mailbox").map_or("INBOX", |found| found.value).to_owned();
    let move_to = table.line("move_to");
    if let Some(found) = move_to.filter(|found| found.value.eq_ignore_ascii_case(&mailbox)) {
        table.problem(
            found.at,
            "`move_to` is the mailbox that is looked into",
            "name another folder, or remove the line: what was read is then flagged as seen",
        );
    }
    let settings = ImapSettings {
        host: host.map(|found| found.value.to_owned()).unwrap_or_default(),
        port,
        tls,
        username: username.map(|found| found.value.to_owned()).unwrap_or_default(),
        password,
        token_file,
        ca_file,
        mailbox,
        move_to: move_to.map(|found| found.value.to_owned()),
        idle: table.flag("idle").unwrap_or(true),
        poll: table.duration("poll", MINUTE, SECOND..=24 * HOUR),
        timeout: table.duration("timeout", MINUTE, SECOND..=10 * MINUTE),
    };
    if !table.present() {
        return None;
    }
    if username.is_none() {
        table.problem(table.at, "has no `username`", "add the login of the mailbox");
    }
    match (&settings.password, &settings.token_file) {
        (None, None) => table.problem(
            table.at,
            "has neither a password nor an access token",
            "add `password_file`, or `token_file` where the provider wants OAuth",
        ),
        (Some(_), Some(_)) => table.problem(
            table.at,
            "has a password and `token_file`",
            "keep the one the provider wants",
        ),
        _ => {}
    }
    let Some(found) = host else {
        table.problem(table.at, "has no `host`", "add `host = \"imap.example.org\"`");
        return None;
    };
    let name = found.value;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c)) {
        table.problem(
            found.at,
            format!("`host`: `{name}` is no host name"),
            "give the name alone; the port has its own option",
        );
    } else if tls == SmtpTls::None && !is_loopback(name) {
        table.problem(
            found.at,
            format!("`tls = \"none\"` to {name}, which is not this machine"),
            "take `implicit` (port 993) or `starttls` (port 143)",
        );
    }
    Some(settings)
}

fn file(table: &mut Table<'_>, key: &'static str, remedy: &'static str) -> Option<std::path::PathBuf> {
    let found = table.line(key)?;
    let path = relative(table, found.value);
    if !path.is_file() {
        table.problem(
            found.at,
            format!("`{key}`: there is no file {}", path.display()),
            remedy,
        );
    }
    Some(path)
}
