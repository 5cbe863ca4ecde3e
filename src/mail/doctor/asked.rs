//! All that is asked of DNS, at once: no question waits for an answer that it does not need, so that a name server which
//! says nothing costs one wait and not one for each record.

use std::net::IpAddr;

use super::dns::{Answer, Dns, SpfVerdict};

/// Sending addresses whose names are asked for.
const POINTERS_MAX: usize = 2;
/// Names of one address that are followed back.
const NAMES_MAX: usize = 4;

/// What there is to ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Questions {
    /// The domain of the envelope's sender.
    pub(super) envelope: String,
    /// The domain of `From`.
    pub(super) from: String,
    /// The domain that its organization registered.
    pub(super) organization: String,
    /// The domain people write to.
    pub(super) list: String,
    /// Full names of DKIM keys.
    pub(super) keys: Vec<String>,
    /// The relay, where its own address must stand in for the one mails leave from.
    pub(super) relay: Option<String>,
    /// The address mails leave from, where it is known.
    pub(super) leaves_from: Option<IpAddr>,
}

/// The name of an address, and where that name leads.
#[derive(Debug, Clone)]
pub(super) struct Pointer {
    pub(super) ip: IpAddr,
    pub(super) names: Answer<Vec<String>>,
    pub(super) back: Answer<Vec<IpAddr>>,
}

/// What DNS said.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) relay: Option<Answer<Vec<IpAddr>>>,
    pub(super) envelope: Answer<Vec<String>>,
    pub(super) verdict: Option<(IpAddr, SpfVerdict)>,
    pub(super) keys: Vec<Answer<Vec<String>>>,
    pub(super) dmarc: Answer<Vec<String>>,
    pub(super) dmarc_above: Answer<Vec<String>>,
    pub(super) pointers: Vec<Pointer>,
    pub(super) exchanges: Answer<Vec<String>>,
    pub(super) list: Answer<Vec<IpAddr>>,
}

/// Asks everything.
pub(super) async fn ask(dns: &Dns, wanted: &Questions) -> Asked {
    let above = async {
        if wanted.organization == wanted.from {
            Answer::Missing
        } else {
            dns.txt(&format!("_dmarc.{}", wanted.organization)).await
        }
    };
    let own = format!("_dmarc.{}", wanted.from);
    let (envelope, keys, dmarc, dmarc_above, exchanges, list, (relay, verdict, pointers)) = tokio::join!(
        dns.txt(&wanted.envelope),
        keys(dns, &wanted.keys),
        dns.txt(&own),
        above,
        dns.mx(&wanted.list),
        dns.addresses(&wanted.list),
        sender(dns, wanted),
    );
    Asked {
        relay,
        envelope,
        verdict,
        keys,
        dmarc,
        dmarc_above,
        pointers,
        exchanges,
        list,
    }
}

/// There are two keys at most.
async fn keys(dns: &Dns, names: &[String]) -> Vec<Answer<Vec<String>>> {
    let one = async |name: Option<&String>| match name {
        Some(name) => Some(dns.txt(name).await),
        None => None,
    };
    let (first, second) = tokio::join!(one(names.first()), one(names.get(1)));
    [first, second].into_iter().flatten().collect()
}

type Sender = (Option<Answer<Vec<IpAddr>>>, Option<(IpAddr, SpfVerdict)>, Vec<Pointer>);

/// What hangs on the address mails leave from, which may have to be asked for first.
async fn sender(dns: &Dns, wanted: &Questions) -> Sender {
    let relay = match (&wanted.relay, wanted.leaves_from) {
        (Some(host), None) => Some(dns.addresses(host).await),
        _ => None,
    };
    let mut addresses: Vec<IpAddr> = wanted.leaves_from.into_iter().collect();
    if let Some(Answer::Found(found)) = &relay {
        addresses.extend(found.iter().filter(|ip| !ip.is_loopback()));
    }
    addresses.truncate(POINTERS_MAX);
    let verdict = async {
        let ip = *addresses.first()?;
        let sender = format!("bounces@{}", wanted.envelope);
        Some((ip, dns.spf(ip, &sender, &wanted.envelope).await))
    };
    let one = async |ip: Option<&IpAddr>| match ip {
        Some(ip) => Some(pointer(dns, *ip).await),
        None => None,
    };
    let (verdict, first, second) = tokio::join!(verdict, one(addresses.first()), one(addresses.get(1)));
    (relay, verdict, [first, second].into_iter().flatten().collect())
}

