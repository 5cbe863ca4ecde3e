//! What is worth a mail to the operator. Pure.
//!
//! - A notice is for what a person must put right today: an edition of which nothing has left an hour after its time, a
//!   queue that has not moved for two hours (a relay that refuses us), more than one feed in ten failing for a day (a
//!   network that is down), mails newly in doubt, an edition that was missed, a disk that is nearly full (then nothing can
//!   be written, and no mail leaves that was not), a damaged database.
//! - Single feeds that fail, mails that came back and late editions are for the weekly summary: they are weather, or can
//!   wait for Monday.

use std::time::Duration;

use crate::ingest::health::{Health, health};
use crate::model::{FeedRow, FeedStatus};
use crate::ops::disk::Space;
use crate::store::notices::{LateEdition, Mails};
use crate::store::summary::Summary;
use crate::time::Timestamp;

/// An edition of which nothing left for so long after its time is told.
pub(super) const UNSENT_AFTER: Duration = Duration::from_hours(1);
const QUEUE_MAX: Duration = Duration::from_hours(2);
const FAILING_FOR: Duration = Duration::from_hours(24);
/// Feeds named in one mail at most.
const FEEDS_MAX: usize = 40;

/// What is known.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    pub(super) feeds: Vec<FeedRow>,
    pub(super) summary: Summary,
    pub(super) mails: Mails,
    pub(super) late: Vec<LateEdition>,
    /// Digest and slot of editions that wait and of which nothing was sent.
    pub(super) unsent: Vec<(String, String)>,
    /// Where the database lies; `None` when the system does not say.
    pub(super) disk: Option<Space>,
    /// What is known against the database; empty when nothing is.
    pub(super) damage: String,
    /// The change of the configuration for feeds that moved.
    pub(super) patch: String,
}

/// A mail to the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) heading: String,
    pub(super) alerts: Vec<String>,
    pub(super) rows: Vec<(String, String)>,
    pub(super) feeds: Vec<(String, String, String)>,
    pub(super) editions: Vec<String>,
    pub(super) patch: String,
    pub(super) contact: String,
}

/// The summary of a week.
pub(super) fn weekly(facts: &Facts, contact: &str) -> Notice {
    let feeds = broken(facts);
    let n_active = facts
        .feeds
        .iter()
        .filter(|feed| feed.status == FeedStatus::Active)
        .count();
    let readers: i64 = facts
        .summary
        .subscriptions
        .iter()
        .filter(|((_, status), _)| status == "active")
        .map(|(_, n)| n)
        .sum();
    let bounced: Vec<String> = facts
        .summary
        .bounces
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    let row = |label: &str, value: String| (label.to_owned(), value);
    let mut rows = vec![
        row("Feeds", format!("{n_active} polled, {} want a look", feeds.len())),
        row("Readers", readers.to_string()),
        row("Mails sent", facts.mails.n_sent.to_string()),
        row(
            "Came back",
            if bounced.is_empty() {
                "none".to_owned()
            } else {
                bounced.join(", ")
            },
        ),
        row("Given up", facts.mails.n_failed.to_string()),
        row("In doubt", in_doubt(facts.mails.n_uncertain)),
    ];
    if let Some(at) = facts.summary.oldest_queued_at {
        rows.push(row(
            "Oldest waiting",
            format!("{} minutes", facts.now.since(at).as_secs() / 60),
        ));
    }
    Notice {
        heading: match feeds.len() {
            0 => "Your week with Courant: all feeds are well".to_owned(),
            1 => "Your week with Courant: one feed wants a look".to_owned(),
            n => format!("Your week with Courant: {n} feeds want a look"),
        },
        alerts: alerts(facts),
        rows,
        patch: facts.patch.clone(),
        feeds: feeds.into_iter().take(FEEDS_MAX).collect(),
        editions: facts.late.iter().map(late_words).collect(),
        contact: contact.to_owned(),
    }
}

/// The notice of what broke, if anything did.
pub(super) fn notice(facts: &Facts, contact: &str) -> Option<Notice> {
    let alerts = alerts(facts);
    let heading = match alerts.len() {
        0 => return None,
        1 => "Courant needs you".to_owned(),
        n => format!("Courant needs you: {n} things"),
    };
    Some(Notice {
        heading,
        alerts,
        contact: contact.to_owned(),
        ..Notice::default()
    })
}

