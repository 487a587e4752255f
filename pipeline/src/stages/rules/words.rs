//! Items and rules as a person would say them.

use regulars_models::associations::{Measures, Rule};

use crate::purchases::Items;
use crate::text::{count, percent};

/// What stands between two items of a set.
pub const AND: &str = " + ";

impl Items {
    /// The names of items, joined.
    pub fn names_of(&self, codes: &[u32]) -> String {
        joined(codes, &self.names)
    }

    /// The names of items as a sentence has them, joined.
    pub fn spoken_of(&self, codes: &[u32]) -> String {
        joined(codes, &self.spoken)
    }

    /// The ids of items, joined.
    pub fn ids_of(&self, codes: &[u32]) -> String {
        joined(codes, &self.ids)
    }
}

fn joined(codes: &[u32], texts: &[String]) -> String {
    let texts: Vec<&str> = codes
        .iter()
        .map(|&code| texts[code as usize].as_str())
        .collect();
    texts.join(AND)
}

/// What a rule says on both sides.
pub fn sides(rule: &Rule, items: &Items) -> [String; 2] {
    [&rule.antecedent, &rule.consequent].map(|side| items.spoken_of(side))
}

/// A rule as a person would say it.
pub fn sentence(rule: &Rule, items: &Items) -> String {
    let Measures {
        confidence,
        lift,
        antecedent_count,
        ..
    } = rule.measures;
    format!(
        "of {} baskets with {}, {} also had {}: {lift:.1} times chance",
        count(antecedent_count),
        items.spoken_of(&rule.antecedent),
        percent(confidence),
        items.spoken_of(&rule.consequent),
    )
}
