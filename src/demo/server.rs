//! The web server behind the demo's outlets, on loopback: documents with validators, one feed that moved, one that is
//! broken.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::documents;
use super::outlets::OUTLETS;
use crate::clock::Clock;
use crate::time::Timestamp;

/// Path of the feed that is broken beyond repair.
pub const BROKEN: &str = "bayview-daily";
/// Key of the outlet whose feed answers at a new address.
pub const MOVED: &str = "lakeshore-review";

#[derive(Clone)]
struct Shown {
    base: Timestamp,
    clock: Arc<dyn Clock>,
}

/// Serves the outlets as they are at the clock's time, until the runtime ends. Returns where.
///
/// # Errors
/// When no loopback port can be had.
pub async fn serve(base: Timestamp, clock: Arc<dyn Clock>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route(
            &format!("/{MOVED}/feed"),
            get(|| async { Redirect::permanent(&format!("/{MOVED}/rss.xml")) }),
        )
        .route("/{key}/{document}", get(document))
        .with_state(Shown { base, clock });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn document(
    State(shown): State<Shown>,
    Path((key, _document)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if key == BROKEN {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the cat sat on the server").into_response();
    }
    let Some(outlet) = OUTLETS.iter().find(|outlet| outlet.key == key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = documents::write(outlet, &outlet.items(shown.base, shown.clock.now()));
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&Sha256::digest(&body)));
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let content_type = documents::content_type(outlet.format).to_owned();
    ([(header::ETAG, etag), (header::CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::clock::FakeClock;
    use crate::ingest::parse::{ParseContext, parse_feed};

    async fn get(address: SocketAddr, path: &str, more: &str) -> (String, Vec<u8>) {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    #[tokio::test]
    async fn outlets_are_served_as_feeds_with_validators() {
        let base = Timestamp::from_unix(1_767_600_000);
        let address = serve(base, Arc::new(FakeClock::at(base))).await.unwrap();
        let mut n_entries = 0;
        for outlet in &OUTLETS {
            let path = format!("/{}/rss.xml", outlet.key);
            let (head, body) = get(address, &path, "").await;
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let feed = parse_feed(&body, &ParseContext::default()).unwrap();
            assert_eq!(feed.entries.len(), outlet.items(base, base).len(), "{}", outlet.name);
            n_entries += feed.entries.len();
            let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
            let (head, body) = get(address, &path, &format!("If-None-Match: {etag}\r\n")).await;
            assert!(head.starts_with("HTTP/1.1 304") && body.is_empty(), "{head}");
        }
        assert!(n_entries >= 110, "{n_entries}");
        let (head, _) = get(address, &format!("/{MOVED}/feed"), "").await;
        assert!(head.contains(&format!("location: /{MOVED}/rss.xml")), "{head}");
        let (head, _) = get(address, &format!("/{BROKEN}/rss.xml"), "").await;
        assert!(head.starts_with("HTTP/1.1 500"), "{head}");
        let (head, _) = get(address, "/nobody/rss.xml", "").await;
        assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    }
}
