//! Few rules: of many that are true, those worth a person's time.

use std::collections::{HashMap, HashSet};

use linfa::ParamGuard;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    Adjusted, Baskets, OnSale, Rule, Rules, Strata, adjusted::adjust_by, index::ItemIndex,
};

/// Why rules could not be chosen.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SelectionError {
    /// Below 1, infinite, or not a number.
    #[error("min_odds_ratio = {0}; choose a number from 1 up, 1 for any association")]
    MinOddsRatio(f64),
    /// Not a probability above 0.
    #[error("max_q_value = {0}; choose a number above 0 and at most 1, where 1 keeps every rule")]
    MaxQValue(f64),
    /// Not a share.
    #[error("min_new_share = {0}; choose a number from 0 to 1, where 0 keeps every rule")]
    MinNewShare(f64),
}

/// Checked parameters of the choice of rules; see [`SelectionParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct SelectionValidParams {
    min_odds_ratio: f64,
    max_q_value: f64,
    both_directions: bool,
    min_new_share: f64,
}

impl SelectionValidParams {
    /// What the odds ratio has to exceed significantly.
    pub fn min_odds_ratio(&self) -> f64 {
        self.min_odds_ratio
    }

    /// The highest q-value.
    pub fn max_q_value(&self) -> f64 {
        self.max_q_value
    }

    /// Whether several rules may be made of the same items.
    pub fn both_directions(&self) -> bool {
        self.both_directions
    }

    /// The least share of a rule's baskets that no better rule explains.
    pub fn min_new_share(&self) -> f64 {
        self.min_new_share
    }
}

/// Unchecked parameters of the choice of rules.
///
/// | parameter | default | means |
/// |---|---|---|
/// | `min_odds_ratio` | 1.5 | in baskets that are alike the odds have to be surely higher than this |
/// | `max_q_value` | 0.05 | how sure; 1 keeps what may be below `min_odds_ratio` |
/// | `both_directions` | false | keep several rules of the same items, such as both directions of a pair |
/// | `min_new_share` | 0.25 | the share of a rule's baskets that no better rule with the same consequent explains |
#[derive(Clone, Debug, PartialEq)]
pub struct SelectionParams(SelectionValidParams);

impl Default for SelectionParams {
    fn default() -> Self {
        Self(SelectionValidParams {
            min_odds_ratio: 1.5,
            max_q_value: 0.05,
            both_directions: false,
            min_new_share: 0.25,
        })
    }
}

impl SelectionParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the odds ratio has to exceed significantly; see [`adjust`](super::adjust).
    pub fn min_odds_ratio(mut self, min_odds_ratio: f64) -> Self {
        self.0.min_odds_ratio = min_odds_ratio;
        self
    }

    /// Sets the highest q-value of that test, itself included.
    pub fn max_q_value(mut self, max_q_value: f64) -> Self {
        self.0.max_q_value = max_q_value;
        self
    }

    /// Sets whether several rules of the same items are kept, or only the best of them: that
    /// with the higher confidence, less what is known without the antecedent. To a person the
    /// other says the same; who makes offers from rules wants both, because the direction of
    /// the higher confidence leads from the rare product to the common one.
    pub fn both_directions(mut self, both_directions: bool) -> Self {
        self.0.both_directions = both_directions;
        self
    }

    /// Sets the share of a rule's baskets that must be new, itself included: of the baskets
    /// with antecedent and consequent, those that hold no kept rule with the same consequent
    /// that stands before it. 0 keeps every rule.
    pub fn min_new_share(mut self, min_new_share: f64) -> Self {
        self.0.min_new_share = min_new_share;
        self
    }
}

impl ParamGuard for SelectionParams {
    type Checked = SelectionValidParams;
    type Error = SelectionError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if !(1.0..f64::INFINITY).contains(&params.min_odds_ratio) {
            return Err(SelectionError::MinOddsRatio(params.min_odds_ratio));
        }
        if !(params.max_q_value > 0.0 && params.max_q_value <= 1.0) {
            return Err(SelectionError::MaxQValue(params.max_q_value));
        }
        if !(0.0..=1.0).contains(&params.min_new_share) {
            return Err(SelectionError::MinNewShare(params.min_new_share));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A rule that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    /// The rule.
    pub rule: Rule,
    /// The rule among baskets that are alike in what else they hold.
    pub adjusted: Adjusted,
    /// Baskets with both sides that no chosen rule before it with the same consequent explains.
    pub new_count: u64,
    /// How many different customers have a basket with both sides; `None` where it is not known
    /// whose the baskets are.
    pub customers: Option<u64>,
}

/// The rules that were chosen, and why the others were not.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// In the order that they came in.
    pub selected: Vec<Selected>,
    /// How many are not surely above `min_odds_ratio` among baskets that are alike in what else
    /// they hold.
    pub not_beyond_size: usize,
    /// How many are made of the same items as a better one.
    pub other_direction: usize,
    /// How many explain too few baskets that better ones do not.
    pub covered: usize,
}

