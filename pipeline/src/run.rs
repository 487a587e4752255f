//! A run: the stages that were asked for, one after the other, each recorded when it is done.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::cli::{Common, LoadOptions};
use crate::config::Settings;
use crate::engine::Engine;
use crate::failure::{Cause, Failure, Result};
use crate::interrupt;
use crate::lock::Lock;
use crate::manifest::{Manifest, StageEntry, missing_stage, process_use, started_now};
use crate::progress::Progress;
use crate::stages::{Context, Report, Stage, ingest};
use crate::summary;
use crate::text::{count, plural, print};
use crate::warning::{STAGE_SKIPPED, Warning};

/// How a run ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 1: warnings that the settings call failures.
    WarnedAsFailure,
}

/// Runs stages on an output folder, which is locked meanwhile. With `whole`, a stage with too little
/// data is left out.
pub fn run(
    settings: &Settings,
    stages: &[&'static Stage],
    common: &Common,
    load: &LoadOptions,
    whole: bool,
) -> Result<Outcome> {
    let command = match stages {
        [stage] if !whole => stage.name,
        _ => "run",
    };
    let out = common.output.out.as_path();
    let lock = Lock::take(out, command, common.patience.wait, common.quiet)?;
    run_locked(&lock, settings, stages, common, load, whole)
}

/// Runs stages on an output folder of which the lock is held.
pub fn run_locked(
    lock: &Lock,
    settings: &Settings,
    stages: &[&'static Stage],
    common: &Common,
    load: &LoadOptions,
    whole: bool,
) -> Result<Outcome> {
    if whole && load.dry_run {
        return Err(Failure::settings(
            "--dry-run is for `ingest`: what comes after it reads what it commits",
        )
        .hint("try the load first: regulars ingest --dry-run"));
    }
    let out = common.output.out.as_path();
    let threads = use_threads(common.threads);
    let engine = Arc::new(Engine::new(
        out,
        threads,
        settings.config.engine.memory_limit.0,
    )?);
    let mut manifest = Manifest::open(out)?;
    let unseen = ingest::receipt::settle(&engine, out, &mut manifest)?;
    let unseen_load = !unseen.is_empty();
    lock.clear(&manifest)?;
    if whole {
        manifest.left_out.clear();
    }
    manifest.project.clone_from(&settings.config.project.name);
    manifest
        .currency
        .clone_from(&settings.config.project.currency);
    let seed = common.seed.unwrap_or(settings.config.project.seed);
    let mut progress = Progress::new(common.quiet);
    let (warehouse, purchases) = (OnceCell::new(), OnceCell::new());
    let mut warnings: Vec<Warning> = Vec::new();
    if stages.iter().any(|stage| stage.name == ingest::NAME) {
        note(&mut warnings, unseen, &progress);
    }
    let mut done: Vec<&str> = Vec::new();
    let without_history = whole && settings.config.lacks_history();
    if without_history {
        for stage in stages {
            if stage.needs_history(&settings.config) {
                manifest.forget(out, stage.name)?;
            }
        }
        let message = "no source tells what customers did: there are churn scores from the label, and neither segments nor rules nor offers";
        let warning = Warning::new(STAGE_SKIPPED, message);
        manifest.left_out.push(warning.clone());
        note(&mut warnings, vec![warning], &progress);
    }
    for stage in stages {
        if without_history && stage.needs_history(&settings.config) {
            continue;
        }
        let missing = |name: &&str| !manifest.stages.contains_key(*name);
        if let Some(earlier) = stage.needs(&settings.config).find(missing) {
            return Err(missing_stage(
                out,
                earlier,
                &format!("what `{}` reads", stage.name),
            ));
        }
        progress.stage(stage.name);
        interrupt::whole(whole_so_far(&done, stage.name, out));
        let (started_at, clock, cpu) = (started_now(), Instant::now(), process_use().1);
        let context = Context {
            settings,
            out,
            as_of: common.as_of,
            known_at: common.known_at,
            load,
            seed,
            engine: &engine,
            manifest: &manifest,
            unseen_load,
            progress: &progress,
            warehouse: &warehouse,
            purchases: &purchases,
        };
        let report = match (stage.run)(&context) {
            Ok(report) => report,
            // Without a history there is nothing beside it.
            Err(failure)
                if whole && stage.optional && !without_history && failure.cause == Cause::Data =>
            {
                let message = format!("{} was left out: {}", stage.name, failure.message);
                progress.done("left out", clock.elapsed().as_secs_f64());
                manifest.forget(out, stage.name)?;
                let warning = Warning::new(STAGE_SKIPPED, message);
                manifest.left_out.push(warning.clone());
                note(&mut warnings, vec![warning], &progress);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let recorded = context.entry(&report)?;
        let seconds = clock.elapsed().as_secs_f64();
        let (peak, cpu_now) = process_use();
        progress.done(&said(stage, &report, load.dry_run), seconds);
        note(&mut warnings, report.warnings.clone(), &progress);
        if load.dry_run {
            continue; // the files that the stage has made go with its report
        }
        let entry = StageEntry {
            started_at,
            seconds,
            cpu_seconds: cpu.zip(cpu_now).map(|(before, after)| after - before),
            peak_memory_bytes: peak,
            ..recorded
        };
        manifest.commit(out, stage.name, report.files, entry)?;
        if stage.name == ingest::NAME {
            ingest::receipt::clear(out)?;
        }
        done.push(stage.name);
    }
    interrupt::whole(format!(
        "all that was asked for is whole in {}",
        out.display()
    ));
    if whole {
        summary::write(&mut manifest, out)?;
        if !common.quiet {
            print(&summary::text(&manifest, out));
        }
    }
    let failing = |warning: &Warning| {
        let listed = &settings.config.run.fail_on;
        listed
            .iter()
            .any(|code| code == "all" || *code == warning.code)
    };
    let failures: Vec<&str> = warnings
        .iter()
        .filter(|warning| failing(warning))
        .map(|warning| warning.code.as_str())
        .collect();
    if failures.is_empty() {
        return Ok(Outcome::Done);
    }
    eprintln!(
        "regulars: done, but the settings call these warnings failures: {}",
        failures.join(", ")
    );
    Ok(Outcome::WarnedAsFailure)
}

/// For whoever stops a stage: what is whole then.
fn whole_so_far(done: &[&str], stage: &str, out: &Path) -> String {
    let left = match stage {
        ingest::NAME => "nothing of this load counts, and the warehouse is as it was".to_owned(),
        stage => format!("{stage} was not finished, and its files are as they were"),
    };
    match done {
        [] => left,
        done => format!(
            "{} ended and whole in {}; {left}",
            done.join(", "),
            out.display()
        ),
    }
}

/// Makes rayon's pool of this many threads, or of one for each core; says how many.
pub fn use_threads(asked: Option<u16>) -> usize {
    let threads = asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    // Fails only when a pool was made before, which happens in tests of this crate alone.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    threads
}

fn said(stage: &Stage, report: &Report, dry_run: bool) -> String {
    let warned = match report.warnings.len() {
        0 => String::new(),
        number => format!(", {}", plural(number as u64, "warning")),
    };
    let read = if stage.reads.is_empty() {
        "source rows"
    } else {
        "rows in"
    };
    let dry = if dry_run { ", nothing committed" } else { "" };
    format!(
        "{} {read}, {} out{dry}{warned}",
        count(report.rows_in),
        count(report.rows_out)
    )
}

/// Says a warning once, also when several stages have noticed the same.
fn note(all: &mut Vec<Warning>, new: Vec<Warning>, progress: &Progress) {
    for warning in new {
        if !all.contains(&warning) {
            progress.warn(&warning.message);
            all.push(warning);
        }
    }
}

/// Where the sample lies below the output folder.
pub fn demo_folder(out: &Path) -> std::path::PathBuf {
    out.join("demo")
}
