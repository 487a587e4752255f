//! Ids that cannot be what was meant: several that look like one, numbers that a spreadsheet has
//! shortened, and the row of totals under a report.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};

use super::candidates;
use super::loaded::LoadedTable;
use crate::engine::Scope;
use crate::failure::Result;
use crate::progress::Progress;
use crate::text::{count, plural};
use crate::warning::{self, Warning};
use crate::words::said;

/// Keys that people type, so that one thing may have several; baskets are too many.
const TYPED: [&str; 3] = ["customer_id", "product_id", "account_id"];
/// Keys that may be numbers too long for a spreadsheet.
const LONG: [&str; 4] = ["customer_id", "product_id", "account_id", "basket_id"];
/// Pairs of ids that look alike, and ids of totals, that are counted.
const MOST: usize = 1000;
/// What stands in the first cell of a row of totals.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "sum",
    "subtotal",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "somme",
    "total general",
    "suma",
    "totale",
    "totaal",
    "合计",
    "总计",
    "小计",
    "合計",
    "합계",
];

/// A key that is text, and the tables that have it; whole numbers are what they are.
pub struct Key {
    name: &'static str,
    tables: Vec<&'static str>,
}

impl Key {
    /// The different ids of all tables.
    fn ids(&self, condition: &str) -> String {
        let name = self.name;
        let parts = self.tables.iter().map(|table| {
            let table = candidates::name(table);
            format!("SELECT DISTINCT {name} AS id FROM {table} WHERE {name} IS NOT NULL{condition}")
        });
        parts.collect::<Vec<_>>().join(" UNION ")
    }
}

/// The keys of these tables that are text.
pub fn keys(loaded: &[LoadedTable]) -> Vec<Key> {
    let is_text = |table: &&LoadedTable, name: &str| {
        let place = table.layout.position(name);
        place.is_some_and(|place| table.layout.columns[place].data_type == DataType::Utf8)
    };
    let keys = LONG.map(|name| Key {
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

/// Warns of ids that cannot be what was meant, with some of them.
pub fn warn(
    scope: &Scope,
    progress: &Progress,
    keys: &[Key],
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    for key in keys {
        progress.step(&format!("comparing {}", key.name));
        if TYPED.contains(&key.name) {
            warnings.extend(alike(scope, key)?);
        }
        warnings.extend(shortened(scope, key)?);
        if key.name == "customer_id" {
            warnings.extend(totals(scope, key)?);
        }
    }
    Ok(())
}

/// `007` and `7`, `Ann@x.org` and `ann@x.org`.
fn alike(scope: &Scope, key: &Key) -> Result<Option<Warning>> {
    let found = scope.query(&format!(
        "SELECT least, most FROM (
           SELECT min(id) AS least, max(id) AS most, count(*) AS ids
           FROM ({}) GROUP BY ltrim(replace(lower(id), ' ', ''), '0')
         ) WHERE ids > 1 ORDER BY least LIMIT {MOST}",
        key.ids("")
    ))?;
    let rows = found.num_rows();
    if rows == 0 {
        return Ok(None);
    }
    let text = |column: usize| found.column(column).as_string::<i32>();
    let examples: Vec<String> = (0..rows.min(3))
        .map(|row| {
            tr!(
                "`{one}` and `{other}`",
                one = text(0).value(row),
                other = text(1).value(row)
            )
        })
        .collect();
    let ids = plural(rows as u64, "id");
    Ok(Some(Warning::new(
        warning::ALIKE_IDS,
        tr!(
            "{key}: {ids} from which others differ only by leading zeros, capitals or blanks; they count as different: {examples}",
            key = key.name,
            ids = match rows == MOST {
                true => tr!("at least {ids}", ids = ids),
                false => ids,
            },
            examples = examples.join(said(mark!(", ")))
        ),
    )))
}

/// `1.23457E+11` is what a spreadsheet leaves of `123456789012`, and of many others.
fn shortened(scope: &Scope, key: &Key) -> Result<Option<Warning>> {
    let name = key.name;
    let condition = format!("{name} LIKE '_.%E+__'");
    let (mut rows, mut example) = (0, None);
    for table in &key.tables {
        let found = scope.query(&format!(
            "SELECT count(*) AS n, min({name}) AS id FROM {} WHERE {condition}",
            candidates::name(table)
        ))?;
        rows += found.column(0).as_primitive::<Int64Type>().value(0);
        let ids = found.column(1).as_string::<i32>();
        example = example.or((!ids.is_null(0)).then(|| ids.value(0).to_owned()));
    }
    Ok(example.map(|example| {
        Warning::new(
            warning::SHORTENED_IDS,
            tr!(
                "{name}: {n} rows have a number that a spreadsheet has shortened, such as `{example}`: different ones became the same; export them again as text",
                name = name,
                n = count(rows.unsigned_abs()),
                example = example
            ),
        )
    }))
}

/// `Total (40 rows)` is no customer.
fn totals(scope: &Scope, key: &Key) -> Result<Option<Warning>> {
    let begins: Vec<String> = TOTALS
        .iter()
        .map(|word| format!("lower({}) LIKE '{word}%'", key.name))
        .collect();
    let condition = format!(" AND ({})", begins.join(" OR "));
    let ids = key.ids(&condition);
    let sql = format!("SELECT id FROM ({ids}) ORDER BY id LIMIT {MOST}");
    let found = scope.query(&sql)?;
    let ids = found.column(0).as_string::<i32>().iter().flatten();
    let is_total = |id: &&str| {
        let id = id.to_lowercase();
        let rests = TOTALS.iter().filter_map(|word| id.strip_prefix(word));
        let mut rests = rests.map(str::trim_start);
        rests.any(|rest| {
            rest.is_empty()
                || rest.starts_with(['(', ':', '=', '-'])
                || rest.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let named: Vec<String> = ids.filter(is_total).map(|id| format!("`{id}`")).collect();
    Ok((!named.is_empty()).then(|| {
        Warning::new(
            warning::TOTALS_ROW,
            tr!(
                "customer_id: {ids} looks like a row of totals and counts as a customer; take it out of the file",
                ids = named[..named.len().min(3)].join(said(mark!(", ")))
            ),
        )
    }))
}
