//! Permutation importance: what a model loses when a column says nothing.

use ndarray::{Array1, ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::ExplainError;
use super::blocks::{ask, blocks};
use crate::metrics::MetricError;
use crate::random;

/// How columns are permuted.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationSettings {
    /// How often each column is permuted. Default 5.
    pub repeats: usize,
    /// Same seed, same permutations. Default 42.
    pub seed: u64,
    /// Columns that are permuted together, because one tells of the other: a row takes all
    /// values of a group from one other row. Default: every column by itself.
    pub groups: Option<Vec<Vec<usize>>>,
}

impl Default for PermutationSettings {
    fn default() -> Self {
        Self {
            repeats: 5,
            seed: 42,
            groups: None,
        }
    }
}

/// How much worse a model is with some columns permuted.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationImportance {
    /// The columns permuted together.
    pub columns: Vec<usize>,
    /// The mean rise of the loss; about 0 for columns that do not help.
    pub mean: f64,
    /// The standard error of that mean, as far as the permutations go (the rows stay the same);
    /// none with one repeat.
    pub standard_error: Option<f64>,
    /// The rise in each repeat.
    pub repeats: Vec<f64>,
}

/// How much the loss of a model rises when columns are permuted among the rows of `x`
/// (`n_rows x n_features`), for each column or group of columns.
///
/// - `predict` gives a number for each row of a block of rows.
/// - `loss` says how bad the numbers for all rows are; lower is better. For a measure that is
///   better when higher, take it from 1.
///
/// Use rows that the model has not learnt from, else the importance of what it learnt by heart
/// is counted too. Of columns that say the same, each alone looks unimportant: permute them as a
/// group. A column that the model does not use has exactly 0.
///
/// Takes `(1 + columns x repeats)` times the time of predicting `x`; memory is 12 bytes a row and
/// a block of 1024 rows, for each thread. The permutations depend on the seed, the repeat and the
/// group's first column alone.
///
/// Source: Breiman 2001, "Random forests", section 10; for any model Fisher, Rudin and Dominici
/// 2019, "All models are wrong, but many are useful".
///
/// # Errors
/// [`ExplainError::NoRows`], [`ExplainError::TooFew`] for 0 repeats, [`ExplainError::EmptyGroup`],
/// [`ExplainError::NoSuchColumn`], [`ExplainError::PredictionCount`], and whatever `loss` says.
///
/// ```
/// use ndarray::{Array1, Array2, ArrayView2};
/// use regulars_models::explain::{PermutationSettings, permutation_importance};
/// use regulars_models::metrics::roc_auc;
///
/// let x = Array2::from_shape_fn((400, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
/// let y = Array1::from_shape_fn(400, |row| x[[row, 0]] > 60.0);
/// // A model that knows; `|rows| model.predict_probability(rows)` is the usual one.
/// let model = |rows: ArrayView2<'_, f32>| rows.column(0).mapv(|v| if v > 60.0 { 0.9 } else { 0.1 });
/// let importance = permutation_importance(
///     x.view(),
///     model,
///     |probabilities| Ok(1.0 - roc_auc(y.view(), probabilities)?),
///     &PermutationSettings::default(),
/// ).unwrap();
/// assert!(importance[0].mean > 0.3);
/// assert_eq!(importance[1].mean, 0.0);
/// ```
pub fn permutation_importance<P, L>(
    x: ArrayView2<'_, f32>,
    predict: P,
    loss: L,
    settings: &PermutationSettings,
) -> Result<Vec<PermutationImportance>, ExplainError>
where
    P: Fn(ArrayView2<'_, f32>) -> Array1<f64> + Sync,
    L: Fn(ArrayView1<'_, f64>) -> Result<f64, MetricError> + Sync,
{
    let singles = || (0..x.ncols()).map(|column| vec![column]).collect();
    let groups: Vec<Vec<usize>> = settings.groups.clone().unwrap_or_else(singles);
    check(x, &groups, settings.repeats)?;
    let loss_of = |columns: &[usize], order: &[u32]| -> Result<f64, ExplainError> {
        let mut predicted = Vec::with_capacity(x.nrows());
        for (first, block) in blocks(&x) {
            let mut block = block.to_owned();
            for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                for &column in columns {
                    row[column] = x[[order[first + i] as usize, column]];
                }
            }
            predicted.extend(ask(&predict, block.view())?);
        }
        Ok(loss(ArrayView1::from(&predicted))?)
    };
    let before = loss_of(&[], &[])?;
    // Every repeat of every group is a task of its own; none has to wait for another.
    let rises: Result<Vec<f64>, ExplainError> = (0..groups.len() * settings.repeats)
        .into_par_iter()
        .map(|task| {
            let columns = &groups[task / settings.repeats];
            let repeat = (task % settings.repeats) as u64;
            let stream = repeat << 32 | columns[0] as u64;
            let order = permutation(settings.seed, stream, x.nrows());
            Ok(loss_of(columns, &order)? - before)
        })
        .collect();
    let rises = rises?;
    let summary = |(columns, repeats): (Vec<usize>, &[f64])| {
        let n = repeats.len() as f64;
        let mean = repeats.iter().sum::<f64>() / n;
        let squares: f64 = repeats.iter().map(|rise| (rise - mean).powi(2)).sum();
        PermutationImportance {
            columns,
            mean,
            standard_error: (repeats.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
            repeats: repeats.to_vec(),
        }
    };
    let of_groups = rises.chunks_exact(settings.repeats);
    Ok(groups.into_iter().zip(of_groups).map(summary).collect())
}

fn check(
    x: ArrayView2<'_, f32>,
    groups: &[Vec<usize>],
    repeats: usize,
) -> Result<(), ExplainError> {
    if repeats == 0 {
        return Err(ExplainError::TooFew {
            name: "repeats",
            value: 0,
            least: 1,
        });
    }
    if let Some(group) = groups.iter().position(Vec::is_empty) {
        return Err(ExplainError::EmptyGroup(group));
    }
    let columns = x.ncols();
    if let Some(&column) = groups.iter().flatten().find(|column| **column >= columns) {
        return Err(ExplainError::NoSuchColumn { column, columns });
    }
    if x.nrows() == 0 {
        return Err(ExplainError::NoRows);
    }
    Ok(())
}

/// The numbers below `rows` in an order drawn by lot (Fisher and Yates 1938).
fn permutation(seed: u64, stream: u64, rows: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    for i in (1..rows).rev() {
        let draw = random::unit(seed, stream, i as u64);
        order.swap(i, ((draw * (i + 1) as f64) as usize).min(i));
    }
    order
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::metrics::log_loss;

    fn rows(n: usize) -> Array2<f32> {
        Array2::from_shape_fn((n, 3), |(row, column)| {
            random::unit(1, column as u64, row as u64) as f32
        })
    }

    /// A model of the first two columns, the second twice as strong.
    fn predict(x: ArrayView2<'_, f32>) -> Array1<f64> {
        x.rows()
            .into_iter()
            .map(|row| f64::from(row[0]) / 3.0 + f64::from(row[1]) * 2.0 / 3.0)
            .collect()
    }

    #[test]
    fn a_column_that_is_not_used_has_exactly_nothing_and_a_stronger_one_more() {
        let x = rows(3000);
        let labels = predict(x.view()).mapv(|p| p > 0.5);
        let importance = permutation_importance(
            x.view(),
            predict,
            |p| log_loss(labels.view(), p),
            &PermutationSettings::default(),
        )
        .unwrap();
        assert_eq!(importance[2].repeats, [0.0; 5]);
        assert_eq!(importance[2].standard_error, Some(0.0));
        assert!(importance[1].mean > 2.0 * importance[0].mean && importance[0].mean > 0.0);
        for one in &importance[..2] {
            assert!(one.standard_error.unwrap() < one.mean / 5.0, "{one:?}");
        }
    }

    #[test]
    fn squared_loss_rises_by_twice_the_variance_of_what_a_column_adds() {
        // With the truth as target: E (f(x) - f(x permuted))^2 = 2 Var(x_0 / 3) = 2 / 108.
        let x = rows(20_000);
        let target = predict(x.view());
        let loss = |p: ArrayView1<'_, f64>| {
            let off = &p - &target;
            Ok((&off * &off).mean().unwrap_or(0.0))
        };
        let settings = PermutationSettings {
            repeats: 10,
            groups: Some(vec![vec![0], vec![0, 1], vec![2]]),
            ..PermutationSettings::default()
        };
        let importance = permutation_importance(x.view(), predict, loss, &settings).unwrap();
        for (one, want) in importance.iter().zip([2.0 / 108.0, 10.0 / 108.0, 0.0]) {
            assert!((one.mean - want).abs() < 0.002, "{one:?} for {want}");
        }
        assert_eq!(importance[1].columns, [0, 1]);
    }

    #[test]
    fn a_group_moves_together() {
        // The model looks at the difference of two equal columns: always 0 while they move as one.
        let x = Array2::from_shape_fn((500, 2), |(row, _)| random::unit(2, 0, row as u64) as f32);
        let difference = |x: ArrayView2<'_, f32>| -> Array1<f64> {
            let rows = x.rows().into_iter();
            rows.map(|row| f64::from(row[0] - row[1])).collect()
        };
        let loss = |p: ArrayView1<'_, f64>| Ok(p.mapv(f64::abs).sum());
        let settings = |groups| PermutationSettings {
            groups,
            ..PermutationSettings::default()
        };
        let together = settings(Some(vec![vec![0, 1]]));
        let together = permutation_importance(x.view(), difference, loss, &together).unwrap();
        assert_eq!(together[0].mean, 0.0);
        let apart = permutation_importance(x.view(), difference, loss, &settings(None)).unwrap();
        assert!(apart[0].mean > 0.0);
    }

    #[test]
    fn permutations_hold_every_row_once_and_differ_between_streams() {
        let order = permutation(7, 3, 1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(order, permutation(7, 4, 1000));
        assert!(permutation(7, 3, 0).is_empty());
        // Each of the six orders of three rows comes up about as often.
        let mut counts = [0; 6];
        for stream in 0..6000 {
            let order = permutation(1, stream, 3);
            counts[order[0] as usize * 2 + usize::from(order[1] > order[2])] += 1;
        }
        assert!(counts.iter().all(|n| (880..1120).contains(n)), "{counts:?}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let x = rows(2500);
        let labels = predict(x.view()).mapv(|p| p > 0.4);
        let run = || {
            permutation_importance(
                x.view(),
                predict,
                |p| log_loss(labels.view(), p),
                &PermutationSettings::default(),
            )
            .unwrap()
        };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(run)
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let x = array![[1.0_f32, 2.0]];
        let error = |groups, repeats, x: &Array2<f32>| {
            let settings = PermutationSettings {
                repeats,
                groups,
                ..PermutationSettings::default()
            };
            permutation_importance(
                x.view(),
                |x| x.column(0).mapv(f64::from),
                |_| Ok(0.0),
                &settings,
            )
            .unwrap_err()
            .to_string()
        };
        assert_eq!(error(None, 0, &x), "repeats = 0; choose at least 1");
        assert_eq!(
            error(Some(vec![vec![0], vec![]]), 1, &x),
            "group 1 has no columns; give each group at least one"
        );
        assert_eq!(
            error(Some(vec![vec![2]]), 1, &x),
            "column 2 does not exist: there are 2 feature columns, counted from 0"
        );
        assert_eq!(
            error(None, 1, &Array2::zeros((0, 2))),
            "there are no rows to explain the model on; give at least one"
        );
        let settings = PermutationSettings::default();
        let one = |_: ArrayView2<'_, f32>| array![0.5, 0.5];
        assert_eq!(
            permutation_importance(x.view(), one, |_| Ok(0.0), &settings),
            Err(ExplainError::PredictionCount {
                expected: 1,
                found: 2
            })
        );
        let short = |_: ArrayView1<'_, f64>| Err(MetricError::NoTotal);
        let predict = |x: ArrayView2<'_, f32>| x.column(0).mapv(f64::from);
        assert_eq!(
            permutation_importance(x.view(), predict, short, &settings),
            Err(ExplainError::Metric(MetricError::NoTotal))
        );
    }
}
