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

/// A point of a plot, with the interval that it may lie in.
#[derive(Clone, Debug, Serialize)]
pub struct Dot {
    /// Its place across.
    pub x: f64,
    /// Its place up.
    pub y: f64,
    /// The lower end of its interval; the place itself without one.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What it says, for who points at it.
    pub words: String,
}

/// The side of the plot of a [`Curve`], as the macro `curve` has it.
const SIDE: f64 = 300.0;

/// A line, or dots, over two axes of shares that begin at 0.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// The points of the line.
    pub line: String,
    /// Dots on it, or without it.
    pub dots: Vec<Dot>,
    /// The marks below it.
    pub across: Vec<Tick>,
    /// Those at its left.
    pub up: Vec<Tick>,
    #[serde(skip)]
    axes: [Axis; 2],
}

impl Curve {
    /// A line through points, on axes that go up to `reach`.
    pub fn through(points: &[[f64; 2]], reach: f64) -> Self {
        let axes = [[0.0, SIDE], [SIDE, 0.0]].map(|places| Axis::new([0.0, reach], places));
        let [across, up] = axes;
        let place = |point: &[f64; 2]| format!("{},{}", across.at(point[0]), up.at(point[1]));
        let ticks = |axis: Axis| {
            let tick = |part: u32| {
                let share = reach * f64::from(part) / 4.0;
                axis.tick(share, format!("{} %", round(100.0 * share, 1)))
            };
            (0..=4).map(tick).collect()
        };
        Self {
            line: points.iter().map(place).collect::<Vec<_>>().join(" "),
            dots: Vec::new(),
            across: ticks(across),
            up: ticks(up),
            axes,
        }
    }

    /// Puts a dot on it, with the interval that it may lie in.
    pub fn dot(&mut self, point: [f64; 2], interval: [f64; 2], words: String) {
        let [across, up] = self.axes;
        self.dots.push(Dot {
            x: across.at(point[0]),
            y: up.at(point[1]),
            low: up.at(interval[0]),
            high: up.at(interval[1]),
            words,
        });
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

    #[test]
    fn a_curve_begins_at_the_lower_left() {
        let mut curve = Curve::through(&[[0.0, 0.0], [0.5, 0.5]], 0.5);
        assert_eq!(curve.line, "0,300 300,0");
        assert_eq!(curve.across[2].label, "25 %");
        curve.dot([0.25, 0.5], [0.4, 0.5], String::new());
        assert_eq!(
            (curve.dots[0].x, curve.dots[0].y, curve.dots[0].low),
            (150.0, 0.0, 60.0)
        );
    }
}
