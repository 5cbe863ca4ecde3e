//! Any text as HTML: plain within its limit, and cleaned so that nothing dangerous is left.

#![no_main]

use courant::ingest::parse::{clean::clean, text::plain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    assert!(plain(html, 200).len() <= 200);
    let cleaned = clean(html, "https://a.example/");
    assert!(!cleaned.contains("<script") && !cleaned.contains("<style"));
});
