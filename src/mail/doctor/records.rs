//! What a record means for our mail. Pure.
//!
//! - Large receivers ask each bulk sender for SPF and DKIM, for DMARC with at least `p=none`, for a name of the sending
//!   address that leads back to it, and for a `From` whose domain one of SPF and DKIM speaks for (Gmail's and Yahoo's
//!   rules for senders since February 2024, Outlook's since May 2025).
//! - A domain with two SPF records has none: receivers end with an error (RFC 7208, 4.5). `+all` lets everybody send.
//! - A DKIM key in DNS counts only when it is the one we sign with; an empty `p=` is a revoked one (RFC 6376, 3.6.1).
//! - DMARC of a subdomain may stand at the organization's domain (RFC 7489, 6.6.3).

use std::net::IpAddr;

use super::dns::{Answer, SpfVerdict};
use super::{Finding, Level};
use crate::mail::dkim::PublishedKey;

/// The domain that an organization registered: `example.org` of `news.example.org`.
pub(super) fn organization(domain: &str) -> String {
    psl::domain_str(domain).unwrap_or(domain).to_owned()
}

pub(super) fn spf(
    domain: &str,
    found: &Answer<Vec<String>>,
    verdict: Option<(IpAddr, SpfVerdict)>,
    is_guess: bool,
) -> Finding {
    const WHAT: &str = "SPF";
    let add = format!("publish at {domain} a TXT record that names the relay, as `v=spf1 include:RELAY -all`");
    let records: Vec<&String> = match found {
        Answer::Failed(why) => return unanswered(WHAT, domain, why),
        Answer::Missing => Vec::new(),
        Answer::Found(all) => all.iter().filter(|text| is_tagged(text, "v=spf1", ' ')).collect(),
    };
    let record = match records.as_slice() {
        [] => return Finding::wrong(WHAT, format!("{domain} has no SPF record"), add),
        [one] => one.to_ascii_lowercase(),
        _ => {
            let words = format!("{domain} has {} SPF records: receivers then follow none", records.len());
            return Finding::wrong(WHAT, words, "keep one of them");
        }
    };
    if record.split_whitespace().any(|term| matches!(term, "+all" | "all")) {
        let words = format!("{domain} lets everybody send for it: `{record}`");
        return Finding::wrong(WHAT, words, "end the record with `-all` or `~all`");
    }
    match verdict {
        Some((ip, SpfVerdict::Pass)) => Finding::good(WHAT, format!("{domain} lets {ip} send: `{record}`")),
        Some((ip, SpfVerdict::Unknown)) => unanswered(WHAT, &format!("what {domain} says of {ip}"), "no answer"),
        Some((_, SpfVerdict::Broken)) => {
            let words =
                format!("`{record}` of {domain} cannot be followed: a mistake in it, or more than ten look-ups");
            Finding::wrong(
                WHAT,
                words,
                "see which of its `include:` are needed, and that each exists",
            )
        }
        Some((ip, SpfVerdict::NotPass)) if is_guess => Finding::note(
            WHAT,
            format!("{domain} does not name the relay's address {ip}: `{record}`"),
            "a relay may send from other addresses than it is reached at: see what it asks to be included, or give `--ip`",
        ),
        Some((ip, SpfVerdict::NotPass)) => {
            Finding::wrong(WHAT, format!("{domain} does not let {ip} send: `{record}`"), add)
        }
        None => Finding::note(
            WHAT,
            format!("{domain}: `{record}`"),
            "give the address mails leave from with `--ip` to see whether it is named",
        ),
    }
}

