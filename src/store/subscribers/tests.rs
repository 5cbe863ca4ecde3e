use super::*;
use crate::store::Db;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

async fn with<T: Send + 'static>(work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static) -> T {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&folder.path().join("test.db")).unwrap();
    db.write(work).await.unwrap()
}

fn pending(tx: &Transaction<'_>, address: &str, token: u8) -> Result<(Subscriber, SubscriptionId)> {
    let person = ensure(tx, address, &address.to_lowercase(), NOW)?;
    let new = NewPending {
        subscriber: person.id,
        digest: "daily",
        source: "mail",
        choices: &Choices::default(),
        schedule: "",
        token_hash: [token; 32],
        expires_at: NOW.plus(std::time::Duration::from_secs(10)),
        asked_at: NOW,
    };
    let id = put_pending(tx, &new)?;
    Ok((person, id))
}

#[tokio::test]
async fn a_subscription_lives_and_ends() {
    with(|tx| {
        let (person, id) = pending(tx, "Anna@example.org", 1)?;
        let found = by_confirm_hash(tx, &[1; 32], NOW)?.unwrap();
        assert_eq!((found.id, found.status), (id, SubscriptionStatus::Pending));
        assert_eq!(
            by_confirm_hash(tx, &[1; 32], NOW.plus(std::time::Duration::from_secs(10)))?,
            None,
            "expired"
        );
        activate(tx, id, NOW)?;
        assert_eq!(by_confirm_hash(tx, &[1; 32], NOW)?, None, "used up");
        let (_, again) = pending(tx, "anna@example.org", 2)?;
        assert_eq!(again, id);
        assert_eq!(
            subscription_by_id(tx, id)?.unwrap().status,
            SubscriptionStatus::Active,
            "asking again takes nothing"
        );
        end(tx, id, EndReason::Asked, NOW)?;
        activate(tx, id, NOW)?;
        assert_eq!(
            subscriptions(tx, person.id)?[0].status,
            SubscriptionStatus::Ended,
            "ended stays ended"
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_consent_shows() {
    with(|tx| {
        let (_, id) = pending(tx, "anna@example.org", 1)?;
        add_consent(tx, id, Step::Asked, "mail", "<1@example.org>", NOW)?;
        add_consent(tx, id, Step::Confirmed, "web", "192.0.2.0/24", NOW)?;
        let mut steps = consents(tx, id)?;
        assert!(chain_holds(id, &steps));
        steps[0].evidence.push('x');
        assert!(!chain_holds(id, &steps));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn erased_people_leave_a_hash() {
    with(|tx| {
        let (person, _) = pending(tx, "anna@example.org", 1)?;
        assert!(erase(tx, person.id, &[9; 32], NOW)?);
        assert!(!erase(tx, person.id, &[9; 32], NOW)?);
        assert_eq!(find(tx, "anna@example.org")?, None);
        assert_eq!(suppression(tx, &[9; 32])?.as_deref(), Some("erased"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn old_requests_are_purged() {
    with(|tx| {
        pending(tx, "anna@example.org", 1)?;
        assert_eq!(purge_pending(tx, NOW)?, 0);
        assert_eq!(purge_pending(tx, NOW.plus(std::time::Duration::from_secs(1)))?, 1);
        assert_eq!(find(tx, "anna@example.org")?, None);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn companies_are_known_by_the_list_last_written() {
    let company = |slug: &str, other: &str| KnownName {
        kind: NameKind::Company,
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        others: vec![other.to_owned()],
    };
    with(move |tx| {
        let put = crate::store::stories::put_companies;
        put(tx, &[company("b", "BB"), company("a", "AA"), company("gone", "G")])?;
        put(tx, &[company("b", "B2"), company("a", "AA")])?;
        assert_eq!(known_names(tx)?, [company("b", "B2"), company("a", "AA")]);
        Ok(())
    })
    .await;
}
