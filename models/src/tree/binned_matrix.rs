//! A matrix of features with every value replaced by its bin, laid out for summing.
//!
//! Columns lie in groups of eight bytes a row: a leaf of scattered rows touches one cache line a
//! row and group (a matrix column by column would touch eight), and the sums by bin of a group
//! still fit the innermost cache. Columns of few values share a byte: with `a` and `b` slots the
//! byte is `x + a * y`, so that one addition a row serves both; the sums of each are read off
//! the sums of the pairs. A column of one value has no byte at all.
//!
//! Whole rows side by side were measured too (2,000,000 rows of 30 bytes, processor time of six
//! trees): summing took 0.65 s in place of 0.77 s, for fewer lines are fetched; but sorting rows
//! to the sides of splits, which reads one byte of a row, took 0.9 s in place of 0.3 s.
//!
//! **Memory.** With `n` rows, `b` bytes a row (at most one a column), `B` bins of all columns
//! together (missing ones included), `L` leaves and `t` threads, boosting holds, besides the
//! features it was given,
//! `n (8 ceil(b / 8) + 29)` bytes: bins, score, statistics and label of each row, its number in
//! the tree, a copy of that and room to sort it; `24 B (L + t)` bytes of histograms; and
//! `0.6 MiB * t` to sum in. While bins are learned, each thread copies 16 columns of at most
//! 200,000 rows, 12.8 MB. (Measured on one thread, 200,000 and 2,000,000 rows of 30 bytes: 21
//! and 128 MiB.)

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::input::check_features;
use super::{FeatureBins, TreeError};
use crate::random;

/// Columns in a group.
pub(crate) const LANES: usize = 8;

/// Distinct bytes.
const BYTES: usize = 256;

/// Bins are learned from all rows up to this many, and from as many drawn rows of more.
const SAMPLE: usize = 200_000;

/// Columns are sampled so many at a time, which is what a cache line of `f32` holds.
const COLUMNS_AT_A_TIME: usize = 16;

/// Rows are binned in chunks of this many.
const CHUNK: usize = 512;

/// Where the bins of a feature lie: in the byte `lane` of each row of `group`, as its digit of
/// weight `stride` of `slots` values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub group: usize,
    pub lane: usize,
    pub stride: usize,
    pub slots: usize,
}

impl Place {
    pub(crate) fn bin(self, byte: u8) -> u8 {
        (usize::from(byte) / self.stride % self.slots) as u8
    }
}

/// A matrix of features with every value replaced by its bin. Takes about one byte a value, less
/// where columns of few values share one.
#[derive(Clone, Debug)]
pub struct BinnedMatrix {
    rows: usize,
    features: Vec<FeatureBins>,
    groups: Vec<Vec<[u8; LANES]>>,
    /// One a feature; `None` for a column of one value.
    places: Vec<Option<Place>>,
}

impl BinnedMatrix {
    /// Learns the bins of every column of numbers and sorts the values into them; see
    /// [`with_categories`](Self::with_categories).
    ///
    /// # Errors
    /// As [`with_categories`](Self::with_categories).
    pub fn new(x: ArrayView2<'_, f32>, max_bins: usize) -> Result<Self, TreeError> {
        Self::with_categories(x, max_bins, &[])
    }

