//! Association rules from frequent itemsets.

use std::{
    cmp::Ordering,
    sync::atomic::{AtomicUsize, Ordering as AtomicOrdering},
};

use rayon::prelude::*;

use super::{
    Baskets, Itemsets, Measures, OnSale, Redundancy, Rule, RuleValidParams,
    candidates::{Candidate, Candidates},
    intervals::wilson_interval,
    significance::{FalseDiscovery, fisher_upper_tail, p_value},
    within::Within,
};

/// Why candidates did not become rules: how many failed each limit. A candidate counts under
/// the first one it fails, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Confidence below `min_confidence`.
    pub confidence: usize,
    /// Lift below `min_lift`.
    pub lift: usize,
    /// No better than a shorter rule: the improvement is not above `min_improvement`.
    pub no_better: usize,
    /// It may be chance: its own p-value is too high.
    pub chance: usize,
    /// More than chance, but not significantly better than a shorter rule.
    pub not_significantly_better: usize,
}

/// Rules, best first, and how many candidates they were chosen from.
///
/// **A candidate** is every way of splitting a frequent itemset of two or more items into an
/// antecedent and a consequent that are within the limits on their sizes and items, which are
/// set before anything is seen. Each is one test, whether its rule is kept or not: the q-values
/// are those of [`benjamini_hochberg`](super::benjamini_hochberg) over all candidates, before
/// any limit on confidence, lift or improvement.
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
    dropped: Dropped,
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

    /// Why the other candidates are no rules. With the rules they make up all candidates.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }
}

impl RuleValidParams {
    /// Makes the rules that pass every limit.
    ///
    /// Itemsets below `min_len` count too: a limit on what is listed is no limit on rules.
    /// No itemsets of two items give no rules. The result is the same on any number of threads.
    pub fn fit(&self, itemsets: &Itemsets) -> Rules {
        self.choose(&Candidates::new(itemsets, self.max_consequent))
    }

