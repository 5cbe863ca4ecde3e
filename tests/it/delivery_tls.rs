//! Encryption at the socket: no login and no sender is said to a server that is not proven to be the right one.

use std::path::Path;

use crate::fake_smtp::{Act, At, FakeSmtp, Step};
use crate::identity::Identity;
use crate::outbox_world::{World, relay};

const OFFERED: [&str; 2] = ["STARTTLS", "AUTH PLAIN"];

fn settings(port: u16, tls: &str, ca: Option<&Path>) -> String {
    let ca = ca.map_or_else(String::new, |path| format!("ca_file = \"{}\"", path.display()));
    let smtp = format!("tls = \"{tls}\"\nusername = \"news\"\npassword = \"secret\"\nconnections = 1\n{ca}");
    relay(port, &smtp, "")
}

async fn server(
    identity: &Identity,
    implicit: bool,
    script: impl Fn(&Step) -> Act + Send + Sync + 'static,
) -> FakeSmtp {
    FakeSmtp::start_with(&OFFERED, Some(identity.acceptor.clone()), implicit, script).await
}

/// One digest to this server, believing this certificate.
async fn send_to(server: &FakeSmtp, tls: &str, ca: Option<&str>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    if let Some(pem) = ca {
        std::fs::write(&path, pem).unwrap();
    }
    let mut world = World::new(&settings(server.address.port(), tls, ca.map(|_| path.as_path()))).await;
    world.digests(1).await;
    world.drain().await;
    world
}

#[track_caller]
fn said_nothing(server: &FakeSmtp) {
    for word in server.commands() {
        assert!(
            !matches!(word.as_str(), "AUTH" | "MAIL" | "RCPT" | "DATA"),
            "{word} was said"
        );
    }
}

#[tokio::test]
async fn a_proven_server_gets_the_mail() {
    for (tls, implicit) in [("implicit", true), ("starttls", false)] {
        let identity = Identity::new("localhost");
        let server = server(&identity, implicit, |_| Act::Usual).await;
        let world = send_to(&server, tls, Some(&identity.pem)).await;
        assert_eq!(world.status_of(1).await, "sent", "{tls}: {}", world.last_reply(1).await);
        assert!(server.commands().contains(&"AUTH".to_owned()), "{tls}");
        assert_eq!(server.taken().len(), 1);
    }
}

#[tokio::test]
async fn an_unproven_server_gets_nothing() {
    let ours = Identity::new("localhost");
    for (tls, implicit) in [("implicit", true), ("starttls", false)] {
        for (what, name, expired, believe_it) in [
            ("unknown", "localhost", false, false),
            ("wrong name", "elsewhere.example", false, true),
            ("expired", "localhost", true, true),
        ] {
            let theirs = if expired {
                Identity::expired(name)
            } else {
                Identity::new(name)
            };
            let server = server(&theirs, implicit, |_| Act::Usual).await;
            let believed = if believe_it { &theirs.pem } else { &ours.pem };
            let world = send_to(&server, tls, Some(believed)).await;
            assert_eq!(world.status_of(1).await, "queued", "{tls}, {what}");
            assert!(
                world.last_reply(1).await.contains("TLS"),
                "{tls}, {what}: {}",
                world.last_reply(1).await
            );
            said_nothing(&server);
        }
    }
}

#[tokio::test]
async fn what_came_before_encryption_is_never_read_after_it() {
    for injected in ["220 go ahead\r\n250-injected\r\n250 AUTH PLAIN", "220 go ahead\r\n250"] {
        let identity = Identity::new("localhost");
        let server = server(&identity, false, move |step| match step.at {
            At::StartTls => Act::Say(injected.to_owned()),
            _ => Act::Usual,
        })
        .await;
        let world = send_to(&server, "starttls", Some(&identity.pem)).await;
        assert_eq!(world.status_of(1).await, "queued");
        assert!(
            world.last_reply(1).await.contains("before encryption"),
            "{}",
            world.last_reply(1).await
        );
        said_nothing(&server);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let server = FakeSmtp::start_with(&["AUTH PLAIN"], None, false, |_| Act::Usual).await;
    let world = send_to(&server, "starttls", None).await;
    assert_eq!(world.status_of(1).await, "queued");
    said_nothing(&server);
}

#[tokio::test]
async fn a_server_that_refuses_starttls_gets_nothing() {
    let identity = Identity::new("localhost");
    let server = server(&identity, false, |step| match step.at {
        At::StartTls => Act::SayAndClose("454 4.7.0 TLS not available".to_owned()),
        _ => Act::Usual,
    })
    .await;
    let world = send_to(&server, "starttls", Some(&identity.pem)).await;
    assert_eq!(world.last_reply(1).await, "454 4.7.0 TLS not available");
    said_nothing(&server);
}
