//! The tables that the stage writes.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array, UInt64Array};
use regulars_models::associations::wilson_interval;
use regulars_models::tree::{CategoryNames, DecisionTree, LeafRule};

use super::contest::{DateRow, ModelRow};
use super::figures::{Figures, Range, ReliabilityRow};
use crate::failure::Result;
use crate::table::{TableBuilder, numbers, text};

/// A figure, what it says, and where it stands.
type Column<T> = (&'static str, &'static str, fn(&T) -> f64);

/// The figures of a model, in the order of the columns.
const FIGURES: [Column<Figures>; 15] = [
    (
        "log_loss",
        "Mean surprise at what happened; lower is better",
        |f| f.log_loss,
    ),
    (
        "roc_auc",
        "Area under the ROC curve; 0.5 is chance, 1 perfect",
        |f| f.roc_auc,
    ),
    ("average_precision", "Mean precision over all depths", |f| {
        f.average_precision
    }),
    (
        "lift_top_tenth",
        "Leavers in the top tenth over those in a tenth drawn at random",
        |f| f.lift_top_tenth,
    ),
    (
        "brier",
        "Mean squared error of the probabilities; lower is better",
        |f| f.brier,
    ),
    (
        "brier_reliability",
        "Part of the Brier score: how far what was said is from what happened, in ten bins; lower is better",
        |f| f.brier_reliability,
    ),
    (
        "brier_resolution",
        "Part of the Brier score: how far what happened in a bin is from what happens at large; higher is better",
        |f| f.brier_resolution,
    ),
    (
        "brier_uncertainty",
        "Part of the Brier score: what the outcomes alone make of it, the same for every model",
        |f| f.brier_uncertainty,
    ),
    (
        "brier_within",
        "Part of the Brier score: what differences within a bin add; brier = reliability - resolution + uncertainty + within",
        |f| f.brier_within,
    ),
    (
        "calibration_error",
        "Expected calibration error, in ten bins of equal numbers; lower is better",
        |f| f.calibration_error,
    ),
    (
        "kolmogorov_smirnov",
        "Distance of the scores of leavers and stayers at the cut-off where they are furthest apart",
        |f| f.kolmogorov_smirnov,
    ),
    (
        "expected_maximum_profit",
        "EMPC: what the best campaign earns for each customer, over what is not known of the acceptance",
        |f| f.expected_maximum_profit,
    ),
    (
        "expected_maximum_profit_share",
        "The share of customers that campaign contacts",
        |f| f.expected_maximum_profit_share,
    ),
    (
        "maximum_profit",
        "What the best campaign earns for each customer, with the mean acceptance",
        |f| f.maximum_profit,
    ),
    (
        "maximum_profit_share",
        "The share of customers that campaign contacts",
        |f| f.maximum_profit_share,
    ),
];

/// Ends of the intervals.
const RANGES: [Column<ModelRow>; 6] = [
    ("log_loss_low", "Lower end of the 95 % interval", |row| {
        low(&row.ranges.log_loss_range)
    }),
    ("log_loss_high", "Upper end of the 95 % interval", |row| {
        high(&row.ranges.log_loss_range)
    }),
    ("roc_auc_low", "Lower end of the 95 % interval", |row| {
        low(&row.ranges.roc_auc_range)
    }),
    ("roc_auc_high", "Upper end of the 95 % interval", |row| {
        high(&row.ranges.roc_auc_range)
    }),
    (
        "average_precision_low",
        "Lower end of the 95 % interval",
        |row| low(&row.ranges.average_precision_range),
    ),
    (
        "average_precision_high",
        "Upper end of the 95 % interval",
        |row| high(&row.ranges.average_precision_range),
    ),
];

/// Means over the test dates.
const MEANS: [Column<ModelRow>; 3] = [
    (
        "mean_log_loss",
        "Mean over all test dates (churn_dates)",
        |row| row.mean.mean_log_loss,
    ),
    (
        "mean_roc_auc",
        "Mean over all test dates (churn_dates)",
        |row| row.mean.mean_roc_auc,
    ),
    (
        "mean_average_precision",
        "Mean over all test dates (churn_dates)",
        |row| row.mean.mean_average_precision,
    ),
];

fn low(range: &Range) -> f64 {
    range.low
}

fn high(range: &Range) -> f64 {
    range.high
}

/// The leaderboard.
pub fn models(rows: &[ModelRow]) -> Result<RecordBatch> {
    let ranks: ArrayRef = Arc::new(rows.iter().map(|row| row.rank).collect::<UInt64Array>());
    let flags = |of: fn(&ModelRow) -> bool| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(of(row)))
                .collect::<BooleanArray>(),
        )
    };
    let trees: ArrayRef = Arc::new(rows.iter().map(|row| row.trees).collect::<UInt64Array>());
    let mut table = TableBuilder::new()
        .column("rank", "Its place by log loss on the test date", ranks)
        .column(
            "model",
            "Its name in the settings",
            text(rows.iter().map(|row| &row.model)),
        )
        .column(
            "title",
            "What people call it",
            text(rows.iter().map(|row| &row.title)),
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
        )
        .column(
            "validation_log_loss",
            "Log loss on the validation date, by which one was chosen",
            numbers(
                validation(rows.iter().map(|row| row.validation_log_loss)),
                6,
            ),
        );
    for (name, about, of) in FIGURES {
        let values = rows.iter().map(|row| of(&row.figures));
        table = table.column(name, about, numbers(values, 6));
    }
    for (name, about, of) in RANGES.into_iter().chain(MEANS) {
        table = table.column(name, about, numbers(rows.iter().map(of), 6));
    }
    table.column("trees", "Trees, for boosting", trees).build()
}

