//! Which kinds of interaction a history has beside purchases, and what it knows of each.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::failure::Result;
use crate::warehouse::Warehouse;

/// Statuses that end a complaint.
pub const CLOSED: &str = "('closed', 'resolved', 'solved')";

/// What the history knows of one kind.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// Its name, one of the contract's.
    pub name: String,
    /// Some have a rating.
    pub rated: bool,
    /// Of some it is known how long they took.
    pub timed: bool,
    /// Of some it is known when they were due.
    pub has_due_day: bool,
    /// Some have the status `open`.
    pub has_open: bool,
    /// Some have the status `due`.
    pub has_due: bool,
    /// Some have the status `late`.
    pub has_late: bool,
    /// Some have the status `disputed`.
    pub has_disputed: bool,
}

/// Every kind that the history has beside purchases, by name.
pub struct Kinds {
    /// The kinds.
    pub found: Vec<Kind>,
    /// Whether interactions have a status at all.
    pub status: bool,
    /// Whether they have an amount.
    pub amount: bool,
}

impl Kinds {
    /// Asks the history.
    pub fn new(warehouse: &Warehouse) -> Result<Self> {
        let has = |column: &str| warehouse.has_column("interactions", column);
        let status = has("status");
        let known = |column: &str| match has(column) {
            true => format!("count({column})"),
            false => "0".to_owned(),
        };
        let with_status = |word: &str| match status {
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
        let found = warehouse.engine.query(&format!(
            "SELECT kind{columns} FROM interactions WHERE kind <> 'purchase' GROUP BY kind ORDER BY kind"
        ))?;
        let names = found.column(0).as_string::<i32>();
        let some = |column: usize, row: usize| {
            let counts = found.column(column).as_primitive::<Int64Type>();
            counts.value(row) > 0
        };
        let found = (0..found.num_rows())
            .map(|row| Kind {
                name: names.value(row).to_owned(),
                rated: some(1, row),
                timed: some(2, row),
                has_due_day: some(3, row),
                has_open: some(4, row),
                has_due: some(5, row),
                has_late: some(6, row),
                has_disputed: some(7, row),
            })
            .collect();
        Ok(Self {
            found,
            status,
            amount: has("amount"),
        })
    }

    /// What is known of a kind, if the history has it.
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.found.iter().find(|kind| kind.name == name)
    }

    /// Whether the history has a kind.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}
