//! `score`: a kept model on the customers of today.

use crate::cli::{self, LoadOptions};
use crate::config::Settings;
use crate::failure::Result;
use crate::lifecycle::registry;
use crate::lifecycle::score::{NAME, score};
use crate::outputs::lock::Lock;
use crate::run::{Outcome, judged};
use crate::stages::{Asked, Context, Shared, churn};
use crate::text::count;
use crate::workbench::{Began, Workbench};

/// Scores by the version that was asked for, and records it.
pub fn run(args: &cli::Score) -> Result<Outcome> {
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
    let champion = registry.champion()?.champion == Some(version.number());
    let load = LoadOptions::default();
    let asked = Asked::by(&settings, common, &load);
    let shared = Shared::default();
    let context = Context::new(&churn::STAGE, &bench, asked, &shared);
    let report = score(&context, &version, champion)?;
    let entry = context.entry(&report)?;
    let line = format!(
        "{} customers in, {} scored by {}",
        count(report.rows_in),
        count(report.rows_out),
        version.title()
    );
    bench.progress.done(&line, began.seconds());
    for warning in &report.warnings {
        bench.progress.warning(warning);
    }
    bench
        .manifest
        .project
        .clone_from(&settings.config.project.name);
    bench
        .manifest
        .currency
        .clone_from(&settings.config.project.currency);
    bench.record(NAME, report.files, entry, &began)?;
    Ok(judged(&settings.config, &report.warnings))
}
