//! From baskets to few rules: mining, tests, and what takes the rest away.

use std::collections::HashSet;

use regulars_models::ParamGuard;
use regulars_models::associations::{
    Baskets, Estimate, ItemsetError, ItemsetParams, Itemsets, MinSupport, OnLimit, Redundancy,
    Rule, RuleParams, RuleValidParams, Rules, Selected, SelectionParams, SelectionValidParams,
    SideItems, Strata, Taxonomy,
};
use serde::{Deserialize, Serialize};

use super::NAME;
use super::choice::Part;
use super::sold::Sold;
use crate::config::{Settings, rules};
use crate::failure::{Failure, Result};
use crate::purchases::{Items, Purchases, find_items};
use crate::words::said;

/// A rule has to say so many times more than the rule of broader items above it predicts.
const INTEREST: f64 = 1.1;

/// How candidates became few rules: how many each step took away, in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// Rules tested.
    pub candidates: u64,
    /// Confidence too low.
    pub low_confidence: u64,
    /// Lift too low.
    pub low_lift: u64,
    /// No better than a shorter rule.
    pub no_better_than_shorter: u64,
    /// They may be chance.
    pub chance: u64,
    /// More than chance, but not significantly better than a shorter rule.
    pub not_significantly_better: u64,
    /// What is explained by how much else baskets hold.
    pub basket_size: u64,
    /// The same items in another direction.
    pub other_direction: u64,
    /// Variations of better rules with the same consequent.
    pub covered: u64,
    /// What a rule of broader items predicts.
    pub predicted_by_broader: u64,
    /// Too few customers bear it out.
    pub few_customers: u64,
}

impl Funnel {
    /// At which steps candidates fell, in words, the steps in their order; nothing where none did.
    pub fn steps(&self) -> Vec<(u64, &'static str)> {
        let steps = [
            (
                self.low_confidence,
                mark!("have too low a confidence (min_confidence)"),
            ),
            (self.low_lift, mark!("have too low a lift (min_lift)")),
            (
                self.no_better_than_shorter,
                mark!("are no better than a shorter rule (redundancy)"),
            ),
            (self.chance, mark!("may be chance (max_false_share)")),
            (
                self.not_significantly_better,
                mark!("are not surely better than a shorter rule (redundancy)"),
            ),
            (
                self.basket_size,
                mark!("are explained by how much else baskets hold (min_odds_ratio)"),
            ),
            (
                self.other_direction,
                mark!("are of the same items in another direction (both_directions)"),
            ),
            (
                self.covered,
                mark!("are variations of better rules (min_new_share)"),
            ),
            (
                self.predicted_by_broader,
                mark!("are what a rule of broader items says (generalise)"),
            ),
            (
                self.few_customers,
                mark!("are borne out by too few customers (min_customers)"),
            ),
        ];
        let fell = steps.into_iter().filter(|(fell, _)| *fell > 0);
        fell.map(|(fell, why)| (fell, said(why))).collect()
    }
}

/// What was found in some baskets.
pub struct Mined {
    /// The frequent itemsets.
    pub itemsets: Itemsets,
    /// The rules, best first.
    pub rules: Vec<Selected>,
    /// How many there were on the way.
    pub funnel: Funnel,
}

impl Mined {
    /// For each rule how many different customers have a basket with both sides.
    pub fn customers(&self) -> impl Iterator<Item = u64> {
        self.rules.iter().map(|rule| rule.customers.unwrap_or(0))
    }

    /// How many rules are counted among fewer baskets than there are, for their items were not always or
    /// not everywhere on sale.
    pub fn of_part(&self) -> u64 {
        let all = u64::from(self.itemsets.n_baskets());
        let of_part = |chosen: &&Selected| chosen.rule.measures.n_baskets < all;
        self.rules.iter().filter(of_part).count() as u64
    }

    /// The rules without what else is known of them.
    pub fn plain(&self) -> Vec<Rule> {
        self.rules
            .iter()
            .map(|chosen| chosen.rule.clone())
            .collect()
    }
}

/// The settings, ready to mine any part of the baskets with.
pub struct Miner<'a> {
    settings: &'a Settings,
    taxonomy: Option<Taxonomy>,
    params: RuleValidParams,
    require: Vec<u32>,
    target: Vec<u32>,
    /// For each of the purchases' baskets its customer.
    pub customers: &'a [u32],
    purchases: &'a Purchases,
    /// When and where each item was on sale on the days that are mined.
    pub sold: &'a Sold,
}

