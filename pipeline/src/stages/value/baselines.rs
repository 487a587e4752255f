//! What anybody would say without a model: that it goes on as before.

use super::history::{Buyer, Seen, age};

/// What models are set beside, in the order of the leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Each customer as in the period of the same length before.
    PeriodBefore,
    /// Each customer as those of the same RFM cell did in the period before.
    RfmCell,
    /// Each customer's own rate, drawn towards the rate of all.
    OwnRate,
    /// Everybody the rate of all.
    Mean,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PeriodBefore, Self::RfmCell, Self::OwnRate, Self::Mean];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::PeriodBefore => "period-before",
            Self::RfmCell => "rfm-cell",
            Self::OwnRate => "own-rate",
            Self::Mean => "mean",
        }
    }

    /// The name in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::PeriodBefore => mark!("as in the period before"),
            Self::RfmCell => mark!("mean of the RFM cell"),
            Self::OwnRate => mark!("own rate, drawn towards that of all"),
            Self::Mean => mark!("everybody the mean"),
        }
    }
}

/// Rates at which customers buy while nobody leaves: Gamma between customers, so that a customer's
/// own rate counts the more the longer it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Repeat purchases a day, of all.
    pub mean: f64,
    /// Days for which the rate of all counts beside a customer's own; infinite where customers
    /// differ no more than chance makes them.
    pub weight: f64,
}

impl Rates {
    /// By moments, after DerSimonian and Laird 1986, "Meta-analysis in clinical trials", Controlled
    /// Clinical Trials 7(3): with counts `x` of chance at rates of variance `v` and mean `m`,
    /// `E sum (x - m T)^2 / T = (n - 1) m + v (sum T - sum T^2 / sum T)`.
    ///
    /// `counts` are repeat purchases, `ages` the days `T` in which they were made.
    pub fn of(counts: &[f64], ages: &[f64]) -> Self {
        let (purchases, days): (f64, f64) = (counts.iter().sum(), ages.iter().sum());
        let mean = purchases / days.max(1.0);
        // Who came on the last day says nothing.
        let told = || counts.iter().zip(ages).filter(|(_, age)| **age > 0.0);
        let spread: f64 = told()
            .map(|(count, age)| (count - mean * age).powi(2) / age)
            .sum();
        let squares: f64 = ages.iter().map(|age| age * age).sum();
        let beyond = spread - (told().count() as f64 - 1.0) * mean;
        let variance = beyond / (days - squares / days.max(1.0));
        let weight = match variance > 0.0 && mean > 0.0 {
            true => mean / variance,
            false => f64::INFINITY,
        };
        Self { mean, weight }
    }

    /// Expected purchases a day of a customer.
    pub fn own(&self, count: f64, age: f64) -> f64 {
        match self.weight.is_finite() {
            true => (self.mean * self.weight + count) / (self.weight + age),
            false => self.mean,
        }
    }
}

/// Repeat purchases of customers, and the days in which they were made.
pub fn counts_and_ages(
    buyers: &[&Buyer],
    of: fn(&Buyer) -> &Seen,
    end: i32,
) -> (Vec<f64>, Vec<f64>) {
    let counts = buyers
        .iter()
        .map(|buyer| f64::from(of(buyer).purchases.saturating_sub(1)));
    let ages = buyers.iter().map(|buyer| age(buyer.first, end));
    (counts.collect(), ages.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_who_differ_by_chance_alone_have_one_rate() {
        let rates = Rates::of(&[2.0, 2.0, 2.0], &[100.0, 100.0, 100.0]);
        assert_eq!(rates.mean, 0.02);
        assert_eq!(rates.own(2.0, 100.0), 0.02);
    }

    /// With equal ages T the moments are those of the negative binomial: the variance of counts is
    /// `m T + v T^2`.
    #[test]
    fn rates_that_differ_are_drawn_towards_the_mean() {
        let counts = [0.0, 8.0, 0.0, 8.0, 4.0, 4.0, 0.0, 8.0, 8.0, 0.0];
        let ages = [100.0; 10];
        let rates = Rates::of(&counts, &ages);
        let variance = counts.iter().map(|x| (x - 4.0_f64).powi(2)).sum::<f64>() / 9.0;
        let weight = 0.04 / ((variance - 4.0) / 100.0_f64.powi(2));
        assert!((rates.weight - weight).abs() < 1e-9, "{rates:?}");
        let own = rates.own(8.0, 100.0);
        assert!(own > 0.04 && own < 0.08, "{own}");
    }
}
