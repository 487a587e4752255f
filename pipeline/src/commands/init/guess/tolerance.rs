//! What a load has to tolerate, so that the draft runs on data as they are.

use super::Guess;
use crate::commands::init::column::Column;
use crate::commands::init::source::{Source, Value};
use crate::commands::init::table::Table;
use crate::text::percent;

/// No draft tolerates a larger share of rejected rows than this: whoever does has to say so.
const MOST_LACKING: f64 = 0.5;
impl Guess {
    /// What a load has to tolerate, so that the draft runs on data as they are.
    pub(super) fn tolerances(&mut self, files: &[Table]) {
        for source in self
            .sources
            .iter()
            .filter(|source| source.table == "interactions")
        {
            let file = &files[source.file];
            let all = (file.rows + file.malformed).max(1) as f64;
            let lacking = lacking(file, source);
            let broken = file.malformed as f64 / all;
            let share = lacking * (1.0 - broken) + broken;
            if share > MOST_LACKING {
                self.unusable = Some(format!(
                    "{} of the rows looked at have no customer or no time, or cannot be read: a load will refuse them unless max_reject_share says otherwise",
                    percent(share)
                ));
            } else if share > 0.04 && self.rejects.as_ref().is_none_or(|(most, _)| share > *most) {
                let tolerated = ((share * 1.2 + 0.01) * 100.0).ceil() / 100.0;
                self.rejects = Some((
                    tolerated,
                    format!(
                        "{} of the rows looked at have no customer or no time, or cannot be read, and will be rejected",
                        percent(share)
                    ),
                ));
            }
            let copies = file.copies as f64 / all;
            if copies > 0.01 && !source.picks.iter().any(|pick| pick.name == "quantity") {
                self.copies = Some(format!(
                    "{} of the rows are exact copies of others, and there is no quantity: this looks like a till that writes a line for each item",
                    percent(copies)
                ));
            }
        }
    }
}

/// The share of the rows that have no customer or no time.
fn lacking(file: &Table, source: &Source) -> f64 {
    let column = |name: &str| {
        let pick = source.picks.iter().find(|pick| pick.name == name)?;
        match &pick.value {
            Value::Column(column) => file.column(column),
            _ => None,
        }
    };
    // Guests are rows without a customer that are meant to be there.
    let guests = source.guests.as_ref();
    let guests = guests.is_some_and(|(words, _)| words.iter().any(String::is_empty));
    let needed: Vec<&Column> = ["customer_id", "occurred_at"]
        .into_iter()
        .filter(|name| !(guests && *name == "customer_id"))
        .filter_map(column)
        .collect();
    // A row that lacks both is one row.
    let seen = needed.iter().map(|column| column.known_rows()).max();
    let seen = seen.unwrap_or(0);
    let lacking = (0..seen).filter(|&row| needed.iter().any(|column| !column.has(row)));
    lacking.count() as f64 / seen.max(1) as f64
}