fn alerts(facts: &Facts) -> Vec<String> {
    let mut alerts = Vec::new();
    for (digest, slot) in &facts.unsent {
        alerts.push(format!(
            "No mail of {digest} {slot} has left, more than an hour after its time. `courant outbox list` says what the \
             relay answers, `courant doctor mail` what stands in the way."
        ));
    }
    if let Some(at) = facts
        .summary
        .oldest_queued_at
        .filter(|at| facts.now.since(*at) > QUEUE_MAX)
    {
        alerts.push(format!(
            "The oldest mail has waited for {} hours: see `courant outbox list`.",
            facts.now.since(at).as_secs() / 3600
        ));
    }
    let active: Vec<&FeedRow> = facts
        .feeds
        .iter()
        .filter(|feed| feed.status == FeedStatus::Active)
        .collect();
    let long = |feed: &&&FeedRow| {
        feed.failing_since
            .is_some_and(|since| facts.now.since(since) >= FAILING_FOR)
    };
    let n_failing = active.iter().filter(long).count();
    if n_failing > 1 && n_failing * 10 > active.len() {
        alerts.push(format!(
            "{n_failing} of {} feeds have failed for a day: see whether this machine reaches the network, then `courant \
             feeds`.",
            active.len()
        ));
    }
    if facts.mails.n_newly_uncertain > 0 {
        alerts.push(format!(
            "{} mails may or may not have been taken by the relay: look into its log for their Message-ID (`courant outbox \
             list --uncertain`), then `courant outbox resolve`.",
            facts.mails.n_newly_uncertain
        ));
    }
    let missed: Vec<&LateEdition> = facts.late.iter().filter(|edition| edition.missed).collect();
    if let Some(edition) = missed.last() {
        alerts.push(format!(
            "{} editions were missed, the last one {} {}: Courant did not run, or the clock jumped.",
            missed.len(),
            edition.digest,
            edition.slot
        ));
    }
    alerts.extend(full_disk(facts.disk, facts.summary.n_bytes.unsigned_abs()));
    if !facts.damage.is_empty() {
        alerts.push(format!(
            "The database is damaged ({}): but for this mail nothing is sent until it is whole. Stop Courant, put the last \
             good backup in its place as docs/operations.md says, and have the disk looked at.",
            facts.damage
        ));
    }
    alerts
}

fn full_disk(disk: Option<Space>, database_bytes: u64) -> Option<String> {
    let disk = disk.filter(|disk| disk.is_nearly_full(database_bytes))?;
    Some(format!(
        "The disk of the database is nearly full: {} of {} are free, and the database takes {}. When it is full nothing can \
         be written, and no mail leaves. Make room, or keep less (`keep_entries` and `keep_deliveries` in [database]).",
        size(disk.free_bytes),
        size(disk.total_bytes),
        size(database_bytes)
    ))
}

fn size(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 1000.0 {
        format!("{mb:.0} MB")
    } else {
        format!("{:.1} GB", mb / 1e3)
    }
}

/// Feeds that a person should look at: key, state, reason.
fn broken(facts: &Facts) -> Vec<(String, String, String)> {
    let mut found: Vec<(Health, &FeedRow, String)> = facts
        .feeds
        .iter()
        .map(|feed| {
            let finding = health(feed, facts.now);
            let reason = match finding.health {
                Health::Gone => format!("{}; remove this [[feed]], or give it its new address", finding.reason),
                _ => finding.reason,
            };
            (finding.health, feed, reason)
        })
        .filter(|(state, _, _)| !matches!(state, Health::Ok | Health::New | Health::Paused))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.key.cmp(&b.1.key)));
    found
        .into_iter()
        .map(|(state, feed, reason)| (feed.key.clone(), state.word().to_owned(), reason))
        .collect()
}

fn in_doubt(n: i64) -> String {
    match n {
        0 => "none".to_owned(),
        n => format!("{n} (`courant outbox list --uncertain`)"),
    }
}