/// Every model on every test date.
pub fn dates(rows: &[DateRow]) -> Result<RecordBatch> {
    let count = |of: fn(&DateRow) -> u64| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<UInt64Array>())
    };
    let mut table = TableBuilder::new()
        .column(
            "test_date",
            "Where it was tested, on what could be known by then",
            text(rows.iter().map(|row| &row.test)),
        )
        .column(
            "model",
            "Its name in the settings",
            text(rows.iter().map(|row| row.model)),
        )
        .column(
            "title",
            "What people call it",
            text(rows.iter().map(|row| &row.title)),
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
        .column(
            "left",
            "Those of them who left",
            count(|row| row.test_churned),
        )
        .column(
            "validation_log_loss",
            "Log loss on the last date before it that teaches",
            numbers(
                validation(rows.iter().map(|row| row.validation_log_loss)),
                6,
            ),
        );
    for (name, about, of) in FIGURES {
        let values = rows.iter().map(|row| of(&row.figures));
        table = table.column(name, about, numbers(values, 6));
    }
    table.build()
}

fn validation(losses: impl Iterator<Item = Option<f64>>) -> impl Iterator<Item = f64> {
    losses.map(|loss| loss.unwrap_or(f64::NAN))
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
        .column(
            "from",
            "Lowest probability in the bin",
            number(|row| row.from),
        )
        .column("to", "Highest probability in the bin", number(|row| row.to))
        .column(
            "said",
            "Mean probability in the bin",
            number(|row| row.said),
        )
        .column("happened", "The share that left", number(happened))
        .column(
            "happened_low",
            "Lower end of its 95 % interval (Wilson)",
            number(|row| wilson_interval(row.left, row.customers)[0]),
        )
        .column(
            "happened_high",
            "Upper end of its 95 % interval (Wilson)",
            number(|row| wilson_interval(row.left, row.customers)[1]),
        )
        .column(
            "customers",
            "Customers in the bin",
            count(|row| row.customers),
        )
        .column("left", "Those of them who left", count(|row| row.left))
        .build()
}

/// The share of a bin's customers that left.
pub fn happened(row: &ReliabilityRow) -> f64 {
    row.left as f64 / row.customers as f64
}

/// One rule for each leaf of the readable tree, the likeliest to leave first.
pub fn tree_rules(tree: &DecisionTree, names: &[CategoryNames]) -> Result<RecordBatch> {
    let mut rules = tree.rules();
    rules.sort_by(|a, b| b.rate.total_cmp(&a.rate).then(a.leaf.cmp(&b.leaf)));
    let number = |of: fn(&LeafRule) -> f64| numbers(rules.iter().map(of), 6);
    let leaves: ArrayRef = Arc::new(
        rules
            .iter()
            .map(|rule| rule.leaf as u32)
            .collect::<UInt32Array>(),
    );
    let customers: ArrayRef = Arc::new(
        rules
            .iter()
            .map(|rule| rule.rows as u64)
            .collect::<UInt64Array>(),
    );
    TableBuilder::new()
        .column("leaf", "Its number in churn_tree.txt", leaves)
        .column(
            "rule",
            "What leads there; every customer meets exactly one rule",
            text(rules.iter().map(|rule| rule.to_text(names))),
        )
        .column(
            "customers",
            "Customers it was learned from, at all dates",
            customers,
        )
        .column(
            "coverage",
            "Their share of all",
            number(|rule| rule.coverage),
        )
        .column(
            "rate",
            "The share of them that left",
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

/// What the scores look at, most important first.
///
/// - `importance`: one a feature, where the model tells; else there are no rows.
pub fn features(about: &[String], names: &[String], importance: &[f64]) -> Result<RecordBatch> {
    let total: f64 = importance.iter().sum();
    let mut order: Vec<usize> = (0..importance.len()).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
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
            text(order.iter().map(|place| &names[*place])),
        )
        .column(
            "importance",
            "Its share of what the chosen model leans on: of what splits on it gained, or of what it adds to the log-odds",
            numbers(order.iter().map(share), 6),
        )
        .column(
            "meaning",
            "What it is",
            text(order.iter().map(|place| &about[*place])),
        )
        .build()
}

/// The scores: one row a customer.
///
/// - `probabilities`, `bands`, `reasons`: one for each customer; fewer reasons than `most` leave
///   the others empty.
/// - `left`: what is known of each customer already, where a label says it.
pub fn scores(
    customers: ArrayRef,
    probabilities: &[f64],
    bands: &[&str],
    reasons: &[Vec<String>],
    most: usize,
    left: Option<ArrayRef>,
) -> Result<RecordBatch> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| {
        probabilities[*b]
            .total_cmp(&probabilities[*a])
            .then(a.cmp(b))
    });
    let mut ranks = vec![0u32; probabilities.len()];
    for (rank, row) in order.iter().enumerate() {
        ranks[*row] = rank as u32 + 1;
    }
    let ranks: ArrayRef = Arc::new(UInt32Array::from(ranks));
    let mut table = TableBuilder::new()
        .column("customer_id", "Who", customers)
        .column(
            "churn_probability",
            "Probability of leaving",
            numbers(probabilities.iter().copied(), 6),
        )
        .column("band", "Risk band", text(bands))
        .column("rank", "1 is the customer most likely to leave", ranks);
    for place in 0..most {
        let nth = reasons
            .iter()
            .map(|reasons| reasons.get(place).map_or("", String::as_str));
        let about = format!("What weighs most in the score, number {}", place + 1);
        table = table.column(&format!("reason_{}", place + 1), &about, text(nth));
    }
    if let Some(left) = left {
        let about = "Whether the customer left, by the label; empty where it does not say";
        table = table.column("left", about, left);
    }
    table.build()
}
