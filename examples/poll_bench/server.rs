//! The feed server of the bench: every path is a feed of its own, its validators are honored with a 304, and every answer
//! may be held back for a while.

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Entries of each feed.
pub const ENTRIES: usize = 30;

/// Starts the server as a process of its own, so that its work is nobody's memory; the port it listens on.
pub fn start(latency: Duration) -> (Child, u16) {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["serve", "--latency", &format!("{}ms", latency.as_millis())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (server, line.trim().parse().unwrap())
}

/// Addresses of so many feeds on so many hosts: one loopback address a host, so that rules for hosts are on.
pub fn urls(port: u16, n_feeds: usize, n_hosts: usize) -> Vec<String> {
    let url = |n: usize| {
        let host = n % n_hosts.max(1);
        let (a, b, c) = (host / 62_500 % 250 + 1, host / 250 % 250, host % 250 + 1);
        format!("http://127.{a}.{b}.{c}:{port}/feed/{n}")
    };
    (0..n_feeds).map(url).collect()
}

/// Serves for ever; the port is printed first.
pub async fn serve(latency: Duration) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let template: &'static str = document("\u{0}").leak();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        tokio::spawn(answer(stream, latency, template));
    }
}

async fn answer(stream: TcpStream, latency: Duration, template: &str) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let (mut path, mut known, mut last) = (String::new(), false, false);
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(rest) = line.strip_prefix("GET ") {
                rest.split(' ').next().unwrap().clone_into(&mut path);
            }
            let lower = line.to_ascii_lowercase();
            known |= lower.starts_with("if-none-match");
            last |= lower.starts_with("connection: close");
            if line == "\r\n" {
                break;
            }
        }
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let answer = if known {
            format!("HTTP/1.1 304 Not Modified\r\nETag: \"{path}\"\r\n\r\n")
        } else {
            let body = template.replace('\u{0}', &path);
            format!(
                "HTTP/1.1 200 OK\r\nETag: \"{path}\"\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || last {
            return;
        }
    }
}

fn document(path: &str) -> String {
    let now = chrono::DateTime::from_timestamp(1_772_000_000, 0).unwrap();
    let items: String = (0..ENTRIES)
        .map(|n| {
            let date = (now - chrono::TimeDelta::minutes(17 * i64::try_from(n).unwrap())).to_rfc2822();
            format!(
                "<item><title>Headline {n} of {path}: a company names a chief</title><link>https://news.example.org{path}/{n}</link>\
                 <guid isPermaLink=\"false\">{path}/{n}</guid><pubDate>{date}</pubDate><description>&lt;p&gt;A paragraph of \
                 some length about what happened, to whom, and what it cost, as outlets write them: {n}.&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed {path}</title><link>https://news.example.org/</link><description>d</description>{items}</channel></rss>"
    )
}
