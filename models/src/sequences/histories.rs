//! What each customer bought, in order of time, as flat arrays.

use thiserror::Error;

/// Why histories could not be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum HistoriesError {
    /// The columns differ in length.
    #[error(
        "{customers} customer numbers, {days} days and {items} items; give one of each with every \
         line"
    )]
    UnequalLengths {
        /// Length of the customer column.
        customers: usize,
        /// Length of the day column.
        days: usize,
        /// Length of the item column.
        items: usize,
    },
    /// A customer number is not below the number of customers.
    #[error(
        "line {line} holds customer {customer}, but customers are numbered from 0 and there are \
         {n_customers}"
    )]
    CustomerOutOfRange {
        /// Place in the columns.
        line: usize,
        /// The number there.
        customer: u32,
        /// Number of customers.
        n_customers: usize,
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
    /// Starts are empty, do not begin at 0, go down, or do not end where they should.
    #[error("{what} {position} is {found}, but {expected}")]
    Starts {
        /// `customer start` or `basket start`.
        what: &'static str,
        /// Place in the starts.
        position: usize,
        /// The start there; 0 for starts that are empty.
        found: usize,
        /// What it should have been.
        expected: String,
    },
    /// A customer's baskets are not in order of time.
    #[error(
        "basket {basket} of customer {customer} is of day {day}, but the basket before it is of \
         day {before}; sort each customer's baskets by day"
    )]
    DayGoesDown {
        /// Place in the days as given.
        basket: usize,
        /// Whose basket it is.
        customer: usize,
        /// The day there.
        day: i32,
        /// The day before it.
        before: i32,
    },
    /// More customers, items or lines than 32 bits can number.
    #[error("{count} {what} are more than 4,294,967,294; mine a part of the history at a time")]
    TooLarge {
        /// What there is too much of: `customers`, `baskets`, `items` or `lines`.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

/// One basket of a customer: what was bought at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basket<'a> {
    /// Day number, from whatever day the caller counts.
    pub day: i32,
    /// Item codes, ascending, each once; at least one.
    pub items: &'a [u32],
}

/// Baskets in order of time, customer after customer.
///
/// A basket is one **element** of a history: what is in it was bought at the same time, and a
/// pattern's elements lie in different baskets. [`from_columns`](Self::from_columns) takes all
/// that a customer bought in one day as one basket. Who wants visits, or orders, to be the
/// elements makes the baskets himself with [`from_baskets`](Self::from_baskets); baskets of the
/// same day then follow each other in the order given, with a gap of 0 days.
///
/// Within a basket the items are sorted and each stands once, however often it was bought. A
/// basket without items says nothing and is left out. A customer without baskets is a customer:
/// he counts in every share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histories {
    /// Customer `c` has the baskets `customer_starts[c]..customer_starts[c + 1]`.
    customer_starts: Vec<u32>,
    days: Vec<i32>,
    /// Basket `b` is `items[basket_starts[b]..basket_starts[b + 1]]`.
    basket_starts: Vec<u32>,
    items: Vec<u32>,
    n_items: usize,
}

