//! `[mail] [mail.smtp] [mail.rate]`.

use std::net::IpAddr;
use std::path::PathBuf;

use super::languages::languages;
use super::service::{lmtp_address, usize_of};
use super::{DAY, HOUR, MINUTE, SECOND, address, ca_file};
use crate::config::secret::{SecretKeys, Surroundings, read_private, secret};
use crate::config::settings::{
    DkimKey, DkimSettings, MailSettings, RateSettings, Secret, SmtpAuth, SmtpSettings, SmtpTls, Transport,
    UncertainPolicy,
};
use crate::config::table::Table;

/// Stands in until an address is configured.
const LIST_ADDRESS: &str = "news@localhost";

const PASSWORD: SecretKeys = SecretKeys {
    inline: "password",
    file: "password_file",
    env: "password_env",
    credential: "password_credential",
    default_credential: Some("smtp-password"),
};

const TOKEN_KEY: SecretKeys = SecretKeys {
    inline: "token_key",
    file: "token_key_file",
    env: "token_key_env",
    credential: "token_key_credential",
    default_credential: Some("token-key"),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Smtp,
    Lmtp,
    Sendmail,
    Folder,
    Maildir,
}

pub(super) fn mail(mut table: Table<'_>, around: &Surroundings) -> MailSettings {
    let mut smtp_table = table.table("smtp");
    let ways = [
        ("smtp", Way::Smtp),
        ("lmtp", Way::Lmtp),
        ("sendmail", Way::Sendmail),
        ("folder", Way::Folder),
        ("maildir", Way::Maildir),
    ];
    let default = if smtp_table.present() { Way::Smtp } else { Way::Folder };
    let way = table.choice("transport", &ways).unwrap_or(default);
    let leaves = matches!(way, Way::Smtp | Way::Lmtp | Way::Sendmail);

    let list_address = list_address(&mut table, leaves);
    let domain = list_address.rsplit('@').next().unwrap_or("localhost").to_owned();
    let smtp = smtp(&mut smtp_table, way == Way::Smtp, &domain, around);
    smtp_table.finish();
    let transport = transport(&mut table, way, smtp, around);
    let contact = table
        .line("contact")
        .map(|found| found.value.to_owned())
        .unwrap_or_default();
    if contact.is_empty() && leaves {
        let remedy = "add a line `contact = \"...\"`: who runs this, with a postal or other contact line; it stands in every footer";
        table.problem(table.at, "has no `contact`, which mail to others must carry", remedy);
    }
    let token_key = secret(&mut table, &TOKEN_KEY, around);
    if token_key.as_ref().is_some_and(|key| key.expose().len() < 16) {
        table.problem(
            table.at,
            "the token key is shorter than 16 characters",
            "make one with `openssl rand -hex 32`",
        );
    }
    let from = address(&mut table, "from").map_or_else(|| list_address.clone(), |found| found.value);
    let dkim = dkim(&mut table, from.rsplit('@').next().unwrap_or("localhost"));
    let bounce_domain = bounce_domain(&mut table);
    let policies = [("hold", UncertainPolicy::Hold), ("resend", UncertainPolicy::Resend)];
    let settings = MailSettings {
        transport,
        from,
        from_name: table
            .line("from_name")
            .map_or("Courant", |found| found.value)
            .to_owned(),
        list_address,
        contact,
        on_uncertain: table.choice("on_uncertain", &policies).unwrap_or(UncertainPolicy::Hold),
        rate: rate(&mut table),
        templates: templates(&mut table),
        languages: languages(&mut table),
        give_up: table.duration("give_up", 4 * DAY, HOUR..=14 * DAY),
        html_max: usize::try_from(table.size("html_max", 80_000, 20_000..=100_000)).unwrap_or(usize::MAX),
        token_key,
        bounce_domain,
        dkim,
    };
    table.finish();
    settings
}

fn bounce_domain(table: &mut Table<'_>) -> Option<String> {
    let found = table.line("bounce_domain")?;
    let fine = !found.value.is_empty()
        && found
            .value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    if !fine {
        let what = format!("`bounce_domain`: `{}` is no domain name", found.value);
        table.problem(found.at, what, "give the name alone: `example.org`");
    }
    Some(found.value.to_owned())
}

