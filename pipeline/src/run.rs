//! A run: the stages that were asked for, one after the other, each recorded when it is done.

use std::path::Path;

use serde_json::json;

use crate::cli::{Common, LoadOptions};
use crate::config::{Config, Settings};
use crate::failure::{Cause, Failure, Result};
use crate::lifecycle::mlflow::{self, Logged};
use crate::lifecycle::{keep, promote, registry};
use crate::log;
use crate::outputs::interrupt;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::missing_stage;
use crate::stages::churn::Taught;
use crate::stages::report::{self, index};
use crate::stages::{Asked, Context, Report, Shared, Stage, ingest};
use crate::summary;
use crate::text::{count, print};
use crate::warehouse::receipt;
use crate::warning::{self, STAGE_SKIPPED, Warning};
use crate::words;
use crate::workbench::{Began, Workbench};

/// How a run ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 1: warnings that the settings call failures.
    WarnedAsFailure,
}

/// What was asked for.
pub struct Run<'a> {
    /// The checked settings.
    pub settings: &'a Settings,
    /// Which stages, in their order.
    pub stages: Vec<&'static Stage>,
    /// Options of every command.
    pub common: &'a Common,
    /// How `ingest` loads.
    pub load: &'a LoadOptions,
    /// Whether it is the whole job: a stage with too little data is left out then.
    pub whole: bool,
    /// Where what is learned is logged in MLflow, if anywhere.
    pub mlflow: Option<&'a str>,
}

/// What the stages of a run share and leave.
#[derive(Default)]
struct SoFar {
    shared: Shared,
    warnings: Vec<Warning>,
    done: Vec<&'static str>,
}

