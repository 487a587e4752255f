//! A small neural network.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column};
use crate::classifiers::Network;
use crate::classifiers::network::layers::Layers;

impl Stored for Network {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.column("units", self.layers.units.iter().copied());
        out.column("weights", self.layers.weights.iter().copied());
        out.column("validation_losses", self.validation_losses.iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            preprocessing: fields.object("preprocessing")?,
            layers: Layers {
                units: fields.column("units")?,
                weights: fields.column("weights")?,
            },
            validation_losses: fields.column("validation_losses")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        self.preprocessing.check(features).within("preprocessing")?;
        let losses = self.validation_losses.iter().copied();
        check_column("validation_losses", losses, "known", |loss: f64| {
            !loss.is_nan()
        })?;
        let Layers { units, weights } = &self.layers;
        let inputs = self.preprocessing.sources.len();
        let ends = units.len() >= 2 && units[0] == inputs && units[units.len() - 1] == 1;
        must(ends, || {
            format!("layers begin with {inputs} units, one an output of the preprocessing, and end with 1")
        })
        .within("units")?;
        check_column("units", units.iter().copied(), "1 or more", |units| {
            units > 0
        })?;
        let needed = units.windows(2).try_fold(0_usize, |sum, pair| {
            pair[0]
                .checked_add(1)?
                .checked_mul(pair[1])?
                .checked_add(sum)
        });
        must(needed == Some(weights.len()), || {
            let found = weights.len();
            format!("{found} weights, and not those that layers of so many units need")
        })
        .within("weights")?;
        // The largest that each unit can be, layer after layer.
        let mut largest = self.preprocessing.largest();
        let mut rest = weights.as_slice();
        for pair in units.windows(2) {
            let (lines, after) = rest.split_at(pair[0] * pair[1]);
            let (biases, after) = after.split_at(pair[1]);
            let mut next: Vec<f64> = biases.iter().map(|bias| bias.abs()).collect();
            for (line, largest) in lines.chunks_exact(pair[1]).zip(&largest) {
                for (next, weight) in next.iter_mut().zip(line) {
                    *next += largest * weight.abs();
                }
            }
            largest = next;
            rest = after;
        }
        must(largest.iter().all(|largest| largest.is_finite()), || {
            "with these, log-odds can be more than a number can hold".into()
        })
        .within("weights")
    }
}
