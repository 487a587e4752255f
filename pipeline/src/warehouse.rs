//! The canonical tables as `ingest` keeps them: Delta Lake tables below `warehouse/`.
//!
//! Readers see one consistent state: the commit of `interactions` comes last in a load and
//! names the versions of the other tables that belong to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use datafusion::common::DFSchema;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Day, Settings};
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
    /// The other canonical tables of this load, and their versions.
    pub tables: BTreeMap<String, u64>,
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
    /// Opens the warehouse below `out`, as if nothing on or after `cut` had been loaded.
    ///
    /// # Errors
    /// No load yet, a load with another time zone, or no purchase before `cut`.
    pub fn open(
        engine: &Arc<Engine>,
        settings: &Settings,
        out: &Path,
        cut: Option<Day>,
    ) -> Result<Self> {
        let mut warehouse = Self::open_any(engine, settings, out, cut)?;
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
        };
        // `day` prunes files; it is exact, because as-of dates are midnights of the project's zone.
        let before = |column: &str| {
            cut.map(|day| format!(" WHERE {column} < DATE '{day}'"))
                .unwrap_or_default()
        };
        warehouse.view(&interactions, "interactions", &before("day"))?;
        for (name, version) in &record.tables {
            let table = load_table(engine, out, name, Some(*version))?;
            let filter = if name == "campaigns" {
                before("starts_on")
            } else {
                String::new()
            };
            warehouse.view(&table, name, &filter)?;
        }
        Ok(warehouse)
    }

    /// Registers a table as a view that ends at the cut.
    fn view(&mut self, table: &DeltaTable, name: &str, filter: &str) -> Result<()> {
        self.engine
            .wait(async {
                let provider = table.table_provider().build().await?;
                let session = self.engine.session();
                table.update_datafusion_session(&session.state())?;
                let source = format!("{name}_loaded");
                session.register_table(source.as_str(), Arc::new(provider))?;
                let view = session
                    .sql(&format!("SELECT * FROM {source}{filter}"))
                    .await?;
                let schema: &DFSchema = view.schema();
                self.schemas
                    .insert(name.to_owned(), Arc::new(schema.as_arrow().clone()));
                session.register_table(name, view.into_view())?;
                Ok::<_, Failure>(())
            })
            .during(format!("opening the table {name}"))
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
        let there: Vec<&str> = crate::contract::LEVELS
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

/// What the latest load said about itself.
fn load_record(engine: &Engine, interactions: &DeltaTable) -> Result<LoadRecord> {
    use futures::TryStreamExt;
    let commit = engine
        .wait(async { interactions.history(Some(1)).try_next().await })
        .during("reading the last load")?;
    commit
        .and_then(|commit| serde_json::from_value(commit.info.get(LOAD_RECORD)?.clone()).ok())
        .ok_or_else(|| {
            Failure::data("the last commit of warehouse/interactions was not made by regulars")
                .hint("run ingest again; regulars reads only loads of its own")
        })
}
