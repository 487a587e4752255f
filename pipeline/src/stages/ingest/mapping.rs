//! Settings and source columns become expressions; every mistake in them is found before a row is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::config::{Constant, Format, Mapping, Settings, Source};
use crate::contract::{Content, Table};
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::sources::{self, Fetch, SourceFile};

/// A canonical table of this load: its columns, and the sources that fill them.
pub struct TablePlan<'a> {
    /// The canonical table.
    pub table: &'static Table,
    /// Its columns that at least one source fills, in canonical order, then attributes.
    pub columns: Vec<ColumnPlan>,
    /// What fills them.
    pub sources: Vec<SourcePlan<'a>>,
}

/// One column of the table to be.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    /// Its canonical name, or the attribute's.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// A row without it is rejected.
    pub required: bool,
    /// The Arrow type in the warehouse.
    pub data_type: DataType,
    /// Its description.
    pub about: String,
}

/// One source, ready to be read.
pub struct SourcePlan<'a> {
    /// The settings.
    pub source: &'a Source,
    /// Its files.
    pub files: Vec<SourceFile>,
    /// The columns that every file must have.
    pub schema: SchemaRef,
    /// For each column of the table, how this source fills it; none leaves it null.
    pub expressions: Vec<Option<Arc<dyn PhysicalExpr>>>,
}

