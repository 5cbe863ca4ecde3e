use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn known() -> KnownSlugs {
    let set = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    KnownSlugs {
        companies: set(&["apple", "nvidia"]),
        themes: set(&["m-and-a", "chips"]),
        score_parts: set(&["coverage", "freshness"]),
    }
}

fn read(text: &str) -> Result<Config, Problems> {
    let main = File::new("config.toml".to_owned(), "/etc/courant".into(), text.to_owned());
    assemble(main, &known(), &Surroundings::none()).map(|read| read.config)
}

/// The text has exactly these problems, as they are printed.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = read(text).map_or_else(|problems| problems.0, |_| Vec::new());
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}

const MINIMAL: &str = r#"
[[feed]]
name = "BBC Business"
url = "https://feeds.bbci.co.uk/news/business/rss.xml"

[[digest]]
key = "daily"
schedule = "0 7 * * *"
zone = "Europe/Berlin"

[mail]
list_address = "news@example.org"
"#;

#[test]
fn a_minimal_file_is_enough() {
    let config = read(MINIMAL).unwrap();
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.feeds[0].key, "bbc-business");
    assert_eq!(config.poll.interval, Duration::from_hours(1));
    assert_eq!(config.digests[0].title, "Daily");
    assert_eq!(config.mail.from, "news@example.org");
    assert_eq!(
        config.mail.transport,
        Transport::Folder("/etc/courant/data/mail".into())
    );
    assert!(config.web.is_none());
}

#[test]
fn an_empty_file_works_with_warnings() {
    let config = read("").unwrap();
    assert_eq!(config.digests[0].key, "daily");
    assert_eq!(config.warnings.len(), 3, "{:#?}", config.warnings);
}

#[test]
fn ten_mistakes_are_ten_located_messages() {
    let text = r#"[poll]
intervall = "1h"
timeout = "fast"
concurrency = 0

[[feed]]
name = "One"
url = "htps://example.org/rss"

[[feed]]
key = "two"
url = "https://example.org/two"
weight = "heavy"

[[theme]]
slug = "mergers"
name = "Mergers"
phrases = ["takes over"]

[[digest]]
key = "daily"
schedule = "0 25 * * *"
zone = "Europe/Berln"
themes = ["mergres", "chips"]
feeds = ["tow"]

[mail]
transport = "smpt"
"#;
    check(
        text,
        &[
            "config.toml:2: [poll]: unknown option `intervall`\n  did you mean `interval`?",
            "config.toml:3: [poll]: `timeout`: `\"fast\"` is no duration\n  write a number and a unit (s, m, h, d, w): `timeout = \"30m\"`",
            "config.toml:4: [poll]: `concurrency`: `0` is no whole number from 1 to 512\n  the default is `concurrency = 16`",
            "config.toml:8: feed `one`: `url`: `htps` addresses are not supported\n  use `http`, `https`",
            "config.toml:13: feed `two`: `weight`: `\"heavy\"` is no number from 0.0 to 3.0\n  the default is `weight = 1.0`",
            "config.toml:22: digest `daily`: `schedule`: `0 25 * * *`: `25` in the hour field is not between 0 and 23\n  `0 7 * * *` is every day at 07:00, `0 8 * * Mon-Fri` on weekdays at 08:00",
            "config.toml:23: digest `daily`: `zone`: unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?",
            "config.toml:24: digest `daily`: unknown theme `mergres` in `themes`\n  did you mean `mergers`? (defined at line 15)",
            "config.toml:25: digest `daily`: unknown feed or group `tow` in `feeds`\n  did you mean `two`? (defined at line 10)",
            "config.toml:28: [mail]: `transport`: `\"smpt\"` is no choice for `transport`\n  did you mean `smtp`?",
        ],
    );
}

#[test]
fn broken_toml_is_located_and_the_rest_is_still_checked() {
    let problems = read("[poll]\ninterval = \ntimeout = \"fast\"\n[web\n").unwrap_err().0;
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4], "{}", Problems(problems));
    let twice = read("[poll]\ninterval = \"1h\"\ninterval = \"2h\"\n").unwrap_err();
    assert_eq!(twice.0[0].line, 3, "{twice}");
}

#[test]
fn what_cannot_be_sent_is_refused() {
    check(
        "[mail]\ntransport = \"smtp\"\n",
        &[
            "config.toml:1: [mail]: has no `list_address`\n  add a line `list_address = \"news@your.domain\"`: the address people write to",
            "config.toml:1: [mail.smtp]: has no `host`\n  add `host = \"smtp.example.org\"` below `[mail.smtp]`, or set `transport = \"folder\"`",
            "config.toml:1: [mail]: has no `contact`, which mail to others must carry\n  add a line `contact = \"...\"`: who runs this, with a postal or other contact line; it stands in every footer",
        ],
    );
    let smtp = |more: &str| format!("[mail]\nlist_address = \"n@example.org\"\ncontact = \"Ada\"\n[mail.smtp]\n{more}");
    check(
        &smtp("host = \"mx.example.org\"\ntls = \"none\"\n"),
        &[
            "config.toml:5: [mail.smtp]: `tls = \"none\"` to mx.example.org, which is not this machine\n  take `implicit` (port 465) or `starttls` (port 587)",
        ],
    );
    let config = read(&smtp("host = \"127.0.0.1\"\ntls = \"none\"\nport = 2525\n")).unwrap();
    assert!(matches!(
        config.mail.transport,
        Transport::Smtp(SmtpSettings {
            port: 2525,
            tls: SmtpTls::None,
            ..
        })
    ));
}

