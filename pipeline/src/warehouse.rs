//! The canonical tables as `ingest` keeps them: Delta Lake tables below `warehouse/`.
//!
//! Readers see one consistent state: the commit of `interactions` comes last in a load and
//! names the versions of the other tables that belong to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use datafusion::common::DFSchema;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Day, Settings};
use crate::contract;
use crate::delta::LiveFiles;
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::manifest::missing_stage;
use crate::warning::{AS_OF_MOVED, Warning};

/// The folder below the output folder.
pub const FOLDER: &str = "warehouse";
/// Key of [`LoadRecord`] in the commit of `interactions`.
pub const LOAD_RECORD: &str = "regulars";

/// What the commit of `interactions` says about the load that it ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRecord {
    /// The time zone that `day`, `hour` and `month` were derived with.
    pub timezone: String,
    /// Which load, counted from 1.
    #[serde(default)]
    pub load: u64,
    /// The other tables of this load, and their versions.
    pub tables: BTreeMap<String, u64>,
    /// Rows of each table that hold.
    #[serde(default)]
    pub held: BTreeMap<String, u64>,
    /// When the first load of this warehouse was, microseconds UTC.
    #[serde(default)]
    pub first_loaded_at: i64,
    /// The version of `interactions` that the commit made.
    #[serde(skip)]
    pub version: u64,
}

impl LoadRecord {
    /// The version of a table that belongs to this load; none when it has no such table.
    pub fn version_of(&self, table: &str) -> Option<u64> {
        match table {
            "interactions" => Some(self.version),
            other => self.tables.get(other).copied(),
        }
    }
}

/// The warehouse as one run sees it: nothing on or after the as-of date.
pub struct Warehouse {
    /// Runs the queries.
    pub engine: Arc<Engine>,
    /// The first day of the history with a purchase.
    pub first_day: NaiveDate,
    /// The as-of date of scores: the day after the last purchase that may be seen.
    pub end: NaiveDate,
    /// What was noticed while opening.
    pub warnings: Vec<Warning>,
    schemas: BTreeMap<String, SchemaRef>,
    views: Vec<View>,
    first_loaded_at: i64,
}

/// How a table is shown.
struct View {
    name: String,
    columns: String,
    filter: Option<String>,
}

/// The name under which a whole table is registered.
fn loaded(table: &str) -> String {
    format!("{table}_loaded")
}

/// The folder of a canonical table.
pub fn table_folder(out: &Path, table: &str) -> PathBuf {
    out.join(FOLDER).join(table)
}

/// The URL of a canonical table, whose folder must exist.
pub fn table_url(out: &Path, table: &str) -> Result<Url> {
    let folder = table_folder(out, table);
    let folder = folder.canonicalize().during(folder.display())?;
    Url::from_directory_path(&folder)
        .map_err(|()| Failure::settings(format!("{} is no usable path", folder.display())))
}

impl Warehouse {
    /// Opens the warehouse below `out`, as if nothing on or after `cut` had happened, and as it
    /// was known at the beginning of `known_at`; by default as it is known now.
    ///
    /// # Errors
    /// No load yet, a load with another time zone, or no purchase before `cut`.
    pub fn open(
        engine: &Arc<Engine>,
        settings: &Settings,
        out: &Path,
        cut: Option<Day>,
        known_at: Option<Day>,
    ) -> Result<Self> {
        let mut warehouse = Self::open_any(engine, settings, out, cut, known_at)?;
        warehouse.span(cut)?;
        Ok(warehouse)
    }

    /// Opens the warehouse whatever it holds: without a purchase `first_day` and `end` say nothing.
    ///
    /// # Errors
    /// No load yet, or a load with another time zone.
    pub fn open_any(
        engine: &Arc<Engine>,
        settings: &Settings,
        out: &Path,
        cut: Option<Day>,
        known_at: Option<Day>,
    ) -> Result<Self> {
        let interactions = load_table(engine, out, "interactions", None)?;
        let record = load_record(engine, &interactions)?;
        let zone = settings.config.project.timezone;
        if record.timezone.parse::<Tz>() != Ok(zone.0) {
            return Err(settings
                .wrong(
                    &["project", "timezone"],
                    format!(
                        "the warehouse was loaded with {}, not {zone}",
                        record.timezone
                    ),
                )
                .hint("run ingest again, so that days are counted in one time zone"));
        }
        let mut warehouse = Self {
            engine: Arc::clone(engine),
            first_day: NaiveDate::MIN,
            end: NaiveDate::MIN,
            warnings: Vec::new(),
            schemas: BTreeMap::new(),
            views: Vec::new(),
            first_loaded_at: record.first_loaded_at,
        };
        // `day` prunes files; it is exact, because as-of dates are midnights of the project's zone.
        let before = |column: &str| cut.map(|day| format!("{column} < DATE '{day}'"));
        warehouse.add(out, &interactions, "interactions", before("day"))?;
        let others = record
            .tables
            .iter()
            .filter(|(name, _)| contract::table(name).is_some());
        for (name, version) in others {
            let table = load_table(engine, out, name, Some(*version))?;
            let filter = (name == "campaigns").then(|| before("starts_on")).flatten();
            warehouse.add(out, &table, name, filter)?;
        }
        warehouse.show(known_at)?;
        warehouse.note_columns()?;
        Ok(warehouse)
    }

