//! The byte stream under lettre's connection: it keeps the two sides in turn.
//!
//! SMTP pairs replies with commands by order alone, so one reply too many would be credited to the wrong message. This
//! stream fails instead: when the server sends anything after a complete reply and before the next command, or more
//! than a reply can hold. It also knows whether a final dot went out, which decides between "not sent" and "in doubt".

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes of one reply, all lines together.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// What ends a message; lettre writes it in one piece of its own.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

/// A connected stream, plain or encrypted.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Stream for T {}

/// Whether the final dot of the current message may be on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Dot(Arc<AtomicBool>);

impl Dot {
    pub(super) fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(super) fn is_sent(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Wire {
    inner: Box<dyn Stream>,
    peer: SocketAddr,
    /// Shown to the reader before anything that is still to come.
    prefix: Vec<u8>,
    reply: Reply,
    writing: bool,
    dot: Dot,
}

impl Wire {
    /// Wraps a stream on which the server speaks first.
    pub(super) fn new(inner: Box<dyn Stream>, peer: SocketAddr, dot: Dot) -> Self {
        Self {
            inner,
            peer,
            prefix: Vec::new(),
            reply: Reply::default(),
            writing: false,
            dot,
        }
    }

    /// Wraps a stream whose greeting was taken before encryption began: lettre waits for one, and gets one from here.
    pub(super) fn greeted(inner: Box<dyn Stream>, peer: SocketAddr, dot: Dot) -> Self {
        Self {
            prefix: b"220 ready\r\n".to_vec(),
            ..Self::new(inner, peer, dot)
        }
    }

    /// The server must be silent before a command begins.
    fn begin_command(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut early = [0; 256];
        let mut buffer = ReadBuf::new(&mut early);
        match Pin::new(&mut *self.inner).poll_read(cx, &mut buffer) {
            Poll::Pending if !self.reply.overrun => {}
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                ));
            }
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending | Poll::Ready(Ok(())) => {
                let words = String::from_utf8_lossy(buffer.filled()).trim().to_owned();
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the server spoke out of turn: {words}"),
                ));
            }
        }
        self.reply = Reply::default();
        self.writing = true;
        Ok(())
    }
}

impl Wire {
    /// A connection that is known to be dead is not given the final dot: then the message was certainly not taken. A
    /// reply before the dot is kept for the reader.
    fn before_dot(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut early = [0; 512];
        let mut buffer = ReadBuf::new(&mut early);
        match Pin::new(&mut *self.inner).poll_read(cx, &mut buffer) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )),
            Poll::Ready(Ok(())) => {
                self.reply.feed(buffer.filled());
                self.prefix.extend_from_slice(buffer.filled());
                Ok(())
            }
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.writing = false;
        if !self.prefix.is_empty() {
            let n = self.prefix.len().min(buffer.remaining());
            let now: Vec<u8> = self.prefix.drain(..n).collect();
            buffer.put_slice(&now);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut *self.inner).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                let new = buffer.filled().get(before..).unwrap_or_default();
                self.reply.feed(new);
                if self.reply.n_bytes > REPLY_BYTES_MAX {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the server's reply is too long",
                    )));
                }
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.writing {
            self.begin_command(cx)?;
        }
        // Set before the attempt: a write that fails half way may have sent it.
        if bytes == FINAL_DOT && !self.dot.is_sent() {
            self.before_dot(cx)?;
            self.dot.0.store(true, Ordering::SeqCst);
        }
        Pin::new(&mut *self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut *self.inner).poll_flush(cx);
        if flushed.is_ready() && self.dot.is_sent() {
            crate::crash::point("after_dot");
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.inner).poll_shutdown(cx)
    }
}

/// Follows one reply: its lines end where the fourth character is no hyphen (RFC 5321, 4.2.1).
#[derive(Debug, Default)]
struct Reply {
    n_bytes: usize,
    column: usize,
    continues: bool,
    complete: bool,
    overrun: bool,
}

impl Reply {
    fn feed(&mut self, bytes: &[u8]) {
        self.n_bytes = self.n_bytes.saturating_add(bytes.len());
        for byte in bytes {
            if self.complete {
                self.overrun = true;
                return;
            }
            if *byte == b'\n' {
                self.complete = !self.continues;
                self.column = 0;
                self.continues = false;
            } else {
                self.continues |= self.column == 3 && *byte == b'-';
                self.column = self.column.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_with_its_last_line() {
        #[track_caller]
        fn check(bytes: &[u8], complete: bool, overrun: bool) {
            for size in 1..=bytes.len() {
                let mut reply = Reply::default();
                for piece in bytes.chunks(size) {
                    reply.feed(piece);
                }
                assert_eq!(
                    (reply.complete, reply.overrun),
                    (complete, overrun),
                    "in pieces of {size}"
                );
            }
        }
        check(b"250 ok\r\n", true, false);
        check(b"250\r\n", true, false);
        check(b"250-one\r\n250-two-\r\n250 three\r\n", true, false);
        check(b"250-one\r\n", false, false);
        check(b"250 ok", false, false);
        check(b"250 ok\r\n2", true, true);
        check(b"220 go\r\n250-injected\r\n", true, true);
    }
}
