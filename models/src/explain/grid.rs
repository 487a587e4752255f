//! At which values of a column a model is asked.

use ndarray::{ArrayView1, ArrayView2};

use super::ExplainError;

/// The values of a column at which a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Grid {
    /// At most this many (at least 2) of the column's values, at evenly spaced quantiles from the
    /// least to the largest; all of them where there are no more. 20 makes a good curve.
    Quantiles(usize),
    /// Every value that the column has, ascending: for categories.
    EveryValue,
    /// These, in this order; `NaN` asks for missing.
    Points(Vec<f32>),
}

impl Grid {
    /// The points for a column of `x`: no value twice, and `NaN` as the last where a row lacks the
    /// value (unless the points were given).
    pub(super) fn points(
        &self,
        x: ArrayView2<'_, f32>,
        column: usize,
    ) -> Result<Vec<f32>, ExplainError> {
        if column >= x.ncols() {
            let columns = x.ncols();
            return Err(ExplainError::NoSuchColumn { column, columns });
        }
        if x.nrows() == 0 {
            return Err(ExplainError::NoRows);
        }
        let mut points = match self {
            Self::Points(points) => {
                if points.is_empty() {
                    return Err(ExplainError::EmptyGrid(column));
                }
                if let Some(&value) = points.iter().find(|point| point.is_infinite()) {
                    return Err(ExplainError::InfinitePoint { column, value });
                }
                return Ok(points.clone());
            }
            Self::EveryValue => quantiles(x.column(column), usize::MAX),
            Self::Quantiles(count) => {
                if *count < 2 {
                    return Err(ExplainError::TooFew {
                        name: "quantiles",
                        value: *count,
                        least: 2,
                    });
                }
                quantiles(x.column(column), *count)
            }
        };
        if points.is_empty() {
            return Err(ExplainError::AllMissing(column));
        }
        if x.column(column).iter().any(|value| value.is_nan()) {
            points.push(f32::NAN);
        }
        Ok(points)
    }
}

/// At most `count` different finite values of the column, at evenly spaced places of their order;
/// all of them where there are no more.
pub(super) fn quantiles(column: ArrayView1<'_, f32>, count: usize) -> Vec<f32> {
    let finite = column.iter().copied().filter(|value| value.is_finite());
    // Adding 0 makes one value of -0 and 0.
    let mut sorted: Vec<f32> = finite.map(|value| value + 0.0).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut different = sorted.clone();
    different.dedup();
    if different.len() <= count {
        return different;
    }
    let last = sorted.len() - 1;
    let place = |k: usize| (k as f64 * last as f64 / (count - 1) as f64).round() as usize;
    let mut points: Vec<f32> = (0..count).map(|k| sorted[place(k)]).collect();
    points.dedup();
    points
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn column(values: &[f32]) -> Array2<f32> {
        Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap()
    }

    #[test]
    fn quantiles_are_values_of_the_column_from_the_least_to_the_largest() {
        let x = column(&[5.0, 1.0, 2.0, 3.0, 4.0, 9.0, 7.0]);
        let points = Grid::Quantiles(3).points(x.view(), 0).unwrap();
        assert_eq!(points, [1.0, 4.0, 9.0]);
        let points = Grid::Quantiles(50).points(x.view(), 0).unwrap();
        assert_eq!(points, [1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 9.0]);
    }

    #[test]
    fn missing_is_the_last_point_where_a_row_lacks_the_value() {
        let x = column(&[2.0, f32::NAN, -0.0, 0.0, 2.0]);
        for grid in [Grid::EveryValue, Grid::Quantiles(2)] {
            let points = grid.points(x.view(), 0).unwrap();
            assert_eq!(points[..2], [0.0, 2.0]);
            assert!(points.len() == 3 && points[2].is_nan());
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let x = array![[1.0, f32::NAN], [2.0, f32::NAN]];
        let error = |grid: Grid, column| grid.points(x.view(), column).unwrap_err().to_string();
        assert_eq!(
            error(Grid::EveryValue, 1),
            "column 1 has no values: all rows lack it, so there is nothing to vary"
        );
        assert_eq!(
            error(Grid::EveryValue, 2),
            "column 2 does not exist: there are 2 feature columns, counted from 0"
        );
        assert_eq!(
            error(Grid::Quantiles(1), 0),
            "quantiles = 1; choose at least 2"
        );
        assert_eq!(
            error(Grid::Points(vec![]), 0),
            "the grid of column 0 has no points; give at least one"
        );
        assert_eq!(
            error(Grid::Points(vec![f32::INFINITY]), 0),
            "the grid of column 0 has inf; points must be finite, or NaN for missing"
        );
        let none = Array2::zeros((0, 1));
        assert_eq!(
            Grid::EveryValue.points(none.view(), 0),
            Err(ExplainError::NoRows)
        );
    }
}
