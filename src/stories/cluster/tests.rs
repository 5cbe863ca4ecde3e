use super::*;

#[test]
fn front_pages_are_no_identity() {
    assert!(!has_page("https://example.com/"));
    assert!(!has_page("https://example.com"));
    assert!(has_page("https://example.com/a"));
}
