//! Frequent itemsets by pattern growth (Han, Pei and Yin 2000, "Mining frequent patterns
//! without candidate generation").
//!
//! Items are ranked by how many baskets hold them, the most frequent first. Every itemset is
//! found once, from its least frequent item upwards: for each *first item*, the more frequent
//! items that stand beside it in baskets are counted, those that stay frequent are put into a
//! prefix tree, and the search goes on inside that tree.
//!
//! What differs from the paper is how the data lies in memory:
//!
//! - the whole history is no tree but [`RankedBaskets`], rows in rank order: what precedes an
//!   item in its row is the path to it, and is read forwards from memory instead of by pointers;
//! - a conditional [`Tree`](search::Tree) keeps the nodes of one item side by side, so an item's
//!   nodes need no links, and is built item by item, so a child is found without a search;
//! - few items left over are counted in a table of all their combinations ([`combinations`]).

mod collect;
mod combinations;
mod ranked;
mod search;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::{collect::Found, ranked::RankedBaskets, search::Search};
use super::{Baskets, ItemsetError, ItemsetValidParams, Itemsets};

impl ItemsetValidParams {
    /// Finds every itemset that is in enough baskets.
    ///
    /// The result is the same on any number of threads. No baskets, or no frequent item, give
    /// no itemsets; an item that is in every basket is an item like any other.
    ///
    /// Time grows with the itemsets found and with the squared size of the baskets; one basket
    /// of thousands of items is fine, its subsets are only looked at while they are frequent.
    ///
    /// # Errors
    /// [`ItemsetError::TooManyItemsets`] as soon as more are found than the limit allows.
    pub fn fit(&self, baskets: &Baskets) -> Result<Itemsets, ItemsetError> {
        let n_baskets = baskets.n_baskets() as u32;
        let min_count = self.min_support.count_of(n_baskets);
        let ranked = RankedBaskets::new(baskets, min_count);

        // The first items with most to read go first, so that no thread is left with a long one
        // at the end. Which thread takes which makes no difference to the result, because the
        // itemsets are put in order when all have been found.
        let mut first_items: Vec<usize> = (0..ranked.n_items()).collect();
        first_items.sort_by_key(|&rank| std::cmp::Reverse(ranked.work(rank)));
        let next = AtomicUsize::new(0);
        let total = AtomicUsize::new(0);
        let found: Vec<Found> = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(|_| {
                let mut search = Search::new(&ranked, min_count, self.max_len, |found| {
                    // Checked now and then while searching: a low support can ask for more
                    // itemsets than any memory holds.
                    total.fetch_add(found, Ordering::Relaxed) + found > self.max_itemsets
                });
                while let Some(&rank) = first_items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if search.first_item(rank) {
                        break;
                    }
                }
                search.finish()
            })
            .collect();
        if total.into_inner() > self.max_itemsets {
            return Err(ItemsetError::TooManyItemsets {
                max_itemsets: self.max_itemsets,
                min_count,
            });
        }
        Ok(collect::into_itemsets(
            found,
            ranked.codes(),
            n_baskets,
            self.min_len,
        ))
    }
}
