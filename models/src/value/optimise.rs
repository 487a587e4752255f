//! The search for the most likely parameters: quasi-Newton steps, then Newton's.

use super::ValueError;

/// When the search ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stopping {
    pub iterations: usize,
    pub tolerance: f64,
}

impl Stopping {
    /// Refuses a search that could not end well.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let most = self.iterations;
        ValueError::check("iterations", most as f64, most >= 1, "at least 1")?;
        let good = self.tolerance > 0.0 && self.tolerance <= 1e-3;
        let must = "above 0 and at most 0.001";
        ValueError::check("tolerance", self.tolerance, good, must)
    }
}

/// Where the search ended.
#[derive(Clone, Debug)]
pub(super) struct Minimum<const N: usize> {
    pub at: [f64; N],
    pub value: f64,
    /// Second derivatives.
    pub hessian: [[f64; N]; N],
    pub iterations: usize,
    /// Whether the slope is within the tolerance, or small and the value without a digit left to
    /// go down by.
    pub settled: bool,
    /// The largest slope among parameters that are free to move, per unit of the value (or 1, if
    /// that is more).
    pub slope: f64,
    /// Parameters that would go on beyond [`LIMIT`].
    pub at_limit: [bool; N],
}

/// No parameter, as a logarithm, goes further from 0 than this: a factor of 60,000 from where a
/// number of its kind is expected is as good as none or infinite.
pub(super) const LIMIT: f64 = 11.0;

/// Where parameters run to infinity the value is a difference of large numbers, and a slope below
/// this is lost in its last digits.
const NO_DIGIT_LEFT: f64 = 1e-6;

/// Parameters move by a factor of at most e^2 in a step.
const LONGEST_STEP: f64 = 2.0;

/// A function and its slopes.
pub(super) type Value<const N: usize> = (f64, [f64; N]);

struct Point<const N: usize> {
    at: [f64; N],
    value: f64,
    slopes: [f64; N],
}

impl<const N: usize> Point<N> {
    fn new(at: [f64; N], function: &impl Fn(&[f64; N]) -> Value<N>) -> Self {
        let (value, slopes) = function(&at);
        Self { at, value, slopes }
    }

    fn held(&self, i: usize) -> bool {
        self.at[i].abs() >= LIMIT && self.slopes[i] * self.at[i] < 0.0
    }

    /// Slopes, 0 where a parameter is held at its limit.
    fn free_slopes(&self) -> [f64; N] {
        std::array::from_fn(|i| if self.held(i) { 0.0 } else { self.slopes[i] })
    }

    fn slope(&self) -> f64 {
        let largest = self
            .free_slopes()
            .iter()
            .fold(0.0, |most: f64, s| most.max(s.abs()));
        largest / self.value.abs().max(1.0)
    }

    /// The best point on the way, or nothing if it goes down nowhere.
    fn step(&self, function: &impl Fn(&[f64; N]) -> Value<N>, mut way: [f64; N]) -> Option<Self> {
        let longest = way.iter().fold(0.0, |most: f64, part| most.max(part.abs()));
        if longest > LONGEST_STEP {
            way = way.map(|part| part * LONGEST_STEP / longest);
        }
        let mut share = 1.0;
        for _ in 0..40 {
            let at: [f64; N] =
                std::array::from_fn(|i| (self.at[i] + share * way[i]).clamp(-LIMIT, LIMIT));
            let moved: [f64; N] = std::array::from_fn(|i| at[i] - self.at[i]);
            let next = Self::new(at, function);
            let promised = dot(&self.slopes, &moved);
            // Values have about 13 digits, which near the end hide how far it goes down.
            let digits = 1e-13 * self.value.abs();
            let bound = self.value + 1e-4 * promised.min(0.0) + digits;
            if next.value.is_finite() && next.value <= bound {
                return Some(next);
            }
            share *= 0.5;
        }
        None
    }
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| dot(&matrix[i], vector))
}

fn unit<const N: usize>(scale: f64) -> [[f64; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j { scale } else { 0.0 }))
}

/// The inverse of a symmetric matrix, if it is positive definite (Gauss-Jordan: as long as no
/// pivot falls to 0 it is).
pub(super) fn inverse<const N: usize>(matrix: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut left = *matrix;
    let mut right = unit(1.0);
    for pivot in 0..N {
        let size = left[pivot][pivot];
        if !(size > 1e-14 * matrix[pivot][pivot].abs() && size.is_finite()) {
            return None;
        }
        left[pivot] = left[pivot].map(|value| value / size);
        right[pivot] = right[pivot].map(|value: f64| value / size);
        for row in (0..N).filter(|row| *row != pivot) {
            let factor = left[row][pivot];
            for column in 0..N {
                left[row][column] -= factor * left[pivot][column];
                right[row][column] -= factor * right[pivot][column];
            }
        }
    }
    Some(right)
}