impl<'a> Miner<'a> {
    /// Looks up the items that the settings name; `customers` are those of the purchases' baskets.
    ///
    /// # Errors
    /// A name that no item has.
    pub fn new(
        settings: &'a Settings,
        purchases: &'a Purchases,
        customers: &'a [u32],
        sold: &'a Sold,
    ) -> Result<Self> {
        let items = &purchases.items;
        let asked = &settings.config.rules;
        let mut params = RuleParams::new()
            .min_confidence(asked.min_confidence)
            .min_lift(asked.min_lift)
            .max_q_value(asked.max_false_share)
            .redundancy(match asked.redundancy {
                rules::Redundancy::Significant => Redundancy::Significance,
                rules::Redundancy::Improvement => Redundancy::Improvement,
                rules::Redundancy::None => Redundancy::Keep,
            });
        let target = find_items(items, settings, NAME, "target", &asked.target)?;
        let require = find_items(items, settings, NAME, "require", &asked.require)?;
        params = params.antecedent(SideItems::with(require.clone()));
        if !target.is_empty() {
            params = params.consequent(SideItems::only(target.clone()));
        }
        Ok(Self {
            settings,
            taxonomy: taxonomy(items)?,
            params: params
                .check()
                .map_err(|error| settings.wrong(&[NAME, "require"], error))?,
            require,
            target,
            customers,
            purchases,
            sold,
        })
    }

    fn asked(&self) -> &rules::Rules {
        &self.settings.config.rules
    }

    /// The baskets with the broader levels of their items, where the settings ask for them.
    pub fn generalised(&self, part: Part) -> Result<Part> {
        let Some(taxonomy) = &self.taxonomy else {
            return Ok(part);
        };
        Ok(Part {
            baskets: taxonomy
                .extend(&part.baskets)
                .map_err(|error| Failure::data(error.to_string()))?,
            numbers: part.numbers,
        })
    }

    fn itemset_params(&self, support: MinSupport) -> ItemsetParams {
        let asked = self.asked();
        ItemsetParams::new(support)
            .max_len(asked.max_length)
            .max_itemsets(asked.max_itemsets)
            .on_limit(OnLimit::RaiseSupport)
            .required(self.require.iter().copied())
            .targets(self.target.iter().copied())
    }

    /// The itemsets that are frequent enough, and in at least so many baskets.
    fn itemsets(&self, baskets: &Baskets, least: usize) -> Result<Itemsets> {
        let share = self.asked().min_support;
        let support = match least {
            least if share * baskets.n_baskets() as f64 >= least as f64 => MinSupport::Share(share),
            least => MinSupport::Count(u32::try_from(least).unwrap_or(u32::MAX)),
        };
        let itemsets = self
            .itemset_params(support)
            .check()
            .and_then(|params| params.fit(baskets))
            .map_err(|error| wrong_support(&error))?;
        Ok(match &self.taxonomy {
            Some(taxonomy) => taxonomy.prune(&itemsets),
            None => itemsets,
        })
    }

    /// What a support would ask for.
    pub fn estimate(&self, baskets: &Baskets, support: f64, seed: u64) -> Result<Estimate> {
        self.itemset_params(MinSupport::Share(support))
            .check()
            .and_then(|params| params.estimate(baskets, seed))
            .map_err(|error| wrong_support(&error))
    }

    /// Mines baskets, and chooses among what is true what is worth a person's time.
    pub fn mine(&self, part: &Part) -> Result<Mined> {
        self.mine_in(part, 1)
    }

    /// As [`mine`](Self::mine), for a group that may be small: so many customers as a rule needs
    /// have so many baskets, and what fewer hold need not be looked at.
    pub fn mine_group(&self, part: &Part) -> Result<Mined> {
        self.mine_in(part, self.asked().min_customers.max(1))
    }

    /// What is chosen among the rules that are true.
    fn selection(&self) -> Result<SelectionValidParams> {
        let asked = self.asked();
        SelectionParams::new()
            .min_odds_ratio(asked.min_odds_ratio)
            .min_new_share(asked.min_new_share)
            .both_directions(asked.both_directions)
            .max_q_value(asked.max_false_share)
            .check()
            .map_err(|error| Failure::settings(error.to_string()))
    }

