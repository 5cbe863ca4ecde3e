//! Any text as a link: canonical is canonical for good, says one host, and never more than http(s).

#![no_main]

use courant::ingest::url::{canonical, host_key, link_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let base = url::Url::parse("https://a.example/news/index.html?page=1").ok();
    let more = ["ref_code".to_owned()];
    if let Some(link) = canonical(text, base.as_ref(), &more) {
        assert!(link.starts_with("http://") || link.starts_with("https://"), "{link}");
        assert_eq!(canonical(&link, None, &more).as_deref(), Some(link.as_str()));
        assert!(!host_key(&link).is_empty(), "{link}");
        assert!(link.contains(link_key(&link)));
    }
    let _ = host_key(text);
});