pub(super) fn dkim(name: &str, found: &Answer<Vec<String>>, ours: &PublishedKey) -> Finding {
    const WHAT: &str = "DKIM";
    let publish = format!("publish the TXT record {name}: {}", ours.record());
    let records = match found {
        Answer::Failed(why) => return unanswered(WHAT, name, why),
        Answer::Missing => return Finding::wrong(WHAT, format!("there is no {name}"), publish),
        Answer::Found(records) => records,
    };
    let [record] = records.as_slice() else {
        return Finding::wrong(
            WHAT,
            format!("{name} has {} TXT records", records.len()),
            "keep the one with our key",
        );
    };
    let tag = |wanted: &str| tag(record, wanted);
    let key: String = tag("p").unwrap_or_default().split_whitespace().collect();
    if key.is_empty() {
        return Finding::wrong(WHAT, format!("the key at {name} is revoked"), publish);
    }
    let kind = tag("k").unwrap_or_else(|| "rsa".to_owned());
    if kind != ours.kind || !ours.is(&key) {
        return Finding::wrong(
            WHAT,
            format!("{name} holds another key than the one that signs"),
            publish,
        );
    }
    if tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        let words = format!("{name} is marked as a test (`t=y`): receivers may pass over it");
        return Finding::note(WHAT, words, "take the `t=y` out");
    }
    Finding::good(WHAT, format!("{name} holds our key"))
}

