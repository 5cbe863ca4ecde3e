//! WebSub subscriber: hubs that feeds name are asked to tell us of news, so that quiet feeds need little polling.
//!
//! - What a hub sends is only a hint: the feed is then polled as always, with its validators and limits. So nothing that
//!   a hub says can become an entry.
//! - While a subscription is confirmed the feed is still polled, every [`super::schedule::FALLBACK`], in case the hub
//!   forgets us.
//! - A subscription is renewed at 80 % of its lease. A hub that does not confirm is asked less and less often.
//! - It needs an address the hub can reach: `[web].public_url`. A feed behind a login is left out, since its hub cannot
//!   read it either.
//!
//! The other half, what a hub asks and sends, is in `subscribe::web::websub`: it comes through the web door.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use tokio::task::JoinSet;
use url::Url;

use super::fetch::Fetcher;
use super::headers::Link;
use super::parse::ParsedFeed;
use crate::config::Config;
use crate::context::{Ctx, Next};
use crate::model::{Hub, PollFailure, PushRow, PushStatus};
use crate::store::{self, websub};
use crate::time::Timestamp;

/// Longest address of a hub or topic.
const URL_MAX_BYTES: usize = 1_024;
/// Hubs asked in one tick, side by side.
const ASKED_MAX: usize = 8;
/// New subscriptions begun in one tick.
const BEGUN_MAX: usize = 64;
/// How long a lease we ask for; the hub decides.
const LEASE_SECS: u64 = 10 * 86_400;
/// A hub that did not confirm is asked again after this, doubled each time ...
const AGAIN_MIN: Duration = Duration::from_hours(1);
/// ... up to this.
const AGAIN_MAX: Duration = Duration::from_hours(7 * 24);
/// Requests to end a subscription; then it is forgotten, and its callback answers 410.
const LEAVE_TRIES: u32 = 2;
const PATH_BYTES: usize = 16;
const SECRET_BYTES: usize = 20;
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The hub of a feed: of its `Link` headers, else of its document (WebSub, 4). Both empty when there is none.
#[must_use]
pub fn hub_of(links: &[Link], feed: &ParsedFeed, url: &str) -> Hub {
    let named = |rel: &str| {
        let by_header = links.iter().find(|link| link.rel == rel).map(|link| link.href.as_str());
        by_header.or_else(|| feed.href(rel))
    };
    let base = Url::parse(url).ok();
    let address = |href: &str| {
        base.as_ref()
            .and_then(|base| base.join(href).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.as_str().len() <= URL_MAX_BYTES)
    };
    let Some(hub) = named("hub").and_then(address) else {
        return Hub::default();
    };
    let topic = named("self")
        .and_then(address)
        .map_or_else(|| url.to_owned(), String::from);
    Hub { url: hub.into(), topic }
}

/// When a hub that did not confirm is asked again.
fn ask_again(now: Timestamp, unanswered: u32) -> Timestamp {
    now.plus(AGAIN_MIN.saturating_mul(1 << unanswered.min(16)).min(AGAIN_MAX))
}

/// The form a hub is sent (WebSub, 5.1).
fn form(row: &PushRow, public_url: &str) -> String {
    let mode = if row.status == PushStatus::Leaving {
        "unsubscribe"
    } else {
        "subscribe"
    };
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("hub.mode", mode)
        .append_pair("hub.topic", &row.hub.topic)
        .append_pair("hub.callback", &format!("{public_url}/websub/{}", row.path));
    if row.status != PushStatus::Leaving {
        form.append_pair("hub.secret", &row.secret)
            .append_pair("hub.lease_seconds", &LEASE_SECS.to_string());
    }
    form.finish()
}

/// Where hubs reach us; `None` when they cannot, or must not.
fn public_url(config: &Config) -> Option<String> {
    let web = config.web.as_ref().filter(|web| web.is_public)?;
    config.poll.websub.then(|| web.public_url.clone())
}

/// Begins, renews and ends subscriptions that are due.
///
/// # Errors
/// When the database fails.
pub async fn tick(ctx: &Ctx) -> store::Result<Next> {
    let config = ctx.config();
    let now = ctx.now();
    let public = public_url(&config);
    let mut did = 0;
    if let Some(public) = &public {
        did += begin(ctx, &config, now).await?;
        tracing::trace!(public, "WebSub callbacks are reached here");
    }
    if !ctx.db.read(websub::any).await? {
        return Ok(Next {
            at: now.plus(LOOK_AGAIN),
            did,
        });
    }
    let all = public.is_none();
    ctx.db.write(move |tx| websub::leave(tx, all, now)).await?;
    let lease = now.plus(AGAIN_MIN);
    let due = ctx
        .db
        .write(move |tx| websub::claim_due(tx, now, lease, ASKED_MAX))
        .await?;
    did += due.len();
    let fetcher = std::sync::Arc::new(Fetcher::new(&config.poll));
    let callback = public.or_else(|| config.web.as_ref().map(|web| web.public_url.clone()));
    let mut asking = JoinSet::new();
    for (row, key) in due {
        let (fetcher, config) = (std::sync::Arc::clone(&fetcher), std::sync::Arc::clone(&config));
        let form = form(&row, callback.as_deref().unwrap_or_default());
        asking.spawn(async move {
            let spec = config.feeds.iter().find(|feed| feed.key == key);
            let answer = fetcher.post_form(&row.hub.url, spec, form).await;
            (row, key, answer)
        });
    }
    while let Some(asked) = asking.join_next().await {
        if let Ok((row, key, answer)) = asked {
            record(ctx, &row, &key, answer).await?;
        }
    }
    Ok(Next {
        at: now.plus(LOOK_AGAIN),
        did,
    })
}

