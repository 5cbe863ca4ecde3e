use proptest::prelude::*;

use super::*;

/// What documents are made of, so that random ones get past the first bytes.
const PIECES: &[&str] = &[
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<rss version=\"2.0\">",
    "<channel>",
    "<item>",
    "</item>",
    "<title>",
    "</title>",
    "<description>",
    "</description>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&nbsp;",
    "&#x1F600;",
    "&#55357;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "<a href=",
    "<b",
    "</",
    "/>",
    "<?",
    "?>",
    "<!DOCTYPE x [",
    "]>",
    "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
    "<entry>",
    "<content type=\"xhtml\">",
    "<div>",
    "</div>",
    "<link href=\"/x\"/>",
    "<pubDate>",
    "Tue, 04 Mar 2025 10:00:00 GMT",
    "<guid isPermaLink=false>",
    "é",
    "中",
    "😀",
    "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[",
    "{\"id\":1}",
    "]}",
    ",",
    "<html>",
    "class=\"h-entry\"",
    "class=\"p-name\"",
    "\u{feff}",
    "\0",
    " ",
    "\n",
    "x",
    "<author>a@b.example (A)</author>",
    "<media:thumbnail url=x/>",
    "<category domain=\"d\">",
    "xml:base=\"http://[\"",
];

fn documents() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse_feed(&bytes, &ParseContext::default());
    }

    #[test]
    fn any_document_is_read_the_same_twice(document in documents(), url in "(https://a\\.example/x)?") {
        let context = ParseContext { url: &url, content_type: "" };
        let first = parse_feed(document.as_bytes(), &context);
        prop_assert_eq!(&first, &parse_feed(document.as_bytes(), &context));
        if let Ok(feed) = first {
            prop_assert!(feed.entries.len() <= ENTRIES_MAX);
            for entry in &feed.entries {
                let _ = clean::clean(&entry.summary.value, &entry.summary.base);
                prop_assert!(entry.title.plain(40).len() <= 40);
            }
        }
    }

    #[test]
    fn any_cut_keeps_what_came_before(cut in 0_usize..400) {
        let item = "<item><title>A</title><link>https://a.example/1</link></item>";
        let document = format!("<rss version=\"2.0\"><channel><title>T</title>{}</channel></rss>", item.repeat(6));
        let head = document.get(..cut).unwrap();
        let whole = head.matches("</item>").count();
        let read = parse_feed(head.as_bytes(), &ParseContext::default()).map_or(0, |feed| feed.entries.len());
        prop_assert!(read >= whole, "{read} of {whole} in {head:?}");
    }

    /// feed-rs is used only where it says what our own reader says.
    #[test]
    fn both_readers_agree_on_plain_documents(
        titles in prop::collection::vec("[A-Za-z0-9 ,.:&'é–中]{0,30}", 1..5),
        language in "en|de-at",
        permalink in any::<bool>(),
    ) {
        let mut items = String::new();
        for (n, title) in titles.iter().enumerate() {
            let title = title.replace('&', "&amp;");
            items += &format!(
                "<item><title>{title}</title><link>https://a.example/p/{n}</link>\
                 <comments>https://a.example/p/{n}#c</comments><dc:creator><![CDATA[{title}]]></dc:creator>\
                 <pubDate>Tue, {n} Mar 2025 10:00:00 +0100</pubDate><category>{title}</category>\
                 <guid isPermaLink=\"{permalink}\">https://a.example/?p={n}</guid>\
                 <description><![CDATA[<p>{title}</p>]]></description>\
                 <content:encoded><![CDATA[<p>{title} &amp; more</p>]]></content:encoded></item>"
            );
        }
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
             xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">\n<channel><title>T</title>\
             <link>https://a.example/</link><description>D</description><language>{language}</language>\
             <sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>\
             <lastBuildDate>Tue, 04 Mar 2025 10:00:00 GMT</lastBuildDate>{items}</channel></rss>"
        );
        let context = ParseContext::default();
        let Some(mut theirs) = mainstream::read(&document, &context) else {
            return Err(TestCaseError::fail(format!("not read by feed-rs: {document}")));
        };
        let reader::Outcome::Feed(mut ours) = reader::read(&document, &context) else {
            return Err(TestCaseError::fail("not read by us"));
        };
        for feed in [&mut theirs, &mut *ours] {
            forget_what_only_we_keep(feed);
        }
        prop_assert_eq!(theirs, *ours);
    }
}

