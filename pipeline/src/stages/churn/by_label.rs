//! Churn learned from a column of the customers' table instead of from dates.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use regulars_models::classifiers::{Classifier, ProbabilityModel};
use regulars_models::random::draw;

use super::contest::{Contest, Outcome};
use super::files::{self, Words};
use super::label_table::{self, LabelTable, alone};
use super::reasons::reasons;
use super::sets::{Columns, Kind, Labelled};
use super::trials::{Trial, Validation};
use super::{LEAST_ROWS, Metrics, NAME, REASONS, band, banded, tables, weak};
use crate::failure::{Failure, Result};
use crate::stages::{Context, Report};
use crate::table::round;
use crate::text::plural;

/// The customers whose outcome is known are cut into so many parts: one to test, one to choose,
/// the others to learn from; and when they are scored, each by a model that learned from the
/// other parts.
const PARTS: usize = 5;

/// So that every part has some of each.
const LEAST_OF_EACH: usize = 2 * PARTS;

/// Learns, chooses, tests and scores by the label that the settings name.
pub fn run(context: &Context<'_>, label: &str) -> Result<Report> {
    let settings = &context.settings.config.churn;
    if let Some(day) = context.as_of {
        return Err(Failure::settings(format!(
            "--as-of {day}: the label `{label}` of the customers does not tell when it came true"
        ))
        .hint("leave --as-of out, or take the label out of [churn] and learn from the history"));
    }
    context.progress.step("reading the customers");
    let table = LabelTable::read(context, label)?;
    let mut warnings = table.warnings.clone();
    warnings.extend(label_table::telltales(&table));

    let known = shuffled(&table.labels, context.seed);
    let set = Labelled {
        features: table.features.select(Axis(0), &known),
        labels: known.iter().filter_map(|row| table.labels[*row]).collect(),
    };
    enough(&set, label)?;
    let cut = |parts: usize| set.labels.len() * parts / PARTS;
    let trial = Trial {
        name: "a fifth of the customers, held out".to_owned(),
        validation: Validation::Rows {
            name: "another fifth of the customers".to_owned(),
            learn: 0..cut(PARTS - 2),
            check: cut(PARTS - 2)..cut(PARTS - 1),
        },
        train: 0..cut(PARTS - 1),
        test: cut(PARTS - 1)..cut(PARTS),
    };
    let columns = Columns {
        baseline: baseline(&table, &set, cut(PARTS - 2)),
        names: table.names.clone(),
        kinds: table.kinds.clone(),
    };
    let contest = Contest {
        columns: &columns,
        settings,
        seed: context.seed,
        progress: context.progress,
        least_rows: LEAST_ROWS / PARTS,
    };
    let outcome = contest.run(&set, std::slice::from_ref(&trial))?;
    context
        .progress
        .step("scoring every customer by a model that has not seen the customer's outcome");
    let scored = Scored::new(&outcome, &table, &set, &known)?;

    let probabilities = scored.probabilities.as_slice().unwrap_or_default();
    let bands: Vec<&str> = probabilities
        .iter()
        .map(|p| band(*p, &settings.bands))
        .collect();
    let said = match &scored.contributions {
        Some(contributions) => reasons(
            table.features.view(),
            contributions.view(),
            REASONS,
            |column| columns.names[column].as_str(),
            |column, value| phrase(&columns, column, value),
        ),
        None => vec![Vec::new(); bands.len()],
    };
    let mut files = context.files(NAME);
    let about = format!("Who is leaving: the probability of {label}, and why");
    let known_labels: ArrayRef = Arc::new(BooleanArray::from(table.labels.clone()));
    let scores = tables::scores(
        table.customers,
        probabilities,
        &bands,
        &said,
        REASONS,
        Some(known_labels),
    )?;
    files.parquet_and_csv("churn", &about, &scores)?;
    let words = Words {
        project: context.settings.config.project.name.clone(),
        bands: banded(&bands),
        outcome: format!("left by the label {label}"),
        learned: format!(
            "learned from {}",
            plural(set.labels.len() as u64, "customer")
        ),
        tested: format!("on {}", trial.name),
        about: vec!["An attribute of the customer".to_owned(); columns.names.len()],
    };
    files::write(&mut files, &outcome, &columns, &words)?;
    warnings.extend(outcome.warnings.iter().cloned());
    warnings.extend(weak(&outcome.models, &trial.name));
    let rows = bands.len() as u64;
    let said = format!("by the label {label} of their table");
    let metrics = Metrics::new(outcome, said, None, (&set, &trial), &bands);
    Ok(Report {
        rows_in: rows,
        rows_out: rows,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// Every customer's score, by a model that has not seen the customer's outcome.
struct Scored {
    probabilities: Array1<f64>,
    /// Customers by features and the base value; where the model can say them.
    contributions: Option<Array2<f64>>,
}

impl Scored {
    /// - `set`: the customers whose outcome is known, and `known` their places in the table.
    fn new(outcome: &Outcome, table: &LabelTable, set: &Labelled, known: &[usize]) -> Result<Self> {
        let (all, columns) = table.features.dim();
        let explains = outcome.entrant.recipe.explains();
        let mut scored = Self {
            probabilities: Array1::zeros(all),
            contributions: explains.then(|| Array2::zeros((all, columns + 1))),
        };
        // Whose outcome is open: the model that learned from all the others.
        let open: Vec<usize> = (0..all)
            .filter(|row| table.labels[*row].is_none())
            .collect();
        if !open.is_empty() {
            let features = table.features.select(Axis(0), &open);
            scored.put(outcome, &outcome.model, features.view(), &open);
        }
        let rows = set.labels.len();
        for part in 0..PARTS {
            let held = rows * part / PARTS..rows * (part + 1) / PARTS;
            let others: Vec<usize> = (0..held.start).chain(held.end..rows).collect();
            let others = Labelled {
                features: set.features.select(Axis(0), &others),
                labels: set.labels.select(Axis(0), &others),
            };
            let model = outcome.entrant.fit(others.whole(), None)?;
            let features = set.part(held.clone()).features;
            scored.put(outcome, &model, features, &known[held]);
        }
        Ok(scored)
    }

    /// Notes what a model says of some customers, at their places in the table.
    fn put(
        &mut self,
        outcome: &Outcome,
        model: &Classifier,
        features: ArrayView2<'_, f32>,
        places: &[usize],
    ) {
        let scores = outcome
            .calibrator
            .apply(&model.predict_probability(features));
        for (place, score) in places.iter().zip(scores) {
            self.probabilities[*place] = score;
        }
        if let (Some(all), Some(owed)) = (&mut self.contributions, model.contributions(features)) {
            for (place, owed) in places.iter().zip(owed.rows()) {
                all.row_mut(*place).assign(&owed);
            }
        }
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

/// Whether the customers are enough to learn from, and some left and some stayed.
fn enough(set: &Labelled, label: &str) -> Result<()> {
    let (rows, left) = (set.labels.len(), set.whole().churned());
    if rows < LEAST_ROWS {
        return Err(Failure::data(format!(
            "there are only {rows} customers with a {label}, fewer than the {LEAST_ROWS} that a model needs"
        ))
        .hint("load more customers whose outcome is known"));
    }
    if left == 0 || left == rows {
        let all = if left == 0 { "nobody" } else { "everybody" };
        return Err(Failure::data(format!(
            "by {label} {all} left, so there is nothing to tell apart"
        ))
        .hint("look at positive = [...] under [churn], the values of the label that mean left"));
    }
    if left.min(rows - left) < LEAST_OF_EACH {
        return Err(Failure::data(format!(
            "of {rows} customers with a {label} {left} left, and a model needs at least {LEAST_OF_EACH} who did and as many who did not"
        ))
        .hint("load more customers whose outcome is known"));
    }
    Ok(())
}

/// The number that tells most by itself about the customers that models learn from, as a stick to
/// measure models by.
fn baseline(table: &LabelTable, set: &Labelled, learn: usize) -> Option<usize> {
    let part = set.part(0..learn);
    let labels = part.labels.to_vec();
    let told = |column: usize| {
        let values = part.features.column(column).to_vec();
        alone(&values, &table.kinds[column], &labels)
    };
    (0..table.kinds.len())
        .filter(|column| table.kinds[*column] == Kind::Number)
        .filter_map(|column| Some((column, told(column)?)))
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .map(|(column, _)| column)
}

/// What the table says of a customer, in words: `contract is two year`.
fn phrase(columns: &Columns, column: usize, value: f64) -> String {
    let name = columns.names[column].replace('_', " ");
    match &columns.kinds[column] {
        _ if value.is_nan() => format!("{name} is empty"),
        Kind::Category(names) => {
            let value = names
                .get(value as usize)
                .map_or("something else", String::as_str);
            format!("{name} is {value}")
        }
        Kind::Number => format!("{name} is {}", round(value, 2)),
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
            let left = part
                .iter()
                .filter(|row| labels[**row] == Some(true))
                .count();
            assert!((17..=19).contains(&left), "{left} leavers");
        }
        assert_ne!(known, shuffled(&labels, 8));
    }

    #[test]
    fn values_are_said_as_the_table_has_them() {
        let columns = Columns {
            names: vec!["monthly_charges".to_owned(), "contract".to_owned()],
            kinds: vec![Kind::Number, Kind::Category(vec!["one year".to_owned()])],
            baseline: None,
        };
        assert_eq!(phrase(&columns, 0, 70.35), "monthly charges is 70.35");
        assert_eq!(phrase(&columns, 1, 0.0), "contract is one year");
        assert_eq!(phrase(&columns, 1, f64::NAN), "contract is empty");
    }
}
