//! What the recommender learns from: who bought what, when, in which basket.

use std::ops::Range;

/// Purchases of all customers, customer by customer, checked by [`History::new`].
///
/// Row `r` says that its customer had item `items[r]` in basket `baskets[r]` on day `days[r]`.
/// The rows of customer `c` are `offsets[c]..offsets[c + 1]`, in the order of (day, basket).
/// Days are whole numbers from any origin (days since 1970-01-01, say). Rows that say the same
/// thing twice count once. A basket is one (customer, day, basket code); where history has no
/// baskets, give every row the same basket code, and a day becomes a basket.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    offsets: &'a [usize],
    days: &'a [i32],
    baskets: &'a [u32],
    items: &'a [u32],
    n_items: usize,
    groups: Option<&'a [u32]>,
    active: Option<&'a [Option<bool>]>,
}

/// A history whose arrays do not fit together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HistoryError {
    /// The offsets do not go from 0 to the number of rows without stepping back.
    #[error(
        "offsets must start at 0, never step back and end at the number of rows ({rows}); \
         entry {at} breaks this"
    )]
    Offsets {
        /// The first entry at fault.
        at: usize,
        /// Rows of the history.
        rows: usize,
    },
    /// The arrays differ in length.
    #[error(
        "{days} days, {baskets} baskets and {items} items, but each row has one of each; \
         give arrays of one length"
    )]
    Lengths {
        /// Length of `days`.
        days: usize,
        /// Length of `baskets`.
        baskets: usize,
        /// Length of `items`.
        items: usize,
    },
    /// Items or customers are numbered by u32, and there are more.
    #[error("{0} customers or items, but codes are u32; use fewer")]
    TooMany(usize),
    /// An item code at or above `n_items`.
    #[error("row {row} has item code {item}, but n_items = {n_items}; codes run from 0")]
    Item {
        /// The first row at fault.
        row: usize,
        /// Its item code.
        item: u32,
        /// The number of items given.
        n_items: usize,
    },
    /// Rows of one customer are not in the order of (day, basket).
    #[error("row {row} comes before the row above it; sort each customer's rows by day, basket")]
    Order {
        /// The first row at fault.
        row: usize,
    },
    /// Not one group for each item.
    #[error("{groups} groups for {n_items} items; give one group code for each item")]
    Groups {
        /// Length of `groups`.
        groups: usize,
        /// The number of items given.
        n_items: usize,
    },
    /// Not one flag for each item.
    #[error("{flags} flags of what is active for {n_items} items; give one for each item")]
    Active {
        /// Length of `active`.
        flags: usize,
        /// The number of items given.
        n_items: usize,
    },
}

impl<'a> History<'a> {
    /// Checks that the arrays fit together; nothing is copied.
    ///
    /// - `offsets`: `n_customers + 1` row numbers.
    /// - `days`, `baskets`, `items`: one entry a row.
    /// - `n_items`: item codes are `0..n_items`; items nobody bought are never suggested.
    /// - `groups`: one code for each item (its category, say), for reasons by group; codes
    ///   need not be dense.
    ///
    /// # Errors
    /// [`HistoryError`] names the first entry that does not fit.
    pub fn new(
        offsets: &'a [usize],
        days: &'a [i32],
        baskets: &'a [u32],
        items: &'a [u32],
        n_items: usize,
        groups: Option<&'a [u32]>,
    ) -> Result<Self, HistoryError> {
        let rows = items.len();
        if days.len() != rows || baskets.len() != rows {
            return Err(HistoryError::Lengths {
                days: days.len(),
                baskets: baskets.len(),
                items: rows,
            });
        }
        for too_many in [offsets.len(), n_items] {
            if u32::try_from(too_many).is_err() {
                return Err(HistoryError::TooMany(too_many));
            }
        }
        if offsets.first() != Some(&0) {
            return Err(HistoryError::Offsets { at: 0, rows });
        }
        if let Some(at) = offsets.windows(2).position(|w| w[1] < w[0] || w[1] > rows) {
            return Err(HistoryError::Offsets { at: at + 1, rows });
        }
        if offsets.last() != Some(&rows) {
            return Err(HistoryError::Offsets {
                at: offsets.len() - 1,
                rows,
            });
        }
        if let Some(row) = items.iter().position(|&i| i as usize >= n_items) {
            return Err(HistoryError::Item {
                row,
                item: items[row],
                n_items,
            });
        }
        for w in offsets.windows(2) {
            for row in w[0] + 1..w[1] {
                if (days[row], baskets[row]) < (days[row - 1], baskets[row - 1]) {
                    return Err(HistoryError::Order { row });
                }
            }
        }
        if let Some(groups) = groups
            && groups.len() != n_items
        {
            return Err(HistoryError::Groups {
                groups: groups.len(),
                n_items,
            });
        }
        Ok(Self {
            offsets,
            days,
            baskets,
            items,
            n_items,
            groups,
            active: None,
        })
    }

