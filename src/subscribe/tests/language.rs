use super::*;

#[tokio::test]
async fn answers_speak_the_language_of_the_reader() {
    let world = World::new("").await;
    let language = |message: &str| header(message, "Content-Language");
    // Written in German, so asked in German; the choice waits with the request and holds from the welcome on.
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "Abonnieren", "")
            .await,
        "confirm"
    );
    let (_, message) = world.last().await;
    assert_eq!(language(&message), "de");
    assert!(message.contains("Noch ein Schritt"), "{message}");
    let reply_to = header(&message, "Reply-To");
    assert_eq!(
        world.mail("anna@example.net", &reply_to, "AW: Bitte", "").await,
        "welcome"
    );
    let (_, message) = world.last().await;
    assert_eq!(language(&message), "de");
    assert!(message.contains("Willkommen bei Daily business"), "{message}");
    let settings = header(&message, "Reply-To");
    // Chosen: from this answer on.
    assert_eq!(
        world.mail("anna@example.net", &settings, "", "language fr").await,
        "changed"
    );
    let (_, message) = world.last().await;
    assert_eq!(language(&message), "fr");
    assert!(message.contains("Fait:"), "{message}");
    assert_eq!(
        world.mail("anna@example.net", &settings, "", "language nl").await,
        "changed"
    );
    let (_, message) = world.last().await;
    assert_eq!(language(&message), "fr", "no words for it: nothing changes");
    assert!(message.contains("en, de, fr, es"), "{message}");
    // In English where nothing says otherwise.
    assert_eq!(
        world.mail("ben@example.net", "news@example.org", "subscribe", "").await,
        "confirm"
    );
    assert_eq!(language(&world.last().await.1), "en");
}