#[test]
fn a_bound_that_could_not_be_kept_is_refused() {
    check(
        "[poll]\nentries_max = 2000\n",
        &[
            "config.toml:2: [poll]: `entries_max`: `2000` is no whole number from 1 to 1000\n  the default is `entries_max = 1000`",
        ],
    );
}

#[test]
fn keys_are_unique_and_feeds_are_polled_once() {
    check(
        "[[feed]]\nkey = \"a\"\nurl = \"https://example.org/1\"\n[[feed]]\nkey = \"a\"\nurl = \"https://example.org/2\"\n\
         [[feed]]\nkey = \"b\"\nurl = \"https://example.org/1\"\n[[feed]]\nname = \"No address\"\n",
        &[
            "config.toml:5: feed `a`: `key`: `a` is taken already\n  the first is at line 1; give this one another `key`",
            "config.toml:7: feed `b`: `url`: https://example.org/1 is polled already\n  the first is at line 1; remove one",
            "config.toml:10: feed `no-address`: has no `url`\n  add a line `url = \"https://...\"`",
        ],
    );
}

#[test]
fn secrets_come_from_files_and_never_show() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("password", "open sesame\n");
    put("headers", "X-Key: abc\nCookie: a=b\n");
    put("empty", "\n");
    let config = |text: &str| Config::from_toml_str(text, folder.path());
    let feed = "[[feed]]\nkey = \"f\"\nurl = \"https://example.org/\"\n";
    let read = config(&format!(
        "{feed}username = \"ada\"\npassword_file = \"password\"\nheaders_file = \"headers\"\n"
    ))
    .unwrap();
    let names: Vec<&str> = read.feeds[0].headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-key", "cookie", "authorization"]);
    assert_eq!(read.feeds[0].headers[2].1, "Basic YWRhOm9wZW4gc2VzYW1l");
    for (line, message) in [
        ("bearer_file = \"nowhere\"", "cannot be read"),
        ("bearer_file = \"empty\"", "is empty"),
        ("bearer_env = \"NOT_SET\"", "`NOT_SET` is not set"),
        ("bearer_credential = \"token\"", "systemd gave no credentials"),
        ("bearer = \"x\"\nbearer_file = \"password\"", "both set"),
        ("headers = { host = \"x\" }", "set by Courant itself"),
        ("headers = { \"x y\" = \"x\" }", "no header that can be sent"),
        ("password = 12345", "its value is no string"),
        ("cookie = \"a=b\\nX: y\"", "more than one line"),
    ] {
        let problems = config(&format!("{feed}{line}\n")).unwrap_err().to_string();
        assert!(problems.contains(message), "{problems}");
        assert!(
            !problems.contains("12345") && !problems.contains("sesame"),
            "{problems}"
        );
    }
}

#[cfg(unix)]
#[test]
fn secrets_others_can_read_are_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, format!("{MINIMAL}token_key = \"0123456789abcdef\"\n")).unwrap();
    for (mode, n_warnings) in [(0o644, 1), (0o600, 0)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let config = load(&path, &KnownSlugs::default()).unwrap();
        assert_eq!(config.warnings.len(), n_warnings, "{:?}", config.warnings);
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }
}

#[test]
fn included_files_are_joined_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("feeds.d")).unwrap();
    put("config.toml", &format!("include = [\"feeds.d/*.toml\"]\n{MINIMAL}"));
    put(
        "feeds.d/b.toml",
        "[[feed]]\nkey = \"b\"\nurl = \"https://example.org/b\"\n",
    );
    put(
        "feeds.d/a.toml",
        "[[feed]]\nkey = \"a\"\nurl = \"https://example.org/a\"\n",
    );
    let path = folder.path().join("config.toml");
    let config = load(&path, &KnownSlugs::default()).unwrap();
    let keys: Vec<&str> = config.feeds.iter().map(|feed| feed.key.as_str()).collect();
    assert_eq!(keys, ["bbc-business", "a", "b"]);

    put(
        "feeds.d/b.toml",
        "include = [\"x\"]\n[[feed]]\nkey = \"b\"\nurl = \"b\"\n[mail]\n",
    );
    let problems = load(&path, &KnownSlugs::default()).unwrap_err();
    let lines: Vec<usize> = problems.0.iter().map(|problem| problem.line).collect();
    assert!(
        problems
            .0
            .iter()
            .all(|problem| problem.file.ends_with("feeds.d/b.toml")),
        "{problems}"
    );
    assert_eq!(lines, [1, 4, 5], "{problems}");

    put("config.toml", "include = [\"nothing.toml\"]\n");
    assert!(
        load(&path, &KnownSlugs::default())
            .unwrap_err()
            .to_string()
            .contains("there is no file `nothing.toml`")
    );
    let missing = load(&folder.path().join("none.toml"), &KnownSlugs::default()).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
}

