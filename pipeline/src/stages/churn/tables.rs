//! The tables that the stage writes.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array, UInt64Array};
use ndarray::Array1;
use regulars_models::tree::{DecisionTree, LeafRule};

use super::everyone::{LAPSED, NEW, Standing};
use super::population::{Population, REASONS};
use super::spoken::{Spoken, title};
use super::worth::{self, Stakes, Worth};
use crate::failure::Result;
use crate::learning::figures::{Figures, Range, Ranges, ReliabilityRow};
use crate::learning::leaderboard::{MeanFigures, ModelRow};
use crate::learning::learned::Learned;
use crate::learning::train::TestRow;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::words::said;

/// The interval of a figure, and its mean over several tests.
type Beside = (fn(&Ranges) -> Range, fn(&MeanFigures) -> f64);

/// An end of an interval: its name, what it is, and where it lies.
type End = (&'static str, &'static str, fn(Range) -> f64);

/// A figure of a model as a column of a table.
struct FigureColumn {
    name: &'static str,
    about: &'static str,
    of: fn(&Figures) -> f64,
    /// What stands beside it, if anything does.
    beside: Option<Beside>,
}

impl FigureColumn {
    const fn new(name: &'static str, about: &'static str, of: fn(&Figures) -> f64) -> Self {
        Self {
            name,
            about,
            of,
            beside: None,
        }
    }

    const fn beside(mut self, range: fn(&Ranges) -> Range, mean: fn(&MeanFigures) -> f64) -> Self {
        self.beside = Some((range, mean));
        self
    }
}

/// The figures of a model, in the order of the columns.
const FIGURES: [FigureColumn; 15] = [
    FigureColumn::new(
        "log_loss",
        mark!("Mean surprise at what happened; lower is better"),
        |f| f.log_loss,
    )
    .beside(|ranges| ranges.log_loss_range, |mean| mean.mean_log_loss),
    FigureColumn::new(
        "roc_auc",
        mark!("Area under the ROC curve; 0.5 is chance, 1 perfect"),
        |f| f.roc_auc,
    )
    .beside(|ranges| ranges.roc_auc_range, |mean| mean.mean_roc_auc),
    FigureColumn::new(
        "average_precision",
        mark!("Mean precision over all depths"),
        |f| f.average_precision,
    )
    .beside(
        |ranges| ranges.average_precision_range,
        |mean| mean.mean_average_precision,
    ),
    FigureColumn::new(
        "lift_top_tenth",
        mark!("Leavers in the top tenth over those in a tenth drawn at random"),
        |f| f.lift_top_tenth,
    ),
    FigureColumn::new(
        "brier",
        mark!("Mean squared error of the probabilities; lower is better"),
        |f| f.brier,
    ),
    FigureColumn::new(
        "brier_reliability",
        mark!(
            "Part of the Brier score: how far what was said is from what happened, in ten bins; lower is better"
        ),
        |f| f.brier_reliability,
    ),
    FigureColumn::new(
        "brier_resolution",
        mark!(
            "Part of the Brier score: how far what happened in a bin is from what happens at large; higher is better"
        ),
        |f| f.brier_resolution,
    ),
    FigureColumn::new(
        "brier_uncertainty",
        mark!(
            "Part of the Brier score: what the outcomes alone make of it, the same for every model"
        ),
        |f| f.brier_uncertainty,
    ),
    FigureColumn::new(
        "brier_within",
        mark!(
            "Part of the Brier score: what differences within a bin add; brier = reliability - resolution + uncertainty + within"
        ),
        |f| f.brier_within,
    ),
    FigureColumn::new(
        "calibration_error",
        mark!("Expected calibration error, in ten bins of equal numbers; lower is better"),
        |f| f.calibration_error,
    ),
    FigureColumn::new(
        "kolmogorov_smirnov",
        mark!(
            "Distance of the scores of leavers and stayers at the cut-off where they are furthest apart"
        ),
        |f| f.kolmogorov_smirnov,
    ),
    FigureColumn::new(
        "expected_maximum_profit",
        mark!(
            "EMPC: what the best campaign earns for each customer, over what is not known of the acceptance"
        ),
        |f| f.expected_maximum_profit,
    ),
    FigureColumn::new(
        "expected_maximum_profit_share",
        mark!("The share of customers that campaign contacts"),
        |f| f.expected_maximum_profit_share,
    ),
    FigureColumn::new(
        "maximum_profit",
        mark!("What the best campaign earns for each customer, with the mean acceptance"),
        |f| f.maximum_profit,
    ),
    FigureColumn::new(
        "maximum_profit_share",
        mark!("The share of customers that campaign contacts"),
        |f| f.maximum_profit_share,
    ),
];