/// Begins a subscription for each feed that names a hub and has none there.
async fn begin(ctx: &Ctx, config: &Config, now: Timestamp) -> store::Result<usize> {
    let open: Vec<websub::Wanted> = ctx
        .db
        .read(websub::wanted)
        .await?
        .into_iter()
        .filter(|wanted| {
            let spec = config.feeds.iter().find(|feed| feed.key == wanted.key);
            spec.is_some_and(|spec| spec.headers.is_empty())
        })
        // Only now: those that are left out for ever must not take the places of others.
        .take(BEGUN_MAX)
        .collect();
    if open.is_empty() {
        return Ok(0);
    }
    let random = |len: usize| {
        let mut bytes = vec![0; len];
        ctx.random.fill(&mut bytes);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    };
    let with_keys: Vec<_> = open
        .into_iter()
        .map(|wanted| (wanted, random(PATH_BYTES), random(SECRET_BYTES)))
        .collect();
    let n_begun = with_keys.len();
    ctx.db
        .write(move |tx| {
            with_keys
                .iter()
                .try_for_each(|(wanted, path, secret)| websub::begin(tx, wanted, path, secret, now))
        })
        .await?;
    Ok(n_begun)
}

/// Writes what asking a hub came to.
async fn record(ctx: &Ctx, row: &PushRow, key: &str, answer: Result<(), PollFailure>) -> store::Result<()> {
    let now = ctx.now();
    let outcome = if answer.is_ok() { "accepted" } else { "failed" };
    metrics::counter!("courant_websub_requests_total", "outcome" => outcome).increment(1);
    let error = answer.err().map(|failure| failure.message).unwrap_or_default();
    if row.status == PushStatus::Leaving && row.unanswered + 1 >= LEAVE_TRIES {
        let path = row.path.clone();
        return ctx.db.write(move |tx| websub::forget(tx, &path)).await;
    }
    if !error.is_empty() && row.unanswered == 0 {
        tracing::info!(
            feed.key = key,
            hub = row.hub.url,
            error,
            "A hub could not be asked; the feed is polled as before"
        );
    }
    let (row, next_at) = (row.clone(), ask_again(now, row.unanswered));
    ctx.db.write(move |tx| websub::asked(tx, &row, next_at, &error)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::headers::links;
    use crate::ingest::parse::{ParseContext, parse_feed};

    #[track_caller]
    fn check(header: &str, in_feed: &str, expected: (&str, &str)) {
        let document = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>{in_feed}\
             <entry><id>1</id><title>e</title></entry></feed>"
        );
        let feed = parse_feed(document.as_bytes(), &ParseContext::default()).unwrap();
        let hub = hub_of(&links(header), &feed, "https://news.example/feed");
        assert_eq!((hub.url.as_str(), hub.topic.as_str()), expected);
    }

    #[test]
    fn a_hub_is_named_by_header_or_document() {
        let (hub, own) = ("https://hub.example/", "https://news.example/feed");
        check("", "", ("", ""));
        check("<https://hub.example/>; rel=\"hub\"", "", (hub, own));
        check(
            "<https://hub.example/>; rel=hub, </atom>; rel=self",
            "",
            (hub, "https://news.example/atom"),
        );
        check("", "<link rel=\"hub\" href=\"https://hub.example/\"/>", (hub, own));
        check(
            "<https://hub.example/>; rel=hub",
            "<link rel=\"hub\" href=\"https://other.example/\"/><link rel=\"self\" href=\"https://news.example/a\"/>",
            (hub, "https://news.example/a"),
        );
        check("<ftp://hub.example/>; rel=hub", "", ("", ""));
        check("<https://hub.example/>; rel=\"self\"", "", ("", ""));
    }

    #[test]
    fn a_silent_hub_is_asked_less_and_less() {
        let now = Timestamp::from_unix(1_772_000_000);
        for (unanswered, hours) in [(0, 1), (1, 2), (5, 32), (8, 168), (4_000_000_000, 168)] {
            assert_eq!(ask_again(now, unanswered), now.plus(Duration::from_hours(hours)));
        }
    }
}
