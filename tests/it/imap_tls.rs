//! The IMAP door over TLS: a login is said to the right server alone.

use std::path::Path;

use crate::fake_imap::{Encrypts, FakeImap, Fault};
use crate::identity::Identity;
use crate::imap::{QUICK, World, subscribe, until};

fn believing(folder: &Path, pem: &str, tls: &str) -> String {
    let path = folder.join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    format!("tls = \"{tls}\"\nca_file = \"{}\"", path.display())
}

#[tokio::test]
async fn a_login_is_said_only_to_the_right_server_and_encrypted() {
    let Identity { pem, acceptor } = Identity::new("localhost");
    let other_pem = Identity::new("localhost").pem;
    for (tls, encrypts) in [
        ("implicit", Encrypts::FromTheFirstByte(acceptor.clone())),
        ("starttls", Encrypts::AfterStartTls(acceptor.clone())),
    ] {
        let server = FakeImap::start("IDLE AUTH=PLAIN", encrypts).await;
        server.deliver(&subscribe("anna@example.net"));

        let folder = tempfile::tempdir().unwrap();
        let wrong = believing(folder.path(), &other_pem, tls);
        let world = World::in_folder(folder, &server, &wrong, QUICK);
        until("some tries", || server.connections() >= 3).await;
        world.close().await;
        let said = server.commands();
        assert!(said.iter().all(|line| line == "STARTTLS"), "{tls}: {said:?}");

        let folder = tempfile::tempdir().unwrap();
        let right = believing(folder.path(), &pem, tls);
        let world = World::in_folder(folder, &server, &right, QUICK);
        until("the mail to be read", || server.unseen().is_empty()).await;
        assert_eq!(world.n_queued().await, 1);
        world.close().await;
    }
}

#[tokio::test]
async fn words_smuggled_in_before_encryption_end_the_connection() {
    let Identity { pem, acceptor } = Identity::new("localhost");
    let server = FakeImap::start("IDLE AUTH=PLAIN", Encrypts::AfterStartTls(acceptor)).await;
    server.fault(
        "STARTTLS",
        1_000,
        Fault::Say("TAG OK begin\r\n* PREAUTH welcome\r\n".to_owned()),
    );
    let folder = tempfile::tempdir().unwrap();
    let imap = believing(folder.path(), &pem, "starttls");
    let world = World::in_folder(folder, &server, &imap, QUICK);
    until("some tries", || server.connections() >= 3).await;
    world.close().await;
    assert!(server.commands().iter().all(|line| line == "STARTTLS"));
}