/// The leaderboard.
pub fn models(rows: &[ModelRow]) -> Result<RecordBatch> {
    let flags = |of: fn(&ModelRow) -> bool| -> ArrayRef {
        let flags = rows.iter().map(|row| Some(of(row)));
        Arc::new(flags.collect::<BooleanArray>())
    };
    let ranks: ArrayRef = Arc::new(rows.iter().map(|row| row.rank).collect::<UInt64Array>());
    let trees: ArrayRef = Arc::new(rows.iter().map(|row| row.trees).collect::<UInt64Array>());
    let table = TableBuilder::new().column("rank", "Its place by log loss on the test date", ranks);
    let table = named(
        table,
        rows.iter()
            .map(|row| (row.model.as_str(), row.title.as_str())),
    )
    .column(
        "chosen",
        "Whether it gives the scores",
        flags(|row| row.chosen),
    )
    .column(
        "explains",
        "Whether it says exactly what each feature adds to a score",
        flags(|row| row.explains),
    );
    let mut table = figures(
        table,
        mark!("Log loss on the validation date, by which one was chosen"),
        rows.iter()
            .map(|row| (row.validation_log_loss, &row.figures)),
    );
    let beside = || {
        FIGURES
            .iter()
            .filter_map(|figure| Some((figure.name, figure.beside?)))
    };
    for (name, (range, _)) in beside() {
        let ends: [End; 2] = [
            ("low", mark!("Lower end of the 95 % interval"), |range| {
                range.low
            }),
            ("high", mark!("Upper end of the 95 % interval"), |range| {
                range.high
            }),
        ];
        for (end, about, of) in ends {
            let values = rows.iter().map(|row| of(range(&row.ranges)));
            table = table.column(&format!("{name}_{end}"), about, numbers(values, 6));
        }
    }
    for (name, (_, mean)) in beside() {
        let values = rows.iter().map(|row| mean(&row.mean));
        let about = mark!("Mean over all test dates (churn_dates)");
        table = table.column(&format!("mean_{name}"), about, numbers(values, 6));
    }
    table.column("trees", "Trees, for boosting", trees).build()
}

/// Every model on every test date.
pub fn dates(rows: &[TestRow]) -> Result<RecordBatch> {
    let count = |of: fn(&TestRow) -> u64| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<UInt64Array>())
    };
    let table = TableBuilder::new().column(
        "test_date",
        "Where it was tested, on what could be known by then",
        text(rows.iter().map(|row| said(&row.test))),
    );
    let table = named(
        table,
        rows.iter().map(|row| (row.model, row.title.as_str())),
    )
    .column(
        "learned_from",
        "Customers at all dates it learned from",
        count(|row| row.train_rows),
    )
    .column(
        "customers",
        "Customers at the test date",
        count(|row| row.test_rows),
    )
    .column("left", "Those of them who left", count(|row| row.test_yes));
    let about = mark!("Log loss on the last date before it that teaches");
    let values = rows
        .iter()
        .map(|row| (row.validation_log_loss, &row.figures));
    figures(table, about, values).build()
}

/// Which model a row is of.
fn named<'a>(
    table: TableBuilder,
    models: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> TableBuilder {
    let names = models.clone().map(|(name, _)| name);
    let titles = models.map(|(_, english)| title(english));
    table
        .column("model", "Its name in the settings", text(names))
        .column("title", "What people call it", text(titles))
}

/// What models reach.
///
/// - `validation`: what the log loss is on by which one is chosen.
fn figures<'a>(
    table: TableBuilder,
    validation: &str,
    rows: impl Iterator<Item = (Option<f64>, &'a Figures)> + Clone,
) -> TableBuilder {
    let losses = rows.clone().map(|(loss, _)| loss.unwrap_or(f64::NAN));
    let table = table.column("validation_log_loss", validation, numbers(losses, 6));
    FIGURES.iter().fold(table, |table, figure| {
        let values = rows.clone().map(|(_, figures)| (figure.of)(figures));
        table.column(figure.name, figure.about, numbers(values, 6))
    })
}

