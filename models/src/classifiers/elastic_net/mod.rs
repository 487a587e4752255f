//! Logistic regression with the elastic net, and a path of penalties.

mod params;
mod solve;

use linfa::ParamGuard;
use ndarray::{Array1, Array2, ArrayView2, Axis};

pub use params::{ElasticNetParams, ElasticNetValidParams};

use super::linear::linear_model;
use super::preprocess::Preprocessing;
use super::validation::{Held, fits_with_validation, hold_out};
use super::{ClassifierError, ProbabilityModel};
use crate::random;
use crate::tree::Targets;
use solve::{Coefficients, Curve, Penalty, Problem, Stopping, solve};

/// Streams of their own among the random numbers of a seed.
const HELD_OUT: u64 = 0x6e65_7400;
const SAMPLE: u64 = 0x6e65_7401;

/// Solutions that no more than the penalty is chosen by need no more digits than this.
const ON_THE_WAY: f64 = 1e-5;

/// One penalty of the path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPoint {
    /// The penalty.
    pub penalty: f64,
    /// Mean log loss of the rows that it is chosen on.
    pub loss: f64,
    /// Coefficients that are not 0.
    pub nonzero: usize,
}

/// A fitted logistic regression with the elastic net (Zou and Hastie 2005, "Regularization and
/// variable selection via the elastic net"). It minimises
///
/// `mean log loss + penalty * (l1_ratio * sum |c| + (1 - l1_ratio) / 2 * sum c^2)`
///
/// over the coefficients `c` and a free intercept, the mean being weighted by the rows. Columns
/// are standardised first (see [`Preprocessing`]), so that the penalty is fair to all. With some
/// L1 the coefficients of columns that add little are exactly 0.
///
/// **Solver.** Proximal Newton steps (Lee, Sun and Saunders 2014, "Proximal Newton-type methods
/// for minimizing composite functions") with a line search, each solved by the coordinate descent
/// of Friedman, Hastie and Tibshirani 2010, "Regularization paths for generalized linear models
/// via coordinate descent". It stops where no optimality condition is broken by more than the
/// tolerance: slopes of the mean log loss plus penalty, in standardised columns
/// ([`violation`](Self::violation) says how far it came). Columns whose coefficient is 0 and whose
/// slope is far below the penalty are passed over, and looked at again after every step. Time is
/// `O(rows x columns)` a step and `O(rows x columns^2)`, of the columns that are not passed over,
/// whenever the second derivatives are taken anew. Weights are honoured, and sums run in fixed
/// chunks, so that the bits are the same on any number of threads.
///
/// **Path.** Where no penalty is given, solutions are followed from the least penalty that
/// leaves no coefficient downwards, and the one of lowest log loss on the validation rows is
/// kept (the largest of equals). Without validation rows a fifth of the training rows, drawn by
/// seed and row number, chooses the penalty, and the model is then fitted on all; should one of
/// the two parts lack a label, the middle of the path is taken.
///
/// **Many rows.** Of more training rows than
/// [`sample_rows`](ElasticNetParams::sample_rows) about so many, drawn by seed and row number,
/// choose the penalty. The model is then fitted on all rows, beginning at what the sample came to,
/// until it keeps to the same tolerance.
///
/// # Errors of fitting
/// As for [`Preprocessing`]; with validation rows also
/// [`ColumnCount`](crate::tree::TreeError::ColumnCount).
#[derive(Clone, Debug, PartialEq)]
pub struct ElasticNet {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) coefficients: Array1<f64>,
    pub(crate) intercept: f64,
    pub(crate) penalty: f64,
    pub(crate) violation: f64,
    pub(crate) path: Vec<PathPoint>,
}

fits_with_validation!(
    ElasticNetParams,
    ElasticNetValidParams,
    ElasticNet,
    "Fits on `train` and chooses the penalty, if none is given, on `validation`."
);

