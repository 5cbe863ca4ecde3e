//! Any bytes as what an IMAP server says: cut into responses within the limit, and never a panic.

#![no_main]

use courant::subscribe::imap::wire::response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((found, n))) = response(rest, 4_096) {
        assert!(n > 0 && n <= rest.len() && n <= 4_096);
        assert!(found.words.len() <= n);
        rest = &rest[n..];
    }
});
