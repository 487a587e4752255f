//! The warehouse as a run sees it: tables in the versions of one load, without what happened, or
//! became known, later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type, SchemaRef};
use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use deltalake::{DeltaTable, DeltaTableError};
use url::Url;

use crate::config::{Cancelled, Day, Settings};
use crate::contract;
use crate::engine::delta::LiveFiles;
use crate::engine::{Engine, Scope};
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::missing_stage;
use crate::warehouse::record::{LoadRecord, last_load};
use crate::warehouse::undone::Undone;
use crate::warehouse::{FOLDER, LOADER, table_builder, table_folder};
use crate::warning::{AS_OF_MOVED, Warning};

/// The warehouse as one run sees it: nothing on or after the as-of date.
pub struct Warehouse {
    /// The canonical tables by their names, and what is made of them.
    pub scope: Scope,
    /// The first day of the history with a purchase.
    pub first_day: NaiveDate,
    /// The as-of date of scores: the day after the last purchase that may be seen.
    pub end: NaiveDate,
    /// What was noticed while opening.
    pub warnings: Vec<Warning>,
    /// Whether the record of loads has a name, [`LOADS`].
    pub has_loads: bool,
    pub(super) loads_version: Option<u64>,
    pub(super) schemas: BTreeMap<String, SchemaRef>,
    pub(super) views: Vec<View>,
    pub(super) first_loaded_at: i64,
    /// The day from which on nothing is seen.
    pub(super) cut: Option<NaiveDate>,
    /// When it is known, where that is not now.
    pub known_at: Option<Day>,
    pub(super) cancelled: Cancelled,
    /// Purchases that were cancelled later, where the settings want them undone and there are any.
    pub(super) undone: Option<Undone>,
}

/// How a table is shown.
#[derive(Clone)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) columns: String,
    pub(super) filter: Option<String>,
    pub(super) files: Vec<PathBuf>,
}

/// A table as it is shown, for programs that are not ours.
pub struct Shown<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its columns, as SQL lists them.
    pub columns: &'a str,
    /// The condition on its rows.
    pub condition: String,
    /// Its files.
    pub files: &'a [PathBuf],
}

/// The interactions with those of guests, who are nobody's: purchases without a customer.
pub const WITH_GUESTS: &str = "interactions_with_guests";

/// The record of loads, as [`Warehouse::show_loads`] names it.
pub const LOADS: &str = "loads_loaded";

