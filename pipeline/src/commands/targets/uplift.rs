//! What `campaign learn` has learned of whom a contact changes, on the customers of today.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef};
use chrono::NaiveDate;
use regulars_models::format::SavedModel;

use super::ledger::{CONTROL, Sending};
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::suppressed::texts;
use crate::timeline::snapshot::Snapshot;
use crate::warning::{UNCLEAR_CAMPAIGN, Warning};

/// The fact of a saved model that names the first day that it has not seen.
pub const SEEN_UNTIL: &str = "seen_until";
/// The fact that names the lists that it was learned from, one a line.
pub const LISTS: &str = "lists";

/// What the files of a list's model of uplift are called, but for their endings.
pub fn stem(list: &str) -> String {
    format!("campaigns/uplift/{list}")
}

/// A saved model of uplift.
pub struct Learned {
    list: String,
    model: SavedModel,
    seen_until: NaiveDate,
}

impl Learned {
    /// Reads the model of a list.
    ///
    /// # Errors
    /// Nothing was learned from the list, or the campaigns did not tell whom a contact changes; or the
    /// file is not what was written.
    pub fn open(manifest: &Manifest, out: &Path, list: &str) -> Result<Self> {
        let name = format!("{}.json", stem(list));
        let there = |name: &str| manifest.files.iter().any(|file| file.path == name);
        if !there(&name) {
            return Err(match there(&format!("{}.parquet", stem(list))) {
                true => Failure::settings(format!(
                    "what was sent by {list} does not tell whom a contact changes"
                ))
                .hint(format!(
                    "choose by profit, or learn again from more: regulars campaign learn {list}"
                )),
                false => Failure::settings(format!(
                    "it has not been learned yet whom a contact of {list} changes"
                ))
                .hint(format!(
                    "regulars campaign learn {list}, once its days are over; it needs a control group"
                )),
            });
        }
        let path = out.join(&name);
        let text = std::fs::read_to_string(&path).during(path.display())?;
        let strange = |problem: String| {
            Failure::data(format!("{name}: {problem}"))
                .hint(format!("learn it again: regulars campaign learn {list}"))
        };
        let model = SavedModel::from_json(&text).map_err(|error| strange(error.to_string()))?;
        let seen_until = model
            .facts()
            .get(SEEN_UNTIL)
            .and_then(|day| day.parse().ok());
        let seen_until =
            seen_until.ok_or_else(|| strange(format!("it does not say `{SEEN_UNTIL}`")))?;
        Ok(Self {
            list: list.to_owned(),
            model,
            seen_until,
        })
    }

    /// Refuses a model that has seen what came after a date.
    pub fn before(&self, date: NaiveDate) -> Result<()> {
        if self.seen_until <= date {
            return Ok(());
        }
        Err(Failure::settings(format!(
            "what is known of {} was learned from days before {}, and the list is of {date}",
            self.list, self.seen_until
        ))
        .hint(format!(
            "learn as of that date: regulars campaign learn {} --as-of {date}",
            self.list
        )))
    }

    /// Whether there is more to learn from by now.
    pub fn outdated(&self, name: &str, ledger: &[Sending], date: NaiveDate) -> Option<Warning> {
        let lists = self.model.facts().get(LISTS).map_or("", String::as_str);
        let newer = ledger.iter().find(|sending| {
            let of_these = lists.lines().any(|list| list == sending.list);
            let seen = self.seen_until < sending.until && sending.until <= date;
            of_these && seen && sending.members(CONTROL).is_ok_and(|held| !held.is_empty())
        })?;
        let message = tr!(
            "{list}: {newer} of {date} is over and its outcome not yet learned from: regulars campaign learn {learned}",
            list = name,
            newer = newer.list,
            date = newer.date,
            learned = self.list
        );
        Some(Warning::new(UNCLEAR_CAMPAIGN, message))
    }

    /// For everybody, how much more probable a contact makes a purchase; NaN for those who have no
    /// features.
    ///
    /// # Errors
    /// The features are others than those that it was learned with.
    pub fn changes(&self, now: &Snapshot, everybody: &ArrayRef) -> Result<Vec<f64>> {
        let order = self.model.column_order(&now.names).map_err(|error| {
            Failure::data(format!(
                "what is known of {} does not fit the features of {}: {error}",
                self.list, now.as_of
            ))
            .hint(format!(
                "learn it again: regulars campaign learn {}",
                self.list
            ))
        })?;
        let all: Vec<usize> = (0..now.len()).collect();
        let x = now.rows(&all).select(ndarray::Axis(1), &order);
        let says = self.model.model().predict(x.view());
        let ids = texts(&now.customers)?;
        let by_id: HashMap<&str, f64> = ids
            .iter()
            .flatten()
            .zip(says.column(0).iter().copied())
            .collect();
        let everybody = texts(everybody)?;
        let change = |row: usize| by_id.get(everybody.value(row)).copied();
        Ok((0..everybody.len())
            .map(|row| change(row).unwrap_or(f64::NAN))
            .collect())
    }
}