impl ElasticNetValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
        validation: Option<(ArrayView2<'_, f32>, &Targets)>,
    ) -> Result<ElasticNet, ClassifierError> {
        let (preprocessing, z) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        let all = as_problem(&z, targets);
        let sample = self.sample(&z, targets);
        let few = sample.as_ref().map(|(z, targets)| as_problem(z, targets));
        let (chosen, penalty) = match (self.penalty, validation) {
            (Some(penalty), _) => (None, penalty),
            (None, Some((x, held))) => {
                let ready = preprocessing.transform(x);
                let followed =
                    self.follow(few.as_ref().unwrap_or(&all), &ready, held, few.is_some());
                let penalty = followed.penalty;
                (Some(followed), penalty)
            }
            (None, None) => {
                let (z, targets) = sample.as_ref().map_or((&z, targets), |(z, t)| (z, t));
                match hold_out(z, targets, self.seed, HELD_OUT, 5) {
                    Some(Held { fit, held }) => {
                        let part = as_problem(&fit.0, &fit.1);
                        let followed = self.follow(&part, &held.0, &held.1, true);
                        let penalty = followed.penalty;
                        (Some(followed), penalty)
                    }
                    None => (None, self.largest_penalty(&all) * self.path_end.sqrt()),
                }
            }
        };
        let (mut at, violation, path) = self.settle(&all, few.as_ref(), penalty, chosen);
        let intercept = at.pop().unwrap_or(0.0);
        Ok(ElasticNet {
            preprocessing,
            coefficients: Array1::from(at),
            intercept,
            penalty,
            violation,
            path,
        })
    }

    /// About [`sample_rows`](ElasticNetParams::sample_rows) of the rows, by seed and row number;
    /// nothing where there are no more, or where those drawn lack a label.
    fn sample(&self, z: &Array2<f64>, targets: &Targets) -> Option<(Array2<f64>, Targets)> {
        let rows = z.nrows();
        if rows <= self.sample_rows {
            return None;
        }
        let share = self.sample_rows as f64 / rows as f64;
        let drawn = |row: &usize| random::unit(self.seed, SAMPLE, *row as u64) < share;
        let drawn: Vec<usize> = (0..rows).filter(drawn).collect();
        Some((z.select(Axis(0), &drawn), targets.of_rows(&drawn)?))
    }

    /// The solution on all rows, from what led to its penalty, if that was chosen; by way of a
    /// sample, if there is one.
    fn settle(
        &self,
        all: &Problem<'_>,
        few: Option<&Problem<'_>>,
        penalty: f64,
        chosen: Option<Followed>,
    ) -> (Coefficients, f64, Vec<PathPoint>) {
        let (mut at, mut curve, path) = match chosen {
            Some(chosen) if !chosen.of_part => return (chosen.at, chosen.violation, chosen.path),
            Some(chosen) => (chosen.at, chosen.curve, chosen.path),
            None => {
                let (mut at, mut curve) = (start(few.unwrap_or(all)), None);
                if let Some(few) = few {
                    self.solve(few, penalty, &mut at, ON_THE_WAY, &mut curve);
                }
                (at, curve, Vec::new())
            }
        };
        let violation = self.solve(all, penalty, &mut at, self.tolerance, &mut curve);
        (at, violation, path)
    }

    fn solve(
        &self,
        problem: &Problem<'_>,
        penalty: f64,
        at: &mut Coefficients,
        tolerance: f64,
        curve: &mut Option<Curve>,
    ) -> f64 {
        let parts = Penalty {
            l1: penalty * self.l1_ratio,
            l2: penalty * (1.0 - self.l1_ratio),
        };
        let stopping = Stopping {
            tolerance,
            iterations: self.max_iterations,
        };
        solve(problem, parts, at, stopping, curve)
    }

    /// The least penalty that leaves no coefficient. Without L1 there is none; a thousandth is
    /// then taken for its share, as in glmnet.
    fn largest_penalty(&self, problem: &Problem<'_>) -> f64 {
        let at = start(problem);
        let gradient = problem.state(&at).gradient;
        let steepest = gradient[..at.len() - 1]
            .iter()
            .map(|g| g.abs())
            .fold(0.0, f64::max);
        // Without any slope every penalty leaves nothing.
        steepest.max(1e-9) / self.l1_ratio.max(1e-3)
    }

    /// Solutions from the largest penalty downwards, each begun at the one before. Those `of_part`
    /// of the rows choose the penalty and no more.
    fn follow(
        &self,
        problem: &Problem<'_>,
        held: &Array2<f64>,
        targets: &Targets,
        of_part: bool,
    ) -> Followed {
        let tolerance = match of_part {
            true => self.tolerance.max(ON_THE_WAY),
            false => self.tolerance,
        };
        let largest = self.largest_penalty(problem);
        let last = (self.path_length - 1) as f64;
        let judge = as_problem(held, targets);
        let (mut at, mut curve) = (start(problem), None);
        let mut best: Option<Followed> = None;
        let mut path: Vec<PathPoint> = Vec::new();
        let mut since = 0;
        for number in 0..self.path_length {
            let penalty = largest * libm::pow(self.path_end, number as f64 / last);
            let violation = self.solve(problem, penalty, &mut at, tolerance, &mut curve);
            let loss = judge.loss(&at);
            path.push(PathPoint {
                penalty,
                loss,
                nonzero: at[..at.len() - 1].iter().filter(|c| **c != 0.0).count(),
            });
            let better = best.as_ref().is_none_or(|best| loss < best.loss);
            if better {
                best = Some(Followed {
                    penalty,
                    loss,
                    at: at.clone(),
                    violation,
                    of_part,
                    curve: curve.clone(),
                    path: Vec::new(),
                });
                since = 0;
            } else {
                since += 1;
                if since == self.patience {
                    break;
                }
            }
        }
        let mut best = best.expect("a path has at least two penalties");
        best.path = path;
        best
    }
}