pub(super) fn dmarc(from: &str, own: &Answer<Vec<String>>, above: &Answer<Vec<String>>) -> Finding {
    const WHAT: &str = "DMARC";
    let add = format!("publish the TXT record _dmarc.{from}: v=DMARC1; p=none; rua=mailto:ADDRESS");
    let records = |answer: &Answer<Vec<String>>| match answer {
        Answer::Found(all) => all
            .iter()
            .filter(|text| is_tagged(text, "v=dmarc1", ';'))
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    if let Answer::Failed(why) = own {
        return unanswered(WHAT, &format!("_dmarc.{from}"), why);
    }
    let mut found: Vec<String> = records(own);
    let inherited = found.is_empty();
    if inherited {
        if let Answer::Failed(why) = above {
            return unanswered(WHAT, &format!("_dmarc.{}", organization(from)), why);
        }
        found = records(above);
    }
    let record = match found.as_slice() {
        [] => return Finding::wrong(WHAT, format!("{from} has no DMARC record"), add),
        [one] => one,
        _ => {
            let words = format!("{from} has {} DMARC records: receivers then follow none", found.len());
            return Finding::wrong(WHAT, words, "keep one of them");
        }
    };
    match tag(record, "p").as_deref() {
        Some("none" | "quarantine" | "reject") => Finding::good(WHAT, format!("{from}: `{record}`")),
        _ => Finding::wrong(
            WHAT,
            format!("{from}: `{record}` has no policy"),
            "add `p=none` at least",
        ),
    }
}

/// Whether SPF or DKIM can speak for the `From` that people see.
pub(super) fn alignment(from: &str, envelope: &str, signing: Option<&str>) -> Finding {
    const WHAT: &str = "From";
    let own = organization(from);
    let spf = organization(envelope) == own;
    match signing {
        Some(domain) if organization(domain) == own => Finding::good(WHAT, format!("{from} is signed for by {domain}")),
        _ if spf => Finding::good(WHAT, format!("{from} is covered by the SPF record of {envelope}")),
        None => Finding::note(
            WHAT,
            format!("SPF is checked for {envelope}, which says nothing for {from}"),
            format!("see that the relay signs for {from}, or set [mail.dkim], or `bounce_domain` below {own}"),
        ),
        Some(domain) => Finding::wrong(
            WHAT,
            format!("neither the signature ({domain}) nor SPF ({envelope}) speaks for {from}"),
            format!("sign for {from} in [mail.dkim], or take a `from` below {domain}"),
        ),
    }
}

/// The name of an address, and whether it leads back.
pub(super) fn pointer(ip: IpAddr, names: &Answer<Vec<String>>, back: &Answer<Vec<IpAddr>>, is_guess: bool) -> Finding {
    const WHAT: &str = "PTR";
    let level = if is_guess { Level::Note } else { Level::Wrong };
    let bad = |words: String, remedy: &str| Finding {
        what: WHAT,
        level,
        words,
        remedy: remedy.to_owned(),
    };
    let leads_back = matches!(back, Answer::Found(back) if back.contains(&ip));
    match names {
        Answer::Failed(why) => unanswered(WHAT, &format!("the name of {ip}"), why),
        Answer::Missing => bad(
            format!("{ip} has no name"),
            "ask who gave you the address for a PTR record with the name your server says in EHLO",
        ),
        Answer::Found(names) if leads_back => Finding::good(WHAT, format!("{ip} is {}", names.join(", "))),
        Answer::Found(names) if matches!(back, Answer::Failed(_)) => {
            unanswered(WHAT, &format!("the address of {}", names.join(", ")), "no answer")
        }
        Answer::Found(names) => bad(
            format!("{ip} is named {}, which does not lead back to it", names.join(", ")),
            "give that name an A or AAAA record with the address",
        ),
    }
}

/// Whether answers and bounces find a way to us.
pub(super) fn exchange(domain: &str, hosts: &Answer<Vec<String>>, addresses: &Answer<Vec<IpAddr>>) -> Finding {
    const WHAT: &str = "MX";
    match (hosts, addresses) {
        (Answer::Failed(why), _) | (Answer::Missing, Answer::Failed(why)) => unanswered(WHAT, domain, why),
        (Answer::Found(hosts), _) if hosts.iter().all(String::is_empty) => Finding::wrong(
            WHAT,
            format!("{domain} says that it takes no mail (RFC 7505)"),
            "give it an MX record: people subscribe and leave by mail",
        ),
        (Answer::Found(hosts), _) => Finding::good(WHAT, format!("mail for {domain} goes to {}", hosts.join(", "))),
        (Answer::Missing, Answer::Found(_)) => {
            Finding::good(WHAT, format!("mail for {domain} goes to the host of that name"))
        }
        (Answer::Missing, _) => Finding::wrong(
            WHAT,
            format!("{domain} has no MX record: answers and bounces cannot reach it"),
            "give it one: people subscribe and leave by mail",
        ),
    }
}

pub(super) fn unanswered(what: &'static str, about: &str, why: &str) -> Finding {
    Finding::wrong(
        what,
        format!("DNS did not say: {about}: {why}"),
        "see that the name server answers, or ask another with `--dns ADDRESS`",
    )
}

/// Whether a record begins with this version tag and ends or goes on with a separator.
fn is_tagged(record: &str, version: &str, separator: char) -> bool {
    let lower: String = record.trim().to_ascii_lowercase();
    let lower = if separator == ';' {
        lower.replace(' ', "")
    } else {
        lower
    };
    lower
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// The value of a tag in `a=b; c=d`.
fn tag(record: &str, wanted: &str) -> Option<String> {
    record.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(records: &[&str]) -> Answer<Vec<String>> {
        Answer::Found(records.iter().map(ToString::to_string).collect())
    }

    fn ip() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    #[test]
    fn spf_records() {
        #[track_caller]
        fn check(records: &[&str], verdict: SpfVerdict, is_guess: bool, expected: Level) {
            let finding = spf("example.org", &found(records), Some((ip(), verdict)), is_guess);
            assert_eq!(finding.level, expected, "{finding:?}");
            assert_eq!(finding.remedy.is_empty(), expected == Level::Good, "{finding:?}");
        }
        let usual = "v=spf1 ip4:192.0.2.1 -all";
        check(
            &["google-site-verification=x", usual],
            SpfVerdict::Pass,
            false,
            Level::Good,
        );
        check(&[usual], SpfVerdict::NotPass, false, Level::Wrong);
        check(&[usual], SpfVerdict::NotPass, true, Level::Note);
        check(&[usual], SpfVerdict::Broken, true, Level::Wrong);
        check(&[usual], SpfVerdict::Unknown, true, Level::Wrong);
        check(&[usual, "v=spf1 -all"], SpfVerdict::Pass, false, Level::Wrong);
        check(&["v=spf1 +all"], SpfVerdict::Pass, false, Level::Wrong);
        check(&["v=spf10 -all"], SpfVerdict::NotPass, false, Level::Wrong);
        check(&[], SpfVerdict::NotPass, false, Level::Wrong);
        assert_eq!(
            spf("example.org", &Answer::Failed("timeout".into()), None, true).level,
            Level::Wrong
        );
        assert_eq!(spf("example.org", &found(&[usual]), None, true).level, Level::Note);
    }

    #[test]
    fn dkim_keys() {
        let ours = PublishedKey {
            selector: "s".into(),
            kind: "ed25519",
            key: vec![7; 32],
        };
        let key = data_encoding::BASE64.encode(&[7; 32]);
        let check = |record: &str, expected: Level| {
            let finding = dkim("s._domainkey.example.org", &found(&[record]), &ours);
            assert_eq!(finding.level, expected, "{finding:?}");
        };
        check(&format!("v=DKIM1; k=ed25519; p={key}"), Level::Good);
        check(
            &format!("v=DKIM1;k=ed25519;p= {} {} ", &key[..9], &key[9..]),
            Level::Good,
        );
        check(&format!("v=DKIM1; k=ed25519; t=y; p={key}"), Level::Note);
        check(&format!("v=DKIM1; p={key}"), Level::Wrong);
        check("v=DKIM1; k=ed25519; p=", Level::Wrong);
        check("v=DKIM1; k=ed25519; p=AAAA", Level::Wrong);
        assert_eq!(dkim("x", &Answer::Missing, &ours).level, Level::Wrong);
        assert!(
            dkim("x", &Answer::Missing, &ours).remedy.contains(&key),
            "it says what to publish"
        );
    }

    #[test]
    fn dmarc_records() {
        #[track_caller]
        fn check(own: &[&str], above: &[&str], expected: Level) {
            let finding = dmarc("news.example.org", &found(own), &found(above));
            assert_eq!(finding.level, expected, "{finding:?}");
        }
        check(&["v=DMARC1; p=none"], &[], Level::Good);
        check(&[], &["v=DMARC1;p=reject;sp=none"], Level::Good);
        check(
            &["v=DMARC1; rua=mailto:a@example.org"],
            &["v=DMARC1; p=reject"],
            Level::Wrong,
        );
        check(&["v=DMARC1; p=none", "v=DMARC1; p=reject"], &[], Level::Wrong);
        check(&[], &[], Level::Wrong);
        let gone = Answer::Failed("timeout".to_owned());
        assert_eq!(dmarc("example.org", &gone, &Answer::Missing).level, Level::Wrong);
    }

    #[test]
    fn who_speaks_for_the_sender() {
        let level = |envelope: &str, signing: Option<&str>| alignment("news.example.org", envelope, signing).level;
        assert_eq!(level("bounce.example.org", None), Level::Good);
        assert_eq!(level("relay.example.net", Some("example.org")), Level::Good);
        assert_eq!(level("relay.example.net", None), Level::Note);
        assert_eq!(level("relay.example.net", Some("example.com")), Level::Wrong);
        assert_eq!(organization("a.b.example.co.uk"), "example.co.uk");
    }

    #[test]
    fn a_name_must_lead_back() {
        let names = Answer::Found(vec!["mx.example.org".to_owned()]);
        let (back, nowhere) = (Answer::Found(vec![ip()]), Answer::Missing);
        assert_eq!(pointer(ip(), &names, &back, false).level, Level::Good);
        assert_eq!(pointer(ip(), &names, &nowhere, false).level, Level::Wrong);
        assert_eq!(pointer(ip(), &names, &nowhere, true).level, Level::Note);
        assert_eq!(pointer(ip(), &Answer::Missing, &nowhere, false).level, Level::Wrong);
        let unsaid = pointer(ip(), &names, &Answer::Failed("timeout".into()), false);
        assert!(
            unsaid.words.contains("DNS did not say: the address of mx.example.org"),
            "{unsaid:?}"
        );
    }

    #[test]
    fn answers_need_a_way() {
        let level = |hosts: &Answer<Vec<String>>, addresses: &Answer<Vec<IpAddr>>| {
            exchange("example.org", hosts, addresses).level
        };
        assert_eq!(level(&found(&["mx.example.org"]), &Answer::Missing), Level::Good);
        assert_eq!(level(&found(&[""]), &Answer::Missing), Level::Wrong);
        assert_eq!(level(&Answer::Missing, &Answer::Found(vec![ip()])), Level::Good);
        assert_eq!(level(&Answer::Missing, &Answer::Missing), Level::Wrong);
    }
}
