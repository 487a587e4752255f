//! The table that leaves the building: those who are contacted, best first, with the columns that the
//! list asks for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};

use super::choose::Choice;
use super::ledger::rows_of;
use super::plan::Plan;
use crate::config::targets::ID;
use crate::failure::Result;
use crate::known::Customers;
use crate::outputs::table::{TableBuilder, text};
use crate::suppressed::texts;
use crate::warehouse::forget_key::Key;

/// The offers of those who were chosen, in the order of the choice; empty texts where the list names
/// no offer.
pub fn offers(plan: &Plan<'_>, chosen: &RecordBatch) -> Result<StringArray> {
    if let Some(offer) = &plan.offer {
        return offer.texts(chosen);
    }
    let suggestion = chosen.column_by_name("suggestion");
    let suggestion = suggestion.filter(|_| plan.list.suggestion);
    Ok(match suggestion {
        Some(suggestion) => suggestion.as_string::<i32>().clone(),
        None => StringArray::from(vec![""; chosen.num_rows()]),
    })
}

/// The rows of everybody who was chosen, in the order of the choice.
pub fn chosen(rows: &RecordBatch, choice: &Choice) -> Result<RecordBatch> {
    let columns = rows.columns().iter();
    let columns = columns.map(|column| rows_of(column, &choice.rows));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

/// The table of those who are contacted.
///
/// `may` says of everybody, by their rows, who may be contacted; whoever may not is left out here
/// too, whatever was chosen.
pub fn table(
    plan: &Plan<'_>,
    customers: &Customers,
    rows: &RecordBatch,
    choice: &Choice,
    may: &dyn Fn(usize) -> bool,
    key: Option<&Key>,
) -> Result<RecordBatch> {
    let sent = choice.rows.iter().zip(&choice.held);
    let sent = sent.filter(|(row, held)| !**held && may(**row));
    let sent: Vec<usize> = sent.map(|(row, _)| *row).collect();
    let ids = rows_of(rows.column(0), &sent)?;
    let (ids, who) = match key {
        None => (ids, mark!("Who")),
        Some(key) => {
            let ids = texts(&ids)?;
            let hashes = ids.iter().map(|id| key.pseudonym(id.unwrap_or_default()));
            (text(hashes), mark!("Who, as a keyed hash of the id"))
        }
    };
    let mut table = TableBuilder::new().column(ID, who, ids);
    for name in &plan.columns {
        let about = customers.known(name).map_or("", |known| &known.about);
        table = table.column(name, about, rows_of(&plan.values(rows, name)?, &sent)?);
    }
    let taken = |name: &str| plan.columns.iter().any(|column| column == name);
    if let Some(channel) = plan.list.channel.as_deref().filter(|_| !taken("channel")) {
        let channels = text(sent.iter().map(|_| channel));
        table = table.column("channel", "Through which channel", channels);
    }
    if plan.offer.is_some() && !taken("offer") {
        let columns = rows.columns().iter().map(|column| rows_of(column, &sent));
        let sent = RecordBatch::try_new(rows.schema(), columns.collect::<Result<_>>()?)?;
        let offers: ArrayRef = Arc::new(offers(plan, &sent)?);
        table = table.column("offer", "What to offer", offers);
    }
    table.build()
}

/// How many are in a table.
pub fn number(table: &RecordBatch) -> u64 {
    table.column(0).len() as u64
}
