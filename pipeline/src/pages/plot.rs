//! Where things lie in a plot.

use serde::Serialize;

use crate::text::round;

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
        let axes = Self::axes([0.0, reach], [0.0, reach]);
        let [across, up] = axes;
        let ticks = |axis: Axis| {
            let tick = |part: u32| {
                let share = reach * f64::from(part) / 4.0;
                axis.tick(share, tr!("{n} %", n = round(100.0 * share, 1)))
            };
            (0..=4).map(tick).collect()
        };
        Self {
            line: line(axes, points),
            dots: Vec::new(),
            across: ticks(across),
            up: ticks(up),
            axes,
        }
    }

    /// A line through points over values across, from the first to the last of them, and values up.
    ///
    /// - `ticks`: values with their names, across and up.
    pub fn over(
        points: &[[f64; 2]],
        across: [f64; 2],
        up: [f64; 2],
        ticks: [&[(f64, String)]; 2],
    ) -> Self {
        let axes = Self::axes(across, up);
        let marks = |axis: Axis, of: &[(f64, String)]| {
            let tick = |(value, label): &(f64, String)| axis.tick(*value, label.clone());
            of.iter().map(tick).collect()
        };
        Self {
            line: line(axes, points),
            dots: Vec::new(),
            across: marks(axes[0], ticks[0]),
            up: marks(axes[1], ticks[1]),
            axes,
        }
    }

    fn axes(across: [f64; 2], up: [f64; 2]) -> [Axis; 2] {
        [Axis::new(across, [0.0, SIDE]), Axis::new(up, [SIDE, 0.0])]
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

fn line([across, up]: [Axis; 2], points: &[[f64; 2]]) -> String {
    let place = |point: &[f64; 2]| format!("{},{}", across.at(point[0]), up.at(point[1]));
    points.iter().map(place).collect::<Vec<_>>().join(" ")
}

/// Values that are easily read, at most so many steps from the first at or below `low` to the last at or
/// above `high`: of 1, 2 or 5 times a power of ten.
pub fn round_values(low: f64, high: f64, steps: usize) -> Vec<f64> {
    let rough = (high - low) / steps.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![low];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = step.into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let (from, to) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    // Digits that come from the halves of binary numbers are of no value.
    (from..=to).map(|at| round(at as f64 * step, 9)).collect()
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
    fn round_values_span_what_is_shown() {
        assert_eq!(round_values(-3.2, 19.1, 4), [-10.0, 0.0, 10.0, 20.0]);
        assert_eq!(round_values(0.0, 0.07, 4), [0.0, 0.02, 0.04, 0.06, 0.08]);
        assert_eq!(round_values(5.0, 5.0, 4), [5.0]);
    }

    #[test]
    fn a_curve_over_other_values_has_its_own_marks() {
        let ticks = [(-10.0, "-10 EUR".to_owned()), (20.0, "20 EUR".to_owned())];
        let curve = Curve::over(
            &[[0.0, 20.0], [1.0, -10.0]],
            [0.0, 1.0],
            [-10.0, 20.0],
            [&[], &ticks],
        );
        assert_eq!(curve.line, "0,0 300,300");
        assert_eq!(
            (curve.up[0].at, curve.up[0].label.as_str()),
            (300.0, "-10 EUR")
        );
        assert!(curve.across.is_empty());
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