fn late_words(edition: &LateEdition) -> String {
    let LateEdition { digest, slot, .. } = edition;
    if edition.missed {
        format!("{digest} {slot}: missed")
    } else {
        format!("{digest} {slot}: {} minutes late", edition.late_secs / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FeedId, Validators};

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn feed(key: &str, failing_hours: Option<u64>) -> FeedRow {
        FeedRow {
            id: FeedId::new(1),
            key: key.into(),
            url: format!("https://example.org/{key}"),
            effective_url: String::new(),
            name: key.into(),
            site_url: String::new(),
            group: String::new(),
            status: FeedStatus::Active,
            added_at: NOW.minus(Duration::from_hours(1000)),
            next_poll_at: NOW,
            next_reason: String::new(),
            last_poll_at: Some(NOW),
            last_success_at: Some(NOW),
            last_change_at: Some(NOW),
            validators: Validators::default(),
            failures: failing_hours.map_or(0, |_| 9),
            failing_since: failing_hours.map(|hours| NOW.minus(Duration::from_hours(hours))),
            http_status: 200,
            error_kind: String::new(),
            error: failing_hours.map_or(String::new(), |_| "no answer".into()),
            moved: None,
            recent: Vec::new(),
            n_items: 10,
            n_undated: 0,
            n_new: 0,
            history: Vec::new(),
        }
    }

    fn facts(feeds: Vec<FeedRow>) -> Facts {
        Facts {
            now: NOW,
            feeds,
            summary: Summary::default(),
            mails: Mails::default(),
            late: Vec::new(),
            unsent: Vec::new(),
            disk: Some(Space {
                free_bytes: 10_000_000_000,
                total_bytes: 100_000_000_000,
            }),
            damage: String::new(),
            patch: String::new(),
        }
    }

    #[test]
    fn a_good_day_has_no_notice() {
        assert_eq!(notice(&facts(vec![feed("a", None)]), ""), None);
        // One feed of many is for Monday.
        let mut many: Vec<FeedRow> = (0..20).map(|n| feed(&format!("f{n}"), None)).collect();
        many.push(feed("broken", Some(48)));
        assert_eq!(notice(&facts(many.clone()), ""), None);
        let summary = weekly(&facts(many), "Desk");
        assert_eq!(summary.feeds.len(), 1);
        assert_eq!(summary.heading, "Your week with Courant: one feed wants a look");
    }

    #[test]
    fn each_thing_that_broke_is_a_sentence() {
        #[track_caller]
        fn check(change: impl Fn(&mut Facts), words: &str) {
            let mut facts = facts(vec![feed("a", None)]);
            change(&mut facts);
            let notice = notice(&facts, "").unwrap_or_else(|| panic!("no notice for {words}"));
            assert_eq!(notice.alerts.len(), 1, "{notice:?}");
            assert!(notice.alerts[0].contains(words), "{notice:?}");
        }
        check(
            |f| f.unsent.push(("daily".into(), "2027-01-15T07:00".into())),
            "No mail of daily",
        );
        check(
            |f| f.summary.oldest_queued_at = Some(NOW.minus(Duration::from_hours(3))),
            "waited for 3 hours",
        );
        check(
            |f| f.feeds.extend([feed("b", Some(25)), feed("c", Some(30))]),
            "2 of 3 feeds have failed for a day",
        );
        check(|f| f.mails.n_newly_uncertain = 2, "2 mails may or may not");
        check(
            |f| {
                f.late.push(LateEdition {
                    digest: "daily".into(),
                    slot: "2027-01-14T07:00".into(),
                    missed: true,
                    late_secs: 90_000,
                });
            },
            "1 editions were missed",
        );
        check(
            |f| {
                f.summary.n_bytes = 11_000_000_000;
            },
            "nearly full: 10.0 GB of 100.0 GB are free, and the database takes 11.0 GB",
        );
        check(
            |f| f.damage = "row 3 missing from index i".into(),
            "damaged (row 3 missing from index i): but for this mail nothing is sent",
        );
    }

    #[test]
    fn a_feed_that_is_gone_comes_with_what_to_do() {
        let mut gone = feed("acme", None);
        gone.status = FeedStatus::Gone;
        let summary = weekly(&facts(vec![gone]), "Desk");
        let (key, state, reason) = &summary.feeds[0];
        assert_eq!((key.as_str(), state.as_str()), ("acme", "gone"));
        assert!(reason.contains("remove this [[feed]]"), "{reason}");
    }

    #[test]
    fn a_disk_the_system_does_not_tell_of_is_no_alarm() {
        let mut facts = facts(vec![feed("a", None)]);
        facts.disk = None;
        assert_eq!(notice(&facts, ""), None);
    }
}
