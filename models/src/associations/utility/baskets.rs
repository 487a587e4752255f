//! Baskets whose lines carry an amount.

use thiserror::Error;

use super::super::{Baskets, BasketsError};

/// Why baskets with utilities could not be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum UtilityBasketsError {
    /// The baskets themselves are wrong.
    #[error(transparent)]
    Baskets(#[from] BasketsError),
    /// There is not one utility for each line.
    #[error("{items} items, but {utilities} utilities; give one utility with each item")]
    UnequalLengths {
        /// Number of items.
        items: usize,
        /// Number of utilities.
        utilities: usize,
    },
    /// The utilities, all taken as positive, add up to more than 64 bits hold.
    #[error(
        "the utilities add up to more than 9,223,372,036,854,775,807 in size by line {line}; \
         give them in a larger unit"
    )]
    TooLarge {
        /// The line at which the sum is too large.
        line: usize,
    },
}

/// Baskets of item codes with what each item brought in: revenue, margin, weight, minutes.
///
/// A utility is a whole number of the smallest unit (cents, or ten-thousandths of a dollar), so
/// that sums are exact. It may be negative (a return, a loss leader) or 0. An item that stands in
/// a basket more than once is in it once, with the sum of its utilities; it is in the basket even
/// if that sum is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UtilityBaskets {
    baskets: Baskets,
    /// One for each line of `baskets`.
    utilities: Vec<i64>,
    total: i64,
}

impl UtilityBaskets {
    /// Makes baskets from lines: line `i` says that in basket `baskets[i]`, `items[i]` brought
    /// `utilities[i]`.
    ///
    /// Lines may come in any order. `n_baskets` counts baskets that appear in no line, too.
    ///
    /// # Errors
    /// Columns of different lengths, the first line that is out of range, or
    /// [`UtilityBasketsError::TooLarge`].
    pub fn from_lines(
        baskets: &[u32],
        items: &[u32],
        utilities: &[i64],
        n_baskets: usize,
        n_items: usize,
    ) -> Result<Self, UtilityBasketsError> {
        check(items, utilities)?;
        let held = Baskets::from_pairs(baskets, items, n_baskets, n_items)?;
        let lines = baskets.iter().map(|&basket| basket as usize).zip(items);
        Ok(Self::new(held, lines.zip(utilities)))
    }

    /// Makes baskets from compressed rows: basket `b` is `items[offsets[b]..offsets[b + 1]]`,
    /// and `utilities` has one entry for each of `items`.
    ///
    /// # Errors
    /// As [`Baskets::from_csr`], and [`UtilityBasketsError::UnequalLengths`] and
    /// [`UtilityBasketsError::TooLarge`].
    pub fn from_csr(
        offsets: Vec<usize>,
        items: Vec<u32>,
        utilities: &[i64],
        n_items: usize,
    ) -> Result<Self, UtilityBasketsError> {
        check(&items, utilities)?;
        let held = Baskets::from_csr(offsets.clone(), items.clone(), n_items)?;
        let numbers = offsets
            .windows(2)
            .enumerate()
            .flat_map(|(basket, ends)| std::iter::repeat_n(basket, ends[1] - ends[0]));
        Ok(Self::new(held, numbers.zip(&items).zip(utilities)))
    }

    fn new<'a>(baskets: Baskets, lines: impl Iterator<Item = ((usize, &'a u32), &'a i64)>) -> Self {
        let mut starts = Vec::with_capacity(baskets.n_baskets());
        let mut start = 0;
        for basket in baskets.iter() {
            starts.push(start);
            start += basket.len();
        }
        let mut utilities = vec![0; baskets.n_lines()];
        let mut total = 0;
        for ((basket, item), utility) in lines {
            // Every item of the lines is in its basket, so either arm is its place.
            let (Ok(place) | Err(place)) = baskets.basket(basket).binary_search(item);
            utilities[starts[basket] + place] += utility;
            total += utility;
        }
        Self {
            baskets,
            utilities,
            total,
        }
    }

    /// The baskets without the utilities.
    pub fn baskets(&self) -> &Baskets {
        &self.baskets
    }

    /// The sum of all utilities, the negative ones included.
    pub fn total_utility(&self) -> i64 {
        self.total
    }

    /// The baskets in order: their items, ascending, each once, and the utility of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], &[i64])> {
        let mut rest = &self.utilities[..];
        self.baskets.iter().map(move |items| {
            let (utilities, after) = rest.split_at(items.len());
            rest = after;
            (items, utilities)
        })
    }
}

/// One utility with each item, and no sum of any of them that overflows.
fn check(items: &[u32], utilities: &[i64]) -> Result<(), UtilityBasketsError> {
    if items.len() != utilities.len() {
        return Err(UtilityBasketsError::UnequalLengths {
            items: items.len(),
            utilities: utilities.len(),
        });
    }
    let mut size = 0_u64;
    for (line, utility) in utilities.iter().enumerate() {
        // Each size is at most 2^63 and so is the sum before, so the new one fits into 64 bits.
        size += utility.unsigned_abs();
        if size > i64::MAX as u64 {
            return Err(UtilityBasketsError::TooLarge { line });
        }
    }
    Ok(())
}