/// What was said beside what happened.
pub fn calibration(rows: &[ReliabilityRow]) -> Result<RecordBatch> {
    let count = |of: fn(&ReliabilityRow) -> u64| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<UInt64Array>())
    };
    let number = |of: fn(&ReliabilityRow) -> f64| numbers(rows.iter().map(of), 6);
    TableBuilder::new()
        .column(
            "scores",
            "Which probabilities: as learned, or calibrated",
            text(rows.iter().map(|row| &row.scores)),
        )
        .in_words("scores", rows.iter().map(|row| Some(said(&row.scores))))
        .column(
            "from",
            "Lowest probability in the bin",
            number(|row| row.from),
        )
        .column("to", "Highest probability in the bin", number(|row| row.to))
        .column(
            "said",
            "Mean probability in the bin",
            number(|row| row.mean),
        )
        .column(
            "happened",
            "The share that left",
            number(ReliabilityRow::happened),
        )
        .column(
            "happened_low",
            "Lower end of its 95 % interval (Wilson)",
            number(|row| row.interval()[0]),
        )
        .column(
            "happened_high",
            "Upper end of its 95 % interval (Wilson)",
            number(|row| row.interval()[1]),
        )
        .column("customers", "Customers in the bin", count(|row| row.rows))
        .column("left", "Those of them who left", count(|row| row.yes))
        .build()
}

/// One rule for each leaf of the readable tree, the likeliest to leave first.
///
/// - `columns`: how they are spoken of.
pub fn tree_rules(
    learned: &Learned,
    population: &Population,
    columns: &[Spoken<'_>],
) -> Result<RecordBatch> {
    let (rules, features) = (likeliest(&learned.tree), learned.features());
    let people = people(&rules, learned, population);
    let number = |of: fn(&LeafRule) -> f64| numbers(rules.iter().map(of), 6);
    let leaves: ArrayRef = Arc::new(
        rules
            .iter()
            .map(|rule| rule.leaf as u32)
            .collect::<UInt32Array>(),
    );
    let rows = rules.iter().map(|rule| rule.rows as u64);
    let rows: ArrayRef = Arc::new(rows.collect::<UInt64Array>());
    TableBuilder::new()
        .column("leaf", "Its number in churn_tree.txt", leaves)
        .column(
            "rule",
            "What leads there, by the columns' names; every customer meets exactly one rule",
            text(rules.iter().map(|rule| rule.to_text(features))),
        )
        .column(
            "rule_in_words",
            "The same in words",
            text(rules.iter().map(|rule| rule.to_text(columns))),
        )
        .column(
            "customers",
            "Different customers it was learned from",
            Arc::new(UInt64Array::from(people)),
        )
        .column(
            "customer_dates",
            "The same with each customer counted at every date that taught",
            rows,
        )
        .column(
            "coverage",
            "Share of all customer-dates",
            number(|rule| rule.coverage),
        )
        .column(
            "rate",
            "The share of the customer-dates that left",
            number(|rule| rule.rate),
        )
        .column(
            "probability",
            "What the tree says of such a customer: the rate, drawn towards that of all",
            number(|rule| rule.probability),
        )
        .column(
            "lift",
            "How many times the rate of all that is",
            number(|rule| rule.lift),
        )
        .build()
}

/// How many different customers each rule was learned from.
pub fn people(rules: &[LeafRule], learned: &Learned, population: &Population) -> Vec<u64> {
    let Some(people) = &population.people else {
        return rules.iter().map(|rule| rule.rows as u64).collect();
    };
    let rows = population.task.rows.features.view();
    let counts = people.in_groups(learned.tree.leaf_numbers(rows));
    let of = |rule: &LeafRule| counts.get(&rule.leaf).copied().unwrap_or(0);
    rules.iter().map(of).collect()
}

/// What the scores look at, most important first; no rows where the model does not tell.
///
/// - `meanings`: what each feature is.
pub fn features(learned: &Learned, meanings: &[String]) -> Result<RecordBatch> {
    let importance = learned.importance().unwrap_or_default();
    let total: f64 = importance.iter().sum();
    let order = descending(&importance);
    let share = |place: &usize| {
        if total > 0.0 {
            importance[*place] / total
        } else {
            0.0
        }
    };
    TableBuilder::new()
        .column(
            "feature",
            "The feature",
            text(order.iter().map(|place| &learned.features()[*place].name)),
        )
        .column(
            "importance",
            "Its share of what the chosen model leans on: of what splits on it gained, or of what it adds to the log-odds",
            numbers(order.iter().map(share), 6),
        )
        .column(
            "meaning",
            "What it is",
            text(order.iter().map(|place| &meanings[*place])),
        )
        .build()
}

/// Places of numbers, the largest first.
pub fn descending(numbers: &Array1<f64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*b].total_cmp(&numbers[*a]).then(a.cmp(b)));
    order
}

