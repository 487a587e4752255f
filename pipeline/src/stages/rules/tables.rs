//! What was found as tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use regulars_models::associations::{Adjusted, Itemsets, Later, Measures, Rule};

use super::mine::Mined;
use super::words::sentence;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};
use crate::purchases::Items;

/// A column of counts.
pub fn whole(values: impl IntoIterator<Item = u64>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<UInt64Array>())
}

/// A column of yes and no.
pub fn flags(values: impl IntoIterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<BooleanArray>())
}

/// What every table of itemsets begins with: each set's items and the number of its baskets.
pub fn sets<'a>(
    sets: impl Iterator<Item = (&'a [u32], u32)> + Clone,
    items: &Items,
) -> TableBuilder {
    TableBuilder::new()
        .column(
            "items",
            "The items, in alphabetical order",
            text(sets.clone().map(|(set, _)| items.names_of(set))),
        )
        .column(
            "item_ids",
            "Their ids, in the same order",
            text(sets.clone().map(|(set, _)| items.ids_of(set))),
        )
        .column(
            "length",
            "How many items",
            whole(sets.clone().map(|(set, _)| set.len() as u64)),
        )
        .column(
            "count",
            "Baskets with all of them",
            whole(sets.map(|(_, count)| count.into())),
        )
}

/// The frequent itemsets.
pub fn itemset_table(itemsets: &Itemsets, items: &Items) -> Result<RecordBatch> {
    let found: Vec<_> = itemsets.iter().collect();
    let baskets = f64::from(itemsets.n_baskets());
    sets(found.iter().map(|set| (set.items, set.count)), items)
        .column(
            "support",
            "Share of the baskets",
            numbers(found.iter().map(|set| f64::from(set.count) / baskets), 8),
        )
        .build()
}

/// The rules with all their measures, and the same on later baskets.
pub fn rule_table(
    found: &Mined,
    again: &[Later],
    year_before: Option<&[Measures]>,
    items: &Items,
) -> Result<RecordBatch> {
    let rules = &found.rules;
    let all = || rules.iter().map(|chosen| &chosen.rule);
    let antecedent = |texts: fn(&Items, &[u32]) -> String| {
        text(all().map(|rule| texts(items, &rule.antecedent)))
    };
    let consequent = |texts: fn(&Items, &[u32]) -> String| {
        text(all().map(|rule| texts(items, &rule.consequent)))
    };
    let number = |of: fn(&Measures) -> f64| numbers(all().map(|rule| of(&rule.measures)), 6);
    let counted = |of: fn(&Measures) -> u64| whole(all().map(|rule| of(&rule.measures)));
    let exact = |of: fn(&Rule) -> f64| exact_numbers(all().map(of));
    let sized =
        |of: fn(&Adjusted) -> f64| numbers(rules.iter().map(|chosen| of(&chosen.adjusted)), 6);
    let table = TableBuilder::new()
        .column("antecedent", "Who buys this", antecedent(Items::names_of))
        .column("consequent", "also buys this", consequent(Items::names_of))
        .column("in_words", "The rule as a sentence", text(all().map(|rule| sentence(rule, items))))
        .column("antecedent_ids", "Ids of the antecedent's items, in the same order", antecedent(Items::ids_of))
        .column("consequent_ids", "Ids of the consequent's items, in the same order", consequent(Items::ids_of))
        .column("support", "Share of all baskets with both", numbers(all().map(|rule| rule.measures.count as f64 / f64::from(found.itemsets.n_baskets())), 6))
        .column("confidence", "Share of baskets with the antecedent that have the consequent", number(|m| m.confidence))
        .column("lift", "How many times more often together than by chance", number(|m| m.lift))
        .column("size_lift", "The same among baskets that are alike in what else they hold", sized(|a| a.lift))
        .column("odds_ratio", "How many times higher the odds of the consequent are with the antecedent, among baskets that are alike in what else they hold", sized(|a| a.odds_ratio))
        .column("leverage", "Share of baskets with both beyond chance", number(|m| m.leverage))
        .column("conviction", "How many times more often the rule would fail by chance", number(|m| m.conviction))
        .column("zhang", "Zhang's measure: -1 never together, 0 independent, 1 always together", number(|m| m.zhang))
        .column("certainty", "Part of the doubt about the consequent that the antecedent takes away", number(|m| m.certainty))
        .column("kulczynski", "Mean confidence of both directions", number(|m| m.kulczynski))
        .column("imbalance_ratio", "0 when both sides are equally frequent", number(|m| m.imbalance_ratio))
        .column("cosine", "Cosine of both sides", number(|m| m.cosine))
        .column("jaccard", "Baskets with both over baskets with either", number(|m| m.jaccard))
        .column("all_confidence", "Lower confidence of both directions", number(|m| m.all_confidence))
        .column("max_confidence", "Higher confidence of both directions", number(|m| m.max_confidence))
        .column("chi_squared", "Pearson's chi-squared, 1 degree of freedom", number(|m| m.chi_squared))
        .column("p_value", "Chance of this much or more without any association", exact(|rule| rule.measures.p_value))
        .column("q_value", "The p-value corrected for all rules tested (Benjamini-Hochberg); with redundancy = \"significant\" it stands for being better than every shorter rule too", exact(|rule| rule.q_value))
        .column("size_q_value", "The corrected p-value of odds above min_odds_ratio among baskets that are alike in what else they hold", exact_numbers(rules.iter().map(|chosen| chosen.adjusted.q_value)))
        .column("improvement", "Confidence beyond that of the best shorter rule", numbers(all().map(|rule| rule.improvement), 6))
        .column("count", "Baskets with both", counted(|m| m.count))
        .column("new_count", "Of them, those that no rule above with the same consequent explains", whole(rules.iter().map(|chosen| chosen.new_count)))
        .column("customers", "Different customers with such a basket", whole(found.customers()))
        .column("antecedent_count", "Baskets with the antecedent, of on_sale_baskets", counted(|m| m.antecedent_count))
        .column("consequent_count", "Baskets with the consequent, of on_sale_baskets", counted(|m| m.consequent_count))
        .column("on_sale_baskets", "Baskets of the days and locations at which all its items were on sale, among which everything but support is counted; all baskets where those are at least 95 %", counted(|m| m.n_baskets))
        .column("baskets", "Baskets in all", whole(all().map(|_| found.itemsets.n_baskets().into())));
    later_columns(table, again, year_before).build()
}

