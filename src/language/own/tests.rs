use super::*;

/// What is wrong with a file of one language, a line each.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = read("it", text);
    let faults: Vec<String> = found
        .faults
        .iter()
        .map(|fault| format!("{}: {}; {}", fault.key, fault.message, fault.remedy))
        .collect();
    assert_eq!(faults, expected, "{text}");
    assert_eq!(found.language.is_none(), !expected.is_empty());
}

#[test]
fn each_mistake_is_named_with_its_string() {
    check("", &[]);
    check("[service]\nmuted = \"{name} è silenziato\"", &[]);
    check(
        "[service]\nmuted = \"{nome} è silenziato\"",
        &["[service] muted: `{nome}` is filled with nothing here; its places: `{name}`"],
    );
    check(
        "[service]\nmuted = \"silenziato\"",
        &["[service] muted: leaves out `{name}`; its places: `{name}`"],
    );
    check(
        "[service]\nmuted = \"{name silenziato\"",
        &["[service] muted: `{name silenziato}` is filled with nothing here; its places: `{name}`"],
    );
    check(
        "[service]\nmutd = \"{name}\"",
        &["[service] mutd: there is no such string; did you mean `muted`?"],
    );
    check(
        "[sevice]\n",
        &["sevice: there is no such string; did you mean `service`?"],
    );
    check(
        "[service]\nand = 3",
        &["[service] and: is no string; in English: \" and \""],
    );
    check(
        "[service]\nand = \"\"",
        &["[service] and: is empty; leave it out to have it said in English"],
    );
    check(
        "[service]\nunsubscribe = \"a@@b\"",
        &["[service] unsubscribe: has control characters, `@@`, or more than 1000 characters; write it on one line"],
    );
    check(
        "[digest]\nweekdays = [\"lunedì\"]",
        &[
            "[digest] weekdays: is no list of 7 strings; in English: [\"Monday\", \"Tuesday\", \"Wednesday\", \"Thursday\", \
           \"Friday\", \"Saturday\", \"Sunday\"]",
        ],
    );
    check(
        "service = 3",
        &["service: is no table; write `[service]` on a line of its own"],
    );
    check(
        "[digest.marks]\nopinion = [\"a\"]",
        &["[digest.marks] opinion: is no string; in English: \"Opinion\""],
    );
    let broken = read("it", "[service\n");
    assert!(
        broken.language.is_none() && broken.faults[0].message.starts_with("not TOML"),
        "{broken:?}"
    );
}

#[test]
fn one_may_be_a_word_and_many_may_not() {
    check("[digest]\narticles = [\"un articolo\", \"{n} articoli\"]", &[]);
    check("[digest]\narticles = [\"{n} articolo\", \"{n} articoli\"]", &[]);
    check(
        "[digest]\narticles = [\"un articolo\", \"articoli\"]",
        &["[digest] articles: leaves out `{n}`; its places: `{n}`"],
    );
    check(
        "[digest]\nsubject_more = [\"e un altro\", \"{lead} + {n}\"]",
        &["[digest] subject_more: leaves out `{lead}`; its places: `{lead}`"],
    );
}

#[test]
fn what_is_left_out_is_english_and_named() {
    let found = read(
        "it",
        "name = \"italiano\"\n[service]\nmuted = \"{name} è silenziato\"\n[digest]\nand = \"e\"",
    );
    let language = found.language.unwrap();
    assert_eq!((language.code(), language.name()), ("it", "italiano"));
    assert_eq!(language.say("muted", &[("name", "AMD")]), "AMD è silenziato");
    assert_eq!(language.say("not_muted", &[("name", "AMD")]), "AMD is no longer muted");
    assert_eq!(language.digest().and, "e");
    assert!(
        found.missing.contains(&"[service] not_muted".to_owned()),
        "{:?}",
        found.missing
    );
    assert!(
        found.missing.contains(&"all of [digest.marks]".to_owned()),
        "{:?}",
        found.missing
    );
    assert!(
        !found
            .missing
            .iter()
            .any(|key| key == "[service] muted" || key == "name")
    );
    let nameless = read("it", "");
    assert_eq!(nameless.language.unwrap().name(), "it");
    assert!(nameless.missing.contains(&"name".to_owned()));
}

#[test]
fn a_word_of_a_built_in_language_can_be_another() {
    let found = read("de", "[service]\nunsubscribe = \"Austragen\"");
    assert_eq!(found.missing, Vec::<String>::new());
    let language = found.language.unwrap();
    assert_eq!(language.say("unsubscribe", &[]), "Austragen");
    assert_eq!(language.say("resumed", &[]), "es kommt wieder Mail");
    assert_eq!(language.name(), "Deutsch");
}

#[test]
fn the_built_in_files_pass() {
    for code in super::super::builtin_codes() {
        let found = read("xx", builtin_text(code).unwrap());
        assert_eq!((found.faults, found.missing), (Vec::new(), Vec::new()), "{code}");
    }
}