/// What a whole table is called, with what `ingest` adds to its rows.
pub(super) fn loaded(table: &str) -> String {
    format!("{table}_loaded")
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
        let record = recorded(engine, out)?;
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
        let cancelled = settings.config.ingest.cancelled;
        Self::of(engine, out, &record, (cut, known_at), cancelled)
    }

    /// Opens the warehouse as it was loaded, for who has no settings at hand and only looks: with
    /// purchases that were cancelled later, and the lines that say so.
    ///
    /// # Errors
    /// No load yet.
    pub fn open_as_loaded(engine: &Arc<Engine>, out: &Path, cut: Option<Day>) -> Result<Self> {
        let record = recorded(engine, out)?;
        Self::of(engine, out, &record, (cut, None), Cancelled::Keep)
    }

    /// The same without purchases that were cancelled later, as results are where the settings want that.
    ///
    /// # Errors
    /// No load yet.
    pub fn open_without_cancelled(
        engine: &Arc<Engine>,
        out: &Path,
        cut: Option<Day>,
    ) -> Result<Self> {
        let record = recorded(engine, out)?;
        Self::of(engine, out, &record, (cut, None), Cancelled::Undo)
    }

    /// The tables that belong to the last load.
    fn of(
        engine: &Arc<Engine>,
        out: &Path,
        record: &LoadRecord,
        (cut, known_at): (Option<Day>, Option<Day>),
        cancelled: Cancelled,
    ) -> Result<Self> {
        let interactions = load_table(engine, out, "interactions", Some(record.version))?;
        let mut warehouse = Self {
            scope: engine.scope(),
            first_day: NaiveDate::MIN,
            end: NaiveDate::MIN,
            warnings: Vec::new(),
            has_loads: false,
            loads_version: record.tables.get("loads").copied(),
            schemas: BTreeMap::new(),
            views: Vec::new(),
            first_loaded_at: record.first_loaded_at,
            cut: cut.map(|Day(day)| day),
            known_at,
            cancelled,
            undone: None,
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
        warehouse.undone = warehouse.find_undone(&warehouse.scope, known_at)?;
        warehouse.show(&warehouse.scope, known_at, warehouse.undone.as_ref(), None)?;
        for view in &warehouse.views {
            let schema = warehouse.scope.schema(&view.name)?;
            warehouse.schemas.insert(view.name.clone(), schema);
        }
        Ok(warehouse)
    }

    /// Names a whole table, and notes how its rows are shown: without what `ingest` adds, and those
    /// that `filter` lets through.
    fn add(
        &mut self,
        out: &Path,
        table: &DeltaTable,
        name: &str,
        filter: Option<String>,
    ) -> Result<()> {
        let files = self.name(out, table, name)?;
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
            files,
        });
        Ok(())
    }

    /// The tables as they are shown as known now, for programs that are not ours.
    pub fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        self.views.iter().map(|view| {
            let mut conditions = vec![holding(None, self.first_loaded_at)];
            conditions.extend(view.filter.clone());
            if view.name == "interactions" {
                conditions.push("customer_id IS NOT NULL".to_owned());
            }
            Shown {
                name: &view.name,
                columns: &view.columns,
                condition: conditions.join(" AND "),
                files: &view.files,
            }
        })
    }

    /// Names a whole table; the files that it is made of.
    fn name(&self, out: &Path, table: &DeltaTable, name: &str) -> Result<Vec<PathBuf>> {
        let folder = table_url(out, name)?.to_file_path();
        let folder = folder.map_err(|()| Failure::machine("a table that is no folder"))?;
        let live = self
            .scope
            .wait(LiveFiles::of(table, &folder))
            .during(format!("opening the table {name}"))?;
        let files = live.paths().to_vec();
        self.scope.table(&loaded(name), Arc::new(live))?;
        Ok(files)
    }

    /// Names the record of loads that belongs to what is shown.
    pub fn show_loads(&mut self, engine: &Engine, out: &Path) -> Result<()> {
        if let Some(version) = self.loads_version {
            let table = load_table(engine, out, "loads", Some(version))?;
            self.name(out, &table, "loads")?;
            self.has_loads = true;
        }
        Ok(())
    }

    /// Shows purchases of guests among the interactions too.
    pub fn show_guests(&self) -> Result<()> {
        let all = self.scope.frame(&format!("SELECT * FROM {WITH_GUESTS}"))?;
        self.scope.view("interactions", all)
    }

    /// How many interactions are those of guests.
    pub fn guests(&self) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {WITH_GUESTS} WHERE customer_id IS NULL");
        let found = self.scope.query(&sql)?;
        let found = found.column(0).as_primitive::<Int64Type>();
        Ok(found.value(0).unsigned_abs())
    }

    /// Finds the first and the last day with a purchase.
    ///
    /// # Errors
    /// There is no purchase before `cut`.
    pub fn span(&mut self, cut: Option<Day>) -> Result<()> {
        let days = self
            .scope
            .query("SELECT min(day), max(day) FROM interactions WHERE kind = 'purchase'")?;
        let (Some(first), Some(last)) = (date(&days, 0), date(&days, 1)) else {
            let cancelled = self.undone.as_ref().filter(|undone| undone.matched > 0);
            return Err(match cut {
                _ if cancelled.is_some() => {
                    Failure::data("every purchase was cancelled later, and counts no more").hint(
                        "with cancelled = \"keep\" under [ingest] purchases count although they were cancelled",
                    )
                }
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
                tr!(
                    "nobody bought anything from {from} until {asked}; results speak of {from}",
                    from = self.end,
                    asked = asked
                ),
            ));
        }
        Ok(())
    }

    /// When the first load was, in microseconds since 1970.
    pub fn first_loaded(&self) -> i64 {
        self.first_loaded_at
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

/// The record of the last load.
fn recorded(engine: &Engine, out: &Path) -> Result<LoadRecord> {
    let record = last_load(engine, out)?;
    record
        .filter(|record| record.load > 0)
        .ok_or_else(|| missing_stage(out, LOADER, &format!("{FOLDER}/interactions")))
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

/// The URL of a canonical table, whose folder must exist.
pub fn table_url(out: &Path, table: &str) -> Result<Url> {
    let folder = table_folder(out, table);
    let folder = folder.canonicalize().during(folder.display())?;
    Url::from_directory_path(&folder)
        .map_err(|()| Failure::settings(format!("{} is no usable path", folder.display())))
}

fn load_table(engine: &Engine, out: &Path, name: &str, version: Option<u64>) -> Result<DeltaTable> {
    if !table_folder(out, name).join("_delta_log").is_dir() {
        return Err(missing_stage(out, LOADER, &format!("{FOLDER}/{name}")));
    }
    let mut builder = table_builder(out, name)?;
    if let Some(version) = version {
        builder = builder.with_version(version);
    }
    engine.wait(builder.load()).map_err(|error| match error {
        DeltaTableError::NotATable(_) => missing_stage(out, LOADER, &format!("{FOLDER}/{name}")),
        error => Failure::from(error).during(format!("opening {FOLDER}/{name}")),
    })
}
