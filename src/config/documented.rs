//! The shipped `config.toml` and examples are held against what is read.

use super::*;

const DOCUMENTED: &str = include_str!("../../config.toml");

fn assembled(text: &str, folder: &Path) -> Assembled {
    let main = File::new("config.toml".to_owned(), folder.to_path_buf(), text.to_owned());
    let around = Surroundings {
        variable: |name| (name == "DESK_SMTP_PASSWORD").then(|| "secret".to_owned()),
    };
    assemble(main, &KnownSlugs::default(), &around).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The line as an option would stand on it, a leading `#` without a space cut away.
fn option_line(line: &str) -> &str {
    line.strip_prefix('#')
        .filter(|rest| !rest.starts_with([' ', '#']) && !rest.is_empty())
        .unwrap_or(line)
}

#[test]
fn the_example_works_as_it_is() {
    let config = assembled(DOCUMENTED, Path::new("")).config;
    assert_eq!(config.feeds.len(), 15);
    assert!(
        config
            .feeds
            .iter()
            .all(|feed| !feed.name.is_empty() && !feed.owner.is_empty())
    );
    assert_eq!(config.mail.transport, Transport::Folder("data/mail".into()));
    assert!(config.web.is_some_and(|web| web.listen.ip().is_loopback()));
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn the_example_names_every_option() {
    let mut named: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    let mut section = String::new();
    for line in DOCUMENTED.lines() {
        if let Some(header) = option_line(line).strip_prefix('[') {
            header.trim_matches(['[', ']']).clone_into(&mut section);
        }
        let text = named.entry(section.clone()).or_default();
        text.push_str(line);
        text.push('\n');
    }
    for (section, options) in assembled(DOCUMENTED, Path::new("")).options {
        for option in options {
            let table = if section.is_empty() {
                option.clone()
            } else {
                format!("{section}.{option}")
            };
            let text = named.get(&section).map(String::as_str).unwrap_or_default();
            let set = text
                .lines()
                .any(|line| option_line(line).starts_with(&format!("{option} =")));
            let told = text.contains(&format!("`{option}`")) || text.contains(&format!("   {option} ="));
            assert!(
                named.contains_key(&table) || set || told,
                "config.toml does not name `{option}` in [{section}]"
            );
        }
    }
}

#[test]
fn every_commented_option_of_the_example_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "feed-password",
        "token-key",
        "smtp-password",
        "imap-password",
        "ca.pem",
        "dkim-rsa.pem",
        "dkim-ed25519.pem",
    ] {
        std::fs::write(folder.path().join(file), "0123456789abcdef\n").unwrap();
    }
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::create_dir(folder.path().join("languages")).unwrap();
    let text: String = DOCUMENTED
        .lines()
        .flat_map(|line| {
            [
                option_line(line),
                "
",
            ]
        })
        .collect();
    let config = assembled(&text.replace("/etc/courant/", ""), folder.path()).config;
    assert_eq!(config.stories.companies.len(), 1);
    assert_eq!(config.stories.themes.len(), 1);
    assert!(config.mail.token_key.is_some());
}

#[test]
fn what_is_called_a_default_is_one() {
    // Each of these lines shows the value that holds without it.
    let uncommented = |section: &str| -> String {
        let lines = DOCUMENTED.lines().skip_while(|line| *line != section).skip(1);
        lines
            .take_while(|line| !line.starts_with('['))
            .flat_map(|line| {
                [
                    option_line(line),
                    "
",
                ]
            })
            .collect()
    };
    let config = |text: &str| assembled(text, Path::new("")).config;
    for section in [
        "[daemon]",
        "[poll]",
        "[database]",
        "[stories]",
        "[mail.rate]",
        "[inbound]",
        "[limits]",
        "[log]",
    ] {
        let shown: String = uncommented(section)
            .lines()
            .filter(|line| {
                !["operator", "contact", "ca_file", "tracking", "authserv", "lmtp"]
                    .iter()
                    .any(|own| line.starts_with(own))
            })
            .take_while(|line| !line.starts_with('['))
            .flat_map(|line| {
                [
                    line, "
",
                ]
            })
            .collect();
        let (with, without) = (config(&format!("{section}\n{shown}")), config(""));
        let settings = |config: &Config| {
            let mut config = config.clone();
            config.warnings.clear();
            format!("{config:#?}")
        };
        assert_eq!(settings(&with), settings(&without), "{section}");
    }
}

#[test]
fn the_examples_are_right() {
    let minimal = include_str!("../../examples/minimal.toml");
    assert_eq!(assembled(minimal, Path::new("")).config.warnings, Vec::<String>::new());
    assert!(minimal.lines().filter(|line| !line.is_empty()).count() < 15);
    let markets = assembled(include_str!("../../examples/markets.toml"), Path::new("")).config;
    assert_eq!(markets.digests.len(), 2);
    assert!(matches!(markets.mail.transport, Transport::Smtp(_)));
}
