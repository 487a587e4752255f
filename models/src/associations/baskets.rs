//! Baskets as two flat arrays.

use thiserror::Error;

/// Why a set of baskets could not be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BasketsError {
    /// The offsets are empty, do not start at 0, go down, or do not end at the number of items.
    #[error(
        "offset {position} is {found}, but {expected}; give one offset more than there are baskets, \
         from 0 upwards to the number of items"
    )]
    Offsets {
        /// Place in the offsets.
        position: usize,
        /// The offset there; 0 for offsets that are empty.
        found: usize,
        /// What it should have been.
        expected: String,
    },
    /// An item code is not below the number of items.
    #[error("line {line} holds item {item}, but items are numbered from 0 and there are {n_items}")]
    ItemOutOfRange {
        /// Place in the items as given.
        line: usize,
        /// The code there.
        item: u32,
        /// Number of items.
        n_items: usize,
    },
    /// A basket number is not below the number of baskets.
    #[error(
        "line {line} holds basket {basket}, but baskets are numbered from 0 and there are {n_baskets}"
    )]
    BasketOutOfRange {
        /// Place in the pairs.
        line: usize,
        /// The number there.
        basket: u32,
        /// Number of baskets.
        n_baskets: usize,
    },
    /// The two columns of pairs differ in length.
    #[error("{baskets} basket numbers, but {items} items; give one item with each basket number")]
    UnequalLengths {
        /// Length of the basket column.
        baskets: usize,
        /// Length of the item column.
        items: usize,
    },
    /// More baskets, items or lines than 32 bits can number.
    #[error("{count} {what} are more than 4,294,967,294; mine a part of the history at a time")]
    TooLarge {
        /// What there is too much of: `baskets`, `items` or `lines`.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

/// Baskets of item codes: what was bought together.
///
/// Codes run from 0 to `n_items - 1`; what they stand for (products, types, categories) is the
/// caller's business. Within a basket the items are sorted and each stands once, however often
/// it was bought. A basket without items is a basket: it counts in every share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baskets {
    /// Basket `b` is `items[offsets[b]..offsets[b + 1]]`.
    offsets: Vec<usize>,
    items: Vec<u32>,
    n_items: usize,
}

