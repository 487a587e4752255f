//! The solver: Newton steps on the log loss, each solved by cyclic coordinate descent.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::tree::{log_loss_of_score as log_loss, sigmoid};

/// Sums over rows are taken in chunks of this many, and the chunks added up in their order.
const CHUNK: usize = 2048;

/// Passes over the coefficients in one Newton step, at most.
const PASSES: usize = 500;

/// Rows made ready, labels, and weights that sum to 1.
pub(super) struct Problem<'a> {
    pub z: &'a Array2<f64>,
    pub labels: &'a [bool],
    pub weights: Vec<f64>,
}

/// Coefficients, the intercept last.
pub(super) type Coefficients = Vec<f64>;

/// Penalties on sizes and on half squares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

/// The mean log loss at some coefficients and its slope in each.
pub(super) struct State {
    pub loss: f64,
    pub gradient: Vec<f64>,
}

impl Problem<'_> {
    fn columns(&self) -> usize {
        self.z.ncols()
    }

    /// Adds up what `f` adds for each row, in a fixed order.
    fn sum(&self, width: usize, f: impl Fn(usize, &[f64], &mut [f64]) + Sync) -> Vec<f64> {
        let rows = self.labels.len();
        let parts: Vec<Vec<f64>> = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut part = vec![0.0; width];
                for row in chunk * CHUNK..rows.min((chunk + 1) * CHUNK) {
                    let values = self.z.index_axis(Axis(0), row);
                    f(row, values.to_slice().expect("rows are whole"), &mut part);
                }
                part
            })
            .collect();
        let mut total = vec![0.0; width];
        for part in parts {
            total.iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
        }
        total
    }

    /// The log loss and its slope.
    pub(super) fn state(&self, at: &[f64]) -> State {
        let columns = self.columns();
        let mut sums = self.sum(columns + 2, |row, values, out| {
            let score = score(values, at);
            let label = self.labels[row];
            let weight = self.weights[row];
            let off = weight * (sigmoid(score) - if label { 1.0 } else { 0.0 });
            for (out, value) in out.iter_mut().zip(values) {
                *out += off * value;
            }
            out[columns] += off;
            out[columns + 1] += weight * log_loss(score, label);
        });
        let loss = sums.pop().unwrap_or(0.0);
        State {
            loss,
            gradient: sums,
        }
    }

    /// The log loss alone.
    fn loss(&self, at: &[f64]) -> f64 {
        self.sum(1, |row, values, out| {
            out[0] += self.weights[row] * log_loss(score(values, at), self.labels[row]);
        })[0]
    }

    /// The second derivatives of the log loss, row-major.
    fn hessian(&self, at: &[f64]) -> Vec<f64> {
        let n = at.len();
        let mut h = self.sum(n * n, |row, values, out| {
            let p = sigmoid(score(values, at));
            let weight = self.weights[row] * p * (1.0 - p);
            for (i, value) in values.iter().enumerate() {
                if *value != 0.0 {
                    let by = weight * value;
                    let line = &mut out[i * n..i * n + n - 1];
                    // The lower half; the upper one is copied from it.
                    for (out, other) in line[..=i].iter_mut().zip(values) {
                        *out += by * other;
                    }
                }
            }
            let line = &mut out[(n - 1) * n..];
            for (out, value) in line.iter_mut().zip(values) {
                *out += weight * value;
            }
            line[n - 1] += weight;
        });
        for i in 0..n {
            for j in 0..i {
                h[j * n + i] = h[i * n + j];
            }
        }
        h
    }
}

fn score(values: &[f64], at: &[f64]) -> f64 {
    let sum: f64 = values.iter().zip(at).map(|(v, c)| v * c).sum();
    sum + at[values.len()]
}

impl Penalty {
    fn of(self, at: &[f64]) -> f64 {
        let coefficients = &at[..at.len() - 1];
        let sizes: f64 = coefficients.iter().map(|c| c.abs()).sum();
        let squares: f64 = coefficients.iter().map(|c| c * c).sum();
        self.l1 * sizes + 0.5 * self.l2 * squares
    }

    /// By how much the optimality conditions are broken at most: the slope of the intercept is
    /// 0; that of a coefficient is 0 too, or, where the coefficient is 0, no steeper than `l1`.
    fn violation(self, at: &[f64], gradient: &[f64]) -> f64 {
        let last = at.len() - 1;
        let broken = |j: usize| {
            let (c, g) = (at[j], gradient[j]);
            if j == last {
                g.abs()
            } else if c == 0.0 {
                (g.abs() - self.l1).max(0.0)
            } else {
                (g + self.l2 * c + self.l1 * c.signum()).abs()
            }
        };
        (0..=last).map(broken).fold(0.0, f64::max)
    }
}

