//! The poller scored as feed readers are scored in public: two days against servers that count what a polite reader
//! never does. Unconditional requests, early ones, wrong validators, an ignored `Retry-After`, `Cache-Control`, `ttl`
//! or `skipHours`, cookies, a Referer, changed addresses: none may be seen.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use courant::time::Timestamp;

use crate::fake_feeds::{Act, FakeFeeds, Seen, redirect, reply_with, rss};
use crate::poll_world::{NOW, World};

const HOUR: i64 = 3_600;

/// One server's ways.
#[derive(Clone, Copy)]
struct Site {
    name: &'static str,
    etag: bool,
    last_modified: bool,
    /// The document changes every so many hours.
    changes_hours: i64,
    headers: &'static [(&'static str, &'static str)],
    /// Put into the channel.
    extra: &'static str,
    /// Least seconds between two requests.
    wait: i64,
    /// In these hours it answers with this status, and `Retry-After` two hours.
    refuses: Option<(u16, i64, i64)>,
    /// Hours of the day, UTC, in which it must not be asked.
    asleep: &'static [i64],
    redirects: Option<u16>,
}

const PLAIN: Site = Site {
    name: "plain",
    etag: true,
    last_modified: true,
    changes_hours: 5,
    headers: &[],
    extra: "",
    wait: HOUR,
    refuses: None,
    asleep: &[],
    redirects: None,
};

const SITES: &[Site] = &[
    PLAIN,
    Site {
        name: "etag only",
        last_modified: false,
        ..PLAIN
    },
    Site {
        name: "date only",
        etag: false,
        ..PLAIN
    },
    Site {
        name: "never changes",
        changes_hours: 1_000,
        ..PLAIN
    },
    Site {
        name: "changes often",
        changes_hours: 1,
        ..PLAIN
    },
    Site {
        name: "bare",
        etag: false,
        last_modified: false,
        wait: 24 * HOUR,
        ..PLAIN
    },
    Site {
        name: "max-age",
        headers: &[("Cache-Control", "public, max-age=14400")],
        wait: 4 * HOUR,
        ..PLAIN
    },
    Site {
        name: "long max-age",
        headers: &[("Cache-Control", "max-age=31536000")],
        wait: 24 * HOUR,
        ..PLAIN
    },
    Site {
        name: "ttl",
        extra: "<ttl>180</ttl>",
        wait: 3 * HOUR,
        ..PLAIN
    },
    Site {
        name: "update period",
        extra: "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>daily</sy:updatePeriod>\
                <sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>6</sy:updateFrequency>",
        wait: 4 * HOUR,
        ..PLAIN
    },
    Site {
        name: "skip hours",
        extra: "<skipHours><hour>0</hour><hour>1</hour><hour>12</hour></skipHours>",
        asleep: &[0, 1, 12],
        ..PLAIN
    },
    Site {
        name: "too many requests",
        refuses: Some((429, 10, 20)),
        ..PLAIN
    },
    Site {
        name: "overload",
        refuses: Some((503, 5, 30)),
        ..PLAIN
    },
    Site {
        name: "cookies",
        headers: &[("Set-Cookie", "id=1; Path=/")],
        ..PLAIN
    },
    Site {
        name: "moved for now",
        redirects: Some(302),
        headers: &[("Set-Cookie", "id=1")],
        ..PLAIN
    },
    Site {
        name: "moved for good",
        redirects: Some(301),
        ..PLAIN
    },
];

/// What a server remembers of the reader.
#[derive(Default)]
struct Score {
    last_at: Option<i64>,
    not_before: i64,
    /// What the last 200 gave.
    given: Option<(String, String)>,
    n_requests: usize,
    faults: Vec<String>,
}

impl Site {
    /// The validators and the document at a time.
    fn content(&self, now: i64) -> (String, String, String) {
        let version = (now - NOW.unix()) / (self.changes_hours * HOUR);
        let date = chrono::DateTime::from_timestamp(now, 0).unwrap();
        let etag = if self.etag {
            format!("W/\"{version}\"")
        } else {
            String::new()
        };
        let last_modified = if self.last_modified {
            let at = date - chrono::TimeDelta::seconds((now - NOW.unix()) % (self.changes_hours * HOUR));
            at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
        } else {
            String::new()
        };
        // News every 20 minutes before the first poll, so that its rhythm asks for the shortest interval.
        let items: Vec<(String, i64)> = (0..20)
            .map(|n| (format!("{version}-{n}"), NOW.unix() - n * 1_200))
            .collect();
        let items: Vec<(&str, &str, i64)> = items.iter().map(|(id, at)| (id.as_str(), id.as_str(), *at)).collect();
        let document = rss(&items).replace(
            "<description>d</description>",
            &format!("<description>d</description>{}", self.extra),
        );
        (etag, last_modified, document)
    }

