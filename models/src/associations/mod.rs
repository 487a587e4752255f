//! What is bought together: frequent itemsets and association rules.
//!
//! [`Baskets`] go in; [`ItemsetParams`] finds the [`Itemsets`] that enough of them hold;
//! [`RuleParams`] turns those into [`Rules`] with their [`Measures`], best first; [`remeasure`]
//! says what the rules are worth on baskets of later weeks.
//!
//! ```
//! use linfa::ParamGuard;
//! use regulars_models::associations::{
//!     Baskets, ItemsetParams, MinSupport, RuleParams, remeasure,
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
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Useful for baskets of any width and history that fits into memory (12 bytes a line beside them while
//! mining). Not useful for what is rare: a pair below the minimum support is not seen, so
//! itemsets cannot tell which items replace each other.

mod baskets;
mod candidates;
mod fp_growth;
mod itemset_params;
mod itemsets;
mod measures;
mod remeasure;
mod rule_params;
mod rules;
mod significance;

pub use baskets::{Baskets, BasketsError};
pub use itemset_params::{ItemsetError, ItemsetParams, ItemsetValidParams, MinSupport};
pub use itemsets::{Itemset, Itemsets};
pub use measures::Measures;
pub use remeasure::remeasure;
pub use rule_params::{RuleError, RuleParams, RuleValidParams};
pub use rules::{Rule, Rules};
pub use significance::{benjamini_hochberg, fisher_upper_tail, p_value};

#[cfg(test)]
mod tests;