#[test]
fn groups_give_what_their_feeds_leave_open() {
    let config = read(
        "[[group]]\nkey = \"wires\"\ninterval = \"15m\"\nweight = 1.5\n\
         [[feed]]\nkey = \"a\"\ngroup = \"wires\"\nurl = \"https://example.org/a\"\n\
         [[feed]]\nkey = \"b\"\ngroup = \"wires\"\nweight = 0.5\nurl = \"https://example.org/b\"\n",
    )
    .unwrap();
    let shown: Vec<_> = config
        .feeds
        .iter()
        .map(|feed| (feed.weight, feed.interval.map(|span| span.as_secs())))
        .collect();
    assert_eq!(shown, [(1.5, Some(900)), (0.5, Some(900))]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_mixture_of_toml_is_read_or_refused(parts in prop::collection::vec(prop::sample::select(vec![
        "[poll]\n", "[[feed]]\n", "[mail]\n", "[mail.smtp]\n", "[[digest]]\n", "[[theme]]\n", "[[company]]\n", "[[group]]\n",
        "key = ", "url = ", "interval = ", "themes = ", "headers = ", "weights = ", "phrases = ", "schedule = ", "zone = ",
        "include = ", "slug = ", "weight = ", "\"daily\"\n", "[\"a\", 1]\n", "{ a = 1 }\n", "-9223372036854775808\n", "1e400\n",
        "nan\n", "0x_\n", "true\n", "\"\u{202e}\"\n", "'''\n", "\"\\u0000\"\n", "[\n", "]\n", "2026-01-01\n", ".", "\n", "\"*/1 * * * *\"\n",
    ]), 0..30)) {
        let _ = read(&parts.concat());
    }
}

/// Reads a configuration whose folder has these language files.
fn with_languages(files: &[(&str, &str)]) -> (Result<Config, Problems>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("words")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join("words").join(name), text).unwrap();
    }
    let text = format!("{MINIMAL}languages = \"words\"\n");
    let main = File::new("config.toml".to_owned(), folder.path().to_path_buf(), text);
    let read = assemble(main, &known(), &Surroundings::none()).map(|read| read.config);
    (read, folder)
}

#[test]
fn an_own_language_joins_the_others() {
    let (read, _folder) = with_languages(&[
        (
            "it.toml",
            "name = \"italiano\"\n[service]\nresumed = \"la posta riprende\"\n",
        ),
        ("de.toml", "[service]\nunsubscribe = \"Austragen\"\n"),
        ("notes.txt", "none of ours"),
    ]);
    let config = read.unwrap();
    assert_eq!(config.mail.languages.of("it").say("resumed", &[]), "la posta riprende");
    assert_eq!(config.mail.languages.of("de").say("unsubscribe", &[]), "Austragen");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    let warning = &config.warnings[0];
    for words in [
        "it.toml: leaves out",
        "all of [digest]",
        "[service] and",
        "more",
        "courant language en",
    ] {
        assert!(warning.contains(words), "{words}: {warning}");
    }
}

#[test]
fn what_is_wrong_in_a_language_is_told_with_its_file_and_line() {
    let (read, folder) = with_languages(&[
        ("it.toml", "name = \"italiano\"\n[service]\nmuted = \"{nome} è muto\"\n"),
        ("klingon.toml", ""),
    ]);
    let found: Vec<String> = read.unwrap_err().0.iter().map(ToString::to_string).collect();
    let words = folder.path().join("words");
    assert_eq!(
        found,
        [
            format!(
                "{}:3: [service] muted: `{{nome}}` is filled with nothing here\n  its places: `{{name}}`",
                words.join("it.toml").display()
            ),
            format!(
                "{}: `klingon` is no code of a language\n  name the file for the language, as `it.toml`, `nl.toml`",
                words.join("klingon.toml").display()
            ),
        ]
    );
}

#[test]
fn languages_that_are_not_there_are_told() {
    check(
        &format!("{MINIMAL}languages = \"nowhere\"\n"),
        &[
            "config.toml:13: [mail]: `languages`: the folder /etc/courant/nowhere cannot be read: No such file or directory \
           (os error 2)\n  make it, or remove the line",
        ],
    );
    let config = read(&MINIMAL.replace("key = \"daily\"", "key = \"daily\"\nlanguage = \"nl\"")).unwrap();
    assert!(config.warnings[0].contains("no words in `nl`"), "{:?}", config.warnings);
    let (read, _folder) = with_languages(&[]);
    assert!(read.unwrap().warnings[0].contains("no file `*.toml`"));
}