    fn mine_in(&self, part: &Part, least: usize) -> Result<Mined> {
        let asked = self.asked();
        let baskets = &part.baskets;
        let itemsets = self.itemsets(baskets, least)?;
        let sold = self.sold.of(part, self.purchases);
        let fitted = (self.params).fit_on_sale(&itemsets, baskets, &sold.on_sale());
        let customers = part.customers(self.customers);
        let strata = Strata::by_size(baskets);
        let selection =
            (self.selection()?).fit_on_sale(&fitted, baskets, &strata, &customers, &sold.on_sale());
        let dropped = fitted.dropped();
        let mut funnel = Funnel {
            candidates: fitted.n_candidates() as u64,
            low_confidence: dropped.confidence as u64,
            low_lift: dropped.lift as u64,
            no_better_than_shorter: dropped.no_better as u64,
            chance: dropped.chance as u64,
            not_significantly_better: dropped.not_significantly_better as u64,
            basket_size: selection.not_beyond_size as u64,
            other_direction: selection.other_direction as u64,
            covered: selection.covered as u64,
            predicted_by_broader: 0,
            few_customers: 0,
        };
        let mut rules = selection.selected;
        if let Some(taxonomy) = &self.taxonomy {
            let before = rules.len();
            keep_beyond_broader(&mut rules, taxonomy, &fitted, &itemsets)?;
            funnel.predicted_by_broader = (before - rules.len()) as u64;
        }
        let before = rules.len();
        let enough = |customers: u64| customers >= asked.min_customers as u64;
        rules.retain(|chosen| chosen.customers.is_some_and(enough));
        funnel.few_customers = (before - rules.len()) as u64;
        Ok(Mined {
            itemsets,
            rules,
            funnel,
        })
    }

    /// The two items that are together most often, and in how many baskets; none where no basket
    /// holds two items that a rule may hold.
    pub fn best_pair(&self, baskets: &Baskets) -> Result<Option<(Vec<u32>, u32)>> {
        let mut first = 1;
        loop {
            let list = self
                .itemset_params(MinSupport::Count(1))
                .min_len(2)
                .max_len(2)
                .check()
                .and_then(|params| params.top_k(baskets, first))
                .map_err(|error| wrong_support(&error))?;
            let mixes = |items: &[u32]| {
                self.taxonomy
                    .as_ref()
                    .is_some_and(|levels| levels.mixes(items))
            };
            let best = list.iter().find(|set| !mixes(set.items));
            if let Some(best) = best {
                return Ok(Some((best.items.to_vec(), best.count)));
            }
            // An item and its own category are the most frequent pairs of all.
            if list.len() < first {
                return Ok(None);
            }
            first *= 16;
        }
    }

    /// The first rules by lift, as many as were found: what they would be without any of this.
    pub fn by_lift(&self, mined: &Mined) -> Vec<Rule> {
        self.params.top_by_lift(&mined.itemsets, mined.rules.len())
    }
}

/// Takes out what a rule of broader items says already.
fn keep_beyond_broader(
    chosen: &mut Vec<Selected>,
    taxonomy: &Taxonomy,
    fitted: &Rules,
    itemsets: &Itemsets,
) -> Result<()> {
    let interest = taxonomy
        .interest(fitted.as_slice(), itemsets, INTEREST)
        .map_err(|error| Failure::machine(error.to_string()))?;
    fn sides(rule: &Rule) -> (&[u32], &[u32]) {
        (&rule.antecedent, &rule.consequent)
    }
    let interesting: HashSet<_> = (fitted.as_slice().iter().zip(interest))
        .filter(|(_, interest)| interest.interesting)
        .map(|(rule, _)| sides(rule))
        .collect();
    chosen.retain(|chosen| interesting.contains(&sides(&chosen.rule)));
    Ok(())
}

fn wrong_support(error: &ItemsetError) -> Failure {
    Failure::data(error.to_string()).hint("raise min_support or lower max_length under [rules]")
}

/// Which items lie above which.
fn taxonomy(items: &Items) -> Result<Option<Taxonomy>> {
    if items.at_level == items.len() {
        return Ok(None);
    }
    let pairs: Vec<(u32, u32)> = items
        .parents
        .iter()
        .enumerate()
        .filter_map(|(item, parent)| Some((item as u32, (*parent)?)))
        .collect();
    Taxonomy::new(items.len(), &[&pairs])
        .map(Some)
        .map_err(|error| Failure::machine(error.to_string()))
}
