//! What fitted sums of trees have in common: scoring and importance.

use ndarray::{Array1, ArrayView2};

use super::super::node::{Tree, row_major, sum_over_splits};
use super::super::scoring::Scorer;

/// Adds to `scores` what the trees say of the rows of `x`.
///
/// The scores of several outputs lie one output after the other; the trees lie round after
/// round, in each a tree an output. Every score takes its trees in their order.
pub(crate) fn add_trees(trees: &[Tree], x: ArrayView2<'_, f32>, scores: &mut [f64]) {
    let (n, columns) = x.dim();
    if n == 0 {
        return;
    }
    let rows = row_major(x);
    let outputs = scores.len() / n;
    for (output, scores) in scores.chunks_exact_mut(n).enumerate() {
        Scorer::new(trees.iter().skip(output).step_by(outputs)).add_to(&rows, columns, scores);
    }
}

/// The scores of the rows of `x` by a model with one output.
pub(crate) fn scores(start: f64, trees: &[Tree], x: ArrayView2<'_, f32>) -> Array1<f64> {
    let mut scores = vec![start; x.nrows()];
    add_trees(trees, x, &mut scores);
    Array1::from(scores)
}

/// The total gain of the splits on each feature.
pub(crate) fn gain_importance(features: usize, trees: &[Tree]) -> Array1<f64> {
    sum_over_splits(features, trees, |_, node| node.gain)
}

/// Refuses a matrix that the model was not fitted for.
pub(crate) fn check_columns(features: usize, x: ArrayView2<'_, f32>) {
    super::super::check_columns("model", features, x);
}

/// The methods that every boosted model has, whatever its loss.
macro_rules! boosted_model {
    ($model:ident, $params:ident) => {
        impl $model {
            /// The default settings, to be changed and then fitted.
            pub fn params() -> super::$params {
                super::$params::default()
            }

            /// Number of feature columns.
            pub fn feature_count(&self) -> usize {
                self.features
            }

            /// Number of trees.
            pub fn tree_count(&self) -> usize {
                self.trees.len()
            }

            /// The mean loss of the validation rows after 1, 2, ... of the rounds of the last
            /// fit, including those grown past the lowest and dropped again; empty when fitted
            /// without validation rows.
            pub fn validation_losses(&self) -> &[f64] {
                &self.validation_losses
            }

            /// The total gain of the splits on each feature, one a feature; 0 where it is never
            /// used. Divide by the sum for shares. Favours features with many values; for
            /// reasons use [`contributions`](Self::contributions).
            pub fn gain_importance(&self) -> ndarray::Array1<f64> {
                super::score::gain_importance(self.features, &self.trees)
            }
        }
    };
}
pub(crate) use boosted_model;
