//! Golden digests: a day of entries in `tests/golden/<case>/entries.tsv`, the mails made of it beside, compared byte for
//! byte. `UPDATE_GOLDEN=1 cargo test golden` rewrites them; read the difference before committing it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use courant::config::{DigestSettings, LatePolicy};
use courant::digest::compose::{Material, compose};
use courant::digest::layout::{Plan, Reader};
use courant::language::Languages;
use courant::mail::message::{ListHeaders, MessageSpec, build};
use courant::mail::render::text::{COLUMNS, columns, quoted_printable_len};
use courant::mail::render::{RenderSettings, Templates, render_digest};
use courant::model::{
    Choices, CompanyVolume, Coverage, DeliveryKind, Edition, Entry, EntryId, FeedId, Layout, Length, Mention,
    MentionPlace, Rendered, Slot, StoryId, ThemeTag,
};
use courant::store::digests::{Candidate, CandidateEntry, NearStory};
use courant::time::{Schedule, Timestamp, Zone, parse_local};

const THEMES: &[(&str, &str, bool)] = &[
    ("ai", "Artificial intelligence", false),
    ("autos-ev", "Cars", false),
    ("chips", "Chips", false),
    ("credit-distress", "Credit and distress", true),
    ("crypto", "Crypto", false),
    ("cybersecurity", "Cybersecurity", false),
    ("earnings", "Earnings", true),
    ("legal", "Legal", true),
    ("m-and-a", "Mergers and acquisitions", true),
    ("macro", "Economy", false),
    ("markets", "Markets", false),
    ("metals-materials", "Metals and materials", false),
    ("operations", "Operations", true),
    ("partnership", "Partnerships", true),
    ("product", "Products", true),
    ("regulation", "Regulation", true),
    ("stock-move", "Stock moves", true),
    ("trade-geopolitics", "Trade and geopolitics", false),
    ("workforce", "Workforce", true),
];

/// Stories that came near another without being the same.
const NEAR: &[(i64, i64)] = &[(10, 4), (11, 18)];

fn zone() -> Zone {
    "Europe/Berlin".parse().unwrap()
}

fn spec() -> DigestSettings {
    DigestSettings {
        key: "daily".into(),
        title: "The Morning Courant".into(),
        schedule: Schedule::parse("0 7 * * *").unwrap(),
        zone: zone(),
        catch_up: Duration::from_hours(6),
        late: LatePolicy::Send,
        companies: Vec::new(),
        themes: Vec::new(),
        feeds: Vec::new(),
        stories_max: 24,
        top_max: 5,
        related_max: 4,
        noted_max: 10,
        per_source_max: 6,
        per_company_max: 5,
        per_theme_max: 6,
        score_min: 0.28,
        weights: BTreeMap::new(),
        send_empty: false,
        subject: None,
        language: "en".into(),
        open: true,
    }
}

fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case)
}

/// Reads the entries of a case; the columns are named in its first line.
fn candidates(case: &str) -> Vec<Candidate> {
    let text = std::fs::read_to_string(folder(case).join("entries.tsv")).unwrap();
    let mut stories: BTreeMap<i64, Candidate> = BTreeMap::new();
    for (row, line) in text.lines().skip(1).enumerate() {
        let f: Vec<&str> = line.split('\t').collect();
        let id = i64::try_from(row).unwrap() + 1;
        let at = parse_local(&format!("{}Z", f[1]), Zone::UTC).unwrap().1;
        let entry = Entry {
            id: EntryId::new(id),
            feed_id: FeedId::new(1),
            feed_key: f[2].to_lowercase(),
            url: format!(
                "https://{}.example/{}",
                f[2].to_lowercase().replace(' ', "-"),
                slug(f[5])
            ),
            title: f[5].into(),
            summary: f[6].into(),
            author: String::new(),
            language: "en".into(),
            source: f[2].into(),
            owner: f[3].into(),
            weight: f[4].parse().unwrap(),
            press_release: false,
            published_at: Some(at),
            first_seen_at: at.plus(Duration::from_mins(2)),
            dated_at: at,
            revision: 0,
            history: false,
        };
        let item = CandidateEntry {
            entry,
            reason: json_word(f[10]),
            like: None,
            marks: f[9].split(',').filter(|m| !m.is_empty()).map(json_word).collect(),
            mentions: f[7].split(';').filter(|m| !m.is_empty()).map(mention).collect(),
            themes: f[8].split(',').filter(|t| !t.is_empty()).map(theme).collect(),
        };
        let story = f[0].parse().unwrap();
        let fresh = || Candidate {
            id: StoryId::new(story),
            lead: EntryId::new(id),
            entries: Vec::new(),
            near: Vec::new(),
        };
        stories.entry(story).or_insert_with(fresh).entries.push(item);
    }
    for (story, other) in NEAR {
        let first_at = stories[other].entries[0].entry.dated_at;
        let near = NearStory {
            id: StoryId::new(*other),
            closeness: 0.4,
            first_at,
        };
        stories.get_mut(story).unwrap().near.push(near);
    }
    stories.into_values().collect()
}

