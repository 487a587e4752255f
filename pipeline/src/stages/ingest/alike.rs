//! Ids that look like one and count as several: `007` and `7`, `Ann@x.org` and `ann@x.org`.

use arrow::array::AsArray;
use arrow::datatypes::DataType;

use super::candidates;
use super::commit::LoadedTable;
use crate::failure::Result;
use crate::stages::Context;
use crate::text::count;
use crate::warning::{self, Warning};

/// Keys that are looked at; baskets are too many, and nobody types their numbers.
const KEYS: [&str; 3] = ["customer_id", "product_id", "account_id"];
/// Pairs that are counted.
const MOST: usize = 1000;

/// A key that is text, and the tables that have it.
pub struct Key {
    name: &'static str,
    tables: Vec<&'static str>,
}

/// The keys of these tables that are text: whole numbers cannot look alike.
pub fn keys(loaded: &[LoadedTable]) -> Vec<Key> {
    let is_text = |table: &&LoadedTable, name: &str| {
        let place = table.layout.position(name);
        place.is_some_and(|place| table.layout.columns[place].data_type == DataType::Utf8)
    };
    let keys = KEYS.map(|name| Key {
        name,
        tables: loaded
            .iter()
            .filter(|table| is_text(table, name) && table.metrics.rows > 0)
            .map(|table| table.layout.table.name)
            .collect(),
    });
    keys.into_iter()
        .filter(|key| !key.tables.is_empty())
        .collect()
}

/// Warns of ids that differ only by leading zeros, case or blanks, with some of them.
pub fn warn(context: &Context<'_>, keys: &[Key], warnings: &mut Vec<Warning>) -> Result<()> {
    for key in keys {
        let name = key.name;
        context.progress.step(&format!("comparing {name}"));
        let parts: Vec<String> = key
            .tables
            .iter()
            .map(|table| {
                let table = candidates::name(table);
                format!("SELECT DISTINCT {name} AS id FROM {table} WHERE {name} IS NOT NULL")
            })
            .collect();
        let sql = format!(
            "SELECT least, most FROM (
               SELECT min(id) AS least, max(id) AS most, count(*) AS ids
               FROM ({}) GROUP BY ltrim(replace(lower(id), ' ', ''), '0')
             ) WHERE ids > 1 ORDER BY least LIMIT {MOST}",
            parts.join(" UNION ")
        );
        let found = context.engine.query(&sql)?;
        let text = |column: usize| found.column(column).as_string::<i32>();
        let pairs: Vec<(&str, &str)> = (0..found.num_rows())
            .map(|row| (text(0).value(row), text(1).value(row)))
            .collect();
        if pairs.is_empty() {
            continue;
        }
        let examples: Vec<String> = pairs
            .iter()
            .take(3)
            .map(|(one, other)| format!("`{one}` and `{other}`"))
            .collect();
        let more = if pairs.len() == MOST { "at least " } else { "" };
        warnings.push(Warning::new(
            warning::ALIKE_IDS,
            format!(
                "{name}: {more}{} ids have one or more others that differ from them only by leading zeros, capitals or blanks, and count as different: {}",
                count(pairs.len() as u64),
                examples.join(", ")
            ),
        ));
    }
    Ok(())
}
