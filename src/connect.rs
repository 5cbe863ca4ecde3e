//! TCP to a server by its name. A name may have several addresses, and one of them may be a hole that answers nothing
//! (IPv6 that leads nowhere is the usual one): each is given its share of the time, so that the next is tried at all.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Connects to the first address of a name that takes the connection; the system's order is kept.
///
/// # Errors
/// When none does within `limit`: what the last one said.
pub async fn connect(host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let until = Instant::now() + limit;
    // An IPv6 address may stand in brackets, as in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout_at(until, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the name was not resolved in time"))??;
    to_any(&found.take(ADDRESSES_MAX).collect::<Vec<_>>(), until).await
}

async fn to_any(addresses: &[SocketAddr], until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (n_left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let now = Instant::now();
        let share = until.saturating_duration_since(now) / u32::try_from(n_left).unwrap_or(u32::MAX);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "no connection in time"),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// An address whose queue of connections is full: further ones are neither taken nor refused.
    async fn hole() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            waiting.push(stream);
        }
        (address, listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_answers_nothing_does_not_hide_the_next() {
        let (silent, _listener, _waiting) = hole().await;
        let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = there.local_addr().map(|address| (address, there)).unwrap();
        // Bound and never listening: it refuses, and nobody else is given the port.
        let deaf = TcpSocket::new_v4().unwrap();
        deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let refusing = deaf.local_addr().unwrap();
        let until = Instant::now() + Duration::from_secs(12);
        let stream = to_any(&[silent, refusing, there.0], until).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there.0);
        for host in ["127.0.0.1", "[127.0.0.1]", "localhost"] {
            let port = there.0.port();
            assert!(connect(host, port, Duration::from_secs(30)).await.is_ok(), "{host}");
        }
    }

    #[tokio::test]
    async fn where_none_answers_the_last_one_says_why() {
        let (silent, _listener, _waiting) = hole().await;
        let until = Instant::now() + Duration::from_millis(100);
        let error = to_any(&[silent], until).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(to_any(&[], until).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