fn json_word<T: serde::de::DeserializeOwned>(word: &str) -> T {
    serde_json::from_value(serde_json::Value::String(word.into())).unwrap()
}

fn slug(title: &str) -> String {
    let words = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// `nvidia=Nvidia=NVDA=about`
fn mention(text: &str) -> Mention {
    let f: Vec<&str> = text.split('=').collect();
    Mention {
        company: f[0].into(),
        name: f[1].into(),
        ticker: f[2].into(),
        surface: f[1].into(),
        place: MentionPlace::Title,
        score: 0.9,
        about: f[3] == "about",
        unlisted: f[2].is_empty(),
        reason: String::new(),
    }
}

fn theme(slug: &str) -> ThemeTag {
    ThemeTag {
        theme: slug.into(),
        score: 1.0,
        reason: String::new(),
    }
}

fn edition(case: &str, mut stories: Vec<Candidate>) -> Edition {
    let (_, due) = parse_local("2023-03-22T07:00", zone()).unwrap();
    let from = due.minus(Duration::from_hours(24));
    // A day's edition has only stories that moved in its window.
    stories.retain(|story| story.entries.iter().any(|item| item.entry.first_seen_at > from));
    let volume = |slug: &str, name: &str, ticker: &str, days: [u32; 14], ratio| CompanyVolume {
        slug: slug.into(),
        name: name.into(),
        ticker: ticker.into(),
        days: days.to_vec(),
        ratio,
    };
    compose(Material {
        slot: Slot {
            digest: case.into(),
            schedule: String::new(),
            key: "2023-03-22T07:00[Europe/Berlin]".into(),
            due_at: due,
        },
        title: "The Morning Courant".into(),
        zone: "Europe/Berlin".into(),
        window_from: from,
        window_to: due,
        candidates: stories,
        themes: THEMES
            .iter()
            .map(|(slug, name, event)| ((*slug).into(), ((*name).into(), *event)))
            .collect(),
        weights: BTreeMap::new(),
        volumes: vec![
            volume(
                "alphabet",
                "Google",
                "GOOGL",
                [3, 2, 4, 3, 1, 2, 3, 4, 2, 3, 3, 2, 3, 6],
                Some(2.0),
            ),
            volume(
                "first-republic",
                "First Republic",
                "FRC",
                [0, 0, 0, 0, 0, 0, 2, 5, 6, 4, 6, 3, 7, 5],
                Some(5.0),
            ),
            volume(
                "nike",
                "Nike",
                "NKE",
                [1, 0, 1, 1, 2, 0, 1, 1, 0, 1, 1, 2, 1, 5],
                Some(5.0),
            ),
            volume(
                "nvidia",
                "Nvidia",
                "NVDA",
                [2, 1, 1, 2, 1, 1, 0, 2, 2, 1, 1, 2, 1, 4],
                Some(4.0),
            ),
        ],
        coverage: Coverage {
            n_feeds: 12,
            n_articles: 38,
            unreadable: vec![(
                "Valley Gazette".into(),
                due.minus(Duration::from_hours(72)),
                "blocked".into(),
            )],
        },
    })
}

fn lay_out(edition: &Edition, choices: &Choices, had: &[i64], size_max: usize) -> (Layout, Rendered) {
    let (spec, templates) = (spec(), Templates::builtin());
    let settings = RenderSettings {
        zone: zone(),
        language: Languages::builtin().of(choices.language.as_deref().unwrap_or("en")),
        web: true,
        archive: Some("https://news.courant.example/archive/daily".into()),
        edition: Some("https://news.courant.example/edition/41".into()),
        list_address: "news@courant.example".into(),
        contact: "The Courant Society, 1 Press Lane, Sometown".into(),
        subject: None,
        compact: choices.length == Length::Short,
    };
    let mut names: BTreeMap<String, String> = THEMES.iter().map(|(s, n, _)| ((*s).into(), (*n).into())).collect();
    names.extend([("tesla".into(), "Tesla".into()), ("nvidia".into(), "Nvidia".into())]);
    names.extend(
        edition
            .stories
            .iter()
            .flat_map(|s| &s.story.companies)
            .map(|c| (c.slug.clone(), c.name.clone())),
    );
    let had: BTreeMap<StoryId, Timestamp> = had.iter().map(|id| (StoryId::new(*id), edition.window_from)).collect();
    let reader = Reader {
        choices,
        had: &had,
        since: edition.window_from,
    };
    let plan = Plan {
        edition,
        reader,
        spec: &spec,
        names: &names,
        words: settings.language.digest(),
    };
    let render = |layout: &Layout| render_digest(&templates, edition, layout, &settings);
    let layout = plan
        .fit(size_max, |layout| {
            Ok::<_, ()>(quoted_printable_len(&render(layout).unwrap().html))
        })
        .unwrap();
    let mail = render(&layout).unwrap();
    (layout, mail)
}

#[track_caller]
fn same(path: &Path, got: &[u8]) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, got).unwrap();
        return;
    }
    let expected = std::fs::read(path).unwrap_or_default();
    assert!(
        expected == got,
        "{} differs; look with UPDATE_GOLDEN=1 and git diff\n{}",
        path.display(),
        String::from_utf8_lossy(got)
    );
}

