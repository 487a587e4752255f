//! Settings and source columns become expressions; every mistake in them is found before a row is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::PhysicalExpr;

use super::coerce::Said;
use super::condition::{self, Problem, wrong_sql};
use super::currencies::Money;
use super::files::{Of, Planning};
use super::plan::{PlannedFile, Reading, SourcePlan, TablePlan};
use crate::config::{Constant, Mapping, Settings, Source, ValueType};
use crate::contract::{Content, OWN, Table};
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::sources::{self, Fetch, Joins, SourceFile};
use crate::user_sql::Expressions;
use crate::warehouse::layout::{ColumnPlan, DELETED, KNOWN_AT};
use crate::warehouse::ledger::mapping_hash;

/// What one source of a table has to give.
struct OfSource {
    /// Every file that it names.
    named: Vec<SourceFile>,
    /// Files that are loaded already.
    known: usize,
    /// Itself, and mended rows of it, where there is something to read.
    opened: Vec<Opened>,
}

/// Finds the files of a source that are to be read, and plans its mapping.
fn open(
    planning: &Planning<'_>,
    expressions: &Expressions,
    table: &'static Table,
    number: usize,
    source: &Source,
) -> Result<OfSource> {
    let settings = planning.settings;
    let name = source.name();
    let mapping = mapping_hash(settings, source);
    let is_named = |name: &str| {
        let mut sources = settings.config.sources_of(table.name);
        sources.any(|(_, source)| source.name() == name)
    };
    let ledger = planning.ledger;
    let known_files = ledger.of_source(&name, table.name, &mapping, &is_named);
    let earlier = match source.join.is_empty() {
        true => known_files.earlier(),
        // A file is known by what it is joined with too, so its own content has to be at hand.
        false => BTreeMap::new(),
    };
    let fetch = Fetch {
        engine: planning.engine,
        spool: planning.spool,
        earlier: &earlier,
    };
    let mut files = sources::files(settings, number, source, &fetch)?;
    let mut named = files.clone();
    let joins = Joins::find(settings, number, source, &fetch)?;
    if let Some(joins) = &joins {
        named.extend(joins.files().cloned());
        for file in &mut files {
            file.sha256 = joins.known_by(&file.sha256);
        }
    }
    let mended = planning.mended.iter().filter(|(of, _)| *of == name);
    let mended: Vec<SourceFile> = mended.map(|(_, file)| file.clone()).collect();
    named.extend(mended.iter().cloned());
    let of = Of {
        number,
        name: &name,
        table: table.name,
        mapping: &mapping,
    };
    let found = files.len();
    let files = planning.to_read(&of, &known_files, files, &fetch)?;
    let known = found - files.len();
    planning.note_sheets(source, &files)?;
    let mut opened = Vec::new();
    let mut add = |source: &Source, files: Vec<PlannedFile>, joins| -> Result<()> {
        if !files.is_empty() {
            let identity = (name.clone(), mapping.clone());
            let source = Opened::new(
                settings,
                expressions,
                number,
                source,
                identity,
                files,
                joins,
            )?;
            opened.push(source);
        }
        Ok(())
    };
    add(source, files, joins)?;
    let mended = planning.to_read(&of, &known_files, mended, &fetch)?;
    add(&source.as_mended(), mended, None)?;
    Ok(OfSource {
        named,
        known,
        opened,
    })
}

