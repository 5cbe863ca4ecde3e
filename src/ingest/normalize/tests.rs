use proptest::prelude::*;

use super::*;
use crate::ingest::parse::{Category, Date, Source, Text};

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

fn terms() -> Terms<'static> {
    Terms {
        now: NOW,
        first_poll: false,
        first_poll_news: Duration::from_secs(86_400),
        identity: None,
        entries_max: 1_000,
        tracking: &[],
        url: "https://e.org/feed.xml",
        recent: &[],
    }
}

fn text(value: &str) -> Text {
    Text {
        value: value.to_owned(),
        html: true,
        ..Text::default()
    }
}

fn ago(seconds: i64) -> Date {
    Date {
        raw: String::new(),
        at: Some(Timestamp::from_unix(NOW.unix() - seconds)),
    }
}

fn item(id: &str, link: &str, title: &str) -> ParsedEntry {
    ParsedEntry {
        id: id.to_owned(),
        link: link.to_owned(),
        title: text(title),
        published: ago(600),
        ..ParsedEntry::default()
    }
}

fn feed(entries: Vec<ParsedEntry>) -> ParsedFeed {
    ParsedFeed {
        title: text("Example Times"),
        entries,
        ..ParsedFeed::default()
    }
}

#[track_caller]
fn one(entry: ParsedEntry) -> NewEntry {
    let mut found = normalize(&feed(vec![entry]), &terms()).entries;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[track_caller]
fn check_same(a: ParsedEntry, b: ParsedEntry, same: bool) {
    let (a, b) = (one(a), one(b));
    assert_eq!(
        a.identity == b.identity,
        same,
        "{:?} {:?}",
        a.identity_kind,
        b.identity_kind
    );
}

#[test]
fn identity_is_guid_then_link_then_text() {
    check_same(
        item("1", "https://e.org/a", "A"),
        item("1", "https://e.org/b", "B"),
        true,
    );
    check_same(
        item("1", "https://e.org/a", "A"),
        item("2", "https://e.org/a", "A"),
        false,
    );
    check_same(
        item("", "https://e.org/a?utm_source=x", "A"),
        item("", "http://www.e.org/a/", "B"),
        true,
    );
    check_same(item("", "", "A"), item("", "", "A"), true);
    check_same(item("", "", "A"), item("", "", "B"), false);
    check_same(
        item("http://e.org/?p=1", "", "A"),
        item("https://www.e.org/?p=1", "", "A"),
        true,
    );
    check_same(item("tag:1", "", "A"), item("tag:01", "", "A"), false);
}

#[test]
fn identity_can_be_configured() {
    for (kind, same) in [
        (IdentityKind::Link, true),
        (IdentityKind::Guid, false),
        (IdentityKind::Text, true),
    ] {
        let chosen = Terms {
            identity: Some(kind),
            ..terms()
        };
        let key = |id: &str| {
            let doc = feed(vec![item(id, "https://e.org/a", "A")]);
            normalize(&doc, &chosen).entries[0].identity
        };
        assert_eq!(key("1") == key("2"), same, "{kind:?}");
    }
}

#[test]
fn a_guid_all_items_share_is_none() {
    let doc = feed(vec![
        item("x", "https://e.org/a", "A"),
        item("x", "https://e.org/b", "B"),
    ]);
    let found = normalize(&doc, &terms()).entries;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].identity_kind, IdentityKind::Link);
    let front = feed(vec![item("", "https://e.org/", "A"), item("", "https://e.org/", "B")]);
    assert_eq!(normalize(&front, &terms()).entries.len(), 2);
    let twice = feed(vec![
        item("x", "https://e.org/a", "A"),
        item("x", "https://e.org/a", "A"),
    ]);
    assert_eq!(normalize(&twice, &terms()).entries.len(), 1);
}

#[track_caller]
fn check_date(published: Date, updated: Date, expected: Option<i64>, dated: i64) {
    let found = one(ParsedEntry {
        published,
        updated,
        ..item("1", "", "A")
    });
    assert_eq!(found.published_at.map(|at| NOW.unix() - at.unix()), expected);
    assert_eq!(NOW.unix() - found.dated_at.unix(), dated);
}

#[test]
fn dates_are_repaired() {
    check_date(ago(60), Date::default(), Some(60), 60);
    check_date(Date::default(), ago(60), Some(60), 60);
    check_date(ago(-1_800), Date::default(), Some(-1_800), 0);
    check_date(ago(-90_000), Date::default(), None, 0);
    check_date(ago(-90_000), ago(300), Some(300), 300);
    check_date(ago(NOW.unix()), Date::default(), None, 0);
    check_date(Date::default(), Date::default(), None, 0);
}

#[test]
fn undated_items_keep_their_order() {
    let undated = |id: &str| ParsedEntry {
        published: Date::default(),
        ..item(id, "", id)
    };
    let found = normalize(&feed(vec![undated("new"), undated("old")]), &terms());
    assert!(found.entries[0].dated_at > found.entries[1].dated_at);
    assert_eq!(found.n_undated, 2);
}

