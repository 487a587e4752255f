//! One association rule with its measures.

use super::Measures;

/// A rule: who takes the antecedent takes the consequent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Item codes, ascending; at least one.
    pub antecedent: Vec<u32>,
    /// Item codes, ascending; at least one, none of them in the antecedent.
    pub consequent: Vec<u32>,
    /// The measures on the baskets that were mined, or of those in which its items were on sale; see
    /// [`fit_on_sale`](super::RuleValidParams::fit_on_sale).
    pub measures: Measures,
    /// By how much the confidence exceeds the highest confidence of the same consequent under
    /// any proper part of the antecedent; for one item, and among others for more, the empty
    /// part, whose confidence is P(C). Exactly 0 when they are equal. Source: Bayardo,
    /// Agrawal and Gunopulos (1999), "Constraint-based rule mining in large, dense databases".
    pub improvement: f64,
    /// The improvement that can be relied on: as `improvement`, but with the lower end of the
    /// 95 % interval of the confidence (Wilson 1927) in place of the confidence.
    pub improvement_lower: f64,
    /// The p-value corrected for the number of candidates; see [`Rules`](super::Rules). With
    /// [`Redundancy::Significance`](super::Redundancy::Significance) it stands for being better
    /// than every shorter rule too.
    pub q_value: f64,
}
