//! Lists of feeds kept elsewhere (`[[feed_list]]`, OPML by address): read now and then, and compared with what they
//! named before. A list only names feeds; nothing of ours is ever written to it.
//!
//! - What the configuration itself has is left to it: a listed feed with the same address is passed over.
//! - A failure changes nothing: the feeds stay as they were. A list that suddenly names no feed at all is a failure,
//!   since an error page or an empty export would otherwise end all its feeds.
//! - A feed keeps the key it was given first, whatever the list calls it later: its entries hang on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::fetch::{FetchOutcome, Fetched, Fetcher};
use super::opml::{self, OpmlFeed};
use super::{body, encoding};
use crate::config::{Config, FeedListSettings, edit};
use crate::context::{Ctx, Next};
use crate::model::{DueFeed, FeedId, ListRead, ListRow, ListedFeed, Validators};
use crate::store::{self, lists};
use crate::time::Timestamp;

/// A failed list is asked again after this, doubled with each failure, at most after its usual time.
const RETRY_MIN: Duration = Duration::from_mins(15);
/// How often to look when nothing is due.
const LOOK_AGAIN: Duration = Duration::from_mins(5);
/// Names told in one event.
const NAMED_MAX: usize = 50;

/// What [`tick`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// When to look again, and how many lists were read.
    pub next: Next,
    /// Feeds came, went or changed: the configuration has to be put together anew.
    pub changed: bool,
}

/// Reads the lists that are due.
///
/// # Errors
/// When the database fails.
pub async fn tick(ctx: &Ctx) -> store::Result<Lists> {
    let config = ctx.config();
    let keys: Vec<String> = config.feed_lists.iter().map(|list| list.source.key.clone()).collect();
    let n_gone = if ctx
        .db
        .read(lists::all)
        .await?
        .iter()
        .any(|row| !keys.contains(&row.key))
    {
        ctx.db.write(move |tx| lists::keep_only(tx, &keys)).await?
    } else {
        0
    };
    let mut done = Lists {
        next: Next {
            at: ctx.now().plus(LOOK_AGAIN),
            did: 0,
        },
        changed: n_gone > 0,
    };
    if config.feed_lists.is_empty() {
        return Ok(done);
    }
    let fetcher = Fetcher::new(&config.poll);
    for list in &config.feed_lists {
        let (key, url, now) = (list.source.key.clone(), list.source.url.clone(), ctx.now());
        let lease = now.plus(list.refresh);
        let claimed = ctx.db.write(move |tx| lists::claim(tx, &key, &url, now, lease)).await?;
        if let Some(row) = claimed {
            done.changed |= read_one(ctx, &config, list, &row, &fetcher).await?;
            done.next.did += 1;
        }
        if ctx.shutdown.is_cancelled() {
            break;
        }
    }
    Ok(done)
}

/// Reads one list and records what came; whether its feeds changed.
async fn read_one(
    ctx: &Ctx,
    config: &Arc<Config>,
    list: &FeedListSettings,
    row: &ListRow,
    fetcher: &Fetcher,
) -> store::Result<bool> {
    let now = ctx.now();
    let mut asked = DueFeed::unpolled(FeedId::new(0), list.source.clone());
    asked.validators = row.validators.clone();
    let full = row.validators == Validators::default();
    let mut fetched = fetcher.get(&asked, full, now).await;
    let outcome = std::mem::replace(&mut fetched.outcome, FetchOutcome::NotModified);
    let found = match outcome {
        FetchOutcome::NotModified => Ok(None),
        FetchOutcome::Body {
            wire,
            encoding,
            content_type,
        } => read_document(config, wire, encoding, content_type).await.map(Some),
        FetchOutcome::Refused { failure, .. } | FetchOutcome::Failed(failure) => Err(failure.message),
    };
    let known = ctx.db.read(lists::listed).await?;
    let change = found.map(|found| found.map(|found| compare(list, config, &known, found)));
    let read = record(list, row, change, &fetched, now);
    report(&read, row);
    let changed = !read.feeds.is_empty() || !read.removed.is_empty();
    ctx.db.write(move |tx| lists::record(tx, &read)).await?;
    Ok(changed)
}

async fn read_document(
    config: &Arc<Config>,
    wire: Vec<u8>,
    coding: String,
    content_type: String,
) -> Result<Vec<OpmlFeed>, String> {
    let body_max = config.poll.body_max;
    let reading = tokio::task::spawn_blocking(move || {
        let document = body::decode(wire, &coding, body_max).map_err(|error| error.to_string())?;
        Ok(opml::read(&encoding::decode(&document, &content_type)))
    });
    let found = reading
        .await
        .unwrap_or_else(|_| Err("reading it failed in a way it should not; please report this list".to_owned()))?;
    if found.is_empty() {
        return Err("it names no feeds; is it an OPML file?".to_owned());
    }
    Ok(found)
}