/// Plans one canonical table; none when no source feeds it and none ever did.
///
/// # Errors
/// Files that are not there, columns that the files do not have, SQL that cannot be planned, a
/// changed file where the settings do not want one.
pub fn plan(
    planning: &Planning<'_>,
    table: &'static Table,
    stored: Option<&SchemaRef>,
) -> Result<Option<TablePlan>> {
    let settings = planning.settings;
    let expressions = Expressions::new(settings.config.engine.memory_limit.0);
    let mut found: Vec<Opened> = Vec::new();
    let (mut named, mut known) = (Vec::new(), 0);
    let mut fed = false;
    for (number, source) in settings.config.sources_of(table.name) {
        fed = true;
        let of_source = open(planning, &expressions, table, number, source)?;
        named.extend(of_source.named);
        known += of_source.known;
        found.extend(of_source.opened);
    }
    let history_to_come = table.name == "interactions" && settings.config.lacks_history();
    if !fed && stored.is_none() && !history_to_come {
        return Ok(None);
    }
    let mut columns = columns(table, &found, stored);
    if columns.is_empty() && history_to_come {
        columns = required(table);
    }
    let sources = found
        .into_iter()
        .map(|mut opened| SourcePlan {
            expressions: columns
                .iter()
                .map(|column| opened.mapped.get(&column.name).map(|(e, _)| Arc::clone(e)))
                .collect(),
            readings: columns
                .iter()
                .map(|column| {
                    let reading = opened.readings.get(&column.name).cloned();
                    reading.unwrap_or(Reading::Plain(Said::default()))
                })
                .collect(),
            money: opened.money,
            known_at: opened.mapped.remove(KNOWN_AT).map(|(e, _)| e),
            deleted: opened.mapped.remove(DELETED).map(|(e, _)| e),
            number: opened.number,
            name: opened.name,
            mapping: opened.mapping,
            source: opened.source,
            files: opened.files,
            schema: opened.schema,
            condition: opened.condition,
            joins: opened.joins,
        })
        .collect();
    Ok(Some(TablePlan {
        table,
        columns,
        sources,
        named,
        known,
    }))
}

/// The canonical columns that are filled or were, then attributes by name, with their types.
fn columns(table: &'static Table, found: &[Opened], stored: Option<&SchemaRef>) -> Vec<ColumnPlan> {
    let types =
        |name: &str| {
            found
                .iter()
                .filter_map(|opened| opened.mapped.get(name))
                .map(|(_, kind)| kind.clone())
                .chain(stored.and_then(|schema| {
                    Some(schema.field_with_name(name).ok()?.data_type().clone())
                }))
                .collect::<Vec<_>>()
        };
    let numeric = |name: &str| {
        types(name)
            .iter()
            .all(|kind| kind.is_numeric() || *kind == DataType::Null)
    };
    let mut columns: Vec<ColumnPlan> = table
        .columns
        .iter()
        .filter(|column| !types(column.name).is_empty())
        .map(|column| ColumnPlan {
            name: column.name.to_owned(),
            content: column.content,
            required: column.required,
            data_type: column
                .content
                .fixed_type()
                .unwrap_or(match numeric(column.name) {
                    true => DataType::Int64,
                    false => DataType::Utf8,
                }),
            about: column.about.to_owned(),
        })
        .collect();
    let mapped = found
        .iter()
        .flat_map(|opened| opened.mapped.keys().map(String::as_str));
    let there = stored
        .iter()
        .flat_map(|schema| schema.fields().iter().map(|field| field.name().as_str()));
    let mut attributes: Vec<&str> = mapped
        .chain(there)
        .filter(|name| table.attributes && table.column(name).is_none() && !OWN.contains(name))
        .collect();
    attributes.sort_unstable();
    attributes.dedup();
    columns.extend(attributes.into_iter().map(|name| ColumnPlan {
        name: name.to_owned(),
        content: Content::Attribute,
        required: false,
        data_type: if numeric(name) {
            DataType::Float64
        } else {
            DataType::Utf8
        },
        about: "An attribute from the source".to_owned(),
    }));
    columns
}

/// The columns that no row can be without, for a table that has no row yet.
fn required(table: &'static Table) -> Vec<ColumnPlan> {
    let required = table.columns.iter().filter(|column| column.required);
    required
        .map(|column| ColumnPlan {
            name: column.name.to_owned(),
            content: column.content,
            required: true,
            data_type: column.content.fixed_type().unwrap_or(DataType::Int64),
            about: column.about.to_owned(),
        })
        .collect()
}

