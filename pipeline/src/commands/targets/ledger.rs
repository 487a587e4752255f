//! What was sent to whom: a file for each list and date, `targets/ledger/NAME-DATE.parquet`, with
//! those who were held back. The cap, the control groups and the read-out are taken from it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use chrono::{Days, NaiveDate};

use crate::config::targets::ID;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::outputs::table::{TableBuilder, exact_numbers, text};
use crate::suppressed::{Ids, texts};

/// Where the files lie below the output folder.
const FOLDER: &str = "targets/ledger/";

/// Who was contacted.
pub const SENT: &str = "sent";
/// Who was held back.
pub const CONTROL: &str = "control";

/// The column of what the contact was expected to change, where a list was chosen by that.
pub const UPLIFT: &str = "expected_uplift";

/// One list as it was sent.
pub struct Sending {
    /// The list.
    pub list: String,
    /// The date that it speaks of.
    pub date: NaiveDate,
    /// The first day after it has run; that of the list itself where nobody is on it.
    pub until: NaiveDate,
    /// A row for each customer.
    pub rows: RecordBatch,
}

/// What a row of the ledger says besides who and which group.
pub struct Terms<'a> {
    /// The list.
    pub list: &'a str,
    /// The date that it speaks of.
    pub date: NaiveDate,
    /// How many days it runs.
    pub days: u32,
    /// The channel, if one is named.
    pub channel: &'a str,
    /// What a contact costs.
    pub cost: f64,
}

/// What was expected of each, NaN where nothing was.
pub struct Expected {
    /// How probable a response is.
    pub responses: Vec<f64>,
    /// What the contact brings, its cost taken off.
    pub profits: Vec<f64>,
    /// How much more probable it makes a purchase; none where the list did not ask that.
    pub changes: Option<Vec<f64>>,
}

/// Whether a file of the output folder is one of the ledger.
pub fn is_of_ledger(path: &str) -> bool {
    path.starts_with(FOLDER)
}

/// The file of a list and date.
pub fn file_name(list: &str, date: NaiveDate) -> String {
    format!("{FOLDER}{list}-{date}.parquet")
}

/// Every list that was sent, in the order of dates and names.
pub fn read(manifest: &Manifest, out: &Path) -> Result<Vec<Sending>> {
    let files = manifest.files.iter();
    let mut sendings = files
        .filter(|file| is_of_ledger(&file.path))
        .map(|file| Sending::read(&file.path, out))
        .collect::<Result<Vec<_>>>()?;
    sendings.sort_by(|a, b| (a.date, &a.list).cmp(&(b.date, &b.list)));
    Ok(sendings)
}

impl Sending {
    fn read(path: &str, out: &Path) -> Result<Self> {
        let strange = || {
            Failure::data(format!("{path} is no file of the ledger of lists"))
                .hint("bring it back from a backup, or remove it and its entry in manifest.json")
        };
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        let name = name.strip_suffix(".parquet").ok_or_else(strange)?;
        let place = name.len().checked_sub(11).ok_or_else(strange)?;
        let (list, date) = name.split_at_checked(place).ok_or_else(strange)?;
        let date: NaiveDate = date[1..].parse().map_err(|_| strange())?;
        let rows = read_parquet(&out.join(path)).map_err(|failure| {
            failure.hint("it says who got which list: bring it back from a backup, or remove its entry in manifest.json")
        })?;
        let until = rows
            .column_by_name("until")
            .and_then(|days| days.as_primitive_opt::<Date32Type>())
            .ok_or_else(strange)?;
        let until = match until.is_empty() {
            true => date,
            false => until.value_as_date(0).ok_or_else(strange)?,
        };
        for name in [ID, "group", "expected_response", "cost"] {
            rows.column_by_name(name).ok_or_else(strange)?;
        }
        Ok(Self {
            list: list.to_owned(),
            date,
            until,
            rows,
        })
    }

    /// The customers of a group, and how often each is there.
    pub fn group(&self, group: &str, id_type: &DataType) -> Result<Ids> {
        let mut ids = Ids::none(id_type);
        for id in self.members(group)? {
            ids.add(&id);
        }
        Ok(ids)
    }

    /// The customers of a group, as text.
    pub fn members(&self, group: &str) -> Result<Vec<String>> {
        let customers = texts(&self.column(ID)?)?;
        let groups = self.column("group")?;
        let groups = groups.as_string::<i32>();
        let of_group = (0..self.rows.num_rows()).filter(|&row| groups.value(row) == group);
        Ok(of_group
            .map(|row| customers.value(row).to_owned())
            .collect())
    }

