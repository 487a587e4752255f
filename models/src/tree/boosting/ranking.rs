//! Relevances within queries as the label: LambdaRank, which learns an order.

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

use super::super::histogram::{FixedPoint, RowStat};
use super::super::logistic::sigmoid;
use super::super::node::Tree;
use super::super::predict::predicts_numbers;
use super::super::{TreeError, TreeParamError};
use super::fit::{Boosted, boost};
use super::loss::{BoostingLoss, Job, Objective, Rows, fill, sealed};
use super::params::BoostingParams;
use super::score::{boosted_model, check_columns, scores};
use crate::metrics::ndcg::{discount, gain, ideal, is_relevance, of_query};

/// The label of a row that is to be ranked among those of its query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The number of the query: of the customer, search or shelf whose rows are put in order.
    /// The rows of a query may lie anywhere.
    pub query: u64,
    /// How good the row is, 0 to 30; a row of relevance `r` gains `2^r - 1` in its place.
    pub relevance: f32,
}

/// The loss of LambdaRank: what is lost of the normalised discounted cumulative gain.
#[derive(Clone, Debug, PartialEq)]
pub struct Lambda {
    pub(crate) ndcg_at: usize,
    pub(crate) truncation: usize,
}

impl Default for Lambda {
    fn default() -> Self {
        Self {
            ndcg_at: 10,
            truncation: 30,
        }
    }
}

impl BoostingParams<Lambda> {
    /// How many places count in the gain of the validation rows, at least 1. Default 10.
    pub fn ndcg_at(mut self, places: usize) -> Self {
        self.0.loss.ndcg_at = places;
        self
    }

    /// Pairs of rows are learned from when at least one stands within this many places, at
    /// least 1; a little more than the places that are shown. Default 30.
    pub fn truncation(mut self, places: usize) -> Self {
        self.0.loss.truncation = places;
        self
    }
}

/// A fitted sum of trees whose order within a query is to have the best rows first.
///
/// Source: Burges 2010, "From RankNet to LambdaRank to LambdaMART: an overview", section 7
/// (sigma = 1): every pair of rows of different relevance pulls its two scores apart with the
/// gradient of its logistic loss times what swapping the two would change of the query's
/// normalised discounted cumulative gain. Rows of equal score stand in the order of their
/// numbers.
///
/// Labels are [`Judgement`]s, features `f32` with `NaN` for missing. A weight is that of a
/// query and is given to all its rows. The validation loss is one less the mean gain at
/// [`ndcg_at`](BoostingParams::ndcg_at), as [`ndcg`](crate::metrics::ndcg) measures it, by the
/// weights of the queries: equal scores share their places, queries without a relevance above
/// 0 do not count.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use regulars_models::tree::{Judgement, LambdaRank};
///
/// // Fifty customers are each offered ten products and buy those that suit them best.
/// let x = Array2::from_shape_fn((500, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
/// let y = Array1::from_shape_fn(500, |row| Judgement {
///     query: row as u64 / 10,
///     relevance: if x[[row, 0]] > 60.0 { 1.0 } else { 0.0 },
/// });
/// let model = LambdaRank::params().feature_fraction(1.0).fit(&Dataset::new(x.clone(), y)).unwrap();
/// let score = model.predict_score(x.view());
/// assert!(score[9] > score[8]);
/// ```
///
/// # Errors of fitting
/// See [`TreeError`]: settings out of range, no rows or columns, an infinite feature, labels or
/// weights that do not match the rows, a relevance out of range, weights that differ within a
/// query, no query with rows of different relevance.
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaRank {
    pub(crate) features: usize,
    /// The score before any tree: 0, for only differences matter.
    pub(crate) start: f64,
    pub(crate) trees: Vec<Tree>,
    pub(crate) validation_losses: Vec<f64>,
}

boosted_model!(LambdaRank, LambdaRankParams);

impl LambdaRank {
    /// The score of each row of `x` (`n_rows x n_features`, `NaN` where missing); within a
    /// query the highest comes first. Scores of different queries do not compare.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.features, x);
        scores(self.start, &self.trees, x)
    }
}

predicts_numbers!(LambdaRank, predict_score);

impl sealed::Sealed for Lambda {}

impl BoostingLoss for Lambda {
    type Label = Judgement;
    type Model = LambdaRank;

    fn check(&self) -> Result<(), TreeParamError> {
        TreeParamError::check_counts([
            ("ndcg_at", Some(self.ndcg_at)),
            ("truncation", Some(self.truncation)),
        ])
    }

    fn boost(&self, job: Job<'_, Self>) -> Result<LambdaRank, TreeError> {
        let x = job.train.x;
        let validation = match job.validation {
            Some(rows) => Some((rows.x, Queries::new(self, rows)?)),
            None => None,
        };
        let train = Queries::new(self, job.train)?;
        let from = job.from.map(|model| Boosted {
            features: model.features,
            start: vec![model.start],
            trees: model.trees.clone(),
            validation_losses: Vec::new(),
        });
        let fitted = boost(job.settings, x, &train, validation, from)?;
        Ok(LambdaRank {
            features: fitted.features,
            start: fitted.start[0],
            trees: fitted.trees,
            validation_losses: fitted.validation_losses,
        })
    }
}

