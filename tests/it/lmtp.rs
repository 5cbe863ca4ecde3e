//! The LMTP door of the running daemon, spoken to as a mail server speaks.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use crate::program::{Installation, PATIENCE};

struct Door {
    reader: BufReader<UnixStream>,
}

impl Door {
    fn open(installation: &Installation) -> Self {
        let stream = UnixStream::connect(installation.path("lmtp.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut door = Self {
            reader: BufReader::new(stream),
        };
        assert!(door.reply().starts_with("220 "));
        door
    }

    /// One reply, its lines joined.
    fn reply(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return all;
            }
            all.push_str(line.trim_end());
            if line.as_bytes().get(3) != Some(&b'-') {
                return all;
            }
            all.push('\n');
        }
    }

    fn write(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    #[track_caller]
    fn say(&mut self, line: &str, expected: &str) {
        self.write(&format!("{line}\r\n"));
        let reply = self.reply();
        assert!(reply.starts_with(expected), "{line}: {reply}");
    }
}

fn installation(more: &str) -> Installation {
    let installation = Installation::new("");
    installation.configure(&format!(
        "[database]\npath = \"courant.db\"\n[inbound]\nlmtp = \"unix:{}\"\n{more}\n[web]\nenabled = false\n\
         [mail]\nlist_address = \"news@example.org\"\nfrom = \"digest@example.org\"\ncontact = \"Desk, 1 Main Street\"\n\
         transport = \"folder\"\nfolder = \"mails\"\n\
         [[digest]]\nkey = \"daily\"\nschedule = \"0 7 * * *\"\n[[feed]]\nurl = \"http://127.0.0.1:1/x.xml\"\n",
        installation.path("lmtp.sock").display()
    ));
    installation
}

const SUBSCRIBE: &str = "From: anna@example.net\r\nTo: news+subscribe@example.org\r\nSubject: hello\r\n\
    Message-ID: <1@example.net>\r\n\r\n..\r\n.\r\n";

#[tokio::test]
async fn a_mail_server_hands_mails_over_and_250_means_written_down() {
    let installation = installation("message_max = \"16KiB\"");
    let daemon = installation.start(&["run"]);
    daemon.says("Courant is running").await;
    let mut door = Door::open(&installation);
    door.say("LHLO relay.example.org", "250-example.org");
    // All at once, as a client may that was told PIPELINING.
    door.write("MAIL FROM:<anna@example.net>\r\nRCPT TO:<news+subscribe@example.org>\r\nRCPT TO:<news@example.org>\r\nDATA\r\n");
    for expected in ["250", "250", "250", "354"] {
        assert!(door.reply().starts_with(expected));
    }
    door.write(SUBSCRIBE);
    assert_eq!(door.reply(), "250 2.0.0 confirm");
    assert_eq!(door.reply(), "250 2.0.0 repeated");
    assert_eq!(
        installation.count("SELECT count(*) FROM deliveries WHERE kind = 'confirm'"),
        1
    );

    door.say("MAIL FROM:<a@example.net> SIZE=999999", "552");
    door.say("MAIL FROM:<a@example.net>", "250");
    door.say("RCPT TO:<news@example.org>", "250");
    door.say("DATA", "354");
    door.write(&format!("Subject: x\r\n\r\n{}.\r\n", "long line\r\n".repeat(3_000)));
    assert!(door.reply().starts_with("552"));
    door.say("NOOP", "250");

    // Cut off in the middle: nothing was taken, nothing is known.
    let mut cut = Door::open(&installation);
    cut.say("LHLO x", "250");
    cut.say("MAIL FROM:<bob@example.net>", "250");
    cut.say("RCPT TO:<news+subscribe@example.org>", "250");
    cut.say("DATA", "354");
    cut.write("From: bob@example.net\r\nTo: news+subscribe@example.org\r\n");
    drop(cut);

    // One that is in the middle at the end is told to come again.
    let mut slow = Door::open(&installation);
    slow.say("LHLO x", "250");
    slow.say("MAIL FROM:<eva@example.net>", "250");
    slow.say("RCPT TO:<news+subscribe@example.org>", "250");
    slow.say("DATA", "354");
    slow.write("From: eva@example.net\r\n");

    daemon.signal("TERM");
    assert!(daemon.ended().await.success());
    assert!(door.reply().starts_with("421"));
    assert!(slow.reply().starts_with("421"));
    assert_eq!(installation.count("SELECT count(*) FROM subscribers"), 1);
    assert!(!installation.path("lmtp.sock").exists());
    installation.assert_intact();
}

#[test]
fn a_port_that_other_machines_reach_is_refused() {
    let installation = Installation::new("[inbound]\nlmtp = \"0.0.0.0:2424\"\n");
    let output = installation.run(&["check-config"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("would let other machines hand over any mail"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}
