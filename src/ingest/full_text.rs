//! The text of articles' own pages, for feeds with `full_text`: read for tagging and clustering, never mailed.
//!
//! The heuristics, each with the kind of case behind it:
//! - A page is asked for once, and once more after an hour where the failure may pass. Articles are many and their pages
//!   are not ours to insist on.
//! - One page at a time of a host, with the pause between two that holds for its feeds, and no page of a host that asked
//!   us to wait.
//! - What of a page is the article, and whether it is the one, says [`super::article`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::article::article;
use super::fetch::{FetchOutcome, Fetcher};
use super::queue::HostRules;
use super::url::host_key;
use super::{body, encoding};
use crate::config::Config;
use crate::context::{Ctx, Next};
use crate::model::{DueFeed, FeedId, FeedSpec};
use crate::store::texts::{self, WaitingText};
use crate::store::{self, feeds};
use crate::time::Timestamp;

/// Bytes of a page that are looked at.
const PAGE_MAX_BYTES: u64 = 3 << 20;
/// Pages claimed in one tick.
const CLAIMED_MAX: usize = 64;
const ATTEMPTS_MAX: u32 = 2;
const AGAIN_AFTER: Duration = Duration::from_hours(1);
const LEASE: Duration = Duration::from_mins(10);
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// Reads the pages that are due.
///
/// # Errors
/// When the database fails.
pub async fn tick(ctx: &Ctx) -> store::Result<Next> {
    let (config, now) = (ctx.config(), ctx.now());
    let mut next = Next {
        at: now.plus(LOOK_AGAIN),
        did: 0,
    };
    if !config.feeds.iter().any(|feed| feed.full_text) {
        return Ok(next);
    }
    let (claimed, pauses) = ctx
        .db
        .write(move |tx| {
            let pauses = feeds::host_pauses(tx, now)?;
            Ok((texts::claim_due(tx, now, now.plus(LEASE), CLAIMED_MAX)?, pauses))
        })
        .await?;
    next.did = claimed.len();
    if claimed.len() == CLAIMED_MAX {
        next.at = now;
    }
    let mut by_host: BTreeMap<String, Vec<WaitingText>> = BTreeMap::new();
    for text in claimed {
        by_host.entry(host_key(&text.url)).or_default().push(text);
    }
    let fetcher = Arc::new(Fetcher::new(&config.poll));
    let rules = HostRules::new(&config.poll);
    let mut hosts = JoinSet::new();
    for (host, waiting) in by_host {
        let (ctx, config, fetcher) = (ctx.clone(), Arc::clone(&config), Arc::clone(&fetcher));
        let until = pauses.get(&host).copied();
        let pause = rules.of(&host).pause;
        hosts.spawn(async move { read_host(&ctx, &config, &fetcher, waiting, until, pause).await });
    }
    while let Some(ended) = hosts.join_next().await {
        // A panic costs one host its pages this time; their lease ends.
        if let Ok(result) = ended {
            result?;
        }
    }
    if next.did > 0 {
        ctx.wakes.stories.notify_one();
    }
    Ok(next)
}

/// Reads the pages of one host, one after the other.
async fn read_host(
    ctx: &Ctx,
    config: &Config,
    fetcher: &Fetcher,
    waiting: Vec<WaitingText>,
    not_before: Option<Timestamp>,
    pause: Duration,
) -> store::Result<()> {
    let mut not_before = not_before;
    for (place, text) in waiting.into_iter().enumerate() {
        let entry = text.entry;
        if let Some(until) = not_before {
            let why = "its host asked us to wait";
            ctx.db
                .write(move |tx| texts::failed(tx, entry, why, Some(until)))
                .await?;
            continue;
        }
        if ctx.shutdown.is_cancelled() {
            return Ok(());
        }
        if place > 0 {
            tokio::time::sleep(pause).await;
        }
        let spec = config
            .feeds
            .iter()
            .find(|feed| feed.key == text.feed_key && feed.full_text);
        let read = match spec {
            Some(spec) => read_page(config, fetcher, spec, &text, ctx.now()).await,
            None => Err(Miss::final_word("its feed wants no full text any more")),
        };
        let outcome = if read.is_ok() { "read" } else { "failed" };
        metrics::counter!("courant_texts_total", "outcome" => outcome).increment(1);
        match read {
            Ok(found) => ctx.db.write(move |tx| texts::keep(tx, entry, &found)).await?,
            Err(miss) => {
                let may_pass = miss.may_pass && text.attempts + 1 < ATTEMPTS_MAX;
                let again = may_pass.then(|| miss.retry_at.unwrap_or_else(|| ctx.now().plus(AGAIN_AFTER)));
                not_before = miss.retry_at;
                tracing::debug!(entry.id = entry.get(), why = miss.why, "An article's page was not read");
                ctx.db
                    .write(move |tx| texts::failed(tx, entry, &miss.why, again))
                    .await?;
            }
        }
    }
    Ok(())
}

/// Why there is no text.
#[derive(Debug)]
struct Miss {
    why: String,
    may_pass: bool,
    retry_at: Option<Timestamp>,
}

impl Miss {
    fn final_word(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            may_pass: false,
            retry_at: None,
        }
    }
}

async fn read_page(
    config: &Config,
    fetcher: &Fetcher,
    spec: &FeedSpec,
    text: &WaitingText,
    now: Timestamp,
) -> Result<String, Miss> {
    let mut asked = DueFeed::unpolled(FeedId::new(0), spec.clone());
    asked.url.clone_from(&text.url);
    let fetched = fetcher.get_page(&asked, now).await;
    let (wire, coding, content_type) = match fetched.outcome {
        FetchOutcome::Body {
            wire,
            encoding,
            content_type,
        } => (wire, encoding, content_type),
        FetchOutcome::Refused { failure, .. } | FetchOutcome::Failed(failure) => {
            let status = failure.status.unwrap_or(0);
            return Err(Miss {
                may_pass: matches!(status, 0 | 429 | 500..=599) && failure.kind != "forbidden_address",
                why: failure.message,
                // Too many requests is said of the host, with or without a time to come back.
                retry_at: fetched
                    .retry_at
                    .or_else(|| (status == 429).then(|| now.plus(AGAIN_AFTER))),
            });
        }
        FetchOutcome::NotModified => return Err(Miss::final_word("304 without being asked for it")),
    };
    let kind = content_type.to_ascii_lowercase();
    if !kind.is_empty() && !kind.contains("html") {
        return Err(Miss::final_word(format!("the page is no HTML but `{kind}`")));
    }
    let body_max = config.poll.body_max.min(PAGE_MAX_BYTES);
    let title = text.title.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let page = body::decode(wire, &coding, body_max).map_err(|error| error.to_string())?;
        article(&encoding::decode(&page, &content_type), &title)
    });
    reading
        .await
        .unwrap_or_else(|_| Err("reading the page failed in a way it should not".to_owned()))
        .map_err(Miss::final_word)
}
