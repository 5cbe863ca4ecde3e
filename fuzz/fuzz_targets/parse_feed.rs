//! Any bytes as a feed: read or refused, the same way twice, within the limits.
//! `cargo fuzz run parse_feed -s none fuzz/corpus/parse_feed tests/corpus/feeds -- -max_len=65536 -timeout=2 -rss_limit_mb=300`

#![no_main]

use courant::ingest::parse::{ENTRIES_MAX, ParseContext, parse_feed};
use libfuzzer_sys::fuzz_target;

// The fuzzer's own hook ends the process at any panic; those of feed-rs are caught by the reader, as they should be. Any
// other still ends the run.
fuzz_target!(init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))), |bytes: &[u8]| {
    let context = ParseContext { url: "https://a.example/feed", content_type: "" };
    let first = parse_feed(bytes, &context);
    if let Ok(feed) = &first {
        assert!(feed.entries.len() <= ENTRIES_MAX);
    }
    assert_eq!(first, parse_feed(bytes, &context));
});
