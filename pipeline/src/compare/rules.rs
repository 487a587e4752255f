//! Rules against the planted associations, and against a second history of the same law.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use regulars_datasets::history::again::count_rules;
use regulars_datasets::history::catalogue::{ASSOCIATIONS, classic};
use regulars_datasets::history::{Params, World};
use regulars_models::associations::Measures;

use super::truth::Truth;
use super::{Finding, column, ran};
use crate::failure::{Failure, Result};
use crate::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::rules::{Metrics, NAME};

/// Customers of the second history: some hundred thousand baskets, enough for every rule.
const FRESH_CUSTOMERS: u64 = 10_000;
/// Pearson's chi-squared above which a rule is more frequent than chance, one in a thousand.
const MORE_THAN_CHANCE: f64 = 9.55;

/// How many planted associations were found, and how many of the rules shown are real.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some((metrics, settings)) = ran::<Metrics>(manifest, NAME)? else {
        return Ok(Vec::new());
    };
    if metrics.level != "type" {
        return Ok(Vec::new()); // associations are planted between types
    }
    let table = read_parquet(&manifest.file(run, NAME, "rules.parquet")?)?;
    let side = |name: &str| -> Result<Vec<Vec<String>>> {
        let texts = column(&table, name, &DataType::Utf8)?;
        let items = |text: &str| text.split(" + ").map(str::to_owned).collect();
        Ok(texts
            .as_string::<i32>()
            .iter()
            .map(|text| items(text.unwrap_or_default()))
            .collect())
    };
    let rules: Vec<(Vec<String>, Vec<String>)> = side("antecedent")?
        .into_iter()
        .zip(side("consequent")?)
        .collect();

    // Of the two directions of a pair the better one is shown.
    let found = ASSOCIATIONS.iter().filter(|planted| {
        let ends = [classic(planted.antecedent), planted.consequent.to_owned()];
        let rule = |from: usize, to: usize| (vec![ends[from].clone()], vec![ends[to].clone()]);
        rules.contains(&rule(0, 1)) || rules.contains(&rule(1, 0))
    });
    let found = found.count() as f64;
    let planted = ASSOCIATIONS.len() as f64;
    let holds_planted = |(antecedent, consequent): &&(Vec<String>, Vec<String>)| {
        ASSOCIATIONS.iter().any(|planted| {
            let ends = [classic(planted.antecedent), planted.consequent.to_owned()];
            let has = |side: &[String], name: &String| side.contains(name);
            (has(antecedent, &ends[0]) && has(consequent, &ends[1]))
                || (has(antecedent, &ends[1]) && has(consequent, &ends[0]))
        })
    };
    let of_planted = rules.iter().filter(holds_planted).count();
    let first = rules.len().min(ASSOCIATIONS.len());
    let first_planted = rules[..first].iter().filter(holds_planted).count();

    let params = Params {
        customers: truth.world.params.customers.clamp(1000, FRESH_CUSTOMERS),
        seed: truth.world.params.seed.wrapping_add(1),
        ..truth.world.params
    };
    let fresh = World::new(params).map_err(|error| Failure::data(error.to_string()))?;
    let (baskets, counts) = count_rules(&fresh, params.customers, &rules);
    let measured: Vec<Measures> = counts
        .iter()
        .map(|rule| Measures::from_counts(baskets, rule.antecedent, rule.consequent, rule.both))
        .collect();
    let real = measured
        .iter()
        .filter(|rule| rule.leverage > 0.0 && rule.chi_squared > MORE_THAN_CHANCE)
        .count();
    // The lift of a sample is off by chance; a tenth below what was asked for is no other rule.
    let as_asked = measured
        .iter()
        .filter(|rule| rule.lift >= 0.9 * settings.rules.min_lift)
        .count();
    let shown = rules.len().max(1) as f64;
    Ok(vec![
        Finding::count(NAME, "planted associations found", found as u64).best(planted),
        Finding::new(NAME, "share of planted associations found", found / planted).best(1.0),
        Finding::count(NAME, "rules shown", rules.len() as u64)
            .note("what is not planted comes of tastes and of baskets of many sizes"),
        Finding::new(
            NAME,
            "share of rules that hold a planted pair",
            of_planted as f64 / shown,
        ),
        Finding::count(
            NAME,
            format!("of the first {first} rules, that hold a planted pair"),
            first_planted as u64,
        )
        .best(first as f64),
        Finding::new(NAME, "share of rules that are real", real as f64 / shown)
            .best(1.0)
            .note(format!(
                "again more frequent than chance in {} baskets of another history of the same law",
                crate::text::count(baskets)
            )),
        Finding::new(
            NAME,
            "share of rules whose lift is as asked for",
            as_asked as f64 / shown,
        )
        .best(1.0)
        .note(format!(
            "{} or more there, less a tenth",
            settings.rules.min_lift
        )),
    ])
}
