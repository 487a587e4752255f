//! Which lists a customer was on, and what was said to them.

use arrow::array::{Array, AsArray, RecordBatch};

use super::{Person, line};
use crate::commands::results::{Kind, said};
use crate::commands::targets::ledger;
use crate::config::targets::ID;
use crate::failure::Result;
use crate::outputs::table::plain_text;
use crate::words;

/// So many of the last lists, and of the last contacts, are told.
const LAST: usize = 5;

impl Person<'_> {
    /// The lists that they were on, as the ledger has them, and the last contacts and responses that were loaded.
    pub(super) fn lists(&self) -> Result<Option<String>> {
        let mut text = String::new();
        let mut lists = Vec::new();
        for sending in ledger::read(&self.results.manifest, self.results.out)? {
            let Some(group) = self.place(&sending.rows)? else {
                continue;
            };
            let listed = tr!(
                "{list} of {date}: {group}",
                list = sending.list,
                date = sending.date,
                group = group
            );
            lists.push(format!("  {listed}\n"));
        }
        if let Some(more) = lists.len().checked_sub(LAST).filter(|more| *more > 0) {
            line(&mut text, &tr!("{n} earlier lists are not shown", n = more));
        }
        text.extend(lists.into_iter().rev().take(LAST));
        text += &self.contacts()?;
        Ok(match text.is_empty() {
            true => None,
            false => Some(tr!("LISTS AND CONTACTS") + "\n" + &text),
        })
    }

    /// What the rows of a list say of them; none where they are not on it.
    fn place(&self, rows: &RecordBatch) -> Result<Option<String>> {
        let rows = plain_text(rows)?;
        let column = |name: &str| {
            let texts = rows
                .column_by_name(name)
                .map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8));
            texts.transpose()
        };
        let Some(ids) = column(ID)? else {
            return Ok(None);
        };
        let ids = ids.as_string::<i32>();
        let Some(row) = (0..ids.len()).find(|row| ids.is_valid(*row) && ids.value(*row) == self.id)
        else {
            return Ok(None);
        };
        let of = |name: &str| -> Result<String> {
            Ok(column(name)?.map_or_else(String::new, |texts| {
                let texts = texts.as_string::<i32>();
                match texts.is_valid(row) {
                    true => texts.value(row).to_owned(),
                    false => String::new(),
                }
            }))
        };
        let mut said = match of("group")?.as_str() {
            ledger::CONTROL => tr!("held back, to see what the list changes"),
            _ => tr!("was to be contacted"),
        };
        for (name, how) in [
            ("channel", mark!(" by {value}")),
            ("offer", mark!(", with {value}")),
            ("until", mark!(", until {value}")),
        ] {
            let value = of(name)?;
            if !value.is_empty() {
                said += &words::fill(how, &[("value", &value)]);
            }
        }
        Ok(Some(said))
    }

    /// The last contacts and responses.
    fn contacts(&self) -> Result<String> {
        let has = |column: &str| self.warehouse.has_column("interactions", column);
        let told: Vec<&str> = ["channel", "campaign_id"]
            .into_iter()
            .filter(|column| has(column))
            .collect();
        let columns: String = told
            .iter()
            .map(|column| format!(", CAST({column} AS VARCHAR) AS {column}"))
            .collect();
        let found = self.loaded(&format!(
            "SELECT CAST(day AS VARCHAR) AS day, kind{columns} FROM interactions WHERE {} AND kind IN ('contact', 'response') \
             ORDER BY occurred_at DESC, kind LIMIT {LAST}",
            self.condition
        ))?;
        let mut text = String::new();
        for row in found {
            let of = |name: &str| said(&row, name, Kind::Text);
            let beside = [
                ("channel", mark!("by {value}")),
                ("campaign_id", mark!("campaign {value}")),
            ];
            let beside = beside.into_iter().filter_map(|(name, word)| {
                let value = told.contains(&name).then(|| of(name))?;
                (!value.is_empty()).then(|| words::fill(word, &[("value", &value)]))
            });
            let kind = said(&row, "kind", Kind::Code);
            let what: Vec<String> = std::iter::once(kind).chain(beside).collect();
            let what = tr!(
                "{day}: {what}",
                day = of("day"),
                what = what.join(&tr!(", "))
            );
            line(&mut text, &what);
        }
        Ok(text)
    }
}