/// What a list brought against what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Change {
    /// New, or with another name or folder.
    feeds: Vec<ListedFeed>,
    /// Keys of the new ones.
    added: Vec<String>,
    /// Addresses and keys of those that are gone.
    removed: Vec<(String, String)>,
    n_left_out: u32,
}

fn compare(list: &FeedListSettings, config: &Config, known: &[ListedFeed], found: Vec<OpmlFeed>) -> Change {
    let own: BTreeSet<&str> = config
        .feeds
        .iter()
        .filter(|feed| feed.list.is_none())
        .map(|feed| feed.url.as_str())
        .collect();
    let before: BTreeMap<&str, &ListedFeed> = known
        .iter()
        .filter(|feed| feed.list == list.source.key)
        .map(|feed| (feed.url.as_str(), feed))
        .collect();
    let elsewhere = known.iter().map(|feed| feed.key.clone());
    let mut taken: BTreeSet<String> = config
        .feeds
        .iter()
        .map(|feed| feed.key.clone())
        .chain(elsewhere)
        .collect();
    let n_found = found.len();
    let mut change = Change::default();
    let mut named = BTreeSet::new();
    for feed in found.into_iter().take(list.feeds_max) {
        if !named.insert(feed.url.clone()) {
            continue;
        }
        if own.contains(feed.url.as_str()) {
            continue;
        }
        let old = before.get(feed.url.as_str());
        if old.is_some_and(|old| old.name == feed.name && old.group == feed.group) {
            continue;
        }
        let key = old.map_or_else(|| edit::free_key(&feed.name, &feed.url, &taken), |old| old.key.clone());
        if old.is_none() {
            taken.insert(key.clone());
            change.added.push(key.clone());
        }
        change.feeds.push(ListedFeed {
            list: list.source.key.clone(),
            key,
            url: feed.url,
            name: feed.name,
            group: feed.group,
        });
    }
    change.removed = before
        .values()
        .filter(|feed| !named.contains(&feed.url))
        .map(|feed| (feed.url.clone(), feed.key.clone()))
        .collect();
    change.n_left_out = u32::try_from(n_found.saturating_sub(list.feeds_max)).unwrap_or(u32::MAX);
    change
}

/// Puts everything one reading came to into one value; the change is `None` for a 304.
fn record(
    list: &FeedListSettings,
    row: &ListRow,
    change: Result<Option<Change>, String>,
    fetched: &Fetched,
    now: Timestamp,
) -> ListRead {
    let mut read = ListRead {
        key: list.source.key.clone(),
        at: now,
        next_fetch_at: now.plus(list.refresh),
        error: String::new(),
        validators: None,
        feeds: Vec::new(),
        removed: Vec::new(),
        n_left_out: 0,
        events: Vec::new(),
    };
    match change {
        Ok(None) => {}
        Ok(Some(change)) => {
            read.validators = Some(fetched.validators.clone());
            read.n_left_out = change.n_left_out;
            let gone: Vec<String> = change.removed.iter().map(|(_, key)| key.clone()).collect();
            if !change.added.is_empty() || !gone.is_empty() {
                let detail = serde_json::json!({
                    "added": shortened(&change.added), "n_added": change.added.len(),
                    "removed": shortened(&gone), "n_removed": gone.len(),
                });
                read.events.push(("list.changed", detail));
            }
            if change.n_left_out > 0 && change.n_left_out != row.n_left_out {
                let detail = serde_json::json!({"n_left_out": change.n_left_out, "feeds_max": list.feeds_max});
                read.events.push(("list.cut", detail));
            }
            read.removed = change.removed.into_iter().map(|(url, _)| url).collect();
            read.feeds = change.feeds;
        }
        Err(why) => {
            let wait = RETRY_MIN.saturating_mul(1 << row.failures.min(12)).min(list.refresh);
            read.next_fetch_at = fetched.retry_at.unwrap_or(now).max(now.plus(wait));
            if row.failures == 0 {
                read.events.push(("list.failed", serde_json::json!({ "why": why })));
            }
            read.error = why;
        }
    }
    read
}

fn shortened(keys: &[String]) -> &[String] {
    keys.get(..NAMED_MAX.min(keys.len())).unwrap_or_default()
}

