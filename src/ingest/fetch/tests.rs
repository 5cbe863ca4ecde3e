use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolving};

use super::*;
use crate::ingest::fixtures::{due_feed, settings};

/// Answers with these addresses in turn.
struct Turning(Vec<Vec<&'static str>>, AtomicUsize);

impl Resolve for Turning {
    fn resolve(&self, _: Name) -> Resolving {
        let turn = self.1.fetch_add(1, Ordering::SeqCst) % self.0.len();
        let answers: Vec<SocketAddr> = self.0[turn].iter().map(|address| address.parse().unwrap()).collect();
        Box::pin(async move { Ok(Box::new(answers.into_iter()) as Addrs) })
    }
}

async fn get(resolver: &Arc<Turning>, url: &str) -> PollFailure {
    let mut limits = settings();
    limits.timeout = Duration::from_millis(300);
    limits.connect_timeout = Duration::from_millis(100);
    let fetcher = Fetcher::with_resolver(&limits, Arc::clone(resolver) as Arc<dyn Resolve>);
    match fetcher.get(&due_feed(url), true, Timestamp::from_unix(0)).await.outcome {
        FetchOutcome::Failed(failure) => failure,
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_never_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A name that is private, half private, and a private address in IPv6 clothes.
    let turns = vec![
        vec!["127.0.0.1:0"],
        vec!["198.51.100.1:0", "127.0.0.1:0"],
        vec!["[::ffff:127.0.0.1]:0"],
        vec![],
    ];
    let resolver = Arc::new(Turning(turns, AtomicUsize::new(0)));
    for _ in 0..40 {
        let failure = get(&resolver, &format!("http://rebinding.example:{port}/feed")).await;
        assert!(matches!(failure.kind, "forbidden_address" | "dns"), "{failure:?}");
    }
    let knock = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(knock.is_err(), "somebody connected");
}

#[test]
fn logins_go_to_their_own_site() {
    #[track_caller]
    fn check(from: &str, to: &str, expected: bool) {
        assert_eq!(
            same_site(&Url::parse(from).unwrap(), &Url::parse(to).unwrap()),
            expected
        );
    }
    check("https://e.org/a", "https://e.org/b", true);
    check("http://e.org/a", "https://e.org/a", true);
    check("https://e.org/a", "http://e.org/a", false);
    check("https://e.org/a", "https://www.e.org/a", false);
    check("https://e.org:8443/a", "https://e.org/a", false);
}
