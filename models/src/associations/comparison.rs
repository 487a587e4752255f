//! Two items in what they are compared with, and which way they stand out.

use super::pair_significance::Together;

/// How often two items are together, among what they are compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Number of baskets (or customers) with both.
    pub together: u32,
    /// How many there would be, in the mean, if one item had nothing to do with the other: if the
    /// places beside the one went to the other as often as any places do that are not taken by the
    /// one. It keeps the sizes of baskets and the numbers of items.
    pub expected: f64,
    /// The probability of a number at least as far from what is expected, on this side: that of a
    /// binomial number with the mean and the variance of the comparison. For items in up to a tenth
    /// of the baskets it is good to a few hundredths where it decides, for items in half of them
    /// to about a third; below 1e-8 it is an order of magnitude.
    pub p_value: f64,
}

impl Comparison {
    pub(super) fn new(together: &Together, side: Side) -> Self {
        Self {
            together: together.observed as u32,
            expected: together.expected,
            p_value: side.p_value(together),
        }
    }

    /// What is there, as a multiple of what is expected. Neutral: 1.
    pub fn ratio(&self) -> f64 {
        f64::from(self.together) / self.expected
    }
}

/// What stands out: too few together, or too many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Substitutes = 0,
    Complements = 1,
}

impl Side {
    pub(super) fn p_value(self, together: &Together) -> f64 {
        match self {
            Self::Substitutes => together.lower_tail(),
            Self::Complements => together.upper_tail(),
        }
    }

    /// How far the interval of the ratio is from 1; above 0 if it leaves it out.
    pub(super) fn score(self, together: &Together) -> f64 {
        let [lower, upper] = together.ratio_interval();
        match self {
            Self::Substitutes => 1.0 - upper,
            Self::Complements => lower - 1.0,
        }
    }
}
