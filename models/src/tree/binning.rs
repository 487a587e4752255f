//! One column cut into at most 255 bins, once, before any tree grows.

use ndarray::ArrayView1;

use super::limits::{MAX_BINS, MAX_CATEGORY, category};

/// How one column is cut into bins.
///
/// **Numbers**: bin `b` holds the values `x` with `edge[b - 1] < x <= edge[b]`; the last bin has
/// no upper edge. **Categories**: each has a bin of its own, the most frequent the first, and of
/// equally frequent ones the lower number; where there are more than bins, the rest share the
/// last one. Missing values have the bin [`FeatureBins::missing_bin`], one past the last.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureBins {
    cut: Cut,
    has_missing: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Cut {
    Numbers {
        edges: Vec<f32>,
        lowest: f32,
        highest: f32,
    },
    Categories {
        /// The categories by bin; the last bin may hold several, ascending.
        of_bin: Vec<Vec<u16>>,
        /// The bin by category; that of missing values where the category was not met.
        bin_of: Vec<u8>,
    },
}

impl FeatureBins {
    /// Learns the bins of a column of numbers.
    ///
    /// With at most `max_bins` distinct values each has a bin, and the edges lie halfway
    /// between neighbours. With more, bins are closed at as nearly equal numbers of rows as
    /// whole values allow; a value so common that it fills a bin gets one to itself.
    /// Missing values are set aside; a constant or all-missing column has one bin.
    ///
    /// `max_bins` must lie in `1..=255`.
    pub fn learn(column: ArrayView1<'_, f32>, max_bins: usize) -> Self {
        Self::learn_values(column.iter().copied(), max_bins)
    }

    pub(crate) fn learn_values(column: impl IntoIterator<Item = f32>, max_bins: usize) -> Self {
        check_max_bins(max_bins);
        let mut has_missing = false;
        let mut values: Vec<f32> = column
            .into_iter()
            .filter(|value| {
                has_missing |= value.is_nan();
                !value.is_nan()
            })
            .collect();
        sort(&mut values);

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
        let cut = Cut::Numbers {
            edges,
            lowest: values.first().copied().unwrap_or(0.0),
            highest: values.last().copied().unwrap_or(0.0),
        };
        Self { cut, has_missing }
    }

    /// Learns the bins of a column of categories: whole numbers from 0 to
    /// [`MAX_CATEGORY`]; `NaN` is missing.
    ///
    /// `max_bins` must lie in `1..=255`.
    ///
    /// # Errors
    /// The place of the first value that names no category, and the value.
    pub fn learn_categories(
        column: impl IntoIterator<Item = f32>,
        max_bins: usize,
    ) -> Result<Self, (usize, f32)> {
        check_max_bins(max_bins);
        let mut counts = vec![0_usize; usize::from(MAX_CATEGORY) + 1];
        let mut has_missing = false;
        for (place, value) in column.into_iter().enumerate() {
            if value.is_nan() {
                has_missing = true;
            } else {
                let number = category(value).ok_or((place, value))?;
                counts[usize::from(number)] += 1;
            }
        }
        let mut met: Vec<u16> = (0..=MAX_CATEGORY)
            .filter(|number| counts[usize::from(*number)] > 0)
            .collect();
        let highest = met.last().copied().unwrap_or(0);
        // The sort is stable: equals stay in the order of their numbers.
        met.sort_by_key(|number| std::cmp::Reverse(counts[usize::from(*number)]));
        let alone = if met.len() <= max_bins {
            met.len()
        } else {
            max_bins - 1
        };
        let mut of_bin: Vec<Vec<u16>> = met[..alone].iter().map(|number| vec![*number]).collect();
        if alone < met.len() || met.is_empty() {
            let mut rest = met[alone..].to_vec();
            rest.sort_unstable();
            of_bin.push(rest);
        }
        let mut bin_of = vec![of_bin.len() as u8; usize::from(highest) + 1];
        for (bin, numbers) in of_bin.iter().enumerate() {
            for number in numbers {
                bin_of[usize::from(*number)] = bin as u8;
            }
        }
        let cut = Cut::Categories { of_bin, bin_of };
        Ok(Self { cut, has_missing })
    }

    /// Number of bins for values that are not missing; at least 1, at most 255.
    pub fn bins(&self) -> usize {
        match &self.cut {
            Cut::Numbers { edges, .. } => edges.len() + 1,
            Cut::Categories { of_bin, .. } => of_bin.len(),
        }
    }

    /// The bin of missing values.
    pub fn missing_bin(&self) -> u8 {
        self.bins() as u8
    }

    /// Whether the column had a missing value when the bins were learned.
    pub fn has_missing(&self) -> bool {
        self.has_missing
    }

    pub(crate) fn set_has_missing(&mut self, has_missing: bool) {
        self.has_missing = has_missing;
    }

    /// Whether the column holds categories.
    pub fn is_categorical(&self) -> bool {
        matches!(self.cut, Cut::Categories { .. })
    }