/// Finds the coefficients from where it is, and returns by how much the optimality conditions
/// are broken there.
///
/// A Newton step keeps the second derivatives of an earlier one as long as each step makes the
/// violation ten times smaller; the slope is always new, so where it ends does not depend on it.
pub(super) fn solve(
    problem: &Problem<'_>,
    penalty: Penalty,
    at: &mut Coefficients,
    tolerance: f64,
    max_iterations: usize,
) -> f64 {
    let mut state = problem.state(at);
    let mut violation = penalty.violation(at, &state.gradient);
    let mut hessian: Option<Vec<f64>> = None;
    for _ in 0..max_iterations {
        if violation <= tolerance {
            break;
        }
        let fresh = hessian.is_none();
        let h = hessian.take().unwrap_or_else(|| problem.hessian(at));
        let towards = minimise_model(&h, &state.gradient, penalty, at, 0.01 * violation);
        let before = state.loss + penalty.of(at);
        let Some(next) = line_search(problem, penalty, at, &towards, before) else {
            if fresh {
                // What is left to gain is below what the loss can show.
                break;
            }
            continue;
        };
        *at = next;
        state = problem.state(at);
        let now = penalty.violation(at, &state.gradient);
        if now <= 0.1 * violation {
            hessian = Some(h);
        }
        violation = now;
    }
    violation
}

/// The point on the way that lowers the loss, halving the step until one does.
fn line_search(
    problem: &Problem<'_>,
    penalty: Penalty,
    at: &[f64],
    towards: &[f64],
    before: f64,
) -> Option<Coefficients> {
    let mut step = 1.0;
    for _ in 0..30 {
        let next: Coefficients = if step == 1.0 {
            towards.to_vec()
        } else {
            let pairs = at.iter().zip(towards);
            pairs.map(|(a, t)| a + step * (t - a)).collect()
        };
        let loss = problem.loss(&next) + penalty.of(&next);
        if loss <= before + 1e-14 * before.abs() {
            return Some(next);
        }
        step *= 0.5;
    }
    None
}

/// Minimises the quadratic model of the loss at `at` plus the penalty, by cyclic coordinate
/// descent with soft thresholds (Friedman, Hastie and Tibshirani 2010, equation 5 and section
/// 2.2: "covariance updates").
fn minimise_model(
    h: &[f64],
    gradient: &[f64],
    penalty: Penalty,
    at: &[f64],
    tolerance: f64,
) -> Coefficients {
    let n = at.len();
    let mut b = at.to_vec();
    // The slope of the model at `b`.
    let mut slope = gradient.to_vec();
    for _ in 0..PASSES {
        let mut largest: f64 = 0.0;
        for j in 0..n {
            let curve = h[j * n + j];
            let next = if j + 1 == n {
                b[j] - if curve > 0.0 { slope[j] / curve } else { 0.0 }
            } else if curve + penalty.l2 > 0.0 {
                soft(curve * b[j] - slope[j], penalty.l1) / (curve + penalty.l2)
            } else {
                0.0
            };
            let change = next - b[j];
            if change != 0.0 {
                b[j] = next;
                let line = &h[j * n..(j + 1) * n];
                for (slope, h) in slope.iter_mut().zip(line) {
                    *slope += h * change;
                }
                largest = largest.max(change.abs() * (curve + penalty.l2));
            }
        }
        if largest <= tolerance {
            break;
        }
    }
    b
}

fn soft(value: f64, threshold: f64) -> f64 {
    if value > threshold {
        value - threshold
    } else if value < -threshold {
        value + threshold
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let z = array![[0.5, -1.0], [2.0, 0.3], [-0.7, 0.0], [0.1, 1.2]];
        let problem = Problem {
            z: &z,
            labels: &[true, false, true, false],
            weights: vec![0.1, 0.4, 0.2, 0.3],
        };
        let at = [0.3, -0.8, 0.2];
        let (state, hessian) = (problem.state(&at), problem.hessian(&at));
        assert_eq!(state.loss, problem.loss(&at));
        let step = 1e-5;
        for j in 0..3 {
            let moved = |by: f64| {
                let mut at = at;
                at[j] += by;
                problem.state(&at)
            };
            let (up, down) = (moved(step), moved(-step));
            let slope = (up.loss - down.loss) / (2.0 * step);
            assert!((slope - state.gradient[j]).abs() < 1e-9);
            for k in 0..3 {
                let curve = (up.gradient[k] - down.gradient[k]) / (2.0 * step);
                assert!((curve - hessian[j * 3 + k]).abs() < 1e-9);
            }
        }
    }
}
