//! Other ways to a score than the mid-rank: cut points, and quintiles within quintiles.

use super::{Direction, RfmError, Scores, check_finite, midrank_scores};

/// How a column becomes scores.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scoring {
    /// By mid-rank among the customers at hand: a fifth of them each, as far as ties allow.
    #[default]
    Quintiles,
    /// Frequency by mid-rank within each score of recency, money within each pair of these.
    Nested,
    /// By cut points of recency, frequency and money, so that scores of one month compare with those
    /// of another.
    Cuts([Cuts; 3]),
}

/// Cut points between scores: the first is where score 2 begins, from the worse side.
///
/// With `higher is better` a value has score `1 + #(cuts <= value)`, with `lower is better` score
/// `1 + #(cuts >= value)`, so cut points fall there.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    direction: Direction,
    points: Vec<f64>,
}

impl Cuts {
    /// Cut points that were given, one less than there are scores.
    ///
    /// # Errors
    /// [`RfmError::Cuts`] unless they are finite and go towards the better side; two may be the
    /// same, then nobody has the score between them.
    pub fn new(
        column: &'static str,
        direction: Direction,
        points: &[f64],
    ) -> Result<Self, RfmError> {
        let better = |pair: &[f64]| match direction {
            Direction::HigherIsBetter => pair[0] <= pair[1],
            Direction::LowerIsBetter => pair[0] >= pair[1],
        };
        let finite = points.iter().all(|point| point.is_finite());
        if points.is_empty() || !finite || !points.windows(2).all(better) {
            return Err(RfmError::Cuts {
                column,
                given: points.to_vec(),
                order: match direction {
                    Direction::HigherIsBetter => "rise",
                    Direction::LowerIsBetter => "fall",
                },
            });
        }
        Ok(Self {
            direction,
            points: points.to_vec(),
        })
    }

    /// The cut points behind the mid-rank scores of a reference: values of the reference have the
    /// same scores by them.
    ///
    /// A score that nobody of the reference has begins where the next one that somebody has does;
    /// where nobody is better, at the best value of all.
    ///
    /// # Errors
    /// Those of [`midrank_scores`], and [`RfmError::Cuts`] for a reference without values.
    pub fn learned(
        column: &'static str,
        values: &[f64],
        direction: Direction,
        bins: usize,
    ) -> Result<Self, RfmError> {
        let scores = midrank_scores(values, direction, bins)?.scores;
        let worse = |a: f64, b: f64| match direction {
            Direction::HigherIsBetter => a < b,
            Direction::LowerIsBetter => a > b,
        };
        let mut points = Vec::with_capacity(bins - 1);
        for from in 2..=bins as u8 {
            let with = values
                .iter()
                .zip(&scores)
                .filter(|(_, score)| **score >= from);
            let first = with.map(|(value, _)| *value);
            match first.reduce(|a, b| if worse(b, a) { b } else { a }) {
                Some(point) => points.push(point),
                // Nobody is so good: whoever is better than all of the reference will be.
                None => {
                    let best = values.iter().copied();
                    let best = best.reduce(|a, b| if worse(a, b) { b } else { a });
                    points.extend(best.map(|best| beyond(best, direction)));
                }
            }
        }
        Self::new(column, direction, &points)
    }

    /// The points themselves, from the worse side.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// Scores by the cut points, 1 to one more than there are points.
    ///
    /// # Errors
    /// [`RfmError::NotFinite`] with the first row that holds NaN or infinity.
    pub fn score(&self, column: &'static str, values: &[f64]) -> Result<Scores, RfmError> {
        check_finite(column, values)?;
        let mut bin_sizes = vec![0; self.points.len() + 1];
        let reached = |value: f64| match self.direction {
            Direction::HigherIsBetter => self.points.partition_point(|point| *point <= value),
            Direction::LowerIsBetter => self.points.partition_point(|point| *point >= value),
        };
        let scores = values
            .iter()
            .map(|value| {
                let bin = reached(*value);
                bin_sizes[bin] += 1;
                bin as u8 + 1
            })
            .collect();
        Ok(Scores { scores, bin_sizes })
    }
}