    /// Says of each item whether it can be bought in the coming days; nothing (`None`) leaves that
    /// to be judged by its sales.
    ///
    /// # Errors
    /// [`HistoryError::Active`] when there is not one flag for each item.
    pub fn with_active(self, active: &'a [Option<bool>]) -> Result<Self, HistoryError> {
        if active.len() != self.n_items {
            return Err(HistoryError::Active {
                flags: active.len(),
                n_items: self.n_items,
            });
        }
        Ok(Self {
            active: Some(active),
            ..self
        })
    }

    /// The same without what is known from elsewhere, which is known of today and no other day.
    pub(super) fn judged(&self) -> Self {
        Self {
            active: None,
            ..*self
        }
    }

    /// Customers, with or without purchases.
    pub fn n_customers(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Items, bought or not.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    pub(super) fn groups(&self) -> Option<&'a [u32]> {
        self.groups
    }

    pub(super) fn active(&self, item: usize) -> Option<bool> {
        self.active.and_then(|active| active[item])
    }

    pub(super) fn item(&self, row: usize) -> u32 {
        self.items[row]
    }

    /// Which basket a row belongs to, within its customer.
    pub(super) fn basket(&self, row: usize) -> (i32, u32) {
        (self.days[row], self.baskets[row])
    }

    /// The earliest row of a customer.
    pub(super) fn first_row(&self, customer: usize) -> Option<usize> {
        let rows = self.offsets[customer]..self.offsets[customer + 1];
        (!rows.is_empty()).then_some(rows.start)
    }

    /// The rows of one customer with `from <= day < until`.
    pub(super) fn rows(&self, customer: usize, from: i32, until: i32) -> Range<usize> {
        let (start, end) = (self.offsets[customer], self.offsets[customer + 1]);
        let days = &self.days[start..end];
        let a = start + days.partition_point(|&d| d < from);
        let b = start + days.partition_point(|&d| d < until);
        a..b.max(a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_different_length_are_refused() {
        let error = History::new(&[0, 1], &[1], &[1, 2], &[0], 1, None).unwrap_err();
        assert_eq!(
            error,
            HistoryError::Lengths {
                days: 1,
                baskets: 2,
                items: 1
            }
        );
    }

    #[test]
    fn offsets_start_at_zero_never_step_back_and_end_at_the_rows() {
        let check = |offsets: &[usize], at| {
            let error = History::new(offsets, &[1, 1], &[1, 1], &[0, 0], 1, None).unwrap_err();
            assert_eq!(error, HistoryError::Offsets { at, rows: 2 });
        };
        check(&[], 0);
        check(&[1, 2], 0);
        check(&[0, 2, 1, 2], 2);
        check(&[0, 3, 2], 1);
        check(&[0, 1], 1);
    }

    #[test]
    fn an_item_code_out_of_range_is_named() {
        let error = History::new(&[0, 2], &[1, 1], &[1, 1], &[0, 7], 7, None).unwrap_err();
        assert_eq!(
            error,
            HistoryError::Item {
                row: 1,
                item: 7,
                n_items: 7
            }
        );
    }

    #[test]
    fn rows_out_of_order_are_refused_but_a_new_customer_may_start_earlier() {
        let error = History::new(&[0, 2], &[5, 4], &[0, 0], &[0, 0], 1, None).unwrap_err();
        assert_eq!(error, HistoryError::Order { row: 1 });
        let error = History::new(&[0, 2], &[5, 5], &[2, 1], &[0, 0], 1, None).unwrap_err();
        assert_eq!(error, HistoryError::Order { row: 1 });
        assert!(History::new(&[0, 1, 2], &[5, 4], &[0, 0], &[0, 0], 1, None).is_ok());
    }

    #[test]
    fn each_item_has_one_group() {
        let error = History::new(&[0], &[], &[], &[], 3, Some(&[1, 2])).unwrap_err();
        assert_eq!(
            error,
            HistoryError::Groups {
                groups: 2,
                n_items: 3
            }
        );
    }

    #[test]
    fn each_item_has_one_flag() {
        let history = History::new(&[0], &[], &[], &[], 3, None).unwrap();
        let error = history.with_active(&[None]).unwrap_err();
        assert_eq!(
            error,
            HistoryError::Active {
                flags: 1,
                n_items: 3
            }
        );
    }

    #[test]
    fn rows_of_a_customer_are_cut_by_day() {
        let h = History::new(&[0, 1, 5], &[9, 1, 2, 2, 4], &[0; 5], &[0; 5], 1, None).unwrap();
        assert_eq!(h.rows(1, i32::MIN, 2), 1..2);
        assert_eq!(h.rows(1, 2, 4), 2..4);
        assert_eq!(h.rows(1, 5, 9), 5..5);
        assert_eq!(h.rows(0, 0, 9), 0..0);
    }
}