    fn refusing(&self, now: i64) -> Option<u16> {
        let hour = (now - NOW.unix()) / HOUR;
        self.refuses
            .filter(|(_, from, to)| (*from..*to).contains(&hour))
            .map(|(status, ..)| status)
    }

    fn script(&self, server: &FakeFeeds, now: i64) {
        if let Some(status) = self.redirects {
            server.on("/feed?id=7", [redirect(status, "/real?id=8")]);
        }
        let path = if self.redirects.is_some() {
            "/real?id=8"
        } else {
            "/feed?id=7"
        };
        if let Some(status) = self.refusing(now) {
            server.on(path, [reply_with(status, &[("Retry-After", "7200")], "later")]);
            return;
        }
        let (etag, last_modified, document) = self.content(now);
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        server.on(
            path,
            [Act::Conditional {
                etag,
                last_modified,
                headers,
                body: document.into_bytes(),
            }],
        );
    }

    fn judge(&self, score: &mut Score, seen: &Seen, now: i64) {
        let mut fault = |what: String| {
            score
                .faults
                .push(format!("{} after {} h: {what}", self.name, (now - NOW.unix()) / HOUR));
        };
        for name in ["cookie", "referer", "from", "authorization", "cache-control", "pragma"] {
            if seen.header(name).is_some() {
                fault(format!("sends `{name}`"));
            }
        }
        if !["/feed?id=7", "/real?id=8"].contains(&seen.path.as_str()) {
            fault(format!("asks for {}", seen.path));
        }
        if self.redirects.is_some() && seen.path == "/feed?id=7" {
            return;
        }
        score.n_requests += 1;
        if let Some(last) = score.last_at.filter(|last| now - last < self.wait) {
            fault(format!("comes after {} s", now - last));
        }
        if now < score.not_before {
            fault(format!("comes {} s before Retry-After", score.not_before - now));
        }
        if self.asleep.contains(&(now / HOUR % 24)) && score.last_at.is_some() {
            fault("comes in a skipped hour".to_owned());
        }
        let sent = (
            seen.header("if-none-match").unwrap_or_default().to_owned(),
            seen.header("if-modified-since").unwrap_or_default().to_owned(),
        );
        if sent == Default::default() {
            let validators = self.etag || self.last_modified;
            if validators && score.given.is_some() {
                fault("comes unconditionally".to_owned());
            }
        } else if score.given.as_ref() != Some(&sent) {
            fault(format!("sends {sent:?}, was given {:?}", score.given));
        }
        score.last_at = Some(now);
        if self.refusing(now).is_some() {
            score.not_before = now + 7_200;
        } else {
            let (etag, last_modified, _) = self.content(now);
            score.given = Some((etag, last_modified));
        }
    }
}

#[tokio::test]
async fn two_days_without_a_fault() {
    let mut servers = Vec::new();
    for n in 1..=SITES.len() {
        servers.push(FakeFeeds::start_on(Ipv4Addr::new(127, 0, 2, u8::try_from(n).unwrap())).await);
    }
    let keys: Vec<String> = (0..SITES.len()).map(|n| format!("f{n}")).collect();
    let urls: Vec<(&str, String)> = keys
        .iter()
        .zip(&servers)
        .map(|(key, server)| (key.as_str(), server.url("/feed?id=7")))
        .collect();
    let mut world = World::new(&urls).await;
    let mut scores: BTreeMap<&str, Score> = SITES.iter().map(|site| (site.name, Score::default())).collect();
    let end = NOW.unix() + 48 * HOUR;
    let mut restart_at = NOW.unix() + 6 * HOUR;
    loop {
        let now = world.ctx.clock.now().unix();
        for (site, server) in SITES.iter().zip(&servers) {
            site.script(server, now);
        }
        let next = world.poller.tick(&world.ctx).await.unwrap().at;
        for (site, server) in SITES.iter().zip(&servers) {
            for seen in server.take_seen() {
                site.judge(scores.get_mut(site.name).unwrap(), &seen, now);
            }
        }
        if now >= restart_at {
            world.restart().await;
            restart_at += 6 * HOUR;
        }
        assert!(next.unix() > now, "the next tick is never now");
        if next.unix() >= end {
            break;
        }
        world.clock.set(Timestamp::from_unix(next.unix()));
    }
    let faults: Vec<&String> = scores.values().flat_map(|score| &score.faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    for (name, score) in &scores {
        assert!(
            score.n_requests >= 2,
            "{name}: only {} requests, so nothing was proven",
            score.n_requests
        );
    }
    assert!(
        scores["plain"].n_requests >= 25,
        "{} requests in 48 hours is too timid",
        scores["plain"].n_requests
    );
}