    /// As [`fit`](Self::fit), with each rule counted among the baskets of those days and places alone
    /// at which all its items were on sale; `itemsets` are those of these `baskets`.
    ///
    /// What was sold in December alone goes together over a year, and what was sold one after the other
    /// does not, whatever customers want. All measures of such a rule, its improvement and its tests
    /// are of the baskets in which there was a choice, whose number is
    /// [`n_baskets`](Measures::n_baskets); where those are at least 95 % of all, all are taken. The
    /// minimum support stays one of all baskets.
    ///
    /// Memory is 4 bytes for each part of each such itemset; time is that of intersecting the baskets
    /// of its items.
    ///
    /// # Panics
    /// If there is not one day for each basket, or not a time for each item.
    pub fn fit_on_sale(
        &self,
        itemsets: &Itemsets,
        baskets: &Baskets,
        on_sale: &OnSale<'_>,
    ) -> Rules {
        on_sale.must_be_of(baskets);
        let within = Within::new(itemsets, baskets, on_sale);
        self.choose(&Candidates::new(itemsets, self.max_consequent).within(within))
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Rules {
        let sides = self.sides();
        let mut tally = candidates.fold(
            &sides,
            Tally::default,
            |tally, candidate| self.count(tally, candidate),
            Tally::join,
        );
        let n_candidates = tally.n_candidates;
        let discovery = FalseDiscovery::new(tally.p_values, n_candidates);
        // Those within the limits whose own claim is significant.
        let alone = AtomicUsize::new(0);
        let mut rules = candidates.filter_map(&sides, |candidate| {
            if self.fails_limits(candidate).is_some() {
                return None;
            }
            let significant = |p: &f64| discovery.q_value(*p) <= self.max_q_value;
            self.p_value_alone(candidate).filter(significant)?;
            alone.fetch_add(1, AtomicOrdering::Relaxed);
            let p_value = self.p_value(candidate).filter(significant)?;
            Some(rule(candidate, discovery.q_value(p_value)))
        });
        rules.par_sort_unstable_by(best_first);
        let alone = alone.into_inner();
        let within = n_candidates - tally.dropped.total();
        tally.dropped.chance = within - alone;
        tally.dropped.not_significantly_better = alone - rules.len();
        Rules {
            rules,
            n_candidates,
            dropped: tally.dropped,
        }
    }

    /// The first `n` candidates by lift, whatever their confidence, significance or redundancy:
    /// what a tool shows that sorts by lift, to set trusted rules beside.
    ///
    /// The limits on sizes and items hold; of equal lift the higher count comes first, then
    /// antecedent and consequent as words in a dictionary. Nothing is tested, so the q-values
    /// are NaN. Never holds more than a few times `n` rules on each thread.
    pub fn top_by_lift(&self, itemsets: &Itemsets, n: usize) -> Vec<Rule> {
        if n == 0 {
            return Vec::new();
        }
        let shorten = |mut rules: Vec<Rule>| {
            rules.sort_unstable_by(highest_lift_first);
            rules.truncate(n);
            rules
        };
        // Each thread holds its best, the n-th of which is a limit for what comes.
        let (found, _) = Candidates::new(itemsets, self.max_consequent).fold(
            &self.sides(),
            || (Vec::new(), 0.0),
            |(mut found, mut limit), candidate| {
                if lift(candidate) >= limit {
                    found.push(rule(candidate, f64::NAN));
                    if found.len() >= n.saturating_mul(2).max(256) {
                        found = shorten(found);
                        limit = match found.get(n - 1) {
                            Some(last) => last.measures.lift,
                            None => 0.0,
                        };
                    }
                }
                (found, limit)
            },
            |(mut a, _), (b, _)| {
                a.extend(b);
                (shorten(a), 0.0)
            },
        );
        shorten(found)
    }

    /// Counts a candidate, and remembers its p-value if that could be significant.
    fn count(&self, mut tally: Tally, candidate: &Candidate) -> Tally {
        tally.n_candidates += 1;
        match self.fails_limits(candidate) {
            Some(Limit::Confidence) => tally.dropped.confidence += 1,
            Some(Limit::Lift) => tally.dropped.lift += 1,
            Some(Limit::Improvement) => tally.dropped.no_better += 1,
            None => {}
        }
        tally.p_values.extend(self.p_value(candidate));
        tally
    }

    fn fails_limits(&self, candidate: &Candidate) -> Option<Limit> {
        if candidate.confidence() < self.min_confidence {
            Some(Limit::Confidence)
        } else if lift(candidate) < self.min_lift {
            Some(Limit::Lift)
        } else if self.redundancy != Redundancy::Keep
            && candidate.improvement() <= self.min_improvement
        {
            Some(Limit::Improvement)
        } else {
            None
        }
    }

    /// The p-value of the claim that the antecedent and the consequent go together, unless it
    /// is above `max_q_value`.
    fn p_value_alone(&self, candidate: &Candidate) -> Option<f64> {
        let n_baskets = u64::from(candidate.n_baskets);
        let [a, c, both] = counts(candidate);
        // Up to the mean, at least half of the probability lies from there on: the median of
        // either distribution is no less than the mean rounded down.
        let below_chance =
            u128::from(n_baskets) * u128::from(both) <= u128::from(a) * u128::from(c);
        if below_chance && self.max_q_value < 0.5 {
            return None;
        }
        Some(p_value(n_baskets, a, c, both)).filter(|p| *p <= self.max_q_value)
    }

    /// The p-value of the claim that is tested, unless it is above `max_q_value`.
    fn p_value(&self, candidate: &Candidate) -> Option<f64> {
        let mut highest = self.p_value_alone(candidate)?;
        if self.redundancy == Redundancy::Significance {
            let [a, _, both] = counts(candidate);
            for [shorter, with_consequent] in candidate.shorter() {
                // Of the baskets with the shorter antecedent, does the rest of it matter?
                let p = fisher_upper_tail(shorter.into(), a, with_consequent.into(), both);
                highest = highest.max(p);
                if highest > self.max_q_value {
                    return None;
                }
            }
        }
        Some(highest)
    }
}

/// What the first pass over the candidates finds.
#[derive(Default)]
struct Tally {
    n_candidates: usize,
    dropped: Dropped,
    /// Those up to `max_q_value`.
    p_values: Vec<f64>,
}

impl Tally {
    fn join(mut self, other: Self) -> Self {
        self.n_candidates += other.n_candidates;
        self.dropped.confidence += other.dropped.confidence;
        self.dropped.lift += other.dropped.lift;
        self.dropped.no_better += other.dropped.no_better;
        self.p_values.extend(other.p_values);
        self
    }
}

impl Dropped {
    /// How many candidates are no rules.
    pub fn total(&self) -> usize {
        self.confidence + self.lift + self.no_better + self.chance + self.not_significantly_better
    }
}

enum Limit {
    Confidence,
    Lift,
    Improvement,
}

fn rule(candidate: &Candidate, q_value: f64) -> Rule {
    let [a, c, both] = counts(candidate);
    let (consequent, antecedent) = candidate.split();
    Rule {
        antecedent,
        consequent,
        measures: Measures::from_counts(candidate.n_baskets.into(), a, c, both),
        improvement: candidate.improvement(),
        improvement_lower: wilson_interval(both, a)[0] - candidate.best_of_shorter,
        q_value,
    }
}

/// The same double as [`Measures::lift`].
fn lift(candidate: &Candidate) -> f64 {
    let [a, c, both] = counts(candidate).map(|count| count as f64);
    f64::from(candidate.n_baskets) * both / (a * c)
}

fn counts(candidate: &Candidate) -> [u64; 3] {
    [
        candidate.antecedent_count,
        candidate.consequent_count,
        candidate.count,
    ]
    .map(u64::from)
}

fn best_first(a: &Rule, b: &Rule) -> Ordering {
    b.improvement_lower
        .total_cmp(&a.improvement_lower)
        .then_with(|| b.measures.count.cmp(&a.measures.count))
        .then_with(|| a.antecedent.cmp(&b.antecedent))
        .then_with(|| a.consequent.cmp(&b.consequent))
}

fn highest_lift_first(a: &Rule, b: &Rule) -> Ordering {
    (b.measures.lift.total_cmp(&a.measures.lift))
        .then_with(|| b.measures.count.cmp(&a.measures.count))
        .then_with(|| a.antecedent.cmp(&b.antecedent))
        .then_with(|| a.consequent.cmp(&b.consequent))
}
