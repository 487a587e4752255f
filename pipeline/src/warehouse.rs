//! The canonical tables as `ingest` keeps them: Delta Lake tables below `warehouse/`.
//!
//! Readers see one consistent state: the commit of `interactions` comes last in a load and
//! names the versions of the other tables that belong to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use datafusion::common::DFSchema;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use object_store::local::LocalFileSystem;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Day, Settings};
use crate::contract;
use crate::delta::LiveFiles;
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::manifest::missing_stage;
use crate::ordered_store::OrderedStore;
use crate::warning::{AS_OF_MOVED, Warning};

/// The folder below the output folder.
pub const FOLDER: &str = "warehouse";
/// Key of [`LoadRecord`] in the commit of `interactions`, for those who read its history.
pub const LOAD_RECORD: &str = "regulars";
/// Key of [`LoadRecord`] among the properties of the table `interactions`: those are part of every
/// state of a table, whoever compacts it, and whatever part of its log is cleaned up.
pub const RECORD: &str = "regulars.load";
/// Key of [`LoadRecord::generation`] among the properties of every table.
pub const GENERATION: &str = "regulars.generation";

/// What the table `interactions` says about the load whose rows it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Sets this load apart from every other one, also from one that was cut off.
    #[serde(default)]
    pub commit: String,
    /// Counts commits; those of all tables of one load have the same.
    #[serde(default)]
    pub generation: u64,
    /// The time zone that `day`, `hour` and `month` were derived with.
    pub timezone: String,
    /// Which load, counted from 1.
    #[serde(default)]
    pub load: u64,
    /// The other tables of this load, and the versions in which their state of it can be read.
    pub tables: BTreeMap<String, u64>,
    /// Rows of each table that hold.
    #[serde(default)]
    pub held: BTreeMap<String, u64>,
    /// When the first load of this warehouse was, microseconds UTC.
    #[serde(default)]
    pub first_loaded_at: i64,
    /// The version of `interactions`.
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
    /// Whether the interactions show what guests bought too.
    pub with_guests: bool,
    /// Whether the record of loads is registered as [`LOADS`].
    pub has_loads: bool,
    loads_version: Option<u64>,
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

/// The interactions with those of guests, who are nobody's: purchases without a customer.
pub const WITH_GUESTS: &str = "interactions_with_guests";

/// The record of loads, as [`Warehouse::show_loads`] registers it.
pub const LOADS: &str = "loads_loaded";

/// The name under which a whole table is registered.
fn loaded(table: &str) -> String {
    format!("{table}_loaded")
}

/// The folder of a canonical table.
pub fn table_folder(out: &Path, table: &str) -> PathBuf {
    out.join(FOLDER).join(table)
}

/// A table of the warehouse, to be opened. The store's root is the folder of the warehouse, so that
/// no name of a folder above it comes into a URL, of which that of memory is the plainest.
pub fn table_builder(out: &Path, table: &str) -> Result<DeltaTableBuilder> {
    let folder = out.join(FOLDER);
    let store = LocalFileSystem::new_with_prefix(&folder)
        .map_err(|error| Failure::machine(error.to_string()))?;
    let url = Url::parse(&format!("memory:///{table}/"))
        .map_err(|error| Failure::machine(error.to_string()))?;
    let store = Arc::new(OrderedStore(store));
    Ok(DeltaTableBuilder::from_url(url.clone())?.with_storage_backend(store, url))
}

/// A table in its latest version; without a version when nothing was committed to it yet.
pub async fn latest(out: &Path, table: &str) -> Result<DeltaTable> {
    let mut found = table_builder(out, table)?.build()?;
    match found.load().await {
        Ok(()) | Err(DeltaTableError::NotATable(_)) => Ok(found),
        Err(error) => Err(error.into()),
    }
}

/// The load that the state of a table belongs to, as [`LoadRecord::generation`] counts.
pub fn generation(table: &DeltaTable) -> Option<u64> {
    let snapshot = table.snapshot().ok()?;
    let properties = snapshot.metadata().configuration();
    properties.get(GENERATION)?.parse().ok()
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
        let record = last_load(engine, out)?;
        let record = record
            .filter(|record| record.load > 0)
            .ok_or_else(|| missing_stage(out, "ingest", &format!("{FOLDER}/interactions")))?;
        let interactions = load_table(engine, out, "interactions", Some(record.version))?;
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
            with_guests: false,
            has_loads: false,
            loads_version: record.tables.get("loads").copied(),
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
            let known = format!("{sql} AND customer_id IS NOT NULL");
            let shown = match view.name.as_str() {
                "interactions" if self.with_guests => vec![("interactions", &sql)],
                "interactions" => vec![("interactions", &known), (WITH_GUESTS, &sql)],
                name => vec![(name, &sql)],
            };
            for (name, sql) in shown {
                self.engine
                    .wait(async {
                        let rows = session.sql(sql).await?;
                        session.deregister_table(name)?;
                        session.register_table(name, rows.into_view())?;
                        Ok::<_, Failure>(())
                    })
                    .during(format!("opening the table {name}"))?;
            }
        }
        Ok(())
    }

    /// How many interactions are those of guests.
    pub fn guests(&self) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {WITH_GUESTS} WHERE customer_id IS NULL");
        let found = self.engine.query(&sql)?;
        let found = found.column(0).as_primitive::<Int64Type>();
        Ok(found.value(0).unsigned_abs())
    }

    /// Registers the record of loads that belongs to what is shown.
    pub fn show_loads(&mut self, out: &Path) -> Result<()> {
        let Some(version) = self.loads_version else {
            return Ok(());
        };
        let table = load_table(&self.engine, out, "loads", Some(version))?;
        self.add(out, &table, "loads", None)?;
        // It has no versions of rows, so it is shown as it is.
        self.views.pop();
        self.has_loads = true;
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
    let mut builder = table_builder(out, name)?;
    if let Some(version) = version {
        builder = builder.with_version(version);
    }
    engine.wait(builder.load()).map_err(|error| match error {
        DeltaTableError::NotATable(_) => missing_stage(out, "ingest", &format!("{FOLDER}/{name}")),
        error => Failure::from(error).during(format!("opening {FOLDER}/{name}")),
    })
}

