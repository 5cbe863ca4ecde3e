//! `[daemon] [database] [poll] [inbound] [web] [limits] [log]`: the tables without references.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{DAY, HOUR, MINUTE, SECOND, address, ca_file, imap, web_address};
use crate::config::secret::Surroundings;
use crate::config::settings::{
    Corrections, DaemonSettings, DatabaseSettings, InboundSettings, LimitSettings, LmtpListen, LogFormat, LogSettings,
    PollSettings, WebSettings,
};
use crate::config::table::Table;

pub(super) fn daemon(mut table: Table<'_>) -> DaemonSettings {
    let settings = DaemonSettings {
        // Below the TimeoutStopSec of the shipped unit, so that systemd never has to kill.
        shutdown_grace: table.duration("shutdown_grace", 20 * SECOND, SECOND..=50 * SECOND),
        operator: address(&mut table, "operator").map(|found| found.value),
    };
    table.finish();
    settings
}

pub(super) fn database(mut table: Table<'_>, around: &Surroundings) -> DatabaseSettings {
    let path = table.line("path").map_or("data/courant.db", |found| found.value);
    let settings = DatabaseSettings {
        path: around.data_path(table.notes.files.get(table.at.file), path),
        keep_entries: table.duration("keep_entries", 90 * DAY, 2 * DAY..=3660 * DAY),
        keep_deliveries: table.duration("keep_deliveries", 30 * DAY, DAY..=3660 * DAY),
    };
    table.finish();
    settings
}

pub(super) fn poll(mut table: Table<'_>) -> PollSettings {
    let interval = table.duration("interval", HOUR, MINUTE..=7 * DAY);
    if interval < 15 * MINUTE {
        let message = "`interval` below 15m asks feeds more often than most outlets welcome";
        table.warning(table.at, message, "set a short `interval` only on feeds that need it");
    }
    let set_max = table.duration_set("interval_max", MINUTE..=30 * DAY);
    if let Some(found) = set_max.filter(|found| found.value < interval) {
        table.problem(
            found.at,
            "`interval_max` is shorter than `interval`",
            "raise it, or lower `interval`",
        );
    }
    let kib: u64 = 1 << 10;
    let wire_max = table.size("wire_max", 5 << 20, 64 * kib..=1 << 30);
    let body_max = table.size("body_max", 10 << 20, 64 * kib..=1 << 30);
    if wire_max > body_max {
        table.problem(
            table.at,
            "`wire_max` is larger than `body_max`",
            "what is decompressed is never smaller than what is sent: raise `body_max`",
        );
    }
    let timeout = table.duration("timeout", 30 * SECOND, SECOND..=10 * MINUTE);
    let settings = PollSettings {
        interval,
        interval_max: set_max.map_or(DAY.max(interval), |found| found.value),
        concurrency: usize_of(table.whole("concurrency", 16, 1..=512)),
        per_host: usize_of(table.whole("per_host", 1, 1..=16)),
        host_pause: table.duration("host_pause", SECOND, Duration::ZERO..=MINUTE),
        timeout,
        connect_timeout: table.duration("connect_timeout", 10 * SECOND, SECOND..=5 * MINUTE),
        wire_max,
        body_max,
        redirects_max: usize_of(table.whole("redirects_max", 5, 0..=20)),
        // The reader keeps no more of a document.
        entries_max: usize_of(table.whole("entries_max", 1000, 1..=1000)),
        first_poll_news: table.duration("first_poll_news", DAY, Duration::ZERO..=30 * DAY),
        contact: table
            .line("contact")
            .map(|found| found.value.to_owned())
            .unwrap_or_default(),
        allow_private: table.flag("allow_private").unwrap_or(false),
        ca_file: ca_file(&mut table),
        before_edition: table.duration("before_edition", 10 * MINUTE, Duration::ZERO..=2 * HOUR),
        hosts: BTreeMap::new(),
        websub: table.flag("websub").unwrap_or(true),
        tracking_parameters: table
            .strings("tracking_parameters")
            .iter()
            .map(|found| found.value.to_owned())
            .collect(),
    };
    table.finish();
    settings
}

