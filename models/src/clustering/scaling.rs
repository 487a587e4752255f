//! Raw features become comparable columns.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::ClusteringError;
use crate::quantile::quantile;

/// How a feature is transformed before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transform {
    /// As it is. For shares, trends, scores.
    #[default]
    Identity,
    /// `sign(x) ln(1 + |x|)`. For money, counts and days, where twice as much is one step
    /// whether it is 10 or 1000.
    SignedLog,
}

impl Transform {
    /// Applies the transform to one value.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            // `libm` and not `std`, so that all platforms give the same bits.
            Self::SignedLog => libm::log1p(value.abs()).copysign(value),
        }
    }
}

/// How one feature enters the clustering.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feature {
    /// Transform before scaling.
    pub transform: Transform,
    /// Factor of the feature's part in squared distances, above 0; usually 1. Give three
    /// near-synonyms 1/3 each, and together they count as one feature.
    pub weight: f64,
    /// Whether it says by 1 or 0 if a customer is of a category, and is neither cut nor scaled: two
    /// customers of different categories of an attribute are then the sum of the two weights
    /// apart, however frequent the categories are. A missing value is 0.
    pub indicator: bool,
}

impl Default for Feature {
    fn default() -> Self {
        Self {
            transform: Transform::Identity,
            weight: 1.0,
            indicator: false,
        }
    }
}

impl Feature {
    /// A feature on a log scale, weight 1: money, counts, days.
    pub fn log() -> Self {
        Self {
            transform: Transform::SignedLog,
            ..Self::default()
        }
    }

    /// One category of an attribute, 1 or 0, weight 1.
    pub fn indicator() -> Self {
        Self {
            indicator: true,
            ..Self::default()
        }
    }

    /// The same feature with another weight.
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }
}

/// Which measure of spread a column was divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Interquartile range / 1.349, which is the standard deviation of a normal column.
    Quartiles,
    /// Standard deviation after winsorising.
    Deviation,
}

/// How one column is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaledColumn {
    /// Column of the raw features.
    pub column: usize,
    /// Transform before scaling.
    pub transform: Transform,
    /// Raw value that stands in for a missing one: the median of the observed values.
    pub fill: f64,
    /// Lower bound after the transform; smaller values are set to it.
    pub low: f64,
    /// Upper bound after the transform; larger values are set to it.
    pub high: f64,
    /// Median after the transform; subtracted.
    pub centre: f64,
    /// Spread after the transform; divided by.
    pub scale: f64,
    /// Which measure `scale` is.
    pub spread: Spread,
    /// Weight in squared distances.
    pub weight: f64,
}

impl ScaledColumn {
    fn apply(&self, raw: f64) -> f64 {
        let value = if raw.is_nan() { self.fill } else { raw };
        self.scaled(self.transform.apply(value))
    }

    /// A value after the transform on the scale of distances.
    pub(super) fn scaled(&self, transformed: f64) -> f64 {
        let clipped = transformed.clamp(self.low, self.high);
        (clipped - self.centre) / self.scale * self.weight.sqrt()
    }

    /// The value after the transform that stands at a place of the scale of distances.
    pub(super) fn before_scaling(&self, scaled: f64) -> f64 {
        scaled / self.weight.sqrt() * self.scale + self.centre
    }
}

/// Why a column is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Every value is missing.
    AllMissing,
    /// All observed values are equal.
    Constant,
    /// All values between the winsorising quantiles are equal: too few customers differ.
    NearlyConstant,
}

/// A column that tells customers apart too little to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedColumn {
    /// Column of the raw features.
    pub column: usize,
    /// Why it is left out.
    pub reason: DropReason,
}

/// Turns raw features into columns of comparable spread; learnt once, applied to any rows.
///
/// For every column: a missing value (NaN) becomes the median of the observed ones; the
/// transform is applied; values outside the winsorising quantiles are set to the quantile, so
/// one giant customer does not get a cluster of its own; the median is subtracted and the
/// result divided by IQR / 1.349, or by the standard deviation of the winsorised values when
/// that is more than 1.5 times as large. The latter is so for zero-inflated columns (most
/// customers never use a coupon): their quartiles lie close together or coincide and say
/// nothing of the spread, and one such column would rule all distances.
///
/// Columns that are constant, or constant between the quantiles, are dropped and reported.
/// Quantiles are interpolated linearly between order statistics (type 7 of Hyndman and Fan
/// 1996, the default of NumPy and R). Nothing depends on the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureScaler {
    n_features: usize,
    columns: Vec<ScaledColumn>,
    dropped: Vec<DroppedColumn>,
}

