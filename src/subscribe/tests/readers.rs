//! A subscription from its start to its end, and what its reader may ask.

use super::*;

#[tokio::test]
async fn a_subscription_by_mail_from_start_to_end() {
    let world = World::new("").await;
    let settings = world.join("Anna@example.net").await;
    assert!(settings.starts_with("news+settings-"), "{settings}");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
    let (to, welcome) = world.last().await;
    assert_eq!(to, "Anna@example.net");
    assert!(welcome.contains("Welcome to Daily business"), "{welcome}");
    assert!(welcome.contains("07:00"), "{welcome}");

    world.later(HOUR);
    assert_eq!(
        world
            .mail(
                "anna@example.net",
                &settings,
                "Re: Daily",
                "mute crypto, cryptto\ntime 7:30\nzone Europe/Paris"
            )
            .await,
        "changed"
    );
    let (_, changed) = world.last().await;
    assert!(
        changed.contains("Crypto is muted") && changed.contains("cryptto"),
        "{changed}"
    );
    let schedule: String = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT schedule FROM subscriptions", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(schedule, "07:30[Europe/Paris] daily");

    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "unsubscribe", "")
            .await,
        "question"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
    let (_, question) = world.last().await;
    let leave = header(&question, "Reply-To");
    assert!(leave.starts_with("news+leave-"), "{leave}");
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", &leave, "Re: Confirm: unsubscribe", "")
            .await,
        "goodbye"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    world.later(HOUR);
    let n = world.n_queued().await;
    assert_eq!(world.mail("anna@example.net", &leave, "", "").await, "silent");
    assert_eq!(world.n_queued().await, n, "asking twice is harmless");
}

#[tokio::test]
async fn a_reader_who_asks_again_gets_their_settings() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "settings"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn an_unproven_change_is_asked_back_in_our_words() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "mute crypto", "short")
            .await,
        "question"
    );
    let (_, question) = world.last().await;
    assert_eq!(header(&question, "Subject"), "Confirm: mute Crypto; short");
    let answer_to = header(&question, "Reply-To");
    world.later(HOUR);
    assert_eq!(
        world
            .mail(
                "anna@example.net",
                &answer_to,
                "Re: Confirm: mute Crypto; short",
                "> quoted"
            )
            .await,
        "changed"
    );
    let choices: String = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT choices FROM subscriptions", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert!(
        choices.contains("\"muted\":[\"crypto\"]") && choices.contains("\"short\""),
        "{choices}"
    );
}

#[tokio::test]
async fn the_own_mta_proves_the_sender() {
    let world = World::new("[inbound]\nauthserv_id = \"mx.example.org\"\n").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    let raw = "Authentication-Results: mx.example.org; dmarc=pass\r\nFrom: anna@example.net\r\nTo: news@example.org\r\nSubject: unsubscribe\r\n\r\n";
    let handled = handle(&world.ctx, &world.templates, raw.as_bytes(), &Envelope::default())
        .await
        .unwrap();
    assert_eq!(handled.name(), "goodbye");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
}

#[tokio::test]
async fn everything_is_erased_on_an_answer_to_our_question() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", "news@example.org", "erase", "").await,
        "question"
    );
    let answer_to = header(&world.last().await.1, "Reply-To");
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", &answer_to, "Re: Confirm: erase", "")
            .await,
        "silent"
    );
    assert_eq!(world.status("anna@example.net").await, None);
    let left: i64 = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT count(*) FROM deliveries", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(left, 0);
    world.later(DAY * 2);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm",
        "who was erased may come back"
    );
}

#[tokio::test]
async fn all_data_comes_as_json() {
    let world = World::new("").await;
    let settings = world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &settings, "export", "").await, "export");
    let (_, message) = world.last().await;
    assert!(
        message.contains("anna@example.net") && message.contains("confirmed"),
        "{message}"
    );
}