/// The rules of the readable tree, the likeliest to leave first.
pub fn likeliest(tree: &DecisionTree) -> Vec<LeafRule> {
    let mut rules = tree.rules();
    rules.sort_by(|a, b| b.rate.total_cmp(&a.rate).then(a.leaf.cmp(&b.leaf)));
    rules
}

/// What is said of one customer: the probability (`NaN` where there is no score), the band and the
/// reasons.
type ScoreRow<'a> = (f64, &'a str, Vec<&'a str>);

/// The scores: one row a customer, those included who have no score.
///
/// - `probabilities`, `bands`, `reasons`: one for each customer who is scored; fewer reasons than
///   there are columns for leave the others empty.
/// - `stakes`: what each customer is worth, where that is known, and what follows from it.
pub fn scores(
    population: &Population,
    probabilities: &Array1<f64>,
    bands: &[&str],
    reasons: &[Vec<String>],
    stakes: Option<(&Worth, &Stakes)>,
) -> Result<RecordBatch> {
    let at_stake = |table: TableBuilder, places: &[Option<usize>]| match stakes {
        Some((worth, stakes)) => worth::columns(table, worth, stakes, places),
        None => table,
    };
    let scored = |place: usize| -> ScoreRow<'_> {
        let reasons = reasons[place].iter().map(String::as_str).collect();
        (probabilities[place], bands[place], reasons)
    };
    let Some(everyone) = &population.everyone else {
        let rows: Vec<ScoreRow<'_>> = (0..probabilities.len()).map(scored).collect();
        let ranks = ranks(probabilities);
        let table = score_columns(population.customers.clone(), &rows, ranks);
        return with_label(table, population).build();
    };
    let why: Vec<String> = (0..everyone.standings.len())
        .map(|row| everyone.reason(row).unwrap_or_default())
        .collect();
    let row = |(row, standing): (usize, &Standing)| match standing {
        Standing::Scored(place) => scored(*place),
        Standing::Lapsed => (f64::NAN, LAPSED, vec![why[row].as_str()]),
        Standing::New => (f64::NAN, NEW, vec![why[row].as_str()]),
    };
    let rows: Vec<ScoreRow<'_>> = everyone.standings.iter().enumerate().map(row).collect();
    let ranks = everyone.ranks(&ranks(probabilities));
    let table = score_columns(everyone.customers.clone(), &rows, ranks);
    let places = everyone.standings.iter().map(|standing| match standing {
        Standing::Scored(place) => Some(*place),
        _ => None,
    });
    let places: Vec<Option<usize>> = places.collect();
    at_stake(everyone.columns(table), &places).build()
}

/// The rank of each probability, 1 for the largest.
fn ranks(probabilities: &Array1<f64>) -> Vec<u32> {
    let mut ranks = vec![0; probabilities.len()];
    for (rank, row) in descending(probabilities).into_iter().enumerate() {
        ranks[row] = rank as u32 + 1;
    }
    ranks
}

fn score_columns(customers: ArrayRef, rows: &[ScoreRow<'_>], ranks: Vec<u32>) -> TableBuilder {
    let mut table = TableBuilder::new()
        .column("customer_id", "Who", customers)
        .column(
            "churn_probability",
            "Probability of leaving; empty where the customer is not scored",
            numbers(rows.iter().map(|row| row.0), 6),
        )
        .column(
            "band",
            "Risk band: high, medium or low; lapsed or new where the customer is not scored",
            text(rows.iter().map(|row| row.1)),
        )
        .in_words("band", rows.iter().map(|row| Some(said(row.1))))
        .column(
            "rank",
            "1 is the customer most likely to leave; who is not scored comes last",
            Arc::new(UInt32Array::from(ranks)),
        );
    for place in 0..REASONS {
        let nth = rows
            .iter()
            .map(|row| row.2.get(place).copied().unwrap_or(""));
        let about = tr!(
            "What weighs most in the score, number {place}, or why there is none",
            place = place + 1
        );
        table = table.column(&format!("reason_{}", place + 1), &about, text(nth));
    }
    table
}

/// What the label says, where churn is learned from one.
fn with_label(table: TableBuilder, population: &Population) -> TableBuilder {
    if let Some(known) = &population.known {
        let about = mark!("Whether the customer left, by the label; empty where it does not say");
        let churned: ArrayRef = Arc::new(BooleanArray::from(known.labels.clone()));
        return table.column("left", about, churned);
    }
    table
}
