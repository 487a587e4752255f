//! Looks at what was loaded, so that the catalogue can say which features there can be.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::sql::{CHOSEN, NO_AMOUNT};
use crate::contract::features::{History, Kind, identifier};
use crate::contract::{CONSENT_GIVEN, TABLES};
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// For how many of the most used channels the share is a feature.
const MOST_CHANNELS: usize = 5;

/// What the warehouse has; of departments so many at most.
pub fn look(warehouse: &Warehouse, departments: usize) -> Result<History> {
    let mut history = History {
        days: u32::try_from((warehouse.end - warehouse.first_day).num_days()).unwrap_or(0),
        ..History::default()
    };
    for table in TABLES {
        let columns = table.columns.iter().map(|column| column.name);
        let there = columns.filter(|column| warehouse.has_column(table.name, column));
        history.columns.extend(there.map(|name| (table.name, name)));
    }
    history.kinds = kinds(warehouse, &history)?;
    history.departments = largest_departments(warehouse, &history, departments)?;
    history.channels = channels(warehouse, &history)?;
    for table in ["customers", "interactions"] {
        if names_accounts(warehouse, &history, table)? {
            history.accounts.push(table);
        }
    }
    Ok(history)
}

/// The kinds beside purchases, and what is known of each. What was said of being contacted is no
/// activity, and a yes counts no more than a no.
fn kinds(warehouse: &Warehouse, history: &History) -> Result<Vec<Kind>> {
    let known = |column: &str| match history.tells(column) {
        true => format!("count({column})"),
        false => "0".to_owned(),
    };
    let with_status = |word: &str| match history.tells("status") {
        true => format!("count(CASE WHEN lower(status) = '{word}' THEN 1 END)"),
        false => "0".to_owned(),
    };
    let columns = [
        known("rating"),
        known("duration_seconds"),
        known("due_on"),
        with_status("open"),
        with_status("due"),
        with_status("late"),
        with_status("disputed"),
    ];
    let columns: String = columns
        .iter()
        .enumerate()
        .map(|(number, count)| format!(", {count} AS known_{number}"))
        .collect();
    let found = warehouse.scope.query(&format!(
        "SELECT kind{columns} FROM interactions WHERE kind NOT IN ('purchase', '{CONSENT_GIVEN}') GROUP BY kind ORDER BY kind"
    ))?;
    let names = found.column(0).as_string::<i32>();
    let some = |column: usize, row: usize| number(&found, column, row) > 0;
    let kind = |row| Kind {
        name: names.value(row).to_owned(),
        rated: some(1, row),
        timed: some(2, row),
        has_due_day: some(3, row),
        has_open: some(4, row),
        has_due: some(5, row),
        has_late: some(6, row),
        has_disputed: some(7, row),
    };
    Ok((0..found.num_rows()).map(kind).collect())
}

/// The departments with the largest spend, the largest first.
fn largest_departments(
    warehouse: &Warehouse,
    history: &History,
    most: usize,
) -> Result<Vec<String>> {
    if !history.has("products", "department") || !history.tells("product_id") {
        return Ok(Vec::new());
    }
    let amount = match history.tells("amount") {
        true => "amount",
        false => NO_AMOUNT,
    };
    let largest = warehouse.scope.query(&format!(
        "SELECT p.department, sum(s.amount) AS amount FROM (SELECT product_id, sum({amount}) AS amount FROM interactions \
         WHERE kind = 'purchase' GROUP BY product_id) s JOIN products p ON s.product_id = p.product_id \
         WHERE p.department IS NOT NULL GROUP BY p.department ORDER BY amount DESC NULLS LAST, p.department LIMIT {most}"
    ))?;
    Ok(distinct_columns(
        largest.column(0).as_string::<i32>().iter().flatten(),
    ))
}

/// The channels that are used most; none where there is only one.
fn channels(warehouse: &Warehouse, history: &History) -> Result<Vec<String>> {
    if !history.tells("channel") {
        return Ok(Vec::new());
    }
    let used = warehouse.scope.query(&format!(
        "SELECT lower(channel) AS channel, count(*) AS times FROM interactions WHERE {CHOSEN} \
         GROUP BY 1 ORDER BY times DESC, channel LIMIT {}",
        2 * MOST_CHANNELS
    ))?;
    let mut channels = distinct_columns(used.column(0).as_string::<i32>().iter().flatten());
    channels.truncate(MOST_CHANNELS);
    if channels.len() < 2 {
        channels.clear();
    }
    Ok(channels)
}

/// Whether a table names an account anywhere.
fn names_accounts(warehouse: &Warehouse, history: &History, table: &str) -> Result<bool> {
    if !history.has(table, "account_id") {
        return Ok(false);
    }
    let named = warehouse
        .scope
        .query(&format!("SELECT count(account_id) FROM {table}"))?;
    Ok(number(&named, 0, 0) > 0)
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<Int64Type>().value(row)
}

/// Names without those that would share a column because they differ in punctuation alone.
fn distinct_columns<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        let is_same = |known: &String| identifier(known) == identifier(name);
        if !distinct.iter().any(is_same) {
            distinct.push(name.to_owned());
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_share_a_column_are_taken_once() {
        let names = ["Drug GM", "DRUG-GM", "Drug"].into_iter();
        assert_eq!(distinct_columns(names), ["Drug GM", "Drug"]);
    }
}
