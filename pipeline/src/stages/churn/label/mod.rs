//! Churn learned from a column of the customers' table instead of from dates.

mod alone;
pub(super) mod attributes;
pub(super) mod saved;
pub(super) mod table;
mod values;

use ndarray::Axis;
use regulars_models::format::{Feature, FeatureKind};
use regulars_models::random::draw;

use self::table::LabelTable;
use super::population::{Known, LEARNING, LEAST_ROWS, Population, Words};
use crate::contract::features::Risk;
use crate::failure::{Failure, Result};
use crate::learning::rows::{Columns, Labelled, Part};
use crate::learning::task::{Task, Trial, Validation};
use crate::outputs::table::round;
use crate::stages::Context;
use crate::text::plural;
use crate::words;

pub use self::saved::{definitions, saved_population};
pub use self::values::meaning;

/// The customers whose outcome is known are cut into so many parts: one to test, one to choose,
/// the others to learn from; and when they are scored, each by a model that learned from the
/// other parts.
const PARTS: usize = 5;

/// So that every part has some of each.
const LEAST_OF_EACH: usize = 2 * PARTS;

/// All customers are scored, and those whose label is known teach.
pub fn population(context: &Context<'_>, label: &str) -> Result<Population> {
    if let Some(day) = context.as_of {
        return Err(Failure::settings(format!(
            "--as-of {day}: the label `{label}` of the customers does not tell when it came true"
        ))
        .hint("leave --as-of out, or take the label out of [churn] and learn from the history"));
    }
    context.progress.step("reading the customers");
    let table = LabelTable::read(context, label)?;
    let warnings = table.warnings.clone();
    let places = shuffled(&table.labels, context.seed);
    let rows = Labelled {
        features: table.values.select(Axis(0), &places),
        labels: places.iter().filter_map(|row| table.labels[*row]).collect(),
        worth: None,
    };
    enough(rows.whole(), label)?;
    let trial = trial(rows.labels.len());
    let words = || Words {
        learned: tr!(
            "learned from {customers}",
            customers = plural(rows.labels.len() as u64, "customer")
        ),
        tested: tr!("on {test}", test = words::said(&trial.name)),
        ..said(context, label, table.features.len())
    };
    let (words_said, english) = (words(), words::in_english(words));
    let learn = rows.part(0..rows.labels.len() * (PARTS - 2) / PARTS);
    Ok(Population {
        rows_in: table.labels.len() as u64,
        base_rate: rows.whole().rate(),
        task: Task {
            columns: Columns {
                monotone: Vec::new(),
                baseline: alone::baseline(&table.features, learn),
                features: table.features,
            },
            rows,
            trials: vec![trial],
            least_rows: LEAST_ROWS / PARTS,
            words: LEARNING,
        },
        people: None,
        customers: table.customers,
        features: table.values,
        everyone: None,
        worth: None,
        known: Some(Known {
            places,
            parts: PARTS,
            labels: table.labels,
        }),
        strange: Vec::new(),
        english,
        words: words_said,
        dates: None,
        as_of: None,
        warnings,
    })
}

/// What is said of customers with so many attributes, whenever the model was learned.
fn said(context: &Context<'_>, label: &str, attributes: usize) -> Words {
    Words {
        project: context.settings.config.project.name.clone(),
        currency: context.settings.config.project.currency.clone(),
        basket: context.settings.config.project.basket.clone(),
        scores: tr!(
            "Who is leaving: the probability of {label}, and why",
            label = label
        ),
        churns: tr!("by the label {label} of their table", label = label),
        churned: tr!("left by the label {label}", label = label),
        learned: String::new(),
        tested: String::new(),
        features: vec![tr!("An attribute of the customer"); attributes],
        theme: |feature| feature.name.as_str(),
        risk: |_| Risk::Open,
        known: |_| None,
        phrase: |feature, value, _| phrase(feature, value),
        plainly: |feature, value, _| phrase(feature, value),
    }
}

