//! `courant doctor mail` against a relay and a name server of the test's own.

use super::fake_dns::FakeDns;
use super::fake_smtp::{Act, At, FakeSmtp};
use super::program::Installation;

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mail/dkim/keys/rsa-pkcs8.pem");

fn installation(relay: &FakeSmtp, public_url: &str) -> Installation {
    let here = Installation::new(&format!(
        "[database]\npath = \"courant.db\"\n[web]\npublic_url = \"{public_url}\"\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"digest@news.example.org\"\nlist_address = \"news@news.example.org\"\n\
         contact = \"Desk, 1 Main Street\"\n\
         [mail.smtp]\nhost = \"localhost\"\nport = {}\ntls = \"none\"\nusername = \"news\"\npassword = \"secret\"\n\
         [mail.dkim]\nselector = \"s1\"\nkey_file = \"dkim.pem\"\n\
         [[digest]]\nkey = \"daily\"\nschedule = \"0 7 * * *\"\n[[feed]]\nurl = \"https://example.org/x.xml\"\n",
        relay.address.port()
    ));
    std::fs::copy(KEY, here.path("dkim.pem")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(here.path("dkim.pem"), private).unwrap();
    here
}

/// Runs the doctor: its exit code, and what it prints.
fn doctor(here: &Installation, dns: &str) -> (Option<i32>, String) {
    let output = here.run(&["doctor", "mail", "--dns", dns, "--ip", "192.0.2.1"]);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), out + &String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn check(shown: &str, level: &str, what: &str) {
    let found = shown
        .lines()
        .any(|line| line.split_whitespace().next() == Some(level) && line.contains(what));
    assert!(found, "no `{level} {what}` in\n{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_remedy_it_names_puts_its_finding_right() {
    let relay = FakeSmtp::start_with(&["AUTH PLAIN"], None, false, |_| Act::Usual).await;
    let dns = FakeDns::start().await;
    let server = dns.address.to_string();
    let bad = installation(&relay, "http://news.example.org");
    let (code, shown) = doctor(&bad, &server);
    assert_eq!(code, Some(1), "{shown}");
    for what in ["SPF", "DKIM", "DMARC", "PTR", "MX", "one click"] {
        check(&shown, "wrong", what);
    }
    for what in ["TLS", "AUTH", "clock"] {
        check(&shown, "ok", what);
    }
    let publish = shown
        .lines()
        .find(|line| line.contains("publish the TXT record s1."))
        .unwrap();
    let (name, record) = publish
        .trim()
        .trim_start_matches("publish the TXT record ")
        .split_once(": ")
        .unwrap();
    dns.txt(name, record);
    dns.txt("news.example.org", "v=spf1 ip4:192.0.2.1 -all");
    dns.txt("_dmarc.example.org", "v=DMARC1; p=quarantine");
    dns.mx("news.example.org", "mx.example.org");
    dns.address_of("mx.example.org", "192.0.2.1");
    let good = installation(&relay, "https://news.example.org");
    let (code, shown) = doctor(&good, &server);
    assert!(shown.contains("Nothing is wrong."), "{shown}");
    assert_eq!(code, Some(0), "{shown}");
    assert!(relay.taken().is_empty(), "nothing is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_is_gone_is_not_a_missing_record() {
    let relay = FakeSmtp::start_with(&["AUTH PLAIN"], None, false, |step| match step.at {
        At::Auth => Act::Say("535 5.7.8 authentication failed".into()),
        _ => Act::Usual,
    })
    .await;
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, shown) = doctor(&installation(&relay, "https://news.example.org"), &gone.to_string());
    assert_eq!(code, Some(1));
    assert!(shown.contains("DNS did not say"), "{shown}");
    assert!(!shown.contains("has no SPF record"), "{shown}");
    check(&shown, "wrong", "AUTH");
}
