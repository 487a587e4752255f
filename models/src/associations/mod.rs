//! What is bought together: frequent itemsets and association rules.
//!
//! [`Baskets`] go in; [`ItemsetParams`] finds the [`Itemsets`] that enough of them hold;
//! [`RuleParams`] turns those into [`Rules`] with their [`Measures`], best first;
//! [`SelectionParams`] takes the few that say more than that large baskets hold more of
//! everything; [`measure_later`] says whether those held up on baskets of later weeks.
//! [`Taxonomy`] rolls products up, so that rules mix levels; [`contrast`] finds the rules that
//! are stronger in one group of baskets than in the rest.
//!
//! The same parameters [list](ItemsetValidParams::list) closed and maximal itemsets, find the
//! [top ones](ItemsetValidParams::top_k), [stream](ItemsetValidParams::stream) or
//! [count](ItemsetValidParams::spectrum) them without keeping any, and
//! [estimate](ItemsetValidParams::estimate) beforehand what a support will take. [`ItemIds`] codes
//! items that are known by large numbers.
//!
//! ```
//! use linfa::ParamGuard;
//! use regulars_models::associations::{
//!     Baskets, ItemsetParams, MinSupport, RuleParams, held_up_share, measure_later,
//!     remeasure,
//! };
//!
//! // Dips 0, chips 1, soap 2: six baskets with dips and chips, and some with neither.
//! let mut basket = Vec::new();
//! let mut item = Vec::new();
//! for b in 0..24 {
//!     for code in if b < 6 { vec![0, 1] } else { vec![2] } {
//!         basket.push(b);
//!         item.push(code);
//!     }
//! }
//! let baskets = Baskets::from_pairs(&basket, &item, 24, 3)?;
//! let itemsets = ItemsetParams::new(MinSupport::Share(0.1)).check()?.fit(&baskets)?;
//! assert_eq!(itemsets.count_of(&[0, 1]), Some(6));
//!
//! let rules = RuleParams::new().min_confidence(0.5).check()?.fit(&itemsets);
//! let best = &rules.as_slice()[0];
//! assert_eq!((&best.antecedent[..], &best.consequent[..]), (&[0][..], &[1][..]));
//! assert_eq!(best.measures.lift, 4.0);
//!
//! let later = Baskets::from_pairs(&[0, 1], &[0, 0], 3, 3)?;
//! assert_eq!(remeasure(rules.as_slice(), &later)[0].confidence, 0.0);
//! let again = measure_later(rules.as_slice(), &later, 0.05);
//! assert_eq!(held_up_share(&again), Some(0.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From all rules to few
//!
//! A history of 899,532 generated baskets over 435 types of product, in which eight pairs are
//! planted, has 14,218 rules of up to three items in at least 0.5 % of baskets. All but a few
//! hundred are significant and better than every shorter rule, because customers have tastes and
//! baskets are of many sizes:
//!
//! | step | rules left |
//! |---|---|
//! | confidence 0.1, lift 1.2, better than every shorter rule | 11,812 |
//! | significantly better than every shorter rule ([`Redundancy::Significance`]) | 11,718 |
//! | together more often than chance in baskets that are alike ([`adjust`]) | 807 |
//! | there the odds are surely more than 1.5 times those of chance | 18 |
//! | one direction of each pair ([`SelectionParams`]) | 9 |
//!
//! The nine are the eight planted pairs, and two types that customers buy again and again on
//! the same days.
//!
//! On the last two months of each history, by the definition of [`Later::held_up`], with the
//! same number of rules by lift alone from the same itemsets of up to three items:
//!
//! | history, items, minimum support | rules shown | held up | by lift alone |
//! |---|---|---|---|
//! | generated, 435 types, 0.5 % | 9 | 100 % | 22 % |
//! | The Complete Journey, 302 categories, 1 % | 137 | 92 % | 42 % |
//! | The Complete Journey, 2,242 types, 0.3 % | 332 | 92 % | 68 % |
//! | The Complete Journey, 2,242 types, 0.05 % | 2,275 | 62 % | 16 % |
//!
//! These figures are of baskets that were compared by their whole size. Since they are compared by
//! what else they hold, pairs of small baskets are found that were lost, and elsewhere little is
//! different: of 114 rules of the sample that `regulars demo` carries 113 are the same, four are new.
//!
//! Without regard to the size of baskets next to all rules of either kind are more than chance
//! again (98 to 100 %): that is what makes rules by lift look better than they are.
//!
//! Useful for baskets of any width and history that fits into memory (12 bytes a line and 4 a
//! basket beside them while mining). Not useful for what is rare: a pair below the minimum support is not seen, so
//! itemsets cannot tell which items replace each other. [`PairParams`] can: it compares how often
//! two items are together with how often they should be, and finds substitutes and complements.
//! [`UtilityParams`] finds itemsets by what they bring in instead of how often they are bought.

mod adjusted;
mod baskets;
mod candidates;
mod comparison;
mod contrast;
mod index;
mod intervals;
mod item_ids;
mod itemset_list;
mod itemset_params;
mod itemsets;
mod later;
mod measures;
mod miner;
mod on_sale;
mod pair_significance;
mod pairs;
mod remeasure;
mod rule;
mod rule_params;
mod rules;
mod same_customers;
mod selection;
mod sides;
mod significance;
mod size_strata;
mod strata;
mod substitutes;
mod taxonomy;
mod utility;
mod within;

pub use adjusted::{Adjusted, adjust};
pub use baskets::{Baskets, BasketsError};
pub use comparison::Comparison;
pub use contrast::{Contrast, Shopped, contrast};
pub use intervals::{lift_interval, wilson_interval};
pub use item_ids::ItemIds;
pub use itemset_list::ItemsetList;
pub use itemset_params::{
    ItemsetError, ItemsetParams, ItemsetValidParams, Kind, MinSupport, OnLimit,
};
pub use itemsets::{Itemset, Itemsets};
pub(crate) use later::Answer;
pub use later::{
    Later, held_up_share, measure_later, measure_later_in, measure_later_on_sale, remeasure_on_sale,
};
pub use measures::Measures;
pub use miner::{Estimate, Visitor};
pub(crate) use on_sale::{Axes, Common, Grid};
pub use on_sale::{OnSale, Places};
pub use pair_significance::fisher_lower_tail;
pub use pairs::PairError;
pub use remeasure::remeasure;
pub use rule::Rule;
pub use rule_params::{Redundancy, RuleError, RuleParams, RuleValidParams};
pub use rules::{Dropped, Rules};
pub use same_customers::SameCustomers;
pub use selection::{Selected, Selection, SelectionError, SelectionParams, SelectionValidParams};
pub use sides::SideItems;
pub use significance::{benjamini_hochberg, fisher_upper_tail, p_value};
pub use strata::{Strata, StrataError};
pub use substitutes::{Pair, PairParams, PairValidParams, Pairs};
pub use taxonomy::{Interest, Taxonomy, TaxonomyError};
pub use utility::{
    MinUtility, UtilityBaskets, UtilityBasketsError, UtilityError, UtilityItemset, UtilityItemsets,
    UtilityParams, UtilityValidParams,
};

#[cfg(test)]
mod tests;
