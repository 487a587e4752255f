//! Scores of the chosen model become probabilities.

use ndarray::{Array1, ArrayView1};
use regulars_models::calibration::{Isotonic, Platt, log_odds};
use regulars_models::format::Calibration;
use regulars_models::metrics::MetricError;

use crate::config::CalibrationMethod;

/// What was learned on the validation rows.
#[derive(Clone, Debug)]
pub enum Calibrator {
    /// Nothing.
    None,
    /// A sigmoid of the log-odds.
    Platt(Platt),
    /// Steps that rise with the probability.
    Isotonic(Isotonic),
}

impl Calibrator {
    /// Learns from rows that the model had not seen.
    pub fn fit(
        method: CalibrationMethod,
        labels: ArrayView1<'_, bool>,
        probabilities: &Array1<f64>,
    ) -> Result<Self, MetricError> {
        Ok(match method {
            CalibrationMethod::None => Self::None,
            CalibrationMethod::Platt => {
                let scores = probabilities.mapv(log_odds);
                Self::Platt(Platt::fit(labels, scores.view())?)
            }
            CalibrationMethod::Isotonic => {
                Self::Isotonic(Isotonic::fit(labels, probabilities.view())?)
            }
        })
    }

    /// As it is saved beside the model.
    pub fn saved(&self) -> Option<Calibration> {
        match self {
            Self::None => None,
            Self::Platt(platt) => Some(Calibration::PlattOfLogOdds(*platt)),
            Self::Isotonic(isotonic) => Some(isotonic.clone().into()),
        }
    }

    /// The probability of each score.
    pub fn apply(&self, probabilities: &Array1<f64>) -> Array1<f64> {
        match self {
            Self::None => probabilities.clone(),
            Self::Platt(platt) => probabilities.mapv(|p| platt.probability(log_odds(p))),
            Self::Isotonic(isotonic) => probabilities.mapv(|p| isotonic.probability(p)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    /// Probabilities that are too sure: what happens follows their log-odds halved.
    fn too_sure() -> (Array1<bool>, Array1<f64>) {
        let rows = (0..2_000_u64).map(|row| {
            let said = 0.02 + 0.96 * (row % 50) as f64 / 49.0;
            let true_share = 1.0 / (1.0 + (-log_odds(said) / 2.0).exp());
            let drawn = (row / 50) as f64 / 40.0 + 0.0125;
            (drawn < true_share, said)
        });
        let (labels, said): (Vec<bool>, Vec<f64>) = rows.unzip();
        (Array1::from(labels), Array1::from(said))
    }

    #[test]
    fn both_methods_take_back_what_is_too_sure() {
        let (labels, said) = too_sure();
        for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
            let calibrator = Calibrator::fit(method, labels.view(), &said).unwrap();
            let got = calibrator.apply(&Array1::from(vec![0.1, 0.5, 0.9]));
            for (got, want) in got.iter().zip([0.25, 0.5, 0.75]) {
                assert!((got - want).abs() < 0.03, "{method:?}: {got} for {want}");
            }
        }
        let none = Calibrator::fit(CalibrationMethod::None, labels.view(), &said).unwrap();
        assert_eq!(none.apply(&said), said);
    }
}
