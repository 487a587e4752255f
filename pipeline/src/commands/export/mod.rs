//! `models export`: a kept model for programs that are not ours, and whether they will say the same.

mod check;
mod features;

use std::path::{Path, PathBuf};

use regulars_models::export::{Dialect, Table, to_onnx, to_sql};
use regulars_models::format::SavedModel;
use serde::Serialize;

use self::check::Check;
use crate::cli::{ExportModel, Portable, SqlDialect};
use crate::failure::{During, Failure, Result};
use crate::lifecycle::registry;
use crate::outputs::{digest, replace, replace_bytes};
use crate::registry::Version;
use crate::text::{count, plural, print};

/// What the column of the scores is called, as in `churn.csv`.
const PROBABILITY: &str = "churn_probability";

/// What is written beside an export.
#[derive(Serialize)]
struct Beside {
    /// The version that was exported.
    version: u32,
    /// What people call its model.
    title: String,
    /// `sql` or `onnx`.
    format: &'static str,
    /// Whose SQL.
    dialect: Option<&'static str>,
    /// The program that wrote it.
    program: String,
    /// SHA-256 of the export.
    sha256: String,
    /// Rows that were scored both ways; they stand in the file beside, with what has to come out.
    rows: u64,
    /// What scored them other than the model itself; nothing where this program runs none such.
    scored_by: Option<&'static str>,
    /// The largest difference between two probabilities.
    largest_difference: Option<f64>,
}

/// Writes the export, the rows by which it can be checked, and what came of checking it here.
pub fn run(args: &ExportModel) -> Result<()> {
    let out = args.settings.common.output.out.as_path();
    let registry = registry(args.registry.registry.as_deref(), out);
    let version = registry.find(&args.version)?;
    if args.features {
        return features::write(args, &version);
    }
    let model = version.model()?;
    let written = match args.to {
        Portable::Sql => Written::sql(&model, &version, args)?,
        Portable::Onnx => Written::onnx(&model, args)?,
    };
    let file = args.file.clone();
    let file = file.unwrap_or_else(|| PathBuf::from(default_name(&version, args)));
    let check = Check::of(&model, args)?;
    let difference = match args.to {
        Portable::Sql => Some(check.by_datafusion(&model)?),
        Portable::Onnx => None,
    };
    if let Some(found) = difference
        && (found.is_nan() || found > check::MOST)
    {
        return Err(Failure::machine(format!(
            "the SQL of {} says something else than the model, by up to {found:.1e}; nothing was written",
            version.title()
        ))
        .hint("this is a fault of regulars: tell its authors, with the model"));
    }
    let rows = beside(&file, "rows.csv");
    replace_bytes(&file, &written.bytes)?;
    replace(&rows, &check.text())?;
    let about = Beside {
        version: version.number(),
        title: version.record.model.title.clone(),
        format: written.format,
        dialect: written.dialect,
        program: format!("regulars {}", env!("CARGO_PKG_VERSION")),
        sha256: digest(&file).during(file.display())?.1,
        rows: check.rows(),
        scored_by: difference.map(|_| "DataFusion"),
        largest_difference: difference,
    };
    let text = serde_json::to_string_pretty(&about);
    let text = text.map_err(|error| Failure::machine(error.to_string()))?;
    replace(&beside(&file, "check.json"), &(text + "\n"))?;
    print(&words(&version, &file, &rows, &about));
    Ok(())
}

/// An export, before it has a file.
struct Written {
    bytes: Vec<u8>,
    format: &'static str,
    dialect: Option<&'static str>,
}

impl Written {
    fn sql(model: &SavedModel, version: &Version, args: &ExportModel) -> Result<Self> {
        let table = table(&args.table, args);
        let (dialect, name) = dialect(args);
        let statement = to_sql(model, dialect, &table).map_err(refused)?;
        let text = header(version, name, args) + &statement;
        Ok(Self {
            bytes: text.into_bytes(),
            format: "sql",
            dialect: Some(name),
        })
    }

    fn onnx(model: &SavedModel, args: &ExportModel) -> Result<Self> {
        if args.dialect.is_some() {
            return Err(
                Failure::settings("--dialect is whose SQL is written, and ONNX is none")
                    .hint("leave --dialect out, or write --to sql"),
            );
        }
        Ok(Self {
            bytes: to_onnx(model, PROBABILITY).map_err(refused)?,
            format: "onnx",
            dialect: None,
        })
    }
}

fn refused(error: regulars_models::export::ExportError) -> Failure {
    Failure::data(error.to_string())
        .hint("learn one that can be: set chosen = \"boosting\" under [churn], and regulars train")
}

/// Whose SQL, and what it is called.
fn dialect(args: &ExportModel) -> (Dialect, &'static str) {
    match args.dialect {
        Some(SqlDialect::Datafusion) => (Dialect::DataFusion, "datafusion"),
        Some(SqlDialect::Postgresql) => (Dialect::PostgreSql, "postgresql"),
        Some(SqlDialect::Duckdb) | None => (Dialect::DuckDb, "duckdb"),
        Some(SqlDialect::Ansi) => (Dialect::Ansi, "ansi"),
    }
}

fn table<'a>(name: &'a str, args: &'a ExportModel) -> Table<'a> {
    Table {
        name,
        id: &args.id,
        probability: PROBABILITY,
    }
}

/// What a person who opens the file has to know.
fn header(version: &Version, dialect: &str, args: &ExportModel) -> String {
    let record = &version.record;
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    format!(
        "-- The probability that a customer {}\n\
         -- regulars {}, {} of {}, learned from load {}; SQL of {dialect}\n\
         -- Reads \"{}\": \"{}\" and a column for each feature under its name. Numbers are of any numeric\n\
         -- type, categories are texts; what is NULL{}, and any other text, counts as missing.\n",
        line(&record.outcome),
        env!("CARGO_PKG_VERSION"),
        line(&version.title()),
        line(&record.created_at),
        record.data.load,
        line(&args.table),
        line(&args.id),
        if dialect == "ansi" { "" } else { " or NaN" },
    )
}

/// `churn-3.duckdb.sql`, `churn-3.onnx`.
fn default_name(version: &Version, args: &ExportModel) -> String {
    let stem = format!("{}-{}", version.record.task, version.number());
    match args.to {
        Portable::Onnx => format!("{stem}.onnx"),
        Portable::Sql => format!("{stem}.{}.sql", dialect(args).1),
    }
}

/// The name of a file with another ending.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn words(version: &Version, file: &Path, rows: &Path, about: &Beside) -> String {
    let checked = match (about.largest_difference, about.dialect) {
        (Some(found), dialect) => {
            let same = match dialect {
                Some("datafusion") | None => "",
                Some(_) => ", with its casts",
            };
            format!(
                "{} scored both ways, by the model and by the SQL (in DataFusion{same}): they differ by at most {found:.1e}",
                plural(about.rows, "row"),
            )
        }
        (None, _) => format!(
            "{} rows and what has to come out are in {}: nothing here runs ONNX (docs/models.md shows how to check it)",
            count(about.rows),
            rows.display()
        ),
    };
    format!(
        "{} is in {}\n  {checked}\n",
        version.title(),
        file.display()
    )
}
