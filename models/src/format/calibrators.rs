//! Calibrators: what turns the probability of a model into a better one.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_number};
use super::numbers::{PROBABILITY, is_probability};
use crate::calibration::{Isotonic, Platt, log_odds};

/// A calibrator that travels with a model and is applied to its probability of `true`.
#[derive(Clone, Debug, PartialEq)]
pub enum Calibration {
    /// Platt's sigmoid of the probability.
    Platt(Platt),
    /// Platt's sigmoid of the [log-odds](log_odds) of the probability.
    PlattOfLogOdds(Platt),
    /// Isotonic regression.
    Isotonic(Isotonic),
}

impl Calibration {
    /// The calibrated probability for the model's own.
    pub fn probability(&self, probability: f64) -> f64 {
        match self {
            Self::Platt(platt) => platt.probability(probability),
            Self::PlattOfLogOdds(platt) => platt.probability(log_odds(probability)),
            Self::Isotonic(isotonic) => isotonic.probability(probability),
        }
    }
}

impl From<Platt> for Calibration {
    fn from(platt: Platt) -> Self {
        Self::Platt(platt)
    }
}

impl From<Isotonic> for Calibration {
    fn from(isotonic: Isotonic) -> Self {
        Self::Isotonic(isotonic)
    }
}

impl Stored for Calibration {
    fn write(&self, out: &mut Object) {
        match self {
            Self::Platt(platt) => {
                out.text("kind", "platt");
                platt.write(out);
            }
            Self::PlattOfLogOdds(platt) => {
                out.text("kind", "platt-of-log-odds");
                platt.write(out);
            }
            Self::Isotonic(isotonic) => {
                out.text("kind", "isotonic");
                isotonic.write(out);
            }
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        match fields.text("kind")?.as_ref() {
            "platt" => Platt::read(fields).map(Self::Platt),
            "platt-of-log-odds" => Platt::read(fields).map(Self::PlattOfLogOdds),
            "isotonic" => Isotonic::read(fields).map(Self::Isotonic),
            _ => Err(FormatError::invalid(
                "choose \"platt\", \"platt-of-log-odds\" or \"isotonic\"",
            )
            .within("kind")),
        }
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        match self {
            Self::Platt(platt) | Self::PlattOfLogOdds(platt) => platt.check(features),
            Self::Isotonic(isotonic) => isotonic.check(features),
        }
    }
}

impl Stored for Platt {
    fn write(&self, out: &mut Object) {
        out.number("slope", self.slope);
        out.number("intercept", self.intercept);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            slope: fields.number("slope")?,
            intercept: fields.number("intercept")?,
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        check_number(self.slope, "finite", f64::is_finite).within("slope")?;
        check_number(self.intercept, "finite", f64::is_finite).within("intercept")
    }
}

impl Stored for Isotonic {
    fn write(&self, out: &mut Object) {
        write_points(&self.points, "scores", out);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            points: read_points("scores", fields)?,
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        must(!self.points.is_empty(), || {
            "at least one point is needed".into()
        })
        .within("scores")?;
        check_points(&self.points, "scores")?;
        let fall = self
            .points
            .windows(2)
            .position(|pair| pair[1].1 < pair[0].1);
        match fall {
            None => Ok(()),
            Some(i) => Err(FormatError::invalid("the probabilities must not fall")
                .at(i + 1)
                .within("probabilities")),
        }
    }
}

/// Points between which a probability runs straight, as two columns.
pub(super) fn write_points(points: &[(f64, f64)], name: &str, out: &mut Object) {
    out.column(name, points.iter().map(|point| point.0));
    out.column("probabilities", points.iter().map(|point| point.1));
}

pub(super) fn read_points(
    name: &'static str,
    fields: &mut Fields<'_>,
) -> Result<Vec<(f64, f64)>, FormatError> {
    let values: Vec<f64> = fields.column(name)?;
    let probabilities: Vec<f64> = fields.column_of("probabilities", values.len(), name)?;
    Ok(values.into_iter().zip(probabilities).collect())
}

/// The values never fall and lie no further apart than a number can hold.
pub(super) fn check_points(points: &[(f64, f64)], name: &str) -> Result<(), FormatError> {
    let values = points.iter().map(|point| point.0);
    check_column(name, values, "finite", f64::is_finite)?;
    let probabilities = points.iter().map(|point| point.1);
    check_column("probabilities", probabilities, PROBABILITY, is_probability)?;
    for (i, pair) in points.windows(2).enumerate() {
        must(pair[0].0 <= pair[1].0, || "the values must not fall".into())
            .at(i + 1)
            .within(name)?;
    }
    let width = match points {
        [first, .., last] => last.0 - first.0,
        _ => 0.0,
    };
    must(width.is_finite(), || "the values lie too far apart".into()).within(name)
}
