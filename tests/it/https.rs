//! TLS, HTTP/2, compressions and IPv6 at the socket, through the real poller.

use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{Response, Version};
use courant::model::FeedRow;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fake_feeds::{FakeFeeds, reply, rss};
use crate::poll_answers::gzip;
use crate::poll_world::{NOW, World};

/// What a server was asked, in a word each.
type Seen = Arc<Mutex<Vec<String>>>;

struct Server {
    url: String,
    /// The root certificate that vouches for it.
    root: String,
    seen: Seen,
}

/// How the server's certificate is.
#[derive(Clone, Copy, PartialEq)]
enum Certificate {
    Good,
    Expired,
    /// For another name.
    Foreign,
}

/// Answers each request over TLS with this body and coding; by HTTP/2 where `h2` is offered and wanted.
async fn serve(certificate: Certificate, h2: bool, coding: &'static str, body: Vec<u8>) -> Server {
    let (root, acceptor) = identity(certificate, h2);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/feed", listener.local_addr().unwrap().port());
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log, body) = (acceptor.clone(), Arc::clone(&log), body.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    log.lock().unwrap().push("no handshake".to_owned());
                    return;
                };
                let by_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                if by_h2 {
                    answer_h2(stream, coding, body, &log).await;
                } else {
                    answer_http1(stream, coding, &body, &log).await;
                }
            });
        }
    });
    Server { url, root, seen }
}

fn identity(certificate: Certificate, h2: bool) -> (String, TlsAcceptor) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let name = if certificate == Certificate::Foreign {
        "elsewhere.example"
    } else {
        "localhost"
    };
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    if certificate == Certificate::Expired {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let signed = params.signed_by(&key, &issuer).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(signed.der().to_vec())],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = if h2 {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    } else {
        vec![b"http/1.1".to_vec()]
    };
    (ca_certificate.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn answer_h2(
    stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    coding: &str,
    body: Vec<u8>,
    log: &Seen,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let known = request.headers().contains_key("if-none-match");
        assert_eq!(request.version(), Version::HTTP_2);
        log.lock()
            .unwrap()
            .push(format!("h2{}", if known { " conditional" } else { "" }));
        let response = Response::builder()
            .status(if known { 304 } else { 200 })
            .header("etag", "\"h2\"")
            .header("content-encoding", coding)
            .body(())
            .unwrap();
        let mut sending = respond.send_response(response, known).unwrap();
        if !known {
            sending.send_data(Bytes::from(body.clone()), true).unwrap();
        }
    }
}

async fn answer_http1(
    mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    coding: &str,
    body: &[u8],
    log: &Seen,
) {
    use tokio::io::AsyncReadExt as _;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => head.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    }
    log.lock().unwrap().push("http/1.1".to_owned());
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Encoding: {coding}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let _ = stream.shutdown().await;
}

fn document() -> Vec<u8> {
    rss(&[("1", "Acme buys Globex", NOW.unix() - 600)]).into_bytes()
}

/// A world with one feed at this server, which trusts this root besides the system's.
async fn world(server: &Server, root: Option<&str>, folder: &Path) -> World {
    let path = root.map(|root| {
        let path = folder.join("ca.pem");
        std::fs::write(&path, root).unwrap();
        path
    });
    World::with(&[("a", server.url.clone())], |config| {
        config.poll.allow_private = true;
        config.poll.ca_file = path;
    })
    .await
}

async fn polled(server: &Server, root: Option<&str>) -> FeedRow {
    let folder = tempfile::tempdir().unwrap();
    let world = world(server, root, folder.path()).await;
    world.tick().await;
    world.feed("a").await
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let server = serve(Certificate::Good, true, "identity", document()).await;
    let folder = tempfile::tempdir().unwrap();
    let world = world(&server, Some(&server.root), folder.path()).await;
    world.tick().await;
    assert_eq!(world.titles("a").await, ["Acme buys Globex"]);
    let feed = world.next_poll("a").await;
    assert_eq!(feed.history[0].outcome, "not_modified");
    assert_eq!(*server.seen.lock().unwrap(), ["h2", "h2 conditional"]);
}

#[tokio::test]
async fn tls_alone_speaks_http1() {
    let server = serve(Certificate::Good, false, "identity", document()).await;
    let feed = polled(&server, Some(&server.root)).await;
    assert_eq!((feed.error.as_str(), feed.n_items), ("", 1));
    assert_eq!(*server.seen.lock().unwrap(), ["http/1.1"]);
}

#[tokio::test]
async fn every_coding_is_read_over_http2() {
    // "hello" framed by the reference encoder is no feed, so the brotli document is one stored block.
    let plain = document();
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("zstd", zstd::encode_all(&plain[..], 3).unwrap()),
        ("br", stored_brotli(&plain)),
    ] {
        let server = serve(Certificate::Good, true, coding, body).await;
        let feed = polled(&server, Some(&server.root)).await;
        assert_eq!((feed.error.as_str(), feed.n_items), ("", 1), "{coding}");
    }
}

/// RFC 7932, 9.2: a stream of one uncompressed meta-block of at most 64 KiB and an empty last one.
fn stored_brotli(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len() - 1).unwrap();
    assert!(len < 1 << 16);
    // Bits from the lowest: WBITS 16 (0), ISLAST 0, MNIBBLES 4 (00), MLEN - 1 in 16 bits, ISUNCOMPRESSED 1.
    let head: u32 = (len << 4) | (1 << 20);
    let mut out = head.to_le_bytes()[..3].to_vec();
    out.extend_from_slice(bytes);
    // ISLAST 1, ISLASTEMPTY 1.
    out.push(0b11);
    out
}

#[tokio::test]
async fn a_server_that_is_not_proven_is_not_asked() {
    for (certificate, trusted) in [
        (Certificate::Good, false),
        (Certificate::Expired, true),
        (Certificate::Foreign, true),
    ] {
        let server = serve(certificate, true, "identity", document()).await;
        let root = trusted.then_some(server.root.as_str());
        let feed = polled(&server, root).await;
        assert_eq!(feed.error_kind, "tls", "{}", feed.error);
        let asked = server.seen.lock().unwrap().clone();
        assert!(asked.iter().all(|word| word == "no handshake"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_root_that_is_none_is_named() {
    let server = serve(Certificate::Good, true, "identity", document()).await;
    let feed = polled(&server, Some("not a certificate\n")).await;
    assert_eq!(feed.error_kind, "tls");
    assert!(feed.error.contains("[poll].ca_file"), "{}", feed.error);
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn feeds_are_read_over_ipv6() {
    if let Err(error) = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        eprintln!("this machine has no IPv6 ({error}): nothing to read over it");
        return;
    }
    let server = FakeFeeds::start_on(Ipv6Addr::LOCALHOST).await;
    server.on("/a", [reply(200, document())]);
    assert!(server.url("/a").starts_with("http://[::1]:"));
    let world = World::new(&[("a", server.url("/a"))]).await;
    world.tick().await;
    assert_eq!(world.titles("a").await, ["Acme buys Globex"]);
}
