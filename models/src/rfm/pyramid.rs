//! The customer pyramid, and key accounts.

use super::{RfmError, check_finite};

/// A step of the customer pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pyramid {
    /// The best hundredth.
    Vip,
    /// The next four.
    Major,
    /// The next fifteen.
    Ordinary,
    /// All others.
    Small,
}

impl Pyramid {
    /// Every step, the best first.
    pub const ALL: [Self; 4] = [Self::Vip, Self::Major, Self::Ordinary, Self::Small];

    /// What it is called in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vip => "VIP",
            Self::Major => "major",
            Self::Ordinary => "ordinary",
            Self::Small => "small",
        }
    }
}

/// The step of every customer by value, whole groups of equal value at once.
///
/// - `values`: n numbers; who has no value (NaN), nothing, or less than nothing is on the last step.
/// - `shares`: of all customers on each step but the last, such as 0.01, 0.04, 0.15. Somebody is on
///   the first step whose shares, added up, are above the share of customers worth more: the best
///   one is always on the first.
///
/// # Errors
/// [`RfmError::Pyramid`] for shares that are not above 0, or are 1 or more together.
///
/// Source: Curry, *The Customer Marketing Method*, 2000.
pub fn pyramid_tiers(values: &[f64], shares: [f64; 3]) -> Result<Vec<Pyramid>, RfmError> {
    let sum: f64 = shares.iter().sum();
    if !(shares.iter().all(|share| *share > 0.0) && sum < 1.0) {
        return Err(RfmError::Pyramid {
            given: shares.to_vec(),
        });
    }
    let above = worth_more(values);
    let n = values.len() as f64;
    let step = |row: usize| {
        let mut reach = 0.0;
        for (step, share) in Pyramid::ALL.into_iter().zip(shares) {
            reach += share;
            // A millionth of a customer, for shares that are not exact in binary.
            if (above[row] as f64) < reach * n - 1e-6 {
                return step;
            }
        }
        Pyramid::Small
    };
    Ok((0..values.len())
        .map(|row| {
            if values[row] > 0.0 {
                step(row)
            } else {
                Pyramid::Small
            }
        })
        .collect())
}

/// How many have a higher value, for each; NaN is below all.
fn worth_more(values: &[f64]) -> Vec<usize> {
    let key = |row: usize| {
        if values[row].is_nan() {
            f64::NEG_INFINITY
        } else {
            values[row]
        }
    };
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| key(*b).total_cmp(&key(*a)).then(a.cmp(b)));
    let mut above = vec![0; values.len()];
    let mut seen = 0;
    for block in order.chunk_by(|a, b| key(*a) == key(*b)) {
        for row in block {
            above[*row] = seen;
        }
        seen += block.len();
    }
    above
}

/// What an account is to whoever looks after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyAccount {
    /// Worth most now.
    MostValuable,
    /// Could be worth much, and is not yet.
    MostGrowable,
    /// Costs more than it brings.
    BelowZero,
    /// None of these.
    Other,
}

impl KeyAccount {
    /// Every class.
    pub const ALL: [Self; 4] = [
        Self::MostValuable,
        Self::MostGrowable,
        Self::BelowZero,
        Self::Other,
    ];

    /// What it is called in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::MostValuable => "most valuable",
            Self::MostGrowable => "most growable",
            Self::BelowZero => "below zero",
            Self::Other => "other",
        }
    }
}

/// How many are key accounts, as shares of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyAccountLimits {
    /// Of those who are worth most now.
    pub valuable: f64,
    /// Of those whose potential is highest.
    pub growable: f64,
}

impl Default for KeyAccountLimits {
    /// A fifth each.
    fn default() -> Self {
        Self {
            valuable: 0.2,
            growable: 0.2,
        }
    }
}