impl Run<'_> {
    /// Runs the stages on the output folder, which is locked meanwhile.
    pub fn run(&self) -> Result<Outcome> {
        let command = match self.stages[..] {
            [stage] if !self.whole => stage.name,
            _ => "run",
        };
        let Common {
            output,
            patience,
            quiet,
            ..
        } = self.common;
        self.run_locked(Lock::take(&output.out, command, patience.wait, *quiet)?)
    }

    /// Runs the stages on an output folder of which the lock is held.
    pub fn run_locked(&self, lock: Lock) -> Result<Outcome> {
        if self.whole && self.load.dry_run {
            return Err(Failure::settings(
                "--dry-run is for `ingest`: what comes after it reads what it commits",
            )
            .hint("try the load first: regulars ingest --dry-run"));
        }
        let config = &self.settings.config;
        let (threads, memory) = (self.common.threads, config.engine.memory_limit.0);
        let mut bench = Workbench::open(lock, threads, memory, self.common.quiet)?;
        if self.whole {
            bench.manifest.left_out.clear();
            bench.manifest.without.clear();
        }
        bench.manifest.project.clone_from(&config.project.name);
        bench.manifest.currency.clone_from(&config.project.currency);
        bench.manifest.language = words::spoken();
        let unseen = std::mem::take(&mut bench.unseen);
        let mut so_far = SoFar::default();
        so_far.shared.unseen_load = !unseen.is_empty();
        if self.stages.iter().any(|stage| stage.name == ingest::NAME) {
            so_far.note(&bench, unseen);
        }
        let without_history = self.whole && config.lacks_history();
        if without_history {
            self.without_history(&mut bench, &mut so_far)?;
        }
        for stage in &self.stages {
            if !(without_history && (stage.needs_history)(config)) {
                self.stage(stage, &mut bench, &mut so_far)?;
            }
        }
        let whole = format!("all that was asked for is whole in {}", bench.out.display());
        interrupt::whole(whole);
        if so_far.done.contains(&report::NAME) {
            index::write(&mut bench.manifest, &bench.out)?;
        }
        if self.whole {
            summary::write(&mut bench.manifest, &bench.out)?;
            if !self.common.quiet {
                print(&summary::text(&bench.manifest, &bench.out));
            }
        }
        Ok(judged(config, &so_far.warnings))
    }

    /// Takes out what an earlier run knew of a history that is not there.
    fn without_history(&self, bench: &mut Workbench, so_far: &mut SoFar) -> Result<()> {
        for stage in &self.stages {
            if (stage.needs_history)(&self.settings.config) {
                bench.manifest.forget(&bench.out, stage.name)?;
                let why = tr!("no source tells what customers did");
                bench.manifest.without.insert(stage.name.to_owned(), why);
            }
        }
        so_far.leave_out(bench, tr!("no source tells what customers did: there are churn scores from the label, and neither segments nor values nor rules nor offers"));
        Ok(())
    }

    /// Runs one stage and records it.
    fn stage(
        &self,
        stage: &'static Stage,
        bench: &mut Workbench,
        so_far: &mut SoFar,
    ) -> Result<()> {
        let config = &self.settings.config;
        let missing = |name: &&str| !bench.manifest.stages.contains_key(*name);
        if let Some(earlier) = stage.needs(config).find(missing) {
            let what = format!("what `{}` reads", stage.name);
            return Err(missing_stage(&bench.out, earlier, &what));
        }
        let before = bench
            .manifest
            .stages
            .get(stage.name)
            .map(|entry| entry.seconds);
        bench.progress.stage_as_before(stage.name, before);
        interrupt::whole(whole_so_far(&so_far.done, stage.name, &bench.out));
        let (began, at) = (Began::now(), chrono::Utc::now());
        let asked = Asked::by(self.settings, self.common, self.load);
        let context = Context::new(stage, bench, asked, &so_far.shared);
        let report = match (stage.run)(&context) {
            Ok(report) => report,
            Err(failure) if self.goes_on_without(stage, &failure) => {
                bench.progress.done("left out", began.seconds());
                bench.manifest.forget(&bench.out, stage.name)?;
                let why = failure.message;
                let message = tr!("{stage} was left out: {why}", stage = stage.name, why = why);
                bench.manifest.without.insert(stage.name.to_owned(), why);
                so_far.leave_out(bench, message);
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        let entry = context.entry(&report)?;
        let line = line(stage, &report, self.load.dry_run);
        let facts = json!({ "rows_in": report.rows_in, "rows_out": report.rows_out });
        bench.progress.done_with(&line, began.seconds(), facts);
        so_far.note(bench, report.warnings.clone());
        if self.load.dry_run {
            return Ok(()); // the files that the stage has made go with its report
        }
        bench.record(stage.name, report.files, entry, &began)?;
        if stage.name == ingest::NAME {
            receipt::clear(&bench.out)?;
        }
        so_far.done.push(stage.name);
        if let Some(taught) = report.taught {
            let context = Context::new(stage, bench, asked, &so_far.shared);
            let began = Began::now();
            if let Some(done) = self.keep(&context, &taught, at)? {
                bench.progress.stage("models");
                bench.progress.done(&done, began.seconds());
            }
        }
        Ok(())
    }

    /// Keeps and logs what was learned, where the settings and the command line want that; in words
    /// what came of it.
    fn keep(
        &self,
        context: &Context<'_>,
        taught: &Taught,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Option<String>> {
        let keeps = self.settings.config.models.keep;
        if !keeps && self.mlflow.is_none() {
            return Ok(None);
        }
        let candidate = keep::candidate(context, taught)?;
        let logged = self.mlflow.map(|to| {
            let logged = Logged::new(context, &candidate, &taught.found, at);
            (to, logged)
        });
        let mut done = Vec::new();
        let mut number = None;
        if keeps {
            let registry = registry(None, context.out);
            let (kept, words) = promote::after_run(context, &registry, candidate)?;
            number = Some(kept);
            done.push(words);
        }
        if let Some((to, logged)) = logged {
            let logged = match number {
                Some(number) => logged.of_version(number),
                None => logged,
            };
            done.push(format!("in MLflow: {}", mlflow::log(context, to, &logged)?));
        }
        Ok(Some(done.join("; ")))
    }

    /// Whether the data are too few for a stage that the whole job can do without; where there is no
    /// history, there is nothing beside it.
    fn goes_on_without(&self, stage: &Stage, failure: &Failure) -> bool {
        self.whole
            && stage.optional
            && !self.settings.config.lacks_history()
            && failure.cause == Cause::Data
            && !failure.ends_the_run
    }
}

/// Whether the settings call some of the warnings failures; says which.
pub fn judged(config: &Config, warnings: &[Warning]) -> Outcome {
    let failures = warning::failures(warnings, &config.run.fail_on);
    if failures.is_empty() {
        return Outcome::Done;
    }
    let message = format!(
        "done, but the settings call these warnings failures: {}",
        failures.join(", ")
    );
    log::say(
        "failed",
        &message,
        json!({ "exit_code": 1, "codes": failures }),
    );
    Outcome::WarnedAsFailure
}

impl SoFar {
    /// Says a warning once, also when several stages have noticed the same.
    fn note(&mut self, bench: &Workbench, new: Vec<Warning>) {
        for warning in new {
            if !self.warnings.contains(&warning) {
                bench.progress.warning(&warning);
                self.warnings.push(warning);
            }
        }
    }

    /// Says, here and in the manifest, what the run goes on without.
    fn leave_out(&mut self, bench: &mut Workbench, message: String) {
        let warning = Warning::new(STAGE_SKIPPED, message);
        bench.manifest.left_out.push(warning.clone());
        self.note(bench, vec![warning]);
    }
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

/// What is printed when a stage has ended.
fn line(stage: &Stage, report: &Report, dry_run: bool) -> String {
    let warned = match report.warnings.len() {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        number => format!(", {} warnings", count(number as u64)),
    };
    let read = if stage.name == ingest::NAME {
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