/// Plans one canonical table; none when no source feeds it.
///
/// # Errors
/// Files that are not there, columns that the files do not have, SQL that cannot be planned.
pub fn plan<'a>(
    settings: &'a Settings,
    table: &'static Table,
    fetch: &Fetch<'_>,
) -> Result<Option<TablePlan<'a>>> {
    let session = SessionContext::new_with_config(
        // Column names of sources are meant as they are written, also without quotes.
        SessionConfig::new().set_bool("datafusion.sql_parser.enable_ident_normalization", false),
    );
    let mut found: Vec<(usize, Opened<'a>)> = Vec::new();
    for (number, source) in settings.config.sources_of(table.name) {
        found.push((
            number,
            Opened::new(settings, &session, number, source, fetch)?,
        ));
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut columns = Vec::new();
    let mapped = |name: &str| {
        found
            .iter()
            .any(|(_, opened)| opened.mapped.contains_key(name))
    };
    for column in table.columns.iter().filter(|column| mapped(column.name)) {
        columns.push(ColumnPlan {
            name: column.name.to_owned(),
            content: column.content,
            required: column.required,
            data_type: column.content.fixed_type().unwrap_or(DataType::Int64),
            about: column.about.to_owned(),
        });
    }
    let mut attributes: Vec<&str> = found
        .iter()
        .flat_map(|(_, opened)| opened.mapped.keys().map(String::as_str))
        .collect();
    attributes.retain(|name| table.column(name).is_none());
    attributes.sort_unstable();
    attributes.dedup();
    for name in attributes {
        let numeric = found
            .iter()
            .filter_map(|(_, opened)| opened.mapped.get(name))
            .all(|(_, kind)| kind.is_numeric());
        columns.push(ColumnPlan {
            name: name.to_owned(),
            content: Content::Attribute,
            required: false,
            data_type: if numeric {
                DataType::Float64
            } else {
                DataType::Utf8
            },
            about: "An attribute from the source".to_owned(),
        });
    }
    for column in columns
        .iter_mut()
        .filter(|column| column.content == Content::Id)
    {
        let whole = found
            .iter()
            .filter_map(|(_, opened)| opened.mapped.get(&column.name))
            .all(|(_, kind)| kind.is_numeric() || *kind == DataType::Null);
        column.data_type = if whole {
            DataType::Int64
        } else {
            DataType::Utf8
        };
    }
    let sources = found
        .into_iter()
        .map(|(_, opened)| SourcePlan {
            source: opened.source,
            expressions: columns
                .iter()
                .map(|column| opened.mapped.get(&column.name).map(|(e, _)| Arc::clone(e)))
                .collect(),
            files: opened.files,
            schema: opened.schema,
        })
        .collect();
    Ok(Some(TablePlan {
        table,
        columns,
        sources,
    }))
}

/// Keys that name the same thing in several tables must have one type: text wins.
pub fn agree_on_keys(plans: &mut [TablePlan<'_>]) {
    let mut text: BTreeMap<String, bool> = BTreeMap::new();
    for column in plans
        .iter()
        .flat_map(|plan| &plan.columns)
        .filter(|column| column.content == Content::Id)
    {
        *text.entry(column.name.clone()).or_default() |= column.data_type == DataType::Utf8;
    }
    for column in plans
        .iter_mut()
        .flat_map(|plan| &mut plan.columns)
        .filter(|column| column.content == Content::Id)
    {
        if text[&column.name] {
            column.data_type = DataType::Utf8;
        }
    }
}

/// A source whose files were found and whose mapping was planned.
struct Opened<'a> {
    source: &'a Source,
    files: Vec<SourceFile>,
    schema: SchemaRef,
    mapped: BTreeMap<String, (Arc<dyn PhysicalExpr>, DataType)>,
}

impl<'a> Opened<'a> {
    fn new(
        settings: &Settings,
        session: &SessionContext,
        number: usize,
        source: &'a Source,
        fetch: &Fetch<'_>,
    ) -> Result<Self> {
        let files = sources::files(settings, number, source, fetch)?;
        let schema = sources::schema(&files[0], source)?;
        let names = DFSchema::try_from(schema.as_ref().clone()).during(files[0].path.display())?;
        let mut mapped = BTreeMap::new();
        for (column, mapping) in &source.columns {
            let number = number.to_string();
            let at = ["sources", number.as_str(), "columns", column.as_str()];
            let logical = match mapping {
                Mapping::Column(name) => by_name(name, &schema).ok_or_else(|| {
                    unknown_column(name, &schema, &files[0], settings.wrong(&at, ""))
                })?,
                Mapping::Constant(value) => Expr::Literal(scalar(value), None),
                Mapping::Sql(sql) => session.parse_sql_expr(sql, &names).map_err(|error| {
                    wrong_sql(
                        &error.strip_backtrace(),
                        &schema,
                        files[0].format,
                        settings.wrong(&at, ""),
                    )
                })?,
            };
            let physical = session
                .create_physical_expr(logical, &names)
                .and_then(|expression| {
                    let data_type = expression.data_type(&schema)?;
                    Ok((expression, data_type))
                })
                .map_err(|error| {
                    wrong_sql(
                        &error.strip_backtrace(),
                        &schema,
                        files[0].format,
                        settings.wrong(&at, ""),
                    )
                })?;
            mapped.insert(column.clone(), physical);
        }
        Ok(Self {
            source,
            files,
            schema,
            mapped,
        })
    }
}

fn by_name(name: &str, schema: &SchemaRef) -> Option<Expr> {
    schema.field_with_name(name).ok()?;
    Some(Expr::Column(ColumnName::from_name(name)))
}

fn unknown_column(name: &str, schema: &SchemaRef, file: &SourceFile, at: Failure) -> Failure {
    let known: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    Failure::settings(format!(
        "{}{} has no column `{name}`",
        at.message,
        file.path.display()
    ))
    .hint(did_you_mean(name, &known))
}

fn wrong_sql(error: &str, schema: &SchemaRef, format: Format, at: Failure) -> Failure {
    let known = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect::<Vec<_>>()
        .join(", ");
    let problem = error
        .lines()
        .next()
        .unwrap_or_default()
        .split(" Valid fields are")
        .next()
        .unwrap_or_default();
    let problem = problem.trim_end_matches('.');
    let failure = Failure::settings(format!(
        "{}this SQL does not fit the source: {problem}",
        at.message
    ));
    if format == Format::Csv && !problem.contains("No field named") {
        return failure.hint(format!(
            "the columns of a CSV are text; calculate with try_cast(column AS DOUBLE). Columns: {known}"
        ));
    }
    failure.hint(format!("columns of the source: {known}"))
}

fn scalar(value: &Constant) -> ScalarValue {
    match value {
        Constant::Flag(value) => ScalarValue::Boolean(Some(*value)),
        Constant::Whole(value) => ScalarValue::Int64(Some(*value)),
        Constant::Number(value) => ScalarValue::Float64(Some(*value)),
        Constant::Text(value) => ScalarValue::Utf8(Some(value.clone())),
    }
}

impl SourcePlan<'_> {
    /// The values of each column of the table for some rows of this source.
    pub fn evaluate(&self, rows: &RecordBatch) -> Result<Vec<Option<ArrayRef>>> {
        self.expressions
            .iter()
            .map(|expression| {
                let Some(expression) = expression else {
                    return Ok(None);
                };
                Ok(Some(
                    expression.evaluate(rows)?.into_array(rows.num_rows())?,
                ))
            })
            .collect()
    }
}
