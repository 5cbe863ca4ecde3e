//! Any text as a date; what is read is read back from our own form.

#![no_main]

use courant::ingest::date::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(at) = parse(text) {
        assert_eq!(parse(&at.rfc3339()), Some(at));
    }
});
