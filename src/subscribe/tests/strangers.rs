//! Who is not known yet: what they are mailed, and how often.

use super::*;

#[tokio::test]
async fn a_confirm_mail_holds_nothing_of_the_requester() {
    let world = World::new("").await;
    world
        .mail(
            "\"BUY PILLS\" <anna@example.net>",
            "news@example.org",
            "subscribe",
            "MARKER one\nfollow MARKERTWO",
        )
        .await;
    let (_, message) = world.last().await;
    assert!(!message.contains("MARKER") && !message.contains("PILLS"), "{message}");
    assert!(!message.contains("List-Unsubscribe"), "{message}");
    assert!(header(&message, "Subject").contains("confirm-"), "{message}");
}

#[tokio::test]
async fn a_repeated_mail_is_one_mail() {
    let world = World::new("").await;
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "repeated"
    );
    assert_eq!(world.n_queued().await, 1);
}

#[tokio::test]
async fn strangers_get_one_mail_a_day() {
    let world = World::new("").await;
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    world.later(HOUR);
    assert_eq!(
        world
            .mail("an.na+x@example.net", "news@example.org", "subscribe", "")
            .await,
        "over_budget"
    );
    world.later(DAY);
    assert_eq!(
        world.mail("anna@example.net", "news@example.org", "help", "").await,
        "help"
    );
    assert_eq!(
        world.status("an.na+x@example.net").await,
        None,
        "nothing is written for what is not asked back"
    );
}

#[tokio::test]
async fn a_list_bomb_stops() {
    let world = World::new("[limits]\nreplies_per_hour = 30\n").await;
    let mut sent = 0;
    for n in 0..100 {
        world.later(Duration::from_secs(1));
        sent += i32::from(
            world
                .mail(
                    &format!("a{n}@d{}.example", n % 50),
                    "news@example.org",
                    "subscribe",
                    "",
                )
                .await
                == "confirm",
        );
    }
    assert_eq!(sent, 30);
}

#[tokio::test]
async fn one_domain_has_a_budget() {
    let world = World::new("").await;
    let mut sent = 0;
    for n in 0..40 {
        world.later(Duration::from_secs(1));
        sent += i32::from(
            world
                .mail(&format!("a{n}@example.com"), "news@example.org", "subscribe", "")
                .await
                == "confirm",
        );
    }
    assert_eq!(sent, 20);
}

#[tokio::test]
async fn a_token_expires_and_works_once() {
    let world = World::new("").await;
    world
        .mail("anna@example.net", "news@example.org", "subscribe", "")
        .await;
    let reply_to = header(&world.last().await.1, "Reply-To");
    world.later(DAY * 4);
    assert_eq!(
        world.mail("anna@example.net", &reply_to, "Re: x", "").await,
        "bad_token"
    );
    assert_eq!(
        world.status("anna@example.net").await,
        Some(SubscriptionStatus::Pending)
    );
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    let reply_to = header(&world.last().await.1, "Reply-To");
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "welcome");
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", &reply_to, "Re: x", "").await,
        "bad_token"
    );
}

#[tokio::test]
async fn a_complainer_is_never_mailed() {
    let world = World::new("").await;
    let key = world.ctx.token_key().await.unwrap();
    let hash = token::address_hash(&key, "anna@example.net");
    world
        .ctx
        .db
        .write(move |tx| subscribers::suppress(tx, &hash, "complaint", NOW))
        .await
        .unwrap();
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "suppressed"
    );
    assert_eq!(world.n_queued().await, 0);
}

#[tokio::test]
async fn two_digests_asked_for_in_one_mail_are_one_question() {
    let world = World::new(WEEKLY).await;
    let both = "subscribe daily\nsubscribe weekly\nsubscribe \"daily\"";
    assert_eq!(
        world.mail("anna@example.net", "news@example.org", "hello", both).await,
        "confirm"
    );
    assert_eq!(world.n_queued().await, 1);
    let (_, question) = world.last().await;
    assert!(question.contains("Daily business, Weekly review"), "{question}");
    assert_eq!(world.standings().await, ["daily pending", "weekly pending"]);
    let reply_to = header(&question, "Reply-To");
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "welcome");
    assert_eq!(world.standings().await, ["daily active", "weekly active"]);
    assert_eq!(world.n_queued().await, 2);
    let (_, welcome) = world.last().await;
    assert!(
        welcome.contains("Welcome to Daily business, Weekly review"),
        "{welcome}"
    );
}

