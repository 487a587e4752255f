//! Rules against the planted associations, and against a second history of the same law.

use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::DataType;
use regulars_datasets::history::again::count_rules;
use regulars_datasets::history::law::Goods;
use regulars_datasets::history::patterns::Association;
use regulars_datasets::history::{Params, World};
use regulars_models::associations::Measures;

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column, ran};
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::rules::{Metrics, NAME};
use crate::text::count;

/// Antecedent and consequent of a rule, by the names of their items.
type Sides = (Vec<String>, Vec<String>);

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
    let rules = rules_of(&read_parquet(&manifest.file(
        run,
        NAME,
        "rules.parquet",
    )?)?)?;
    let goods = &truth.world.law.goods;
    let planted = goods.associations.len();
    let first = rules.len().min(planted);
    let of_planted = |rules: &[Sides]| {
        let holds = |rule: &&Sides| holds_planted(goods, rule);
        rules.iter().filter(holds).count()
    };
    let in_rules = rules.len().max(1) as f64;
    let mut findings = vec![
        Finding::count(
            NAME,
            tr!("planted associations found"),
            found(goods, &rules),
        )
        .best(planted as f64),
        Finding::new(
            NAME,
            tr!("share of planted associations found"),
            found(goods, &rules) as f64 / planted as f64,
        )
        .best(1.0),
        Finding::count(NAME, tr!("rules shown"), rules.len() as u64).note(tr!(
            "what is not planted comes of tastes and of baskets of many sizes"
        )),
        Finding::new(
            NAME,
            tr!("share of rules that hold a planted pair"),
            of_planted(&rules) as f64 / in_rules,
        ),
        Finding::count(
            NAME,
            tr!(
                "of the first {n} rules, that hold a planted pair",
                n = first
            ),
            of_planted(&rules[..first]) as u64,
        )
        .best(first as f64),
    ];
    findings.extend(measured_afresh(&rules, settings.rules.min_lift, truth)?);
    Ok(findings)
}

/// The rules that a run has shown.
fn rules_of(table: &RecordBatch) -> Result<Vec<Sides>> {
    let side = |name: &str| -> Result<Vec<Vec<String>>> {
        let texts = column(table, name, &DataType::Utf8)?;
        let items = |text: &str| text.split(" + ").map(str::to_owned).collect();
        Ok(texts
            .as_string::<i32>()
            .iter()
            .map(|text| items(text.unwrap_or_default()))
            .collect())
    };
    let consequents = side("consequent")?;
    Ok(side("antecedent")?.into_iter().zip(consequents).collect())
}

/// What a planted association joins.
fn ends(goods: &Goods, planted: &Association) -> [String; 2] {
    let antecedent = goods.classic(planted.antecedent);
    [antecedent, planted.consequent.to_owned()]
}

/// How many planted associations are among the rules. Of the two directions of a pair the better
/// one is shown.
fn found(goods: &Goods, rules: &[Sides]) -> u64 {
    let is_there = |planted: &&Association| {
        let [one, other] = ends(goods, planted).map(|end| vec![end]);
        rules.contains(&(one.clone(), other.clone())) || rules.contains(&(other, one))
    };
    goods.associations.iter().filter(is_there).count() as u64
}

/// Whether a planted association is in a rule, whatever else it says.
fn holds_planted(goods: &Goods, (antecedent, consequent): &Sides) -> bool {
    goods.associations.iter().any(|planted| {
        let [one, other] = ends(goods, planted);
        (antecedent.contains(&one) && consequent.contains(&other))
            || (antecedent.contains(&other) && consequent.contains(&one))
    })
}

/// What the rules are in a second history of the same law.
fn measured_afresh(rules: &[Sides], min_lift: f64, truth: &Truth) -> Result<[Finding; 2]> {
    let params = Params {
        customers: truth.world.params.customers.clamp(1000, FRESH_CUSTOMERS),
        seed: truth.world.params.seed.wrapping_add(1),
        ..truth.world.params
    };
    let fresh = World::new(params).map_err(|error| Failure::data(error.to_string()))?;
    let (baskets, counts) = count_rules(&fresh, params.customers, rules);
    let measured: Vec<Measures> = counts
        .iter()
        .map(|rule| Measures::from_counts(baskets, rule.antecedent, rule.consequent, rule.both))
        .collect();
    let share = |is: &dyn Fn(&Measures) -> bool| {
        let number = measured.iter().filter(|rule| is(rule)).count();
        number as f64 / rules.len().max(1) as f64
    };
    let real = share(&|rule| rule.leverage > 0.0 && rule.chi_squared > MORE_THAN_CHANCE);
    // The lift of a sample is off by chance; a tenth below what was asked for is no other rule.
    let as_asked = share(&|rule| rule.lift >= 0.9 * min_lift);
    Ok([
        Finding::new(NAME, tr!("share of rules that are real"), real)
            .best(1.0)
            .note(tr!(
                "again more frequent than chance in {n} baskets of another history of the same law",
                n = count(baskets)
            )),
        Finding::new(
            NAME,
            tr!("share of rules whose lift is as asked for"),
            as_asked,
        )
        .best(1.0)
        .note(tr!("{lift} or more there, less a tenth", lift = min_lift)),
    ])
}