fn report(read: &ListRead, before: &ListRow) {
    let key = read.key.as_str();
    let outcome = if read.error.is_empty() { "read" } else { "failed" };
    metrics::counter!("courant_list_reads_total", "outcome" => outcome).increment(1);
    if !read.error.is_empty() {
        if before.failures == 0 {
            tracing::warn!(
                list = key,
                error = read.error,
                "A list of feeds could not be read; its feeds stay as they were"
            );
        }
        return;
    }
    for (kind, detail) in &read.events {
        if *kind == "list.cut" {
            tracing::warn!(list = key, %detail, "A list names more feeds than feeds_max; the rest is left out");
        } else {
            tracing::info!(list = key, %detail, "A list of feeds changed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FeedSpec;

    const CONFIG: &str = "\
        [[feed]]\nkey = \"acme\"\nurl = \"https://acme.example/feed\"\n\
        [[feed_list]]\nkey = \"team\"\nopml_url = \"https://lists.example/team.opml\"\nfeeds_max = 3\n\
        [[digest]]\nkey = \"daily\"\n[mail]\ntransport = \"folder\"\nfolder = \"mail\"\nlist_address = \"news@example.org\"\n";

    fn config() -> Config {
        Config::from_toml_str(CONFIG, std::path::Path::new("")).unwrap()
    }

    fn named(url: &str, name: &str) -> OpmlFeed {
        OpmlFeed {
            url: url.into(),
            name: name.into(),
            ..OpmlFeed::default()
        }
    }

    fn listed(key: &str, url: &str, name: &str) -> ListedFeed {
        ListedFeed {
            list: "team".into(),
            key: key.into(),
            url: url.into(),
            name: name.into(),
            group: String::new(),
        }
    }

    /// What is known, what the list names; keys added, keys changed or added, keys removed.
    #[track_caller]
    fn check(known: &[ListedFeed], found: &[OpmlFeed], added: &[&str], written: &[&str], removed: &[&str]) -> Change {
        let config = config();
        let change = compare(&config.feed_lists[0], &config, known, found.to_vec());
        assert_eq!(change.added, added);
        let keys: Vec<&str> = change.feeds.iter().map(|feed| feed.key.as_str()).collect();
        assert_eq!(keys, written);
        let gone: Vec<&str> = change.removed.iter().map(|(_, key)| key.as_str()).collect();
        assert_eq!(gone, removed);
        change
    }

    #[test]
    fn feeds_come_go_and_keep_their_keys() {
        let (a, b) = ("https://a.example/", "https://b.example/");
        check(
            &[],
            &[named(a, "A"), named(b, "")],
            &["a", "b-example"],
            &["a", "b-example"],
            &[],
        );
        check(&[listed("a", a, "A")], &[named(a, "A")], &[], &[], &[]);
        check(&[listed("a", a, "A")], &[named(a, "Another")], &[], &["a"], &[]);
        check(&[listed("a", a, "A")], &[named(b, "B")], &["b"], &["b"], &["a"]);
        // Two of one name, and the name of a configured feed.
        check(
            &[],
            &[named(a, "Acme"), named(b, "Acme")],
            &["acme-2", "acme-3"],
            &["acme-2", "acme-3"],
            &[],
        );
    }

    #[test]
    fn what_is_configured_is_left_to_the_configuration() {
        check(&[], &[named("https://acme.example/feed", "Acme")], &[], &[], &[]);
    }

    #[test]
    fn a_list_has_a_limit() {
        let many: Vec<OpmlFeed> = (0..5)
            .map(|n| named(&format!("https://{n}.example/"), &format!("N{n}")))
            .collect();
        let change = check(&[], &many, &["n0", "n1", "n2"], &["n0", "n1", "n2"], &[]);
        assert_eq!(change.n_left_out, 2);
    }

    fn row(failures: u32) -> ListRow {
        ListRow {
            key: "team".into(),
            url: String::new(),
            next_fetch_at: Timestamp::from_unix(0),
            last_success_at: None,
            validators: Validators::default(),
            failures,
            error: String::new(),
            n_left_out: 0,
            n_feeds: 0,
        }
    }

    #[test]
    fn failures_wait_longer_each_time_and_change_nothing() {
        let config = config();
        let (list, now) = (&config.feed_lists[0], Timestamp::from_unix(1_772_000_000));
        let fetched = Fetched::nothing("https://lists.example/team.opml");
        for (failures, minutes) in [(0, 15), (1, 30), (3, 120), (20, 1_440)] {
            let read = record(list, &row(failures), Err("out of order".into()), &fetched, now);
            assert_eq!(read.next_fetch_at, now.plus(Duration::from_mins(minutes)));
            assert!(read.feeds.is_empty() && read.removed.is_empty());
            assert_eq!(read.events.len(), usize::from(failures == 0));
        }
    }

    #[test]
    fn listed_feeds_join_the_configuration() {
        let joined = config().with_listed(&[
            listed("b", "https://b.example/", "B"),
            listed("acme", "https://c.example/", "C"),
            listed("d", "https://acme.example/feed", "D"),
        ]);
        let keys: Vec<&str> = joined.feeds.iter().map(|feed: &FeedSpec| feed.key.as_str()).collect();
        assert_eq!(keys, ["acme", "b", "acme-2"]);
        let again = joined.with_listed(&[]);
        assert_eq!(again.feeds.len(), 1);
    }
}
