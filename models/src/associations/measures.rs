//! The measures of one rule, from four counts.

use super::significance::{excess, p_value, signed_chi};

/// How good a rule `antecedent => consequent` is, by every usual measure.
///
/// P(A), P(C) and P(AC) are the shares of baskets with the antecedent, the consequent and both.
/// A measure whose denominator is 0, because the antecedent or the consequent is in no basket,
/// is NaN unless its line says otherwise. Sources: Brin and others (1997) for conviction and
/// chi-squared; Zhang (2000); Wu, Chen and Han (2010) for the measures that do not change when
/// baskets with neither are added (Kulczynski, imbalance, cosine, Jaccard, all- and
/// max-confidence).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Number of baskets.
    pub n_baskets: u64,
    /// Number of baskets with the antecedent.
    pub antecedent_count: u64,
    /// Number of baskets with the consequent.
    pub consequent_count: u64,
    /// Number of baskets with both.
    pub count: u64,
    /// P(AC).
    pub support: f64,
    /// P(AC) / P(A): of those who took the antecedent, the share that took the consequent.
    pub confidence: f64,
    /// P(AC) / (P(A) P(C)): how many times more often together than by chance. Neutral: 1.
    pub lift: f64,
    /// P(AC) - P(A) P(C): the share of baskets that hold both beyond chance. Neutral: 0,
    /// and exactly 0 when the two are independent.
    pub leverage: f64,
    /// (1 - P(C)) / (1 - confidence): how many times more often the rule would fail by chance.
    /// Neutral: 1. Infinite when confidence is 1, also if the consequent is in every basket.
    pub conviction: f64,
    /// Zhang's measure, from -1 (never together) over 0 (independent) to 1. It is 0 when the
    /// denominator is, because then nothing can be learned.
    pub zhang: f64,
    /// Certainty factor, from -1 over 0 to 1: the part of the doubt about the consequent that
    /// the antecedent takes away. 0 if confidence is P(C).
    pub certainty: f64,
    /// The mean of the confidences of both directions.
    pub kulczynski: f64,
    /// |P(A) - P(C)| / (P(A) + P(C) - P(AC)): 0 when both are equally frequent. Read it beside
    /// `kulczynski`, which means little when one side is far more frequent.
    pub imbalance_ratio: f64,
    /// P(AC) / sqrt(P(A) P(C)).
    pub cosine: f64,
    /// P(AC) / (P(A) + P(C) - P(AC)).
    pub jaccard: f64,
    /// P(AC) / max(P(A), P(C)): the lower confidence of both directions.
    pub all_confidence: f64,
    /// P(AC) / min(P(A), P(C)): the higher confidence of both directions.
    pub max_confidence: f64,
    /// Pearson's chi-squared with 1 degree of freedom, without correction. 0 if the antecedent
    /// or the consequent is in no basket or in every one.
    pub chi_squared: f64,
    /// The chance of being together so often or more often without any association; see
    /// [`p_value`].
    pub p_value: f64,
}

impl Measures {
    /// All measures from the number of baskets, and of those with the antecedent, with the
    /// consequent, and with both.
    ///
    /// # Panics
    /// If the counts cannot be of one set of baskets (more with both than with one side, more
    /// with one side than there are, fewer with both than the sides leave room for).
    pub fn from_counts(
        n_baskets: u64,
        antecedent_count: u64,
        consequent_count: u64,
        count: u64,
    ) -> Self {
        assert!(
            count <= antecedent_count.min(consequent_count)
                && antecedent_count.max(consequent_count) <= n_baskets
                && antecedent_count + consequent_count - count <= n_baskets,
            "{count} of {n_baskets} baskets with both cannot be, with {antecedent_count} with the \
             antecedent and {consequent_count} with the consequent"
        );
        let [n, a, c, both] =
            [n_baskets, antecedent_count, consequent_count, count].map(|count| count as f64);
        let p_c = c / n;
        let excess = excess(n_baskets, antecedent_count, consequent_count, count);
        let confidence = both / a;
        let chi = signed_chi(n_baskets, antecedent_count, consequent_count, count);
        let either = a + c - both;
        Self {
            n_baskets,
            antecedent_count,
            consequent_count,
            count,
            support: both / n,
            confidence,
            lift: n * both / (a * c),
            leverage: excess / (n * n),
            conviction: if count == antecedent_count && count > 0 {
                f64::INFINITY
            } else {
                (1.0 - p_c) / (1.0 - confidence)
            },
            zhang: match f64::max(both * (n - a), a * (c - both)) {
                most if most > 0.0 => excess / most,
                _ => 0.0,
            },
            certainty: if excess == 0.0 && antecedent_count > 0 {
                0.0
            } else if excess > 0.0 {
                (confidence - p_c) / (1.0 - p_c)
            } else {
                (confidence - p_c) / p_c
            },
            kulczynski: 0.5 * (confidence + both / c),
            imbalance_ratio: (a - c).abs() / either,
            cosine: both / (a * c).sqrt(),
            jaccard: both / either,
            all_confidence: both / a.max(c),
            max_confidence: both / a.min(c),
            chi_squared: chi * chi,
            p_value: p_value(n_baskets, antecedent_count, consequent_count, count),
        }
    }
}