    /// What a column says of each customer of a group, in the order of [`members`](Self::members);
    /// NaN where it says nothing.
    pub fn numbers(&self, column: &str, group: &str) -> Result<Vec<f64>> {
        let groups = self.column("group")?;
        let groups = groups.as_string::<i32>();
        let values = self.column(column)?;
        let values = values
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| Failure::data(format!("the ledger's {column} is no number")))?;
        let of_group = (0..values.len()).filter(|&row| groups.value(row) == group);
        let value = |row: usize| match values.is_valid(row) {
            true => values.value(row),
            false => f64::NAN,
        };
        Ok(of_group.map(value).collect())
    }

    /// The sum of a column over those who were contacted.
    pub fn sum(&self, column: &str) -> Result<f64> {
        let groups = self.column("group")?;
        let groups = groups.as_string::<i32>();
        let values = self.column(column)?;
        let values = values
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| Failure::data(format!("the ledger's {column} is no number")))?;
        let sent = (0..values.len()).filter(|&row| groups.value(row) == SENT);
        Ok(sent
            .filter(|&row| values.is_valid(row))
            .map(|row| values.value(row))
            .sum())
    }

    fn column(&self, name: &str) -> Result<ArrayRef> {
        self.rows.column_by_name(name).cloned().ok_or_else(|| {
            Failure::data(format!("the ledger of {} has no column {name}", self.list))
        })
    }

    /// Who has left it and who has joined it in another of the same list and date.
    pub fn changes(&self, other: &RecordBatch) -> Result<(usize, usize)> {
        let members = |rows: &RecordBatch| -> Result<BTreeSet<(String, String)>> {
            let of = |name: &str| {
                let column = rows.column_by_name(name);
                column.map_or_else(|| Ok(StringArray::from(Vec::<&str>::new())), texts)
            };
            let (ids, groups) = (of(ID)?, of("group")?);
            let pairs = ids.iter().zip(groups.iter());
            Ok(pairs
                .filter_map(|(id, group)| Some((id?.to_owned(), group?.to_owned())))
                .collect())
        };
        let (before, after) = (members(&self.rows)?, members(other)?);
        Ok((
            before.difference(&after).count(),
            after.difference(&before).count(),
        ))
    }
}

/// A list as the ledger keeps it, in the order of ids.
///
/// `customers` are the ids of all who were chosen, ascending; `held`, `offers` and what is `expected`
/// belong to them.
pub fn table(
    terms: &Terms<'_>,
    customers: ArrayRef,
    held: &[bool],
    offers: &StringArray,
    expected: Expected,
) -> Result<RecordBatch> {
    let day = |day: NaiveDate| -> ArrayRef {
        Arc::new(Date32Array::from(vec![day.to_epoch_days(); held.len()]))
    };
    let all = |value: &str| text(held.iter().map(|_| value));
    let until = terms.date + Days::new(terms.days.into());
    let costs = held.iter().map(|held| if *held { 0.0 } else { terms.cost });
    let Expected {
        responses,
        profits,
        changes,
    } = expected;
    let mut table = TableBuilder::new()
        .column(ID, "Who", customers)
        .column("list", "The list", all(terms.list))
        .column("as_of", "The date that the list speaks of", day(terms.date))
        .column("until", "The first day after the list has run", day(until))
        .column(
            "group",
            "sent, or control: held back to see what the list changes",
            text(held.iter().map(|held| if *held { CONTROL } else { SENT })),
        )
        .column("channel", "Through which channel", all(terms.channel))
        .column("offer", "What was offered", Arc::new(offers.clone()))
        .column(
            "expected_response",
            "The probability of a response that was expected",
            exact_numbers(responses),
        )
        .column(
            "expected_profit",
            "What the contact was expected to bring, its cost taken off",
            exact_numbers(profits),
        )
        .column(
            "cost",
            "What the contact cost; nothing for those held back",
            exact_numbers(costs),
        );
    if let Some(changes) = changes {
        table = table.column(
            UPLIFT,
            mark!("How much more probable a purchase was expected to be by the contact"),
            exact_numbers(changes),
        );
    }
    table.build()
}

/// Some rows of a column.
pub fn rows_of(column: &ArrayRef, rows: &[usize]) -> Result<ArrayRef> {
    let rows: UInt32Array = rows
        .iter()
        .map(|row| u32::try_from(*row).unwrap_or(u32::MAX))
        .collect();
    Ok(take(column, &rows, None)?)
}
