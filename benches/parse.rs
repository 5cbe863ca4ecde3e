//! Reading feeds: clean ones, ones only our own reader takes, broken ones. `cargo bench --bench parse`.
//!
//! Criterion prints MB/s; `feed-rs alone` is the same clean feed given to feed-rs, for comparison.

use std::hint::black_box;

use courant::ingest::parse::{ParseContext, parse_feed};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ITEMS: usize = 200;

/// A feed of the size and make of a busy newspaper's.
fn clean() -> String {
    let paragraph =
        "The port said on Tuesday that traffic rose again, while rates for the route stayed flat. ".repeat(12);
    let items: String = (0..ITEMS)
        .map(|n| {
            format!(
                "<item><title>Port traffic up {n} percent, operators say</title>\
                 <link>https://harbor.example/2025/03/port-traffic-{n}</link>\
                 <dc:creator><![CDATA[Ada Rossi]]></dc:creator><pubDate>Tue, 04 Mar 2025 10:{:02}:00 +0000</pubDate>\
                 <category><![CDATA[Ports]]></category><guid isPermaLink=\"false\">https://harbor.example/?p={n}</guid>\
                 <description><![CDATA[{}]]></description>\
                 <content:encoded><![CDATA[<p>{paragraph}</p>]]></content:encoded></item>\n",
                n % 60,
                paragraph.get(..180).unwrap_or_default()
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n\
         <channel><title>Harbor Wire</title><link>https://harbor.example/</link><description>Ports</description>\
         <language>en</language>\n{items}</channel></rss>"
    )
}

/// The same feed in Atom, with escaped HTML.
fn atom() -> String {
    let paragraph =
        "&lt;p&gt;The port said on Tuesday that traffic rose again, rates stayed flat.&lt;/p&gt; ".repeat(12);
    let entries: String = (0..ITEMS)
        .map(|n| {
            format!(
                "<entry><title type=\"html\">Port traffic up {n} percent</title><id>tag:harbor.example,2025:{n}</id>\
                 <link rel=\"alternate\" href=\"https://harbor.example/{n}\"/><updated>2025-03-04T10:{:02}:00Z</updated>\
                 <author><name>Ada Rossi</name></author><content type=\"html\">{paragraph}</content></entry>\n",
                n % 60
            )
        })
        .collect();
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Harbor Wire</title><id>urn:h</id>{entries}</feed>")
}

/// The clean feed with what goes wrong in the wild in every item.
fn broken() -> String {
    clean()
        .replace("operators say</title>", "operators say &nbsp; & more <3%</b></title>")
        .replace("<guid isPermaLink=\"false\">", "<guid isPermaLink=false>")
        .replace("<content:encoded><![CDATA[", "<content:encoded>")
        .replace("]]></content:encoded>", "<br></content:encoded>")
        .replace("version=\"2.0\"", "")
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    let context = ParseContext::default();
    for (name, document) in [("clean RSS", clean()), ("Atom", atom()), ("broken RSS", broken())] {
        group.throughput(Throughput::Bytes(document.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let feed = parse_feed(black_box(document.as_bytes()), &context).expect("a feed");
                assert_eq!(feed.entries.len(), ITEMS);
            });
        });
    }
    let document = clean();
    group.throughput(Throughput::Bytes(document.len() as u64));
    group.bench_function("clean RSS, feed-rs alone", |bencher| {
        bencher.iter(|| feed_rs::parser::parse(black_box(document.as_bytes())).expect("a feed"));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
