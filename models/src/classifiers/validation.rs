//! How rows reach a model: those it is fitted on, and those that it is not, given or held out, to
//! choose a setting or to stop by.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{Array2, ArrayBase, Axis, Data, Ix2};

use super::ClassifierError;
use crate::random;
use crate::tree::{Targets, TreeError, check_features};

/// Gives the settings of a model linfa's `Fit`, which comes down to `fit_rows(x, targets)` of the
/// checked settings; what follows the model is handed on behind those two. `refuses weights of`
/// names the library that takes none.
macro_rules! fits {
    (@ $valid:ident, $model:ident, $read:expr $(, $more:expr)?) => {
        impl<D, T> linfa::traits::Fit<ndarray::ArrayBase<D, ndarray::Ix2>, T, ClassifierError>
            for $valid
        where
            D: ndarray::Data<Elem = f32>,
            T: linfa::dataset::AsSingleTargets<Elem = bool>,
        {
            type Object = $model;

            fn fit(
                &self,
                train: &linfa::DatasetBase<ndarray::ArrayBase<D, ndarray::Ix2>, T>,
            ) -> Result<$model, ClassifierError> {
                let read = $read;
                self.fit_rows(train.records().view(), &read(train)? $(, $more)?)
            }
        }
    };
    ($valid:ident, $model:ident, refuses weights of $library:literal) => {
        $crate::classifiers::validation::fits!(
            @ $valid, $model, |train| {
                $crate::classifiers::validation::read_unweighted(train, $library)
            }
        );
    };
    ($valid:ident, $model:ident $(, $more:expr)?) => {
        $crate::classifiers::validation::fits!(
            @ $valid, $model, crate::tree::Targets::read_checked $(, $more)?
        );
    };
}
pub(super) use fits;

/// [`fits`], and `fit_with_validation` checked and unchecked; all come down to
/// `fit_rows(x, targets, Option<(x, targets)>)` of the checked settings.
macro_rules! fits_with_validation {
    ($params:ident, $valid:ident, $model:ident, $about:literal) => {
        $crate::classifiers::validation::fits!($valid, $model, None);

        impl $params {
            /// Checks the settings, then see `fit_with_validation` of the checked ones.
            pub fn fit_with_validation<D, T, D2, T2>(
                &self,
                train: &linfa::DatasetBase<ndarray::ArrayBase<D, ndarray::Ix2>, T>,
                validation: &linfa::DatasetBase<ndarray::ArrayBase<D2, ndarray::Ix2>, T2>,
            ) -> Result<$model, ClassifierError>
            where
                D: ndarray::Data<Elem = f32>,
                T: linfa::dataset::AsSingleTargets<Elem = bool>,
                D2: ndarray::Data<Elem = f32>,
                T2: linfa::dataset::AsSingleTargets<Elem = bool>,
            {
                linfa::ParamGuard::check_ref(self)?.fit_with_validation(train, validation)
            }
        }

        impl $valid {
            #[doc = $about]
            ///
            /// # Errors
            /// As for fitting, for either set.
            pub fn fit_with_validation<D, T, D2, T2>(
                &self,
                train: &linfa::DatasetBase<ndarray::ArrayBase<D, ndarray::Ix2>, T>,
                validation: &linfa::DatasetBase<ndarray::ArrayBase<D2, ndarray::Ix2>, T2>,
            ) -> Result<$model, ClassifierError>
            where
                D: ndarray::Data<Elem = f32>,
                T: linfa::dataset::AsSingleTargets<Elem = bool>,
                D2: ndarray::Data<Elem = f32>,
                T2: linfa::dataset::AsSingleTargets<Elem = bool>,
            {
                let columns = train.records().ncols();
                let held = $crate::classifiers::validation::read_validation(columns, validation)?;
                let targets = crate::tree::Targets::read_checked(train)?;
                let held = (validation.records().view(), &held);
                self.fit_rows(train.records().view(), &targets, Some(held))
            }
        }
    };
}
pub(super) use fits_with_validation;

/// Checks training rows for a library that takes no weights.
pub(super) fn read_unweighted<D, T>(
    train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    library: &'static str,
) -> Result<Targets, ClassifierError>
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    check_features(train.records().view())?;
    if train.weights().is_some() {
        return Err(ClassifierError::Weights(library));
    }
    Ok(Targets::read(train)?)
}

/// Checks validation rows against the number of training columns.
pub(super) fn read_validation<D, T>(
    columns: usize,
    validation: &DatasetBase<ArrayBase<D, Ix2>, T>,
) -> Result<Targets, TreeError>
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    let x = validation.records().view();
    if x.ncols() != columns {
        return Err(TreeError::ColumnCount {
            expected: columns,
            found: x.ncols(),
        });
    }
    check_features(x)?;
    Targets::read(validation)
}

/// Training rows in two parts.
pub(super) struct Held {
    pub fit: (Array2<f64>, Targets),
    pub held: (Array2<f64>, Targets),
}

/// Holds out each row with a chance of one in `parts`, by seed and row number. Nothing where one
/// of the two parts would lack a label.
pub(super) fn hold_out(
    z: &Array2<f64>,
    targets: &Targets,
    seed: u64,
    stream: u64,
    parts: u64,
) -> Option<Held> {
    let held = |row: &usize| random::bits(seed, stream, *row as u64).is_multiple_of(parts);
    let (held, fit): (Vec<usize>, Vec<usize>) = (0..z.nrows()).partition(held);
    let part = |rows: Vec<usize>| Some((z.select(Axis(0), &rows), targets.of_rows(&rows)?));
    Some(Held {
        fit: part(fit)?,
        held: part(held)?,
    })
}
