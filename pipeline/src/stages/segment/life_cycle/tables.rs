//! The tables of the life cycle.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, RecordBatch, UInt32Array, UInt64Array, new_null_array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{Field, Schema};
use regulars_models::life_cycle::{Placed, Stage};

use super::super::words;
use super::{LifeMetrics, Move, StageRow, name};
use crate::config::LifeCycle as Asked;
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::stages::segment::people::People;
use crate::words::said;

/// In the column `rfm_segment`: known, and has not bought anything.
pub const NEVER_BOUGHT: &str = mark!("Never Bought");

/// The table of customers who bought, with the life cycle, and with those who never bought.
///
/// - `table`: those who bought, in the order of their ids.
pub fn with_life_cycle(
    table: &RecordBatch,
    people: &People,
    now: &[Placed],
    asked: &Asked,
) -> Result<RecordBatch> {
    let bought = (0..people.len()).filter(|row| !people.purchases(*row).is_empty());
    if bought.count() != table.num_rows() {
        return Err(
            Failure::data("the features know other customers than the warehouse")
                .hint("run features again, or the whole job: regulars run"),
        );
    }
    // Rows of the table, and behind them a row for who never bought.
    let mut next = 0;
    let rows = (0..people.len()).map(|row| match people.purchases(row).is_empty() {
        true => table.num_rows() as u32,
        false => {
            next += 1;
            next - 1
        }
    });
    let rows: UInt32Array = rows.collect();
    let mut fields: Vec<Field> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let schema = table.schema();
    for (field, column) in schema.fields().iter().zip(table.columns()) {
        let behind: ArrayRef = match field.name().as_str() {
            "rfm_segment" => text([NEVER_BOUGHT]),
            "rfm_segment_words" => text([said(NEVER_BOUGHT)]),
            _ => new_null_array(column.data_type(), 1),
        };
        let column = match field.name().as_str() {
            "customer_id" => people.ids.clone(),
            _ => take(&concat(&[column.as_ref(), behind.as_ref()])?, &rows, None)?,
        };
        fields.push(field.as_ref().clone());
        columns.push(column);
    }
    let life = stages(now, asked)?;
    let more = life.schema();
    fields.extend(more.fields().iter().map(|field| field.as_ref().clone()));
    columns.extend(life.columns().iter().cloned());
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}

fn stages(now: &[Placed], asked: &Asked) -> Result<RecordBatch> {
    let named = now.iter().map(|placed| placed.stage.name());
    let phases = now.iter().map(|placed| asked.phase_of(placed.stage));
    let rungs = now.iter().map(|placed| asked.rung_of(placed.stage));
    TableBuilder::new()
        .column(
            "life_cycle",
            "Stage of the life cycle, by the customer's own rhythm",
            text(named.clone()),
        )
        .in_words("life_cycle", named.map(|name| Some(words::stage(name))))
        .column("phase", "Phase of the relationship", text(phases))
        .in_words("phase", now.iter().map(|placed| Some(phase_words(placed.stage, asked))))
        .column("ladder", "Rung of the ladder of loyalty", text(rungs))
        .in_words("ladder", now.iter().map(|placed| Some(rung_words(placed.stage, asked))))
        .column(
            "usual_gap_days",
            "Four of five of the customer's gaps between purchases are no longer; few gaps are drawn towards those of all",
            numbers(now.iter().map(|placed| placed.q80), 1),
        )
        .column(
            "long_gap_days",
            "95 of 100 of the customer's gaps between purchases are no longer; few gaps are drawn towards those of all",
            numbers(now.iter().map(|placed| placed.q95), 1),
        )
        .build()
}

/// The phase of a stage in the language of the command; the user's own word stays as it is.
fn phase_words(stage: Stage, asked: &Asked) -> &str {
    let phase = asked.phase_of(stage);
    match asked.phase.contains_key(stage.name()) {
        true => phase,
        false => words::phase(phase),
    }
}

/// The same of the rung on the ladder of loyalty.
fn rung_words(stage: Stage, asked: &Asked) -> &str {
    let rung = asked.rung_of(stage);
    match asked.ladder.contains_key(stage.name()) {
        true => rung,
        false => said(rung),
    }
}

/// The stages with their sizes, what they mean and what to do.
pub fn stages_table(found: &LifeMetrics, asked: &Asked) -> Result<RecordBatch> {
    let rows: Vec<(&StageRow, Stage)> = found
        .stages
        .iter()
        .filter_map(|row| {
            let mut stages = Stage::ALL.into_iter();
            stages
                .find(|stage| stage.name() == row.name)
                .map(|stage| (row, stage))
        })
        .collect();
    let told = |of: fn(Stage) -> &'static str| text(rows.iter().map(|row| said(of(row.1))));
    let customers: UInt64Array = rows.iter().map(|row| row.0.customers).collect();
    TableBuilder::new()
        .fact("churn_after_days", found.churn_after_days.to_string())
        .column(
            "life_cycle",
            "Stage of the life cycle",
            text(rows.iter().map(|row| row.1.name())),
        )
        .in_words(
            "life_cycle",
            rows.iter().map(|row| Some(words::stage(row.1.name()))),
        )
        .column("customers", "Customers in it", Arc::new(customers))
        .column(
            "share",
            "Share of all who are known",
            numbers(rows.iter().map(|row| row.0.share), 6),
        )
        .column(
            "spend_share",
            "Share of all spend",
            numbers(rows.iter().map(|row| row.0.spend_share), 6),
        )
        .column(
            "phase",
            "Phase of the relationship",
            text(rows.iter().map(|row| asked.phase_of(row.1))),
        )
        .in_words(
            "phase",
            rows.iter().map(|row| Some(phase_words(row.1, asked))),
        )
        .column(
            "ladder",
            "Rung of the ladder of loyalty",
            text(rows.iter().map(|row| asked.rung_of(row.1))),
        )
        .in_words(
            "ladder",
            rows.iter().map(|row| Some(rung_words(row.1, asked))),
        )
        .column("meaning", "Who they are", told(Stage::description))
        .column("action", "What to do", told(Stage::action))
        .build()
}

/// Who went from which stage to which, month by month.
pub fn flow_table(moves: &[Move]) -> Result<RecordBatch> {
    let dates = |place: usize| -> ArrayRef {
        let days = moves.iter().map(|step| step.dates[place].to_epoch_days());
        Arc::new(days.map(Some).collect::<Date32Array>())
    };
    let stages = |place: usize| text(moves.iter().map(|step| name(step.stages[place])));
    let told = |place: usize| {
        moves
            .iter()
            .map(move |step| Some(words::stage(name(step.stages[place]))))
    };
    let customers: UInt64Array = moves.iter().map(|step| step.customers).collect();
    TableBuilder::new()
        .column("from_date", "The earlier date", dates(0))
        .column("to_date", "The later date, a month after", dates(1))
        .column(
            "from_stage",
            "Stage at the earlier date, from what was known then",
            stages(0),
        )
        .in_words("from_stage", told(0))
        .column(
            "to_stage",
            "Stage at the later date, from what was known then",
            stages(1),
        )
        .in_words("to_stage", told(1))
        .column("customers", "How many went so", Arc::new(customers))
        .column(
            "share",
            "Of all who were in the earlier stage",
            numbers(moves.iter().map(|step| step.share), 6),
        )
        .build()
}
