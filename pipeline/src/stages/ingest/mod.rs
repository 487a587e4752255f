//! `ingest`: source files, mapped onto the canonical tables, become the warehouse.

mod coerce;
mod load;
mod mapping;
mod rejects;
mod rows;
mod zone;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use self::load::Small;
use self::mapping::{SourcePlan, TablePlan};
pub use self::rejects::COPY;
use self::rows::{Counts, Keys, Rows, Terms};
use super::{Context, Report};
use crate::contract;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::sources::Fetch;
use crate::text::{count, percent};
use crate::warning::{self, Warning};

/// The stage's one name.
pub const NAME: &str = "ingest";

/// Where the rows of each table ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// One entry for each canonical table.
    pub tables: Vec<TableMetrics>,
}

/// Where the rows of one table ended: `read = kept + duplicates + rejected`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableMetrics {
    /// The canonical table.
    pub table: String,
    /// Rows of the source files.
    pub read: u64,
    /// Rows now in the warehouse.
    pub kept: u64,
    /// Exact copies of earlier lines.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Interactions whose product the products table does not have.
    pub unknown_products: u64,
}

/// Loads every source into the warehouse as one new version of each table.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = context.settings;
    let fetch = Fetch {
        engine: context.engine,
        spool: &context.out.join(".spill/sources"),
        earlier: &BTreeMap::new(),
    };
    let mut plans = Vec::new();
    for table in contract::TABLES {
        context
            .progress
            .step(&format!("looking at the sources of {}", table.name));
        plans.extend(mapping::plan(settings, table, &fetch)?);
    }
    if !plans.iter().any(|plan| plan.table.name == "interactions") {
        return Err(Failure::settings(format!(
            "{}: no source feeds the table interactions",
            settings.path.display()
        ))
        .hint(
            "add [[sources]] with table = \"interactions\"; see docs/settings.md for an example",
        ));
    }
    mapping::agree_on_keys(&mut plans);
    let inputs = plans
        .iter()
        .flat_map(|plan| &plan.sources)
        .flat_map(|source| source.files.clone())
        .collect();

    let today = || {
        chrono::Utc::now()
            .with_timezone(&settings.config.project.timezone.0)
            .date_naive()
    };
    let latest = settings
        .config
        .ingest
        .latest
        .map_or_else(today, |day| day.0);
    let terms = Terms {
        out: context.out,
        timezone: settings.config.project.timezone.0,
        latest: latest.to_epoch_days(),
        duplicates: settings.config.ingest.duplicates,
    };
    let limit = settings.config.ingest.max_reject_share;
    let mut small = Vec::new();
    let mut metrics = Vec::new();
    let mut rejects: Vec<Pending> = Vec::new();
    let mut warnings = Vec::new();
    let mut products = None;
    let mut interactions = None;
    for plan in plans {
        if plan.table.name == "interactions" {
            interactions = Some(plan);
            continue;
        }
        let mut rows = Rows::new(&plan, &terms, None);
        let mut batches = Vec::new();
        for source in &plan.sources {
            rows.read(source, |batch| {
                batches.push(batch);
                Ok(())
            })?;
        }
        if plan.table.name == "products" {
            products = Some(product_keys(&batches));
        }
        let schema = rows.schema();
        let finished = finish(rows, plan.table.name, limit, context.out)?;
        finished.warn(&mut warnings);
        metrics.push(finished.metrics);
        rejects.push(finished.rejects);
        small.push(Small {
            name: plan.table.name,
            schema,
            batches,
        });
    }
    let Some(plan) = interactions else {
        return Err(Failure::settings("no source feeds interactions"));
    };
    let finished = load_interactions(context, plan, &terms, products, small, limit)?;
    finished.warn(&mut warnings);
    metrics.push(finished.metrics);
    rejects.push(finished.rejects);

    if !settings
        .config
        .sources
        .iter()
        .any(|source| source.table == "products")
    {
        warnings.push(Warning::new(
            warning::NO_PRODUCTS,
            "no source feeds the products: taxonomy features are off, and rules and offers work on product ids",
        ));
    }
    if !settings
        .config
        .sources_of("interactions")
        .any(|(_, source)| source.columns.contains_key("amount"))
    {
        warnings.push(Warning::new(
            warning::NO_AMOUNTS,
            "no source gives the interactions an amount: money is 0 everywhere, and segments rest on recency and frequency",
        ));
    }
    let mut files = Pending::new(context.out, NAME);
    rejects
        .into_iter()
        .for_each(|pending| files.absorb(pending));
    let rows_in = metrics.iter().map(|table| table.read).sum();
    let rows_out = metrics.iter().map(|table| table.kept).sum();
    Ok(Report {
        inputs,
        rows_in,
        rows_out,
        warnings,
        ..Report::new(files, &Metrics { tables: metrics })?
    })
}

