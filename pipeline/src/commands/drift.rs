//! `drift`: the customers of today beside those that a kept model was learned with.

use crate::cli::{self, LoadOptions};
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::lifecycle::drift::{Metrics, NAME, drift};
use crate::lifecycle::registry;
use crate::outputs::lock::Lock;
use crate::run::{Outcome, judged};
use crate::stages::report::index;
use crate::stages::{Asked, Context, Shared, churn};
use crate::text::{count, print};
use crate::workbench::{Began, Workbench};

/// Looks, records what was found, and says it.
pub fn run(args: &cli::Drift) -> Result<Outcome> {
    let common = &args.settings.common;
    let settings = Settings::read(&args.settings.config)?;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, NAME, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage(NAME);
    let began = Began::now();
    let registry = registry(args.registry.registry.as_deref(), out);
    let version = registry.find(&args.model)?;
    let load = LoadOptions::default();
    let asked = Asked::by(&settings, common, &load);
    let shared = Shared::default();
    let context = Context::new(&churn::STAGE, &bench, asked, &shared);
    let report = drift(&context, &version, args.junit.as_deref())?;
    let entry = context.entry(&report)?;
    let found: Metrics = serde_json::from_value(report.metrics.clone())
        .map_err(|error| Failure::machine(error.to_string()))?;
    let line = format!(
        "{} customers in, {}",
        count(report.rows_in),
        version.title()
    );
    bench.progress.done(&line, began.seconds());
    for warning in &report.warnings {
        bench.progress.warning(warning);
    }
    bench.record(NAME, report.files, entry, &began)?;
    index::refresh(&mut bench.manifest, &bench.out)?;
    if !common.quiet {
        print(&found.words());
    }
    Ok(judged(&settings.config, &report.warnings))
}