impl SelectionValidParams {
    /// Chooses among rules, which come best first, in three steps that count what they drop:
    ///
    /// 1. A rule has to be surely better than chance *in baskets that are alike* (and of one group):
    ///    its odds ratio significantly above `min_odds_ratio` by [`adjust`](super::adjust), with
    ///    all candidates of the rules as the number of tests.
    /// 2. A rule of the same items as a chosen one says the same in another direction.
    /// 3. A rule has to explain baskets that the chosen rules before it with the same consequent
    ///    do not: a greedy cover, which keeps the best rules and leaves out their variations.
    ///
    /// Steps 2 and 3 are one walk through the rules, so that a direction is given up only for
    /// one that is shown. `baskets` are those that the rules were mined from and that `strata`
    /// were made of. The result is the same on any number of threads.
    ///
    /// # Panics
    /// If `strata` are of other baskets (their number differs).
    pub fn fit(&self, rules: &Rules, baskets: &Baskets, strata: &Strata) -> Selection {
        self.select(rules, baskets, strata, None, None)
    }

    /// As [`fit`](Self::fit), and counts the customers of each rule that is chosen; `customers` is
    /// that of each basket, any number for each.
    ///
    /// # Panics
    /// If there is not one customer for each basket, or `strata` are of other baskets.
    pub fn fit_with_customers(
        &self,
        rules: &Rules,
        baskets: &Baskets,
        strata: &Strata,
        customers: &[u32],
    ) -> Selection {
        assert_eq!(
            customers.len(),
            baskets.n_baskets(),
            "the customers are of other baskets"
        );
        self.select(rules, baskets, strata, Some(customers), None)
    }

    /// As [`fit_with_customers`](Self::fit_with_customers), of rules that were counted among the baskets
    /// in which their items were on sale ([`fit_on_sale`](super::RuleValidParams::fit_on_sale)): they are
    /// held against chance there, too.
    ///
    /// # Panics
    /// As there; also if `on_sale` is of other baskets.
    pub fn fit_on_sale(
        &self,
        rules: &Rules,
        baskets: &Baskets,
        strata: &Strata,
        customers: &[u32],
        on_sale: &OnSale<'_>,
    ) -> Selection {
        on_sale.must_be_of(baskets);
        assert_eq!(
            customers.len(),
            baskets.n_baskets(),
            "the customers are of other baskets"
        );
        self.select(rules, baskets, strata, Some(customers), Some(on_sale))
    }

    fn select(
        &self,
        rules: &Rules,
        baskets: &Baskets,
        strata: &Strata,
        customers: Option<&[u32]>,
        on_sale: Option<&OnSale<'_>>,
    ) -> Selection {
        let all = rules.as_slice();
        let index = ItemIndex::in_strata(all, baskets, strata);
        let n_tests = rules.n_candidates();
        let adjusted = adjust_by(all, &index, strata, self.min_odds_ratio, n_tests, on_sale);
        let beyond: Vec<usize> = (0..all.len())
            .filter(|&i| adjusted[i].q_value <= self.max_q_value)
            .collect();
        let mut selection = Selection {
            selected: Vec::new(),
            not_beyond_size: all.len() - beyond.len(),
            other_direction: 0,
            covered: 0,
        };
        let mut shown: HashSet<Vec<u32>> = HashSet::new();
        // For each consequent the baskets that are explained, ascending.
        let mut explained: HashMap<&[u32], Vec<u32>> = HashMap::new();
        // Baskets are looked up by all threads, some rules ahead of the walk.
        for ahead in beyond.chunks(256) {
            let hits: Vec<Vec<u32>> = ahead
                .par_iter()
                .map(|&i| index.hits_of(&index.slots_of(&items_of(&all[i]))))
                .collect();
            for (&i, hits) in ahead.iter().zip(hits) {
                let items = items_of(&all[i]);
                if !self.both_directions && shown.contains(&items) {
                    selection.other_direction += 1;
                    continue;
                }
                let before = explained.entry(&all[i].consequent).or_default();
                let new = without(&hits, before);
                if (new.len() as f64) < self.min_new_share * hits.len() as f64 {
                    selection.covered += 1;
                    continue;
                }
                selection.selected.push(Selected {
                    rule: all[i].clone(),
                    adjusted: adjusted[i],
                    new_count: new.len() as u64,
                    customers: customers.map(|of| {
                        let of_basket = |hit: &u32| of[strata.order[*hit as usize] as usize];
                        let different: HashSet<u32> = hits.iter().map(of_basket).collect();
                        different.len() as u64
                    }),
                });
                before.extend(new);
                before.sort_unstable();
                shown.insert(items);
            }
        }
        selection
    }
}

/// The items of both sides, ascending.
fn items_of(rule: &Rule) -> Vec<u32> {
    let mut items = [&rule.antecedent[..], &rule.consequent].concat();
    items.sort_unstable();
    items
}

/// What is in the first list and not in the second; both ascend.
fn without(list: &[u32], other: &[u32]) -> Vec<u32> {
    let mut rest = other.iter().copied().peekable();
    list.iter()
        .copied()
        .filter(|&entry| {
            while rest.next_if(|&other| other < entry).is_some() {}
            rest.peek() != Some(&entry)
        })
        .collect()
}
