//! Random numbers that depend on the seed, the customer and the purpose, and on nothing else.
//!
//! ChaCha is a counter-based generator: block `n` of a stream is a function of the key, the
//! stream and `n`. Every customer has streams of its own, so it does not matter which thread
//! draws for which customer, or when.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, WeightedAliasIndex};

/// What a stream is drawn for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Who the customer is.
    Person = 0,
    /// When the customer comes, complains, is contacted, and leaves.
    Life = 1,
    /// What is bought.
    Shopping = 2,
    /// What goes wrong with the data.
    Dirt = 3,
}

/// The chance that something with this chance turned out so.
pub fn chance_of(yes: bool, chance: f64) -> f64 {
    if yes { chance } else { 1.0 - chance }
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a customer, or of anything else that is numbered, for one purpose.
    pub fn new(seed: u64, number: u64, purpose: Purpose) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number << 2 | purpose as u64);
        Self(generator)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0.r#gen::<f64>()
    }

    /// True with this chance.
    pub fn chance(&mut self, chance: f64) -> bool {
        self.uniform() < chance
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        self.0.gen_range(low..=high)
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// Gamma with this shape and mean; both above 0.
    pub fn gamma(&mut self, shape: f64, mean: f64) -> f64 {
        // The shapes are constants above 0, so the distribution is always there.
        Gamma::new(shape, mean / shape).map_or(mean, |gamma| gamma.sample(&mut self.0))
    }

    /// Erlang: the sum of `stages` exponentials of mean 1.
    pub fn erlang(&mut self, stages: usize) -> f64 {
        (0..stages).map(|_| self.exponential()).sum()
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        rand_distr::StandardNormal.sample(&mut self.0)
    }

    /// How often chance says yes before it first says no.
    pub fn times(&mut self, chance: f64) -> i32 {
        // Inversion: one number, however often.
        ((1.0 - self.uniform()).ln() / chance.ln())
            .floor()
            .min(999.0) as i32
    }

    /// An index with the chances of the table.
    pub fn pick(&mut self, table: &Choice) -> usize {
        table.0.sample(&mut self.0)
    }
}

/// Indices with chances in proportion to weights (Walker's alias method).
#[derive(Clone, Debug)]
pub struct Choice(WeightedAliasIndex<f64>);

impl Choice {
    /// From weights of which at least one is above 0 and none below.
    pub fn new(weights: &[f64]) -> Self {
        Self(
            WeightedAliasIndex::new(weights.to_vec())
                .expect("weights of the generator are constants with a positive sum"),
        )
    }
}

/// A fixed number in [0, 1) for two numbers: what a customer always thinks of a thing.
pub fn opinion(seed: u64, customer: u64, thing: u64) -> f64 {
    // SplitMix64's finaliser, twice; Steele, Lea, Flood, OOPSLA 2014.
    let mut z = seed
        ^ customer.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ thing.wrapping_mul(0xd1b5_4a32_d192_ed03).rotate_left(31);
    for _ in 0..2 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_different_customers_and_purposes_differ() {
        let first = |number, purpose| Stream::new(7, number, purpose).uniform();
        let same = first(1, Purpose::Life);
        assert_eq!(same, first(1, Purpose::Life));
        assert_ne!(same, first(2, Purpose::Life));
        assert_ne!(same, first(1, Purpose::Shopping));
        assert_ne!(same, Stream::new(8, 1, Purpose::Life).uniform());
    }

    #[test]
    fn times_has_the_mean_of_a_geometric_distribution() {
        let mut stream = Stream::new(1, 1, Purpose::Life);
        let n = 100_000;
        let sum: i32 = (0..n).map(|_| stream.times(0.25)).sum();
        // Mean 1/3, standard deviation 2/3: five standard errors are 0.0105.
        assert!((f64::from(sum) / f64::from(n) - 1.0 / 3.0).abs() < 0.0105);
    }

    #[test]
    fn opinions_are_spread_evenly() {
        let n = 100_000_u64;
        let mean = (0..n).map(|i| opinion(3, i % 317, i / 317)).sum::<f64>() / n as f64;
        // Standard error of a uniform mean: 0.00091; five of them.
        assert!((mean - 0.5).abs() < 0.0046, "{mean}");
    }
}
