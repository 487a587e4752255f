//! Scores by mid-rank: a position in the ranking becomes a score, ties stay together.

use super::{RfmError, check_finite};

/// Which end of a scale deserves the best score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better, as for frequency and spend.
    HigherIsBetter,
    /// Less is better, as for days since the last purchase.
    LowerIsBetter,
}

/// Scores of a column, and how many customers got each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores {
    /// One score for every value, in the order given: 1 is worst, the number of bins is best.
    pub scores: Vec<u8>,
    /// `bin_sizes[s - 1]` customers have score `s`. Ties make the sizes uneven: when half of
    /// the customers bought once, half of them share one score, and some scores go to nobody.
    pub bin_sizes: Vec<usize>,
}

/// Scores values from 1 to `bins`, `bins` best.
///
/// With n values, `u = (#worse + 0.5 #equal) / n` and `score = min(bins, 1 + floor(bins u))`,
/// where `#equal` counts the value itself. Equal values therefore always get equal scores, and
/// neither the order of the rows nor the scale of the values matters. A column of equal values
/// has the middle score throughout (3 of 5). One value alone is its own middle as well.
///
/// - `values`: n finite numbers in any unit.
/// - An empty input gives empty scores and bins of size 0.
///
/// The arithmetic is in whole numbers, so no value falls in another bin for rounding.
///
/// # Errors
/// [`RfmError::NotFinite`] with the first row that holds NaN or infinity (reported as
/// `value`), [`RfmError::Bins`] unless `2 <= bins <= 100`.
///
/// # Example
/// ```
/// use regulars_models::rfm::{Direction, midrank_scores};
/// let orders = [1.0, 1.0, 1.0, 4.0, 9.0];
/// let scores = midrank_scores(&orders, Direction::HigherIsBetter, 5)?;
/// assert_eq!(scores.scores, [2, 2, 2, 4, 5]);
/// assert_eq!(scores.bin_sizes, [0, 3, 0, 1, 1]);
/// # Ok::<(), regulars_models::rfm::RfmError>(())
/// ```
pub fn midrank_scores(
    values: &[f64],
    direction: Direction,
    bins: usize,
) -> Result<Scores, RfmError> {
    score_column("value", values, direction, bins)
}