    /// The categories of a bin, ascending; none for a column of numbers.
    pub fn categories(&self, bin: u8) -> &[u16] {
        match &self.cut {
            Cut::Numbers { .. } => &[],
            Cut::Categories { of_bin, .. } => {
                of_bin.get(usize::from(bin)).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// The bin of a value. `NaN` is in the missing bin, and so is a category that was not met;
    /// infinite numbers are in the outermost bins.
    pub fn bin(&self, value: f32) -> u8 {
        if value.is_nan() {
            return self.missing_bin();
        }
        match &self.cut {
            Cut::Numbers { edges, .. } => edges.partition_point(|edge| *edge < value) as u8,
            Cut::Categories { bin_of, .. } => category(value)
                .and_then(|number| bin_of.get(usize::from(number)).copied())
                .unwrap_or(self.missing_bin()),
        }
    }

    /// The upper edges of all bins but the last; none for categories.
    pub(crate) fn edges(&self) -> &[f32] {
        match &self.cut {
            Cut::Numbers { edges, .. } => edges,
            Cut::Categories { .. } => &[],
        }
    }

    /// The largest value that bin `bin` holds: its upper edge, or infinity for the last one and
    /// for categories.
    pub fn upper_edge(&self, bin: u8) -> f32 {
        self.edges()
            .get(usize::from(bin))
            .copied()
            .unwrap_or(f32::INFINITY)
    }

    /// The middle of a bin of numbers; the outermost bins end at the least and greatest value.
    pub(crate) fn middle(&self, bin: u8) -> f64 {
        let Cut::Numbers {
            edges,
            lowest,
            highest,
        } = &self.cut
        else {
            return f64::from(bin);
        };
        let below = usize::from(bin).checked_sub(1).and_then(|b| edges.get(b));
        let low = f64::from(*below.unwrap_or(lowest));
        let high = f64::from(*edges.get(usize::from(bin)).unwrap_or(highest));
        low + (high - low) / 2.0
    }
}

fn check_max_bins(max_bins: usize) {
    assert!(
        (1..=MAX_BINS).contains(&max_bins),
        "max_bins = {max_bins}; choose 1 to 255"
    );
}

/// Sorts by value, -0.0 before 0.0: many numbers by their digits of 11 bits, the lowest first
/// (Knuth 1998, "Sorting and searching", section 5.2.5).
fn sort(values: &mut [f32]) {
    const DIGIT: usize = 11;
    if values.len() < 4096 {
        return values.sort_unstable_by(f32::total_cmp);
    }
    // Bits that stand in the order of the numbers: those of negative ones turned round.
    let key = |value: &f32| {
        let bits = value.to_bits();
        bits ^ (((bits as i32 >> 31) as u32) | 1 << 31)
    };
    let mut keys: Vec<u32> = values.iter().map(key).collect();
    let mut sorted = vec![0; keys.len()];
    for shift in [0, DIGIT, 2 * DIGIT] {
        let digit = |key: u32| (key >> shift) as usize % (1 << DIGIT);
        let mut places = [0_usize; 1 << DIGIT];
        for key in &keys {
            places[digit(*key)] += 1;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        for key in &keys {
            let place = &mut places[digit(*key)];
            sorted[*place] = *key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    for (value, key) in values.iter_mut().zip(keys) {
        let turned = if key >> 31 == 1 { 1 << 31 } else { u32::MAX };
        *value = f32::from_bits(key ^ turned);
    }
}

/// A number `m` with `low <= m < high`, halfway where `f32` has room for it.
pub(crate) fn halfway(low: f32, high: f32) -> f32 {
    // In f64 the sum of two f32 cannot overflow.
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f32], max_bins: usize) -> FeatureBins {
        FeatureBins::learn(ArrayView1::from(values), max_bins)
    }

    #[test]
    fn few_distinct_values_have_a_bin_each_with_edges_halfway() {
        let bins = learn(&[3.0, 1.0, 2.0, 2.0, f32::NAN], 255);
        assert_eq!(bins.edges(), &[1.5, 2.5]);
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
                .map(|i| (crate::random::bits(1, 2, i) % modulus) as f32)
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
    fn many_numbers_are_sorted_as_few_are() {
        let mut values: Vec<f32> = (0..10_000)
            .map(|i| f32::from_bits(crate::random::bits(8, 0, i) as u32))
            .filter(|value| value.is_finite())
            .chain([0.0, -0.0, f32::MIN, f32::MAX])
            .collect();
        let mut want = values.clone();
        want.sort_by(f32::total_cmp);
        sort(&mut values);
        let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|v| v.to_bits()).collect() };
        assert_eq!(bits(&values), bits(&want));
    }

    #[test]
    fn categories_have_bins_by_frequency_and_the_rarest_share_the_last() {
        let values = [7.0, 3.0, 3.0, f32::NAN, 900.0, 7.0, 3.0, 1.0, -0.0];
        let bins = FeatureBins::learn_categories(values, 255).unwrap();
        assert_eq!((bins.bins(), bins.has_missing()), (5, true));
        assert_eq!(
            [3.0, 7.0, 0.0, 1.0, 900.0, f32::NAN, 2.0, 901.0, 0.5].map(|v| bins.bin(v)),
            [0, 1, 2, 3, 4, 5, 5, 5, 5]
        );
        let few = FeatureBins::learn_categories(values, 3).unwrap();
        assert_eq!(few.bins(), 3);
        assert_eq!(few.categories(0), [3]);
        assert_eq!(few.categories(2), [0, 1, 900]);
        assert_eq!([0.0, 900.0, 2.0].map(|v| few.bin(v)), [2, 2, 3]);
        let none = FeatureBins::learn_categories([f32::NAN], 9).unwrap();
        assert_eq!((none.bins(), none.bin(0.0)), (1, 1));
    }

    #[test]
    fn what_names_no_category_is_told_with_its_place() {
        for value in [0.5, -1.0, 65_536.0, f32::INFINITY] {
            let refused = FeatureBins::learn_categories([1.0, value], 255);
            assert_eq!(refused, Err((1, value)));
        }
    }

    #[test]
    fn the_middle_of_a_bin_lies_between_its_edges() {
        let bins = learn(&[1.0, 2.0, 4.0], 255);
        assert_eq!([0, 1, 2].map(|bin| bins.middle(bin)), [1.25, 2.25, 3.5]);
    }
}
