//! Which rules are stronger in one group of baskets than in the rest.

use rayon::prelude::*;

use super::{
    Baskets, Measures, Rule, benjamini_hochberg,
    index::ItemIndex,
    later::POWER,
    remeasure::remeasure_by,
    significance::{fisher_two_sided, normal_upper_tail},
};

/// The 97.5 % point of the standard normal distribution.
const NORMAL: f64 = 1.959963984540054;

/// Baskets, and whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Shopped<'a> {
    /// The baskets, those of one customer together.
    pub baskets: &'a Baskets,
    /// For each of them its customer.
    pub customers: &'a [u32],
}

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
    /// The standard error of the logarithm of that ratio, in which customers are independent of each
    /// other and their baskets are not.
    pub association_error: f64,
    /// The chance of confidences that differ so much or more, in either direction, if they were
    /// the same: Fisher's exact test if an expected count is below 5, else chi-squared.
    pub confidence_p_value: f64,
    /// That p-value corrected for all rules compared.
    pub confidence_q_value: f64,
    /// The chance of associations that differ so much or more, in either direction, if they were
    /// the same: the test of the logarithms of the odds ratios, in which customers are independent
    /// of each other and their baskets are not.
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
///   the root of the sum of their variances. The variance of one is the sum of the reciprocals of
///   its four cells, each with 1/2 added, as if baskets were independent; or, where that is more,
///   the sum over customers of the square of what all their baskets together do to the logarithm,
///   times `g / (g - 1)` for `g` customers: who buys the same every week has not shown it anew
///   every week.
///
/// Both are two-sided, and their p-values are corrected by Benjamini and Hochberg over all rules
/// given. A side without baskets, or where nobody took the antecedent, teaches nothing: the
/// p-values are 1 and what needs it is NaN. Item codes are as for [`remeasure`](super::remeasure()).
///
/// Sources: Fisher (1935); Woolf (1955), "On estimating the relation between blood group and
/// disease", for the test of equal odds ratios; Haldane (1956) and Anscombe (1956) for the 1/2;
/// Liang and Zeger (1986), "Longitudinal data analysis using generalized linear models", for the
/// variance by customers.
///
/// # Panics
/// If there are not as many customers as baskets.
pub fn contrast(rules: &[Rule], group: Shopped<'_>, rest: Shopped<'_>) -> Vec<Contrast> {
    let [in_group, in_rest] = [group, rest].map(|side| measured(rules, side));
    let mut contrasts: Vec<Contrast> = in_group
        .into_iter()
        .zip(in_rest)
        .map(|((group, of_group), (rest, of_rest))| {
            let difference = log_odds(&group) - log_odds(&rest);
            let variance = of_group + of_rest;
            Contrast {
                group,
                rest,
                confidence_difference: group.confidence - rest.confidence,
                confidence_ratio: group.confidence / rest.confidence,
                lift_difference: group.lift - rest.lift,
                lift_ratio: group.lift / rest.lift,
                odds_ratio_ratio: difference.exp(),
                association_error: variance.sqrt(),
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

impl Contrast {
    /// Whether a rule that was stronger in the group **held up** later, given whether it is
    /// `significant` there: yes if it is, and again stronger in the group. No if it is not although it
    /// would have been noticed: its ratio of odds ratios is surely lower than before, or one as high as
    /// before would have been significant at a single test with a chance of 80 %. Otherwise there is too
    /// little to tell: `None`.
    ///
    /// `before` is the same rule when it was found, or, where there are any, in the same weeks of the
    /// year before: then it is the lower end of the 95 % interval that the later ratio is held against.
    pub fn held_up(
        &self,
        significant: bool,
        found: &Contrast,
        year_before: Option<&Contrast>,
    ) -> Option<bool> {
        if significant {
            return Some(self.odds_ratio_ratio > 1.0);
        }
        if !(informs(&self.group) && informs(&self.rest)) {
            return None;
        }
        let informed = |contrast: &&Contrast| informs(&contrast.group) && informs(&contrast.rest);
        let before = match year_before.filter(informed) {
            Some(before) => before.odds_ratio_ratio.ln() - NORMAL * before.association_error,
            None => found.odds_ratio_ratio.ln(),
        };
        let upper = self.odds_ratio_ratio.ln() + NORMAL * self.association_error;
        let noticed = before > (POWER[0] + POWER[1]) * self.association_error;
        (upper < before || noticed).then_some(false)
    }
}

/// The measures of each rule, and the variance of the logarithm of its odds ratio.
fn measured(rules: &[Rule], side: Shopped<'_>) -> Vec<(Measures, f64)> {
    assert_eq!(
        side.customers.len(),
        side.baskets.n_baskets(),
        "a customer for each basket"
    );
    let index = ItemIndex::new(rules, side.baskets);
    let measures = remeasure_by(rules, &index);
    // For each basket how many baskets its customer has.
    let runs = || side.customers.chunk_by(|one, next| one == next);
    let sizes: Vec<u32> = runs()
        .flat_map(|run| std::iter::repeat_n(run.len() as u32, run.len()))
        .collect();
    let squares: f64 = runs().map(|run| (run.len() as f64).powi(2)).sum();
    let customers = runs().count().max(2) as f64;
    (rules.par_iter().zip(measures))
        .map(|(rule, measures)| {
            let hits = |items: &[u32]| index.hits_of(&index.slots_of(items));
            let sides = [hits(&rule.antecedent), hits(&rule.consequent)];
            let by_customer = by_customers(&sides, side.customers, &sizes, squares, &measures);
            let by_customer = by_customer * customers / (customers - 1.0);
            (measures, log_odds_variance(&measures).max(by_customer))
        })
        .collect()
}

/// The variance of the logarithm of the odds ratio when customers, not baskets, are drawn. `sides`
/// are the baskets with each side, ascending.
fn by_customers(
    sides: &[Vec<u32>; 2],
    customers: &[u32],
    sizes: &[u32],
    squares: f64,
    measures: &Measures,
) -> f64 {
    // What one more basket in a cell does to the logarithm, beside what one with neither does.
    let [both, a, c, neither] = cells(measures).map(f64::recip);
    let [both, a, c] = [both - neither, -a - neither, -c - neither];
    let mut sum = squares * neither * neither;
    let mut places = [0, 0];
    while let Some(&first) = sides
        .iter()
        .zip(places)
        .filter_map(|(side, place)| side.get(place))
        .min()
    {
        let customer = customers[first as usize];
        let plain = f64::from(sizes[first as usize]) * neither;
        let mut all = plain;
        loop {
            let [of_a, of_c] = [0, 1].map(|i| sides[i].get(places[i]).copied());
            let next = of_a.unwrap_or(u32::MAX).min(of_c.unwrap_or(u32::MAX));
            if customers.get(next as usize) != Some(&customer) {
                break;
            }
            let (has_a, has_c) = (of_a == Some(next), of_c == Some(next));
            all += match (has_a, has_c) {
                (true, true) => both,
                (true, false) => a,
                _ => c,
            };
            places[0] += usize::from(has_a);
            places[1] += usize::from(has_c);
        }
        sum += all * all - plain * plain;
    }
    sum
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
