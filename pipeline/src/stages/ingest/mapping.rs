//! Settings and source columns become expressions; every mistake in them is found before a row is read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use chrono::DateTime;
use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;

use super::coerce::{Numbers, Said};
use super::condition;
use super::currencies::Money;
use super::layout::{DELETED, KNOWN_AT};
use super::ledger::{Ledger, OfSource, Standing, mapping_hash};
use crate::config::{
    ChangedFiles, Column, Constant, Format, Mapping, SameContent, Settings, Source, ValueType,
};
use crate::contract::{Content, OWN, Table};
use crate::engine::Engine;
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::sources::{self, Fetch, Joins, Pieces, SourceFile};
use crate::user_sql;
use crate::warning::{OTHER_SHEETS, SAME_CONTENT, Warning};

/// A canonical table of this load: its columns, and the sources that fill them.
pub struct TablePlan {
    /// The canonical table.
    pub table: &'static Table,
    /// Its columns that at least one source fills or has filled, in canonical order, then attributes.
    pub columns: Vec<ColumnPlan>,
    /// What fills them, with files that are to be read.
    pub sources: Vec<SourcePlan>,
    /// Every file that the settings name, also those that are loaded already.
    pub named: Vec<SourceFile>,
    /// Files that are loaded already.
    pub known: usize,
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
pub struct SourcePlan {
    /// Its number in the settings, from 0.
    pub number: usize,
    /// What it is known by from load to load.
    pub name: String,
    /// The settings.
    pub source: Source,
    /// Hash of whatever decides how its files become rows.
    pub mapping: String,
    /// Its files that are to be read.
    pub files: Vec<PlannedFile>,
    /// The columns that every file must have.
    pub schema: SchemaRef,
    /// For each column of the table, how this source fills it; none leaves it null.
    pub expressions: Vec<Option<Arc<dyn PhysicalExpr>>>,
    /// For each column of the table, how what its expression gives is read.
    pub readings: Vec<Reading>,
    /// What its amounts are worth.
    pub money: Money,
    /// How it says when a row became known.
    pub known_at: Option<Arc<dyn PhysicalExpr>>,
    /// How it says that a row is gone.
    pub deleted: Option<Arc<dyn PhysicalExpr>>,
    /// Which of its rows are loaded.
    pub condition: Option<Arc<dyn PhysicalExpr>>,
    /// What its rows are joined with.
    pub joins: Option<Arc<Joins>>,
}

/// How what an expression gives becomes a canonical column.
#[derive(Clone)]
pub enum Reading {
    /// As the column's content asks.
    Plain(Said),
    /// Multiplied by what another column holds.
    Product {
        /// The other column.
        by: Arc<dyn PhysicalExpr>,
        /// The names of both.
        names: [String; 2],
        /// How each is read.
        said: [Said; 2],
    },
    /// Its sign is the kind of an interaction.
    Sign(Said),
}

impl Reading {
    fn of(source: &Source, mapping: &Mapping, by: Option<Arc<dyn PhysicalExpr>>) -> Self {
        let said = |column: &Column| Said {
            whole: column.value_type == Some(ValueType::Integer),
            numbers: (column.decimal.is_some() || column.thousands.is_some()).then(|| {
                let (decimal, thousands) = column.marks(source);
                Numbers { decimal, thousands }
            }),
        };
        match (mapping, by) {
            (Mapping::Product(factors), Some(by)) => Self::Product {
                by,
                names: [factors[0].name.clone(), factors[1].name.clone()],
                said: [said(&factors[0]), said(&factors[1])],
            },
            (Mapping::BySign(column), _) => Self::Sign(said(column)),
            (Mapping::Column(column), _) => Self::Plain(said(column)),
            _ => Self::Plain(Said::default()),
        }
    }
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// The file.
    pub file: SourceFile,
    /// Its number in the warehouse.
    pub number: i32,
    /// Its place in the load.
    pub order: u32,
    /// When its rows became known, unless they say so themselves; microseconds UTC.
    pub known_at: i64,
    /// Why it is read.
    pub standing: Standing,
}

/// What the plans of a load share.
pub struct Planning<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What was loaded before.
    pub ledger: &'a Ledger,
    /// Runs what is asynchronous.
    pub engine: &'a Engine,
    /// Where fetched files go.
    pub spool: &'a Path,
    /// When the load happens, microseconds UTC.
    pub loaded_at: i64,
    /// The number that the next new file gets.
    pub next_number: Cell<i32>,
    /// The place of the next file in the load.
    pub next_order: Cell<u32>,
    /// Files of rejected rows that have been mended, each with the source that its rows belong to.
    pub mended: Vec<(String, SourceFile)>,
    /// What this load reads: table, content and mapping, and the source that it is read for.
    pub contents: RefCell<HashMap<(&'static str, String, String), String>>,
    /// Files of sources that are not named any more, which a source of this load goes on with.
    pub claimed: RefCell<HashSet<i32>>,
    /// What was noticed.
    pub warnings: RefCell<Vec<Warning>>,
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
    let session = user_sql::session(settings.config.engine.memory_limit.0);
    let mut found: Vec<Opened> = Vec::new();
    let (mut named, mut known) = (Vec::new(), 0);
    let mut fed = false;
    for (number, source) in settings.config.sources_of(table.name) {
        fed = true;
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
        named.extend(files.iter().cloned());
        let joins = Joins::find(settings, number, source, &fetch)?;
        if let Some(joins) = &joins {
            named.extend(joins.files().cloned());
            for file in &mut files {
                file.sha256 = joins.known_by(&file.sha256);
            }
        }
        let before = files.len();
        let of = Of {
            number,
            name: &name,
            table: table.name,
            mapping: &mapping,
        };
        let files = planning.to_read(&of, &known_files, files, &fetch)?;
        known += before - files.len();
        let identity = || (name.clone(), mapping.clone());
        planning.note_sheets(source, &files)?;
        if !files.is_empty() {
            let opened = Opened::new(settings, &session, number, source, identity(), files, joins)?;
            found.push(opened);
        }
        let mended = planning.mended.iter().filter(|(of, _)| *of == name);
        let mended: Vec<SourceFile> = mended.map(|(_, file)| file.clone()).collect();
        named.extend(mended.iter().cloned());
        let mended = planning.to_read(&of, &known_files, mended, &fetch)?;
        if !mended.is_empty() {
            let source = source.as_mended();
            let opened = Opened::new(
                settings,
                &session,
                number,
                &source,
                identity(),
                mended,
                None,
            )?;
            found.push(opened);
        }
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

impl<'a> Planning<'a> {
    /// For a load of these settings after those of the ledger.
    pub fn new(
        settings: &'a Settings,
        ledger: &'a Ledger,
        engine: &'a Engine,
        spool: &'a Path,
        loaded_at: i64,
    ) -> Self {
        Self {
            settings,
            ledger,
            engine,
            spool,
            loaded_at,
            next_number: Cell::new(ledger.next_number()),
            next_order: Cell::new(0),
            mended: Vec::new(),
            contents: RefCell::default(),
            claimed: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// Says which sheets of spreadsheets are not read though nobody said so.
    fn note_sheets(&self, source: &Source, files: &[PlannedFile]) -> Result<()> {
        for planned in files {
            let others = sources::other_sheets(&planned.file, source)?;
            if !others.is_empty() {
                self.warnings.borrow_mut().push(Warning::new(
                    OTHER_SHEETS,
                    format!(
                        "{}: only its first sheet is read, and not {}; name the sheets that are meant: sheet = \"...\", a list of them, or \"*\"",
                        planned.file.path.display(),
                        others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether what a file gives comes from another source already: the same content, for the same
    /// table, read in the same way. A person is told.
    fn comes_already(&self, of: &Of<'_>, known: &OfSource<'_>, file: &SourceFile) -> bool {
        if self.settings.config.ingest.same_content == SameContent::Load {
            return false;
        }
        let mut contents = self.contents.borrow_mut();
        let content = (of.table, file.sha256.clone(), of.mapping.to_owned());
        let other = known.elsewhere(file).map(|entry| entry.source.clone());
        let other = other.or_else(|| contents.get(&content).cloned());
        let Some(other) = other.filter(|other| other != of.name) else {
            contents.insert(content, of.name.to_owned());
            return false;
        };
        self.warnings.borrow_mut().push(Warning::new(
            SAME_CONTENT,
            format!(
                "{}: {} has the content of a file of the source `{other}`, which is read in the same way, so it is not loaded twice; take it out of one of them, or set same_content = \"load\" under [ingest]",
                of.table,
                file.path.display()
            ),
        ));
        true
    }

    /// The files that a load has to read, each with its number.
    fn to_read(
        &self,
        of: &Of<'_>,
        known: &OfSource<'_>,
        files: Vec<SourceFile>,
        fetch: &Fetch<'_>,
    ) -> Result<Vec<PlannedFile>> {
        let mut planned: Vec<PlannedFile> = Vec::new();
        let mut contents = HashSet::new();
        for mut file in files {
            let (mut standing, mut entry) = known.standing(&file);
            if entry.is_some_and(|entry| {
                entry.source != of.name && !self.claimed.borrow_mut().insert(entry.number)
            }) {
                (standing, entry) = (Standing::New, None);
            }
            let again = standing != Standing::Known && !contents.insert(file.sha256.clone());
            if standing == Standing::Known || again {
                continue;
            }
            let moved = entry.is_some_and(|entry| entry.source != of.name);
            if (standing == Standing::New || moved) && self.comes_already(of, known, &file) {
                continue;
            }
            if standing == Standing::Changed
                && self.settings.config.ingest.changed_files == ChangedFiles::Fail
            {
                let when = entry.and_then(|entry| DateTime::from_timestamp_micros(entry.loaded_at));
                let when = when.map(|when| when.format("%Y-%m-%d %H:%M UTC").to_string());
                let number = of.number.to_string();
                return Err(Failure::data(format!(
                    "{}: {} has another content than when it was loaded, {}",
                    self.settings.location(&["sources", &number, "path"]),
                    file.path.display(),
                    when.unwrap_or_default(),
                ))
                .hint("set changed_files = \"replace\" under [ingest] if its rows are to take the place of the earlier ones"));
            }
            sources::fetch(&mut file, fetch)?;
            let number = entry.map(|entry| entry.number).unwrap_or_else(|| {
                let number = self.next_number.get();
                self.next_number.set(number + 1);
                number
            });
            let order = self.next_order.get();
            self.next_order.set(order + 1);
            let known_at = match (standing, entry) {
                (Standing::ReadAgain, Some(entry)) => entry.loaded_at,
                _ => self.loaded_at,
            };
            planned.push(PlannedFile {
                file,
                number,
                order,
                known_at,
                standing,
            });
        }
        Ok(planned)
    }
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

/// The source whose files are looked at.
struct Of<'a> {
    number: usize,
    name: &'a str,
    table: &'static str,
    mapping: &'a str,
}

impl SourcePlan {
    /// How many times its files have to be read: once, unless a join is too large for memory.
    pub fn passes(&self) -> Result<u64> {
        self.joins.as_ref().map_or(Ok(1), |joins| joins.passes())
    }

    /// Its columns by which it is joined.
    pub fn join_keys(&self) -> impl Iterator<Item = String> {
        let keys = self.source.join.iter().flat_map(|join| &join.on.0);
        keys.map(|(own, _)| own.clone())
    }

    /// How many of its columns are those of its own files, which stand before all others.
    pub fn own_columns(&self) -> usize {
        let own = |joins: &Arc<Joins>| joins.own_columns();
        self.joins.as_ref().map_or(self.schema.fields().len(), own)
    }

    /// Opens one of its files, with the columns of `schema`; rows of other passes are not among
    /// the rows of this one.
    pub fn open(&self, file: &SourceFile, hashed: bool, pass: u64) -> Result<Pieces> {
        match &self.joins {
            Some(joins) => joins.open(file, &self.source, hashed, pass),
            None => sources::open(file, &self.source, &self.schema, hashed),
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
        session: &SessionContext,
        number: usize,
        source: &Source,
        (name, mapping): (String, String),
        files: Vec<PlannedFile>,
        mut joins: Option<Joins>,
    ) -> Result<Self> {
        let first = &files[0].file;
        let own = sources::common_schema(files.iter().map(|planned| &planned.file), source)?;
        let schema = match &mut joins {
            Some(joins) => joins.added_to(&own, settings, number)?,
            None => own,
        };
        let names = DFSchema::try_from(schema.as_ref().clone()).during(first.path.display())?;
        let number_text = number.to_string();
        let condition = source.condition.as_deref().map(|sql| {
            let at = settings.wrong(&["sources", &number_text, "where"], "");
            condition::parse(session, sql, &names)
                .map_err(|problem| problem.explained(&schema, first.format, at))
        });
        let condition = condition.transpose()?;
        let mut wanted: BTreeSet<String> = source.key.iter().cloned().collect();
        wanted.extend(condition.iter().flat_map(names_in));
        wanted.extend(source.currency_column.clone());
        let named = |name: &str, at: &[&str]| {
            by_name(name, &schema)
                .ok_or_else(|| unknown_column(name, &schema, first, settings.wrong(at, "")))
        };
        let mut logical = BTreeMap::new();
        for (column, mapping) in &source.columns {
            let at = ["sources", number_text.as_str(), "columns", column.as_str()];
            let second = match mapping {
                Mapping::Product([_, second]) => Some(named(second, &at)?),
                _ => None,
            };
            let expression = match mapping {
                Mapping::Column(name) | Mapping::BySign(name) | Mapping::Product([name, _]) => {
                    named(name, &at)?
                }
                Mapping::Constant(value) => Expr::Literal(scalar(value), None),
                Mapping::Sql(sql) => user_sql::parse(session, sql, &names).map_err(|problem| {
                    wrong_sql(&problem, &schema, first.format, settings.wrong(&at, ""))
                })?,
            };
            wanted.extend(names_in(&expression));
            wanted.extend(second.iter().flat_map(names_in));
            logical.insert(column, (mapping, expression, second));
        }
        let absent = |name: &&String| schema.field_with_name(name).is_err();
        if let Some(name) = source.key.iter().find(absent) {
            let at = settings.wrong(&["sources", &number_text, "key"], "");
            return Err(unknown_column(name, &schema, first, at));
        }
        // Of what a join could bring, what nothing is made of is not kept in memory.
        let schema = match &mut joins {
            Some(joins) => joins.narrowed(&wanted),
            None => schema,
        };
        let names = DFSchema::try_from(schema.as_ref().clone()).during(first.path.display())?;
        let mut mapped = BTreeMap::new();
        let mut readings = BTreeMap::new();
        for (column, (mapping, expression, second)) in logical {
            let at = ["sources", number_text.as_str(), "columns", column.as_str()];
            let by = match second {
                Some(second) => Some(session.create_physical_expr(second, &names)?),
                None => None,
            };
            readings.insert(column.clone(), Reading::of(source, mapping, by));
            let physical = session
                .create_physical_expr(expression, &names)
                .and_then(|expression| {
                    let data_type = expression.data_type(&schema)?;
                    Ok((expression, data_type))
                })
                .map_err(|error| {
                    wrong_sql(
                        &error.strip_backtrace(),
                        &schema,
                        first.format,
                        settings.wrong(&at, ""),
                    )
                })?;
            let (expression, own) = physical;
            let data_type = declared_type(mapping).unwrap_or(own);
            mapped.insert(column.clone(), (expression, data_type));
        }
        let at = number.to_string();
        let currency = match &source.currency_column {
            Some(name) => {
                let at = ["sources", at.as_str(), "currency_column"];
                let named = by_name(name, &schema)
                    .ok_or_else(|| unknown_column(name, &schema, first, settings.wrong(&at, "")))?;
                Some(session.create_physical_expr(named, &names)?)
            }
            None => None,
        };
        let condition = condition.map(|condition| {
            let at = settings.wrong(&["sources", &number_text, "where"], "");
            condition::planned(session, condition, &names)
                .map_err(|problem| problem.explained(&schema, first.format, at))
        });
        let condition = condition.transpose()?;
        Ok(Self {
            number,
            name,
            mapping,
            source: source.clone(),
            files,
            mapped,
            readings,
            money: Money::new(&settings.config, currency),
            schema: Arc::clone(&schema),
            condition,
            joins: joins.map(Arc::new),
        })
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

pub(super) fn wrong_sql(error: &str, schema: &SchemaRef, format: Format, at: Failure) -> Failure {
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
    if format.is_untyped() && !problem.contains("No field named") {
        return failure.hint(format!(
            "the columns of a CSV are text; for a product of two write {{ product = [\"...\", \"...\"] }}, else calculate with try_cast(column AS DOUBLE). Columns: {known}"
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
