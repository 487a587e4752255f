//! Linear models: logistic regression and the elastic net.

use ndarray::Array1;

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_number};
use crate::classifiers::preprocess::Preprocessing;
use crate::classifiers::{ElasticNet, LogisticRegression, PathPoint};

/// Preprocessing and one coefficient an output.
fn read_coefficients(fields: &mut Fields<'_>) -> Result<(Preprocessing, Array1<f64>), FormatError> {
    let preprocessing: Preprocessing = fields.object("preprocessing")?;
    let outputs = preprocessing.sources.len();
    let coefficients = fields.column_of("coefficients", outputs, "outputs")?;
    Ok((preprocessing, Array1::from(coefficients)))
}

fn check_scores(
    preprocessing: &Preprocessing,
    coefficients: &Array1<f64>,
    intercept: f64,
    features: &[Feature],
) -> Result<(), FormatError> {
    preprocessing.check(features).within("preprocessing")?;
    check_number(intercept, "finite", f64::is_finite).within("intercept")?;
    let largest = preprocessing.largest_score(coefficients, intercept);
    must(largest.is_finite(), || {
        "with these, log-odds can be more than a number can hold".into()
    })
    .within("coefficients")
}

impl Stored for LogisticRegression {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.column("coefficients", self.coefficients.iter().copied());
        out.number("intercept", self.intercept);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let (preprocessing, coefficients) = read_coefficients(fields)?;
        Ok(Self {
            preprocessing,
            coefficients,
            intercept: fields.number("intercept")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_scores(
            &self.preprocessing,
            &self.coefficients,
            self.intercept,
            features,
        )
    }
}

impl Stored for ElasticNet {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.column("coefficients", self.coefficients.iter().copied());
        out.number("intercept", self.intercept);
        out.number("penalty", self.penalty);
        out.number("violation", self.violation);
        out.column(
            "path_penalties",
            self.path.iter().map(|point| point.penalty),
        );
        out.column("path_losses", self.path.iter().map(|point| point.loss));
        out.column("path_nonzero", self.path.iter().map(|point| point.nonzero));
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let (preprocessing, coefficients) = read_coefficients(fields)?;
        let penalties: Vec<f64> = fields.column("path_penalties")?;
        let n = penalties.len();
        let losses: Vec<f64> = fields.column_of("path_losses", n, "penalties")?;
        let nonzero: Vec<usize> = fields.column_of("path_nonzero", n, "penalties")?;
        let path = (0..n).map(|i| PathPoint {
            penalty: penalties[i],
            loss: losses[i],
            nonzero: nonzero[i],
        });
        Ok(Self {
            preprocessing,
            coefficients,
            intercept: fields.number("intercept")?,
            penalty: fields.number("penalty")?,
            violation: fields.number("violation")?,
            path: path.collect(),
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_scores(
            &self.preprocessing,
            &self.coefficients,
            self.intercept,
            features,
        )?;
        let known = |number: f64| !number.is_nan();
        check_number(self.penalty, "known", known).within("penalty")?;
        check_number(self.violation, "known", known).within("violation")?;
        let penalties = self.path.iter().map(|point| point.penalty);
        check_column("path_penalties", penalties, "known", known)?;
        let losses = self.path.iter().map(|point| point.loss);
        check_column("path_losses", losses, "known", known)
    }
}
