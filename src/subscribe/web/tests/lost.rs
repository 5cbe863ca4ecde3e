//! The link to the settings asked for again.

use super::*;

const TWO_DIGESTS: &str = "[[digest]]\nkey = \"weekly\"\ntitle = \"The week\"\nschedule = \"0 7 * * 1\"\n\
     [web]\npublic_url = \"https://news.example.org\"\n";

#[tokio::test]
async fn a_lost_link_is_mailed_to_its_reader() {
    let world = World::with(TWO_DIGESTS).await;
    let (_, settings) = world.join().await;
    world.worked().await;
    assert!(world.get("/settings").await.body.contains("action=\"/settings\""));
    assert!(world.get("/").await.body.contains("href=\"/settings\""));
    assert!(world.get("/settings/wrong").await.body.contains("href=\"/settings\""));
    let n = world.n_queued().await;
    let asked = world.form("/settings", "address=Anna%40Example.net").await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    world.worked().await;
    assert_eq!(world.n_queued().await, n + 1);
    let mail = world.last().await;
    assert!(mail.contains("To: anna@example.net"), "{mail}");
    assert!(
        mail.contains(&format!("https://news.example.org/settings/{settings}")),
        "{mail}"
    );
    assert!(!mail.contains("Your other digests"), "{mail}");
    // Who has two digests finds both.
    world.clock.advance(Duration::from_hours(25));
    world
        .form("/subscribe", "address=anna%40example.net&digest=weekly")
        .await;
    let mail = world.last().await;
    let at = mail.find("+confirm-").unwrap() + "+confirm-".len();
    world.form(&format!("/confirm/{}", &mail[at..at + 32]), "").await;
    world.worked().await;
    world.form("/settings", "address=anna%40example.net").await;
    world.worked().await;
    let mail = world.last().await;
    assert!(mail.contains("Your other digests"), "{mail}");
    let key = world.ctx.token_key().await.unwrap();
    for id in [1, 2] {
        let token = token::settings_token(&key, crate::model::SubscriptionId::new(id));
        assert!(mail.contains(&token), "{mail}");
    }
}

#[tokio::test]
async fn asking_for_a_lost_link_tells_nothing() {
    let world = World::new().await;
    world.join().await;
    world.worked().await;
    let n = world.n_queued().await;
    let mut pages = Vec::new();
    for address in ["anna%40example.net", "nobody%40example.com"] {
        // The second mail of a day is one too many, to a reader as to a stranger.
        for expected in [1, 0, 0] {
            let before = world.n_queued().await;
            let answer = world.form("/settings", &format!("address={address}")).await;
            world.worked().await;
            assert_eq!(world.n_queued().await - before, expected, "{address}");
            // Each answer has its time, which says nothing of the reader.
            let head = answer.head.split("\r\n").filter(|line| !line.starts_with("date: "));
            pages.push((answer.status, answer.body, head.collect::<Vec<_>>().join("\r\n")));
        }
    }
    assert_eq!(world.n_queued().await, n + 2, "one mail for each of them");
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(world.form("/settings", "address=nobody").await.status, 422);
    let trapped = world.form("/settings", "address=ben%40example.net&website=x").await;
    assert_eq!(trapped.status, 200);
}

#[tokio::test]
async fn a_lost_link_is_answered_before_it_is_looked_for() {
    let world = World::new().await;
    world.join().await;
    world.worked().await;
    let n = world.n_queued().await;
    let (started, is_started) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let db = world.ctx.db.clone();
    let busy = tokio::spawn(async move {
        db.write(move |_| {
            started.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        })
        .await
    });
    is_started.await.unwrap();
    for address in ["anna%40example.net", "nobody%40example.com"] {
        let answer = world.form("/settings", &format!("address={address}")).await;
        assert_eq!(answer.status, 200, "answered while nothing can be written");
    }
    assert_eq!(world.n_queued().await, n);
    release.send(()).unwrap();
    busy.await.unwrap().unwrap();
    while world.n_queued().await < n + 2 {
        world.worked().await;
    }
}
