//! The run, top to bottom. [`STAGES`] is the only place that knows the order; whatever else there is to
//! know of a stage stands in its folder.

pub mod churn;
pub mod classes;
pub mod features;
pub mod ingest;
pub mod offers;
pub mod report;
pub mod rules;
pub mod segment;
pub mod value;

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Common, LoadOptions};
use crate::config::{Config, Day, Settings};
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::outputs::interrupt::Hold;
use crate::outputs::manifest::{Input, Manifest, StageEntry};
use crate::progress::Progress;
use crate::purchases::{Ask, Purchases};
use crate::warehouse::Warehouse;
use crate::warning::Warning;
use crate::workbench::{self, Workbench};

/// One step of the pipeline: reads tables, writes tables, reports.
pub struct Stage {
    /// Its name as a command, a settings section and a folder.
    pub name: &'static str,
    /// The stages whose files it reads, for these settings.
    pub reads: fn(&Config) -> &'static [Reads],
    /// Whether it works on what customers did, rather than on what a table says of them.
    pub needs_history: fn(&Config) -> bool,
    /// Whether a run goes on without it when the data are too few for it.
    pub optional: bool,
    /// What it does.
    pub run: fn(&Context<'_>) -> Result<Report>,
    /// What the summary says of it, once it has run.
    pub summary: fn(&Manifest) -> Option<String>,
}

/// An earlier stage whose files a stage reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It has to have run.
    Needed(&'static str),
    /// Its files are read where they are there.
    IfThere(&'static str),
}

impl Reads {
    /// The stage that wrote the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Needed(name) | Self::IfThere(name) => name,
        }
    }
}

impl Stage {
    /// The stages that must have run before it, for these settings.
    pub fn needs(&self, config: &Config) -> impl Iterator<Item = &'static str> {
        let reads = (self.reads)(config).iter();
        reads.filter_map(|reads| match reads {
            Reads::Needed(name) => Some(*name),
            Reads::IfThere(_) => None,
        })
    }
}

/// Every stage, in the order of a run.
pub const STAGES: &[Stage] = &[
    ingest::STAGE,
    features::STAGE,
    segment::STAGE,
    value::STAGE,
    churn::STAGE,
    classes::STAGE,
    rules::STAGE,
    offers::STAGE,
    report::STAGE,
];

/// What was asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The checked settings.
    pub settings: &'a Settings,
    /// Nothing on or after this day may be seen.
    pub as_of: Option<Day>,
    /// Corrections that became known on or after this day may not be seen.
    pub known_at: Option<Day>,
    /// How `ingest` loads.
    pub load: &'a LoadOptions,
    /// The seed of everything random.
    pub seed: u64,
}

impl<'a> Asked<'a> {
    /// What was typed, with the seed of the settings where none was.
    pub fn by(settings: &'a Settings, common: &Common, load: &'a LoadOptions) -> Self {
        Self {
            settings,
            as_of: common.as_of,
            known_at: common.known_at,
            load,
            seed: common.seed.unwrap_or(settings.config.project.seed),
        }
    }
}

/// What the stages of a run share.
#[derive(Default)]
pub struct Shared {
    /// Opened when first asked for.
    warehouse: OnceCell<Warehouse>,
    /// Read when first asked for; stages that ask for the same share them.
    purchases: OnceCell<Arc<Purchases>>,
    /// Whether the load before was cut off, so that nobody has seen its rejects.
    pub unseen_load: bool,
}

/// What every stage is given.
pub struct Context<'a> {
    /// The checked settings.
    pub settings: &'a Settings,
    /// The output folder.
    pub out: &'a Path,
    /// Nothing on or after this day may be seen.
    pub as_of: Option<Day>,
    /// Corrections that became known on or after this day may not be seen.
    pub known_at: Option<Day>,
    /// How `ingest` loads.
    pub load: &'a LoadOptions,
    /// The seed of everything random.
    pub seed: u64,
    /// Runs queries.
    pub engine: &'a Arc<Engine>,
    /// Tells a person how far it is.
    pub progress: &'a Progress,
    stage: &'static Stage,
    manifest: &'a Manifest,
    shared: &'a Shared,
}

impl<'a> Context<'a> {
    /// What a stage is given on a workbench.
    pub fn new(
        stage: &'static Stage,
        bench: &'a Workbench,
        asked: Asked<'a>,
        shared: &'a Shared,
    ) -> Self {
        Self {
            settings: asked.settings,
            out: &bench.out,
            as_of: asked.as_of,
            known_at: asked.known_at,
            load: asked.load,
            seed: asked.seed,
            engine: &bench.engine,
            progress: &bench.progress,
            stage,
            manifest: &bench.manifest,
            shared,
        }
    }