#[test]
fn a_first_poll_brings_a_day_of_news_and_the_rest_as_history() {
    let first = Terms {
        first_poll: true,
        ..terms()
    };
    let at = |id: &str, published: Date| ParsedEntry {
        published,
        ..item(id, "", id)
    };
    let doc = feed(vec![
        at("fresh", ago(3_600)),
        at("old", ago(90_000)),
        at("undated", Date::default()),
        at("older", ago(40 * 86_400)),
    ]);
    let history =
        |terms: &Terms<'_>| -> Vec<bool> { normalize(&doc, terms).entries.iter().map(|e| e.history).collect() };
    assert_eq!(history(&first), [false, true, true, true]);
    assert_eq!(history(&terms()), [false, false, false, true]);
}

#[test]
fn titles_are_never_empty() {
    #[track_caller]
    fn check(title: &str, summary: &str, link: &str, expected: &str) {
        let found = one(ParsedEntry {
            summary: text(summary),
            ..item("1", link, title)
        });
        assert_eq!(found.title, expected);
    }
    check("A\n <b>b</b>\u{202e}", "", "", "A b");
    check("", "<p>Acme bought Globex.</p>", "", "Acme bought Globex.");
    check(
        "",
        "a b c d e f g h i j k l m n o p",
        "",
        "a b c d e f g h i j k l m n…",
    );
    check(" ", "", "https://www.e.org/acme/", "e.org/acme");
    assert!(normalize(&feed(vec![item("1", "", "")]), &terms()).entries.is_empty());
}

#[test]
fn boilerplate_goes() {
    #[track_caller]
    fn check(summary: &str, expected: &str) {
        let mut summary = summary.to_owned();
        without_boilerplate(&mut summary);
        assert_eq!(summary, expected);
    }
    check("Acme grew. The post Acme grew appeared first on Example.", "Acme grew.");
    check("Acme grew […]", "Acme grew");
    check("The post office was closed.", "The post office was closed.");
}

#[test]
fn links_are_absolute_and_canonical() {
    assert_eq!(one(item("1", "/a?utm_source=feed", "A")).url, "https://e.org/a");
    assert_eq!(one(item("1", "javascript:x", "A")).url, "");
    let burned = ParsedEntry {
        original_link: "https://e.org/real".to_owned(),
        ..item("1", "https://feedproxy.google.com/~r/x/1", "A")
    };
    assert_eq!(one(burned).url, "https://e.org/real");
    let permalink = ParsedEntry {
        is_permalink: true,
        ..item("https://e.org/p", "", "A")
    };
    assert_eq!(one(permalink).url, "https://e.org/p");
}

#[test]
fn only_the_newest_are_kept() {
    let few = Terms {
        entries_max: 2,
        ..terms()
    };
    let at = |id: &str, seconds: i64| ParsedEntry {
        published: ago(seconds),
        ..item(id, "", id)
    };
    let found = normalize(&feed(vec![at("c", 300), at("a", 100), at("b", 200)]), &few);
    let titles: Vec<&str> = found.entries.iter().map(|e| e.title.as_str()).collect();
    assert_eq!(titles, ["a", "b"]);
    assert_eq!(found.n_items, 3);
}

#[test]
fn the_rest_is_carried() {
    let mut entry = item("1", "", "A");
    entry.source = Source {
        title: "Example Wire".to_owned(),
        href: String::new(),
    };
    entry.language = "EN_us".to_owned();
    entry.categories = vec![
        Category {
            term: "Deals".to_owned(),
            ..Category::default()
        },
        Category {
            term: "Deals".to_owned(),
            ..Category::default()
        },
    ];
    let found = one(entry);
    assert_eq!(
        (found.publisher.as_str(), found.language.as_str()),
        ("Example Wire", "en-us")
    );
    assert_eq!(found.categories, ["Deals"]);
    let mut doc = feed(vec![item("1", "", "A")]);
    doc.ttl_minutes = Some(60);
    doc.skip_hours = vec![0, 23, 99];
    doc.skip_days = vec![6];
    let hints = normalize(&doc, &terms()).hints;
    assert_eq!(
        (hints.ttl.as_secs(), hints.skip_hours, hints.skip_days),
        (3_600, 1 | 1 << 23, 1 << 6)
    );
}

#[test]
fn the_rhythm_is_kept_newest_first() {
    let known = [
        Timestamp::from_unix(NOW.unix() - 600),
        Timestamp::from_unix(NOW.unix() - 9_000),
    ];
    let terms = Terms {
        recent: &known,
        ..terms()
    };
    let found = normalize(&feed(vec![item("1", "", "A"), item("2", "", "B")]), &terms);
    assert_eq!(found.recent, known);
}

proptest! {
    #[test]
    fn the_same_document_gives_the_same_entries(
        items in proptest::collection::vec(("[ab]{0,2}", "(https://e.org/[ab]{0,2})?", "\\PC{0,20}"), 0..8)
    ) {
        let doc = feed(items.iter().map(|(id, link, title)| item(id, link, title)).collect());
        let once = normalize(&doc, &terms());
        prop_assert_eq!(&once, &normalize(&doc, &terms()));
        prop_assert!(once.entries.iter().all(|entry| !entry.title.is_empty() && entry.title.len() <= TITLE_MAX_BYTES));
    }
}
