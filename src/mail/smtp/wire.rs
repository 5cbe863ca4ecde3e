//! The byte stream under lettre's connection: it keeps the two sides in turn.
//!
//! SMTP pairs replies with commands by order alone, so one reply too many would be credited to the wrong message. This
//! stream fails instead: when the server sends anything after the replies it owes and before the next command, or more
//! than a reply can hold. It also knows whether a final dot went out, which decides between "not sent" and "in doubt".
//!
//! The message itself is handed to this stream beside lettre, which would look at each of its bytes alone: it goes out
//! in two pieces, the second together with the final dot.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes of one reply, all lines together.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// What ends a message; lettre writes it in one piece of its own.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

/// A connected stream, plain or encrypted.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Stream for T {}

/// The current message, and whether its final dot may be on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Dot(Arc<Current>);

#[derive(Debug, Default)]
struct Current {
    is_sent: AtomicBool,
    /// The server had answered before it.
    is_late: AtomicBool,
    message: Mutex<Message>,
}

/// A message on its way: dots at the beginning of a line are doubled already.
#[derive(Debug, Default)]
struct Message {
    bytes: Bytes,
    /// The final dot is counted too.
    n_written: usize,
}

impl Message {
    /// What is written next: the first half, or what is left of the second and of the final dot. Both are empty at the end.
    fn next(&self) -> (&[u8], &[u8]) {
        let half = self.bytes.len() / 2;
        if self.n_written < half {
            return (self.bytes.get(self.n_written..half).unwrap_or_default(), &[]);
        }
        let of_dot = self.n_written.saturating_sub(self.bytes.len());
        (
            self.bytes.get(self.n_written..).unwrap_or_default(),
            FINAL_DOT.get(of_dot..).unwrap_or_default(),
        )
    }
}

impl Dot {
    /// Takes the message that the next final dot ends, without the line end before the dot.
    pub(super) fn load(&self, message: Bytes) {
        self.0.is_sent.store(false, Ordering::SeqCst);
        self.0.is_late.store(false, Ordering::SeqCst);
        *self.message() = Message {
            bytes: stuffed(message),
            n_written: 0,
        };
    }

    pub(super) fn is_sent(&self) -> bool {
        self.0.is_sent.load(Ordering::SeqCst)
    }

    pub(super) fn is_late(&self) -> bool {
        self.0.is_late.load(Ordering::SeqCst)
    }

    fn message(&self) -> std::sync::MutexGuard<'_, Message> {
        self.0.message.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Doubles the dots that begin a line (RFC 5321, 4.5.2). A message without any, the usual one, is not copied.
fn stuffed(message: Bytes) -> Bytes {
    let begins = message.first() == Some(&b'.');
    let mut dots = memchr::memmem::find_iter(&message, b"\r\n.").peekable();
    if !begins && dots.peek().is_none() {
        drop(dots);
        return message;
    }
    let mut out = Vec::with_capacity(message.len() + 64);
    if begins {
        out.push(b'.');
    }
    let mut from = 0;
    for at in dots {
        let end = at + 3;
        out.extend_from_slice(message.get(from..end).unwrap_or_default());
        out.push(b'.');
        from = end;
    }
    out.extend_from_slice(message.get(from..).unwrap_or_default());
    out.into()
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
    /// LMTP is spoken (RFC 2033): the greeting has another name, all else is the same for one recipient.
    lmtp: bool,
    dot: Dot,
}

impl Wire {
    /// Wraps a stream on which the server speaks first.
    pub(super) fn new(inner: Box<dyn Stream>, peer: SocketAddr, dot: Dot) -> Self {
        Self {
            inner,
            peer,
            prefix: Vec::new(),
            reply: Reply::owed(1),
            writing: false,
            lmtp: false,
            dot,
        }
    }

    /// Wraps a stream on which LMTP is spoken.
    pub(super) fn lmtp(inner: Box<dyn Stream>, peer: SocketAddr, dot: Dot) -> Self {
        Self {
            lmtp: true,
            ..Self::new(inner, peer, dot)
        }
    }

    /// Wraps a stream whose greeting was taken before encryption began: lettre waits for one, and gets one from here.
    pub(super) fn greeted(inner: Box<dyn Stream>, peer: SocketAddr, dot: Dot) -> Self {
        Self {
            prefix: b"220 ready\r\n".to_vec(),
            ..Self::new(inner, peer, dot)
        }
    }

    /// The server must be silent before a command begins; it owes a reply to each line of it.
    fn begin_command(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
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
        let n_lines = if bytes == FINAL_DOT {
            1
        } else {
            memchr::memchr_iter(b'\n', bytes).count()
        };
        self.reply = Reply::owed(n_lines.max(1));
        self.writing = true;
        Ok(())
    }
}

impl Wire {
    /// Writes the message and its final dot. A write that fails or stops short has not sent the dot: its last byte is still
    /// here, and under TLS the record it ends cannot be read.
    fn write_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let dot = self.dot.clone();
        let mut message = dot.message();
        loop {
            let (text, end) = message.next();
            if text.is_empty() && end.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let has_dot = !end.is_empty();
            if has_dot {
                self.before_dot(cx)?;
            }
            let n_left = text.len() + end.len();
            let pieces = [IoSlice::new(text), IoSlice::new(end)];
            let n = ready!(Pin::new(&mut *self.inner).poll_write_vectored(cx, &pieces))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            message.n_written += n;
            if has_dot && n >= n_left {
                dot.0.is_sent.store(true, Ordering::SeqCst);
            } else {
                crate::crash::point("mid_body");
            }
        }
    }

    /// A connection that is known to be dead is not given the final dot: then the message was certainly not taken. A
    /// refusal before the dot is kept for the reader; anything else is no answer to this message.
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
            Poll::Ready(Ok(())) if !matches!(buffer.filled().first(), Some(b'4' | b'5')) => {
                let words = String::from_utf8_lossy(buffer.filled()).trim().to_owned();
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the server spoke out of turn: {words}"),
                ))
            }
            Poll::Ready(Ok(())) => {
                self.reply.feed(buffer.filled());
                self.prefix.extend_from_slice(buffer.filled());
                self.dot.0.is_late.store(true, Ordering::SeqCst);
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
            self.begin_command(cx, bytes)?;
        }
        if bytes == FINAL_DOT {
            ready!(self.write_message(cx))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        if self.lmtp
            && let Some(name) = bytes.strip_prefix(b"EHLO ")
        {
            let hello = [b"LHLO ", name].concat();
            return Pin::new(&mut *self.inner).poll_write(cx, &hello);
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

/// Follows the replies to a command: the lines of one end where the fourth character is no hyphen (RFC 5321, 4.2.1).
#[derive(Debug, Default)]
struct Reply {
    n_bytes: usize,
    /// Replies still to come.
    n_owed: usize,
    column: usize,
    continues: bool,
    overrun: bool,
}

impl Reply {
    fn owed(n: usize) -> Self {
        Self {
            n_owed: n,
            ..Self::default()
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.n_bytes = self.n_bytes.saturating_add(bytes.len());
        for byte in bytes {
            if self.n_owed == 0 {
                self.overrun = true;
                return;
            }
            if *byte == b'\n' {
                self.n_owed -= usize::from(!self.continues);
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
mod tests;
