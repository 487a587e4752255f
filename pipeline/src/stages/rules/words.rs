//! Items and rules as a person would say them.

use regulars_models::associations::{Measures, Rule};

use crate::purchases::Items;
use crate::text::{count, percent};
use crate::words::said;

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

/// A level of the taxonomy in words: those that we know by name, and others as their column is called.
pub fn level(level: &str) -> &str {
    const KNOWN: [&str; 5] = [
        mark!("product"),
        mark!("type"),
        mark!("category"),
        mark!("department"),
        mark!("brand"),
    ];
    match KNOWN.contains(&level) {
        true => said(level),
        false => level,
    }
}

/// A rule as a person would say it.
pub fn sentence(rule: &Rule, items: &Items) -> String {
    let Measures {
        confidence,
        lift,
        antecedent_count,
        ..
    } = rule.measures;
    tr!(
        "of {baskets} baskets with {first}, {share} also had {then}: {lift} times chance",
        baskets = count(antecedent_count),
        first = items.spoken_of(&rule.antecedent),
        share = percent(confidence),
        then = items.spoken_of(&rule.consequent),
        lift = format!("{lift:.1}")
    )
}
