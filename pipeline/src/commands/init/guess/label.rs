//! Without a history: which attribute of the customers says who left.

use super::{Guess, Label};
use crate::commands::init::column::Column;
use crate::commands::init::names::{self, fit, fold};
use crate::commands::init::roles::{Roles, SURE};
use crate::commands::init::source::{Pick, Value};
use crate::commands::init::table::Table;
use crate::stages::churn::label_meaning;
use crate::text::in_english;

/// The different values of a column that could be a label, without blanks and case.
fn label_values(column: &Column) -> Vec<String> {
    let mut values: Vec<(String, &String)> = column
        .labels
        .iter()
        .flatten()
        .map(|(value, _)| (value.trim().to_lowercase(), value))
        .filter(|(folded, _)| !folded.is_empty())
        .collect();
    values.sort();
    values.dedup_by(|a, b| a.0 == b.0);
    values.into_iter().map(|(_, value)| value.clone()).collect()
}

/// The values that say that somebody left, if that is what a column's values speak of.
fn leaves(values: &[String]) -> Option<Vec<String>> {
    let speaks = |value: &String| {
        let word = fold(value);
        [
            "churn", "left", "exited", "attrit", "cancel", "gone", "lost",
        ]
        .iter()
        .any(|known| word.starts_with(known))
    };
    let stays = |value: &String| {
        label_meaning(value) == Some(false)
            || ["joined", "new", "loyal"].contains(&fold(value).as_str())
    };
    let (left, others): (Vec<&String>, Vec<&String>) =
        values.iter().partition(|value| speaks(value));
    let fits = !left.is_empty() && !others.is_empty() && others.into_iter().all(stays);
    fits.then(|| left.into_iter().cloned().collect())
}

/// For a file that says who left: the column that names whom, which may be called no more than `id`.
pub fn labelled(file: &Table, roles: &Roles) -> Option<usize> {
    let says = |column: &Column| {
        let values = label_values(column);
        leaves(&values).is_some()
            || values.len() == 2 && fit(&names::LEFT, column.known_as()) >= SURE
    };
    if roles.time.is_some() || roles.customer.is_some() || !file.columns.iter().any(says) {
        return None;
    }
    let names_rows = |column: &Column| column.unique() && column.names_things();
    let bare = |column: &Column| {
        ["id", "index", "key", "no", "nr", "rownumber"].contains(&fold(&column.name).as_str())
    };
    let columns = &file.columns;
    columns
        .iter()
        .position(|column| names_rows(column) && bare(column))
        .or_else(|| {
            columns
                .iter()
                .position(|column| names_rows(column) && column.names_rows())
        })
}

impl Guess {
    /// The attribute that says who left, where there is no history to see it in.
    pub(super) fn find_label(&self, files: &[Table]) -> Option<Label> {
        if self.has("interactions") {
            return None;
        }
        let source = self.sources.iter().find(|s| s.table == "customers")?;
        let alike = |pick: &Pick| fit(&names::LEFT, &pick.name);
        let values = |pick: &Pick| match &pick.value {
            Value::Column(name) | Value::Number(name, _) => files[source.file]
                .column(name)
                .map_or(Vec::new(), label_values),
            _ => Vec::new(),
        };
        // Called so and with two values; or with values that say nothing else, whatever it is called.
        let sure = |pick: &Pick| values(pick).len() == 2 && alike(pick) >= SURE;
        let says = |pick: &Pick| leaves(&values(pick)).is_some();
        let best = |good: &dyn Fn(&Pick) -> bool| {
            let candidates = source.picks.iter().filter(|pick| good(pick));
            candidates.reduce(|a, b| if alike(b) > alike(a) { b } else { a })
        };
        let best = best(&sure).or_else(|| best(&says))?;
        let there = values(best);
        let known = there.iter().all(|value| label_meaning(value).is_some());
        let positive = match known {
            true => Vec::new(),
            false => leaves(&there).unwrap_or_default(),
        };
        let akin = source.picks.iter().filter(|pick| alike(pick) > 0.0);
        Some(Label {
            name: best.name.clone(),
            evidence: best.evidence.clone(),
            positive,
            akin: akin
                .map(|pick| pick.name.clone())
                .filter(|name| *name != best.name)
                .collect(),
        })
    }

    /// Without a history and without a label there is nothing to learn from.
    pub(super) fn lacking(&self, files: &[Table]) -> Vec<String> {
        if self.label.is_some() || self.has("interactions") {
            return Vec::new();
        }
        let columns = files.iter().flat_map(|file| &file.columns);
        let mut called = columns.filter(|column| fit(&names::LEFT, column.known_as()) >= SURE);
        let why = match called.next() {
            Some(column) => {
                let values = label_values(column);
                format!(
                    "nothing says who left: `{}` is called like it and has {} ({})",
                    column.name,
                    in_english(values.len() as u64, "value"),
                    values
                        .iter()
                        .take(4)
                        .map(|value| format!("`{value}`"))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
            None => "there is no history (who, when), and no column of the customers says who left"
                .to_owned(),
        };
        vec![why]
    }
}