#[track_caller]
fn golden(name: &str, choices: &Choices, had: &[i64]) -> (Layout, Rendered) {
    let edition = edition("daily", candidates("daily"));
    let (layout, mail) = lay_out(&edition, choices, had, 90 * 1024);
    let folder = folder("daily");
    same(&folder.join(format!("{name}.txt")), mail.text.as_bytes());
    same(&folder.join(format!("{name}.html")), mail.html.as_bytes());
    same(&folder.join(format!("{name}.eml")), &message(&mail));
    rules(&mail);
    (layout, mail)
}

fn message(mail: &Rendered) -> Vec<u8> {
    let spec = MessageSpec {
        kind: DeliveryKind::Digest,
        from_name: "The Morning Courant".into(),
        from: "digest@courant.example".into(),
        to: "anna@reader.example".into(),
        reply_to: None,
        message_id: "d.20230322.1.0123456789abcdef@courant.example".into(),
        date: Timestamp::from_unix(1_679_464_800),
        in_reply_to: None,
        references: Vec::new(),
        list: Some(ListHeaders {
            name: "The Morning Courant".into(),
            id: "daily.courant.example".into(),
            unsubscribe_url: Some("https://courant.example/u/token".into()),
            unsubscribe_mail: Some("news+leave-token@courant.example?subject=unsubscribe".into()),
            ..ListHeaders::default()
        }),
        feedback_id: None,
        language: "en".into(),
    };
    build(&spec, mail).unwrap()
}

/// What holds for every digest.
#[track_caller]
fn rules(mail: &Rendered) {
    let links = |text: &str, end: &[char]| -> BTreeSet<String> {
        let found = text.split("https://").skip(1);
        found.map(|rest| rest.split(end).next().unwrap().to_owned()).collect()
    };
    let (text, html) = (links(&mail.text, &[' ', '\n']), links(&mail.html, &['"', ' ', '<']));
    assert_eq!(text, html, "both parts carry the same links");
    for word in [" src=", "url(", "<script", "<form", "<img", "@import", "<link"] {
        assert!(!mail.html.contains(word), "{word}");
    }
    assert_eq!(mail.html.matches("<h1").count(), 1);
    let levels: Vec<char> = mail
        .html
        .match_indices("<h")
        .filter_map(|(at, _)| mail.html[at + 2..].chars().next())
        .collect();
    let levels: Vec<u32> = levels.into_iter().filter_map(|c| c.to_digit(10)).collect();
    assert!(
        levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
        "no heading level is skipped: {levels:?}"
    );
    assert!(quoted_printable_len(&mail.html) <= 90 * 1024);
    assert!(
        mail.text
            .lines()
            .all(|line| columns(line) <= COLUMNS || line.contains("https://")),
        "{}",
        mail.text
    );
    assert!(mail.subject.chars().count() <= 78, "{}", mail.subject);
    for place in ["@@LEAVE_URL@@", "@@SETTINGS_URL@@", "@@ADDRESS@@", "@@CONFIRMED_ON@@"] {
        assert!(mail.text.contains(place) && mail.html.contains(place), "{place}");
    }
}

#[test]
fn a_reader_of_everything() {
    let (layout, mail) = golden("everything", &Choices::default(), &[8]);
    assert_eq!(
        mail.subject,
        "Wed 22 Mar: First Republic shares rebound as Yellen… + 15 more"
    );
    assert!(layout.sections.iter().any(|section| !section.refs.is_empty()));
}

#[test]
fn a_reader_who_follows_two_companies_and_a_theme() {
    let choices = Choices {
        companies: vec!["nike".into(), "nvidia".into(), "tesla".into()],
        themes: vec!["cybersecurity".into()],
        ..Choices::default()
    };
    let (layout, _) = golden("follows", &choices, &[]);
    assert_eq!(layout.quiet, ["Tesla"]);
}

#[test]
fn a_short_mail_in_german() {
    let choices = Choices {
        length: Length::Short,
        language: Some("de".into()),
        ..Choices::default()
    };
    golden("short_de", &choices, &[8]);
}

#[test]
fn a_mail_that_must_be_small_keeps_its_way_out() {
    let edition = edition("daily", candidates("daily"));
    for size_max in [30_000, 20_000, 12_000, 9_000, 1_000] {
        let (_, mail) = lay_out(&edition, &Choices::default(), &[], size_max);
        assert!(mail.html.contains("@@LEAVE_URL@@") && mail.html.trim_end().ends_with("</html>"));
        assert!(
            size_max < 9_000 || quoted_printable_len(&mail.html) <= size_max,
            "{size_max}"
        );
    }
}
