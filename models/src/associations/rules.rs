//! Association rules from frequent itemsets.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::{
    Itemsets, Measures, RuleValidParams,
    candidates::{Candidate, Candidates},
    significance::{FalseDiscovery, p_value},
};

/// A rule: who takes the antecedent takes the consequent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Item codes, ascending; at least one.
    pub antecedent: Vec<u32>,
    /// Item codes, ascending; at least one, none of them in the antecedent.
    pub consequent: Vec<u32>,
    /// The measures on the baskets that were mined.
    pub measures: Measures,
    /// By how much the confidence exceeds the highest confidence of the same consequent under
    /// any proper part of the antecedent; for one item, and among others for more, the empty
    /// part, whose confidence is P(C). Exactly 0 when they are equal. Source: Bayardo,
    /// Agrawal and Gunopulos (1999), "Constraint-based rule mining in large, dense databases".
    pub improvement: f64,
    /// The improvement that can be relied on: as `improvement`, but with the lower end of the
    /// 95 % interval of the confidence (Wilson 1927) in place of the confidence.
    pub improvement_lower: f64,
    /// The p-value corrected for the number of candidates; see [`Rules`].
    pub q_value: f64,
}

/// Rules, best first, and how many candidates they were chosen from.
///
/// **A candidate** is every way of splitting a frequent itemset of two or more items into an
/// antecedent of at least one item and a consequent of 1 up to `max_consequent` items. Each is
/// one test, whether its rule is kept or not: the q-values are those of
/// [`benjamini_hochberg`](super::benjamini_hochberg) over all candidates, before any limit on
/// confidence, lift or improvement.
///
/// They promise what they say where a minimum support is not itself a choice by chance. Where
/// it lies above the count that chance gives to many itemsets, only the lucky ones are frequent,
/// and their p-values are too low; [`remeasure`](super::remeasure) on later baskets has no such
/// luck to fear.
///
/// **The order** is by [`improvement_lower`](Rule::improvement_lower), the highest first: how
/// many more customers out of a hundred take the consequent than without this rule, as far as
/// the data can promise. Then by count, the highest first, then by antecedent and by
/// consequent, as words in a dictionary, the shorter first.
///
/// The first ten of this order can be acted on. By leverage they would be the items that
/// everybody buys, twice over, once in each direction; by lift or its lower limit, variations
/// of one rare pair with some frequent item beside it. Here a longer rule has to beat its
/// shorter forms to stand above them, a rare one needs evidence, and of two directions the one
/// that says more about what comes next leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    rules: Vec<Rule>,
    n_candidates: usize,
}

impl Rules {
    /// The rules, best first.
    pub fn as_slice(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules, best first.
    pub fn into_vec(self) -> Vec<Rule> {
        self.rules
    }

    /// Number of candidates, which is the number of tests the q-values allow for.
    pub fn n_candidates(&self) -> usize {
        self.n_candidates
    }
}

impl RuleValidParams {
    /// Makes the rules that pass every limit.
    ///
    /// Itemsets below `min_len` count too: a limit on what is listed is no limit on rules.
    /// No itemsets of two items give no rules. The result is the same on any number of threads.
    pub fn fit(&self, itemsets: &Itemsets) -> Rules {
        let candidates = Candidates::new(itemsets, self.max_consequent);
        let n_baskets = u64::from(itemsets.n_baskets());
        let p_values = candidates.map(|candidate| {
            let [a, c, both] = counts(candidate);
            p_value(n_baskets, a, c, both)
        });
        let n_candidates = p_values.len();
        let discovery = FalseDiscovery::new(p_values);
        let mut rules = candidates.filter_map(|candidate| {
            let improvement = candidate.improvement();
            let improvement_lower = wilson_lower(candidate) - candidate.best_of_shorter;
            if candidate.confidence() < self.min_confidence
                || !self.keep_redundant && improvement <= self.min_improvement
            {
                return None;
            }
            let [a, c, both] = counts(candidate);
            let measures = Measures::from_counts(n_baskets, a, c, both);
            let q_value = discovery.q_value(measures.p_value);
            if measures.lift < self.min_lift || q_value > self.max_q_value {
                return None;
            }
            let (consequent, antecedent) = candidate.split();
            Some(Rule {
                antecedent,
                consequent,
                measures,
                improvement,
                improvement_lower,
                q_value,
            })
        });
        rules.par_sort_unstable_by(best_first);
        Rules {
            rules,
            n_candidates,
        }
    }
}

fn counts(candidate: &Candidate) -> [u64; 3] {
    [
        candidate.antecedent_count,
        candidate.consequent_count,
        candidate.count,
    ]
    .map(u64::from)
}

/// The lower end of the 95 % interval of the confidence. Source: Wilson (1927), "Probable
/// inference, the law of succession, and statistical inference".
fn wilson_lower(candidate: &Candidate) -> f64 {
    const Z: f64 = 1.959963984540054;
    let n = f64::from(candidate.antecedent_count);
    let p = candidate.confidence();
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    (p + Z * Z / (2.0 * n) - spread) / (1.0 + Z * Z / n)
}

fn best_first(a: &Rule, b: &Rule) -> Ordering {
    b.improvement_lower
        .total_cmp(&a.improvement_lower)
        .then_with(|| b.measures.count.cmp(&a.measures.count))
        .then_with(|| a.antecedent.cmp(&b.antecedent))
        .then_with(|| a.consequent.cmp(&b.consequent))
}