    /// Registers a table, and how its rows are shown: without what `ingest` adds, and those that
    /// `filter` lets through.
    fn add(
        &mut self,
        out: &Path,
        table: &DeltaTable,
        name: &str,
        filter: Option<String>,
    ) -> Result<()> {
        let folder = table_url(out, name)?.to_file_path();
        let folder = folder.map_err(|()| Failure::machine("a table that is no folder"))?;
        self.engine
            .wait(async {
                let live = LiveFiles::of(table, &folder).await?;
                let session = self.engine.session();
                session.register_table(loaded(name), Arc::new(live))?;
                let columns = table.snapshot()?.schema();
                let columns: Vec<String> = columns
                    .fields()
                    .map(|field| field.name())
                    .filter(|name| !contract::OWN.contains(&name.as_str()))
                    .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
                    .collect();
                self.views.push(View {
                    name: name.to_owned(),
                    columns: columns.join(", "),
                    filter,
                });
                Ok::<_, Failure>(())
            })
            .during(format!("opening the table {name}"))
    }

    /// Shows every table as it was known at the beginning of a day; by default as it is known now.
    ///
    /// What the first load brought counts as known when it happened: the history before the first
    /// load is not known to have been otherwise.
    pub fn show(&self, known_at: Option<Day>) -> Result<()> {
        let session = self.engine.session();
        for view in &self.views {
            let mut conditions = vec![holding(known_at, self.first_loaded_at)];
            conditions.extend(view.filter.clone());
            let sql = format!(
                "SELECT {} FROM {} WHERE {}",
                view.columns,
                loaded(&view.name),
                conditions.join(" AND ")
            );
            self.engine
                .wait(async {
                    let rows = session.sql(&sql).await?;
                    session.deregister_table(view.name.as_str())?;
                    session.register_table(view.name.as_str(), rows.into_view())?;
                    Ok::<_, Failure>(())
                })
                .during(format!("opening the table {}", view.name))?;
        }
        Ok(())
    }

    /// Notes the columns of every view.
    fn note_columns(&mut self) -> Result<()> {
        for view in &self.views {
            let table = self
                .engine
                .wait(self.engine.session().table(view.name.as_str()))?;
            let schema: &DFSchema = table.schema();
            self.schemas
                .insert(view.name.clone(), Arc::new(schema.as_arrow().clone()));
        }
        Ok(())
    }

    /// Finds the first and the last day with a purchase.
    fn span(&mut self, cut: Option<Day>) -> Result<()> {
        let days = self
            .engine
            .query("SELECT min(day), max(day) FROM interactions WHERE kind = 'purchase'")?;
        let (Some(first), Some(last)) = (date(&days, 0), date(&days, 1)) else {
            return Err(match cut {
                Some(day) => Failure::data(format!("there is no purchase before {day}"))
                    .hint("choose a later --as-of, or load an earlier history"),
                None => Failure::data("the warehouse holds no purchase")
                    .hint("map a source to interactions with kind = { constant = \"purchase\" } and run ingest"),
            });
        };
        self.first_day = first;
        self.end = last + Days::new(1);
        if let Some(Day(asked)) = cut
            && asked != self.end
        {
            self.warnings.push(Warning::new(
                AS_OF_MOVED,
                format!(
                    "nobody bought anything from {} until {asked}; results speak of {}",
                    self.end, self.end
                ),
            ));
        }
        Ok(())
    }

    /// Whether a canonical table was loaded.
    pub fn has_table(&self, name: &str) -> bool {
        self.schemas.contains_key(name)
    }

    /// The columns of a canonical table that was loaded.
    pub fn schema(&self, table: &str) -> Option<&SchemaRef> {
        self.schemas.get(table)
    }

    /// Whether a column was loaded.
    pub fn has_column(&self, table: &str, column: &str) -> bool {
        self.schemas
            .get(table)
            .is_some_and(|schema| schema.field_with_name(column).is_ok())
    }