/// LambdaRank over rows grouped by query.
pub(crate) struct Queries {
    loss: Lambda,
    /// The gain of each row.
    gains: Vec<f64>,
    /// The rows of query after query, in each ascending.
    order: Vec<u32>,
    queries: Vec<Query>,
    /// Sum of the weights of the queries that have anything to gain.
    total: f64,
}

/// One query's part of the order.
struct Query {
    rows: std::ops::Range<usize>,
    weight: f64,
    /// The best gain that the places which are learned from can hold.
    ideal: f64,
}

impl Queries {
    pub(crate) fn new(loss: &Lambda, rows: Rows<'_, Judgement>) -> Result<Self, TreeError> {
        let labels = &rows.labels;
        if let Some(row) = labels.iter().position(|l| !is_relevance(l.relevance)) {
            return Err(TreeError::Relevance {
                row,
                value: labels[row].relevance,
            });
        }
        let gains: Vec<f64> = labels.iter().map(|l| gain(l.relevance)).collect();
        let mut order: Vec<u32> = (0..labels.len() as u32).collect();
        order.sort_by_key(|row| labels[*row as usize].query);
        let mut queries = Vec::new();
        let (mut total, mut start, mut any_order) = (0.0, 0, false);
        let query = |row: &u32| labels[*row as usize].query;
        for of_query in order.chunk_by(|a, b| query(a) == query(b)) {
            let weight = rows.weights.of(of_query[0] as usize);
            for row in of_query {
                let (row, value) = (*row as usize, rows.weights.of(*row as usize));
                if value != weight {
                    return Err(TreeError::QueryWeight { row, value, weight });
                }
            }
            let own = of_query.iter().map(|row| gains[*row as usize]);
            any_order |=
                weight > 0.0 && own.clone().any(|gain| gain != gains[of_query[0] as usize]);
            let ideal = ideal(loss.truncation, own);
            if ideal > 0.0 {
                total += weight;
            }
            queries.push(Query {
                rows: start..start + of_query.len(),
                weight,
                ideal,
            });
            start += of_query.len();
        }
        if !any_order {
            return Err(TreeError::NoOrder);
        }
        Ok(Self {
            loss: loss.clone(),
            gains,
            order,
            queries,
            total,
        })
    }

    /// Gradient and hessian of the rows of a query, in their order in it.
    fn lambdas(&self, query: &Query, scores: &[f64]) -> Vec<(f64, f64)> {
        let rows = &self.order[query.rows.clone()];
        let mut lambdas = vec![(0.0, 0.0); rows.len()];
        if query.ideal <= 0.0 || query.weight <= 0.0 {
            return lambdas;
        }
        let score = |i: usize| scores[rows[i] as usize];
        let gain = |i: usize| self.gains[rows[i] as usize];
        let mut places: Vec<usize> = (0..rows.len()).collect();
        places.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        let discounts: Vec<f64> = (0..rows.len()).map(discount).collect();
        for upper in 0..rows.len().min(self.loss.truncation) {
            for lower in upper + 1..rows.len() {
                let (a, b) = (places[upper], places[lower]);
                if gain(a) == gain(b) {
                    continue;
                }
                let (better, worse) = if gain(a) > gain(b) { (a, b) } else { (b, a) };
                let swap = (gain(better) - gain(worse)) * (discounts[upper] - discounts[lower])
                    / query.ideal
                    * query.weight;
                // The chance that the pair is the wrong way round.
                let wrong = sigmoid(score(worse) - score(better));
                lambdas[better].0 -= swap * wrong;
                lambdas[worse].0 += swap * wrong;
                let hessian = swap * wrong * (1.0 - wrong);
                lambdas[better].1 += hessian;
                lambdas[worse].1 += hessian;
            }
        }
        lambdas
    }

    /// Gradient and hessian of every row.
    fn derivatives(&self, scores: &[f64]) -> Vec<(f64, f64)> {
        let lambdas: Vec<Vec<(f64, f64)>> = self
            .queries
            .par_iter()
            .map(|query| self.lambdas(query, scores))
            .collect();
        let mut by_row = vec![(0.0, 0.0); scores.len()];
        for (row, lambda) in self.order.iter().zip(lambdas.into_iter().flatten()) {
            by_row[*row as usize] = lambda;
        }
        by_row
    }
}

impl Objective for Queries {
    fn start(&self) -> Vec<f64> {
        vec![0.0]
    }

    fn gradients(&self, scores: &[f64], stats: &mut [RowStat]) -> FixedPoint {
        let derivatives = self.derivatives(scores);
        // In no query can a pair stand still for ever, but it may come close to it.
        let fixed = FixedPoint::for_largest(
            derivatives
                .iter()
                .fold(f64::MIN_POSITIVE, |most, (g, h)| most.max(g.abs()).max(*h)),
        );
        fill(stats, fixed, |row| derivatives[row]);
        fixed
    }

    fn loss(&self, scores: &[f64]) -> f64 {
        let lost: Vec<f64> = self
            .queries
            .par_iter()
            .map(|query| {
                let rows = self.order[query.rows.clone()]
                    .iter()
                    .map(|row| *row as usize);
                let mut list: Vec<(f64, f64)> =
                    rows.map(|row| (scores[row], self.gains[row])).collect();
                let gained = of_query(self.loss.ndcg_at, &mut list);
                gained.map_or(0.0, |gained| query.weight * (1.0 - gained))
            })
            .collect();
        lost.iter().sum::<f64>() / self.total
    }
}