async fn pointer(dns: &Dns, ip: IpAddr) -> Pointer {
    let names = dns.names(ip).await;
    let mut back = Answer::Missing;
    if let Answer::Found(names) = &names {
        for name in names.iter().take(NAMES_MAX) {
            back = both(back, dns.addresses(name).await);
        }
    }
    Pointer { ip, names, back }
}

/// What was found by either; where nothing was, a failure counts more than a record that is not there.
fn both(one: Answer<Vec<IpAddr>>, other: Answer<Vec<IpAddr>>) -> Answer<Vec<IpAddr>> {
    match (one, other) {
        (Answer::Found(mut one), Answer::Found(other)) => {
            one.extend(other);
            Answer::Found(one)
        }
        (Answer::Found(found), _) | (_, Answer::Found(found)) => Answer::Found(found),
        (Answer::Failed(why), _) | (_, Answer::Failed(why)) => Answer::Failed(why),
        _ => Answer::Missing,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use tokio::net::UdpSocket;

    use super::super::Patience;
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);
    const SHORT: Duration = Duration::from_millis(50);

    fn questions() -> Questions {
        Questions {
            envelope: "bounces.example.org".to_owned(),
            from: "news.example.org".to_owned(),
            organization: "example.org".to_owned(),
            list: "lists.example.org".to_owned(),
            keys: vec![
                "a._domainkey.example.org".to_owned(),
                "b._domainkey.example.org".to_owned(),
            ],
            relay: None,
            leaves_from: Some("192.0.2.1".parse().unwrap()),
        }
    }

    /// A name server that never answers.
    async fn silent() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").await.unwrap()
    }

    fn name_of(query: &[u8]) -> String {
        let (mut at, mut labels) = (12, Vec::new());
        while query[at] > 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).into_owned());
            at = end;
        }
        labels.join(".")
    }

    #[tokio::test]
    async fn nothing_waits_for_what_it_does_not_need() {
        let server = silent().await;
        let patience = Patience {
            answer: LONG,
            whole: LONG,
        };
        let dns = Dns::new(Some(server.local_addr().unwrap()), patience).unwrap();
        let asking = tokio::spawn(async move { Box::pin(ask(&dns, &questions())).await });
        let mut missing: BTreeSet<&str> = [
            "bounces.example.org",
            "a._domainkey.example.org",
            "b._domainkey.example.org",
            "_dmarc.news.example.org",
            "_dmarc.example.org",
            "lists.example.org",
            "1.2.0.192.in-addr.arpa",
        ]
        .into();
        let all_asked = async {
            let mut query = [0; 512];
            while !missing.is_empty() {
                let (n, _) = server.recv_from(&mut query).await.unwrap();
                missing.remove(name_of(&query[..n]).as_str());
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), all_asked).await;
        assert!(in_time.is_ok(), "not asked while nothing was answered: {missing:?}");
        asking.abort();
    }

    /// Either limit alone ends the asking, and every question comes back as one that failed.
    #[tokio::test]
    async fn a_silent_name_server_is_left_in_time() {
        for (answer, whole) in [(SHORT, LONG), (LONG, SHORT)] {
            let server = silent().await;
            let dns = Dns::new(Some(server.local_addr().unwrap()), Patience { answer, whole }).unwrap();
            let wanted = questions();
            let asked = tokio::time::timeout(Duration::from_secs(60), Box::pin(ask(&dns, &wanted))).await;
            let asked = asked.expect("it gives up by itself");
            let failed = |answer: &Answer<Vec<String>>| matches!(answer, Answer::Failed(_));
            assert!(failed(&asked.envelope) && failed(&asked.dmarc) && failed(&asked.dmarc_above));
            assert!(failed(&asked.exchanges) && matches!(asked.list, Answer::Failed(_)));
            assert!(asked.keys.len() == 2 && asked.keys.iter().all(failed));
            assert!(asked.pointers.len() == 1 && failed(&asked.pointers[0].names));
            assert_eq!(asked.verdict.map(|(_, verdict)| verdict), Some(SpfVerdict::Unknown));
        }
    }
}
