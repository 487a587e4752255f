//! Whether rules held up on baskets that they were not found in.

use super::{
    Adjusted, Baskets, Measures, Rule, Strata,
    adjusted::adjust_by,
    index::ItemIndex,
    intervals::{lift_interval, wilson_interval},
    remeasure::remeasure_by,
};

/// A rule on later baskets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Later {
    /// All measures there.
    pub measures: Measures,
    /// The 95 % interval of the confidence there; see [`wilson_interval`].
    pub confidence_interval: [f64; 2],
    /// The 95 % interval of the lift there; see [`lift_interval`].
    pub lift_interval: [f64; 2],
    /// The rule there among baskets of one stratum, tested for an odds ratio above 1; its
    /// q-value allows for as many tests as rules were measured.
    pub adjusted: Adjusted,
    /// Whether the rule **held up: among later baskets that are alike (and of one group), too, its
    /// sides are together more often than chance, and more often than with one item less in
    /// the antecedent**, both significantly (the q-value of `adjusted` is at most the limit).
    ///
    /// It has not held up if it is not, although it would have been noticed: its confidence is surely
    /// lower than when it was found (the upper end of `confidence_interval` is), or a rule as
    /// strong as it was found would have been significant there, at a single test, with a chance of
    /// 80 %. Otherwise, without a later basket with its antecedent above all, there is too little to
    /// tell: `None`.
    pub held_up: Option<bool>,
}

/// The 95 % and the 80 % points of the standard normal distribution: what one test asks for, and the
/// chance with which it should find what is there.
const POWER: [f64; 2] = [1.6448536269514722, 0.8416212335729143];

/// Whether later baskets show that a rule which is not significant there is weaker than it was found.
fn fell(found: &Measures, later: &Measures, by_chance: f64) -> bool {
    if later.antecedent_count == 0 {
        return false;
    }
    let [_, upper] = wilson_interval(later.count, later.antecedent_count);
    if upper < found.confidence {
        return true;
    }
    // The counts with the rule as it was found, and without any association.
    let as_found = later.antecedent_count as f64 * found.confidence;
    let spread = POWER[0] * by_chance.sqrt()
        + POWER[1] * (as_found * (1.0 - found.confidence).max(0.0)).sqrt();
    as_found - by_chance > spread
}

/// Measures rules again on baskets of later weeks, in the order of the rules, among baskets that
/// are alike as [`adjust`](super::adjust) has it; a rule held up if the q-value is at most
/// `max_q_value`, for which 0.05 is usual.
///
/// The rules were chosen without these baskets, so only as many tests have to be allowed for as
/// there are rules. Item codes are as for [`remeasure`](super::remeasure()). Source: Webb (2007), "Discovering
/// significant patterns", section 4.2 (holdout evaluation).
pub fn measure_later(rules: &[Rule], later: &Baskets, max_q_value: f64) -> Vec<Later> {
    measure_later_in(rules, later, &Strata::by_size(later), max_q_value)
}

/// As [`measure_later`], with strata of the later baskets that tell apart more than sizes.
///
/// # Panics
/// If `strata` are of other baskets (their number differs).
pub fn measure_later_in(
    rules: &[Rule],
    later: &Baskets,
    strata: &Strata,
    max_q_value: f64,
) -> Vec<Later> {
    let index = ItemIndex::in_strata(rules, later, strata);
    let adjusted = adjust_by(rules, &index, strata, 1.0, rules.len());
    remeasure_by(rules, &index)
        .into_iter()
        .zip(adjusted)
        .zip(rules)
        .map(|((measures, adjusted), rule)| Later {
            measures,
            confidence_interval: wilson_interval(measures.count, measures.antecedent_count),
            lift_interval: lift_interval(&measures),
            adjusted,
            held_up: match adjusted.q_value <= max_q_value {
                true => Some(true),
                false => fell(&rule.measures, &measures, adjusted.expected).then_some(false),
            },
        })
        .collect()
}

/// The share of rules that held up, of those of which it can be told; `None` without any.
///
/// Set it beside the same share of as many rules from
/// [`top_by_lift`](super::RuleValidParams::top_by_lift), measured in the same way.
pub fn held_up_share(later: &[Later]) -> Option<f64> {
    let known: Vec<bool> = later.iter().filter_map(|rule| rule.held_up).collect();
    let held = known.iter().filter(|held| **held).count();
    (!known.is_empty()).then(|| held as f64 / known.len() as f64)
}
