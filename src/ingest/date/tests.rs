use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(
        parse(text).map(Timestamp::rfc3339).unwrap_or_default(),
        expected,
        "{text:?}"
    );
}

#[test]
fn mail_dates() {
    check("Tue, 04 Mar 2025 10:20:30 GMT", "2025-03-04T10:20:30Z");
    check("Fri, 04 Mar 2025 10:20:30 +0100", "2025-03-04T09:20:30Z");
    check("Tuesday, 4 March 2025 10:20 -05:30", "2025-03-04T15:50:00Z");
    check("4 Mar 25 10:20:30 EST", "2025-03-04T15:20:30Z");
    check("4 Mar 99 10:20:30 PDT", "1999-03-04T17:20:30Z");
    check("Tue, 4 Mar 2025 10:20:30", "2025-03-04T10:20:30Z");
    check("Tue,4 Mar 2025 24:00:00 UTC", "2025-03-05T00:00:00Z");
    check("Tue, 4 Mar 2025 10:20:60 Nowhere/Land", "2025-03-04T10:20:59Z");
    check("Tue Mar  4 10:20:30 2025", "2025-03-04T10:20:30Z");
    check(
        "Tue Mar 04 2025 10:20:30 GMT+0200 (Eastern European Time)",
        "2025-03-04T08:20:30Z",
    );
}

#[test]
fn iso_dates() {
    check("2025-03-04T10:20:30Z", "2025-03-04T10:20:30Z");
    check("2025-03-04T10:20:30.123456+02:00", "2025-03-04T08:20:30Z");
    check("2025-03-04 10:20", "2025-03-04T10:20:00Z");
    check("20250304T102030Z", "2025-03-04T10:20:30Z");
    check("2025-03-04", "2025-03-04T00:00:00Z");
    check("2025-03", "2025-03-01T00:00:00Z");
    check("2025-063", "2025-03-04T00:00:00Z");
    check("2025", "2025-01-01T00:00:00Z");
    check("0000", "");
    check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    check("0001-01-01T00:00:00+02:00", "");
    check("9999-12-31T24:00:00Z", "");
    check("2025-3-4 1:02:03", "2025-03-04T01:02:03Z");
    check("1741082400", "2025-03-04T10:00:00Z");
    check("1741082400123", "2025-03-04T10:00:00Z");
}

#[test]
fn numbers_and_clocks() {
    check("3/4/2025 4:05 pm", "2025-03-04T16:05:00Z");
    check("14/3/2025", "2025-03-14T00:00:00Z");
    check("4.3.2025 16:05", "2025-03-04T16:05:00Z");
    check("Tue, 04/03/2025", "2025-03-04T00:00:00Z");
    check("March 4th, 2025 at 12:05 a.m.", "2025-03-04T00:05:00Z");
    check("2025/3/4 16:05:06", "2025-03-04T16:05:06Z");
    check("٤ مارس ٢٠٢٥", "2025-03-04T00:00:00Z");
}

#[test]
fn months_of_many_languages() {
    for text in [
        "4 März 2025",
        "4 mars 2025",
        "4 marzo 2025",
        "4 março 2025",
        "4 maart 2025",
        "4 marca 2025",
        "4. března 2025",
        "4 марта 2025",
        "4 березня 2025",
        "4 mart 2025",
        "4 Μαρτίου 2025",
        "4 maaliskuuta 2025",
        "4 martie 2025",
        "4 ožujka 2025",
        "4 มีนาคม 2025",
        "4 मार्च 2025",
        "2025. március 4.",
        "2025年3月4日",
        "2025년 3월 4일 09:00",
    ] {
        check(text, "2025-03-04T00:00:00Z");
    }
    check("mar., 02 déc. 2025 10:00:00 +0100", "2025-12-02T09:00:00Z");
    check("Mi, 15 Okt 2025 08:00 MESZ", "2025-10-15T06:00:00Z");
    check("15 aoû 2025", "2025-08-15T00:00:00Z");
    check("15 lipca 2025", "2025-07-15T00:00:00Z");
    check("15 listopada 2025", "2025-11-15T00:00:00Z");
    check("15 Temmuz 2025", "2025-07-15T00:00:00Z");
}

#[test]
fn what_is_no_date() {
    for text in [
        "",
        "soon",
        "yesterday",
        "12:30",
        "Mon, 99 Zzz 9999999 99:99:99 +9999",
        "31 Feb 2025",
        "1",
        "v2.0.1-x",
    ] {
        check(text, "");
    }
}

proptest! {
    #[test]
    fn any_text_is_safe(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn our_own_form_is_read_back(seconds in -60_000_000_000_i64..200_000_000_000) {
        let at = Timestamp::from_unix(seconds);
        prop_assert_eq!(parse(&at.rfc3339()), Some(at));
    }
}