/// Second derivatives, from central differences of the slopes.
fn hessian<const N: usize>(
    function: &impl Fn(&[f64; N]) -> Value<N>,
    at: &[f64; N],
) -> [[f64; N]; N] {
    const STEP: f64 = 1e-4;
    let rows: [[f64; N]; N] = std::array::from_fn(|i| {
        let moved = |by: f64| {
            let mut at = *at;
            at[i] += by;
            function(&at).1
        };
        let (above, below) = (moved(STEP), moved(-STEP));
        std::array::from_fn(|j| (above[j] - below[j]) / (2.0 * STEP))
    });
    std::array::from_fn(|i| std::array::from_fn(|j| 0.5 * (rows[i][j] + rows[j][i])))
}

/// Takes what a step has taught into the inverse of the second derivatives (Broyden, Fletcher,
/// Goldfarb and Shanno; Nocedal and Wright 2006, "Numerical Optimization", 6.17).
fn learn<const N: usize>(
    inverse: &mut [[f64; N]; N],
    moved: &[f64; N],
    turned: &[f64; N],
    first: bool,
) {
    let along = dot(moved, turned);
    if along <= 1e-12 * dot(moved, moved).sqrt() * dot(turned, turned).sqrt() {
        return;
    }
    if first {
        *inverse = unit(along / dot(turned, turned));
    }
    let seen = times(inverse, turned);
    let spread = (1.0 + dot(turned, &seen) / along) / along;
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] +=
                spread * moved[i] * moved[j] - (seen[i] * moved[j] + moved[i] * seen[j]) / along;
        }
    }
}

/// A symmetric matrix in which what is held has nothing to do with the rest.
pub(super) fn without<const N: usize>(
    matrix: &[[f64; N]; N],
    held: impl Fn(usize) -> bool,
) -> [[f64; N]; N] {
    let kept: [[f64; N]; N] = unit(1.0);
    let entry = |i: usize, j: usize| match held(i) || held(j) {
        true => kept[i][j],
        false => matrix[i][j],
    };
    std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
}

/// Newton's step; parameters at their limit stay.
fn newton<const N: usize>(point: &Point<N>, hessian: &[[f64; N]; N]) -> Option<[f64; N]> {
    let free = without(hessian, |i| point.held(i));
    Some(times(&inverse(&free)?, &point.free_slopes()).map(|part| -part))
}

/// Goes down from `start` until no slope is above the tolerance.
///
/// The same function gives the same bits: nothing here depends on time or threads.
pub(super) fn minimise<const N: usize>(
    function: impl Fn(&[f64; N]) -> Value<N>,
    start: [f64; N],
    stopping: Stopping,
) -> Minimum<N> {
    let start = start.map(|value| value.clamp(-LIMIT, LIMIT));
    let mut point = Point::new(start, &function);
    let mut estimate = unit(1.0);
    let mut fresh = true;
    let mut iterations = 0;
    // Newton's steps take over near the end.
    while iterations < stopping.iterations && point.slope() > 1e-6_f64.max(stopping.tolerance) {
        iterations += 1;
        let slopes = point.free_slopes();
        let mut way = times(&estimate, &slopes).map(|part| -part);
        for (i, part) in way.iter_mut().enumerate() {
            *part = if point.held(i) { 0.0 } else { *part };
        }
        let down = dot(&way, &slopes) < 0.0;
        match point.step(&function, way).filter(|_| down) {
            Some(next) => {
                let moved = std::array::from_fn(|i| next.at[i] - point.at[i]);
                let turned = std::array::from_fn(|i| next.slopes[i] - point.slopes[i]);
                learn(&mut estimate, &moved, &turned, fresh);
                fresh = false;
                point = next;
            }
            None if fresh => break,
            None => (estimate, fresh) = (unit(1.0), true),
        }
    }
    // Second derivatives cost as much as many steps, so they are taken anew only after a long way.
    let mut second = hessian(&function, &point.at);
    while iterations < stopping.iterations && point.slope() > stopping.tolerance {
        iterations += 1;
        let Some(next) = newton(&point, &second).and_then(|way| point.step(&function, way)) else {
            break;
        };
        let far = next
            .at
            .iter()
            .zip(&point.at)
            .any(|(next, at)| (next - at).abs() > 1e-3);
        point = next;
        if far {
            second = hessian(&function, &point.at);
        }
    }
    let slope = point.slope();
    let no_digit_left = iterations < stopping.iterations && slope <= NO_DIGIT_LEFT;
    Minimum {
        at_limit: std::array::from_fn(|i| point.held(i)),
        settled: slope <= stopping.tolerance || no_digit_left,
        slope,
        at: point.at,
        value: point.value,
        hessian: second,
        iterations,
    }
}
