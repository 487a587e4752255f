//! Columns of numbers cut into at most 255 bins, once, before any tree grows.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::TreeError;

/// The most bins a column can have, not counting the bin for missing values.
pub const MAX_BINS: usize = 255;

/// How one column is cut into bins.
///
/// Bin `b` holds the values `x` with `edge[b - 1] < x <= edge[b]`; the last bin has no upper
/// edge. Missing values have the bin [`FeatureBins::missing_bin`], one past the last.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureBins {
    edges: Vec<f32>,
    has_missing: bool,
}

impl FeatureBins {
    /// Learns the bins of one column.
    ///
    /// With at most `max_bins` distinct values each has a bin, and the edges lie halfway
    /// between neighbours. With more, bins are closed at as nearly equal numbers of rows as
    /// whole values allow; a value so common that it fills a bin gets one to itself.
    /// Missing values are set aside; a constant or all-missing column has one bin.
    ///
    /// `max_bins` must lie in `1..=255`.
    pub fn learn(column: ArrayView1<'_, f32>, max_bins: usize) -> Self {
        assert!(
            (1..=MAX_BINS).contains(&max_bins),
            "max_bins = {max_bins}; choose 1 to 255"
        );
        let mut values: Vec<f32> = column.iter().copied().filter(|v| !v.is_nan()).collect();
        let has_missing = values.len() < column.len();
        values.sort_unstable_by(f32::total_cmp);

        // Distinct values and how often each occurs. `==` makes one value of -0.0 and 0.0.
        let mut distinct: Vec<(f32, usize)> = Vec::new();
        for value in values.iter().copied() {
            match distinct.last_mut() {
                Some((last, count)) if *last == value => *count += 1,
                _ => distinct.push((value, 1)),
            }
        }

        let mut edges = Vec::new();
        let mut bins_left = max_bins;
        let mut rows_left = values.len();
        let mut in_bin = 0;
        for (i, pair) in distinct.windows(2).enumerate() {
            if bins_left == 1 {
                break;
            }
            let ((value, count), (next, next_count)) = (pair[0], pair[1]);
            in_bin += count;
            let target = rows_left as f64 / bins_left as f64;
            let values_left = distinct.len() - i - 1;
            let full = in_bin as f64 >= target;
            let before_common = next_count as f64 >= target && in_bin as f64 >= target / 2.0;
            if values_left < bins_left || full || before_common {
                edges.push(halfway(value, next));
                rows_left -= in_bin;
                in_bin = 0;
                bins_left -= 1;
            }
        }
        Self { edges, has_missing }
    }

    /// Number of bins for values that are not missing; at least 1, at most 255.
    pub fn bins(&self) -> usize {
        self.edges.len() + 1
    }

    /// The bin of missing values.
    pub fn missing_bin(&self) -> u8 {
        self.bins() as u8
    }

    /// Whether the column had a missing value when the bins were learned.
    pub fn has_missing(&self) -> bool {
        self.has_missing
    }

    /// The bin of a value. `NaN` is in the missing bin; infinities are in the outermost bins.
    pub fn bin(&self, value: f32) -> u8 {
        if value.is_nan() {
            self.missing_bin()
        } else {
            self.edges.partition_point(|edge| *edge < value) as u8
        }
    }

    /// The largest value that bin `bin` holds: its upper edge, or infinity for the last one.
    pub fn upper_edge(&self, bin: u8) -> f32 {
        self.edges
            .get(usize::from(bin))
            .copied()
            .unwrap_or(f32::INFINITY)
    }
}

/// A number `m` with `low <= m < high`, halfway where `f32` has room for it.
fn halfway(low: f32, high: f32) -> f32 {
    // In f64 the sum of two f32 cannot overflow.
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle < high { middle } else { low }
}

/// A matrix of features with every value replaced by its bin, stored column by column.
#[derive(Clone, Debug)]
pub struct BinnedMatrix {
    rows: usize,
    features: Vec<FeatureBins>,
    columns: Vec<Vec<u8>>,
}