/// What the path came to.
struct Followed {
    penalty: f64,
    loss: f64,
    at: Coefficients,
    violation: f64,
    /// Whether it was followed on a part of the rows.
    of_part: bool,
    /// Second derivatives near where it ended.
    curve: Option<Curve>,
    path: Vec<PathPoint>,
}

fn as_problem<'a>(z: &'a Array2<f64>, targets: &'a Targets) -> Problem<'a> {
    let rows = targets.labels.len();
    Problem {
        z,
        labels: &targets.labels,
        weights: (0..rows)
            .map(|row| targets.weight(row) / targets.total)
            .collect(),
    }
}

/// No coefficient, and the log-odds of the base rate.
fn start(problem: &Problem<'_>) -> Coefficients {
    let weighted = problem.labels.iter().zip(&problem.weights);
    let base: f64 = weighted.filter(|(label, _)| **label).map(|(_, w)| w).sum();
    let mut at = vec![0.0; problem.z.ncols() + 1];
    at[problem.z.ncols()] = libm::log(base / (1.0 - base));
    at
}

/// The slope and the start of the log-odds along one column, by all but unpenalised logistic
/// regression: the penalty only keeps labels that the column parts from an endless slope.
pub(super) fn straight_line(z: &Array2<f64>, targets: &Targets) -> (f64, f64) {
    let problem = as_problem(z, targets);
    let mut at = start(&problem);
    let penalty = Penalty { l1: 0.0, l2: 1e-4 };
    let stopping = Stopping {
        tolerance: 1e-9,
        iterations: 100,
    };
    solve(&problem, penalty, &mut at, stopping, &mut None);
    (at[0], at[1])
}

linear_model!(ElasticNet, ElasticNetParams);

impl ElasticNet {
    /// What made the features ready.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The penalty, given or chosen.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// By how much the optimality conditions are broken at most.
    pub fn violation(&self) -> f64 {
        self.violation
    }

    /// The penalties that were tried, falling; empty where one was given.
    pub fn path(&self) -> &[PathPoint] {
        &self.path
    }
}

#[cfg(test)]
mod tests;