pub(super) fn inbound(mut table: Table<'_>, around: &Surroundings) -> InboundSettings {
    let mut imap_table = table.table("imap");
    let imap = imap::imap(&mut imap_table, around);
    imap_table.finish();
    let settings = InboundSettings {
        message_max: usize::try_from(table.size("message_max", 256 << 10, 16 << 10..=16 << 20)).unwrap_or(usize::MAX),
        authserv_id: table.line("authserv_id").map(|found| found.value.to_owned()),
        pending_max: table.duration("pending_max", 72 * HOUR, HOUR..=30 * DAY),
        corrections: table
            .choice(
                "corrections",
                &[
                    ("readers", Corrections::Readers),
                    ("operator", Corrections::Operator),
                    ("off", Corrections::Off),
                ],
            )
            .unwrap_or(Corrections::Readers),
        lmtp: lmtp_address(
            &mut table,
            "would let other machines hand over any mail",
            "listen on `127.0.0.1:2424` or on `unix:/run/courant/lmtp.sock`",
        ),
        imap,
    };
    table.finish();
    settings
}

/// `127.0.0.1:2424` or `unix:/run/courant/lmtp.sock`. What is said there is not encrypted, and who may connect may hand
/// over any mail: other machines may not. `fault` says what is wrong with another machine's address.
pub(super) fn lmtp_address(table: &mut Table<'_>, fault: &str, remedy: &str) -> Option<LmtpListen> {
    let found = table.line("lmtp")?;
    if let Some(path) = found.value.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
        return Some(LmtpListen::Unix(path.into()));
    }
    match found.value.parse::<std::net::SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => return Some(LmtpListen::Tcp(address)),
        Ok(address) => table.problem(found.at, format!("`lmtp`: `{address}` {fault}"), remedy.to_owned()),
        Err(_) => table.problem(
            found.at,
            format!("`lmtp`: `{}` is no address", found.value),
            "write it like `127.0.0.1:2424` or `unix:/run/courant/lmtp.sock`",
        ),
    }
    None
}

pub(super) fn web(mut table: Table<'_>) -> Option<WebSettings> {
    let enabled = table.flag("enabled").unwrap_or(true) && table.present();
    let listen = table.line("listen");
    let address = listen.map_or("127.0.0.1:8080", |found| found.value);
    let parsed = address.parse::<std::net::SocketAddr>();
    if let (Err(_), Some(found)) = (&parsed, listen) {
        let message = format!("`listen`: `{}` is no address with a port", found.value);
        table.problem(found.at, message, "write it like `127.0.0.1:8080` or `[::1]:8080`");
    }
    let public = table.line("public_url");
    let url = public.and_then(|found| Some((found, web_address(&table, "public_url", found, &["http", "https"])?)));
    if let Some((found, url)) = &url {
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            table.problem(
                found.at,
                "`public_url` has a query, a fragment or a login in it",
                "give the address alone",
            );
        }
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !loopback {
            let message = "`public_url` is not https: mail programs then show no unsubscribe button (RFC 8058)";
            table.warning(
                found.at,
                message,
                "put a proxy with TLS in front and give its https address",
            );
        }
    }
    let mut trusted_proxies = Vec::new();
    for proxy in table.strings("trusted_proxies") {
        if let Ok(address) = proxy.value.parse() {
            trusted_proxies.push(address);
        } else {
            let message = format!("`trusted_proxies`: `{}` is no IP address", proxy.value);
            table.problem(proxy.at, message, "write the proxy's address alone, like `127.0.0.1`");
        }
    }
    table.finish();
    let listen = parsed.ok()?;
    let is_public = url.is_some();
    let public_url = url.map_or_else(
        || format!("http://{listen}"),
        |(_, url)| url.as_str().trim_end_matches('/').to_owned(),
    );
    enabled.then_some(WebSettings {
        listen,
        public_url,
        is_public,
        trusted_proxies,
    })
}

pub(super) fn limits(mut table: Table<'_>) -> LimitSettings {
    let settings = LimitSettings {
        stranger_mails_per_day: table.whole("stranger_mails_per_day", 1, 1..=100),
        replies_per_hour: table.whole("replies_per_hour", 200, 1..=100_000),
    };
    table.finish();
    settings
}

pub(super) fn log(mut table: Table<'_>) -> LogSettings {
    let filter = table.line("filter");
    if let Some(found) = filter
        && let Err(error) = found.value.parse::<tracing_subscriber::filter::EnvFilter>()
    {
        let message = format!("`filter`: `{}` is no filter: {error}", found.value);
        table.problem(
            found.at,
            message,
            "write a level (`info`, `debug`), or `courant::mail=debug,info`",
        );
    }
    let settings = LogSettings {
        filter: filter.map_or("info", |found| found.value).to_owned(),
        format: table
            .choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            .unwrap_or(LogFormat::Text),
    };
    table.finish();
    settings
}

pub(super) fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
