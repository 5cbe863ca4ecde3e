//! Any text as HTML: plain within its limit, and cleaned so that nothing dangerous is left.

#![no_main]

use courant::ingest::parse::{clean::clean, text::plain};
use libfuzzer_sys::fuzz_target;

/// What stands between comments; those that are kept have no `--` in them.
fn outside_comments(html: &str) -> impl Iterator<Item = &str> {
    html.split("<!--").enumerate().map(|(n, piece)| match piece.split_once("-->") {
        Some((_, after)) if n > 0 => after,
        _ => piece,
    })
}

fuzz_target!(|html: &str| {
    assert!(plain(html, 200).len() <= 200);
    let cleaned = clean(html, "https://a.example/");
    assert!(!outside_comments(&cleaned).any(|text| text.contains("<script") || text.contains("<style")), "{cleaned}");
});
