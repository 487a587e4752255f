//! Which rules are stronger in one group of baskets than in the rest.

use super::{
    Baskets, Measures, Rule, benjamini_hochberg, remeasure,
    significance::{fisher_two_sided, normal_upper_tail},
};

/// A rule in a group and in the rest; see [`contrast`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// The measures in the group.
    pub group: Measures,
    /// The measures in the rest.
    pub rest: Measures,
    /// Confidence in the group less that in the rest.
    pub confidence_difference: f64,
    /// Confidence in the group over that in the rest; infinite if it is 0 in the rest alone.
    pub confidence_ratio: f64,
    /// Lift in the group less that in the rest.
    pub lift_difference: f64,
    /// Lift in the group over that in the rest.
    pub lift_ratio: f64,
    /// The odds ratio of antecedent and consequent in the group over that in the rest, with 1/2
    /// added to each cell.
    pub odds_ratio_ratio: f64,
    /// The chance of confidences that differ so much or more, in either direction, if they were
    /// the same: Fisher's exact test if an expected count is below 5, else chi-squared.
    pub confidence_p_value: f64,
    /// That p-value corrected for all rules compared.
    pub confidence_q_value: f64,
    /// The chance of associations that differ so much or more, in either direction, if they were
    /// the same: the test of the logarithms of the odds ratios.
    pub association_p_value: f64,
    /// That p-value corrected for all rules compared.
    pub association_q_value: f64,
}

/// Compares rules between a group of baskets, such as those of a segment, and the rest, which has
/// none of them. In the order of the rules.
///
/// It answers two questions, which have two answers:
/// - *Do those who take the antecedent take the consequent more often here?* The confidences,
///   two shares of two numbers of baskets. They differ also where the consequent is just more
///   liked in the group.
/// - *Does the antecedent say more about the consequent here?* The odds ratios, which do not
///   change when more baskets have the consequent. `z` is the difference of their logarithms over
///   the root of the sum of the reciprocals of all eight cells, each with 1/2 added.
///
/// Both are two-sided, and their p-values are corrected by Benjamini and Hochberg over all rules
/// given. A side without baskets, or where nobody took the antecedent, teaches nothing: the
/// p-values are 1 and what needs it is NaN. Item codes are as for [`remeasure`].
///
/// Sources: Fisher (1935); Woolf (1955), "On estimating the relation between blood group and
/// disease", for the test of equal odds ratios; Haldane (1956) and Anscombe (1956) for the 1/2.
pub fn contrast(rules: &[Rule], group: &Baskets, rest: &Baskets) -> Vec<Contrast> {
    let [in_group, in_rest] = [group, rest].map(|baskets| remeasure(rules, baskets));
    let mut contrasts: Vec<Contrast> = in_group
        .into_iter()
        .zip(in_rest)
        .map(|(group, rest)| {
            let difference = log_odds(&group) - log_odds(&rest);
            let variance = log_odds_variance(&group) + log_odds_variance(&rest);
            Contrast {
                group,
                rest,
                confidence_difference: group.confidence - rest.confidence,
                confidence_ratio: group.confidence / rest.confidence,
                lift_difference: group.lift - rest.lift,
                lift_ratio: group.lift / rest.lift,
                odds_ratio_ratio: difference.exp(),
                confidence_p_value: equal_shares(&group, &rest),
                confidence_q_value: f64::NAN,
                association_p_value: if informs(&group) && informs(&rest) {
                    2.0 * normal_upper_tail(difference.abs() / variance.sqrt())
                } else {
                    1.0
                },
                association_q_value: f64::NAN,
            }
        })
        .collect();
    let corrected = |p_value: fn(&Contrast) -> f64| {
        let p_values: Vec<f64> = contrasts.iter().map(p_value).collect();
        benjamini_hochberg(&p_values)
    };
    let of_confidence = corrected(|contrast| contrast.confidence_p_value);
    let of_association = corrected(|contrast| contrast.association_p_value);
    for ((contrast, confidence), association) in
        contrasts.iter_mut().zip(of_confidence).zip(of_association)
    {
        contrast.confidence_q_value = confidence;
        contrast.association_q_value = association;
    }
    contrasts
}

/// Whether some baskets have each side and some do not.
fn informs(m: &Measures) -> bool {
    [m.antecedent_count, m.consequent_count]
        .iter()
        .all(|count| *count > 0 && *count < m.n_baskets)
}

/// Baskets with both, with one side only (antecedent first), and with neither, and 1/2 each.
fn cells(m: &Measures) -> [f64; 4] {
    let [a, c] = [m.antecedent_count, m.consequent_count].map(|count| count - m.count);
    [m.count, a, c, m.n_baskets - m.count - a - c].map(|count| count as f64 + 0.5)
}

fn log_odds(m: &Measures) -> f64 {
    let [both, a, c, neither] = cells(m);
    (both * neither / (a * c)).ln()
}

fn log_odds_variance(m: &Measures) -> f64 {
    cells(m).iter().map(|cell| 1.0 / cell).sum()
}

/// The two-sided p-value of two confidences being one.
fn equal_shares(group: &Measures, rest: &Measures) -> f64 {
    let [a, b] = [group, rest].map(|m| m.antecedent_count);
    let n = a + b;
    let with = group.count + rest.count;
    if a == 0 || b == 0 || with == 0 || with == n {
        return 1.0;
    }
    let smallest = a.min(b) as f64 * with.min(n - with) as f64 / n as f64;
    if smallest < 5.0 {
        fisher_two_sided(n, a, with, group.count)
    } else {
        let pooled = with as f64 / n as f64;
        let spread = (pooled * (1.0 - pooled) * (1.0 / a as f64 + 1.0 / b as f64)).sqrt();
        2.0 * normal_upper_tail((group.confidence - rest.confidence).abs() / spread)
    }
}