/// `[mail.dkim]`: a first key, and a second one for the change from RSA to Ed25519 or from one selector to the next.
fn dkim(mail: &mut Table<'_>, from_domain: &str) -> Option<DkimSettings> {
    let mut table = mail.table("dkim");
    let wanted = table.present();
    let domain = table.line("domain").map_or(from_domain, |found| found.value).to_owned();
    let mut keys = Vec::new();
    for (selector, file) in [("selector", "key_file"), ("second_selector", "second_key_file")] {
        match (table.line(selector), table.line(file)) {
            (Some(name), Some(found)) => {
                let path = relative(&table, found.value);
                if let Some(pem) = read_private(&table, found.at, file, &path) {
                    keys.push(DkimKey {
                        selector: name.value.to_owned(),
                        pem: Secret::new(pem),
                    });
                }
            }
            (None, None) if wanted && selector == "selector" => {
                let remedy = "add `selector` and `key_file`, or remove [mail.dkim]";
                table.problem(table.at, "has no key to sign with", remedy);
            }
            (None, None) => {}
            (Some(one), None) | (None, Some(one)) => {
                let what = format!("`{selector}` and `{file}` belong together");
                table.problem(one.at, what, "set both, or neither");
            }
        }
    }
    let below = from_domain == domain || from_domain.ends_with(&format!(".{domain}"));
    if wanted && !below {
        let what = format!("`domain`: mails from {from_domain} are not covered by a signature of {domain}");
        table.problem(table.at, what, "take the domain of `from`, or one above it");
    }
    table.finish();
    (!keys.is_empty()).then_some(DkimSettings { domain, keys })
}

fn list_address(table: &mut Table<'_>, leaves: bool) -> String {
    let set = table.has("list_address");
    if let Some(found) = address(table, "list_address") {
        if found.value.contains('+') {
            table.problem(
                found.at,
                "`list_address` contains `+`",
                "what follows a `+` carries commands: give the plain address",
            );
        }
        return found.value;
    }
    if !set {
        let remedy = "add a line `list_address = \"news@your.domain\"`: the address people write to";
        if leaves {
            table.problem(table.at, "has no `list_address`", remedy);
        } else {
            table.warning(
                table.at,
                format!("no `list_address`: mails come from {LIST_ADDRESS}"),
                remedy,
            );
        }
    }
    LIST_ADDRESS.to_owned()
}

fn transport(table: &mut Table<'_>, way: Way, smtp: Option<SmtpSettings>, around: &Surroundings) -> Transport {
    let file = table.notes.files.get(table.at.file);
    let path = |found: Option<&str>, default: &str| around.data_path(file, found.unwrap_or(default));
    let folder = path(table.line("folder").map(|found| found.value), "data/mail");
    let maildir = path(table.line("maildir").map(|found| found.value), "data/Maildir");
    let mut sendmail = command(table, "sendmail");
    if sendmail.is_empty() {
        sendmail = vec!["/usr/sbin/sendmail".to_owned(), "-i".to_owned()];
    }
    let lmtp = lmtp_address(
        table,
        "is not this machine",
        "it is not encrypted: deliver to this machine, or take `transport = \"smtp\"`",
    );
    match (way, smtp) {
        (Way::Smtp, Some(smtp)) => Transport::Smtp(smtp),
        (Way::Lmtp, _) => {
            if let Some(address) = lmtp {
                return Transport::Lmtp(address);
            }
            if !table.has("lmtp") {
                let remedy = "add `lmtp = \"unix:/run/dovecot/lmtp\"` or `lmtp = \"127.0.0.1:24\"`";
                table.problem(table.at, "has no `lmtp`, where to deliver", remedy);
            }
            Transport::Folder(folder)
        }
        (Way::Sendmail, _) => Transport::Sendmail(sendmail),
        (Way::Maildir, _) => Transport::Maildir(maildir),
        _ => Transport::Folder(folder),
    }
}

