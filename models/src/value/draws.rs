//! Random numbers of the distributions that customers are drawn from.

use crate::random;

/// Numbers in a row that depend on a key alone, so on no thread and no other row.
pub(super) struct Draws {
    /// The key, mixed as [`random::draw`] mixes it.
    mixed: u64,
    next: u64,
    /// The other number of the pair that the last normal one came in.
    spare: Option<f64>,
}

impl Draws {
    /// Draw number `number` of what is known by `key` under `seed`.
    pub(super) fn new(seed: u64, key: u64, number: u64) -> Self {
        Self {
            mixed: random::mix(random::bits(seed, key, number)),
            next: 0,
            spare: None,
        }
    }

    /// A number above 0 and below 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.next += 1;
        let bits = random::mix(self.mixed ^ self.next) >> 12;
        (bits as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    /// Standard normal, by the polar method of Marsaglia (1964), which gives two at a time.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let length = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(y * length);
                return x * length;
            }
        }
    }

    /// `Gamma(shape, 1)`, by Marsaglia and Tsang 2000, "A simple method for generating gamma
    /// variables". A shape near 0 may give 0.
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let power = self.unit().powf(1.0 / shape);
            return self.gamma(shape + 1.0) * power;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v <= 0.0 {
                continue;
            }
            let unit = self.unit();
            // The squeeze of the paper takes nearly all without a logarithm.
            let square = x * x;
            if unit < 1.0 - 0.0331 * square * square
                || unit.ln() < 0.5 * square + d - d * v + d * v.ln()
            {
                return d * v;
            }
        }
    }

    /// `Beta(a, b)`.
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        match x + y > 0.0 {
            true => x / (x + y),
            // Both so near 0 that the share is next to 0 or 1.
            false => f64::from(u8::from(self.unit() < a / (a + b))),
        }
    }

    /// Tries up to and including the first that succeeds, each with this chance; infinite where none
    /// ever does.
    pub(super) fn geometric(&mut self, chance: f64) -> f64 {
        match chance < 1.0 {
            true => 1.0 + (self.unit().ln() / (-chance).ln_1p()).floor(),
            false => 1.0,
        }
    }
}

/// A Poisson distribution, made ready for many numbers.
pub(super) enum Poisson {
    /// By inversion: the mean, and the chance of 0.
    Few { mean: f64, none: f64 },
    /// By transformed rejection.
    Many {
        mean: f64,
        ln_mean: f64,
        /// Of the hat: its scale and tail, its height, and the share of it that needs no look.
        b: f64,
        a: f64,
        inverse_alpha: f64,
        v_r: f64,
    },
}

impl Poisson {
    /// From here on rejection is as fast as counting up.
    const MANY: f64 = 10.0;

    /// Of a mean of at least 0.
    pub(super) fn new(mean: f64) -> Self {
        if mean < Self::MANY {
            return Self::Few {
                mean,
                none: (-mean).exp(),
            };
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        Self::Many {
            mean,
            ln_mean: mean.ln(),
            b,
            a: -0.059 + 0.02483 * b,
            inverse_alpha: 1.1239 + 1.1328 / (b - 3.4),
            v_r: 0.9277 - 3.6224 / (b - 2.0),
        }
    }

    /// A number; for means from 10 on by algorithm PTRS of Hörmann 1993, "The transformed rejection
    /// method for generating Poisson random variables", Insurance: Mathematics and Economics 12(1).
    pub(super) fn draw(&self, draws: &mut Draws) -> f64 {
        match *self {
            Self::Few { mean, none } => {
                let (mut left, mut chance, mut count) = (draws.unit() - none, none, 0.0);
                // Beyond 200 there is no chance that a number could hold.
                while left > 0.0 && count < 200.0 {
                    count += 1.0;
                    chance *= mean / count;
                    left -= chance;
                }
                count
            }
            Self::Many {
                mean,
                ln_mean,
                b,
                a,
                inverse_alpha,
                v_r,
            } => loop {
                let (u, v) = (draws.unit() - 0.5, draws.unit());
                let us = 0.5 - u.abs();
                let count = ((2.0 * a / us + b) * u + mean + 0.43).floor();
                if us >= 0.07 && v <= v_r {
                    return count;
                }
                if count < 0.0 || us < 0.013 && v > us {
                    continue;
                }
                let height = (v * inverse_alpha / (a / (us * us) + b)).ln();
                if height <= count * ln_mean - mean - libm::lgamma(count + 1.0) {
                    return count;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of numbers drawn.
    fn moments(of: impl Fn(&mut Draws) -> f64) -> (f64, f64) {
        let count = 100_000;
        let values: Vec<f64> = (0..count).map(|i| of(&mut Draws::new(7, 1, i))).collect();
        let mean = values.iter().sum::<f64>() / count as f64;
        let square = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        (mean, square / count as f64)
    }

    /// Shares of each count against `e^-m m^k / k!`, on both sides of the change of method.
    #[test]
    fn poisson_numbers_have_their_shares() {
        for mean in [0.0, 0.3, 9.9, 10.0, 14.2, 260.0] {
            let count = 200_000;
            let poisson = Poisson::new(mean);
            let mut seen = vec![0.0; 1000];
            for i in 0..count {
                seen[poisson.draw(&mut Draws::new(5, 2, i)) as usize] += 1.0;
            }
            let mut chi = 0.0;
            let mut cells = 0.0;
            for (k, seen) in seen.iter().enumerate() {
                let k = k as f64;
                let chance = match mean > 0.0 {
                    true => (k * mean.ln() - mean - libm::lgamma(k + 1.0)).exp(),
                    false => f64::from(u8::from(k == 0.0)),
                };
                let expected = chance * count as f64;
                if expected >= 5.0 {
                    chi += (seen - expected).powi(2) / expected;
                    cells += 1.0;
                }
            }
            // Chi-squared has the mean of its cells less one and twice that as its variance.
            let most = cells - 1.0 + 4.0 * (2.0_f64 * (cells - 1.0)).sqrt() + 1e-9;
            assert!(chi <= most, "mean {mean}: {chi} of {cells} cells");
        }
    }

    #[test]
    fn tries_until_the_first_success_have_their_mean() {
        let (mean, variance) = moments(|draws| draws.geometric(0.2));
        assert!((mean - 5.0).abs() < 0.06, "{mean}");
        assert!((variance / 20.0 - 1.0).abs() < 0.05, "{variance}");
        let mut draws = Draws::new(1, 1, 1);
        assert_eq!(draws.geometric(1.0), 1.0);
        assert_eq!(draws.geometric(0.0), f64::INFINITY);
    }

    #[test]
    fn numbers_have_the_moments_of_their_distributions() {
        for (name, got, mean, variance) in [
            ("exponential", moments(Draws::exponential), 1.0, 1.0),
            ("normal", moments(Draws::normal), 0.0, 1.0),
            ("gamma 0.3", moments(|d| d.gamma(0.3)), 0.3, 0.3),
            ("gamma 4.5", moments(|d| d.gamma(4.5)), 4.5, 4.5),
            // a b / ((a + b)^2 (a + b + 1))
            (
                "beta",
                moments(|d| d.beta(0.8, 2.4)),
                0.25,
                1.92 / 10.24 / 4.2,
            ),
        ] {
            assert!((got.0 - mean).abs() < 0.02, "mean of {name}: {}", got.0);
            let off = got.1 / variance - 1.0;
            assert!(off.abs() < 0.03, "variance of {name}: {}", got.1);
        }
    }
}
