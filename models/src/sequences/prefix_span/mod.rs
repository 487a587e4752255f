//! Frequent sequences of itemsets by prefix projection (Pei and others 2001, "PrefixSpan: mining
//! sequential patterns efficiently by prefix-projected pattern growth"; gaps and spans after
//! Srikant and Agrawal 1996, "Mining sequential patterns: generalizations and performance
//! improvements").
//!
//! A pattern grows item by item, each pattern in one way only: by a new element behind the last
//! one, or by an item of higher rank in the last element. What differs from the paper:
//!
//! - A pattern carries **all** baskets in which it may end, customer by customer, not only the
//!   first. An item joins the last element in any of these baskets; with a longest gap, what is
//!   too far from the first end may be near a later one; with a longest span, each end carries
//!   the latest start. So the limits hold during the search, and nothing is lost to them.
//! - Without such a window the ends of a new element are the rest of a list that is there from
//!   the start ([`Recoded`]): a pattern then takes 12 bytes a customer, however often he bought.
//! - What a customer has after some basket is the beginning of his list of items by last basket
//!   (Yang, Wang and Kitsuregawa 2007, "LAPIN: effective sequential pattern mining algorithms by
//!   last position induction"), so counting new elements reads each item once a customer, and no
//!   marks are needed against counting twice.
//! - Extensions are counted first, and only the frequent ones are laid out, in memory that is
//!   used again.
//! - The levels of the search are a stack of our own, so a pattern may have thousands of items.
//!
//! What was tried, on 450,000 lines of 3,000 customers (50 baskets each, 100 items, up to three
//! items a pattern, a tenth of the customers: 573,000 patterns; user time of one thread):
//!
//! - A length for each basket in place of a comparison for each item, to know where the items
//!   after it begin: 2.7 to 2.4 s.
//! - The place of what else is in the basket beside each occurrence, in place of a walk by way of
//!   the basket: 2.4 to 2.0 s.
//!
//! Patterns that may grow no further are listed when they are counted, and nobody asks where they
//! end. What is left is mostly waiting for memory: a history that did not fit into the processor's
//! cache took several times as long for each customer of a pattern.

mod closure;
mod pattern;
mod recoded;
mod search;
mod steps;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::{recoded::Recoded, search::Search, steps::Steps};
use super::{Histories, SequenceError, SequenceValidParams, Sequences, patterns::List};

impl SequenceValidParams {
    /// Finds every pattern that enough customers have.
    ///
    /// The result is the same on any number of threads. No customers, or no frequent item, give
    /// no patterns; an item that is in every basket is an item like any other.
    ///
    /// # Errors
    /// [`SequenceError::TooManyPatterns`] as soon as more are found than the limit allows.
    pub fn fit(&self, histories: &Histories) -> Result<Sequences, SequenceError> {
        let n_customers = histories.n_customers() as u32;
        let min_count = self.min_support.count_of(n_customers);
        let data = Recoded::new(histories, self, min_count);
        let Some(required) = data.required() else {
            let none = List::default();
            return Ok(Sequences::new(none, n_customers, min_count, self.time));
        };

        // The first items with most customers go first, so that no thread is left with a long one
        // at the end. Which thread takes which makes no difference to the result, because the
        // patterns are put in order when all have been found.
        let next = AtomicUsize::new(0);
        let total = AtomicUsize::new(0);
        let n_items = data.n_items();
        let steps = Steps::count(&data, self);
        let found: Vec<List> = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(|_| {
                let report = |found| {
                    // Checked now and then while searching: a low support can ask for more
                    // patterns than any memory holds.
                    total.fetch_add(found, Ordering::Relaxed) + found > self.max_patterns
                };
                let mut search = Search::new(&data, self, required, min_count, report);
                search.steps = steps.as_ref();
                loop {
                    let taken = next.fetch_add(1, Ordering::Relaxed);
                    if taken >= n_items || search.first_item((n_items - 1 - taken) as u32) {
                        break;
                    }
                }
                search.finish()
            })
            .collect();
        if total.into_inner() > self.max_patterns {
            return Err(SequenceError::TooManyPatterns {
                max_patterns: self.max_patterns,
                min_count,
            });
        }
        let mut found = List::concat(found);
        found.decode(data.codes());
        if self.closed && self.time.has_window() {
            found = keep_closed(&found);
        }
        Ok(Sequences::new(found, n_customers, min_count, self.time))
    }
}

/// What a pattern of so many items counts towards the limit on patterns. Memory is taken by items,
/// and a giant basket has patterns as long as itself.
fn cost(n_items: usize) -> usize {
    n_items.div_ceil(50)
}

/// The patterns that are in no longer one of the same count.
///
/// With a window this cannot be seen from a pattern's own customers: a longer pattern may have
/// other ones.
fn keep_closed(found: &List) -> List {
    // Longer patterns of the same count are side by side behind a pattern.
    let mut order: Vec<u32> = (0..found.len() as u32).collect();
    let key = |i: u32| {
        let sequence = found.get(i as usize);
        (sequence.count, sequence.n_items(), i)
    };
    order.par_sort_unstable_by_key(|&i| key(i));
    // A bit for the items of each pattern: what is contained has no bit that the other has not.
    let bits: Vec<u64> = order
        .iter()
        .map(|&i| super::bits_of(found.get(i as usize).items()))
        .collect();
    let is_closed: Vec<bool> = (0..order.len())
        .into_par_iter()
        .map(|place| {
            let sequence = found.get(order[place] as usize);
            let behind = place + 1..order.len();
            !behind
                .map(|other| (bits[other], found.get(order[other] as usize)))
                .take_while(|(_, other)| other.count == sequence.count)
                .any(|(other_bits, other)| {
                    bits[place] & !other_bits == 0
                        && other.n_items() > sequence.n_items()
                        && sequence.is_in(&other)
                })
        })
        .collect();
    let mut closed = List::default();
    for (&i, _) in order
        .iter()
        .zip(&is_closed)
        .filter(|(_, is_closed)| **is_closed)
    {
        closed.push(found.get(i as usize));
    }
    closed
}
