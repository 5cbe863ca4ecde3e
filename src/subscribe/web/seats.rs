//! Who may have a connection to the pages. Pure but for the list of who is there.
//!
//! - A network (a /24 or /64) has at most a quarter of all connections, so that no single one can keep others out; a
//!   proxy that the configuration trusts speaks for everybody and has them all.
//! - Where there is no room, the connection that asked for nothing the longest makes some: of the newcomer's own network
//!   when that has its share, of the network with the most when all are taken. So 300 connections that never finish
//!   their first line (slowloris) push out each other, and whoever comes after them is answered.
//! - A connection whose request is being answered is never pushed out. Where all are, the newcomer is turned away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::client::Network;

/// Connections at once.
pub const SEATS_MAX: usize = 256;
/// Connections of one network at once.
pub const NETWORK_MAX: usize = 64;

/// Whose share a connection counts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A proxy the configuration trusts.
    Proxy,
    /// Anybody else.
    Network(Network),
}

/// The connections there are.
#[derive(Debug, Default)]
pub struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    /// Counts arrivals and requests: the order of things, without a clock.
    counted: u64,
    guests: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    party: Party,
    /// When it last came or was answered, in [`Taken::counted`].
    heard: u64,
    is_asking: bool,
    pushed_out: CancellationToken,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    id: u64,
    /// Cancelled when another connection needs the place.
    pub pushed_out: CancellationToken,
}

impl Seats {
    /// A place for a connection, if there is one or one can be made.
    pub fn take(self: &Arc<Self>, party: Party) -> Option<Seat> {
        let mut taken = self.lock();
        if let Some(crowd) = taken.crowd(party) {
            let quiet = taken.quietest(crowd)?;
            if let Some(guest) = taken.guests.remove(&quiet) {
                guest.pushed_out.cancel();
            }
        }
        let id = taken.count();
        let pushed_out = CancellationToken::new();
        taken.guests.insert(
            id,
            Guest {
                party,
                heard: id,
                is_asking: false,
                pushed_out: pushed_out.clone(),
            },
        );
        drop(taken);
        Some(Seat {
            seats: Arc::clone(self),
            id,
            pushed_out,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    const fn count(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }

    /// Who has to give a place before this one can have one; `None` when there is room.
    fn crowd(&self, newcomer: Party) -> Option<Party> {
        let mut sizes: BTreeMap<Party, usize> = BTreeMap::new();
        for guest in self.guests.values() {
            *sizes.entry(guest.party).or_default() += 1;
        }
        if newcomer != Party::Proxy && sizes.get(&newcomer).is_some_and(|n| *n >= NETWORK_MAX) {
            return Some(newcomer);
        }
        let largest = sizes.into_iter().max_by_key(|(_, n)| *n).map(|(party, _)| party);
        largest.filter(|_| self.guests.len() >= SEATS_MAX)
    }

    fn quietest(&self, party: Party) -> Option<u64> {
        let quiet = self
            .guests
            .iter()
            .filter(|(_, guest)| guest.party == party && !guest.is_asking);
        quiet.min_by_key(|(_, guest)| guest.heard).map(|(id, _)| *id)
    }
}

impl Seat {
    /// A request has come.
    pub fn asks(&self) {
        self.set(true);
    }

    /// It was answered.
    pub fn is_answered(&self) {
        self.set(false);
    }

    fn set(&self, is_asking: bool) {
        let mut taken = self.seats.lock();
        let heard = taken.count();
        if let Some(guest) = taken.guests.get_mut(&self.id) {
            (guest.is_asking, guest.heard) = (is_asking, heard);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().guests.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn network(n: usize) -> Party {
        let peer = format!("198.51.{n}.1:1").parse().unwrap();
        Party::Network(Network::of(peer, &HeaderMap::new(), &[]))
    }

    fn fill(seats: &Arc<Seats>, from: Party, n: usize) -> Vec<Seat> {
        (0..n).map(|_| seats.take(from).unwrap()).collect()
    }

    #[test]
    fn a_network_over_its_share_pushes_out_its_own_quietest() {
        let seats = Arc::new(Seats::default());
        let other = seats.take(network(2)).unwrap();
        let crowd = fill(&seats, network(1), NETWORK_MAX);
        // The first one was heard since, so the second is the quietest.
        crowd[0].asks();
        crowd[0].is_answered();
        let newcomer = seats.take(network(1)).unwrap();
        let out: Vec<usize> = (0..crowd.len())
            .filter(|n| crowd[*n].pushed_out.is_cancelled())
            .collect();
        assert_eq!(out, [1]);
        assert!(!other.pushed_out.is_cancelled() && !newcomer.pushed_out.is_cancelled());
    }

    #[test]
    fn whose_request_is_being_answered_stays() {
        let seats = Arc::new(Seats::default());
        let crowd = fill(&seats, network(1), NETWORK_MAX);
        crowd.iter().for_each(Seat::asks);
        assert!(seats.take(network(1)).is_none());
        assert!(seats.take(network(2)).is_some());
        crowd[7].is_answered();
        assert!(seats.take(network(1)).is_some());
        assert!(crowd[7].pushed_out.is_cancelled());
    }

    #[test]
    fn where_all_are_taken_the_largest_network_gives() {
        let seats = Arc::new(Seats::default());
        let small = fill(&seats, network(9), 8);
        let crowds: Vec<_> = (0..4).map(|n| fill(&seats, network(n), NETWORK_MAX - 2)).collect();
        assert!(seats.take(network(10)).is_some());
        assert!(small.iter().all(|seat| !seat.pushed_out.is_cancelled()));
        let out = crowds.iter().flatten().filter(|seat| seat.pushed_out.is_cancelled());
        assert_eq!(out.count(), 1);
    }

    #[test]
    fn a_trusted_proxy_has_all_places_and_places_come_back() {
        let seats = Arc::new(Seats::default());
        let proxy = fill(&seats, Party::Proxy, SEATS_MAX);
        assert!(proxy.iter().all(|seat| !seat.pushed_out.is_cancelled()));
        drop(proxy);
        assert!(seats.lock().guests.is_empty());
    }
}
