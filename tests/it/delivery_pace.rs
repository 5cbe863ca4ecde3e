//! How fast mail leaves: what a busy relay takes, over how many connections, and no more than the rates allow.

use std::time::Duration;

use crate::delivery::{counts, world_of};
use crate::fake_smtp::{Act, At, FakeSmtp};
use crate::outbox_world::{World, relay};

#[tokio::test]
async fn a_relay_that_is_busy_is_left_alone() {
    for at in [At::Greeting, At::Mail, At::Rcpt, At::Data, At::Dot] {
        let server = FakeSmtp::start(move |step| {
            if step.at == at && step.connection == 1 {
                Act::SayAndClose("421 4.3.2 shutting down".into())
            } else {
                Act::Usual
            }
        })
        .await;
        let mut world = world_of(&server, 1).await;
        world.digests(10).await;
        let next = world.tick().await;
        assert_eq!(world.tick().await.did, 0);
        assert!(next.at >= world.ctx.now().plus(Duration::from_mins(5)), "{at:?}");
        assert_eq!(server.connections(), 1, "{at:?}");
        counts(&world.outbox().await, &[("queued", 10)]);
        world.advance(7);
        world.drain().await;
        counts(&world.outbox().await, &[("sent", 10)]);
    }
}

#[tokio::test]
async fn a_relay_with_few_connections_is_used_with_few() {
    let server = FakeSmtp::start(|step| match step.at {
        At::Greeting if step.connection > 1 => Act::SayAndClose("421 4.7.0 too many connections from you".into()),
        _ => Act::Usual,
    })
    .await;
    let mut world = world_of(&server, 4).await;
    world.digests(1).await;
    world.drain().await;
    for id in 2..=20 {
        world.digest_to(id, &format!("r{id}@example.net")).await;
    }
    world.drain().await;
    counts(&world.outbox().await, &[("sent", 20)]);
}

#[tokio::test]
async fn rates_spread_what_is_due() {
    let server = FakeSmtp::start(|_| Act::Usual).await;
    let mail = relay(
        server.address.port(),
        "connections = 2",
        "rate = { per_second = 2, per_domain_minute = 3 }",
    );
    let mut world = World::new(&mail).await;
    world.digests(5).await;
    let next = world.tick().await;
    assert_eq!(next.did, 2);
    world.clock.advance(Duration::from_secs(1));
    world.drain().await;
    assert_eq!(server.taken().len(), 3, "three a minute to one domain");
    world.advance(1);
    world.drain().await;
    world.clock.advance(Duration::from_secs(1));
    world.drain().await;
    assert_eq!(server.taken().len(), 5);
}