/// Keys that name the same thing in several tables must have one type: text wins.
pub fn agree_on_keys(plans: &mut [TablePlan]) {
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
struct Opened {
    number: usize,
    name: String,
    mapping: String,
    source: Source,
    files: Vec<PlannedFile>,
    schema: SchemaRef,
    mapped: BTreeMap<String, (Arc<dyn PhysicalExpr>, DataType)>,
    readings: BTreeMap<String, Reading>,
    money: Money,
    condition: Option<Arc<dyn PhysicalExpr>>,
    joins: Option<Arc<Joins>>,
}

impl Opened {
    fn new(
        settings: &Settings,
        expressions: &Expressions,
        number: usize,
        source: &Source,
        (name, mapping): (String, String),
        files: Vec<PlannedFile>,
        mut joins: Option<Joins>,
    ) -> Result<Self> {
        let first = files[0].file.clone();
        let own = sources::common_schema(files.iter().map(|planned| &planned.file), source)?;
        let own_columns = Arc::clone(&own);
        let schema = match &mut joins {
            Some(joins) => joins.added_to(&own, settings, number)?,
            None => own,
        };
        let number_text = number.to_string();
        let place = Place {
            settings,
            expressions,
            number: &number_text,
            file: &first,
        };
        let columns = Columns::new(place, schema)?;
        let condition = source.condition.as_deref();
        let condition = condition.map(|sql| columns.condition(sql)).transpose()?;
        let mut logical = Vec::new();
        for (column, mapping) in &source.columns {
            logical.push((column, mapping, columns.logical(column, mapping)?));
        }
        let absent = |name: &&String| columns.schema.field_with_name(name).is_err();
        if let Some(name) = source.key.iter().find(absent) {
            return Err(columns.unknown(name, &["key"]));
        }
        let not_there = |name: &&String| own_columns.field_with_name(name).is_err();
        if let Some(name) = source.fill_down.iter().find(not_there) {
            return Err(columns.unknown(name, &["fill_down"]));
        }
        let mut wanted: BTreeSet<String> = source.key.iter().cloned().collect();
        wanted.extend(source.fill_down.iter().cloned());
        wanted.extend(condition.iter().flat_map(names_in));
        wanted.extend(source.currency_column.clone());
        for (_, _, (expression, others)) in &logical {
            wanted.extend(names_in(expression));
            wanted.extend(others.iter().flat_map(names_in));
        }
        // Of what a join could bring, what nothing is made of is not kept in memory.
        let columns = match &mut joins {
            Some(joins) => Columns::new(place, joins.narrowed(&wanted))?,
            None => columns,
        };
        let mut mapped = BTreeMap::new();
        let mut readings = BTreeMap::new();
        for (column, mapping, (expression, others)) in logical {
            let others = others.into_iter().map(|other| columns.planned(other));
            let others = others.collect::<Result<Vec<_>>>()?;
            readings.insert(column.clone(), Reading::of(source, mapping, others));
            let (expression, own) = columns.physical(column, expression)?;
            let data_type = declared_type(mapping).unwrap_or(own);
            mapped.insert(column.clone(), (expression, data_type));
        }
        let currency = source.currency_column.as_deref();
        let currency =
            currency.map(|name| columns.planned(columns.named(name, &["currency_column"])?));
        let money = Money::new(&settings.config, currency.transpose()?);
        let condition = condition.map(|condition| columns.planned_condition(condition));
        Ok(Self {
            number,
            name,
            mapping,
            source: source.clone(),
            mapped,
            readings,
            money,
            condition: condition.transpose()?,
            schema: columns.schema,
            files,
            joins: joins.map(Arc::new),
        })
    }
}

/// A source in the settings, and the first of its files.
#[derive(Clone, Copy)]
struct Place<'a> {
    settings: &'a Settings,
    expressions: &'a Expressions,
    /// The source's number, from 0.
    number: &'a str,
    file: &'a SourceFile,
}

/// The columns of a source, as its mapping may name them.
struct Columns<'a> {
    place: Place<'a>,
    schema: SchemaRef,
    names: DFSchema,
}

impl<'a> Columns<'a> {
    fn new(place: Place<'a>, schema: SchemaRef) -> Result<Self> {
        let names = DFSchema::try_from(schema.as_ref().clone());
        let names = names.during(place.file.path.display())?;
        Ok(Self {
            place,
            schema,
            names,
        })
    }

