//! Partial dependence, and the curves of single rows that it is the mean of.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::blocks::{Weights, ask, for_blocks};
use super::{ExplainError, Grid};

/// How predictions move with one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence {
    /// The column that is varied.
    pub column: usize,
    /// The values it is given; `NaN` is missing.
    pub points: Vec<f32>,
    /// The weighted mean of the curves: the partial dependence, one a point.
    pub mean: Array1<f64>,
    /// The prediction for each row at each point, `n_rows x n_points`: individual conditional
    /// expectation (ICE). Curves that do not run side by side tell of an interaction.
    pub curves: Array2<f64>,
}

impl Dependence {
    /// The curves less what each is at point number `point`, so that all start out at 0 there
    /// (centred ICE).
    ///
    /// # Panics
    /// When there is no such point.
    pub fn centred(&self, point: usize) -> Array2<f64> {
        let at = self.curves.column(point).insert_axis(Axis(1));
        &self.curves - &at
    }
}

/// How predictions move with two columns.
#[derive(Clone, Debug, PartialEq)]
pub struct DependenceOfTwo {
    /// The columns that are varied.
    pub columns: [usize; 2],
    /// The values each is given; `NaN` is missing.
    pub points: [Vec<f32>; 2],
    /// The weighted mean prediction, points of the first column by points of the second.
    pub mean: Array2<f64>,
}