    /// The record of an earlier stage's files, or of its own.
    ///
    /// # Errors
    /// A fault of ours: the stage has not said that it reads them.
    pub fn left_by(&self, name: &str) -> Result<&'a Manifest> {
        let read = (self.stage.reads)(&self.settings.config);
        if name == self.stage.name || read.iter().any(|reads| reads.name() == name) {
            return Ok(self.manifest);
        }
        Err(Failure::machine(format!(
            "the stage {} does not say that it reads from {name}",
            self.stage.name
        )))
    }

    /// Whether the load before was cut off, so that nobody has seen its rejects.
    pub fn unseen_load(&self) -> bool {
        self.shared.unseen_load
    }

    /// The warehouse, as if nothing on or after the as-of date had been loaded.
    pub fn warehouse(&self) -> Result<&'a Warehouse> {
        if let Some(open) = self.shared.warehouse.get() {
            return Ok(open);
        }
        let opened = Warehouse::open(
            self.engine,
            self.settings,
            self.out,
            self.as_of,
            self.known_at,
        )?;
        Ok(self.shared.warehouse.get_or_init(|| opened))
    }
}

impl Context<'_> {
    /// What the manifest will say of the stage, but for how long it took.
    pub fn entry(&self, report: &Report) -> Result<StageEntry> {
        Ok(StageEntry {
            as_of_asked: self.as_of.map(|day| day.to_string()),
            known_at: self.known_at.map(|day| day.to_string()),
            as_of: report.as_of.map(|day| day.to_string()),
            inputs: report.inputs.clone(),
            rows_in: report.rows_in,
            rows_out: report.rows_out,
            metrics: report.metrics.clone(),
            warnings: report.warnings.clone(),
            ..workbench::entry(self.settings, self.seed)?
        })
    }

    /// No files yet, for a stage whose tables people open.
    pub fn files(&self, stage: &'static str) -> Pending {
        Pending::new(self.out, stage).with_ids(self.settings.config.project.csv_ids)
    }

    /// The purchases that a section asks for.
    pub fn purchases(&self, ask: &Ask) -> Result<Arc<Purchases>> {
        if let Some(read) = self.shared.purchases.get()
            && ask.is_met_by(&read.ask)
        {
            return Ok(Arc::clone(read));
        }
        let read = Purchases::read(self.warehouse()?, self.settings, ask)?;
        let read = Arc::new(read);
        let _ = self.shared.purchases.set(Arc::clone(&read));
        Ok(read)
    }
}

/// What a stage did.
pub struct Report {
    /// The date that the results speak of.
    pub as_of: Option<NaiveDate>,
    /// Source files, for `ingest`.
    pub inputs: Vec<Input>,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// The stage's own numbers.
    pub metrics: Value,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// The files, not yet in place.
    pub files: Pending,
    /// For what is committed already and has to be in the manifest too: signals wait for it.
    pub hold: Option<Hold>,
    /// What `churn` has learned.
    pub taught: Option<Box<churn::Taught>>,
}

impl Report {
    /// A report of these files and numbers, everything else empty.
    pub fn new(files: Pending, metrics: &impl Serialize) -> Result<Self> {
        let metrics =
            serde_json::to_value(metrics).map_err(|error| Failure::machine(error.to_string()))?;
        Ok(Self {
            as_of: None,
            inputs: Vec::new(),
            rows_in: 0,
            rows_out: 0,
            metrics,
            warnings: Vec::new(),
            files,
            hold: None,
            taught: None,
        })
    }
}

/// The stage of this name.
pub fn stage(name: &str) -> Option<&'static Stage> {
    STAGES.iter().find(|stage| stage.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_reads_only_what_an_earlier_stage_wrote() {
        let history = Config::default();
        let mut labelled = Config::default();
        labelled.churn.label = Some("left".to_owned());
        for config in [history, labelled] {
            let mut earlier = Vec::new();
            for stage in STAGES {
                for reads in (stage.reads)(&config) {
                    assert!(
                        earlier.contains(&reads.name()),
                        "{} reads from {} before it has run",
                        stage.name,
                        reads.name()
                    );
                }
                earlier.push(stage.name);
            }
        }
    }
}
