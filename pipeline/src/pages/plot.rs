//! Where things lie in a plot.

use serde::Serialize;

use crate::outputs::table::round;

/// A mark on an axis, and what it is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tick {
    /// Its place, in the unit of the plot.
    pub at: f64,
    /// What stands there.
    pub label: String,
}

/// Values from one to another, and the stretch of the plot on which they lie.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    values: [f64; 2],
    places: [f64; 2],
}

impl Axis {
    /// An axis along which values grow evenly.
    pub fn new(values: [f64; 2], places: [f64; 2]) -> Self {
        Self { values, places }
    }

    /// Where a value lies; in the middle where all values are the same.
    pub fn at(&self, value: f64) -> f64 {
        let ([low, high], [from, to]) = (self.values, self.places);
        let share = (value - low) / (high - low);
        let share = if share.is_finite() { share } else { 0.5 };
        place(from + share * (to - from))
    }

    /// A mark at a value.
    pub fn tick(&self, value: f64, label: String) -> Tick {
        Tick {
            at: self.at(value),
            label,
        }
    }
}

/// A coordinate with as many digits as can be seen.
pub fn place(coordinate: f64) -> f64 {
    round(coordinate, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_the_ends_of_the_axis() {
        let up = Axis::new([0.0, 0.4], [300.0, 0.0]);
        assert_eq!(
            [0.0, 0.1, 0.4].map(|value| up.at(value)),
            [300.0, 225.0, 0.0]
        );
        assert_eq!(Axis::new([2.0, 2.0], [0.0, 160.0]).at(2.0), 80.0);
    }
}