    /// Where in the settings these keys of the source stand.
    fn at(&self, keys: &[&str]) -> Failure {
        let keys = [&["sources", self.place.number], keys].concat();
        self.place.settings.wrong(&keys, "")
    }

    fn unknown(&self, name: &str, keys: &[&str]) -> Failure {
        unknown_column(name, &self.schema, self.place.file, self.at(keys))
    }

    fn named(&self, name: &str, keys: &[&str]) -> Result<Expr> {
        by_name(name, &self.schema).ok_or_else(|| self.unknown(name, keys))
    }

    fn wrong(&self, problem: &str, keys: &[&str]) -> Failure {
        wrong_sql(problem, &self.schema, self.place.file.format, self.at(keys))
    }

    /// What a mapping is made of, and its other columns: the second factor of a product.
    fn logical(&self, column: &str, mapping: &Mapping) -> Result<(Expr, Vec<Expr>)> {
        let keys = ["columns", column];
        let others = match mapping {
            Mapping::Product(_) | Mapping::First(_) => &mapping.columns()[1..],
            _ => &[],
        };
        let others = others.iter().map(|other| self.named(other, &keys));
        let others = others.collect::<Result<Vec<_>>>()?;
        let expression = match mapping {
            Mapping::Column(name) | Mapping::BySign(name) | Mapping::Product([name, _]) => {
                self.named(name, &keys)?
            }
            Mapping::First(columns) => self.named(&columns[0], &keys)?,
            Mapping::Constant(value) => Expr::Literal(scalar(value), None),
            Mapping::Sql(sql) => {
                let parsed = self.place.expressions.parse(sql, &self.names);
                parsed.map_err(|problem| self.wrong(&problem, &keys))?
            }
        };
        Ok((expression, others))
    }

    fn planned(&self, expression: Expr) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(self.place.expressions.planned(expression, &self.names)?)
    }

    /// What a column is made of, ready to be calculated, and the type that gives.
    fn physical(
        &self,
        column: &str,
        expression: Expr,
    ) -> Result<(Arc<dyn PhysicalExpr>, DataType)> {
        let planned = self.place.expressions.planned(expression, &self.names);
        let typed = planned.and_then(|expression| {
            let data_type = expression.data_type(&self.schema)?;
            Ok((expression, data_type))
        });
        typed.map_err(|error| self.wrong(&error.strip_backtrace(), &["columns", column]))
    }

    fn condition(&self, sql: &str) -> Result<Expr> {
        let parsed = condition::parse(self.place.expressions, sql, &self.names);
        parsed.map_err(|problem| self.problem(problem))
    }

    fn planned_condition(&self, condition: Expr) -> Result<Arc<dyn PhysicalExpr>> {
        let planned = condition::planned(self.place.expressions, condition, &self.names);
        planned.map_err(|problem| self.problem(problem))
    }

    fn problem(&self, problem: Problem) -> Failure {
        problem.explained(&self.schema, self.place.file.format, self.at(&["where"]))
    }
}

/// The columns that an expression names.
fn names_in(expression: &Expr) -> BTreeSet<String> {
    let columns = expression.column_refs();
    columns
        .into_iter()
        .map(|column| column.name.clone())
        .collect()
}

/// The type that the settings give a column of the source, whatever the file says.
fn declared_type(mapping: &Mapping) -> Option<DataType> {
    let Mapping::Column(column) = mapping else {
        return None;
    };
    Some(match column.value_type? {
        ValueType::Integer => DataType::Int64,
        ValueType::Text => DataType::Utf8,
        ValueType::Number => DataType::Float64,
    })
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

fn scalar(value: &Constant) -> ScalarValue {
    match value {
        Constant::Flag(value) => ScalarValue::Boolean(Some(*value)),
        Constant::Whole(value) => ScalarValue::Int64(Some(*value)),
        Constant::Number(value) => ScalarValue::Float64(Some(*value)),
        Constant::Text(value) => ScalarValue::Utf8(Some(value.clone())),
    }
}
