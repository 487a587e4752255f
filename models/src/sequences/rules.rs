//! Rules from frequent sequences: what comes next.

use std::cmp::Ordering;

use linfa::ParamGuard;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    Histories, Sequence, SequenceMeasures, Sequences, TimeLimits, bits_of,
    measures::{Pattern, measure, measure_listed},
};
use crate::associations::{benjamini_hochberg, wilson_interval};

/// Why rules could not be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SequenceRuleError {
    /// Not a share.
    #[error("min_confidence = {0}; choose a number from 0 to 1")]
    MinConfidence(f64),
    /// Below 0, infinite, or not a number.
    #[error("min_lift = {0}; choose a number from 0 up, 1 for rules better than chance")]
    MinLift(f64),
    /// Not a probability above 0.
    #[error("max_q_value = {0}; choose a number above 0 and at most 1, where 1 keeps every rule")]
    MaxQValue(f64),
}

/// A rule: who has had the prefix has `next` afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRule {
    /// The elements of the prefix in order of time; each holds item codes, ascending.
    pub prefix: Vec<Vec<u32>>,
    /// The element that follows: item codes, ascending.
    pub next: Vec<u32>,
    /// The measures on the histories that were mined.
    pub measures: SequenceMeasures,
    /// By how much the confidence exceeds the base rate of `next`, and its confidence after any
    /// shorter prefix that is contained in this one and was found frequent. Exactly 0 when they
    /// are equal. Source, for itemsets: Bayardo, Agrawal and Gunopulos (1999), "Constraint-based
    /// rule mining in large, dense databases".
    pub improvement: f64,
    /// The improvement that can be relied on: as `improvement`, but with the lower end of the
    /// 95 % interval of the confidence (Wilson 1927) in place of the confidence.
    pub improvement_lower: f64,
    /// The p-value corrected for the number of candidates; see [`SequenceRules`].
    pub q_value: f64,
}

/// Rules, best first, and how many candidates they were chosen from.
///
/// **A candidate** is every pattern of two or more elements; its last element is what follows the
/// others. Each is one test, whether its rule is kept or not: the q-values are those of
/// [`benjamini_hochberg`] over all candidates.
///
/// **The order** is by [`improvement_lower`](SequenceRule::improvement_lower), the highest first,
/// then by count, the highest first, then by prefix and by `next`, as words in a dictionary.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRules {
    rules: Vec<SequenceRule>,
    n_candidates: usize,
}

impl SequenceRules {
    /// The rules, best first.
    pub fn as_slice(&self) -> &[SequenceRule] {
        &self.rules
    }

    /// The rules, best first.
    pub fn into_vec(self) -> Vec<SequenceRule> {
        self.rules
    }

    /// Number of candidates, which is the number of tests the q-values allow for.
    pub fn n_candidates(&self) -> usize {
        self.n_candidates
    }
}

/// Checked parameters of rules from sequences; see [`SequenceRuleParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRuleValidParams {
    min_confidence: f64,
    min_lift: f64,
    max_q_value: f64,
    keep_redundant: bool,
}

/// Unchecked parameters of rules from sequences.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_confidence` | 0.1 | the lowest confidence of a rule |
/// | `min_lift` | 1 | the lowest lift of a rule |
/// | `max_q_value` | 0.05 | the highest q-value of a rule; 1 keeps what may be chance |
/// | `keep_redundant` | false | keep rules that are no better than one with a shorter prefix |
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceRuleParams(SequenceRuleValidParams);

impl Default for SequenceRuleParams {
    fn default() -> Self {
        Self(SequenceRuleValidParams {
            min_confidence: 0.1,
            min_lift: 1.0,
            max_q_value: 0.05,
            keep_redundant: false,
        })
    }
}

impl SequenceRuleParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the lowest confidence of a rule, itself included.
    pub fn min_confidence(mut self, min_confidence: f64) -> Self {
        self.0.min_confidence = min_confidence;
        self
    }

    /// Sets the lowest lift of a rule, itself included.
    pub fn min_lift(mut self, min_lift: f64) -> Self {
        self.0.min_lift = min_lift;
        self
    }

    /// Sets the highest q-value of a rule, itself included: the share of the rules kept that may
    /// be expected to be chance.
    pub fn max_q_value(mut self, max_q_value: f64) -> Self {
        self.0.max_q_value = max_q_value;
        self
    }

    /// Keeps rules whose [`improvement`](SequenceRule::improvement) is not above 0.
    pub fn keep_redundant(mut self, keep_redundant: bool) -> Self {
        self.0.keep_redundant = keep_redundant;
        self
    }
}

