//! Mails that came back, and what they end.

use super::*;

impl World {
    /// A report as a mail system sends it, from the null sender.
    async fn report(&self, to: &str, body: &str) -> String {
        let raw = format!(
            "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Date: {}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.net\r\n\r\n{}\r\n--b--\r\n",
            self.clock.now().unix(),
            body.replace('\n', "\r\n")
        );
        let envelope = Envelope {
            sender: Some(String::new()),
            recipient: Some(to.to_owned()),
        };
        handle(&self.ctx, &self.templates, raw.as_bytes(), &envelope)
            .await
            .unwrap()
            .name()
    }

    /// The return path of the mail that was queued last.
    async fn return_path(&self) -> String {
        let id: i64 = self
            .ctx
            .db
            .read(|c| Ok(c.query_row("SELECT max(id) FROM deliveries", [], |row| row.get(0))?))
            .await
            .unwrap();
        token::verp_address(
            &self.ctx.token_key().await.unwrap(),
            crate::model::DeliveryId::new(id),
            "example.org",
        )
    }
}

const UNKNOWN: &str = "Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.1.1\n\
    Diagnostic-Code: smtp; 550 5.1.1 <anna@example.net>: Recipient address rejected: User unknown\n";
const FULL: &str = "Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.2.2\n\
    Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\n";

#[tokio::test]
async fn an_address_that_is_gone_is_given_up_and_may_come_back() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    let path = world.return_path().await;
    assert_eq!(world.report(&path, UNKNOWN).await, "bounce:hard");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    assert_eq!(world.report(&path, UNKNOWN).await, "repeated");
    world.later(DAY * 2);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm",
        "the reader's own wish lifts it"
    );
}

#[tokio::test]
async fn a_forged_report_ends_nobody() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    for path in ["bounces+1-aaaaaaaaaaaaaaaa@example.org", "news@example.org"] {
        assert_eq!(world.report(path, UNKNOWN).await, "bounce:unknown", "{path}");
    }
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn a_report_without_a_return_path_of_ours_is_known_by_the_leaving_link_it_returns() {
    let world = World::new("").await;
    let settings = world.join("anna@example.net").await;
    let id = token::check_settings(
        &world.ctx.token_key().await.unwrap(),
        settings.trim_start_matches("news+settings-").split('@').next().unwrap(),
    )
    .unwrap();
    let leave = token::leave_token(&world.ctx.token_key().await.unwrap(), id);
    let returned = format!(
        "{UNKNOWN}\n--b\nContent-Type: text/rfc822-headers\n\nTo: anna@example.net\n\
         List-Unsubscribe: <mailto:news+leave-{leave}@example.org?subject=unsubscribe>\n"
    );
    assert_eq!(world.report("news@example.org", &returned).await, "bounce:hard");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
}

#[tokio::test]
async fn a_full_mailbox_is_weather_for_days_and_the_operator_gives_back() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    let path = world.return_path().await;
    for day in 0..6 {
        assert_eq!(
            world.status("anna@example.net").await,
            Some(SubscriptionStatus::Active),
            "day {day}"
        );
        assert_eq!(world.report(&path, FULL).await, "bounce:soft");
        world.later(DAY);
    }
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    let hash = token::address_hash(&world.ctx.token_key().await.unwrap(), "anna@example.net");
    let back = world
        .ctx
        .db
        .write(move |tx| {
            let person = subscribers::find(tx, "anna@example.net")?.map(|p| p.id);
            store::bounces::release(tx, &hash, person, NOW)
        })
        .await
        .unwrap();
    assert_eq!(back.len(), 1);
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}
