//! Work on many threads whose results come back in the order in which it was given.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::failure::{Result, fault};

/// How far the given work may be ahead of the results, for each thread; bounds memory.
const AHEAD: usize = 3;

/// Does `work` on every item, on `threads` threads, and hands the results to `take` on the calling
/// thread in the order of the items. The items are made on a thread of their own.
///
/// # Errors
/// The first error, in the order of the items, of the items, of the work, or of `take`; what comes
/// after it is not taken.
pub fn in_order<T: Send, R: Send>(
    threads: usize,
    items: impl Iterator<Item = Result<T>> + Send,
    work: impl Fn(T) -> Result<R> + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let threads = threads.max(1);
    // As long as all that is allowed, so that giving never waits for a worker that has stopped.
    let (give, given) = sync_channel::<(usize, Result<T>)>(AHEAD * threads);
    let given = Mutex::new(given);
    let (given, work) = (&given, &work);
    thread::scope(|scope| {
        let (send, results) = sync_channel::<(usize, Result<R>)>(threads);
        let (allow, allowed) = sync_channel::<()>(AHEAD * threads);
        for _ in 0..AHEAD * threads {
            let _ = allow.send(());
        }
        // Every end of a channel is owned by one side, so whoever stops early stops the others.
        scope.spawn(move || {
            for numbered in items.enumerate() {
                if allowed.recv().is_err() || give.send(numbered).is_err() {
                    return;
                }
            }
        });
        for _ in 0..threads {
            let send = send.clone();
            scope.spawn(move || {
                while let Some((number, item)) = next(given) {
                    let work = AssertUnwindSafe(|| item.and_then(work));
                    let result =
                        catch_unwind(work).unwrap_or_else(|cause| Err(fault(cause.as_ref())));
                    if send.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        let mut failed = Ok(());
        for (number, result) in &results {
            waiting.insert(number, result);
            while let Some(result) = waiting.remove(&wanted) {
                wanted += 1;
                if failed.is_ok() {
                    failed = result.and_then(&mut take);
                }
                // After a failure nothing more is asked for, and what is under way comes to its end.
                if failed.is_ok() {
                    let _ = allow.send(());
                }
            }
            if failed.is_err() {
                break;
            }
        }
        drop((results, allow));
        failed
    })
}

fn next<T>(given: &Mutex<Receiver<T>>) -> Option<T> {
    given
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn results_keep_the_order_of_the_items_on_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            in_order(
                threads,
                (0..500u64).map(Ok),
                |item| {
                    // The earlier of two neighbours takes longer.
                    thread::sleep(std::time::Duration::from_micros((item % 2) * 50));
                    Ok(item * 2)
                },
                |result| {
                    taken.push(result);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(taken, (0..500).map(|item| item * 2).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn the_first_failure_ends_it_and_nothing_after_it_is_taken() {
        let mut taken = Vec::new();
        let failure = in_order(
            3,
            (0..10_000).map(Ok),
            |item| {
                if item == 40 || item == 41 {
                    Err(Failure::data(format!("item {item}")))
                } else {
                    Ok(item)
                }
            },
            |result| {
                taken.push(result);
                Ok(())
            },
        )
        .unwrap_err();
        assert_eq!(failure.message, "item 40");
        assert_eq!(taken, (0..40).collect::<Vec<i32>>());

        let failure = in_order(2, (0..9).map(Ok), Ok, |_: i32| {
            Err(Failure::data("no room"))
        });
        assert_eq!(failure.unwrap_err().message, "no room");
    }
}
