//! `courant demo` as a person runs it, and the mails it leaves, read by a parser that is not ours.

use std::path::Path;

use mail_parser::MessageParser;

use super::program::Installation;

#[test]
fn the_demo_ends_well_and_tells_each_event_once() {
    let here = Installation::new("");
    let printed = here.done(&["demo", "--out", "out"]);
    for wanted in [
        "THE DAILY COURANT",
        "TOP STORIES",
        "QUIET AND COVERAGE",
        "Unsubscribe:",
        "4 articles",
        "Try next",
    ] {
        assert!(printed.contains(wanted), "lacks {wanted}\n{printed}");
    }
    let mut links: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("https://"))
        .collect();
    let n = links.len();
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), n, "an article stands twice in one mail");

    let mails = mails(&here.path("out/mail"));
    let subjects: Vec<String> = mails.iter().map(|mail| check(mail)).collect();
    assert_eq!(mails.len(), 4, "confirmation, welcome, two editions: {subjects:?}");

    let again = here.done(&["demo", "--out", "out"]);
    assert_eq!(
        again.lines().count(),
        printed.lines().count(),
        "a second run replaces the first"
    );
}

#[test]
fn the_demo_deletes_nothing_it_did_not_write() {
    let here = Installation::new("");
    std::fs::create_dir(here.path("mine")).unwrap();
    std::fs::write(here.path("mine/thesis.txt"), "years of work").unwrap();
    let refused = here.run(&["demo", "--out", "mine"]);
    assert_eq!(refused.status.code(), Some(65));
    assert!(here.path("mine/thesis.txt").exists());
}

fn mails(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// What RFC 5322 and 2045 ask of every mail; returns its subject.
#[track_caller]
fn check(raw: &[u8]) -> String {
    let text = std::str::from_utf8(raw).expect("7-bit on the wire");
    assert!(text.is_ascii());
    assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "CRLF only");
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    let head = text.split("\r\n\r\n").next().unwrap();
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version"] {
        let n = head
            .lines()
            .filter(|line| line.starts_with(&format!("{name}:")))
            .count();
        assert_eq!(n, 1, "{name} in\n{head}");
    }
    let mail = MessageParser::default().parse(raw).expect("a parser reads it");
    assert!(mail.date().is_some_and(mail_parser::DateTime::is_valid), "{head}");
    assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
    assert!(
        !mail.body_text(0).unwrap().contains("@@"),
        "a personal place was left open"
    );
    mail.subject().unwrap().to_owned()
}
