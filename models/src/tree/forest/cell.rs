//! What a forest sums of its rows. Both kinds are whole numbers, so the order of adding is free.

use super::super::histogram::RowStat;

/// The sums over some rows, each counted as often as it was drawn.
pub(super) trait Cell: Copy + Default + Send + Sync {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    /// Rows, however often they were drawn.
    fn rows(self) -> u32;
    /// Sum of the labels and of the weights, in units of the fixed point.
    fn sums(self) -> (i64, i64);
}

/// A classification in which every row weighs the same, in one word of three fields of 21 bits:
/// distinct rows, rows as often as they were drawn, and of those the ones labelled `true`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts(u64);

/// Bits of a field.
const FIELD: u32 = 21;

impl Counts {
    /// The most rows that fit.
    pub(super) const MOST: usize = (1 << FIELD) - 1;

    pub(super) fn of(label: bool, times: u32) -> Self {
        let times = u64::from(times);
        let positives = if label { times } else { 0 };
        Self(1 << (2 * FIELD) | times << FIELD | positives)
    }
}

impl Cell for Counts {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    fn rows(self) -> u32 {
        (self.0 >> (2 * FIELD)) as u32
    }

    fn sums(self) -> (i64, i64) {
        let field = |shift: u32| (self.0 >> shift & Self::MOST as u64) as i64;
        (field(0), field(FIELD))
    }
}

/// Any labels and weights, in fixed point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weighted {
    gradient: i64,
    hessian: i64,
    rows: u32,
}

impl Weighted {
    pub(super) fn of(stat: RowStat, times: u32) -> Self {
        Self {
            gradient: i64::from(stat.gradient) * i64::from(times),
            hessian: i64::from(stat.hessian) * i64::from(times),
            rows: 1,
        }
    }
}

impl Cell for Weighted {
    fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            hessian: self.hessian + other.hessian,
            rows: self.rows + other.rows,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }

    fn rows(self) -> u32 {
        self.rows
    }

    fn sums(self) -> (i64, i64) {
        (self.gradient, self.hessian)
    }
}