/// Dates as written, and whether the id may serve as link, which does not matter where there is a link.
fn forget_what_only_we_keep(feed: &mut ParsedFeed) {
    feed.published.raw.clear();
    feed.updated.raw.clear();
    for entry in &mut feed.entries {
        entry.published.raw.clear();
        entry.is_permalink = false;
    }
}

#[track_caller]
fn check_entries(document: &str, expected: usize) -> ParsedFeed {
    let feed = parse_feed(document.as_bytes(), &ParseContext::default()).unwrap();
    assert_eq!(feed.entries.len(), expected);
    feed
}

#[test]
fn the_newest_entries_of_a_huge_feed_are_kept() {
    let mut document = "<rss version=\"2.0\"><channel><title>T</title>".to_owned();
    for n in 0..9_000 {
        document += &format!(
            "<item><title>{n}</title><pubDate>{}</pubDate></item>",
            1_000_000_000 + n
        );
    }
    let feed = check_entries(&document, ENTRIES_MAX);
    assert_eq!(feed.entries.last().unwrap().title.value, "8999");
    assert_eq!(feed.entries_dropped, 8_000);
}

#[test]
fn depth_and_numbers_have_limits() {
    let start = "<rss version=\"2.0\"><channel><title>T</title>";
    check_entries(&format!("{start}{}<item><title>A</title></item>", "<a>".repeat(100)), 1);
    check_entries(
        &format!("{start}<item><description>{}</item>", "<div>".repeat(100_000)),
        1,
    );
    let feed = check_entries(
        &format!(
            "{start}<item>{}</item>",
            (0..5_000)
                .map(|n| format!("<category>{n}</category><author>b</author>"))
                .collect::<String>()
        ),
        1,
    );
    assert_eq!(
        (feed.entries[0].categories.len(), feed.entries[0].authors.len()),
        (100, 100)
    );
    let attributes: String = (0..20_000).map(|n| format!(" xmlns:a{n}=\"u{n}\" b{n}=\"\"")).collect();
    check_entries(
        &format!("{start}<x{attributes}/><item{attributes}><title>A</title></item>"),
        1,
    );
    check_entries(
        &format!("{start}<item><title>A</title></item>{}", "<!--".repeat(200_000)),
        1,
    );
    check_entries(
        &format!("{start}<item><title>A</title></item>{}", "<a b=\"".repeat(200_000)),
        1,
    );
}

#[test]
fn entities_of_a_dtd_are_not_expanded() {
    let document = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
        <rss version=\"2.0\"><channel><item><title>&b;&x;</title></item></channel></rss>";
    assert_eq!(check_entries(document, 1).entries[0].title.value, "&b;&x;");
}

#[test]
fn what_a_poller_needs_is_read() {
    let document = "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
        xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\" xmlns:fh=\"http://purl.org/syndication/history/1.0\">\
        <channel><title>T</title><ttl>45</ttl><skipHours><hour>0</hour><hour>24</hour><hour>7</hour></skipHours>\
        <skipDays><day>Sunday</day></skipDays><sy:updatePeriod>hourly</sy:updatePeriod>\
        <sy:updateFrequency>2</sy:updateFrequency><atom:link rel=\"hub\" href=\"https://hub.example/\"/>\
        <atom:link rel=\"prev-archive\" href=\"https://a.example/2\"/><fh:complete/></channel></rss>";
    let feed = check_entries(document, 0);
    assert_eq!(
        (feed.ttl_minutes, feed.update_secs, feed.complete),
        (Some(45), Some(1_800), true)
    );
    assert_eq!(
        (feed.skip_hours.as_slice(), feed.skip_days.as_slice()),
        (&[0, 0, 7][..], &[6][..])
    );
    assert_eq!(feed.href("hub"), Some("https://hub.example/"));
    assert_eq!(feed.href("prev-archive"), Some("https://a.example/2"));
}
