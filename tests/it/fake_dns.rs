//! A name server on loopback with a zone of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

const TXT: u16 = 16;
const MX: u16 = 15;
const PTR: u16 = 12;
const A: u16 = 1;

type Zone = BTreeMap<(String, u16), Vec<Vec<u8>>>;

/// The server; it ends with the test's runtime.
pub struct FakeDns {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl FakeDns {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone: Arc<Mutex<Zone>> = Arc::default();
        let shared = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut query = [0; 4096];
            while let Ok((n, peer)) = socket.recv_from(&mut query).await {
                let answer = answer(&query[..n], &shared.lock().unwrap());
                let _ = socket.send_to(&answer, peer).await;
            }
        });
        Self { address, zone }
    }

    fn put(&self, name: &str, kind: u16, data: Vec<u8>) {
        let mut zone = self.zone.lock().unwrap();
        zone.entry((name.to_lowercase(), kind)).or_default().push(data);
    }

    pub fn txt(&self, name: &str, text: &str) {
        let strings = text.as_bytes().chunks(255);
        let data = strings.flat_map(|piece| [&[u8::try_from(piece.len()).unwrap()], piece].concat());
        self.put(name, TXT, data.collect());
    }

    pub fn mx(&self, name: &str, host: &str) {
        self.put(name, MX, [vec![0, 10], labels(host)].concat());
    }

    pub fn address_of(&self, host: &str, ip: &str) {
        let IpAddr::V4(ip) = ip.parse().unwrap() else {
            panic!("not IPv4")
        };
        self.put(host, A, ip.octets().to_vec());
        let mut octets = ip.octets();
        octets.reverse();
        let name = octets.map(|octet| octet.to_string()).join(".");
        self.put(&format!("{name}.in-addr.arpa"), PTR, labels(host));
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn answer(query: &[u8], zone: &Zone) -> Vec<u8> {
    let mut at = 12;
    let mut name = Vec::new();
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        name.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let question = &query[12..at + 5];
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let name = name.join(".");
    let records = zone.get(&(name.clone(), kind)).cloned().unwrap_or_default();
    let known = zone.keys().any(|(other, _)| *other == name);
    let code = if known { 0 } else { 3 };
    let mut out = vec![query[0], query[1], 0x81, 0x80 | code, 0, 1];
    out.extend_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(question);
    for record in records {
        out.extend_from_slice(&[0xc0, 0x0c]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        out.extend_from_slice(&u16::try_from(record.len()).unwrap().to_be_bytes());
        out.extend_from_slice(&record);
    }
    out
}
