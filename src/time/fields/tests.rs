use super::*;

#[track_caller]
fn says(text: &str, words: &str) {
    assert_eq!(Fields::parse(text).unwrap().words(), words);
}

#[track_caller]
fn refused(text: &str, why: &str) {
    let error = Fields::parse(text).unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn fields_are_said_in_words() {
    says("0 7 * * *", "every day at 07:00");
    says("30 7,19 * * *", "every day at 07:30 and 19:30");
    says("0 7 * * 1-5", "Monday to Friday at 07:00");
    says("0 8 * * Sun", "every Sunday at 08:00");
    says("0 8 * * 0", "every Sunday at 08:00");
    says("0 8 * * 7", "every Sunday at 08:00");
    says("0 8 * * mon,wed,fri", "every Monday, Wednesday and Friday at 08:00");
    says("0 8 * * 0-7", "every day at 08:00");
    says("0 9 1 * *", "on day 1 of the month at 09:00");
    says(
        "0 9 1,15 jan,jul *",
        "on days 1 and 15 of the month at 09:00 in January and July",
    );
    says("0 8 13 * FRI", "on day 13 of the month and every Friday at 08:00");
    says(
        "0 8 */2 * Fri",
        "on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month when it is Friday at 08:00",
    );
    says("@hourly", "every day every hour at minute 0");
    says("@daily", "every day at 00:00");
    says("@weekly", "every Sunday at 00:00");
    says("* * * * *", "every day every minute");
    says("0 8 * * Fri-Sun", "every Sunday, Friday and Saturday at 08:00");
}

#[test]
fn wrong_fields_say_what_is_right() {
    refused("0 7 * *", "4 fields where five are needed");
    refused("0 0 7 * * *", "6 fields where five are needed");
    refused("60 7 * * *", "`60` in the minute field is not between 0 and 59");
    refused("0 24 * * *", "`24` in the hour field is not between 0 and 23");
    refused("0 7 0 * *", "`0` in the day of month field");
    refused("0 7 * * 8", "`8` in the weekday field");
    refused("0 7 * * Funday", "names such as `Mon-Fri`");
    refused("0 7 L * *", "`L` in the day of month field is no number from 1 to 31");
    refused("*/0 7 * * *", "step 0");
    refused("0 9-7 * * *", "runs backwards");
    refused("@fortnightly", "`@hourly`");
    refused("", "0 fields");
    refused("0 7 * * 999999999999", "not between");
}

#[test]
fn one_spelling_for_one_meaning() {
    for (text, canonical) in [
        ("00 07 * * *", "0 7 * * *"),
        ("0 7 * * Mon-Fri", "0 7 * * 1-5"),
        ("0 7 * * 7", "0 7 * * 0"),
        ("0,30 7 1-31 Jan */2", "0,30 7 1-31 1 */2"),
    ] {
        let fields = Fields::parse(text).unwrap();
        assert_eq!(fields.canonical(), canonical);
        assert_eq!(Fields::parse(canonical).unwrap(), fields);
    }
}