/// What the latest load said about itself; none when there is no load of regulars yet.
///
/// # Errors
/// There are rows, and nothing that says which load they belong to.
pub fn last_load(engine: &Engine, out: &Path) -> Result<Option<LoadRecord>> {
    if !table_folder(out, "interactions").is_dir() {
        return Ok(None);
    }
    let interactions = engine
        .wait(latest(out, "interactions"))
        .during("opening interactions")?;
    let Some(version) = interactions.version() else {
        return match has_rows(out)? {
            true => Err(logless()),
            false => Ok(None),
        };
    };
    let mut record = match record_kept(&interactions)? {
        Some(record) => record,
        None => record_in_history(engine, &interactions)?
            .ok_or_else(|| unreadable("nothing says which load its rows belong to"))?,
    };
    record.version = version;
    for (name, recorded) in &mut record.tables {
        *recorded = engine
            .wait(state_of(out, name, *recorded, record.generation))
            .during(format!("opening {FOLDER}/{name}"))?;
    }
    Ok(Some(record))
}

/// Files of a load that was about to be committed, one a line, relative to the warehouse.
pub const JOURNAL: &str = ".committing";

/// Whether a table that has no version has files of rows, other than those of a load that was cut
/// off, or what is left of a log.
fn has_rows(out: &Path) -> Result<bool> {
    let folder = table_folder(out, "interactions");
    let journal = std::fs::read_to_string(out.join(FOLDER).join(JOURNAL)).unwrap_or_default();
    let mut folders = vec![folder.clone()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current).during(current.display())? {
            let path = entry.during(current.display())?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&folder).unwrap_or(&path);
            let below = format!("interactions/{}", below.to_string_lossy());
            let ending = path.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some("json" | "parquet"))
                && !journal.lines().any(|line| line == below)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn unreadable(problem: &str) -> Failure {
    Failure::data(format!("{FOLDER}/interactions cannot be used: {problem}")).hint(
        "bring the folder warehouse back from a backup; or start again from the sources that are there, and from nothing else: regulars ingest --rebuild",
    )
}

/// Whether a warehouse can be started again from its sources.
///
/// # Errors
/// A log that cannot be read: what is written beside it would be mixed up with it.
pub fn can_start(engine: &Engine, out: &Path) -> Result<()> {
    if !table_folder(out, "interactions").is_dir() {
        return Ok(());
    }
    let interactions = engine
        .wait(latest(out, "interactions"))
        .during("opening interactions")?;
    match interactions.version() {
        None if has_rows(out)? => Err(logless()),
        _ => Ok(()),
    }
}

fn logless() -> Failure {
    Failure::data(format!(
        "{FOLDER}/interactions has files of rows, and no log that could be read"
    ))
    .hint("bring the folder warehouse back from a backup; or move it away and start again from the sources that are there, and from nothing else: regulars ingest")
}

/// The record among the properties of the table.
fn record_kept(interactions: &DeltaTable) -> Result<Option<LoadRecord>> {
    let snapshot = interactions.snapshot()?;
    let kept = snapshot.metadata().configuration().get(RECORD);
    kept.map(|text| serde_json::from_str(text))
        .transpose()
        .map_err(|error| {
            unreadable(&format!(
                "its property {RECORD} is not what a load wrote: {error}"
            ))
        })
}

/// The record of the newest commit that has one: other programs, and the clearing of old files, add
/// commits of their own.
fn record_in_history(engine: &Engine, interactions: &DeltaTable) -> Result<Option<LoadRecord>> {
    use futures::TryStreamExt;
    let record = |commit: &deltalake::kernel::CommitInfo| -> Option<LoadRecord> {
        serde_json::from_value(commit.info.get(LOAD_RECORD)?.clone()).ok()
    };
    engine
        .wait(async {
            let mut commits = interactions.history(None);
            while let Some(commit) = commits.try_next().await? {
                if let Some(record) = record(&commit) {
                    return Ok(Some(record));
                }
            }
            Ok::<_, DeltaTableError>(None)
        })
        .during("reading the last load")
}

/// The version in which a table is read for a load: the latest, which other programs may have made
/// by compacting it, unless it is of a load that was cut off; then the one before that load.
async fn state_of(out: &Path, name: &str, recorded: u64, load: u64) -> Result<u64> {
    let latest = latest(out, name).await?;
    let of_load = |table: &DeltaTable| generation(table).is_some_and(|of| of <= load);
    let Some(newest) = latest.version() else {
        return Ok(recorded); // opening it will say what is wrong
    };
    if newest <= recorded || generation(&latest).is_none() {
        return Ok(recorded);
    }
    if of_load(&latest) {
        return Ok(newest);
    }
    for version in (recorded + 1..newest).rev() {
        let earlier = table_builder(out, name)?
            .with_version(version)
            .load()
            .await?;
        if of_load(&earlier) {
            return Ok(version);
        }
    }
    Ok(recorded)
}