/// The mean prediction over the rows of `x` (`n_rows x n_features`) with one column set to each
/// point of a grid, and the prediction for each row.
///
/// - `predict` gives a number for each row of a block of rows.
/// - `weights`: how much each row counts in the mean; 1 if none are given.
///
/// The grid comes from the rows, with missing as a point of its own where a row lacks the value.
/// Rows take on values that they may never have together with their others; where columns hang
/// together closely, see [`accumulated_effects`](super::accumulated_effects). A sample of some
/// hundred rows will do. Takes `points` times the time of predicting `x`; memory is
/// `8 x rows x points` bytes and a block of 1024 rows for each thread.
///
/// Sources: Friedman 2001, "Greedy function approximation", section 8.2; Goldstein, Kapelner,
/// Bleich and Pitkin 2015, "Peeking inside the black box".
///
/// # Errors
/// [`ExplainError::NoRows`], [`ExplainError::NoSuchColumn`], [`ExplainError::AllMissing`], those
/// of the [`Grid`] and of the weights, [`ExplainError::PredictionCount`].
///
/// ```
/// use ndarray::array;
/// use regulars_models::explain::{Grid, partial_dependence};
///
/// // A model that adds up its columns.
/// let x = array![[1.0_f32, 10.0], [2.0, 30.0], [3.0, 20.0]];
/// let dependence = partial_dependence(
///     x.view(),
///     |rows| rows.map(|value| f64::from(*value)).sum_axis(ndarray::Axis(1)),
///     0,
///     &Grid::EveryValue,
///     None,
/// ).unwrap();
/// assert_eq!(dependence.points, [1.0, 2.0, 3.0]);
/// assert_eq!(dependence.mean, array![21.0, 22.0, 23.0]);
/// assert_eq!(dependence.centred(0).row(1), array![0.0, 1.0, 2.0]);
/// ```
pub fn partial_dependence<P>(
    x: ArrayView2<'_, f32>,
    predict: P,
    column: usize,
    grid: &Grid,
    weights: Option<ArrayView1<'_, f32>>,
) -> Result<Dependence, ExplainError>
where
    P: Fn(ArrayView2<'_, f32>) -> Array1<f64> + Sync,
{
    let points = grid.points(x, column)?;
    let weights = Weights::new(weights, x.nrows())?;
    let blocks = for_blocks(x, |mut block, _| {
        let mut curves = Array2::zeros((block.nrows(), points.len()));
        for (point, mut at) in points.iter().zip(curves.columns_mut()) {
            block.column_mut(column).fill(*point);
            at.assign(&ask(&predict, block.view())?);
        }
        Ok(curves)
    })?;
    let mut curves = Array2::zeros((x.nrows(), points.len()));
    let mut mean = Array1::zeros(points.len());
    let rows = blocks.iter().flat_map(|block| block.rows());
    for (row, (curve, mut place)) in rows.zip(curves.rows_mut()).enumerate() {
        mean.scaled_add(weights.of(row), &curve);
        place.assign(&curve);
    }
    mean /= weights.total(x.nrows());
    Ok(Dependence {
        column,
        points,
        mean,
        curves,
    })
}

/// The mean prediction with two columns set to each pair of points of their grids; see
/// [`partial_dependence`].
///
/// Takes `points x points` times the time of predicting `x`; memory is 8 bytes a pair of points
/// for each 1024 rows.
///
/// # Errors
/// As [`partial_dependence`], and [`ExplainError::SameColumn`].
pub fn partial_dependence_of_two<P>(
    x: ArrayView2<'_, f32>,
    predict: P,
    columns: [usize; 2],
    grids: [&Grid; 2],
    weights: Option<ArrayView1<'_, f32>>,
) -> Result<DependenceOfTwo, ExplainError>
where
    P: Fn(ArrayView2<'_, f32>) -> Array1<f64> + Sync,
{
    if columns[0] == columns[1] {
        return Err(ExplainError::SameColumn(columns[0]));
    }
    let points = [
        grids[0].points(x, columns[0])?,
        grids[1].points(x, columns[1])?,
    ];
    let weights = Weights::new(weights, x.nrows())?;
    let shape = (points[0].len(), points[1].len());
    let blocks = for_blocks(x, |mut block, first| {
        let mut sums = Array2::zeros(shape);
        for (i, point) in points[0].iter().enumerate() {
            block.column_mut(columns[0]).fill(*point);
            for (j, point) in points[1].iter().enumerate() {
                block.column_mut(columns[1]).fill(*point);
                let predicted = ask(&predict, block.view())?;
                let weighted = predicted.iter().zip(first..);
                sums[[i, j]] = weighted.map(|(value, row)| weights.of(row) * value).sum();
            }
        }
        Ok(sums)
    })?;
    let mut mean = Array2::zeros(shape);
    for sums in &blocks {
        mean += sums;
    }
    mean /= weights.total(x.nrows());
    Ok(DependenceOfTwo {
        columns,
        points,
        mean,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::random;

    fn rows(n: usize) -> Array2<f32> {
        Array2::from_shape_fn((n, 3), |(row, column)| {
            let value = random::unit(3, column as u64, row as u64) as f32;
            if column == 1 && value < 0.1 {
                f32::NAN
            } else {
                (value * 16.0).floor()
            }
        })
    }

    /// `x0^2 + (5 where x1 is missing, else x1) + x0 x2`.
    fn predict(x: ArrayView2<'_, f32>) -> Array1<f64> {
        let rows = x.rows().into_iter();
        rows.map(|row| {
            let [a, b, c] = [row[0], row[1], row[2]].map(f64::from);
            a * a + if b.is_nan() { 5.0 } else { b } + a * c
        })
        .collect()
    }

    #[test]
    fn an_additive_column_depends_as_its_component_does() {
        let x = rows(3000);
        let found = partial_dependence(x.view(), predict, 1, &Grid::EveryValue, None).unwrap();
        assert_eq!(found.points.len(), 16);
        assert!(found.points[15].is_nan());
        let component = |point: f32| {
            if point.is_nan() {
                5.0
            } else {
                f64::from(point)
            }
        };
        for (point, mean) in found.points.iter().zip(&found.mean) {
            let want = component(*point) - component(found.points[0]);
            assert!((mean - found.mean[0] - want).abs() < 1e-9);
        }
        // Without interaction all centred curves are one.
        for row in found.centred(0).rows() {
            assert!(
                (row[14] - (component(found.points[14]) - component(found.points[0]))).abs() < 1e-9
            );
        }
    }

    #[test]
    fn curves_are_the_predictions_with_the_column_set() {
        let x = rows(1500);
        let weights = Array1::from_shape_fn(1500, |row| (row % 3) as f32);
        let grid = Grid::Points(vec![4.0, -1.0]);
        let found = partial_dependence(x.view(), predict, 0, &grid, Some(weights.view())).unwrap();
        for (j, point) in [4.0, -1.0].into_iter().enumerate() {
            let mut set = x.clone();
            set.column_mut(0).fill(point);
            let want = predict(set.view());
            assert_eq!(found.curves.column(j), want);
            let sum: f64 = want
                .iter()
                .enumerate()
                .map(|(i, v)| (i % 3) as f64 * v)
                .sum();
            assert!((found.mean[j] - sum / 1500.0).abs() < 1e-9);
        }
    }

    #[test]
    fn two_columns_agree_with_one_and_show_their_interaction() {
        let x = rows(2100);
        let grids = [
            &Grid::Points(vec![0.0, 2.0]),
            &Grid::Points(vec![1.0, 3.0, 4.0]),
        ];
        let found = partial_dependence_of_two(x.view(), predict, [0, 2], grids, None).unwrap();
        for (i, a) in [0.0, 2.0].into_iter().enumerate() {
            for (j, c) in [1.0, 3.0, 4.0].into_iter().enumerate() {
                let want = a * a + a * c + found.mean[[0, 0]];
                assert!((found.mean[[i, j]] - want).abs() < 1e-9);
            }
            let mut set = x.clone();
            set.column_mut(0).fill(a as f32);
            let one = partial_dependence(set.view(), predict, 2, grids[1], None).unwrap();
            for (j, want) in one.mean.iter().enumerate() {
                assert!((found.mean[[i, j]] - want).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let x = rows(5000);
        let weights = Array1::from_shape_fn(5000, |row| 0.1 + (row % 7) as f32);
        let run = || {
            let weights = Some(weights.view());
            let grid = &Grid::Quantiles(5);
            (
                partial_dependence(x.view(), predict, 0, grid, weights).unwrap(),
                partial_dependence_of_two(x.view(), predict, [0, 2], [grid; 2], weights).unwrap(),
            )
        };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(run)
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let x = array![[1.0_f32, 2.0, 3.0], [1.0, 2.0, 3.0]];
        let one = |weights: Array1<f32>| {
            partial_dependence(
                x.view(),
                predict,
                0,
                &Grid::EveryValue,
                Some(weights.view()),
            )
            .unwrap_err()
            .to_string()
        };
        assert_eq!(
            one(array![1.0]),
            "1 weights for 2 rows; give one weight a row, or none"
        );
        assert_eq!(
            one(array![1.0, -1.0]),
            "the weight of row 1 is -1; weights must be finite, 0 or more"
        );
        assert_eq!(
            one(array![0.0, 0.0]),
            "all weights are 0; at least one row has to count"
        );
        let grids = [&Grid::EveryValue; 2];
        assert_eq!(
            partial_dependence_of_two(x.view(), predict, [1, 1], grids, None),
            Err(ExplainError::SameColumn(1))
        );
    }
}
