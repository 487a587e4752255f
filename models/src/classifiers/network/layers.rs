//! The layers: forwards to a score, backwards to the slope of the loss in every weight.

use crate::random;

/// A stream of its own among the random numbers of a seed.
const START: u64 = 0x6c61_7965_7273;

/// Fully connected layers with rectified linear units between, ending in one score.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layers {
    /// Units of each layer: the inputs, the hidden ones, and 1.
    pub units: Vec<usize>,
    /// Layer after layer: weights, those of the first unit below to each unit above first, then
    /// the biases.
    pub weights: Vec<f64>,
}

/// Where the weights of a layer start, where its biases do, and where they end.
#[derive(Clone, Copy, Debug)]
struct Span {
    weights: usize,
    biases: usize,
    end: usize,
}

/// Room for the units of all layers of one row.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    spans: Vec<Span>,
    values: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

impl Layers {
    /// Weights uniform in `+-sqrt(6 / units below)`, which keeps the spread of rectified units
    /// (He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", equation 10); biases 0, the
    /// last one `score`.
    pub(super) fn start(units: Vec<usize>, score: f64, seed: u64) -> Self {
        let mut weights = Vec::with_capacity(weight_count(&units));
        for pair in units.windows(2) {
            let (below, above) = (pair[0], pair[1]);
            let width = (6.0 / below as f64).sqrt();
            for _ in 0..below * above {
                let unit = random::unit(seed, START, weights.len() as u64);
                weights.push(width * (2.0 * unit - 1.0));
            }
            weights.extend(std::iter::repeat_n(0.0, above));
        }
        if let Some(last) = weights.last_mut() {
            *last = score;
        }
        Self { units, weights }
    }

    pub(super) fn scratch(&self) -> Scratch {
        let room: Vec<Vec<f64>> = self.units.iter().map(|units| vec![0.0; *units]).collect();
        Scratch {
            spans: self.spans(),
            values: room.clone(),
            slopes: room,
        }
    }

    fn spans(&self) -> Vec<Span> {
        let mut start = 0;
        let pairs = self.units.windows(2);
        pairs
            .map(|pair| {
                let (below, above) = (pair[0], pair[1]);
                let (weights, biases) = (start, start + below * above);
                start = biases + above;
                Span {
                    weights,
                    biases,
                    end: start,
                }
            })
            .collect()
    }

    /// Whether each weight is one, or a bias.
    pub(super) fn is_weight(&self) -> Vec<bool> {
        let mut is = Vec::with_capacity(self.weights.len());
        for span in self.spans() {
            is.resize(span.biases, true);
            is.resize(span.end, false);
        }
        is
    }

    /// The log-odds of a row.
    pub(super) fn score(&self, row: &[f64], scratch: &mut Scratch) -> f64 {
        let Scratch { spans, values, .. } = scratch;
        values[0].copy_from_slice(row);
        let last = spans.len() - 1;
        for (layer, span) in spans.iter().enumerate() {
            let (lower, upper) = values.split_at_mut(layer + 1);
            let (values, out) = (&lower[layer], &mut upper[0]);
            out.copy_from_slice(&self.weights[span.biases..span.end]);
            // One unit below at a time, so that the sums need no order of their own.
            let lines = self.weights[span.weights..span.biases].chunks_exact(out.len());
            for (value, line) in values.iter().zip(lines) {
                if *value != 0.0 {
                    for (out, weight) in out.iter_mut().zip(line) {
                        *out += value * weight;
                    }
                }
            }
            if layer < last {
                for value in out.iter_mut() {
                    *value = value.max(0.0);
                }
            }
        }
        values[last + 1][0]
    }

    /// Adds to `gradient` the slopes of the loss of the row that was scored last, whose loss
    /// rises by `slope` with its score.
    pub(super) fn add_gradient(&self, slope: f64, scratch: &mut Scratch, gradient: &mut [f64]) {
        let Scratch {
            spans,
            values,
            slopes,
        } = scratch;
        slopes[spans.len()][0] = slope;
        for (layer, span) in spans.iter().enumerate().rev() {
            let values = &values[layer];
            let (lower, upper) = slopes.split_at_mut(layer + 1);
            let slopes = &upper[0];
            for (out, slope) in gradient[span.biases..span.end].iter_mut().zip(slopes) {
                *out += slope;
            }
            let lines = gradient[span.weights..span.biases].chunks_exact_mut(slopes.len());
            for (value, line) in values.iter().zip(lines) {
                if *value != 0.0 {
                    for (out, slope) in line.iter_mut().zip(slopes) {
                        *out += value * slope;
                    }
                }
            }
            if layer == 0 {
                break;
            }
            let lines = self.weights[span.weights..span.biases].chunks_exact(slopes.len());
            let units = lower[layer].iter_mut().zip(values).zip(lines);
            for ((below, value), line) in units {
                // The slope of a unit at rest is 0.
                *below = if *value > 0.0 {
                    line.iter().zip(slopes).map(|(w, s)| w * s).sum()
                } else {
                    0.0
                };
            }
        }
    }
}

/// Weights and biases between layers of so many units.
fn weight_count(units: &[usize]) -> usize {
    units.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::sigmoid;

    #[test]
    fn a_score_by_hand() {
        // Two inputs, two hidden units, a score.
        let layers = Layers {
            units: vec![2, 2, 1],
            weights: vec![1.0, -1.0, 2.0, 0.5, 0.5, 0.0, 3.0, 4.0, -1.0],
        };
        let mut scratch = layers.scratch();
        // Hidden: 0.5 + 1 + 4 = 5.5 and 0 - 1 + 1 = 0; the score 16.5 - 1.
        assert_eq!(layers.score(&[1.0, 2.0], &mut scratch), 15.5);
        // Hidden: 0.5 - 1 < 0 and 1: the score 4 - 1.
        assert_eq!(layers.score(&[-1.0, 0.0], &mut scratch), 3.0);
        let is = [true, true, true, true, false, false, true, true, false];
        assert_eq!(layers.is_weight(), is);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for hidden in [vec![5], vec![6, 4]] {
            let units: Vec<usize> = [vec![3], hidden, vec![1]].concat();
            let layers = Layers::start(units, -0.7, 3);
            assert_eq!(layers.weights.len(), layers.is_weight().len());
            let rows = [[0.3, -1.2, 0.8], [-0.5, 0.0, 2.0], [1.5, 0.4, -0.9]];
            let labels = [1.0, 0.0, 1.0];
            let mut scratch = layers.scratch();
            let mut gradient = vec![0.0; layers.weights.len()];
            for (row, label) in rows.iter().zip(labels) {
                let p = sigmoid(layers.score(row, &mut scratch));
                layers.add_gradient(p - label, &mut scratch, &mut gradient);
            }
            let loss = |layers: &Layers, scratch: &mut Scratch| -> f64 {
                let losses = rows.iter().zip(labels).map(|(row, label)| {
                    let p = sigmoid(layers.score(row, scratch));
                    -(label * p.ln() + (1.0 - label) * (1.0 - p).ln())
                });
                losses.sum()
            };
            for (weight, gradient) in gradient.iter().enumerate() {
                let mut moved = layers.clone();
                moved.weights[weight] += 1e-6;
                let up = loss(&moved, &mut scratch);
                moved.weights[weight] -= 2e-6;
                let slope = (up - loss(&moved, &mut scratch)) / 2e-6;
                assert!(
                    (slope - gradient).abs() < 1e-7,
                    "weight {weight}: {slope} and {gradient}"
                );
            }
        }
    }
}
