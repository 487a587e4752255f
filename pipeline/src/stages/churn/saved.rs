//! Customers who are scored by a model that was saved: nobody teaches.

use arrow::array::UInt32Array;
use arrow::compute::take;
use regulars_models::format::SavedModel;

use super::beside::taken;
use super::everyone::Everyone;
use super::history::said;
use super::label;
use super::label::saved::unknown_categories;
use super::population::{Population, nobody};
use super::rows::eligible;
use crate::failure::{Failure, Result};
use crate::stages::Context;
use crate::timeline::snapshot::Snapshot;
use crate::words::in_english;

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
    let scored = eligible(snapshot, churn)?;
    let places: UInt32Array = scored.iter().map(|row| *row as u32).collect();
    let taken = taken(context, snapshot, &scored, model, false)?;
    let mut warnings = context.warehouse()?.warnings.clone();
    warnings.extend(unknown_categories(&taken.strange));
    let config = &context.settings.config;
    Ok(Population {
        people: None,
        everyone: Some(Everyone::of(snapshot, churn, &config.project.basket)?),
        base_rate: f64::NAN,
        customers: take(&snapshot.customers, &places, None)?,
        features: taken.features,
        worth: None,
        known: None,
        strange: taken.strange,
        words: said(context, churn.horizon_days, taken.about),
        english: in_english(|| said(context, churn.horizon_days, Vec::new())),
        as_of: Some(snapshot.as_of),
        rows_in: snapshot.len() as u64,
        warnings,
        task: nobody(model),
        dates: None,
    })
}