    /// Learns the bins of every column and sorts the values into them, on all threads.
    ///
    /// - `x`: `n_rows x n_features`, `NaN` where missing.
    /// - `max_bins`: `1..=255`.
    /// - `categorical`: the columns that hold categories, in any order.
    ///
    /// The bins of numbers come from all rows up to 200,000; of more rows, as many are drawn,
    /// one from each of 200,000 equal stretches, always the same ones. Categories are counted
    /// over all rows.
    ///
    /// # Errors
    /// [`TreeError::NoRows`], [`TreeError::NoColumns`], [`TreeError::TooManyRows`],
    /// [`TreeError::Infinite`] with the first row, and in it the first column, that is infinite,
    /// [`TreeError::NoSuchColumn`] for a categorical column past the last, and
    /// [`TreeError::Category`] with the first row of the first categorical column that holds
    /// something else than a category.
    pub fn with_categories(
        x: ArrayView2<'_, f32>,
        max_bins: usize,
        categorical: &[usize],
    ) -> Result<Self, TreeError> {
        check_features(x)?;
        if let Some(column) = categorical.iter().find(|column| **column >= x.ncols()) {
            return Err(TreeError::NoSuchColumn {
                column: *column,
                columns: x.ncols(),
            });
        }
        let sample = sampled_rows(x.nrows());
        let all: Vec<usize> = (0..x.ncols()).collect();
        let learned: Vec<Vec<FeatureBins>> = all
            .par_chunks(COLUMNS_AT_A_TIME)
            .map(|columns| learn(x, columns, &sample, max_bins, categorical))
            .collect::<Result<_, _>>()?;
        let mut features: Vec<FeatureBins> = learned.into_iter().flatten().collect();
        for (bins, missing) in features.iter_mut().zip(missing_columns(x)) {
            bins.set_has_missing(missing);
        }
        let places = places(&features);
        let groups = fill(x, &features, &places);
        Ok(Self {
            rows: x.nrows(),
            features,
            groups,
            places,
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

    /// The bins of one column, one a row, read out of the layout.
    pub fn column(&self, feature: usize) -> Vec<u8> {
        let Some(place) = self.places[feature] else {
            return vec![0; self.rows];
        };
        self.groups[place.group]
            .iter()
            .map(|bytes| place.bin(bytes[place.lane]))
            .collect()
    }

    /// The bin of one value.
    pub(crate) fn bin(&self, feature: usize, row: usize) -> u8 {
        match self.places[feature] {
            Some(place) => place.bin(self.groups[place.group][row][place.lane]),
            None => 0,
        }
    }

    pub(crate) fn groups(&self) -> &[Vec<[u8; LANES]>] {
        &self.groups
    }

    /// Where a feature lies; `None` for a column of one value.
    pub(crate) fn place(&self, feature: usize) -> Option<Place> {
        self.places[feature]
    }

    /// For each byte that a row may have at the place of a feature, whether its bin is chosen.
    pub(crate) fn bytes_of(&self, feature: usize, chosen: impl Fn(u8) -> bool) -> [bool; BYTES] {
        let mut bytes = [false; BYTES];
        if let Some(place) = self.places[feature] {
            for (byte, is_chosen) in bytes.iter_mut().enumerate() {
                *is_chosen = chosen(place.bin(byte as u8));
            }
        }
        bytes
    }
}

/// The rows that bins are learned from: all, or one drawn from each of [`SAMPLE`] stretches.
fn sampled_rows(rows: usize) -> Vec<usize> {
    if rows <= SAMPLE {
        return (0..rows).collect();
    }
    let stretch = rows as f64 / SAMPLE as f64;
    (0..SAMPLE)
        .map(|i| ((i as f64 + random::unit(0, 0, i as u64)) * stretch) as usize)
        .map(|row| row.min(rows - 1))
        .collect()
}

fn learn(
    x: ArrayView2<'_, f32>,
    columns: &[usize],
    sample: &[usize],
    max_bins: usize,
    categorical: &[usize],
) -> Result<Vec<FeatureBins>, TreeError> {
    let mut values = vec![Vec::with_capacity(sample.len()); columns.len()];
    for row in sample {
        for (values, column) in values.iter_mut().zip(columns) {
            values.push(x[[*row, *column]]);
        }
    }
    let learn = |(values, column): (Vec<f32>, &usize)| {
        if !categorical.contains(column) {
            return Ok(FeatureBins::learn_values(values, max_bins));
        }
        let all = x.column(*column).into_iter().copied();
        FeatureBins::learn_categories(all, max_bins).map_err(|(row, value)| TreeError::Category {
            row,
            column: *column,
            value,
        })
    };
    values.into_iter().zip(columns).map(learn).collect()
}

/// For each column, whether a value is missing.
fn missing_columns(x: ArrayView2<'_, f32>) -> Vec<bool> {
    let columns = x.ncols();
    let none = || vec![false; columns];
    let chunks = x.nrows().div_ceil(CHUNK);
    (0..chunks)
        .into_par_iter()
        .fold(none, |mut missing, chunk| {
            for row in chunk * CHUNK..((chunk + 1) * CHUNK).min(x.nrows()) {
                let values = missing.iter_mut().zip(x.row(row));
                values.for_each(|(missing, value)| *missing |= value.is_nan());
            }
            missing
        })
        .reduce(none, |a, b| a.iter().zip(b).map(|(a, b)| *a || b).collect())
}

/// Shares out the features over bytes, those of many slots first, each into the first byte that
/// still has room for it.
fn places(features: &[FeatureBins]) -> Vec<Option<Place>> {
    let slots = |f: usize| features[f].bins() + usize::from(features[f].has_missing());
    let mut order: Vec<usize> = (0..features.len()).filter(|f| slots(*f) > 1).collect();
    order.sort_by_key(|f| std::cmp::Reverse(slots(*f)));
    let mut taken: Vec<usize> = Vec::new();
    let mut places = vec![None; features.len()];
    for feature in order {
        let slots = slots(feature);
        let byte = taken
            .iter()
            .position(|taken| taken * slots <= BYTES)
            .unwrap_or_else(|| {
                taken.push(1);
                taken.len() - 1
            });
        places[feature] = Some(Place {
            group: byte / LANES,
            lane: byte % LANES,
            stride: taken[byte],
            slots,
        });
        taken[byte] *= slots;
    }
    places
}

fn fill(
    x: ArrayView2<'_, f32>,
    features: &[FeatureBins],
    places: &[Option<Place>],
) -> Vec<Vec<[u8; LANES]>> {
    let n_groups = places.iter().flatten().map(|p| p.group + 1).max();
    let mut groups = vec![vec![[0; LANES]; x.nrows()]; n_groups.unwrap_or(0)];
    let lookups: Vec<Lookup> = features.iter().map(Lookup::of).collect();
    // The same stretch of rows of every group is filled by one thread.
    let mut chunks: Vec<Vec<&mut [[u8; LANES]]>> = Vec::new();
    chunks.resize_with(x.nrows().div_ceil(CHUNK), Vec::new);
    for group in &mut groups {
        for (chunk, rows) in chunks.iter_mut().zip(group.chunks_mut(CHUNK)) {
            chunk.push(rows);
        }
    }
    chunks
        .into_par_iter()
        .enumerate()
        .for_each(|(chunk, mut groups)| {
            let start = chunk * CHUNK;
            let end = (start + CHUNK).min(x.nrows());
            let mut values = Vec::with_capacity(CHUNK);
            for (feature, place) in places.iter().enumerate() {
                let Some(place) = place else {
                    continue;
                };
                values.clear();
                values.extend((start..end).map(|row| x[[row, feature]]));
                let rows = &mut groups[place.group];
                lookups[feature].bins(&values, |i, bin| {
                    rows[i][place.lane] += (place.stride * usize::from(bin)) as u8;
                });
            }
        });
    groups
}

/// A table to find the bins of many values of one column fast.
enum Lookup<'a> {
    /// The edges, filled up with infinity, the steps of the search, the bin of missing values.
    Numbers(Box<[f32; BYTES]>, u32, u8),
    Categories(&'a FeatureBins),
}

impl<'a> Lookup<'a> {
    fn of(bins: &'a FeatureBins) -> Self {
        if bins.is_categorical() {
            return Self::Categories(bins);
        }
        let mut edges = Box::new([f32::INFINITY; BYTES]);
        for (edge, known) in edges.iter_mut().zip(bins.edges()) {
            *edge = *known;
        }
        let steps = (bins.edges().len() + 1).next_power_of_two().ilog2();
        Self::Numbers(edges, steps, bins.missing_bin())
    }

    /// Calls `put` with the place and bin of each value.
    fn bins(&self, values: &[f32], mut put: impl FnMut(usize, u8)) {
        match self {
            Self::Categories(bins) => {
                for (i, value) in values.iter().enumerate() {
                    put(i, bins.bin(*value));
                }
            }
            Self::Numbers(edges, bits, missing) => {
                // Eight searches at once, without a branch on what is found, so that none waits
                // for another.
                for (chunk, values) in values.chunks(LANES).enumerate() {
                    let mut wanted = [0.0; LANES];
                    wanted[..values.len()].copy_from_slice(values);
                    let mut found = [0_usize; LANES];
                    for bit in (0..*bits).rev() {
                        let step = 1 << bit;
                        for (found, value) in found.iter_mut().zip(&wanted) {
                            let edge = edges[(*found + step - 1) % BYTES];
                            // Not an `if`: it would be taken by chance.
                            *found += usize::from(edge < *value) << bit;
                        }
                    }
                    for (i, value) in values.iter().enumerate() {
                        let bin = if value.is_nan() {
                            *missing
                        } else {
                            found[i] as u8
                        };
                        put(chunk * LANES + i, bin);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};

    fn random_matrix(rows: usize, distinct: &[u64]) -> Array2<f32> {
        Array2::from_shape_fn((rows, distinct.len()), |(row, column)| {
            let n = random::bits(5, column as u64, row as u64) % (distinct[column] + 1);
            if n == distinct[column] && column % 2 == 0 {
                f32::NAN
            } else {
                n as f32
            }
        })
    }

    #[test]
    fn every_value_is_found_in_its_bin_however_columns_share_bytes() {
        let distinct = [
            2, 1, 3, 300, 2, 16, 2, 90_000, 40, 1, 5, 255, 7, 2, 2, 2, 2, 2, 2,
        ];
        let x = random_matrix(5000, &distinct);
        for max_bins in [255, 100, 2] {
            let data = BinnedMatrix::with_categories(x.view(), max_bins, &[5, 8]).unwrap();
            for (feature, bins) in data.features().iter().enumerate() {
                let want: Vec<u8> = x.column(feature).iter().map(|v| bins.bin(*v)).collect();
                assert_eq!(data.column(feature), want, "column {feature}");
            }
        }
    }

    #[test]
    fn columns_of_few_values_share_bytes_and_constant_ones_have_none() {
        let x = random_matrix(3000, &[1, 0, 1, 1, 1, 1, 1, 1, 1]);
        let data = BinnedMatrix::new(x.view(), 255).unwrap();
        // Columns without and with missing values have 2 slots: 8 of them fill a byte.
        let places: Vec<Place> = (0..9).filter_map(|f| data.place(f)).collect();
        assert_eq!(places.len(), 8);
        assert!(places.iter().all(|p| (p.group, p.lane) == (0, 0)));
        assert_eq!(data.groups().len(), 1);
    }

    #[test]
    fn bins_of_many_rows_come_from_a_sample_spread_over_all() {
        let rows = sampled_rows(1_000_000);
        assert_eq!(rows.len(), SAMPLE);
        assert!(rows.iter().enumerate().all(|(i, row)| row / 5 == i));
        assert_eq!(sampled_rows(3), [0, 1, 2]);
    }

    #[test]
    fn what_is_no_category_is_refused_with_row_and_column() {
        let x = array![[1.0, 2.0], [3.0, 2.5]];
        let message = |columns: &[usize]| {
            BinnedMatrix::with_categories(x.view(), 255, columns)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(&[0, 1]),
            "row 1, column 1 of the features is 2.5, and the column holds categories; number them from 0 to 65535, or leave NaN where missing"
        );
        assert_eq!(
            message(&[2]),
            "column 2 is said to hold categories, but there are 2 columns; count from 0"
        );
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
        assert_eq!(binned.column(0), [0, 1]);
        assert_eq!(binned.column(1), [1, 0]);
        // A transposed view is read the same way.
        let transposed = x.t().to_owned();
        assert_eq!(
            BinnedMatrix::new(transposed.t(), 255).unwrap().column(1),
            [1, 0]
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
