//! linfa's `predict` for models that give a number a row, so that linfa's own metrics take them.

/// linfa's `predict` for a classifier: probabilities as [`Pr`](linfa::dataset::Pr).
macro_rules! predicts_probabilities {
    ($model:ty) => {
        /// linfa's `predict`: probabilities as [`Pr`](linfa::dataset::Pr), for linfa's own metrics.
        impl<D: ndarray::Data<Elem = f32>>
            linfa::traits::PredictInplace<
                ndarray::ArrayBase<D, ndarray::Ix2>,
                ndarray::Array1<linfa::dataset::Pr>,
            > for $model
        {
            fn predict_inplace<'a>(
                &'a self,
                x: &'a ndarray::ArrayBase<D, ndarray::Ix2>,
                y: &mut ndarray::Array1<linfa::dataset::Pr>,
            ) {
                let probability = |p: f64| linfa::dataset::Pr::new(p as f32);
                y.assign(&self.predict_probability(x.view()).mapv(probability));
            }

            fn default_target(
                &self,
                x: &ndarray::ArrayBase<D, ndarray::Ix2>,
            ) -> ndarray::Array1<linfa::dataset::Pr> {
                ndarray::Array1::default(x.nrows())
            }
        }
    };
}
pub(crate) use predicts_probabilities;

/// linfa's `predict` for a model of numbers: what `$method` says, in single precision.
macro_rules! predicts_numbers {
    ($model:ty, $method:ident) => {
        #[doc = concat!("linfa's `predict`: [`", stringify!($method), "`](Self::", stringify!($method), ") in single precision.")]
        impl<D: ndarray::Data<Elem = f32>>
            linfa::traits::PredictInplace<
                ndarray::ArrayBase<D, ndarray::Ix2>,
                ndarray::Array1<f32>,
            > for $model
        {
            fn predict_inplace<'a>(
                &'a self,
                x: &'a ndarray::ArrayBase<D, ndarray::Ix2>,
                y: &mut ndarray::Array1<f32>,
            ) {
                y.assign(&self.$method(x.view()).mapv(|value| value as f32));
            }

            fn default_target(
                &self,
                x: &ndarray::ArrayBase<D, ndarray::Ix2>,
            ) -> ndarray::Array1<f32> {
                ndarray::Array1::zeros(x.nrows())
            }
        }
    };
}
pub(crate) use predicts_numbers;