/// Streams the interactions into the warehouse and ends the load.
fn load_interactions(
    context: &Context<'_>,
    plan: TablePlan<'_>,
    terms: &Terms<'_>,
    products: Option<Keys>,
    small: Vec<Small>,
    limit: f64,
) -> Result<Finished> {
    let rows = Rows::new(&plan, terms, products);
    let schema = rows.schema();
    // The rows are read on a thread of their own, which outlives no call but may borrow nothing.
    let sources: Vec<OwnedSource> = plan.sources.into_iter().map(OwnedSource::from).collect();
    let out = context.out.to_owned();
    let progress = context.progress.clone();
    let finished: Arc<Mutex<Option<Finished>>> = Arc::default();
    let result = Arc::clone(&finished);
    let work: load::Source<'static> = Box::new(move |send| {
        let mut rows = rows;
        for source in &sources {
            let mut kept = 0u64;
            rows.read(&source.borrow(), |batch| {
                kept += batch.num_rows() as u64;
                progress.step(&format!("loading interactions: {} rows", count(kept)));
                send(batch)
            })?;
        }
        let finished = finish(rows, "interactions", limit, &out)?;
        if finished.metrics.kept == 0 {
            return Err(Failure::data(format!(
                "none of the {} source rows of interactions can be used",
                finished.metrics.read
            ))
            .hint("look at the sources: is there a row below the header?"));
        }
        *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(finished);
        Ok(())
    });
    let timezone = terms.timezone.name();
    load::load(context.engine, context.out, timezone, small, schema, work)?;
    let finished = finished
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    finished.ok_or_else(|| Failure::machine("the load ended without a count of its rows"))
}

/// A source plan that owns its settings, for the reading thread.
struct OwnedSource {
    source: crate::config::Source,
    files: Vec<crate::sources::SourceFile>,
    schema: arrow::datatypes::SchemaRef,
    expressions: Vec<Option<Arc<dyn datafusion::physical_plan::PhysicalExpr>>>,
}

impl From<SourcePlan<'_>> for OwnedSource {
    fn from(plan: SourcePlan<'_>) -> Self {
        Self {
            source: plan.source.clone(),
            files: plan.files,
            schema: plan.schema,
            expressions: plan.expressions,
        }
    }
}

impl OwnedSource {
    fn borrow(&self) -> SourcePlan<'_> {
        SourcePlan {
            source: &self.source,
            files: self.files.clone(),
            schema: Arc::clone(&self.schema),
            expressions: self.expressions.clone(),
        }
    }
}

/// A table whose rows have all been read.
struct Finished {
    metrics: TableMetrics,
    rejects: Pending,
    reasons: String,
    rejects_name: String,
}

/// Closes the rejects and holds the load to its limit.
fn finish(rows: Rows, table: &str, limit: f64, out: &Path) -> Result<Finished> {
    let Counts {
        read,
        kept,
        duplicates,
        rejected,
        unknown_products,
    } = rows.counts;
    debug_assert_eq!(read, kept + duplicates + rejected);
    let reasons = rows.rejects.main_reasons();
    let rejects_name = rows.rejects.name().to_owned();
    let rejects = rows.rejects.finish()?;
    let share = if read == 0 {
        0.0
    } else {
        rejected as f64 / read as f64
    };
    if share > limit {
        rejects.commit()?;
        return Err(Failure::data(format!(
            "{table}: {} of {} rows ({}) cannot be used, more than the {} that the settings allow; nothing was loaded",
            count(rejected),
            count(read),
            percent(share),
            percent(limit),
        ))
        .hint(format!(
            "most are: {reasons}. Each row is in {}; mend them, or raise max_reject_share under [ingest]",
            out.join(&rejects_name).display()
        )));
    }
    let metrics = TableMetrics {
        table: table.to_owned(),
        read,
        kept,
        duplicates,
        rejected,
        unknown_products,
    };
    Ok(Finished {
        metrics,
        rejects,
        reasons,
        rejects_name,
    })
}

impl Finished {
    fn warn(&self, warnings: &mut Vec<Warning>) {
        let TableMetrics {
            table,
            read,
            duplicates,
            rejected,
            unknown_products,
            ..
        } = &self.metrics;
        if *rejected > 0 {
            let message = format!(
                "{table}: {} of {} rows rejected ({}); see {}",
                count(*rejected),
                count(*read),
                self.reasons,
                self.rejects_name
            );
            warnings.push(Warning::new(warning::REJECTED_ROWS, message));
        }
        if *duplicates > 0 {
            let message = format!(
                "{table}: {} exact copies of earlier lines left out; see {}, or keep them with duplicates = \"keep\" under [ingest]",
                count(*duplicates),
                self.rejects_name
            );
            warnings.push(Warning::new(warning::DUPLICATE_ROWS, message));
        }
        if *unknown_products > 0 {
            let message = format!(
                "{table}: {} rows name products that the products table does not have",
                count(*unknown_products)
            );
            warnings.push(Warning::new(warning::UNKNOWN_PRODUCTS, message));
        }
    }
}

fn product_keys(batches: &[arrow::array::RecordBatch]) -> Keys {
    let mut keys = Keys::default();
    for batch in batches {
        if let Some(values) = batch.column_by_name("product_id") {
            (0..batch.num_rows()).for_each(|row| {
                keys.insert(values, row);
            });
        }
    }
    keys
}