/// The same measures on later baskets, and whether the rules held up there.
fn later_columns(
    table: TableBuilder,
    again: &[Later],
    year_before: Option<&[Measures]>,
) -> TableBuilder {
    let before = (0..again.len()).map(|i| year_before.map_or(f64::NAN, |all| all[i].confidence));
    let later = |of: fn(&Later) -> f64| numbers(again.iter().map(of), 6);
    table
        .column("later_count", "Later baskets with both", whole(again.iter().map(|later| later.measures.count)))
        .column("later_on_sale_baskets", "Later baskets of the days and locations at which all its items were on sale, among which the rule is measured again", whole(again.iter().map(|later| later.measures.n_baskets)))
        .column("later_support", "Support on the later baskets", later(|l| l.measures.support))
        .column("later_confidence", "Confidence on the later baskets", later(|l| l.measures.confidence))
        .column("later_confidence_low", "Lower end of its 95 % interval (Wilson)", later(|l| l.confidence_interval[0]))
        .column("later_confidence_high", "Upper end", later(|l| l.confidence_interval[1]))
        .column("later_lift", "Lift on the later baskets", later(|l| l.measures.lift))
        .column("later_lift_low", "Lower end of its 95 % interval", later(|l| l.lift_interval[0]))
        .column("later_lift_high", "Upper end", later(|l| l.lift_interval[1]))
        .column(
            "later_odds_ratio",
            "As odds_ratio, on the later baskets",
            later(|l| l.adjusted.odds_ratio),
        )
        .column(
            "later_q_value",
            "Chance of odds so high or higher among later baskets that are alike in what else they hold without any association, corrected for the rules shown",
            exact_numbers(again.iter().map(|later| later.adjusted.q_value)),
        )
        .column("year_before_confidence", "Confidence in the same weeks of the year before, which is what the later one is held against where there is one; empty without such weeks", numbers(before, 6))
        .column(
            "held_up",
            "Whether both sides were again together more often than chance among later baskets that are alike in what else they hold, and more often than with one item less: later_q_value up to 0.05; false where such a rule would have been noticed, empty where there is too little to tell",
            flags(again.iter().map(|later| later.held_up)),
        )
}