/// The class of every account.
///
/// - `present`: n numbers, what each brings now, costs taken off; below 0 it costs more than it
///   brings.
/// - `potential`: n numbers, what each is expected to bring; NaN where nothing tells.
/// - Below zero come first, whatever is expected of them; then the most valuable, among the
///   `valuable` share with the highest present value; then the most growable, among the `growable`
///   share with the highest potential and not among the most valuable.
///
/// # Errors
/// [`RfmError::Length`], [`RfmError::NotFinite`] for a present value, and
/// [`RfmError::KeyAccounts`] for limits outside 0 to 1.
///
/// Source: Peppers and Rogers, *The One to One Future*, 1993.
pub fn key_accounts(
    present: &[f64],
    potential: &[f64],
    limits: KeyAccountLimits,
) -> Result<Vec<KeyAccount>, RfmError> {
    for (name, value) in [("valuable", limits.valuable), ("growable", limits.growable)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(RfmError::KeyAccounts { name, value });
        }
    }
    if present.len() != potential.len() {
        return Err(RfmError::Length {
            column: "potential",
            found: potential.len(),
            expected: present.len(),
        });
    }
    check_finite("present value", present)?;
    let n = present.len() as f64;
    let (now, then) = (worth_more(present), worth_more(potential));
    let among = |above: usize, share: f64| (above as f64) < share * n - 1e-6;
    let class = |row: usize| {
        if present[row] < 0.0 {
            KeyAccount::BelowZero
        } else if present[row] > 0.0 && among(now[row], limits.valuable) {
            KeyAccount::MostValuable
        } else if potential[row] > 0.0 && among(then[row], limits.growable) {
            KeyAccount::MostGrowable
        } else {
            KeyAccount::Other
        }
    };
    Ok((0..present.len()).map(class).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: [f64; 3] = [0.01, 0.04, 0.15];

    #[test]
    fn a_hundred_customers_are_one_four_fifteen_and_eighty() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let tiers = pyramid_tiers(&values, SHARES).unwrap();
        let sizes = Pyramid::ALL.map(|step| tiers.iter().filter(|tier| **tier == step).count());
        assert_eq!(sizes, [1, 4, 15, 80]);
        assert_eq!(
            (tiers[99], tiers[98], tiers[94]),
            (Pyramid::Vip, Pyramid::Major, Pyramid::Ordinary)
        );
    }

    #[test]
    fn equal_values_are_on_one_step_and_nothing_is_on_the_last() {
        assert_eq!(
            pyramid_tiers(&[5.0; 30], SHARES).unwrap(),
            [Pyramid::Vip; 30]
        );
        let odd = pyramid_tiers(&[0.0, -5.0, f64::NAN, 2.0], SHARES).unwrap();
        assert_eq!(
            odd,
            [Pyramid::Small, Pyramid::Small, Pyramid::Small, Pyramid::Vip]
        );
        assert!(pyramid_tiers(&[], SHARES).unwrap().is_empty());
        assert!(pyramid_tiers(&[1.0], [0.5, 0.5, 0.1]).is_err());
        assert!(pyramid_tiers(&[1.0], [0.0, 0.5, 0.1]).is_err());
    }

    #[test]
    fn ten_accounts_by_hand() {
        let present = [90.0, 80.0, 70.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0];
        let potential = [1.0, 99.0, 2.0, 3.0, 50.0, 4.0, 5.0, f64::NAN, 98.0, 97.0];
        let found = key_accounts(&present, &potential, KeyAccountLimits::default()).unwrap();
        use KeyAccount::{BelowZero, MostGrowable, MostValuable, Other};
        let mut want = [Other; 10];
        (want[0], want[1]) = (MostValuable, MostValuable);
        // Second by potential; the third is below zero, and the fourth not among a fifth.
        (want[8], want[9]) = (MostGrowable, BelowZero);
        assert_eq!(found, want);
        let limits = KeyAccountLimits {
            valuable: 1.0,
            growable: 0.1,
        };
        let error = key_accounts(&[], &[], limits).unwrap_err();
        assert!(error.to_string().starts_with("valuable = 1"), "{error}");
        assert!(key_accounts(&[f64::NAN], &[1.0], KeyAccountLimits::default()).is_err());
    }
}