/// Above this ratio of standard deviation to IQR / 1.349 the quartiles are not trusted.
const HEAVY_TAIL: f64 = 1.5;

/// IQR of a standard normal variable.
const NORMAL_IQR: f64 = 1.348_979_500_392_163_4;

impl FeatureScaler {
    /// Learns the scaling.
    ///
    /// - `x`: n customers x p features, raw; NaN means missing.
    /// - `features`: p entries, one for each column.
    /// - `winsor`: lower and upper quantile, `0 <= low < 0.5 < high <= 1`; (0, 1) switches
    ///   winsorising off.
    ///
    /// # Errors
    /// [`ClusteringError::NotFinite`] with the first infinity (by column, then by row),
    /// [`ClusteringError::Columns`] if `features` has not p entries,
    /// [`ClusteringError::Weight`], [`ClusteringError::Winsor`]. No rows drop every column.
    pub fn fit(
        x: ArrayView2<'_, f64>,
        features: &[Feature],
        winsor: (f64, f64),
    ) -> Result<Self, ClusteringError> {
        check_winsor(winsor)?;
        check_weights(features)?;
        if features.len() != x.ncols() {
            return Err(ClusteringError::Columns {
                what: "the feature matrix",
                found: x.ncols(),
                expected: features.len(),
            });
        }
        let fitted: Vec<Result<Result<ScaledColumn, DroppedColumn>, ClusteringError>> = (0..x
            .ncols())
            .into_par_iter()
            .map(|j| fit_column(x, j, features[j], winsor))
            .collect();
        let mut scaler = Self {
            n_features: x.ncols(),
            columns: Vec::new(),
            dropped: Vec::new(),
        };
        for column in fitted {
            match column? {
                Ok(scaled) => scaler.columns.push(scaled),
                Err(dropped) => scaler.dropped.push(dropped),
            }
        }
        Ok(scaler)
    }

    /// Makes a scaler of columns that were stored.
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] if a column index is not below `n_features`.
    pub fn from_parts(
        n_features: usize,
        columns: Vec<ScaledColumn>,
        dropped: Vec<DroppedColumn>,
    ) -> Result<Self, ClusteringError> {
        let used = columns.iter().map(|c| c.column);
        match used.chain(dropped.iter().map(|d| d.column)).max() {
            Some(column) if column >= n_features => Err(ClusteringError::Columns {
                what: "the stored scaling",
                found: column.saturating_add(1),
                expected: n_features,
            }),
            _ => Ok(Self {
                n_features,
                columns,
                dropped,
            }),
        }
    }

    /// Centres that are scaled by this one on the scale of another scaler of the same features. A
    /// column that one of the two has dropped is at its middle.
    pub(super) fn carried(&self, centres: ArrayView2<'_, f64>, to: &Self) -> Array2<f64> {
        let places: Vec<_> = to
            .columns
            .iter()
            .map(|to| {
                let mut same = self.columns.iter().map(|from| from.column == to.column);
                (to, same.position(|same| same))
            })
            .collect();
        Array2::from_shape_fn((centres.nrows(), places.len()), |(cluster, place)| {
            let (to, from) = places[place];
            from.map_or(0.0, |from| {
                to.scaled(self.columns[from].before_scaling(centres[[cluster, from]]))
            })
        })
    }

    /// Number of raw features.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The columns in use, in the order of the scaled matrix.
    pub fn columns(&self) -> &[ScaledColumn] {
        &self.columns
    }

    /// The columns that were left out, and why.
    pub fn dropped(&self) -> &[DroppedColumn] {
        &self.dropped
    }

    /// Scales n raw rows into n rows of [`Self::columns`].
    ///
    /// # Errors
    /// [`ClusteringError::Columns`] if `x` has another number of columns than the scaler was
    /// fitted on, [`ClusteringError::NotFinite`] for infinity (first row first), also in
    /// columns that are not used.
    pub fn transform(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, ClusteringError> {
        if x.ncols() != self.n_features {
            return Err(ClusteringError::Columns {
                what: "the feature matrix",
                found: x.ncols(),
                expected: self.n_features,
            });
        }
        let mut scaled = Array2::zeros((x.nrows(), self.columns.len()));
        let bad: Option<(usize, usize)> = scaled
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .zip(x.axis_iter(Axis(0)).into_par_iter())
            .enumerate()
            .map(|(i, (mut to, from))| {
                for (z, column) in to.iter_mut().zip(&self.columns) {
                    *z = column.apply(from[column.column]);
                }
                let infinite = from.iter().position(|v| v.is_infinite());
                infinite.map(|j| (i, j))
            })
            .reduce(|| None, |a, b| a.or(b));
        match bad {
            Some((row, column)) => Err(ClusteringError::NotFinite {
                row,
                column,
                value: x[[row, column]],
            }),
            None => Ok(scaled),
        }
    }
}

