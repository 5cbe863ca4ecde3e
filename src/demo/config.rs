//! The configuration `courant demo` runs with: the outlets on loopback, everything else in one folder. Pure.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::outlets::OUTLETS;
use super::server::{BROKEN, MOVED};

/// The demo's `config.toml`, for outlets served at `address`: database and mails go below `folder`, the digest `daily`
/// comes out at 07:00 UTC, and mail is written to files.
#[must_use]
pub fn config_toml(address: SocketAddr, folder: &Path) -> String {
    let quoted = |path: &Path| toml::Value::String(path.to_string_lossy().into_owned()).to_string();
    let (database, mails) = (quoted(&folder.join("courant.db")), quoted(&folder.join("mail")));
    // All outlets are one host here, so the pause that strangers' servers are owed would only make the demo slow.
    let mut text = format!(
        "# What `courant demo` ran with.\n\n\
         [database]\npath = {database}\n\n\
         [poll]\nallow_private = true\nper_host = 9\nhost_pause = \"0s\"\nfirst_poll_news = \"2d\"\n\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"The Demo Courant\"\nschedule = \"0 7 * * *\"\nzone = \"UTC\"\n\n\
         [mail]\ntransport = \"folder\"\nfolder = {mails}\nlist_address = \"news@demo.example\"\n\
         contact = \"The Courant demo, on your own machine\"\n"
    );
    let feed = |text: &mut String, key: &str, name: &str, document: &str, weight: f64| {
        let _ = write!(
            text,
            "\n[[feed]]\nkey = \"{key}\"\nname = \"{name}\"\nowner = \"{name}\"\nweight = {weight:?}\n\
             url = \"http://{address}/{key}/{document}\"\n"
        );
    };
    for outlet in &OUTLETS {
        let document = if outlet.key == MOVED { "feed" } else { "rss.xml" };
        feed(&mut text, outlet.key, outlet.name, document, outlet.weight);
    }
    feed(&mut text, BROKEN, "Bayview Daily", "rss.xml", 1.0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Transport};

    #[test]
    fn the_configuration_is_right_and_stays_in_its_folder() {
        let folder = Path::new("/tmp/a \"demo\" folder");
        let text = config_toml(SocketAddr::from(([127, 0, 0, 1], 4321)), folder);
        let config = Config::from_toml_str(&text, Path::new("")).unwrap();
        assert_eq!(config.warnings, Vec::<String>::new());
        assert_eq!(config.feeds.len(), OUTLETS.len() + 1);
        assert!(config.poll.allow_private && config.database.path.starts_with(folder));
        assert_eq!(config.mail.transport, Transport::Folder(folder.join("mail")));
        assert!(
            config
                .feeds
                .iter()
                .any(|feed| feed.url == "http://127.0.0.1:4321/lakeshore-review/feed")
        );
    }
}
