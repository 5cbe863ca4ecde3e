//! Connections of the web door: how many, how long they may take to ask, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use super::client::Network;
use super::seats::{Party, Seat, Seats};
use crate::context::Ctx;

/// A client that sends its headers slower than this is cut off.
pub const HEADERS_MAX: Duration = Duration::from_secs(10);
/// A connection ends after this long, whatever it does.
const CONNECTION_MAX: Duration = Duration::from_secs(120);
/// Bytes of a request's head: a URL of 2 KiB and ordinary headers fit easily.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long requests that run may take to end at a stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// After a failed accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The address of the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until shutdown, then lets running requests end.
pub async fn accept(ctx: &Ctx, listener: TcpListener, router: Router) {
    let seats = Arc::new(Seats::default());
    let draining = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ctx.shutdown.cancelled() => break,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(seat) = seats.take(party(ctx, peer)) else {
            turn_away(&stream);
            continue;
        };
        serve(stream, peer, router.clone(), seat, &draining);
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN_MAX, draining.shutdown()).await;
}

fn party(ctx: &Ctx, peer: SocketAddr) -> Party {
    let config = ctx.config();
    let is_proxy = config
        .web
        .as_ref()
        .is_some_and(|web| web.trusted_proxies.contains(&peer.ip().to_canonical()));
    if is_proxy {
        Party::Proxy
    } else {
        Party::Network(Network::of(peer, &HeaderMap::new(), &[]))
    }
}

/// Says why, as far as that goes without waiting, and hangs up.
fn turn_away(stream: &TcpStream) {
    let _ = stream.try_write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 15\r\nConnection: close\r\n\r\n");
}

fn serve(stream: TcpStream, peer: SocketAddr, router: Router, seat: Seat, draining: &GracefulShutdown) {
    let seat = Arc::new(seat);
    let pushed_out = seat.pushed_out.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, seat) = (router.clone(), Arc::clone(&seat));
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        async move {
            seat.asks();
            let response = router.call(request).await;
            seat.is_answered();
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_buf_size(HEAD_MAX_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = draining.watch(connection);
    tokio::spawn(async move {
        // How a stranger's connection ends is no news. Its place is given back with the service.
        tokio::select! {
            _ = tokio::time::timeout(CONNECTION_MAX, connection) => {}
            () = pushed_out.cancelled() => {}
        }
    });
}