pub(super) fn check_winsor((low, high): (f64, f64)) -> Result<(), ClusteringError> {
    if (0.0..0.5).contains(&low) && high > 0.5 && high <= 1.0 {
        Ok(())
    } else {
        Err(ClusteringError::Winsor { low, high })
    }
}

pub(super) fn check_weights(features: &[Feature]) -> Result<(), ClusteringError> {
    let fine = |weight: f64| weight.is_finite() && weight > 0.0;
    match features.iter().position(|f| !fine(f.weight)) {
        Some(column) => Err(ClusteringError::Weight {
            column,
            weight: features[column].weight,
        }),
        None => Ok(()),
    }
}

fn fit_column(
    x: ArrayView2<'_, f64>,
    column: usize,
    feature: Feature,
    winsor: (f64, f64),
) -> Result<Result<ScaledColumn, DroppedColumn>, ClusteringError> {
    let values = x.index_axis(Axis(1), column);
    if let Some(row) = values.iter().position(|v| v.is_infinite()) {
        return Err(ClusteringError::NotFinite {
            row,
            column,
            value: values[row],
        });
    }
    let drop = |reason| Ok(Err(DroppedColumn { column, reason }));
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.is_empty() {
        return drop(DropReason::AllMissing);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let fill = quantile(&sorted, 0.5);
    // The transform rises, so the order stands.
    for value in &mut sorted {
        *value = feature.transform.apply(*value);
    }
    if sorted[0] == sorted[sorted.len() - 1] {
        return drop(DropReason::Constant);
    }
    if feature.indicator {
        return Ok(Ok(ScaledColumn {
            column,
            transform: feature.transform,
            fill: 0.0,
            low: 0.0,
            high: 1.0,
            centre: 0.0,
            scale: 1.0,
            spread: Spread::Deviation,
            weight: feature.weight,
        }));
    }
    let (low, high) = (quantile(&sorted, winsor.0), quantile(&sorted, winsor.1));
    let deviation = {
        let n = sorted.len() as f64;
        let mean = sorted.iter().map(|v| v.clamp(low, high)).sum::<f64>() / n;
        let square = |v: &f64| (v.clamp(low, high) - mean).powi(2);
        (sorted.iter().map(square).sum::<f64>() / n).sqrt()
    };
    if low == high || deviation == 0.0 {
        return drop(DropReason::NearlyConstant);
    }
    let quartiles = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / NORMAL_IQR;
    let (scale, spread) = if deviation > HEAVY_TAIL * quartiles {
        (deviation, Spread::Deviation)
    } else {
        (quartiles, Spread::Quartiles)
    };
    Ok(Ok(ScaledColumn {
        column,
        transform: feature.transform,
        fill,
        low,
        high,
        centre: quantile(&sorted, 0.5),
        scale,
        spread,
        weight: feature.weight,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    const OFF: (f64, f64) = (0.0, 1.0);

    #[test]
    fn a_column_by_hand() {
        // Median 3, quartiles 2 and 4.
        let x = array![[1.0], [2.0], [3.0], [4.0], [5.0]];
        let scaler = FeatureScaler::fit(x.view(), &[Feature::default()], OFF).unwrap();
        let z = scaler.transform(x.view()).unwrap();
        let unit = NORMAL_IQR / 2.0;
        for (i, want) in [-2.0, -1.0, 0.0, 1.0, 2.0].iter().enumerate() {
            assert!((z[[i, 0]] - want * unit).abs() < 1e-15);
        }
        assert_eq!(scaler.columns()[0].spread, Spread::Quartiles);
    }

    #[test]
    fn missing_values_become_the_median_of_the_others() {
        let x = array![[1.0], [f64::NAN], [3.0], [10.0], [2.5]];
        let scaler = FeatureScaler::fit(x.view(), &[Feature::log()], OFF).unwrap();
        assert_eq!(scaler.columns()[0].fill, 2.75);
        let z = scaler.transform(x.view()).unwrap();
        let filled = scaler.transform(array![[2.75]].view()).unwrap();
        assert_eq!(z[[1, 0]], filled[[0, 0]]);
    }

    #[test]
    fn the_log_keeps_the_sign() {
        let log = Transform::SignedLog;
        assert_eq!(log.apply(0.0), 0.0);
        assert!((log.apply(std::f64::consts::E - 1.0) - 1.0).abs() < 1e-15);
        assert_eq!(log.apply(-99.0), -log.apply(99.0));
    }

    #[test]
    fn a_giant_is_pulled_in_to_the_quantile() {
        // Positions of the 5 % and 95 % quantiles of 0..=100: exactly 5 and 95.
        let mut x = Array1::range(0.0, 101.0, 1.0).insert_axis(Axis(1));
        x[[100, 0]] = 1e9;
        let scaler = FeatureScaler::fit(x.view(), &[Feature::default()], (0.05, 0.95)).unwrap();
        let z = scaler.transform(x.view()).unwrap();
        assert_eq!(z[[100, 0]], z[[95, 0]]);
        assert_eq!(z[[0, 0]], z[[5, 0]]);
        assert!(z[[94, 0]] < z[[95, 0]]);
    }

    #[test]
    fn a_mostly_zero_column_is_scaled_by_its_deviation() {
        // Eight zeros, two ones: IQR 0, deviation sqrt(.2 * .8) = .4.
        let mut x = Array2::zeros((10, 1));
        x[[3, 0]] = 1.0;
        x[[7, 0]] = 1.0;
        let scaler = FeatureScaler::fit(x.view(), &[Feature::default()], OFF).unwrap();
        let column = scaler.columns()[0];
        assert_eq!(column.spread, Spread::Deviation);
        assert!((column.scale - 0.4).abs() < 1e-15);
    }

    #[test]
    fn columns_that_do_not_vary_are_dropped_with_the_reason() {
        let mut x = Array2::from_shape_fn((200, 4), |(i, j)| if j == 0 { i as f64 } else { 7.0 });
        x.column_mut(1).fill(f64::NAN);
        x[[5, 3]] = 9.0; // one of 200 lies outside the 99 % quantile
        let features = [Feature::default(); 4];
        let scaler = FeatureScaler::fit(x.view(), &features, (0.01, 0.99)).unwrap();
        let reasons: Vec<_> = scaler
            .dropped()
            .iter()
            .map(|d| (d.column, d.reason))
            .collect();
        assert_eq!(
            reasons,
            [
                (1, DropReason::AllMissing),
                (2, DropReason::Constant),
                (3, DropReason::NearlyConstant)
            ]
        );
        assert_eq!(scaler.transform(x.view()).unwrap().dim(), (200, 1));
    }

    #[test]
    fn a_weight_multiplies_squared_distances() {
        let x = array![[1.0], [2.0], [3.0], [4.0], [5.0]];
        let z = |weight| {
            let features = [Feature::default().weight(weight)];
            let scaler = FeatureScaler::fit(x.view(), &features, OFF).unwrap();
            scaler.transform(x.view()).unwrap()[[4, 0]]
        };
        assert!((z(0.25).powi(2) - 0.25 * z(1.0).powi(2)).abs() < 1e-15);
    }

    #[test]
    fn the_order_of_rows_does_not_change_a_bit() {
        let x = Array2::from_shape_fn((57, 2), |(i, j)| ((i * 31 + j * 7) % 19) as f64 * 0.37);
        let mut turned = x.clone();
        turned.invert_axis(Axis(0));
        let features = [Feature::log(), Feature::default()];
        let a = FeatureScaler::fit(x.view(), &features, (0.01, 0.99)).unwrap();
        let b = FeatureScaler::fit(turned.view(), &features, (0.01, 0.99)).unwrap();
        assert_eq!(a, b);
    }

    #[test]
    fn infinity_is_refused_with_its_place() {
        let x = array![[1.0, 2.0], [3.0, f64::INFINITY]];
        let features = [Feature::default(); 2];
        let error = FeatureScaler::fit(x.view(), &features, OFF).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the value at row 1, column 1")
        );
        let fine = array![[1.0, 2.0], [3.0, 4.0]];
        let scaler = FeatureScaler::fit(fine.view(), &features, OFF).unwrap();
        assert!(scaler.transform(x.view()).is_err());
    }

    #[test]
    fn the_number_of_columns_must_agree() {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        assert!(FeatureScaler::fit(x.view(), &[Feature::default()], OFF).is_err());
        let scaler = FeatureScaler::fit(x.view(), &[Feature::default(); 2], OFF).unwrap();
        assert!(scaler.transform(array![[1.0]].view()).is_err());
        let columns = scaler.columns().to_vec();
        assert!(FeatureScaler::from_parts(1, columns.clone(), vec![]).is_err());
        assert_eq!(
            FeatureScaler::from_parts(2, columns, vec![]).unwrap(),
            scaler
        );
    }
}
