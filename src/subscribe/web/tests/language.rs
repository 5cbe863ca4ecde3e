use super::*;
use crate::language::Languages;

impl World {
    /// A page as a browser that likes this language gets it.
    async fn get_in(&self, path: &str, accepts: &str) -> Answer {
        let header = format!("Accept-Language: {accepts}\r\n");
        self.send_with("GET", path, &header, "").await
    }

    #[track_caller]
    fn speaks(answer: &Answer, code: &str, key: &str) {
        let words = Languages::builtin().of(code);
        let page = &answer.body;
        assert!(page.contains(&format!("<html lang=\"{code}\">")), "{code}: {page}");
        for key in [key, "footer"] {
            let text = words.page().say(key, &[]);
            assert!(page.contains(&text.replace('\'', "&#39;")), "{text}: {page}");
        }
    }
}

#[tokio::test]
async fn pages_are_in_the_language_a_browser_asks_for() {
    let world = World::new().await;
    for code in Languages::builtin().codes() {
        for (path, key) in [
            ("/", "lead"),
            ("/settings", "lost_intro"),
            ("/archive/daily", "no_edition"),
            ("/nothing", "missing"),
            ("/confirm/nothing", "bad_link_else"),
        ] {
            World::speaks(&world.get_in(path, &format!("nl, {code}-XX;q=0.5")).await, code, key);
        }
        let header = format!("Accept-Language: {code}\r\n");
        let answer = world.send_with("POST", "/settings", &header, "address=x").await;
        World::speaks(&answer, code, "bad_address");
    }
    World::speaks(&world.get("/").await, "en", "lead");
    World::speaks(&world.get_in("/", "nl").await, "en", "lead");
    World::speaks(&world.get_in("/", &"x".repeat(5_000)).await, "en", "lead");
}

#[tokio::test]
async fn a_reader_is_answered_in_their_own_language() {
    let world = World::new().await;
    let header = "Accept-Language: fr\r\n";
    let asked = world
        .send_with("POST", "/subscribe", header, "address=anna%40example.net&digest=daily")
        .await;
    World::speaks(&asked, "fr", "asked");
    let mail = world.last().await;
    assert!(mail.contains("Content-Language: fr"), "{mail}");
    let at = mail.find("+confirm-").unwrap() + "+confirm-".len();
    let confirm = format!("/confirm/{}", &mail[at..at + 32]);
    // The browser that opens the mail's links may like another one: what was chosen counts.
    World::speaks(&world.get_in(&confirm, "es").await, "fr", "confirm");
    World::speaks(
        &world.send_with("POST", &confirm, "", "").await,
        "fr",
        "confirmed_links",
    );
    let key = world.ctx.token_key().await.unwrap();
    let id = crate::model::SubscriptionId::new(1);
    let settings = format!("/settings/{}", token::settings_token(&key, id));
    let leave = format!("/leave/{}", token::leave_token(&key, id));
    let page = world.get_in(&settings, "es").await;
    World::speaks(&page, "fr", "companies_help");
    assert!(page.body.contains("du lundi au vendredi"), "{}", page.body);
    World::speaks(&world.get_in(&leave, "es").await, "fr", "leave_less");
    let wrong = world
        .form(&settings, "companies=Qqqq&time=x&zone=Nowhere&pause=x")
        .await;
    for problem in [
        "« Qqqq » n’est pas connu.",
        "« x » n’est pas une heure",
        "« Nowhere »",
        "« x » n’est pas une date",
    ] {
        assert!(wrong.body.contains(problem), "{problem}: {}", wrong.body);
    }
    World::speaks(&world.form(&settings, "language=de").await, "de", "saved");
    World::speaks(&world.form(&settings, "language=").await, "en", "saved");
    World::speaks(&world.get_in(&settings, "es").await, "es", "what");
    World::speaks(
        &world.send_with("POST", &leave, "Accept-Language: es\r\n", "").await,
        "es",
        "left_text",
    );
}

/// What a page says stands in the language files and nowhere else.
#[test]
fn no_template_of_a_page_says_anything_itself() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mail/templates/pages");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "css") {
            continue;
        }
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<", ">")] {
            while let Some(at) = text.find(open) {
                let end = text[at..].find(close).unwrap() + at + close.len();
                text.replace_range(at..end, " ");
            }
        }
        assert!(
            !text.contains(char::is_alphabetic),
            "{}: {}",
            path.display(),
            text.trim()
        );
    }
}
