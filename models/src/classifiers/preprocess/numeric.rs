//! A column of amounts: filled, logged where skewed, scaled.

use ndarray::ArrayView1;

use super::params::{Imputation, PreprocessingValidParams, Scaling};
use crate::tree::Targets;

/// How a numeric column is made ready.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numeric {
    /// Stands in for missing values; 0 where all are.
    pub fill: f32,
    /// Smallest and largest training value; infinities are drawn back to them.
    pub range: (f32, f32),
    /// Whether `sign(x) ln(1 + |x|)` is taken first.
    pub log: bool,
    /// Taken off after the logarithm.
    pub centre: f64,
    /// Multiplied with then; 0 for a constant column, which so becomes 0.
    pub scale: f64,
    /// Whether a column that says "missing" follows.
    pub indicator: bool,
}

/// Mean and standard deviation over the training rows of one output.
pub(super) type Moments = (f64, f64);

impl Numeric {
    /// Sums run over the sorted values, so that the order of the rows does not matter.
    pub(super) fn learn(
        values: ArrayView1<'_, f32>,
        targets: &Targets,
        params: &PreprocessingValidParams,
    ) -> (Self, Vec<Moments>) {
        let mut present: Vec<(f32, f64)> = Vec::with_capacity(values.len());
        let mut missing = 0.0;
        for (row, value) in values.iter().enumerate() {
            let weight = targets.weight(row);
            if value.is_nan() {
                missing += weight;
            } else if weight > 0.0 {
                present.push((*value, weight));
            }
        }
        present.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let plain: Vec<(f64, f64)> = present.iter().map(|(v, w)| (f64::from(*v), *w)).collect();
        let range = match present.as_slice() {
            [] => (0.0, 0.0),
            sorted => (sorted[0].0, sorted[sorted.len() - 1].0),
        };
        let fill = match params.imputation {
            _ if present.is_empty() => 0.0,
            Imputation::Median => quantile(&plain, 0.5) as f32,
            Imputation::Mean => mean_and_variance(&plain).0 as f32,
            Imputation::Constant(value) => value,
        };
        let log = params
            .skew_limit
            .is_some_and(|limit| skewness(&plain).abs() > limit);
        let mut column = Self {
            fill,
            range,
            log,
            centre: 0.0,
            scale: 1.0,
            indicator: false,
        };
        // The logarithm keeps the order, so the filled values are put in their place.
        let place = present.partition_point(|(v, _)| *v < fill);
        let mut filled: Vec<(f64, f64)> = present
            .iter()
            .map(|(v, w)| (column.logged(*v), *w))
            .collect();
        if missing > 0.0 {
            filled.insert(place, (column.logged(fill), missing));
        }
        let (mean, variance) = mean_and_variance(&filled);
        let constant = filled.first().map(|v| v.0) == filled.last().map(|v| v.0);
        // A constant column has a variance of rounding errors; its scale would blow them up.
        let deviation = if constant { 0.0 } else { variance.sqrt() };
        (column.centre, column.scale) = centre_and_scale(params.scaling, &filled, mean, deviation);
        let mut moments = vec![(
            (mean - column.centre) * column.scale,
            deviation * column.scale,
        )];
        column.indicator = params.missing_indicators && missing > 0.0 && !present.is_empty();
        if column.indicator {
            let share = missing / filled.iter().map(|v| v.1).sum::<f64>();
            moments.push((share, (share * (1.0 - share)).sqrt()));
        }
        (column, moments)
    }

    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.indicator)
    }

    pub(super) fn write(&self, value: f32, out: &mut [f64]) {
        out[0] = (self.logged(self.filled(value)) - self.centre) * self.scale;
        if self.indicator {
            out[1] = if value.is_nan() { 1.0 } else { 0.0 };
        }
    }

    fn filled(&self, value: f32) -> f32 {
        if value.is_nan() {
            self.fill
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

/// What is taken off and then multiplied with. `sorted` holds values and weights.
pub(super) fn centre_and_scale(
    scaling: Scaling,
    sorted: &[(f64, f64)],
    mean: f64,
    deviation: f64,
) -> (f64, f64) {
    let inverse = |length: f64| if length > 0.0 { 1.0 / length } else { 0.0 };
    match scaling {
        Scaling::None => (0.0, 1.0),
        Scaling::Standard => (mean, inverse(deviation)),
        Scaling::Robust => {
            let quartiles = quantile(sorted, 0.75) - quantile(sorted, 0.25);
            let length = if quartiles > 0.0 {
                quartiles
            } else {
                deviation
            };
            (quantile(sorted, 0.5), inverse(length))
        }
    }
}

/// The value below which a share of the weight lies: definition 2 of Hyndman and Fan 1996,
/// "Sample quantiles in statistical packages" (the mean of two values where the share falls
/// between them), which weights carry over to. `sorted` holds values and weights above 0.
fn quantile(sorted: &[(f64, f64)], share: f64) -> f64 {
    let wanted = share * sorted.iter().map(|v| v.1).sum::<f64>();
    let mut below = 0.0;
    for (i, (value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if below > wanted {
            return *value;
        }
        if below == wanted {
            let next = sorted.get(i + 1).map_or(*value, |v| v.0);
            return (value + next) / 2.0;
        }
    }
    sorted.last().map_or(0.0, |v| v.0)
}

/// Weighted mean and variance.
pub(super) fn mean_and_variance(values: &[(f64, f64)]) -> (f64, f64) {
    let total: f64 = values.iter().map(|v| v.1).sum();
    let mean = values.iter().map(|(v, w)| v * w).sum::<f64>() / total;
    let squares: f64 = values
        .iter()
        .map(|(v, w)| w * (v - mean) * (v - mean))
        .sum();
    (mean, squares / total)
}

/// The third standardised moment of sorted values; 0 for fewer than two or constant ones.
fn skewness(sorted: &[(f64, f64)]) -> f64 {
    if sorted.len() < 2 || sorted[0].0 == sorted[sorted.len() - 1].0 {
        return 0.0;
    }
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    let (mean, variance) = mean_and_variance(sorted);
    let third = sorted
        .iter()
        .map(|(v, w)| w * (v - mean) * (v - mean) * (v - mean))
        .sum::<f64>()
        / total;
    third / (variance * variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighing_one(values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().map(|v| (*v, 1.0)).collect()
    }

    #[test]
    fn skewness_by_hand() {
        // 0, 0, 3: mean 1, deviations -1, -1, 2; m2 = 2, m3 = 2; 2 / 2^1.5 = 0.7071.
        let got = skewness(&weighing_one(&[0.0, 0.0, 3.0]));
        assert!((got - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(got, skewness(&[(0.0, 2.0), (3.0, 1.0)]));
        assert_eq!(skewness(&weighing_one(&[0.3, 0.3, 0.3])), 0.0);
        assert_eq!(skewness(&[]), 0.0);
    }

    #[test]
    fn quantiles_are_those_of_repeated_rows() {
        // numpy.quantile(x, q, method="averaged_inverted_cdf")
        let x = weighing_one(&[1.0, 2.0, 3.0, 10.0]);
        for (share, want) in [(0.25, 1.5), (0.5, 2.5), (0.6, 3.0), (0.75, 6.5)] {
            assert_eq!(quantile(&x, share), want, "{share}");
        }
        let weighted = [(1.0, 3.0), (5.0, 1.0)];
        let repeated = weighing_one(&[1.0, 1.0, 1.0, 5.0]);
        for share in [0.25, 0.5, 0.75, 0.9] {
            assert_eq!(quantile(&weighted, share), quantile(&repeated, share));
        }
    }
}