impl Baskets {
    /// Makes baskets from compressed rows: basket `b` is `items[offsets[b]..offsets[b + 1]]`.
    ///
    /// There is one offset more than there are baskets; `[0]` stands for no baskets. Items may
    /// come in any order and more than once.
    ///
    /// # Errors
    /// [`BasketsError::Offsets`] and [`BasketsError::ItemOutOfRange`] name the first bad place,
    /// [`BasketsError::TooLarge`] what cannot be numbered with 32 bits.
    pub fn from_csr(
        offsets: Vec<usize>,
        items: Vec<u32>,
        n_items: usize,
    ) -> Result<Self, BasketsError> {
        let bad = |position: usize, expected: String| BasketsError::Offsets {
            position,
            found: offsets.get(position).copied().unwrap_or(0),
            expected,
        };
        if offsets.first() != Some(&0) {
            return Err(bad(0, "the first must be 0".into()));
        }
        if let Some(b) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(bad(b + 1, format!("the one before it is {}", offsets[b])));
        }
        if offsets.last() != Some(&items.len()) {
            return Err(bad(
                offsets.len() - 1,
                format!("the last must be the number of items, {}", items.len()),
            ));
        }
        check_lines(&items, offsets.len() - 1, n_items)?;
        let mut baskets = Self {
            offsets,
            items,
            n_items,
        };
        baskets.sort_and_deduplicate();
        Ok(baskets)
    }

    /// Makes baskets from lines: line `i` says that basket `baskets[i]` holds `items[i]`.
    ///
    /// Lines may come in any order and more than once. `n_baskets` counts baskets that appear in
    /// no line too, because a share of baskets means nothing without them.
    ///
    /// # Errors
    /// [`BasketsError::UnequalLengths`], or the first line that is out of range, or
    /// [`BasketsError::TooLarge`].
    pub fn from_pairs(
        baskets: &[u32],
        items: &[u32],
        n_baskets: usize,
        n_items: usize,
    ) -> Result<Self, BasketsError> {
        if baskets.len() != items.len() {
            return Err(BasketsError::UnequalLengths {
                baskets: baskets.len(),
                items: items.len(),
            });
        }
        check_lines(items, n_baskets, n_items)?;
        let mut offsets = vec![0_usize; n_baskets + 1];
        for (line, &basket) in baskets.iter().enumerate() {
            match offsets.get_mut(basket as usize + 1) {
                Some(length) => *length += 1,
                None => {
                    return Err(BasketsError::BasketOutOfRange {
                        line,
                        basket,
                        n_baskets,
                    });
                }
            }
        }
        for b in 0..n_baskets {
            offsets[b + 1] += offsets[b];
        }
        let mut next = offsets.clone();
        let mut grouped = vec![0_u32; items.len()];
        for (&basket, &item) in baskets.iter().zip(items) {
            let place = &mut next[basket as usize];
            grouped[*place] = item;
            *place += 1;
        }
        let mut made = Self {
            offsets,
            items: grouped,
            n_items,
        };
        made.sort_and_deduplicate();
        Ok(made)
    }

    /// Sorts each basket and closes the gaps that doubled items leave, in place.
    fn sort_and_deduplicate(&mut self) {
        let mut kept = 0;
        let mut start = 0;
        for b in 0..self.n_baskets() {
            let end = self.offsets[b + 1];
            let basket = &mut self.items[start..end];
            // History often comes sorted; looking is cheaper than sorting.
            if !basket.is_sorted() {
                basket.sort_unstable();
            }
            let first = kept;
            for line in start..end {
                let item = self.items[line];
                if kept == first || self.items[kept - 1] != item {
                    self.items[kept] = item;
                    kept += 1;
                }
            }
            start = end;
            self.offsets[b + 1] = kept;
        }
        self.items.truncate(kept);
    }

    /// Number of baskets, those without items included.
    pub fn n_baskets(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of item codes; some may be in no basket.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Number of (basket, item) pairs after doubles were dropped.
    pub fn n_lines(&self) -> usize {
        self.items.len()
    }

    /// The items of basket `b`, ascending, each once.
    ///
    /// # Panics
    /// If there is no basket `b`.
    pub fn basket(&self, b: usize) -> &[u32] {
        &self.items[self.offsets[b]..self.offsets[b + 1]]
    }

    /// The baskets in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.offsets
            .windows(2)
            .map(|pair| &self.items[pair[0]..pair[1]])
    }

    /// The baskets that `keep` chooses, without the items that it does not.
    pub(super) fn select(
        &self,
        keep: impl Fn(&[u32]) -> bool,
        keep_item: impl Fn(u32) -> bool,
    ) -> Self {
        let mut offsets = vec![0];
        let mut items = Vec::new();
        for basket in self.iter().filter(|basket| keep(basket)) {
            items.extend(basket.iter().copied().filter(|&item| keep_item(item)));
            offsets.push(items.len());
        }
        Self {
            offsets,
            items,
            n_items: self.n_items,
        }
    }

    /// These baskets alone, in this order.
    pub(super) fn part(&self, chosen: &[usize]) -> Self {
        let mut offsets = Vec::with_capacity(chosen.len() + 1);
        offsets.push(0);
        let n_lines = chosen.iter().map(|&basket| self.basket(basket).len()).sum();
        let mut items = Vec::with_capacity(n_lines);
        for &basket in chosen {
            items.extend_from_slice(self.basket(basket));
            offsets.push(items.len());
        }
        Self {
            offsets,
            items,
            n_items: self.n_items,
        }
    }

    /// The number of items in each basket.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.iter().map(<[u32]>::len).collect()
    }

    /// All lines, basket after basket.
    pub(super) fn lines(&self) -> &[u32] {
        &self.items
    }
}

/// Counts, positions and the mark for "none" all have to fit into a `u32`.
fn check_size(what: &'static str, count: usize) -> Result<(), BasketsError> {
    if count >= u32::MAX as usize {
        return Err(BasketsError::TooLarge { what, count });
    }
    Ok(())
}

fn check_lines(items: &[u32], n_baskets: usize, n_items: usize) -> Result<(), BasketsError> {
    check_size("items", n_items)?;
    check_size("baskets", n_baskets)?;
    check_size("lines", items.len())?;
    match items.iter().position(|&item| item as usize >= n_items) {
        Some(line) => Err(BasketsError::ItemOutOfRange {
            line,
            item: items[line],
            n_items,
        }),
        None => Ok(()),
    }
}