impl Histories {
    /// Makes histories from lines: line `i` says that customer `customers[i]` bought `items[i]`
    /// on day `days[i]`. The lines of one customer and one day become one basket.
    ///
    /// Lines may come in any order and more than once. `n_customers` counts customers that
    /// appear in no line too, because a share of customers means nothing without them.
    ///
    /// # Errors
    /// [`HistoriesError::UnequalLengths`], or the first line that is out of range, or
    /// [`HistoriesError::TooLarge`].
    pub fn from_columns(
        customers: &[u32],
        days: &[i32],
        items: &[u32],
        n_customers: usize,
        n_items: usize,
    ) -> Result<Self, HistoriesError> {
        if customers.len() != items.len() || days.len() != items.len() {
            return Err(HistoriesError::UnequalLengths {
                customers: customers.len(),
                days: days.len(),
                items: items.len(),
            });
        }
        check_size("customers", n_customers)?;
        check_items(items, n_items)?;
        let mut starts = vec![0_usize; n_customers + 1];
        for (line, &customer) in customers.iter().enumerate() {
            match starts.get_mut(customer as usize + 1) {
                Some(length) => *length += 1,
                None => {
                    return Err(HistoriesError::CustomerOutOfRange {
                        line,
                        customer,
                        n_customers,
                    });
                }
            }
        }
        for c in 0..n_customers {
            starts[c + 1] += starts[c];
        }
        let mut next = starts.clone();
        let mut grouped = vec![(0_i32, 0_u32); items.len()];
        for (&customer, bought) in customers.iter().zip(days.iter().copied().zip(items.iter())) {
            let place = &mut next[customer as usize];
            grouped[*place] = (bought.0, *bought.1);
            *place += 1;
        }
        let mut made = Self::without_baskets(n_customers, n_items);
        for ends in starts.windows(2) {
            let lines = &mut grouped[ends[0]..ends[1]];
            // History often comes sorted; looking is cheaper than sorting.
            if !lines.is_sorted() {
                lines.sort_unstable();
            }
            for basket in lines.chunk_by(|a, b| a.0 == b.0) {
                made.push(basket[0].0, basket.iter().map(|&(_, item)| item));
            }
            made.customer_starts.push(made.days.len() as u32);
        }
        Ok(made)
    }

    /// Makes histories from baskets: customer `c` has the baskets
    /// `customer_starts[c]..customer_starts[c + 1]`, and basket `b` is of day `days[b]` and holds
    /// `items[basket_starts[b]..basket_starts[b + 1]]`.
    ///
    /// There is one start more than there are customers, and one more than there are baskets;
    /// `[0]` stands for none. Each customer's days go up or stay the same. Items may come in any
    /// order and more than once.
    ///
    /// # Errors
    /// [`HistoriesError::Starts`], [`HistoriesError::DayGoesDown`] and
    /// [`HistoriesError::ItemOutOfRange`] name the first bad place,
    /// [`HistoriesError::TooLarge`] what cannot be numbered with 32 bits.
    pub fn from_baskets(
        customer_starts: &[usize],
        days: &[i32],
        basket_starts: &[usize],
        items: &[u32],
        n_items: usize,
    ) -> Result<Self, HistoriesError> {
        check_starts("basket start", basket_starts, items.len(), "items")?;
        check_starts("customer start", customer_starts, days.len(), "days")?;
        if basket_starts.len() != days.len() + 1 {
            return Err(HistoriesError::Starts {
                what: "basket start",
                position: basket_starts.len() - 1,
                found: items.len(),
                expected: format!(
                    "it must be start {}: give one start more than there are days",
                    days.len()
                ),
            });
        }
        check_size("customers", customer_starts.len() - 1)?;
        check_size("baskets", days.len())?;
        check_items(items, n_items)?;
        let mut made = Self::without_baskets(customer_starts.len() - 1, n_items);
        let mut sorted: Vec<u32> = Vec::new();
        for (customer, ends) in customer_starts.windows(2).enumerate() {
            for basket in ends[0]..ends[1] {
                if basket > ends[0] && days[basket] < days[basket - 1] {
                    return Err(HistoriesError::DayGoesDown {
                        basket,
                        customer,
                        day: days[basket],
                        before: days[basket - 1],
                    });
                }
                sorted.clear();
                sorted.extend(&items[basket_starts[basket]..basket_starts[basket + 1]]);
                sorted.sort_unstable();
                if !sorted.is_empty() {
                    made.push(days[basket], sorted.iter().copied());
                }
            }
            made.customer_starts.push(made.days.len() as u32);
        }
        Ok(made)
    }

    fn without_baskets(n_customers: usize, n_items: usize) -> Self {
        let mut customer_starts = Vec::with_capacity(n_customers + 1);
        customer_starts.push(0);
        Self {
            customer_starts,
            days: Vec::new(),
            basket_starts: vec![0],
            items: Vec::new(),
            n_items,
        }
    }

