//! A digest that is configured no more: it can be left by every way, and nothing else can be done with it.

use super::*;

#[tokio::test]
async fn a_digest_that_is_gone_can_be_left_by_page_and_by_one_click() {
    for (body, reason) in [("List-Unsubscribe=One-Click", "one_click"), ("", "asked")] {
        let world = World::new().await;
        let (leave, settings) = world.join().await;
        world.config.send_replace(config(&world.folder, "weekly", ""));
        let page = world.get(&format!("/leave/{leave}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            page.body.contains("<button") && page.body.contains("daily"),
            "{}",
            page.body
        );
        assert!(
            !page.body.contains("/settings/"),
            "there is nothing to set: {}",
            page.body
        );
        assert_eq!(world.get(&format!("/settings/{settings}")).await.status, 404);
        assert_eq!(
            world.status().await,
            Some(SubscriptionStatus::Active),
            "a look ends nothing"
        );
        for _ in 0..2 {
            assert_eq!(world.form(&format!("/leave/{leave}"), body).await.status, 200);
            assert_eq!(world.status().await, Some(SubscriptionStatus::Ended), "{body}");
        }
        let sql =
            "SELECT end_reason || ' ' || (SELECT count(*) FROM deliveries WHERE kind = 'goodbye') FROM subscriptions";
        let found: String = world
            .ctx
            .db
            .read(move |c| Ok(c.query_row(sql, [], |r| r.get(0))?))
            .await
            .unwrap();
        assert_eq!(found, format!("{reason} 1"), "each once");
        assert_eq!(
            world.get(&format!("/leave/{leave}")).await.status,
            200,
            "it says that it is over"
        );
    }
}

#[tokio::test]
async fn a_request_for_a_digest_that_is_gone_cannot_be_confirmed() {
    let world = World::new().await;
    let token = world.ask().await;
    world.config.send_replace(config(&world.folder, "weekly", ""));
    assert_eq!(world.get(&format!("/confirm/{token}")).await.status, 404);
    assert_eq!(world.form(&format!("/confirm/{token}"), "").await.status, 404);
    assert_eq!(world.status().await, Some(SubscriptionStatus::Pending));
}
