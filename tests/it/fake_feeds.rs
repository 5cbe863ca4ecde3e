//! A feed server on loopback whose every path is scripted, and which remembers what it was asked.
//!
//! It speaks HTTP/1.1 byte by byte, so that it can also do what a proper server never does: drip, stop short, hang up,
//! never end.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What a path does when it is asked.
#[derive(Debug, Clone)]
pub enum Act {
    /// Status, further headers, body; `Content-Length` is added.
    Reply(u16, Vec<(String, String)>, Vec<u8>),
    /// A document that honours validators: 304 when the request carries these.
    Conditional {
        etag: String,
        last_modified: String,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Announces this many bytes more than the body has, then hangs up.
    Short(Vec<u8>, usize),
    /// Chunked, without an end.
    Endless,
    /// A byte now and then, without an end.
    Drip,
    /// Accepts the request and says nothing.
    Hang,
    /// Hangs up in the middle of the headers.
    Reset,
    /// A chunked body that stops before its last chunk.
    ShortChunked(Vec<u8>),
    /// Does this once [`FakeFeeds::release`] is called.
    Slow(Box<Act>),
    /// A header of this many bytes.
    HugeHeader(usize),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Script {
    /// Acts to come, the last one repeated.
    acts: BTreeMap<String, VecDeque<Act>>,
    seen: Vec<Seen>,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct FakeFeeds {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    released: Arc<Notify>,
}

impl FakeFeeds {
    /// Lets one slow answer go, the present one or the next.
    pub fn release(&self) {
        self.released.notify_one();
    }

    pub async fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST).await
    }

    /// On another address of the loopback network: to the poller, another host.
    pub async fn start_on(address: impl Into<IpAddr>) -> Self {
        let listener = TcpListener::bind((address.into(), 0)).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::default(),
            released: Arc::default(),
        };
        let (script, released) = (Arc::clone(&server.script), Arc::clone(&server.released));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&released)));
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Replaces what a path does; several acts are done one after the other, the last one for ever.
    pub fn on(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        self.script
            .lock()
            .unwrap()
            .acts
            .insert(path.to_owned(), acts.into_iter().collect());
    }

    /// How many requests came since [`FakeFeeds::take_seen`].
    pub fn n_seen(&self) -> usize {
        self.script.lock().unwrap().seen.len()
    }

    /// The requests since the last call.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.script.lock().unwrap().seen)
    }
}

pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Act {
    Act::Reply(status, Vec::new(), body.into())
}

pub fn reply_with(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Act {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Act::Reply(status, headers, body.into())
}

pub fn redirect(status: u16, to: &str) -> Act {
    reply_with(status, &[("Location", to)], "moved")
}

/// An RSS document with these items: guid, title, date as unix seconds.
pub fn rss(items: &[(&str, &str, i64)]) -> String {
    let items: String = items
        .iter()
        .map(|(guid, title, at)| {
            let date = chrono::DateTime::from_timestamp(*at, 0).unwrap().to_rfc2822();
            format!(
                "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>\
                 <link>https://news.example.org/{guid}</link><pubDate>{date}</pubDate></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Example Times</title>\
         <link>https://news.example.org/</link><description>d</description>{items}</channel></rss>"
    )
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>, released: Arc<Notify>) {
    let mut pending = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut pending).await else {
            return;
        };
        let act = {
            let mut script = script.lock().unwrap();
            let path = request.path.clone();
            script.seen.push(request.clone());
            match script.acts.get_mut(&path) {
                None => reply(404, "not here"),
                Some(acts) if acts.len() > 1 => acts.pop_front().unwrap(),
                Some(acts) => acts.front().cloned().unwrap_or_else(|| reply(404, "not here")),
            }
        };
        let act = match act {
            Act::Slow(act) => {
                released.notified().await;
                *act
            }
            act => act,
        };
        if perform(&mut stream, act, &request).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<Seen> {
    loop {
        if let Some(end) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = pending.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let mut lines = head.lines();
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let headers = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            return Some(Seen { path, headers });
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => pending.extend_from_slice(&buffer[..n]),
        }
    }
}

/// An error ends the connection.
async fn perform(stream: &mut TcpStream, act: Act, request: &Seen) -> Result<(), ()> {
    match act {
        Act::Reply(status, headers, body) => send(stream, status, &headers, &body, body.len()).await,
        Act::Conditional {
            etag,
            last_modified,
            mut headers,
            body,
        } => {
            let can_know = !etag.is_empty() || !last_modified.is_empty();
            let known = can_know
                && request.header("if-none-match").unwrap_or_default() == etag
                && request.header("if-modified-since").unwrap_or_default() == last_modified;
            for (name, value) in [("ETag", &etag), ("Last-Modified", &last_modified)] {
                if !value.is_empty() {
                    headers.push((name.to_owned(), value.clone()));
                }
            }
            if known {
                send(stream, 304, &headers, b"", 0).await
            } else {
                send(stream, 200, &headers, &body, body.len()).await
            }
        }
        Act::Short(body, missing) => {
            send(stream, 200, &[], &body, body.len() + missing).await?;
            Err(())
        }
        Act::Endless => {
            write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            loop {
                write(stream, b"400\r\n").await?;
                write(stream, &[b' '; 1024]).await?;
                write(stream, b"\r\n").await?;
            }
        }
        Act::Drip => {
            write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            loop {
                write(stream, b"1\r\n \r\n").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Act::Hang => std::future::pending().await,
        Act::Reset => {
            write(stream, b"HTTP/1.1 200 O").await?;
            Err(())
        }
        Act::ShortChunked(body) => {
            write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            write(stream, format!("{:x}\r\n", body.len()).as_bytes()).await?;
            write(stream, &body).await?;
            Err(())
        }
        Act::Slow(_) => Err(()),
        Act::HugeHeader(len) => {
            let headers = vec![("X-Large".to_owned(), "a".repeat(len))];
            send(stream, 200, &headers, b"", 0).await
        }
    }
}

async fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    len: usize,
) -> Result<(), ()> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 304 {
        head.push_str(&format!("Content-Length: {len}\r\n"));
    }
    head.push_str("\r\n");
    write(stream, head.as_bytes()).await?;
    write(stream, body).await
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), ()> {
    stream.write_all(bytes).await.map_err(|_| ())
}