/// The one test: of so many customers in their shuffled order the last part.
fn trial(customers: usize) -> Trial {
    let cut = |parts: usize| customers * parts / PARTS;
    Trial {
        name: mark!("a fifth of the customers, held out").to_owned(),
        validation: Validation::Rows {
            name: mark!("another fifth of the customers").to_owned(),
            learn: 0..cut(PARTS - 2),
            check: cut(PARTS - 2)..cut(PARTS - 1),
        },
        train: 0..cut(PARTS - 1),
        test: cut(PARTS - 1)..cut(PARTS),
    }
}

/// The places of the customers whose outcome is known, in an order that has nothing to do with that
/// of the table, which may be one of time or fate; any stretch of it has as many leavers as its
/// length allows.
fn shuffled(labels: &[Option<bool>], seed: u64) -> Vec<usize> {
    let mut places = Vec::new();
    for outcome in [true, false] {
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|row| labels[*row] == Some(outcome))
            .collect();
        rows.sort_by_key(|row| (draw(seed, *row as u64), *row));
        let all = rows.len() as f64;
        let ranked = rows.into_iter().enumerate();
        places.extend(ranked.map(|(rank, row)| ((rank as f64 + 0.5) / all, row)));
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    places.into_iter().map(|(_, row)| row).collect()
}

/// Whether the customers are enough to learn from, and some churned and some did not.
fn enough(customers: Part<'_>, label: &str) -> Result<()> {
    let (rows, churned) = (customers.rows(), customers.yes());
    if rows < LEAST_ROWS {
        return Err(Failure::data(format!(
            "there are only {rows} customers with a {label}, fewer than the {LEAST_ROWS} that a model needs"
        ))
        .hint("load more customers whose outcome is known"));
    }
    if churned == 0 || churned == rows {
        let all = if churned == 0 { "nobody" } else { "everybody" };
        return Err(Failure::data(format!(
            "by {label} {all} left, so there is nothing to tell apart"
        ))
        .hint("look at positive = [...] under [churn], the values of the label that mean left"));
    }
    if churned.min(rows - churned) < LEAST_OF_EACH {
        return Err(Failure::data(format!(
            "of {rows} customers with a {label} {churned} left, and a model needs at least {LEAST_OF_EACH} who did and as many who did not"
        ))
        .hint("load more customers whose outcome is known"));
    }
    Ok(())
}

/// What the table says of a customer, in words: `contract is two year`.
pub(super) fn phrase(feature: &Feature, value: f64) -> String {
    let name = feature.name.replace('_', " ");
    match &feature.kind {
        _ if value.is_nan() => tr!("{name} is empty", name = name),
        FeatureKind::Categorical(names) => match names.get(value as usize) {
            Some(value) => tr!("{name} is {value}", name = name, value = value),
            None => tr!("{name} is something else", name = name),
        },
        FeatureKind::Numeric => tr!("{name} is {value}", name = name, value = round(value, 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fifth_has_its_share_of_leavers_whatever_the_order_of_the_table() {
        // Leavers first, as a table sorted by outcome has them; of every tenth nothing is known.
        let labels: Vec<Option<bool>> = (0..1_000)
            .map(|row| (row % 10 != 9).then_some(row < 100))
            .collect();
        let known = shuffled(&labels, 7);
        assert_eq!(known.len(), 900);
        for part in known.chunks(180) {
            let churned = part
                .iter()
                .filter(|row| labels[**row] == Some(true))
                .count();
            assert!((17..=19).contains(&churned), "{churned} leavers");
        }
        assert_ne!(known, shuffled(&labels, 8));
    }

    #[test]
    fn values_are_said_as_the_table_has_them() {
        let charges = Feature::numeric("monthly_charges");
        let contract = Feature::categorical("contract", ["one year"]);
        assert_eq!(phrase(&charges, 70.35), "monthly charges is 70.35");
        assert_eq!(phrase(&contract, 0.0), "contract is one year");
        assert_eq!(phrase(&contract, f64::NAN), "contract is empty");
    }
}
