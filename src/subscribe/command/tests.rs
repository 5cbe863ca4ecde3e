use proptest::prelude::*;

use super::*;

#[track_caller]
fn is(line: &str, expected: &str) {
    match parse_line(line) {
        Line::Command(command) => assert_eq!(command.to_string(), expected, "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn near_to(line: &str, expected: &str) {
    match parse_line(line) {
        Line::Unclear { nearest, .. } => assert_eq!(nearest, expected, "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn prose(line: &str) {
    assert_eq!(parse_line(line), Line::Prose, "{line}");
}

#[test]
fn commands_are_read_as_people_write_them() {
    is("subscribe", "subscribe");
    is("SUBSCRIBE!", "subscribe");
    is("  \u{201c}Subscribe\u{201d}.  ", "subscribe");
    is("*subscribe*", "subscribe");
    is("Please subscribe me to the daily digest, thanks", "subscribe daily");
    is("subscribe markets", "subscribe markets");
    is("SUBSCRIBE markets Anna Schmidt", "subscribe markets");
    is("join", "subscribe");
    is("Abonnieren", "subscribe");
    is("unsubscribe", "unsubscribe");
    is("UNSUBSCRIBE ME", "unsubscribe");
    is("Unsubscribe me from the markets newsletter", "unsubscribe markets");
    is("signoff", "unsubscribe");
    is("stop", "unsubscribe");
    is("Stop all mails", "unsubscribe");
    is("abmelden", "unsubscribe");
    is("help", "help");
    is("status?", "settings");
    is("erase me", "erase");
    is("confirm abcdefghijklmnopqrstuvwxyz234567", "confirm");
    is("confirm-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "confirm");
    is("follow Nvidia, AMD", "follow Nvidia, AMD");
    is("Follow: Nvidia and AMD.", "follow Nvidia, AMD");
    is("mute crypto", "mute crypto");
    is("less deals", "mute deals");
    is("theme ai, chips", "theme ai, chips");
    is("time 7:30", "time 07:30");
    is("time: 7.30 pm", "time 19:30");
    is("zone Europe/Berlin", "zone Europe/Berlin");
    is("weekly on Mondays", "weekly mon");
    is("weekly", "weekly mon");
    is("pause 2w", "pause 14d");
    is("pause for 10 days", "pause 10d");
    is("pause", "pause 14d");
    is("vacation 1 month", "pause 30d");
    is("plain", "text");
    is("language Deutsch", "language de");
}

#[test]
fn prose_is_no_command() {
    prose("Follow up on what we said last week in the meeting about the roof, would you?");
    prose("Help me understand what this is about before I decide");
    prose("time flies like an arrow, fruit flies like a banana");
    prose("I would like to know more about your offer");
    prose("x");
    assert_eq!(parse_line("Hi there,"), Line::Courtesy);
    assert_eq!(parse_line("Thanks, Anna"), Line::Courtesy);
    assert_eq!(parse_line("--- ---"), Line::Prose);
    assert_eq!(parse_line(""), Line::Courtesy);
}

#[test]
fn slips_are_answered_with_the_nearest_name() {
    near_to("subcribe", "subscribe");
    near_to("unsubcsribe", "unsubscribe");
    near_to("setings", "settings");
    near_to("time noon", "time");
    near_to("pause forever", "pause");
    near_to("zone", "zone");
    near_to("confirm", "confirm");
    near_to("weekly someday", "weekly");
}

proptest! {
    #[test]
    fn any_line_is_something(line in "\\PC{0,400}") {
        let _ = parse_line(&line);
    }

    #[test]
    fn a_command_written_by_us_is_read_back(line in "(follow|mute|theme) [A-Z][a-z]{2,9}(, [A-Z][a-z]{2,9}){0,3}") {
        prop_assert_eq!(parse_line(&line), match parse_line(&line) {
            Line::Command(command) => parse_line(&command.to_string()),
            other => other,
        });
    }
}

#[test]
fn a_command_tells_the_language_it_was_written_in() {
    for (line, language) in [
        ("Abonnieren", Some("de")),
        ("Bitte abmelden!", Some("de")),
        ("S'ABONNER", Some("fr")),
        ("désinscription", Some("fr")),
        ("Suscripción", Some("es")),
        ("baja", Some("es")),
        ("subscribe", None),
        ("follow Hilfe", None),
        ("", None),
    ] {
        assert_eq!(language_of(line), language, "{line}");
    }
}