/// The next number on the better side.
fn beyond(value: f64, direction: Direction) -> f64 {
    match direction {
        Direction::HigherIsBetter => value.next_up(),
        Direction::LowerIsBetter => value.next_down(),
    }
}

/// Mid-rank scores among customers of the same group each.
///
/// - `groups`: the group of each value, any numbers.
///
/// # Errors
/// Those of [`midrank_scores`].
pub(super) fn scores_within(
    groups: &[u16],
    values: &[f64],
    direction: Direction,
    bins: usize,
) -> Result<Scores, RfmError> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by_key(|row| (groups[*row], *row));
    let mut scores = vec![0; values.len()];
    let mut bin_sizes = vec![0; bins];
    for group in order.chunk_by(|a, b| groups[*a] == groups[*b]) {
        let of: Vec<f64> = group.iter().map(|row| values[*row]).collect();
        let found = midrank_scores(&of, direction, bins)?;
        for (row, score) in group.iter().zip(found.scores) {
            scores[*row] = score;
        }
        for (all, here) in bin_sizes.iter_mut().zip(found.bin_sizes) {
            *all += here;
        }
    }
    Ok(Scores { scores, bin_sizes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{HigherIsBetter, LowerIsBetter};
    use proptest::prelude::*;

    #[test]
    fn a_cut_point_belongs_to_the_better_side() {
        let money = Cuts::new("money", HigherIsBetter, &[10.0, 50.0, 100.0, 500.0]).unwrap();
        let found = money
            .score("money", &[-3.0, 9.99, 10.0, 99.0, 100.0, 7e9])
            .unwrap();
        assert_eq!(found.scores, [1, 1, 2, 3, 4, 5]);
        assert_eq!(found.bin_sizes, [2, 1, 1, 1, 1]);
        let recency = Cuts::new("recency", LowerIsBetter, &[365.0, 180.0, 90.0, 30.0]).unwrap();
        let found = recency
            .score("recency", &[1.0, 30.0, 31.0, 180.0, 366.0])
            .unwrap();
        assert_eq!(found.scores, [5, 5, 4, 3, 1]);
    }

    #[test]
    fn points_go_towards_the_better_side() {
        let refused = |direction, points: &[f64]| {
            Cuts::new("recency", direction, points)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(LowerIsBetter, &[30.0, 90.0]).contains("fall"));
        assert!(refused(HigherIsBetter, &[90.0, 30.0]).contains("rise"));
        assert!(refused(HigherIsBetter, &[f64::NAN]).contains("recency"));
        assert!(refused(HigherIsBetter, &[]).contains("recency"));
    }

    proptest! {
        /// The reference itself has by its cut points the scores that it was cut by.
        #[test]
        fn a_reference_keeps_its_scores(
            values in prop::collection::vec(0_i32..40, 1..200),
            lower in any::<bool>(),
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let direction = if lower { LowerIsBetter } else { HigherIsBetter };
            let cuts = Cuts::learned("value", &values, direction, 5).unwrap();
            prop_assert_eq!(
                cuts.score("value", &values).unwrap(),
                midrank_scores(&values, direction, 5).unwrap()
            );
        }

        /// Within a group the scores are those of the group alone.
        #[test]
        fn groups_do_not_know_each_other(values in prop::collection::vec((0_u16..4, 0_i32..9), 1..90)) {
            let groups: Vec<u16> = values.iter().map(|pair| pair.0).collect();
            let numbers: Vec<f64> = values.iter().map(|pair| f64::from(pair.1)).collect();
            let found = scores_within(&groups, &numbers, HigherIsBetter, 5).unwrap();
            for group in 0..4 {
                let rows: Vec<usize> = (0..groups.len()).filter(|row| groups[*row] == group).collect();
                let alone: Vec<f64> = rows.iter().map(|row| numbers[*row]).collect();
                let alone = midrank_scores(&alone, HigherIsBetter, 5).unwrap();
                let here: Vec<u8> = rows.iter().map(|row| found.scores[*row]).collect();
                prop_assert_eq!(here, alone.scores);
            }
            prop_assert_eq!(found.bin_sizes.iter().sum::<usize>(), groups.len());
        }
    }
}