#[tokio::test]
async fn a_digest_that_is_not_open_is_as_one_that_is_not_there() {
    let closed = format!("{WEEKLY}open = false\n");
    let world = World::new(&closed).await;
    for word in ["weekly", "nonsense"] {
        let from = format!("{word}@example.net");
        assert_eq!(
            world
                .mail(&from, "news@example.org", &format!("subscribe {word}"), "")
                .await,
            "confirm"
        );
        let (_, question) = world.last().await;
        assert!(question.contains("Daily business"), "{question}");
        assert!(header(&question, "Reply-To").starts_with("news+confirm-"), "{question}");
    }
    assert_eq!(world.standings().await, ["daily pending", "daily pending"]);
    // Whoever runs this may name it.
    let asked = Order {
        commands: vec![command::Command::Subscribe(Some("weekly".to_owned()))],
        unclear: Vec::new(),
        from: Some(Address::parse("eva@example.net").unwrap()),
        proof: inbound::Proof::None,
        way: Way::Operator,
        evidence: "operator".to_owned(),
        thread: None,
        answers: Vec::new(),
        language: None,
    };
    let done = order(&world.ctx, &world.templates, asked).await.unwrap();
    assert_eq!(done.name(), "confirm");
    assert_eq!(
        world.standings().await,
        ["daily pending", "daily pending", "weekly pending"]
    );
}

#[tokio::test]
async fn an_answer_to_a_stranger_repeats_no_text_of_theirs() {
    let world = World::new("").await;
    let handled = world
        .mail(
            "anna@example.net",
            "news@example.org",
            "subcribe http://evil.example/win",
            "mute http://evil.example/win now, or else",
        )
        .await;
    assert_eq!(handled, "notsubscribed");
    let (_, message) = world.last().await;
    assert!(!message.contains("evil"), "{message}");
    assert!(
        message.contains("subcribe"),
        "what was probably meant is said: {message}"
    );
}

#[tokio::test]
async fn a_mail_that_names_no_company_does_not_read_all_of_them() {
    let world = World::new("").await;
    world.sql("ALTER TABLE companies RENAME TO away").await;
    let settings = world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", &settings, "settings", "").await,
        "settings"
    );
    world.sql("ALTER TABLE away RENAME TO companies").await;
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", &settings, "mute crypto", "").await,
        "changed"
    );
}

#[tokio::test]
async fn what_strangers_write_day_and_night_leaves_little() {
    let world = World::new("").await;
    let rows = |table: &'static str| {
        let read = move |c: &store::rusqlite::Connection| {
            Ok(c.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?)
        };
        world.ctx.db.read(read)
    };
    world
        .mail("anna@example.net", "news@example.org", "subscribe", "")
        .await;
    for _ in 0..10 {
        world.later(Duration::from_secs(1));
        let changes = "mute crypto\nunmute crypto\nshort";
        assert_eq!(
            world.mail("anna@example.net", "news@example.org", "", changes).await,
            "silent"
        );
    }
    assert_eq!(rows("consents").await.unwrap(), 1, "what was asked for, and no more");
    let robot = "Auto-Submitted: auto-generated\r\nFrom: a@example.net\r\nTo: news@example.org\r\n\r\n";
    handle(&world.ctx, &world.templates, robot.as_bytes(), &Envelope::default())
        .await
        .unwrap();
    assert_eq!(rows("inbound").await.unwrap(), 12);
    world.later(DAY * 2);
    tidy(&world.ctx).await.unwrap();
    assert_eq!(rows("inbound").await.unwrap(), 11, "what was ignored is forgotten");
}