impl BinnedMatrix {
    /// Learns the bins of every column and sorts the values into them. Columns are worked on
    /// in parallel; time is `O(n_rows log n_rows)` a column.
    ///
    /// - `x`: `n_rows x n_features`, `NaN` where missing.
    /// - `max_bins`: `1..=255`.
    ///
    /// # Errors
    /// [`TreeError::NoRows`], [`TreeError::NoColumns`], [`TreeError::TooManyRows`], and
    /// [`TreeError::Infinite`] with the first row, and in it the first column, that is infinite.
    pub fn new(x: ArrayView2<'_, f32>, max_bins: usize) -> Result<Self, TreeError> {
        super::input::check_features(x)?;
        let (features, columns) = (0..x.ncols())
            .into_par_iter()
            .map(|column| {
                let bins = FeatureBins::learn(x.column(column), max_bins);
                let binned = x.column(column).iter().map(|v| bins.bin(*v)).collect();
                (bins, binned)
            })
            .unzip();
        Ok(Self {
            rows: x.nrows(),
            features,
            columns,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How each column is cut, in the order of the columns.
    pub fn features(&self) -> &[FeatureBins] {
        &self.features
    }

    /// The bins of one column, one a row.
    pub fn column(&self, feature: usize) -> &[u8] {
        &self.columns[feature]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};

    fn learn(values: &[f32], max_bins: usize) -> FeatureBins {
        FeatureBins::learn(ArrayView1::from(values), max_bins)
    }

    #[test]
    fn few_distinct_values_have_a_bin_each_with_edges_halfway() {
        let bins = learn(&[3.0, 1.0, 2.0, 2.0, f32::NAN], 255);
        assert_eq!(bins.edges, vec![1.5, 2.5]);
        assert_eq!(bins.bins(), 3);
        assert!(bins.has_missing());
        let got: Vec<u8> = [0.0, 1.0, 1.5, 1.6, 2.5, 3.0, f32::NAN]
            .map(|v| bins.bin(v))
            .to_vec();
        assert_eq!(got, vec![0, 0, 0, 1, 1, 2, 3]);
        assert_eq!(bins.upper_edge(0), 1.5);
        assert_eq!(bins.upper_edge(2), f32::INFINITY);
    }

    #[test]
    fn many_distinct_values_are_shared_out_evenly() {
        let values: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let bins = learn(&values, 10);
        let mut counts = vec![0; bins.bins()];
        for v in &values {
            counts[usize::from(bins.bin(*v))] += 1;
        }
        assert_eq!(counts, vec![100; 10]);
    }

    #[test]
    fn a_common_value_has_a_bin_to_itself() {
        // Nine in ten customers spent nothing; the rest spent 1 to 100.
        let mut values = vec![0.0; 900];
        values.extend((1..=100).map(|i| i as f32));
        let bins = learn(&values, 11);
        assert_eq!(bins.bin(0.0), 0);
        assert_eq!(bins.bin(1.0), 1);
        assert_eq!(bins.bins(), 11);
    }

    #[test]
    fn constant_and_all_missing_columns_have_one_bin() {
        assert_eq!(learn(&[7.0, 7.0], 255).bins(), 1);
        let missing = learn(&[f32::NAN, f32::NAN], 255);
        assert_eq!(
            (missing.bins(), missing.missing_bin(), missing.bin(f32::NAN)),
            (1, 1, 1)
        );
    }

    #[test]
    fn negative_zero_is_zero() {
        assert_eq!(learn(&[-0.0, 0.0], 255).bins(), 1);
    }

    #[test]
    fn neighbouring_numbers_and_huge_ones_are_still_told_apart() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        let bins = learn(&[1.0, next], 255);
        assert_eq!((bins.bin(1.0), bins.bin(next)), (0, 1));
        let bins = learn(&[f32::MIN, f32::MAX], 255);
        assert_eq!((bins.bin(f32::MIN), bins.bin(f32::MAX)), (0, 1));
    }

    #[test]
    fn bins_keep_the_order_of_the_values_and_never_pass_the_limit() {
        for (max_bins, modulus) in [(2, 1000), (3, 7), (16, 40), (255, 256), (255, 100_003)] {
            let values: Vec<f32> = (0..5000_u64)
                .map(|i| (super::super::random::bits(1, 2, i) % modulus) as f32)
                .collect();
            let bins = learn(&values, max_bins);
            assert!(bins.bins() <= max_bins && bins.bins() >= max_bins.min(modulus as usize));
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let binned: Vec<u8> = sorted.iter().map(|v| bins.bin(*v)).collect();
            assert!(binned.is_sorted());
        }
    }

    #[test]
    fn infinity_is_refused_with_row_and_column() {
        let x = array![[1.0, 2.0], [3.0, f32::NEG_INFINITY], [f32::INFINITY, 0.0]];
        let message = BinnedMatrix::new(x.view(), 255).unwrap_err().to_string();
        assert_eq!(
            message,
            "row 1, column 1 of the features is -inf; features must be finite, or NaN where missing"
        );
    }

    #[test]
    fn a_matrix_is_binned_column_by_column() {
        let x = array![[1.0, f32::NAN], [2.0, 5.0]];
        let binned = BinnedMatrix::new(x.view(), 255).unwrap();
        assert_eq!((binned.rows(), binned.features().len()), (2, 2));
        assert_eq!(binned.column(0), &[0, 1]);
        assert_eq!(binned.column(1), &[1, 0]);
        // A transposed view is read the same way.
        let transposed = x.t().to_owned();
        assert_eq!(
            BinnedMatrix::new(transposed.t(), 255).unwrap().column(1),
            &[1, 0]
        );
    }

    #[test]
    fn no_rows_and_no_columns_are_refused() {
        let none = Array2::<f32>::zeros((0, 2));
        assert!(matches!(
            BinnedMatrix::new(none.view(), 255),
            Err(TreeError::NoRows)
        ));
        let none = Array2::<f32>::zeros((2, 0));
        assert!(matches!(
            BinnedMatrix::new(none.view(), 255),
            Err(TreeError::NoColumns)
        ));
        assert_eq!(FeatureBins::learn(Array1::zeros(0).view(), 255).bins(), 1);
    }
}
