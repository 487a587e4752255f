//! `rules`: what is bought together more often than chance, and whether it held up later.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use chrono::{Days, NaiveDate};
use regulars_models::ParamGuard;
use regulars_models::associations::{
    Baskets, ItemsetParams, Itemsets, Measures, MinSupport, Rule, RuleParams, benjamini_hochberg,
    remeasure,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{Context, Report};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::purchases::{Purchases, day_number};
use crate::table::{TableBuilder, exact_numbers, numbers, text};
use crate::text::{calm, count, percent, plural};

/// The stage's one name.
pub const NAME: &str = "rules";

/// Rules in the summary and the manifest.
const STRONGEST: usize = 5;
/// Later p-values, corrected for the number of kept rules, below which a rule held up.
const HELD_UP: f64 = 0.05;

/// What was mined.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The level of the taxonomy.
    pub level: String,
    /// First day of the mining period.
    pub mined_from: NaiveDate,
    /// The day after its last.
    pub mined_until: NaiveDate,
    /// Baskets mined.
    pub baskets: u64,
    /// Baskets of the later days, on which rules were measured again.
    pub later_baskets: u64,
    /// Different items.
    pub items: u64,
    /// Frequent itemsets.
    pub itemsets: u64,
    /// Rules tested.
    pub candidates: u64,
    /// Rules kept.
    pub rules: u64,
    /// Share of the kept rules that were still more frequent than chance later; null without later baskets.
    pub held_up_share: Option<f64>,
    /// The first rules of the file, in words.
    pub strongest: Vec<String>,
}

/// Mines the baskets up to the last weeks, and measures every kept rule again on those.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = &context.settings.config.rules;
    let warehouse = context.warehouse()?;
    if !warehouse.has_column("interactions", "product_id") {
        return Err(Failure::data(
            "the interactions name no products, so there are no baskets to mine",
        )
        .hint(
            "map product_id of the interactions to a column of the source, and run ingest again",
        ));
    }
    let level = warehouse.level(context.settings, NAME, settings.level.as_deref())?;
    context
        .progress
        .step(&format!("collecting baskets by {level}"));
    let purchases = context.purchases(NAME, &level, &settings.exclude)?;

    let split = warehouse
        .end
        .checked_sub_days(Days::new(settings.later_days.into()))
        .filter(|split| *split > warehouse.first_day)
        .ok_or_else(|| {
            Failure::data(format!(
                "the history is no longer than the {} days kept for measuring rules again",
                settings.later_days
            ))
            .hint("set a smaller later_days under [rules]")
        })?;
    let (mined, later) = (
        slice(&purchases, i32::MIN..day_number(split))?,
        slice(&purchases, day_number(split)..i32::MAX)?,
    );
    if mined.n_baskets() == 0 {
        return Err(Failure::data(format!("there is no basket before {split} to mine"))
            .hint("set a smaller later_days under [rules], or load products for the lines that were bought"));
    }
    context.progress.step(&format!(
        "mining {} baskets",
        count(mined.n_baskets() as u64)
    ));
    let itemsets = ItemsetParams::new(MinSupport::Share(settings.min_support))
        .max_len(settings.max_length)
        .check()
        .and_then(|params| params.fit(&mined))
        .map_err(|error| {
            Failure::data(error.to_string())
                .hint("raise min_support or lower max_length under [rules]")
        })?;
    let fitted = RuleParams::new()
        .min_confidence(settings.min_confidence)
        .min_lift(settings.min_lift)
        .max_q_value(settings.max_false_share)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))?
        .fit(&itemsets);
    let candidates = fitted.n_candidates() as u64;
    let rules = fitted.into_vec();
    let again = Again::measure(&rules, &later);

    let mut files = Pending::new(context.out, NAME);
    files.parquet(
        "itemsets.parquet",
        "Items that are bought together often",
        &itemset_table(&itemsets, &purchases.items)?,
    )?;
    let about = format!(
        "What is bought together more often than chance, by {level}, the most useful rule first"
    );
    files.parquet_and_csv(
        "rules",
        &about,
        &rule_table(&rules, &again, &purchases.items)?,
    )?;

    let strongest = rules
        .iter()
        .take(STRONGEST)
        .map(|rule| sentence(rule, &purchases.items))
        .collect();
    let metrics = Metrics {
        mined_from: warehouse.first_day,
        mined_until: split,
        baskets: mined.n_baskets() as u64,
        later_baskets: later.n_baskets() as u64,
        items: purchases.items.len() as u64,
        itemsets: itemsets.iter().count() as u64,
        candidates,
        rules: rules.len() as u64,
        held_up_share: again.share(),
        strongest,
        level,
    };
    context.progress.step(&plural(metrics.rules, "rule"));
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.rules,
        warnings: warehouse.warnings.clone(),
        ..Report::new(files, &metrics)?
    })
}

