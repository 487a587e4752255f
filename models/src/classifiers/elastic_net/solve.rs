//! The solver: Newton steps on the log loss, each solved by cyclic coordinate descent.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use crate::tree::{log_loss_of_score as log_loss, sigmoid};

/// Sums over rows are taken in chunks of this many, and the chunks added up in their order.
const CHUNK: usize = 2048;

/// The share of the penalty on sizes from which on a slope is near it; see [`Penalty::working`].
const NEAR: f64 = 0.5;

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
    pub(super) fn loss(&self, at: &[f64]) -> f64 {
        self.sum(1, |row, values, out| {
            out[0] += self.weights[row] * log_loss(score(values, at), self.labels[row]);
        })[0]
    }

    /// The second derivatives of the log loss in some columns, ascending, and the intercept.
    fn curve(&self, at: &[f64], columns: Vec<usize>) -> Curve {
        let n = columns.len() + 1;
        let rows = self.labels.len();
        let parts: Vec<Vec<f64>> = (0..rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut part = vec![0.0; n * n];
                let mut block = Block::new(n);
                for row in chunk * CHUNK..rows.min((chunk + 1) * CHUNK) {
                    let values = self.z.index_axis(Axis(0), row);
                    let values = values.to_slice().expect("rows are whole");
                    let p = sigmoid(score(values, at));
                    block.take(values, &columns, self.weights[row] * p * (1.0 - p));
                    if block.rows == BLOCK {
                        block.add_to(&mut part);
                    }
                }
                block.add_to(&mut part);
                part
            })
            .collect();
        let mut h = vec![0.0; n * n];
        for part in parts {
            h.iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
        }
        for i in 0..n {
            for j in 0..i {
                h[j * n + i] = h[i * n + j];
            }
        }
        Curve { columns, values: h }
    }
}

/// Second derivatives of the log loss in some of the columns, and in the intercept, which is last.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// The columns, ascending.
    columns: Vec<usize>,
    /// Row-major; one row more than there are columns.
    values: Vec<f64>,
}

/// Rows whose products are added at once: a matrix of sums is read and written once for all of
/// them.
const BLOCK: usize = 4;

/// Some rows, in the columns that count.
struct Block {
    /// Columns, the intercept's included.
    width: usize,
    rows: usize,
    values: Vec<f64>,
    weights: [f64; BLOCK],
}

impl Block {
    fn new(width: usize) -> Self {
        Self {
            width,
            rows: 0,
            values: vec![0.0; BLOCK * width],
            weights: [0.0; BLOCK],
        }
    }

    fn take(&mut self, values: &[f64], columns: &[usize], weight: f64) {
        let line = &mut self.values[self.rows * self.width..][..self.width];
        for (to, column) in line.iter_mut().zip(columns) {
            *to = values[*column];
        }
        line[self.width - 1] = 1.0;
        self.weights[self.rows] = weight;
        self.rows += 1;
    }

    /// Adds the lower half of the products of the columns, and starts again.
    fn add_to(&mut self, sums: &mut [f64]) {
        let n = self.width;
        self.weights[self.rows..].fill(0.0);
        let (a, rest) = self.values.split_at(n);
        let (b, rest) = rest.split_at(n);
        let (c, d) = rest.split_at(n);
        for i in 0..n {
            let [wa, wb, wc, wd] = self.weights;
            let by = [wa * a[i], wb * b[i], wc * c[i], wd * d[i]];
            let line = &mut sums[i * n..][..=i];
            let [a, b, c, d] = [a, b, c, d].map(|values| &values[..=i]);
            for j in 0..=i {
                line[j] += (by[0] * a[j] + by[1] * b[j]) + (by[2] * c[j] + by[3] * d[j]);
            }
        }
        self.rows = 0;
    }
}

