//! What is bought together: frequent itemsets and association rules.
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
