//! Where senders write what they are about to do and what came of it. Several of them share one commit.
//!
//! A durable commit costs a disk sync, some milliseconds. While one runs, the requests of the other connections gather
//! and go into the next one together, so that the send rate grows with the connections and not with the disk.
//! Attempts that could not be recorded are kept and come first at the next try; until then no message is let through.

use tokio::sync::{mpsc, oneshot};

use super::suppression_hash;
use crate::crash;
use crate::model::{Attempt, DeliveryId};
use crate::store::{Db, StoreError, outbox};
use crate::token::TokenKey;

/// Most requests in one commit.
const GROUP_MAX: usize = 256;

enum Request {
    Committing(DeliveryId, oneshot::Sender<bool>),
    Ended(Attempt),
}

/// A sender's handle.
#[derive(Clone)]
pub(super) struct Ledger(mpsc::Sender<Request>);

impl Ledger {
    /// Whether this message may go on the wire now; returns when that is durable.
    pub(super) async fn committing(&self, id: DeliveryId) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.send(Request::Committing(id, answer)).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// Hands in what came of an attempt. It is recorded before the same sender's next message is let through, since
    /// requests are taken in order.
    pub(super) async fn ended(&self, attempt: Attempt) {
        // The other side ends only after every handle is gone.
        let _ = self.0.send(Request::Ended(attempt)).await;
    }
}

/// What was left when all senders were done.
pub(super) struct Closed {
    /// Attempts that are not recorded.
    pub(super) unrecorded: Vec<Attempt>,
    /// Why.
    pub(super) error: Option<StoreError>,
}

/// Opens the ledger: a handle for the senders, and the work that writes, to be run beside them.
pub(super) fn open(db: Db, epoch: i64, key: TokenKey) -> (Ledger, impl Future<Output = Closed>) {
    let (sender, receiver) = mpsc::channel(GROUP_MAX);
    (Ledger(sender), run(db, epoch, key, receiver))
}

async fn run(db: Db, epoch: i64, key: TokenKey, mut requests: mpsc::Receiver<Request>) -> Closed {
    let mut unrecorded: Vec<Attempt> = Vec::new();
    let mut error = None;
    let mut group = Vec::with_capacity(GROUP_MAX);
    while requests.recv_many(&mut group, GROUP_MAX).await > 0 {
        let mut asking = Vec::new();
        for request in group.drain(..) {
            match request {
                Request::Committing(id, answer) => asking.push((id, answer)),
                Request::Ended(attempt) => unrecorded.push(attempt),
            }
        }
        let ids: Vec<DeliveryId> = asking.iter().map(|(id, _)| *id).collect();
        let marked = match write(&db, epoch, &key, std::mem::take(&mut unrecorded), ids).await {
            Ok(marked) => marked,
            Err((attempts, failure)) => {
                unrecorded = attempts;
                error = Some(failure);
                Vec::new()
            }
        };
        for (id, answer) in asking {
            // A sender that is gone has nothing on the wire.
            let _ = answer.send(marked.contains(&id));
        }
    }
    if !unrecorded.is_empty() {
        match write(&db, epoch, &key, std::mem::take(&mut unrecorded), Vec::new()).await {
            Ok(_) => error = None,
            Err((attempts, failure)) => {
                unrecorded = attempts;
                error = Some(failure);
            }
        }
    }
    Closed { unrecorded, error }
}

/// One commit. The attempts come back when it fails.
async fn write(
    db: &Db,
    epoch: i64,
    key: &TokenKey,
    attempts: Vec<Attempt>,
    ids: Vec<DeliveryId>,
) -> Result<Vec<DeliveryId>, (Vec<Attempt>, StoreError)> {
    let kept = attempts.clone();
    let key = key.clone();
    let records = !attempts.is_empty();
    if records {
        crash::point("before_record");
    }
    let written = db
        .write(move |tx| {
            outbox::record_attempts(tx, epoch, &attempts, &|address| suppression_hash(&key, address))?;
            outbox::mark_committing(tx, epoch, &ids)
        })
        .await;
    if records {
        crash::point("after_record");
    }
    written.map_err(|error| (kept, error))
}

/// Records attempts that an earlier ledger could not.
pub(super) async fn record(db: &Db, epoch: i64, key: &TokenKey, attempts: Vec<Attempt>) -> Closed {
    match write(db, epoch, key, attempts, Vec::new()).await {
        Ok(_) => Closed {
            unrecorded: Vec::new(),
            error: None,
        },
        Err((unrecorded, error)) => Closed {
            unrecorded,
            error: Some(error),
        },
    }
}