    /// Whether a key is kept as whole numbers rather than text.
    pub fn is_whole(&self, table: &str, column: &str) -> bool {
        let field = self
            .schemas
            .get(table)
            .and_then(|schema| schema.field_with_name(column).ok().cloned());
        field.is_some_and(|field| *field.data_type() == DataType::Int64)
    }

    /// Columns of a table beyond a list of names.
    pub fn columns_beyond(&self, table: &str, known: &[&str]) -> Vec<String> {
        let schema = self.schemas.get(table);
        let fields = schema.into_iter().flat_map(|schema| schema.fields().iter());
        fields
            .map(|field| field.name().clone())
            .filter(|name| !known.contains(&name.as_str()))
            .collect()
    }

    /// The level that `asked` names, or the narrowest named level that the products have.
    ///
    /// # Errors
    /// No products, or not this level.
    pub fn level(&self, settings: &Settings, section: &str, asked: Option<&str>) -> Result<String> {
        let has = |level: &str| level == "product" || self.has_column("products", level);
        let there: Vec<&str> = contract::LEVELS
            .iter()
            .copied()
            .filter(|level| has(level))
            .collect();
        match asked {
            Some(level) if has(level) => Ok(level.to_owned()),
            Some(level) => Err(settings
                .wrong(
                    &[section, "level"],
                    format!("the products have no `{level}`"),
                )
                .hint(crate::failure::did_you_mean(level, &there))),
            // A brand is no kind of thing; it is a level only for those who ask for it.
            None => Ok(there
                .into_iter()
                .find(|level| !matches!(*level, "product" | "brand"))
                .unwrap_or("product")
                .to_owned()),
        }
    }
}

/// The condition on rows that hold now, or held at the beginning of a day, UTC; rows that became
/// known with the first load count as known when they happened.
pub fn holding(known_at: Option<Day>, first_loaded_at: i64) -> String {
    let moment =
        |micros: i64| format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')");
    match known_at {
        None => "replaced_at IS NULL".to_owned(),
        Some(Day(day)) => {
            let then = moment(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
            let first = moment(first_loaded_at);
            format!(
                "(known_at < {then} OR known_at = {first}) AND (replaced_at IS NULL OR replaced_at >= {then})"
            )
        }
    }
}

fn date(batch: &RecordBatch, column: usize) -> Option<NaiveDate> {
    let days = batch.column(column).as_primitive_opt::<Date32Type>()?;
    (batch.num_rows() > 0 && days.is_valid(0))
        .then(|| days.value_as_date(0))
        .flatten()
}

fn load_table(engine: &Engine, out: &Path, name: &str, version: Option<u64>) -> Result<DeltaTable> {
    if !table_folder(out, name).join("_delta_log").is_dir() {
        return Err(missing_stage(out, "ingest", &format!("{FOLDER}/{name}")));
    }
    let url = table_url(out, name)?;
    engine
        .wait(async {
            let mut builder = DeltaTableBuilder::from_url(url)?;
            if let Some(version) = version {
                builder = builder.with_version(version);
            }
            builder.load().await
        })
        .map_err(|error| match error {
            DeltaTableError::NotATable(_) => {
                missing_stage(out, "ingest", &format!("{FOLDER}/{name}"))
            }
            error => Failure::from(error).during(format!("opening {FOLDER}/{name}")),
        })
}

/// What the latest load said about itself; none when there is no load of regulars yet.
pub fn last_load(engine: &Engine, out: &Path) -> Result<Option<LoadRecord>> {
    if !table_folder(out, "interactions")
        .join("_delta_log")
        .is_dir()
    {
        return Ok(None);
    }
    let url = table_url(out, "interactions")?;
    let table = engine
        .wait(DeltaTable::try_from_url(url))
        .during("opening interactions")?;
    match table.version() {
        Some(_) => commit_record(engine, &table),
        None => Ok(None),
    }
}

fn load_record(engine: &Engine, interactions: &DeltaTable) -> Result<LoadRecord> {
    commit_record(engine, interactions)?.filter(|record| record.load > 0).ok_or_else(|| {
        Failure::data("the last commit of warehouse/interactions was not made by this version of regulars")
            .hint("run ingest again; regulars reads only loads of its own")
    })
}

fn commit_record(engine: &Engine, interactions: &DeltaTable) -> Result<Option<LoadRecord>> {
    use futures::TryStreamExt;
    let commit = engine
        .wait(async { interactions.history(Some(1)).try_next().await })
        .during("reading the last load")?;
    let record = commit
        .and_then(|commit| serde_json::from_value(commit.info.get(LOAD_RECORD)?.clone()).ok());
    Ok(record.map(|record: LoadRecord| LoadRecord {
        version: interactions.version().unwrap_or(0),
        ..record
    }))
}
