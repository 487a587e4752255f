//! What the linear models have in common once they are fitted.

/// Gives a model of `preprocessing`, `coefficients` and an `intercept` its methods.
macro_rules! linear_model {
    ($model:ident, $params:ident) => {
        impl $model {
            /// The default settings, to be changed and then fitted.
            pub fn params() -> $params {
                $params::default()
            }

            /// Number of feature columns.
            pub fn feature_count(&self) -> usize {
                self.preprocessing.feature_count()
            }

            /// What each column that [`Preprocessing`] makes adds to the log-odds of `true`, a
            /// unit: for a numeric feature one standard deviation (after the logarithm, where
            /// taken).
            pub fn coefficients(&self) -> &ndarray::Array1<f64> {
                &self.coefficients
            }

            /// The log-odds where every column that [`Preprocessing`] makes is 0: numeric features
            /// at their training means, no category.
            pub fn intercept(&self) -> f64 {
                self.intercept
            }

            /// The standard deviation over the training rows of what each feature adds to the
            /// log-odds.
            pub fn importance(&self) -> ndarray::Array1<f64> {
                self.preprocessing
                    .linear_importance(self.coefficients.view())
            }

            /// What each feature adds to the log-odds of each row, against a row at the training
            /// means.
            ///
            /// Returns `n_rows x (n_features + 1)`; the last column is the log-odds at the means,
            /// and each row sums to its log-odds.
            ///
            /// # Panics
            /// When `x` has another number of columns than the model was fitted on.
            pub fn contributions(&self, x: ndarray::ArrayView2<'_, f32>) -> ndarray::Array2<f64> {
                self.preprocessing
                    .linear_contributions(x, self.coefficients.view(), self.intercept)
            }
        }

        impl ProbabilityModel for $model {
            fn predict_probability(&self, x: ndarray::ArrayView2<'_, f32>) -> ndarray::Array1<f64> {
                let scores = self.contributions(x).sum_axis(ndarray::Axis(1));
                scores.mapv_into(crate::tree::sigmoid)
            }
        }
    };
}
pub(super) use linear_model;
