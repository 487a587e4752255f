//! Customers who are scored by a model that was saved: nobody teaches.

use arrow::array::UInt32Array;
use arrow::compute::take;
use ndarray::Axis;
use regulars_models::format::SavedModel;

use super::everyone::Everyone;
use super::history::said;
use super::label;
use super::population::{Population, nobody};
use super::rows::eligible;
use crate::failure::{Failure, Result};
use crate::stages::Context;
use crate::timeline::snapshot::Snapshot;

/// Whom a saved model scores, with the features that it takes, in their order.
///
/// - `snapshot`: the features of the date; none where a label takes the place of the history.
///
/// # Errors
/// A feature of the model is not there.
pub fn saved_population(
    context: &Context<'_>,
    snapshot: Option<&Snapshot>,
    model: &SavedModel,
) -> Result<Population> {
    let churn = &context.settings.config.churn;
    if let Some(label) = &churn.label {
        return label::saved_population(context, label, model);
    }
    let Some(snapshot) = snapshot else {
        return Err(Failure::machine("a history is scored by its features"));
    };
    let gone = |error| Failure::data(format!("the features at {}: {error}", snapshot.as_of));
    let order = model.column_order(&snapshot.names).map_err(gone)?;
    let scored = eligible(snapshot, churn)?;
    let places: UInt32Array = scored.iter().map(|row| *row as u32).collect();
    let about = order.iter().map(|place| snapshot.about[*place].clone());
    let config = &context.settings.config;
    Ok(Population {
        people: None,
        everyone: Some(Everyone::of(snapshot, churn, &config.project.basket)?),
        base_rate: f64::NAN,
        customers: take(&snapshot.customers, &places, None)?,
        features: snapshot.rows(&scored).select(Axis(1), &order),
        worth: None,
        known: None,
        words: said(context, churn.horizon_days, about.collect()),
        as_of: Some(snapshot.as_of),
        rows_in: snapshot.len() as u64,
        warnings: context.warehouse()?.warnings.clone(),
        task: nobody(model),
        dates: None,
    })
}
