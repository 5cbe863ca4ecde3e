//! A configuration full of mistakes, through the program.

use super::program::Installation;

const TEN_MISTAKES: &str = r#"
[poll]
intervall = "30m"
timeout = "half a minute"
body_max = "10 elephants"

[mail]
list_address = "not an address"
on_uncertain = "maybe"

[[feed]]
url = "ftp://example.org/feed"

[[feed]]
key = "twice"
url = "https://example.org/a.xml"

[[feed]]
key = "twice"
url = "https://example.org/b.xml"

[[digest]]
key = "daily"
schedule = "61 7 * * *"
zone = "Europe/Berln"
themes = ["mergres"]
"#;

const MINIMAL: &str = "[mail]\nlist_address = \"news@example.org\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
     [[digest]]\nkey = \"daily\"\nschedule = \"0 7 * * *\"\n";

#[test]
fn ten_mistakes_are_ten_located_messages() {
    let here = Installation::new(TEN_MISTAKES);
    let output = here.run(&["check-config"]);
    assert_eq!(output.status.code(), Some(78));
    let printed = String::from_utf8(output.stderr).unwrap();
    let located = printed.lines().filter(|line| line.starts_with("config.toml:")).count();
    assert_eq!(located, 10, "{printed}");
    for wanted in ["config.toml:3", "`interval`", "Europe/Berlin", "config.toml:26"] {
        assert!(printed.contains(wanted), "lacks {wanted}\n{printed}");
    }
}

#[test]
fn a_minimal_configuration_is_enough() {
    let here = Installation::new(MINIMAL);
    assert!(here.done(&["check-config"]).contains("every day at 07:00"));
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    let here = Installation::new(MINIMAL);
    let output = here.unread(&["companies", "search", "bank"]);
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_shipped_configuration_is_fine() {
    let shipped = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).unwrap();
    let here = Installation::new(&shipped);
    assert!(here.done(&["check-config"]).contains("feeds"));
}
