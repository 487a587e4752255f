//! Accumulated local effects: how predictions move with a column among the values rows do have.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::ExplainError;
use super::blocks::{Weights, ask, for_blocks};
use super::grid::{Grid, quantiles};

/// How predictions move with one numeric column, as [`accumulated_effects`] finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccumulatedEffects {
    /// The column.
    pub column: usize,
    /// Values of the column, ascending.
    pub points: Vec<f32>,
    /// The effect at each point; its mean over the rows is 0.
    pub effects: Array1<f64>,
    /// How many rows lie between each point and the one before it (excluded; the first piece has
    /// its lower end too); one less than points, or one for a constant column.
    pub rows: Vec<usize>,
}

/// The accumulated local effects of one numeric column of `x` (`n_rows x n_features`).
///
/// The column is cut at quantiles into at most `pieces` pieces. Each row is asked about at both
/// ends of the piece that it lies in, all its other values as they are; the mean differences,
/// added up from the left, are the effect. Unlike
/// [`partial_dependence`](super::partial_dependence) no row is moved to where no row is, so columns
/// that hang together do not blur each other. Rows that lack the value have no part. Not for
/// categories, which have no order.
///
/// - `predict` gives a number for each row of a block of rows.
/// - `weights`: how much each row counts; 1 if none are given.
///
/// Takes twice the time of predicting `x`, whatever the number of pieces.
///
/// Source: Apley and Zhu 2020, "Visualizing the effects of predictor variables in black box
/// supervised learning models", section 2; centred over pieces as in their package ALEPlot.
///
/// # Errors
/// [`ExplainError::NoRows`], [`ExplainError::NoSuchColumn`], [`ExplainError::AllMissing`],
/// [`ExplainError::TooFew`] for 0 pieces, those of the weights,
/// [`ExplainError::PredictionCount`].
pub fn accumulated_effects<P>(
    x: ArrayView2<'_, f32>,
    predict: P,
    column: usize,
    pieces: usize,
    weights: Option<ArrayView1<'_, f32>>,
) -> Result<AccumulatedEffects, ExplainError>
where
    P: Fn(ArrayView2<'_, f32>) -> Array1<f64> + Sync,
{
    if pieces == 0 {
        return Err(ExplainError::TooFew {
            name: "pieces",
            value: 0,
            least: 1,
        });
    }
    // Checks the column; its points may end in one for missing values, which has no place here.
    Grid::EveryValue.points(x, column)?;
    let points = quantiles(x.column(column), pieces.saturating_add(1));
    let weights = Weights::new(weights, x.nrows())?;
    // Piece k lies between points k and k + 1.
    let piece = |value: f32| {
        let above = points.partition_point(|point| *point < value);
        above.saturating_sub(1).min(points.len().saturating_sub(2))
    };
    let end = |k: usize| points[k.min(points.len() - 1)];
    let differences = for_blocks(x, |mut block, _| {
        let own: Vec<f32> = block.column(column).to_vec();
        let mut at = |upper: usize| {
            for (value, own) in block.column_mut(column).iter_mut().zip(&own) {
                if own.is_finite() {
                    *value = end(piece(*own) + upper);
                }
            }
            ask(&predict, block.view())
        };
        let low = at(0)?;
        Ok(at(1)? - low)
    })?;
    let mut sums = vec![(0.0, 0.0, 0); points.len().saturating_sub(1).max(1)];
    let differences = differences.iter().flatten();
    for (row, (value, difference)) in x.column(column).iter().zip(differences).enumerate() {
        if value.is_finite() {
            let (sum, weight, rows) = &mut sums[piece(*value)];
            *sum += weights.of(row) * difference;
            *weight += weights.of(row);
            *rows += 1;
        }
    }
    let mut effects = vec![0.0];
    let (mut mean, mut total) = (0.0, 0.0);
    for (sum, weight, _) in sums.iter().take(points.len() - 1) {
        let before = effects[effects.len() - 1];
        let step = if *weight > 0.0 { sum / weight } else { 0.0 };
        effects.push(before + step);
        mean += weight * (before + step / 2.0);
        total += weight;
    }
    if total > 0.0 {
        mean /= total;
    }
    Ok(AccumulatedEffects {
        column,
        effects: effects.into_iter().map(|effect| effect - mean).collect(),
        rows: sums.iter().map(|(_, _, rows)| *rows).collect(),
        points,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::random;

    /// `3 x0 + x1^2`, with 0 for missing.
    fn predict(x: ArrayView2<'_, f32>) -> Array1<f64> {
        let known = |value: f32| {
            if value.is_nan() {
                0.0
            } else {
                f64::from(value)
            }
        };
        let rows = x.rows().into_iter();
        rows.map(|row| 3.0 * known(row[0]) + known(row[1]).powi(2))
            .collect()
    }

    /// Two columns that hang together closely, and one value missing.
    fn rows() -> Array2<f32> {
        let mut x = Array2::from_shape_fn((4000, 2), |(row, column)| {
            let first = random::unit(4, 0, row as u64);
            let other = 0.1 * random::unit(4, 1, row as u64);
            (first + if column == 1 { other } else { 0.0 }) as f32
        });
        x[[7, 0]] = f32::NAN;
        x
    }

    #[test]
    fn an_additive_column_has_its_component_though_columns_hang_together() {
        let x = rows();
        let found = accumulated_effects(x.view(), predict, 0, 20, None).unwrap();
        assert_eq!(found.points.len(), 21);
        assert_eq!(found.rows.iter().sum::<usize>(), 3999);
        for (point, effect) in found.points.iter().zip(&found.effects) {
            let want = 3.0 * (f64::from(*point) - 0.5);
            assert!((effect - want).abs() < 0.05, "{effect} for {want}");
        }
        let found = accumulated_effects(x.view(), predict, 1, 50, None).unwrap();
        let (first, last) = (found.points[0], found.points[50]);
        let want = f64::from(last).powi(2) - f64::from(first).powi(2);
        assert!((found.effects[50] - found.effects[0] - want).abs() < 1e-6);
    }

    #[test]
    fn by_hand() {
        // Pieces (1, 2] with rows 0 and 1, and (2, 4] with row 2. Differences of x0 * x1:
        // 10 and 20, mean 15; then 2 * 30 = 60. Centred by (2 * 7.5 + 1 * 45) / 3 = 20.
        let x = array![[1.0_f32, 10.0], [2.0, 20.0], [4.0, 30.0]];
        let product = |x: ArrayView2<'_, f32>| -> Array1<f64> {
            let rows = x.rows().into_iter();
            rows.map(|row| f64::from(row[0] * row[1])).collect()
        };
        let found = accumulated_effects(x.view(), product, 0, 5, None).unwrap();
        assert_eq!(found.points, [1.0, 2.0, 4.0]);
        assert_eq!(found.effects, array![-20.0, -5.0, 55.0]);
        assert_eq!(found.rows, [2, 1]);
        let weights = array![1.0_f32, 0.0, 1.0];
        let found = accumulated_effects(x.view(), product, 0, 5, Some(weights.view())).unwrap();
        // Mean 10, then 60; centred by (5 + 40) / 2.
        assert_eq!(found.effects, array![-22.5, -12.5, 47.5]);
    }

    #[test]
    fn a_constant_column_has_no_effect_and_an_empty_one_is_refused() {
        let x = array![[1.0_f32, f32::NAN], [1.0, f32::NAN]];
        let found = accumulated_effects(x.view(), |x| x.column(0).mapv(f64::from), 0, 5, None);
        let found = found.unwrap();
        assert_eq!(
            (found.points, found.effects, found.rows),
            (vec![1.0], array![0.0], vec![2])
        );
        let error = |column, pieces| accumulated_effects(x.view(), predict, column, pieces, None);
        assert_eq!(error(1, 5), Err(ExplainError::AllMissing(1)));
        assert_eq!(
            error(0, 0).unwrap_err().to_string(),
            "pieces = 0; choose at least 1"
        );
    }
}