fn slice(purchases: &Purchases, days: std::ops::Range<i32>) -> Result<Baskets> {
    let (baskets, items, n_baskets) = purchases.baskets_on(days);
    Baskets::from_pairs(&baskets, &items, n_baskets, purchases.items.len())
        .map_err(|error| Failure::data(error.to_string()))
}

/// The kept rules on later baskets.
struct Again {
    measures: Vec<Measures>,
    held_up: Vec<Option<bool>>,
}

impl Again {
    fn measure(rules: &[Rule], later: &Baskets) -> Self {
        let measures = remeasure(rules, later);
        let p_values: Vec<f64> = measures.iter().map(|measures| measures.p_value).collect();
        let corrected = benjamini_hochberg(&p_values);
        let known = later.n_baskets() > 0;
        let held_up = corrected
            .iter()
            .map(|q| known.then_some(*q <= HELD_UP))
            .collect();
        Self { measures, held_up }
    }

    fn share(&self) -> Option<f64> {
        let known: Vec<bool> = self.held_up.iter().copied().flatten().collect();
        (!known.is_empty())
            .then(|| known.iter().filter(|held| **held).count() as f64 / known.len() as f64)
    }
}

fn names(codes: &[u32], items: &[String]) -> String {
    let names: Vec<&str> = codes
        .iter()
        .map(|&code| items[code as usize].as_str())
        .collect();
    names.join(" + ")
}

/// A rule as a person would say it.
fn sentence(rule: &Rule, items: &[String]) -> String {
    let Measures {
        confidence,
        lift,
        antecedent_count,
        ..
    } = rule.measures;
    format!(
        "of {} baskets with {}, {} also had {}: {lift:.1} times chance",
        count(antecedent_count),
        calm(&names(&rule.antecedent, items)),
        percent(confidence),
        calm(&names(&rule.consequent, items)),
    )
}

fn itemset_table(itemsets: &Itemsets, items: &[String]) -> Result<RecordBatch> {
    let sets: Vec<_> = itemsets.iter().collect();
    let baskets = f64::from(itemsets.n_baskets());
    TableBuilder::new()
        .column(
            "items",
            "The items, in alphabetical order",
            text(sets.iter().map(|set| names(set.items, items))),
        )
        .column(
            "length",
            "How many items",
            whole(sets.iter().map(|set| set.items.len() as u64)),
        )
        .column(
            "count",
            "Baskets with all of them",
            whole(sets.iter().map(|set| u64::from(set.count))),
        )
        .column(
            "support",
            "Share of the baskets",
            numbers(sets.iter().map(|set| f64::from(set.count) / baskets), 8),
        )
        .build()
}

fn whole(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(values.collect::<UInt64Array>())
}

fn rule_table(rules: &[Rule], again: &Again, items: &[String]) -> Result<RecordBatch> {
    let number = |of: fn(&Measures) -> f64| numbers(rules.iter().map(|rule| of(&rule.measures)), 6);
    let counted = |of: fn(&Measures) -> u64| whole(rules.iter().map(|rule| of(&rule.measures)));
    let later = |of: fn(&Measures) -> f64| numbers(again.measures.iter().map(of), 6);
    TableBuilder::new()
        .column("antecedent", "Who buys this", text(rules.iter().map(|rule| names(&rule.antecedent, items))))
        .column("consequent", "also buys this", text(rules.iter().map(|rule| names(&rule.consequent, items))))
        .column("in_words", "The rule as a sentence", text(rules.iter().map(|rule| sentence(rule, items))))
        .column("support", "Share of baskets with both", number(|m| m.support))
        .column("confidence", "Share of baskets with the antecedent that have the consequent", number(|m| m.confidence))
        .column("lift", "How many times more often together than by chance", number(|m| m.lift))
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
        .column("p_value", "Chance of this much or more without any association", exact_numbers(rules.iter().map(|rule| rule.measures.p_value)))
        .column(
            "q_value",
            "The p-value corrected for all rules tested (Benjamini-Hochberg)",
            exact_numbers(rules.iter().map(|rule| rule.q_value)),
        )
        .column(
            "improvement",
            "Confidence beyond that of the best shorter rule",
            numbers(rules.iter().map(|rule| rule.improvement), 6),
        )
        .column("count", "Baskets with both", counted(|m| m.count))
        .column("antecedent_count", "Baskets with the antecedent", counted(|m| m.antecedent_count))
        .column("consequent_count", "Baskets with the consequent", counted(|m| m.consequent_count))
        .column("baskets", "Baskets in all", counted(|m| m.n_baskets))
        .column("later_count", "Later baskets with both", whole(again.measures.iter().map(|m| m.count)))
        .column("later_support", "Support on the later baskets", later(|m| m.support))
        .column("later_confidence", "Confidence on the later baskets", later(|m| m.confidence))
        .column("later_lift", "Lift on the later baskets", later(|m| m.lift))
        .column(
            "held_up",
            "Whether it was still more frequent than chance later, corrected for the number of rules",
            Arc::new(again.held_up.iter().copied().collect::<BooleanArray>()),
        )
        .build()
}
