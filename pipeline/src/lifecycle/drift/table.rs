//! `drift.csv`: a row for each feature, the scores first.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};

use super::Row;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, text};

/// The table.
pub fn table(rows: &[Row]) -> Result<RecordBatch> {
    let number = |of: &dyn Fn(&Row) -> f64| numbers(rows.iter().map(of), 6);
    let drifted: ArrayRef = Arc::new(
        rows.iter()
            .map(|row| Some(row.drifted))
            .collect::<BooleanArray>(),
    );
    TableBuilder::new()
        .column(
            "feature",
            "The feature; the first row is of the scores",
            text(rows.iter().map(|row| &row.name)),
        )
        .column(
            "psi",
            "Population stability index over the deciles of then; 0 where nothing has moved",
            number(&|row| row.found.psi),
        )
        .column(
            "psi_critical",
            "What chance alone stays below in 99 of 100 cases with so many customers",
            number(&|row| row.found.critical),
        )
        .column(
            "distance",
            "Kolmogorov-Smirnov distance at the deciles of then, those without a value last",
            number(&|row| row.found.distance),
        )
        .column(
            "p_value",
            "Chance of shares that differ so much where nothing has changed (Pearson's chi-squared test over the deciles or categories of then)",
            exact_numbers(rows.iter().map(|row| row.found.p_value)),
        )
        .column(
            "missing_then",
            "Share of customers without a value when the version was learned",
            number(&|row| row.missing[0]),
        )
        .column("missing_now", "The same now", number(&|row| row.missing[1]))
        .column(
            "new_categories",
            "Share of customers with a category that the model has not met, which count as missing",
            number(&|row| row.strange),
        )
        .column(
            "importance",
            "Its share of what the model leans on; empty where the model does not tell",
            number(&|row| row.importance),
        )
        .column(
            "moves_scores",
            "Its share of what moves the scores of today: mean sizes of Shapley values; empty where the model does not tell",
            number(&|row| row.moves),
        )
        .column(
            "drifted",
            "Whether psi is above max_psi and above psi_critical",
            drifted,
        )
        .column(
            "meaning",
            "What it is",
            text(rows.iter().map(|row| &row.about)),
        )
        .build()
}