#[tokio::test]
async fn every_step_is_in_the_chain() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world
        .ctx
        .db
        .read(|c| {
            let person = subscribers::find(c, "anna@example.net")?.unwrap();
            let id = subscribers::subscriptions(c, person.id)?[0].id;
            let steps = subscribers::consents(c, id)?;
            assert_eq!(
                steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(),
                ["asked", "confirmed"]
            );
            assert!(subscribers::chain_holds(id, &steps));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn the_welcome_leads_to_the_past_editions() {
    let world = World::new("[web]\npublic_url = \"https://news.example.org\"\n").await;
    world.join("anna@example.net").await;
    let (_, welcome) = world.last().await;
    assert!(welcome.contains("https://news.example.org/archive/daily"), "{welcome}");
}

#[tokio::test]
async fn who_was_erased_is_written_down_nowhere_again() {
    let world = World::new("").await;
    let settings = world.join("anna@example.net").await;
    world.later(HOUR);
    let text = "erase\nsubcribe";
    assert_eq!(
        world.mail("anna@example.net", &settings, "please", text).await,
        "silent"
    );
    assert_eq!(world.n_queued().await, 0);
}

#[tokio::test]
async fn a_digest_that_is_configured_no_more_can_still_be_left_and_erased() {
    let world = World::new(WEEKLY).await;
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe weekly", "")
            .await,
        "confirm"
    );
    let reply_to = header(&world.last().await.1, "Reply-To");
    assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "welcome");
    let settings = header(&world.last().await.1, "Reply-To");
    world.reload("");
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &settings, "export", "").await, "export");
    assert!(world.last().await.1.contains("weekly"));
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", &settings, "unsubscribe", "").await,
        "goodbye"
    );
    assert!(
        world.last().await.1.contains("You have left weekly"),
        "{}",
        world.last().await.1
    );
    assert_eq!(world.standings().await, ["weekly ended"]);
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &settings, "erase", "").await, "silent");
    assert_eq!(world.status("anna@example.net").await, None);
}

/// Anna gets two digests, one of which is taken out of the configuration. What she may write, and what is left then.
#[tokio::test]
async fn leaving_says_which_digest_also_when_one_is_gone() {
    #[track_caller]
    fn check(wrote: &str, found: &[String], expected: [&str; 2]) {
        assert_eq!(found, expected, "{wrote}");
    }
    for (to, subject, expected) in [
        ("leave", "unsubscribe", ["daily active", "weekly ended"]),
        ("settings", "unsubscribe weekly", ["daily active", "weekly ended"]),
        ("settings", "unsubscribe daily", ["daily ended", "weekly active"]),
        ("settings", "unsubscribe zebra", ["daily active", "weekly ended"]),
    ] {
        let world = World::new(WEEKLY).await;
        world.join("anna@example.net").await;
        world.later(HOUR);
        let asked = world.mail("anna@example.net", "news@example.org", "subscribe weekly", "");
        assert_eq!(asked.await, "confirm");
        let reply_to = header(&world.last().await.1, "Reply-To");
        assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "welcome");
        world.reload("");
        world.later(HOUR);
        let (key, weekly) = (
            world.ctx.token_key().await.unwrap(),
            crate::model::SubscriptionId::new(2),
        );
        let token = match to {
            "leave" => token::leave_token(&key, weekly),
            _ => token::settings_token(&key, weekly),
        };
        let to = format!("news+{to}-{token}@example.org");
        world.mail("anna@example.net", &to, subject, "").await;
        check(subject, &world.standings().await, expected);
    }
}

#[tokio::test]
async fn who_cannot_prove_it_is_asked_before_a_digest_that_is_gone_is_left() {
    let world = World::new(WEEKLY).await;
    let asked = world.mail("anna@example.net", "news@example.org", "subscribe weekly", "");
    assert_eq!(asked.await, "confirm");
    let reply_to = header(&world.last().await.1, "Reply-To");
    world.mail("anna@example.net", &reply_to, "Re: x", "").await;
    world.reload("");
    world.later(DAY);
    let left = world.mail("anna@example.net", "news@example.org", "unsubscribe", "");
    assert_eq!(left.await, "question");
    assert_eq!(world.standings().await, ["weekly active"]);
    let reply_to = header(&world.last().await.1, "Reply-To");
    assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "goodbye");
    assert_eq!(world.standings().await, ["weekly ended"]);
}
