//! Random numbers of the distributions that customers are drawn from.

use crate::random;

/// Numbers in a row that depend on a key alone, so on no thread and no other row.
pub(super) struct Draws {
    key: u64,
    next: u64,
}

impl Draws {
    /// Draw number `number` of what is known by `key` under `seed`.
    pub(super) fn new(seed: u64, key: u64, number: u64) -> Self {
        Self {
            key: random::bits(seed, key, number),
            next: 0,
        }
    }

    /// A number above 0 and below 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.next += 1;
        let bits = random::draw(self.key, self.next) >> 12;
        (bits as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    /// Standard normal, by the polar method of Marsaglia (1964).
    fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
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
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
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