    /// Adds a basket to the last customer; the items are ascending.
    fn push(&mut self, day: i32, items: impl Iterator<Item = u32>) {
        let first = self.items.len();
        for item in items {
            if self.items.len() == first || self.items.last() != Some(&item) {
                self.items.push(item);
            }
        }
        self.days.push(day);
        self.basket_starts.push(self.items.len() as u32);
    }

    /// Number of customers, those without baskets included.
    pub fn n_customers(&self) -> usize {
        self.customer_starts.len() - 1
    }

    /// Number of baskets of all customers together.
    pub fn n_baskets(&self) -> usize {
        self.days.len()
    }

    /// Number of item codes; some may be in no basket.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Number of (basket, item) pairs after doubles were dropped.
    pub fn n_lines(&self) -> usize {
        self.items.len()
    }

    /// The baskets of customer `c`, the earliest first.
    ///
    /// # Panics
    /// If there is no customer `c`.
    pub fn baskets(&self, c: usize) -> impl ExactSizeIterator<Item = Basket<'_>> {
        self.baskets_of(c).map(|b| Basket {
            day: self.days[b],
            items: self.basket(b),
        })
    }

    /// The numbers of the baskets of customer `c`.
    pub(super) fn baskets_of(&self, c: usize) -> std::ops::Range<usize> {
        self.customer_starts[c] as usize..self.customer_starts[c + 1] as usize
    }

    /// The items of basket `b`, ascending.
    pub(super) fn basket(&self, b: usize) -> &[u32] {
        &self.items[self.basket_starts[b] as usize..self.basket_starts[b + 1] as usize]
    }

    /// Days from basket `a` to a later basket `b` of the same customer.
    pub(super) fn days_between(&self, a: usize, b: usize) -> u32 {
        // The difference of any two days fits into 32 bits without a sign.
        self.days[b].wrapping_sub(self.days[a]) as u32
    }

    /// All lines, basket after basket.
    pub(super) fn lines(&self) -> &[u32] {
        &self.items
    }

    /// The days of all baskets, customer after customer.
    pub(super) fn days(&self) -> &[i32] {
        &self.days
    }
}

/// Whether an ascending basket holds all of these items, which are ascending too.
pub(super) fn holds(basket: &[u32], items: &[u32]) -> bool {
    match items {
        [item] if basket.len() <= 16 => basket.contains(item),
        _ if basket.len() <= 16 * items.len() => {
            let mut rest = basket.iter();
            items.iter().all(|item| {
                let found = rest.find(|other| *other >= item);
                found == Some(item)
            })
        }
        _ => items.iter().all(|item| basket.binary_search(item).is_ok()),
    }
}

/// Counts, positions and the mark for "none" all have to fit into a `u32`.
fn check_size(what: &'static str, count: usize) -> Result<(), HistoriesError> {
    if count >= u32::MAX as usize {
        return Err(HistoriesError::TooLarge { what, count });
    }
    Ok(())
}

fn check_items(items: &[u32], n_items: usize) -> Result<(), HistoriesError> {
    check_size("items", n_items)?;
    check_size("lines", items.len())?;
    match items.iter().position(|&item| item as usize >= n_items) {
        Some(line) => Err(HistoriesError::ItemOutOfRange {
            line,
            item: items[line],
            n_items,
        }),
        None => Ok(()),
    }
}

fn check_starts(
    what: &'static str,
    starts: &[usize],
    end: usize,
    of: &str,
) -> Result<(), HistoriesError> {
    let bad = |position: usize, expected: String| HistoriesError::Starts {
        what,
        position,
        found: starts.get(position).copied().unwrap_or(0),
        expected,
    };
    if starts.first() != Some(&0) {
        return Err(bad(0, "the first must be 0".into()));
    }
    if let Some(i) = starts.windows(2).position(|pair| pair[0] > pair[1]) {
        return Err(bad(i + 1, format!("the one before it is {}", starts[i])));
    }
    if starts.last() != Some(&end) {
        return Err(bad(
            starts.len() - 1,
            format!("the last must be the number of {of}, {end}"),
        ));
    }
    Ok(())
}
