//! The features of a version as SQL over the files of the warehouse, so that a database can score alone.
//!
//! What computes features here is DataFusion's SQL. Most of it is everybody's; what is not is
//! written as DuckDB has it: days as whole numbers, windows that pass over what is missing. PostgreSQL
//! and others do not read the files of the warehouse, so nothing is written for them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use arrow::datatypes::DataType;
use chrono::NaiveDate;

use super::dialect;
use crate::cli::{ExportModel, LoadOptions, Portable, SqlDialect};
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::lifecycle::keep::{definitions_now, places};
use crate::lifecycle::suits;
use crate::outputs::lock::Lock;
use crate::outputs::replace;
use crate::registry::{KeptFeature, KeptFeatures, Version};
use crate::stages::features::SomeDates;
use crate::stages::{Asked, Context, Shared, churn};
use crate::text::{plural, print};
use crate::warehouse::{Shown, Warehouse};
use crate::workbench::Workbench;

/// Writes the file.
pub fn write(args: &ExportModel, version: &Version) -> Result<()> {
    if args.to != Portable::Sql || !matches!(args.dialect, None | Some(SqlDialect::Duckdb)) {
        let asked = match args.to {
            Portable::Onnx => "ONNX",
            Portable::Sql => dialect(args).1,
        };
        return Err(Failure::settings(format!(
            "--features: features are written as SQL of DuckDB, which reads the files of the warehouse, and not as {asked}"
        ))
        .hint("write --to sql --dialect duckdb, or load DIR/features/DATE.parquet into your database"));
    }
    if version.record.definition.label.is_some() {
        return Err(Failure::settings(format!(
            "--features: version {} takes the customers' table as it is, and no features are made",
            version.number()
        ))
        .hint("leave --features out, and let --table name that table"));
    }
    let common = &args.settings.common;
    let settings = Settings::read(&args.settings.config)?;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, "models export", common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage("models");
    let load = LoadOptions::default();
    let asked = Asked::by(&settings, common, &load);
    let shared = Shared::default();
    let context = Context::new(&churn::STAGE, &bench, asked, &shared);
    let text = script(args, version, &context)?;
    let file = args.file.clone().unwrap_or_else(|| {
        let (task, number) = (&version.record.task, version.number());
        PathBuf::from(format!("{task}-{number}.features.duckdb.sql"))
    });
    replace(&file, &text)?;
    print(&format!(
        "{} of {} are in {}\n  in DuckDB it makes the table {}, which the SQL of the model reads; write it again after the next load\n",
        plural(version.features()?.features.len() as u64, "feature"),
        version.title(),
        file.display(),
        args.table
    ));
    Ok(())
}

/// Views of the warehouse's files, the history folded, and the features of those who can be scored.
fn script(args: &ExportModel, version: &Version, context: &Context<'_>) -> Result<String> {
    suits::settings(version, context)?;
    let kept = version.features()?;
    suits::features(version, &kept, &definitions_now(context, &kept)?)?;
    let warehouse = context.warehouse()?;
    if warehouse.undone().is_some() {
        return Err(Failure::settings(
            "purchases that were cancelled later are undone by regulars itself, which SQL over the files cannot repeat",
        )
        .hint("let regulars write the features (regulars features), or keep such purchases: cancelled = \"keep\" under [ingest]"));
    }
    let date = warehouse.end;
    let dates = SomeDates::new(context, Some(&places(&kept)))?;
    let (folds, snapshots) = dates.script();
    let mut text = format!(
        "-- The features that {} takes, of {date}, by regulars {}. SQL of DuckDB.\n\
         -- The files are those of load {}, as they are now: write this again after the next load, or read\n\
         -- each table by delta_scan('DIR/warehouse/TABLE'), which follows the loads.\n",
        version.title(),
        env!("CARGO_PKG_VERSION"),
        crate::warehouse::last_load(context.engine, context.out)?.map_or(0, |record| record.load)
    );
    for table in warehouse.shown() {
        text += &view(&table)?;
    }
    let _ = writeln!(
        text,
        "CREATE OR REPLACE TEMP TABLE as_of_dates AS SELECT CAST(date_diff('day', DATE '1970-01-01', DATE '{date}') AS INTEGER) AS as_of;"
    );
    for (name, sql) in folds {
        let _ = writeln!(
            text,
            "CREATE OR REPLACE TEMP TABLE {name} AS\n{};",
            duckdb(sql)?
        );
    }
    let (names, of, join) = columns(&kept, &dates, warehouse)?;
    let churn = &context.settings.config.churn;
    let _ = writeln!(
        text,
        "-- Those whom the model speaks of: {} at least, the last one at most {} ago.\n\
         CREATE OR REPLACE TEMP TABLE {} AS\nSELECT {of}customer_id AS {}, {}\nFROM ({}) AS snapshot{join}\n\
         WHERE {of}frequency >= {} AND {of}recency_days <= {};",
        plural(churn.min_baskets.into(), "basket"),
        plural(churn.active_days.into(), "day"),
        quoted(&args.table),
        quoted(&args.id),
        names.join(", "),
        duckdb(&snapshots)?,
        churn.min_baskets,
        churn.active_days,
    );
    Ok(text)
}

