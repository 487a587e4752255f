//! What is known of each customer's purchases, and the cells of customers who are alike.

use super::ValueError;

/// Purchases of one customer up to the day on which is looked at them. Times are counted from the
/// first purchase, all in one unit (days, weeks); purchases of one day count as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    /// Purchases after the first one, `x`.
    pub repeats: u32,
    /// Time of the last purchase, `t_x`; 0 without repeat purchases.
    pub last: f64,
    /// Time of the end of what was seen, `T`.
    pub age: f64,
}

impl History {
    /// A customer who has just bought for the first time.
    pub const NEW: Self = Self {
        repeats: 0,
        last: 0.0,
        age: 0.0,
    };

    /// Refuses what no customer can have done; `row` is named in the error.
    pub(super) fn check(&self, row: usize) -> Result<(), ValueError> {
        let &Self { repeats, last, age } = self;
        ValueError::check_amount(row, "the time of the last purchase", last)?;
        ValueError::check_amount(row, "the age", age)?;
        if (repeats > 0) != (last > 0.0) {
            return Err(ValueError::LastAndRepeats { row, repeats, last });
        }
        if last > age {
            return Err(ValueError::LastAfterAge { row, last, age });
        }
        Ok(())
    }
}

/// Refuses the first history that no customer can have.
pub(super) fn check_all(histories: &[History]) -> Result<(), ValueError> {
    let mut rows = histories.iter().enumerate();
    rows.try_for_each(|(row, history)| history.check(row))
}

/// Customers who have done the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub history: History,
    pub customers: f64,
    /// Place of the number of repeats among all that occur.
    pub group: u32,
}

/// Customers by what they did: equal ones are one cell, so fitting takes time for the distinct
/// histories and not for the customers. The order in which they are given does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Histories {
    pub(super) cells: Vec<Cell>,
    pub(super) repeats: Vec<u32>,
    pub(super) customers: u64,
    pub(super) purchases: f64,
    pub(super) log_gaps: Option<f64>,
}

impl Histories {
    /// One history a customer.
    ///
    /// # Errors
    /// With the row of the first history that no customer can have: [`ValueError::NotFinite`],
    /// [`Negative`](ValueError::Negative), [`LastAndRepeats`](ValueError::LastAndRepeats) and
    /// [`LastAfterAge`](ValueError::LastAfterAge).
    pub fn new(histories: &[History]) -> Result<Self, ValueError> {
        Self::counted(histories, &vec![1; histories.len()])
    }

    /// Histories with the number of customers who have each.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`ValueError::Length`] where there is not one count a history.
    pub fn counted(histories: &[History], customers: &[u64]) -> Result<Self, ValueError> {
        if customers.len() != histories.len() {
            return Err(ValueError::Length {
                property: "the number of customers",
                found: customers.len(),
                expected: histories.len(),
            });
        }
        check_all(histories)?;
        let counted = histories.iter().zip(customers);
        let mut rows: Vec<(History, u64)> = counted
            .filter(|(_, count)| **count > 0)
            .map(|(history, count)| (*history, *count))
            .collect();
        rows.sort_unstable_by(|(a, _), (b, _)| {
            let by_times = a.last.total_cmp(&b.last).then(a.age.total_cmp(&b.age));
            a.repeats.cmp(&b.repeats).then(by_times)
        });
        rows.dedup_by(|(later, more), (kept, count)| {
            let same = later == kept;
            *count += if same { *more } else { 0 };
            same
        });
        let mut repeats: Vec<u32> = Vec::new();
        let cell = |&(history, count): &(History, u64)| {
            if repeats.last() != Some(&history.repeats) {
                repeats.push(history.repeats);
            }
            Cell {
                history,
                customers: count as f64,
                group: repeats.len() as u32 - 1,
            }
        };
        let cells: Vec<Cell> = rows.iter().map(cell).collect();
        Ok(Self {
            purchases: cells
                .iter()
                .map(|cell| cell.customers * f64::from(cell.history.repeats))
                .sum(),
            customers: rows.iter().map(|(_, count)| count).sum(),
            cells,
            repeats,
            log_gaps: None,
        })
    }

    /// Adds what tells how regular purchases are: the sum, over all customers, of the natural
    /// logarithms of the times between one purchase and the next, in the unit of the histories.
    /// There are as many as repeat purchases. Only models with a regularity look at it.
    ///
    /// # Errors
    /// [`ValueError::Setting`] for NaN or infinity, which a gap of 0 gives.
    pub fn with_log_gaps(mut self, sum: f64) -> Result<Self, ValueError> {
        let must = "finite: purchases of one moment count as one";
        ValueError::check(
            "the sum of the logarithms of gaps",
            sum,
            sum.is_finite(),
            must,
        )?;
        self.log_gaps = Some(sum);
        Ok(self)
    }

    /// Customers in all.
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// Distinct histories; fitting takes time for these.
    pub fn distinct(&self) -> usize {
        self.cells.len()
    }

    /// Refuses what no purchase model can be fitted to.
    pub(super) fn check_fit(&self) -> Result<(), ValueError> {
        if self.customers < 2 {
            return Err(ValueError::TooFew {
                customers: self.customers,
                property: "a history",
            });
        }
        if self.purchases == 0.0 {
            return Err(ValueError::NoRepeat);
        }
        match self.cells.len() {
            1 => Err(ValueError::AllEqual {
                property: "repeat purchases, time of the last one and age",
            }),
            _ => Ok(()),
        }
    }

    /// The mean age, which is what times are measured by while fitting.
    pub(super) fn mean_age(&self) -> f64 {
        let ages = self
            .cells
            .iter()
            .map(|cell| cell.customers * cell.history.age);
        ages.sum::<f64>() / self.customers as f64
    }
}
