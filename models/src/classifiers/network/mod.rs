//! A small neural network.

pub(crate) mod layers;
mod params;
mod train;

use linfa::ParamGuard;
use ndarray::{Array1, ArrayView2};

pub use params::{NetworkParams, NetworkValidParams};

use super::preprocess::Preprocessing;
use super::validation::{Held, fits_with_validation, hold_out};
use super::{ClassifierError, ProbabilityModel};
use crate::tree::{Targets, sigmoid};
use layers::Layers;
use train::{Rows, scores, train};

/// A stream of its own among the random numbers of a seed.
const HELD_OUT: u64 = 0x6e65_7402;

/// A fitted network with one or two hidden layers of rectified linear units (Goodfellow, Bengio
/// and Courville 2016, "Deep learning", chapter 6), trained on the log loss by Adam on small
/// batches. Features are made ready by [`Preprocessing`].
///
/// After each pass over the rows the log loss of the validation rows is taken, and the weights
/// are those of the lowest. Without validation rows a tenth of the training rows, drawn by seed
/// and row number, is held out for it; should one of the two parts lack a label, the training
/// rows judge themselves.
///
/// Weights of rows are honoured. The order of the rows matters, as the batches are drawn by row
/// number. Slopes are summed in fixed chunks, so that the bits are the same on any number of
/// threads. Memory is `8 * rows * columns` bytes for the rows made ready.
///
/// # Errors of fitting
/// As for [`Preprocessing`]; with validation rows also
/// [`ColumnCount`](crate::tree::TreeError::ColumnCount).
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) layers: Layers,
    pub(crate) validation_losses: Vec<f64>,
}

fits_with_validation!(
    NetworkParams,
    NetworkValidParams,
    Network,
    "Fits on `train` and keeps the weights that give `validation` its lowest log loss."
);

impl NetworkValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
        validation: Option<(ArrayView2<'_, f32>, &Targets)>,
    ) -> Result<Network, ClassifierError> {
        let (preprocessing, z) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        let units = [vec![z.ncols()], self.hidden.clone(), vec![1]].concat();
        let base = targets.base_rate();
        let mut layers = Layers::start(units, libm::log(base / (1.0 - base)), self.seed);
        let all = Rows { z: &z, targets };
        // Within the pool: from outside, each of thousands of small parallel steps would have to
        // be handed over and waited for.
        let validation_losses = rayon::scope(|_| match validation {
            Some((x, targets)) => {
                let ready = preprocessing.transform(x);
                let judge = Rows { z: &ready, targets };
                train(self, &mut layers, all, judge)
            }
            None => match hold_out(&z, targets, self.seed, HELD_OUT, 10) {
                Some(Held { fit, held }) => {
                    let rows = Rows {
                        z: &fit.0,
                        targets: &fit.1,
                    };
                    let judge = Rows {
                        z: &held.0,
                        targets: &held.1,
                    };
                    train(self, &mut layers, rows, judge)
                }
                None => train(self, &mut layers, all, all),
            },
        });
        Ok(Network {
            preprocessing,
            layers,
            validation_losses,
        })
    }
}

impl Network {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> NetworkParams {
        NetworkParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.preprocessing.feature_count()
    }

    /// The mean log loss after each pass of the rows that it was stopped by.
    pub fn validation_losses(&self) -> &[f64] {
        &self.validation_losses
    }

    /// The log-odds of `true`, one a row of `x`.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        Array1::from(scores(&self.layers, &self.preprocessing.transform(x)))
    }
}

impl ProbabilityModel for Network {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.predict_score(x).mapv_into(sigmoid)
    }
}

#[cfg(test)]
mod tests;
