//! Why a model says what it says.
//!
//! | question | answer |
//! |---|---|
//! | Why this score, for this row? | [`TreeSum::shap`], [`TreeSum::shap_against`]: exact Shapley values of any tree model |
//! | Which features work together? | [`TreeSum::interactions`] |
//! | Which features does the model lean on? | [`TreeShap::mean_absolute`], [`TreeSum::gain_importance`], [`TreeSum::split_counts`] |
//! | Which features would be missed? | [`permutation_importance`], of any model |
//! | How does the score move with a feature? | [`partial_dependence`] with the curves of single rows, [`partial_dependence_of_two`], [`accumulated_effects`], of any model |
//!
//! "Any model" is a function from rows to numbers, so probabilities, scores and expected values
//! can all be asked about, for instance
//! `|rows| model.predict_probability(rows)` for a
//! [`ProbabilityModel`](crate::classifiers::ProbabilityModel). It is called from several threads
//! with blocks of rows.
//!
//! Every answer is the same, bit by bit, on any number of threads.

mod accumulated;
mod blocks;
mod boosted;
mod dependence;
mod error;
mod foreign;
mod grid;
mod permutation;
mod shapley;
mod tree_sum;

use ndarray::ArrayView2;

pub(crate) use boosted::contributions_of;

pub use accumulated::{AccumulatedEffects, accumulated_effects};
pub use dependence::{Dependence, DependenceOfTwo, partial_dependence, partial_dependence_of_two};
pub use error::ExplainError;
pub use foreign::TreeColumns;
pub use grid::Grid;
pub use permutation::{PermutationImportance, PermutationSettings, permutation_importance};
pub use shapley::TreeShap;
pub use tree_sum::{TreeModel, TreeSum};

fn check_columns(expected: usize, x: ArrayView2<'_, f32>) -> Result<(), ExplainError> {
    if x.ncols() != expected {
        return Err(ExplainError::ColumnCount {
            expected,
            found: x.ncols(),
        });
    }
    Ok(())
}
