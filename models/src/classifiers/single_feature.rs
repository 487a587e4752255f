//! What one column alone can do.

use linfa::ParamGuard;
use ndarray::{Array1, ArrayView2};

use super::validation::fits;
use super::{ClassifierError, ProbabilityModel, check_columns};
use crate::calibration::pool_violators;
use crate::tree::{FeatureBins, Targets, TreeParamError};

/// Checked settings of [`SingleFeature`]; made by [`SingleFeatureParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct SingleFeatureValidParams {
    column: usize,
    bins: usize,
    prior_rows: f64,
}

/// Settings of [`SingleFeature`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleFeatureParams(SingleFeatureValidParams);

impl SingleFeatureParams {
    /// The most bins of about equal numbers of rows, 2 to 255. Default 50.
    pub fn bins(mut self, bins: usize) -> Self {
        self.0.bins = bins;
        self
    }

    /// A rate counts as many rows of the base rate beside its own. Default 10.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }
}

impl ParamGuard for SingleFeatureParams {
    type Checked = SingleFeatureValidParams;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        TreeParamError::check_bins(p.bins)?;
        TreeParamError::check_amounts([("prior_rows", p.prior_rows)])?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A probability that rises, or falls, with one column: "recency alone", the baseline that any
/// model has to beat.
///
/// The column is cut into bins of about equal numbers of rows, whose rates are made monotone by
/// pooling neighbours (isotonic regression, Ayer et al. 1955), in whichever direction fits
/// better (rising, when even). Each pool's rate is drawn towards the base rate, and between the
/// mean values of neighbouring pools the probability runs straight (Oron and Flournoy 2017,
/// "Centered isotonic regression"), so that rows in a pool keep their order; beyond the first
/// and last it is level. Missing values have a rate of their own; where no training row lacked
/// the value, the base rate. A constant column gives everyone the base rate. Weights are
/// honoured.
///
/// # Errors of fitting
/// As for the tree models, and [`ClassifierError::NoSuchColumn`].
#[derive(Clone, Debug, PartialEq)]
pub struct SingleFeature {
    pub(crate) column: usize,
    pub(crate) columns: usize,
    /// Values and probabilities, the values rising.
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) missing: f64,
}

/// Rows whose rate is one.
#[derive(Clone, Copy, Debug, Default)]
struct Pool {
    weight: f64,
    positive: f64,
    /// Weighted sum of the values.
    values: f64,
}

impl Pool {
    fn add(&mut self, other: Self) {
        self.weight += other.weight;
        self.positive += other.positive;
        self.values += other.values;
    }
}

fits!(SingleFeatureValidParams, SingleFeature);

impl SingleFeatureValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<SingleFeature, ClassifierError> {
        if self.column >= x.ncols() {
            let (column, columns) = (self.column, x.ncols());
            return Err(ClassifierError::NoSuchColumn { column, columns });
        }
        let values = x.column(self.column);
        let bins = FeatureBins::learn(values, self.bins);
        let mut pools = vec![Pool::default(); bins.bins() + 1];
        for (row, value) in values.iter().enumerate() {
            let weight = targets.weight(row);
            let positive = if targets.labels[row] { weight } else { 0.0 };
            // The sum of values of the missing pool is NaN and never read.
            let values = weight * f64::from(*value);
            pools[usize::from(bins.bin(*value))].add(Pool {
                weight,
                positive,
                values,
            });
        }
        let (base, m) = (targets.base_rate(), self.prior_rows);
        let drawn = |pool: &Pool| {
            let n = pool.weight + m;
            if n > 0.0 {
                (pool.positive + m * base) / n
            } else {
                base
            }
        };
        let missing = pools.pop().map_or(base, |pool| drawn(&pool));
        pools.retain(|pool| pool.weight > 0.0);
        let rising = monotone(&pools, true);
        let falling = monotone(&pools, false);
        let (best, up) = if fit(&rising) >= fit(&falling) {
            (rising, true)
        } else {
            (falling, false)
        };
        let mut points: Vec<(f64, f64)> = best
            .iter()
            .map(|pool| (pool.values / pool.weight, drawn(pool)))
            .collect();
        // A small pool is drawn further than its larger neighbour and could overtake it.
        for i in 1..points.len() {
            let before = points[i - 1].1;
            let p = &mut points[i].1;
            *p = if up { p.max(before) } else { p.min(before) };
        }
        Ok(SingleFeature {
            column: self.column,
            columns: x.ncols(),
            points,
            missing,
        })
    }
}

/// Pools neighbours until the rates rise (or fall) strictly.
fn monotone(bins: &[Pool], rising: bool) -> Vec<Pool> {
    let in_order = |last: &Pool, pool: &Pool| {
        // Cross-multiplied rates.
        let (a, b) = (last.positive * pool.weight, pool.positive * last.weight);
        if rising { a < b } else { a > b }
    };
    pool_violators(bins.iter().copied(), in_order, Pool::add)
}

/// The weighted sum of squared rates: the higher, the smaller the squared error.
fn fit(pools: &[Pool]) -> f64 {
    pools
        .iter()
        .map(|pool| pool.positive * pool.positive / pool.weight)
        .sum()
}

impl SingleFeature {
    /// The default settings for one column, counted from 0.
    pub fn params(column: usize) -> SingleFeatureParams {
        SingleFeatureParams(SingleFeatureValidParams {
            column,
            bins: 50,
            prior_rows: 10.0,
        })
    }

    /// The column.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.columns
    }

    fn probability(&self, value: f32) -> f64 {
        if value.is_nan() || self.points.is_empty() {
            return self.missing;
        }
        let value = f64::from(value);
        let after = self.points.partition_point(|(v, _)| *v < value);
        let last = self.points.len() - 1;
        if after == 0 {
            return self.points[0].1;
        }
        if after > last {
            return self.points[last].1;
        }
        let ((v0, p0), (v1, p1)) = (self.points[after - 1], self.points[after]);
        p0 + (p1 - p0) * (value - v0) / (v1 - v0)
    }
}

impl ProbabilityModel for SingleFeature {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.columns, x);
        x.column(self.column).mapv(|value| self.probability(value))
    }
}
