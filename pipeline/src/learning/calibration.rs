//! Scores of the chosen model become probabilities.

use ndarray::{Array1, ArrayView1};
use regulars_models::calibration::{Isotonic, Platt, log_odds};
use regulars_models::format::Calibration;
use regulars_models::metrics::MetricError;
use serde::{Deserialize, Serialize};

/// How that is learned, from rows that the model had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Not at all.
    None,
    /// A sigmoid of the log-odds.
    Platt,
    /// Steps that rise with the probability.
    Isotonic,
}

/// What turns the scores of a model into probabilities, if anything does.
pub fn calibration(
    method: Method,
    labels: ArrayView1<'_, bool>,
    scores: &Array1<f64>,
) -> Result<Option<Calibration>, MetricError> {
    Ok(match method {
        Method::None => None,
        Method::Platt => {
            let scores = scores.mapv(log_odds);
            let platt = Platt::fit(labels, scores.view())?;
            Some(Calibration::PlattOfLogOdds(platt))
        }
        Method::Isotonic => Some(Isotonic::fit(labels, scores.view())?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    /// Probabilities that are too sure: what happens follows their log-odds halved.
    fn too_sure() -> (Array1<bool>, Array1<f64>) {
        let rows = (0..2_000_u64).map(|row| {
            let score = 0.02 + 0.96 * (row % 50) as f64 / 49.0;
            let true_share = 1.0 / (1.0 + (-log_odds(score) / 2.0).exp());
            let drawn = (row / 50) as f64 / 40.0 + 0.0125;
            (drawn < true_share, score)
        });
        let (labels, scores): (Vec<bool>, Vec<f64>) = rows.unzip();
        (Array1::from(labels), Array1::from(scores))
    }

    #[test]
    fn both_methods_take_back_what_is_too_sure() {
        let (labels, scores) = too_sure();
        for method in [Method::Platt, Method::Isotonic] {
            let found = calibration(method, labels.view(), &scores)
                .unwrap()
                .unwrap();
            for (score, want) in [(0.1, 0.25), (0.5, 0.5), (0.9, 0.75)] {
                let got = found.probability(score);
                assert!((got - want).abs() < 0.03, "{method:?}: {got} for {want}");
            }
        }
        let none = calibration(Method::None, labels.view(), &scores);
        assert_eq!(none, Ok(None));
    }
}
