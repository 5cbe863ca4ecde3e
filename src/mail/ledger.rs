//! Where senders write what they are about to do and what came of it. Several of them share one commit.
//!
//! A durable commit costs a disk sync, some milliseconds. While one runs, the requests of the other connections gather
//! and go into the next one together, so that the send rate grows with the connections and not with the disk. What came
//! of an attempt waits for the next request to let a message through, a few milliseconds at most: its connection asks
//! for one in a moment, and asks in order, so that a crash still leaves at most one message a connection in doubt.
//! Attempts that could not be recorded are kept and come first at the next try; until then no message is let through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::suppression_hash;
use crate::crash;
use crate::model::{Attempt, DeliveryId};
use crate::store::{Db, StoreError, outbox};
use crate::token::TokenKey;

/// Most requests in one commit.
const GROUP_MAX: usize = 256;
/// How long an attempt may wait for others before it is recorded.
const RECORD_WITHIN: Duration = Duration::from_millis(5);
/// How often the others are let run before a commit begins: whoever is about to ask then shares it.
const GATHER_TURNS: usize = 3;

enum Request {
    Committing(DeliveryId, oneshot::Sender<bool>),
    Ended(Attempt),
}

/// A sender's handle.
#[derive(Clone)]
pub(super) struct Ledger {
    requests: mpsc::Sender<Request>,
    is_broken: Arc<AtomicBool>,
}

impl Ledger {
    /// Whether this message may go on the wire now; returns when that is durable.
    pub(super) async fn committing(&self, id: DeliveryId) -> bool {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Committing(id, answer)).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// Hands in what came of an attempt. It is recorded before the same sender's next message is let through, since
    /// requests are taken in order.
    pub(super) async fn ended(&self, attempt: Attempt) {
        // The other side ends only after every handle is gone.
        let _ = self.requests.send(Request::Ended(attempt)).await;
    }

    /// Whether a commit has failed: nothing more should be begun.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::SeqCst)
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
    let is_broken = Arc::new(AtomicBool::new(false));
    let ledger = Ledger {
        requests: sender,
        is_broken: Arc::clone(&is_broken),
    };
    (ledger, run(db, epoch, key, receiver, is_broken))
}

async fn run(
    db: Db,
    epoch: i64,
    key: TokenKey,
    mut requests: mpsc::Receiver<Request>,
    is_broken: Arc<AtomicBool>,
) -> Closed {
    let mut unrecorded: Vec<Attempt> = Vec::new();
    let mut error = None;
    let mut group = Vec::with_capacity(GROUP_MAX);
    while gather(&mut requests, &mut group, unrecorded.is_empty()).await {
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
                is_broken.store(true, Ordering::SeqCst);
                BTreeSet::new()
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

/// Collects the requests of one commit: until one asks to be let through, or attempts have waited for long enough.
/// `false` when nobody is left to ask.
async fn gather(requests: &mut mpsc::Receiver<Request>, group: &mut Vec<Request>, nothing_waits: bool) -> bool {
    let asks = |group: &[Request]| group.iter().any(|request| matches!(request, Request::Committing(..)));
    let mut waits = !nothing_waits;
    while !asks(group) && group.len() < GROUP_MAX {
        let more = requests.recv_many(group, GROUP_MAX);
        let n = if waits {
            match timeout(RECORD_WITHIN, more).await {
                Ok(n) => n,
                Err(_) => return true,
            }
        } else {
            more.await
        };
        if n == 0 {
            return !group.is_empty();
        }
        waits = true;
    }
    for _ in 0..GATHER_TURNS {
        tokio::task::yield_now().await;
        while group.len() < GROUP_MAX
            && let Ok(request) = requests.try_recv()
        {
            group.push(request);
        }
    }
    true
}

/// One commit. The attempts come back when it fails.
async fn write(
    db: &Db,
    epoch: i64,
    key: &TokenKey,
    attempts: Vec<Attempt>,
    ids: Vec<DeliveryId>,
) -> Result<BTreeSet<DeliveryId>, (Vec<Attempt>, StoreError)> {
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