/// [`midrank_scores`] with the name of the column for the error message.
pub(super) fn score_column(
    column: &'static str,
    values: &[f64],
    direction: Direction,
    bins: usize,
) -> Result<Scores, RfmError> {
    if !(2..=100).contains(&bins) {
        return Err(RfmError::Bins(bins));
    }
    check_finite(column, values)?;
    let n = values.len();
    // `partial_cmp` and not `total_cmp`, because 0 and -0 are one value.
    let compare = |a: usize, b: usize| values[a].partial_cmp(&values[b]).expect("finite");
    let mut order: Vec<usize> = (0..n).collect();
    match direction {
        Direction::HigherIsBetter => order.sort_unstable_by(|&a, &b| compare(a, b)),
        Direction::LowerIsBetter => order.sort_unstable_by(|&a, &b| compare(b, a)),
    }
    let mut scores = vec![0u8; n];
    let mut bin_sizes = vec![0usize; bins];
    let mut less = 0;
    for block in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let equal = block.len();
        // floor(bins u) with u = (2 #less + #equal) / 2n, in whole numbers.
        let bin = (bins * (2 * less + equal) / (2 * n)).min(bins - 1);
        bin_sizes[bin] += equal;
        for &row in block {
            scores[row] = bin as u8 + 1;
        }
        less += equal;
    }
    Ok(Scores { scores, bin_sizes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_distinct_values_fill_five_bins_with_two_each() {
        // u = .05, .15, .25, ... so 5u = .25, .75, 1.25, ...
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let got = midrank_scores(&values, Direction::HigherIsBetter, 5).unwrap();
        assert_eq!(got.scores, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(got.bin_sizes, [2; 5]);
    }

    #[test]
    fn fewest_days_score_best_when_lower_is_better() {
        let got = midrank_scores(&[3.0, 90.0, 10.0, 30.0, 365.0], Direction::LowerIsBetter, 5);
        assert_eq!(got.unwrap().scores, [5, 2, 4, 3, 1]);
    }

    #[test]
    fn a_large_tie_shares_one_score_and_leaves_bins_empty() {
        // Seven of ten bought once: u = 3.5/10, score 2. Then u = .75, .85, .95.
        let values = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0];
        let got = midrank_scores(&values, Direction::HigherIsBetter, 5).unwrap();
        assert_eq!(got.scores, [2, 2, 2, 2, 2, 2, 2, 4, 5, 5]);
        assert_eq!(got.bin_sizes, [0, 7, 0, 1, 2]);
    }

    #[test]
    fn a_constant_column_scores_in_the_middle_in_both_directions() {
        for direction in [Direction::HigherIsBetter, Direction::LowerIsBetter] {
            let got = midrank_scores(&[7.0; 9], direction, 5).unwrap();
            assert_eq!(got.scores, [3; 9]);
        }
    }

    #[test]
    fn zero_and_minus_zero_are_one_value() {
        let got = midrank_scores(&[0.0, -0.0, 1.0, 1.0], Direction::HigherIsBetter, 4).unwrap();
        assert_eq!(got.scores, [2, 2, 4, 4]);
    }

    #[test]
    fn no_customers_have_no_scores() {
        let got = midrank_scores(&[], Direction::HigherIsBetter, 5).unwrap();
        assert_eq!(got.scores, [0u8; 0]);
        assert_eq!(got.bin_sizes, [0; 5]);
    }

    #[test]
    fn nan_and_infinity_are_refused_with_their_row() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = midrank_scores(&[1.0, 2.0, bad, bad], Direction::HigherIsBetter, 5);
            let message = error.unwrap_err().to_string();
            assert!(message.starts_with(&format!("value is {bad} at row 2")));
        }
    }

    #[test]
    fn bins_must_lie_between_2_and_100() {
        for bins in [0, 1, 101] {
            let got = midrank_scores(&[1.0], Direction::HigherIsBetter, bins);
            assert_eq!(got, Err(RfmError::Bins(bins)));
        }
        for bins in [2, 100] {
            assert!(midrank_scores(&[1.0], Direction::HigherIsBetter, bins).is_ok());
        }
    }

    proptest! {
        /// The definition, counted pair by pair.
        #[test]
        fn scores_follow_the_definition(
            values in prop::collection::vec(-6i32..6, 1..60),
            bins in 2usize..12,
            lower in any::<bool>(),
        ) {
            let direction =
                if lower { Direction::LowerIsBetter } else { Direction::HigherIsBetter };
            let x: Vec<f64> = values.iter().map(|&v| f64::from(v) / 3.0).collect();
            let got = midrank_scores(&x, direction, bins).unwrap();
            let n = values.len();
            let mut sizes = vec![0; bins];
            for (row, v) in values.iter().enumerate() {
                let worse = values.iter().filter(|w| if lower { *w > v } else { *w < v }).count();
                let equal = values.iter().filter(|w| *w == v).count();
                // The smallest bin b with u < (b + 1) / bins, cross-multiplied.
                let bin = (0..bins)
                    .find(|b| (2 * worse + equal) * bins < 2 * n * (b + 1))
                    .unwrap_or(bins - 1);
                prop_assert_eq!(got.scores[row] as usize, bin + 1);
                sizes[bin] += 1;
            }
            prop_assert_eq!(got.bin_sizes, sizes);
        }

        #[test]
        fn the_order_of_rows_does_not_matter(values in prop::collection::vec(-6i32..6, 1..40)) {
            let x: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let mut reversed = x.clone();
            reversed.reverse();
            let mut b = midrank_scores(&reversed, Direction::HigherIsBetter, 5).unwrap().scores;
            b.reverse();
            prop_assert_eq!(midrank_scores(&x, Direction::HigherIsBetter, 5).unwrap().scores, b);
        }
    }
}