fn smtp(table: &mut Table<'_>, wanted: bool, domain: &str, around: &Surroundings) -> Option<SmtpSettings> {
    let host = table.line("host");
    let modes = [
        ("implicit", SmtpTls::Implicit),
        ("starttls", SmtpTls::StartTls),
        ("none", SmtpTls::None),
    ];
    let tls = table.choice("tls", &modes).unwrap_or(SmtpTls::Implicit);
    let port = match tls {
        SmtpTls::Implicit => 465,
        SmtpTls::StartTls => 587,
        SmtpTls::None => 25,
    };
    let port = u16::try_from(table.whole("port", port, 1..=65_535)).unwrap_or_default();
    let username = table.line("username");
    let password = secret(table, &PASSWORD, around);
    let password_command = command(table, "password_command");
    let has_password = password.is_some() || !password_command.is_empty();
    match &username {
        Some(found) if !has_password => {
            table.problem(found.at, "`username` without a password", "add `password_file`");
        }
        None if has_password && table.present() => {
            table.problem(table.at, "a password without `username`", "add `username`");
        }
        _ => {}
    }
    if password.is_some() && !password_command.is_empty() && table.has("password_command") {
        table.problem(
            table.at,
            "`password_command` and another password are both set",
            "keep one of them",
        );
    }
    let ways = [
        ("any", SmtpAuth::Any),
        ("plain", SmtpAuth::Plain),
        ("login", SmtpAuth::Login),
        ("xoauth2", SmtpAuth::Xoauth2),
    ];
    let auth = table.choice("auth", &ways).unwrap_or(SmtpAuth::Any);
    let ca_file = ca_file(table);
    let settings = SmtpSettings {
        host: host.map(|found| found.value.to_owned()).unwrap_or_default(),
        port,
        tls,
        username: username.map(|found| found.value.to_owned()),
        password,
        password_command,
        auth,
        ca_file,
        helo: table.line("helo").map_or(domain, |found| found.value).to_owned(),
        connections: usize_of(table.whole("connections", 4, 1..=128)),
        timeout: table.duration("timeout", 2 * MINUTE, SECOND..=10 * MINUTE),
    };
    match host {
        None if wanted => {
            let at = table.at;
            table.notes.problem(
                at,
                "[mail.smtp]",
                "has no `host`",
                "add `host = \"smtp.example.org\"` below `[mail.smtp]`, or set `transport = \"folder\"`",
            );
            None
        }
        None => None,
        Some(found) => {
            let name = found.value;
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c)) {
                table.problem(
                    found.at,
                    format!("`host`: `{name}` is no host name"),
                    "give the name alone; the port has its own option",
                );
            } else if tls == SmtpTls::None && !is_loopback(name) {
                let remedy = "take `implicit` (port 465) or `starttls` (port 587)";
                table.problem(
                    found.at,
                    format!("`tls = \"none\"` to {name}, which is not this machine"),
                    remedy,
                );
            }
            Some(settings)
        }
    }
}

/// A program and its arguments; empty when the option is not set.
fn command(table: &mut Table<'_>, name: &'static str) -> Vec<String> {
    let words = table.strings(name);
    words.iter().map(|found| found.value.to_owned()).collect()
}

pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn rate(table: &mut Table<'_>) -> RateSettings {
    let mut rate = table.table("rate");
    let settings = RateSettings {
        per_second: rate.whole("per_second", 0, 0..=10_000),
        per_hour: rate.whole("per_hour", 0, 0..=10_000_000),
        per_domain_minute: rate.whole("per_domain_minute", 0, 0..=100_000),
        per_domain_connections: rate.whole("per_domain_connections", 0, 0..=1_000),
        per_connection: rate.whole("per_connection", 100, 1..=10_000),
    };
    rate.finish();
    settings
}

fn templates(table: &mut Table<'_>) -> Option<PathBuf> {
    let found = table.line("templates")?;
    let path = relative(table, found.value);
    if !path.is_dir() {
        table.problem(
            found.at,
            format!("`templates`: there is no folder {}", path.display()),
            "make it, or remove the line",
        );
    }
    Some(path)
}

/// A path as it stands in a file: relative to that file.
pub(super) fn relative(table: &Table<'_>, path: &str) -> PathBuf {
    table
        .notes
        .files
        .get(table.at.file)
        .map_or_else(|| PathBuf::from(path), |file| file.folder.join(path))
}