/// The columns of the features, what stands before those of the snapshot, and what has to be joined.
fn columns(
    kept: &KeptFeatures,
    dates: &SomeDates<'_>,
    warehouse: &Warehouse,
) -> Result<(Vec<String>, &'static str, &'static str)> {
    let definitions = dates.definitions().into_iter();
    let of_history: BTreeSet<String> = definitions.map(|(name, _)| name).collect();
    let beside = |feature: &KeptFeature| !of_history.contains(&feature.name);
    let (of, join) = match kept.features.iter().any(beside) {
        false => ("", ""),
        true => (
            "snapshot.",
            "\nLEFT JOIN customers ON customers.customer_id = snapshot.customer_id",
        ),
    };
    let column = |feature: &KeptFeature| {
        let name = quoted(&feature.name);
        if !beside(feature) {
            return Ok(format!("{of}{name}"));
        }
        let found = churn::attribute_column(warehouse, &feature.name);
        let (column, kind) =
            found.ok_or_else(|| Failure::machine(format!("no attribute {name}")))?;
        let attribute = attribute(feature, &column, &kind, warehouse.end);
        Ok(format!("{attribute} AS {name}"))
    };
    let columns = kept.features.iter().map(column).collect::<Result<_>>()?;
    Ok((columns, of, join))
}

/// An attribute of the customers as a feature: a text without blanks around it, a number, or the days
/// before the date.
fn attribute(feature: &KeptFeature, column: &str, kind: &DataType, date: NaiveDate) -> String {
    let column = format!("customers.{}", quoted(column));
    match (feature.kind.as_str(), kind) {
        ("categorical", _) => format!("NULLIF(trim({column}), '')"),
        (_, DataType::Timestamp(..)) => {
            let at = format!("epoch_us(TIMESTAMPTZ '{date} 00:00:00+00')");
            format!(
                "CASE WHEN epoch_us({column}) <= {at} THEN ({at} - epoch_us({column})) / 86400e6 END"
            )
        }
        (_, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => {
            format!("TRY_CAST(trim({column}) AS DOUBLE)")
        }
        _ => format!("CAST({column} AS DOUBLE)"),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table of the warehouse by its files.
fn view(table: &Shown<'_>) -> Result<String> {
    let mut files = Vec::new();
    for file in table.files {
        let path = std::path::absolute(file)?;
        let Some(path) = path.to_str() else {
            return Err(Failure::settings(format!(
                "{} is no path that SQL could hold",
                path.display()
            )));
        };
        files.push(format!("'{}'", path.replace('\'', "''")));
    }
    let columns = table.columns;
    Ok(match files.is_empty() {
        true => String::new(),
        false => format!(
            "CREATE OR REPLACE TEMP VIEW {} AS\nSELECT {columns} FROM read_parquet([\n  {}\n], hive_partitioning = true, union_by_name = true)\nWHERE {};\n",
            table.name,
            files.join(",\n  "),
            table.condition
        ),
    })
}

/// DataFusion's SQL as DuckDB has it.
///
/// # Errors
/// There is something in it that has no other form here.
fn duckdb(sql: &str) -> Result<String> {
    let sql = days(sql)?;
    let sql = sql.replace(") IGNORE NULLS OVER", " IGNORE NULLS) OVER");
    // Whole numbers: DuckDB divides them into a fraction.
    let sql = sql.replace("begins / 24", "begins // 24");
    let sql = sql.replace("- 1) / 7", "- 1) // 7");
    match ["arrow_", "get_field("]
        .iter()
        .find(|word| sql.contains(*word))
    {
        None => Ok(sql),
        Some(word) => Err(Failure::machine(format!(
            "a feature uses `{word}`, which has no form in DuckDB"
        ))),
    }
}

/// `arrow_cast(EXPRESSION, 'Int32')`, the number of a day, or a number as it is; and
/// `arrow_cast(EXPRESSION, 'Date32')`, the day of a number.
fn days(sql: &str) -> Result<String> {
    const CAST: &str = "arrow_cast(";
    const NUMBER: &str = ", 'Int32'";
    const DAY: &str = ", 'Date32'";
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(CAST) {
        let within = &rest[at + CAST.len()..];
        let mut depth = 1_usize;
        let end = within.char_indices().find_map(|(place, letter)| {
            depth = match letter {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            (depth == 0).then_some(place)
        });
        let whole = end.map_or(within, |end| &within[..end]);
        let (number, day) = (whole.strip_suffix(NUMBER), whole.strip_suffix(DAY));
        let (Some(end), Some(inner)) = (end, number.or(day)) else {
            return Err(Failure::machine(format!(
                "a feature casts to something that has no form in DuckDB: {}",
                &within[..within.len().min(60)]
            )));
        };
        out += &rest[..at];
        match inner.parse::<i64>() {
            _ if day.is_some() => {
                let _ = write!(out, "(DATE '1970-01-01' + CAST({inner} AS INTEGER))");
            }
            Ok(number) => {
                let _ = write!(out, "CAST({number} AS INTEGER)");
            }
            Err(_) => {
                let _ = write!(
                    out,
                    "CAST(date_diff('day', DATE '1970-01-01', CAST({inner} AS DATE)) AS INTEGER)"
                );
            }
        }
        rest = &within[end + 1..];
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_numbers_in_duckdb_too() {
        let day = |of: &str| {
            format!("CAST(date_diff('day', DATE '1970-01-01', CAST({of} AS DATE)) AS INTEGER)")
        };
        let sql = "SELECT arrow_cast(min(day), 'Int32') AS d, arrow_cast(-5, 'Int32') FROM x";
        let want = format!(
            "SELECT {} AS d, CAST(-5 AS INTEGER) FROM x",
            day("min(day)")
        );
        assert_eq!(days(sql).unwrap(), want);
        let week = "(date_part('doy', arrow_cast(as_of, 'Date32')) - 1) / 7";
        let want = "(date_part('doy', (DATE '1970-01-01' + CAST(as_of AS INTEGER))) - 1) // 7";
        assert_eq!(duckdb(week).unwrap(), want);
        assert!(days("arrow_cast(x, 'Utf8')").is_err());
        assert!(duckdb("SELECT arrow_typeof(x)").is_err());
    }
}
