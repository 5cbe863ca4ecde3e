//! Feeds that were claimed and wait for their host: so many requests to one host at once, so much time between two.
//!
//! Pure: time is the span since some fixed moment, on a clock that never jumps.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::url::host_key;
use crate::config::PollSettings;
use crate::model::DueFeed;

/// What one host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRule {
    /// Requests at once.
    pub at_once: usize,
    /// Least time between the starts of two requests.
    pub pause: Duration,
}

/// What hosts may be asked.
#[derive(Debug, Clone)]
pub struct HostRules {
    /// What holds for each ...
    pub general: HostRule,
    /// ... but for these, by [`host_key`].
    pub own: BTreeMap<String, HostRule>,
}

impl HostRules {
    /// The configured ones.
    #[must_use]
    pub fn new(settings: &PollSettings) -> Self {
        let general = HostRule {
            at_once: settings.per_host,
            pause: settings.host_pause,
        };
        let own = settings.hosts.iter().map(|(name, host)| {
            let rule = HostRule {
                at_once: host.per_host.unwrap_or(general.at_once),
                pause: host.host_pause.unwrap_or(general.pause),
            };
            (host_key(&format!("https://{name}/")), rule)
        });
        Self {
            general,
            own: own.collect(),
        }
    }

    /// What this host may be asked.
    #[must_use]
    pub fn of(&self, host: &str) -> HostRule {
        self.own.get(host).copied().unwrap_or(self.general)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Host {
    running: usize,
    waiting: usize,
    not_before: Duration,
}

/// Waiting feeds and the state of their hosts.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<(String, Arc<DueFeed>)>,
    hosts: BTreeMap<String, Host>,
}

impl Queue {
    /// Feeds that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a feed at the end.
    pub fn push(&mut self, feed: DueFeed) {
        let host = host_key(&feed.url);
        self.hosts.entry(host.clone()).or_default().waiting += 1;
        self.waiting.push_back((host, Arc::new(feed)));
    }

    /// Feeds running and waiting, by host: what a claim must not add to without measure.
    #[must_use]
    pub fn load(&self) -> BTreeMap<String, usize> {
        let busy = self.hosts.iter().filter(|(_, host)| host.running + host.waiting > 0);
        busy.map(|(name, host)| (name.clone(), host.running + host.waiting))
            .collect()
    }

    /// Takes the first feed whose host may be asked now. [`Queue::finished`] must follow.
    pub fn take(&mut self, now: Duration, rules: &HostRules) -> Option<(String, Arc<DueFeed>)> {
        let free = |name: &str, host: &Host| host.running < rules.of(name).at_once.max(1) && host.not_before <= now;
        let at = self
            .waiting
            .iter()
            .position(|(name, _)| self.hosts.get(name).is_none_or(|host| free(name, host)))?;
        let (name, feed) = self.waiting.remove(at)?;
        let host = self.hosts.entry(name.clone()).or_default();
        host.waiting = host.waiting.saturating_sub(1);
        host.running += 1;
        host.not_before = now + rules.of(&name).pause;
        Some((name, feed))
    }

    /// A request to this host ended.
    pub fn finished(&mut self, host: &str) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.running = host.running.saturating_sub(1);
        }
    }

    /// How long until a waiting feed may start that cannot now, when only the pause between requests holds it back.
    #[must_use]
    pub fn wait(&self, now: Duration, rules: &HostRules) -> Option<Duration> {
        let hosts = self
            .hosts
            .iter()
            .filter(|(name, host)| host.waiting > 0 && host.running < rules.of(name).at_once.max(1));
        hosts.map(|(_, host)| host.not_before.saturating_sub(now)).min()
    }

    /// Gives all waiting feeds up.
    pub fn drain(&mut self) -> Vec<Arc<DueFeed>> {
        for host in self.hosts.values_mut() {
            host.waiting = 0;
        }
        self.waiting.drain(..).map(|(_, feed)| feed).collect()
    }

    /// Forgets hosts that are idle and may be asked again.
    pub fn forget_idle(&mut self, now: Duration) {
        self.hosts
            .retain(|_, host| host.running + host.waiting > 0 || host.not_before > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::fixtures::due_feed;

    fn rules() -> HostRules {
        HostRules {
            general: HostRule {
                at_once: 1,
                pause: Duration::from_secs(1),
            },
            own: BTreeMap::new(),
        }
    }

    fn queue(urls: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for url in urls {
            queue.push(due_feed(url));
        }
        queue
    }

    #[track_caller]
    fn check_take(queue: &mut Queue, millis: u64, expected: Option<&str>) {
        let taken = queue.take(Duration::from_millis(millis), &rules());
        assert_eq!(taken.as_ref().map(|(_, feed)| feed.url.as_str()), expected);
    }

    #[test]
    fn one_request_a_host_and_a_pause_between() {
        let mut queue = queue(&[
            "https://a.example.com/1",
            "https://b.example.com/2",
            "https://example.org/3",
        ]);
        check_take(&mut queue, 0, Some("https://a.example.com/1"));
        check_take(&mut queue, 0, Some("https://example.org/3"));
        check_take(&mut queue, 5_000, None);
        assert_eq!(queue.wait(Duration::ZERO, &rules()), None);
        queue.finished("example.com");
        check_take(&mut queue, 900, None);
        assert_eq!(
            queue.wait(Duration::from_millis(900), &rules()),
            Some(Duration::from_millis(100))
        );
        check_take(&mut queue, 1_000, Some("https://b.example.com/2"));
        assert!(queue.is_empty());
    }

    #[test]
    fn a_host_of_its_own_has_its_own_rules() {
        let mut queue = queue(&[
            "https://example.com/1",
            "https://example.com/2",
            "https://example.com/3",
        ]);
        let mut rules = rules();
        let own = HostRule {
            at_once: 2,
            pause: Duration::from_secs(5),
        };
        rules.own.insert("example.com".to_owned(), own);
        let mut take = |secs| queue.take(Duration::from_secs(secs), &rules).is_some();
        assert_eq!([take(0), take(4), take(5), take(20)], [true, false, true, false]);
        assert_eq!(queue.wait(Duration::from_secs(6), &rules), None);
        queue.finished("example.com");
        assert_eq!(queue.wait(Duration::from_secs(6), &rules), Some(Duration::from_secs(4)));
    }

    #[test]
    fn a_pause_outlives_the_queue() {
        let mut queue = queue(&["https://example.com/1"]);
        check_take(&mut queue, 0, Some("https://example.com/1"));
        queue.finished("example.com");
        queue.forget_idle(Duration::from_millis(500));
        queue.push(due_feed("https://example.com/1"));
        check_take(&mut queue, 500, None);
        queue.drain();
        queue.forget_idle(Duration::from_secs(2));
        assert!(queue.load().is_empty() && queue.hosts.is_empty());
    }
}
