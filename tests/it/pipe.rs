//! `courant inbound`: what one mail from the mail server's pipe does, and what it leaves alone.

use crate::program::Installation;

const MAIL: &str = "From: anna@example.net\r\nTo: news+subscribe@example.org\r\nSubject: hello\r\n\
    Message-ID: <1@example.net>\r\n\r\nText\r\n";

fn config(feeds: &[&str]) -> String {
    let feeds: String = feeds
        .iter()
        .map(|key| format!("[[feed]]\nkey = \"{key}\"\nurl = \"https://{key}.example/feed\"\n"))
        .collect();
    format!(
        "[database]\npath = \"courant.db\"\n[mail]\nlist_address = \"news@example.org\"\ncontact = \"Desk\"\n\
         [[digest]]\nkey = \"daily\"\n{feeds}"
    )
}

#[test]
fn a_mail_leaves_the_feeds_as_the_daemon_knows_them() {
    let installation = Installation::new(&config(&["a", "b"]));
    installation.done(&["feeds", "list"]);
    // Somebody is editing the file; the daemon has not been told of it.
    installation.configure(&config(&["a"]));
    let output = installation.piped(
        &[
            "inbound",
            "--verbose",
            "--sender",
            "-anna@example.net",
            "--recipient",
            "news+subscribe@example.org",
        ],
        MAIL,
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "confirm\n");
    assert_eq!(
        installation.count("SELECT count(*) FROM feeds WHERE status = 'active'"),
        2
    );
}