/// The log-odds; in four sums side by side, which a processor adds up at once.
fn score(values: &[f64], at: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, at_fours) = (values.chunks_exact(4), at.chunks_exact(4));
    let rest = fours.remainder().iter().zip(&at[values.len() / 4 * 4..]);
    let rest: f64 = rest.map(|(v, c)| v * c).sum();
    for (values, at) in fours.zip(at_fours) {
        for (sum, (value, at)) in sums.iter_mut().zip(values.iter().zip(at)) {
            *sum += value * at;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest + at[values.len()]
}

impl Penalty {
    fn of(self, at: &[f64]) -> f64 {
        let coefficients = &at[..at.len() - 1];
        let sizes: f64 = coefficients.iter().map(|c| c.abs()).sum();
        let squares: f64 = coefficients.iter().map(|c| c * c).sum();
        self.l1 * sizes + 0.5 * self.l2 * squares
    }

    /// The columns that a step may move: those with a coefficient, and those whose slope is near
    /// what would give them one. After the strong rule of Tibshirani et al. 2012, "Strong rules for
    /// discarding predictors in lasso-type problems", which keeps slopes of at least twice the
    /// penalty less the one before; `NEAR` holds that for penalties that fall by a third or less.
    /// What is left out is looked at after every step (see [`Curve::covers`]).
    fn working(self, at: &[f64], gradient: &[f64]) -> Vec<usize> {
        let last = at.len() - 1;
        let counts = |j: &usize| at[*j] != 0.0 || gradient[*j].abs() >= NEAR * self.l1;
        (0..last).filter(counts).collect()
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

impl Curve {
    /// Whether no column that it leaves out has a slope that gives it a coefficient.
    fn covers(&self, at: &[f64], gradient: &[f64], penalty: Penalty) -> bool {
        let mut kept = self.columns.iter().peekable();
        (0..at.len() - 1).all(|j| {
            kept.next_if_eq(&&j).is_some() || at[j] == 0.0 && gradient[j].abs() <= penalty.l1
        })
    }
}

/// When the search for the coefficients ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    /// A solution breaks no optimality condition by more.
    pub tolerance: f64,
    /// The most Newton steps.
    pub iterations: usize,
}

/// Finds the coefficients from where it is, and returns by how much the optimality conditions
/// are broken there.
///
/// A Newton step keeps the second derivatives of an earlier one, also of an earlier penalty or of a
/// sample of the rows, as long as each step halves the violation: they cost as much as many slopes.
/// The slope is always new, so where it ends does not depend on it.
pub(super) fn solve(
    problem: &Problem<'_>,
    penalty: Penalty,
    at: &mut Coefficients,
    stopping: Stopping,
    curve: &mut Option<Curve>,
) -> f64 {
    let mut state = problem.state(at);
    let mut violation = penalty.violation(at, &state.gradient);
    for _ in 0..stopping.iterations {
        if violation <= stopping.tolerance {
            break;
        }
        let kept = curve.take();
        let kept = kept.filter(|curve| curve.covers(at, &state.gradient, penalty));
        let fresh = kept.is_none();
        let h = match kept {
            Some(kept) => kept,
            None => problem.curve(at, penalty.working(at, &state.gradient)),
        };
        let towards = minimise_model(&h, &state.gradient, penalty, at, 0.01 * violation);
        let before = state.loss + penalty.of(at);
        let Some((next, reached)) = line_search(problem, penalty, at, &towards, before) else {
            if fresh {
                // What is left to gain is below what the loss can show.
                break;
            }
            continue;
        };
        (*at, state) = (next, reached);
        let now = penalty.violation(at, &state.gradient);
        if now <= 0.5 * violation {
            *curve = Some(h);
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
) -> Option<(Coefficients, State)> {
    let mut step = 1.0;
    for _ in 0..30 {
        let next: Coefficients = if step == 1.0 {
            towards.to_vec()
        } else {
            let pairs = at.iter().zip(towards);
            pairs.map(|(a, t)| a + step * (t - a)).collect()
        };
        // Nearly every step is taken as it is, and then its slope is needed, too.
        let state = problem.state(&next);
        if state.loss + penalty.of(&next) <= before + 1e-14 * before.abs() {
            return Some((next, state));
        }
        step *= 0.5;
    }
    None
}

/// Minimises the quadratic model of the loss at `at` plus the penalty, by cyclic coordinate
/// descent with soft thresholds (Friedman, Hastie and Tibshirani 2010, equation 5 and section
/// 2.2: "covariance updates"), over the columns of the second derivatives.
fn minimise_model(
    curve: &Curve,
    gradient: &[f64],
    penalty: Penalty,
    at: &[f64],
    tolerance: f64,
) -> Coefficients {
    let n = curve.columns.len() + 1;
    let places = || curve.columns.iter().copied().chain([at.len() - 1]);
    let mut b: Vec<f64> = places().map(|j| at[j]).collect();
    // The slope of the model at `b`.
    let mut slope: Vec<f64> = places().map(|j| gradient[j]).collect();
    for _ in 0..PASSES {
        let mut largest: f64 = 0.0;
        for j in 0..n {
            let curved = curve.values[j * n + j];
            let next = if j + 1 == n {
                b[j] - if curved > 0.0 { slope[j] / curved } else { 0.0 }
            } else if curved + penalty.l2 > 0.0 {
                soft(curved * b[j] - slope[j], penalty.l1) / (curved + penalty.l2)
            } else {
                0.0
            };
            let change = next - b[j];
            if change != 0.0 {
                b[j] = next;
                let line = &curve.values[j * n..(j + 1) * n];
                for (slope, h) in slope.iter_mut().zip(line) {
                    *slope += h * change;
                }
                largest = largest.max(change.abs() * (curved + penalty.l2));
            }
        }
        if largest <= tolerance {
            break;
        }
    }
    let mut next = at.to_vec();
    for (j, value) in places().zip(b) {
        next[j] = value;
    }
    next
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
        let (state, hessian) = (problem.state(&at), problem.curve(&at, vec![0, 1]).values);
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

    #[test]
    fn second_derivatives_of_some_columns_are_part_of_those_of_all() {
        let rows = 11;
        let z = Array2::from_shape_fn((rows, 5), |(i, j)| {
            ((7 * i + 3 * j) % 10) as f64 / 4.0 - 1.0
        });
        let labels: Vec<bool> = (0..rows).map(|row| row % 3 == 0).collect();
        let problem = Problem {
            z: &z,
            labels: &labels,
            weights: (1..=rows).map(|row| row as f64 / 66.0).collect(),
        };
        let at = [0.3, -0.8, 0.2, 0.0, 1.1, -0.4];
        let all = problem.curve(&at, (0..5).collect()).values;
        let some = problem.curve(&at, vec![1, 4]).values;
        for (i, row) in [1, 4, 5].into_iter().enumerate() {
            for (j, column) in [1, 4, 5].into_iter().enumerate() {
                assert!((some[i * 3 + j] - all[row * 6 + column]).abs() < 1e-15);
            }
        }
        let score_by_hand: f64 = z.row(3).iter().zip(&at).map(|(v, c)| v * c).sum::<f64>() - 0.4;
        let said = score(z.row(3).to_slice().unwrap(), &at);
        assert!((said - score_by_hand).abs() < 1e-14);
    }
}