impl ParamGuard for SequenceRuleParams {
    type Checked = SequenceRuleValidParams;
    type Error = SequenceRuleError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        // Ranges refuse what is not a number, too.
        if !(0.0..=1.0).contains(&params.min_confidence) {
            return Err(SequenceRuleError::MinConfidence(params.min_confidence));
        }
        if !(0.0..f64::INFINITY).contains(&params.min_lift) {
            return Err(SequenceRuleError::MinLift(params.min_lift));
        }
        if !(params.max_q_value > 0.0 && params.max_q_value <= 1.0) {
            return Err(SequenceRuleError::MaxQValue(params.max_q_value));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl SequenceRuleValidParams {
    /// Makes the rules that pass every limit.
    ///
    /// `histories` are those that `sequences` were mined from: prefixes, base rates and lags are
    /// counted there, within the time limits of the mining. Patterns that were mined closed, or
    /// with required items, give rules too, but then fewer shorter prefixes are there to compare
    /// with. The result is the same on any number of threads.
    pub fn fit(&self, sequences: &Sequences, histories: &Histories) -> SequenceRules {
        let candidates: Vec<Sequence> = sequences
            .iter()
            .filter(|sequence| sequence.n_elements() > 1)
            .collect();
        let patterns: Vec<Pattern> = candidates.iter().map(split).collect();
        let measures = measure_listed(&patterns, &candidates, sequences, histories);
        let p_values: Vec<f64> = measures.iter().map(|measures| measures.p_value).collect();
        let q_values = benjamini_hochberg(&p_values);
        let passes = |i: &usize| {
            measures[*i].confidence >= self.min_confidence
                && measures[*i].lift >= self.min_lift
                && q_values[*i] <= self.max_q_value
        };
        let mut kept: Vec<usize> = (0..patterns.len()).filter(passes).collect();
        // Few pass, and only they are held against what is shorter.
        let mut best_of_shorter = best_of_shorter(&patterns, &measures, &kept);
        if !self.keep_redundant {
            let improves = |i: usize, best: f64| measures[i].confidence - best > 0.0;
            (kept, best_of_shorter) = (kept.into_iter().zip(best_of_shorter))
                .filter(|(i, best)| improves(*i, *best))
                .unzip();
        }
        let full = with_lags(&patterns, &kept, sequences.time(), histories);
        let mut rules: Vec<SequenceRule> = (kept.iter().zip(best_of_shorter).zip(full))
            .map(|((&i, best_of_shorter), measures)| {
                let [sure, _] = wilson_interval(measures.count, measures.prefix_count);
                SequenceRule {
                    prefix: patterns[i].prefix.iter().map(|e| e.to_vec()).collect(),
                    next: patterns[i].next.to_vec(),
                    measures,
                    improvement: measures.confidence - best_of_shorter,
                    improvement_lower: sure - best_of_shorter,
                    q_value: q_values[i],
                }
            })
            .collect();
        rules.par_sort_unstable_by(best_first);
        SequenceRules {
            rules,
            n_candidates: patterns.len(),
        }
    }
}

/// All elements but the last, and the last.
fn split<'a>(sequence: &Sequence<'a>) -> Pattern<'a> {
    let mut elements: Vec<&[u32]> = sequence.elements().collect();
    let next = elements.pop().unwrap_or_default();
    Pattern {
        prefix: elements,
        next,
    }
}

/// The measures of those patterns that are kept, with the days that it takes.
fn with_lags(
    patterns: &[Pattern],
    kept: &[usize],
    time: TimeLimits,
    histories: &Histories,
) -> Vec<SequenceMeasures> {
    let kept: Vec<Pattern> = kept.iter().map(|&i| patterns[i].clone()).collect();
    measure(&kept, time, histories)
}

/// For each of some candidates, `kept`, the highest confidence of the same `next` after a prefix
/// that is contained in its own and has fewer items; the base rate is that after no prefix.
fn best_of_shorter(
    patterns: &[Pattern],
    measures: &[SequenceMeasures],
    kept: &[usize],
) -> Vec<f64> {
    struct Prefix {
        place: usize,
        n_items: usize,
        bits: u64,
    }
    // A group has one `next`; those that are kept lie among the others.
    let mut wanted: Vec<&[u32]> = kept.iter().map(|&i| patterns[i].next).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut prefixes: Vec<Prefix> = (0..patterns.len())
        .filter(|&place| wanted.binary_search(&patterns[place].next).is_ok())
        .map(|place| {
            let items = patterns[place].prefix.concat();
            Prefix {
                place,
                n_items: items.len(),
                bits: bits_of(&items),
            }
        })
        .collect();
    let next = |prefix: &Prefix| patterns[prefix.place].next;
    prefixes.sort_by(|a, b| next(a).cmp(next(b)).then(a.n_items.cmp(&b.n_items)));
    let mut best: Vec<(usize, f64)> = prefixes
        .par_chunk_by(|a, b| next(a) == next(b))
        .flat_map_iter(|group| {
            let kept = group
                .iter()
                .filter(move |long| kept.binary_search(&long.place).is_ok());
            kept.map(move |long| {
                let own = &measures[long.place];
                let base = own.next_count as f64 / own.n_customers as f64;
                let best = group
                    .iter()
                    .take_while(|short| short.n_items < long.n_items)
                    .filter(|short| {
                        short.bits & !long.bits == 0
                            && is_in(&patterns[short.place].prefix, &patterns[long.place].prefix)
                    })
                    .map(|short| measures[short.place].confidence)
                    .fold(base, f64::max);
                (long.place, best)
            })
        })
        .collect();
    best.sort_unstable_by_key(|(place, _)| *place);
    best.into_iter().map(|(_, best)| best).collect()
}

/// Whether the elements of one pattern are, in order, subsets of elements of the other.
fn is_in(short: &[&[u32]], long: &[&[u32]]) -> bool {
    let mut rest = long.iter();
    short
        .iter()
        .all(|element| rest.any(|larger| super::histories::holds(larger, element)))
}

fn best_first(a: &SequenceRule, b: &SequenceRule) -> Ordering {
    b.improvement_lower
        .total_cmp(&a.improvement_lower)
        .then_with(|| b.measures.count.cmp(&a.measures.count))
        .then_with(|| a.prefix.cmp(&b.prefix))
        .then_with(|| a.next.cmp(&b.next))
}
