//! The same work on many entries, shared among a few processors. What comes of it does not depend on how many.

use std::thread::{Builder, ScopedJoinHandle, available_parallelism, scope};

/// Most threads.
const THREADS_MAX: usize = 4;
/// Fewer pieces of work than this are not worth a thread.
const WORTH_A_THREAD: usize = 64;

/// Gives each thread a part of `all`, and puts what they made together in the order of `all`.
pub fn spread<T: Sync, R: Send>(all: &[T], work: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    let wanted = (all.len() / WORTH_A_THREAD).clamp(1, THREADS_MAX);
    let threads = available_parallelism().map_or(1, usize::from).min(wanted);
    if threads == 1 {
        return work(all);
    }
    let work = &work;
    scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(threads));
        let started: Vec<_> = parts
            .map(|part| (part, Builder::new().spawn_scoped(scope, move || work(part))))
            .collect();
        let mut made = Vec::with_capacity(all.len());
        for (part, thread) in started {
            made.extend(match thread.map(ScopedJoinHandle::join) {
                Ok(Ok(done)) => done,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // The system gives no more threads.
                Err(_) => work(part),
            });
        }
        made
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(n: usize) {
        let all: Vec<usize> = (0..n).collect();
        let odd = |some: &[usize]| some.iter().filter(|x| *x % 2 == 1).map(|x| x * 10).collect::<Vec<_>>();
        assert_eq!(spread(&all, odd), odd(&all), "{n}");
    }

    #[test]
    fn the_order_is_that_of_the_work() {
        for n in [0, 1, 63, 64, 127, 128, 129, 1_000, 1_003] {
            check(n);
        }
    }

    #[test]
    #[should_panic(expected = "the 700th")]
    fn a_panic_is_passed_on() {
        let all: Vec<usize> = (0..1_000).collect();
        spread(&all, |some| {
            assert!(!some.contains(&700), "the 700th");
            Vec::<()>::new()
        });
    }
}
