//! What linear models need done to features, learned on the training rows.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

/// How each column is made ready. Learned once; travels with the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preprocessing {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq)]
struct Column {
    /// Stands in for missing values; 0 where all are.
    median: f32,
    /// Smallest and largest training value; infinities are drawn back to them.
    range: (f32, f32),
    /// Whether `sign(x) ln(1 + |x|)` is taken first.
    log: bool,
    mean: f64,
    /// One over the standard deviation; 0 for a constant column, which so becomes 0.
    scale: f64,
}

impl Preprocessing {
    /// Learns medians, which columns to take the logarithm of (those whose skewness passes
    /// `skew_limit` in size, if one is given), means and standard deviations.
    pub(crate) fn learn(x: ArrayView2<'_, f32>, skew_limit: Option<f64>) -> Self {
        let columns = (0..x.ncols())
            .into_par_iter()
            .map(|column| Column::learn(x.column(column), skew_limit))
            .collect();
        Self { columns }
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Median imputation alone, for models that need no scale.
    pub(crate) fn impute(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        self.map(x, |column, value| f64::from(column.fill(value)))
    }

    /// Imputed, logged where learned, and standardised.
    pub(crate) fn standardise(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        self.map(x, |column, value| {
            (column.logged(column.fill(value)) - column.mean) * column.scale
        })
    }

    fn map(&self, x: ArrayView2<'_, f32>, f: impl Fn(&Column, f32) -> f64) -> Array2<f64> {
        Array2::from_shape_fn(x.dim(), |(row, column)| {
            f(&self.columns[column], x[[row, column]])
        })
    }
}

impl Column {
    fn learn(values: ArrayView1<'_, f32>, skew_limit: Option<f64>) -> Self {
        let mut present: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        present.sort_unstable_by(f32::total_cmp);
        let (median, range) = match present.as_slice() {
            [] => (0.0, (0.0, 0.0)),
            sorted => (median(sorted), (sorted[0], sorted[sorted.len() - 1])),
        };
        let log = skew_limit.is_some_and(|limit| skewness(&present).abs() > limit);
        let mut column = Self {
            median,
            range,
            log,
            mean: 0.0,
            scale: 0.0,
        };
        let ready: Vec<f64> = values
            .iter()
            .map(|v| column.logged(column.fill(*v)))
            .collect();
        let (mean, variance) = mean_and_variance(&ready);
        column.mean = mean;
        // A constant column has a variance of rounding errors; its scale would blow them up.
        if range.0 < range.1 && variance > 0.0 {
            column.scale = 1.0 / variance.sqrt();
        }
        column
    }

    fn fill(&self, value: f32) -> f32 {
        if value.is_nan() {
            self.median
        } else if value.is_infinite() {
            value.clamp(self.range.0, self.range.1)
        } else {
            value
        }
    }

    fn logged(&self, value: f32) -> f64 {
        let value = f64::from(value);
        if self.log {
            value.signum() * libm::log1p(value.abs())
        } else {
            value
        }
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(sorted: &[f32]) -> f32 {
    let upper = sorted[sorted.len() / 2];
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = sorted[sorted.len() / 2 - 1];
    ((f64::from(lower) + f64::from(upper)) / 2.0) as f32
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (
        mean,
        values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n,
    )
}

/// The third standardised moment; 0 for fewer than two values or constant ones.
fn skewness(values: &[f32]) -> f64 {
    let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    if values.len() < 2 || values[0] == values[values.len() - 1] {
        return 0.0;
    }
    let (mean, variance) = mean_and_variance(&values);
    let third: f64 = values
        .iter()
        .map(|v| (v - mean) * (v - mean) * (v - mean))
        .sum::<f64>()
        / values.len() as f64;
    third / (variance * variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    const NAN: f32 = f32::NAN;

    #[test]
    fn missing_values_become_the_training_median_and_stay_so_on_new_rows() {
        let train = array![[1.0, NAN], [NAN, NAN], [2.0, NAN], [10.0, NAN], [3.0, NAN]];
        let learned = Preprocessing::learn(train.view(), None);
        // Present: 1, 2, 3, 10, so 2.5. An all-missing column is 0.
        assert_eq!(
            learned.impute(array![[NAN, NAN], [7.0, 5.0]].view()),
            array![[2.5, 0.0], [7.0, 5.0]]
        );
    }

    #[test]
    fn columns_are_standardised_by_the_training_rows() {
        let train = array![[1.0, 7.0], [3.0, 7.0]];
        let learned = Preprocessing::learn(train.view(), None);
        // Mean 2, deviation 1; the constant column becomes 0, whatever comes later.
        assert_eq!(
            learned.standardise(array![[5.0, 9.0]].view()),
            array![[3.0, 0.0]]
        );
    }

    #[test]
    fn only_skewed_columns_are_logged_and_the_sign_is_kept() {
        let train = array![
            [0.0, -1.0],
            [0.0, 0.0],
            [0.0, 0.5],
            [0.0, 1.0],
            [1000.0, -0.5]
        ];
        let learned = Preprocessing::learn(train.view(), Some(1.0));
        assert_eq!(
            learned.columns.iter().map(|c| c.log).collect::<Vec<_>>(),
            vec![true, false]
        );
        let column = &learned.columns[0];
        assert!((column.logged(-9.0) + 10.0_f64.ln()).abs() < 1e-12);
        let none = Preprocessing::learn(train.view(), None);
        assert!(none.columns.iter().all(|c| !c.log));
    }

    #[test]
    fn skewness_by_hand() {
        // 0, 0, 3: mean 1, deviations -1, -1, 2; m2 = 2, m3 = 2; 2 / 2^1.5 = 0.7071.
        assert!((skewness(&[0.0, 0.0, 3.0]) - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(skewness(&[0.3, 0.3, 0.3]), 0.0);
        assert_eq!(skewness(&[]), 0.0);
    }

    #[test]
    fn infinities_are_drawn_back_to_the_training_range() {
        let learned = Preprocessing::learn(array![[1.0], [3.0]].view(), None);
        let got = learned.impute(array![[f32::INFINITY], [f32::NEG_INFINITY], [99.0]].view());
        assert_eq!(got, array![[3.0], [1.0], [99.0]]);
    }
}
