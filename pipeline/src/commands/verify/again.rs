//! The whole run again, from the same state of the warehouse: does it come to the same bytes?

use std::path::Path;

use serde_json::Value;

use crate::cli::{self, Common, LoadOptions, OutputFolder, Patience};
use crate::config::{Day, Settings};
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::temporary;
use crate::run::Run;
use crate::stages::{STAGES, Stage, ingest};
use crate::text::{plural, print};
use crate::warehouse::earlier;
use crate::words::in_english;

/// The figures with which the next report compares itself.
const REPORT: &str = "report.json";

/// Runs every stage of a run again, below a folder of its own that goes afterwards, and holds what comes
/// out against what is there.
///
/// # Errors
/// The settings are others now, the state of the warehouse is gone, or the bytes are not the same.
pub fn again(args: &cli::Verify, manifest: &Manifest) -> Result<()> {
    let settings = Settings::read(&args.config)?;
    let stages: Vec<(&'static Stage, &StageEntry)> = STAGES
        .iter()
        .filter(|stage| stage.name != ingest::NAME)
        .filter_map(|stage| Some((stage, manifest.stages.get(stage.name)?)))
        .collect();
    if stages.is_empty() {
        return Err(Failure::data(format!(
            "{} holds a load and no stage that could be run again",
            args.run.display()
        ))
        .hint("run the stages first: regulars run"));
    }
    for (stage, entry) in &stages {
        if entry.settings_sha256 != settings.hash() {
            return Err(Failure::settings(format!(
                "{} is not the file that `{}` ran with: its SHA-256 begins with {}, not {}",
                args.config.display(),
                stage.name,
                begin(&settings.hash()),
                begin(&entry.settings_sha256)
            ))
            .hint("give the settings of that run: regulars verify DIR --again -c FILE"));
        }
    }
    let load = load_of(manifest).ok_or_else(|| {
        Failure::data(format!(
            "{} does not say which load it was made from",
            args.run.display()
        ))
        .hint("run again into it, and verify that")
    })?;
    let folder = tempfile::tempdir().during("making a temporary folder")?;
    temporary::folder(folder.path());
    let found = rerun(args, manifest, &settings, &stages, load, folder.path());
    temporary::folder_ended(folder.path());
    let made = found?;
    compare(args, manifest, &made, &stages, load)
}

fn begin(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// The load that a run was made from.
fn load_of(manifest: &Manifest) -> Option<u64> {
    let of = |stage: &str| -> Option<u64> {
        let load = manifest.stages.get(stage)?.metrics.get("load")?.as_u64()?;
        (load > 0).then_some(load)
    };
    of("features").or_else(|| of(ingest::NAME))
}

/// Every stage, each with the dates and the seed that it ran with.
fn rerun(
    args: &cli::Verify,
    manifest: &Manifest,
    settings: &Settings,
    stages: &[(&'static Stage, &StageEntry)],
    load: u64,
    folder: &Path,
) -> Result<Manifest> {
    let memory = settings.config.engine.memory_limit.0;
    {
        let engine = Engine::new(folder, 1, memory)?;
        earlier::lay(&engine, &args.run, load, folder)?;
    }
    // The load is not made again: it is what everything is made from.
    let mut begun = Manifest::default();
    let loaded = manifest.stages.get(ingest::NAME);
    begun
        .stages
        .insert(ingest::NAME.to_owned(), loaded.cloned().unwrap_or_default());
    begun.project.clone_from(&manifest.project);
    begun.currency.clone_from(&manifest.currency);
    begun.left_out.clone_from(&manifest.left_out);
    begun.write(folder)?;
    // A report says what changed since the last one of an earlier date, which it keeps.
    let report = args.run.join(REPORT);
    if report.is_file() {
        std::fs::copy(&report, folder.join(REPORT)).during(report.display())?;
    }
    let options = LoadOptions::default();
    // Stages that ran alike run as one, as they did: the report reads what they left.
    for group in stages.chunk_by(|(_, a), (_, b)| alike(a, b)) {
        let common = common(folder, group[0].1)?;
        let names: Vec<&str> = group.iter().map(|(stage, _)| stage.name).collect();
        let run = Run {
            settings,
            stages: group.iter().map(|(stage, _)| *stage).collect(),
            common: &common,
            load: &options,
            whole: false,
            mlflow: None,
        };
        run.run()
            .map_err(|failure| failure.during(format!("running {} again", names.join(", "))))?;
    }
    Manifest::open(folder)
}

/// Whether two stages ran with the same options.
fn alike(a: &StageEntry, b: &StageEntry) -> bool {
    (a.seed, &a.as_of_asked, &a.known_at) == (b.seed, &b.as_of_asked, &b.known_at)
}

/// The options that a stage ran with.
fn common(folder: &Path, entry: &StageEntry) -> Result<Common> {
    let day = |text: &Option<String>| -> Result<Option<Day>> {
        let Some(text) = text else {
            return Ok(None);
        };
        let day = text.parse().map(Day);
        day.map(Some)
            .map_err(|_| Failure::data(format!("the manifest names `{text}`, which is no day")))
    };
    Ok(Common {
        output: OutputFolder {
            out: folder.to_owned(),
        },
        patience: Patience { wait: 0 },
        as_of: day(&entry.as_of_asked)?,
        known_at: day(&entry.known_at)?,
        seed: Some(entry.seed),
        threads: None,
        quiet: true,
    })
}

/// Holds the new files against the ones that are there.
fn compare(
    args: &cli::Verify,
    manifest: &Manifest,
    made: &Manifest,
    stages: &[(&'static Stage, &StageEntry)],
    load: u64,
) -> Result<()> {
    let again = |stage: &str| stages.iter().any(|(one, _)| one.name == stage);
    let mut faults = Vec::new();
    let mut same = 0_u64;
    for file in manifest.files.iter().filter(|file| again(&file.stage)) {
        let new = made.files.iter().find(|other| other.path == file.path);
        match new {
            Some(new) if new.sha256 == file.sha256 => same += 1,
            Some(new) => faults.push(format!(
                "{}: {} bytes that begin otherwise (SHA-256 {}..., not {}...; written by {})",
                file.path,
                new.size,
                begin(&new.sha256),
                begin(&file.sha256),
                file.stage
            )),
            None => faults.push(format!(
                "{}: not written again by {}",
                file.path, file.stage
            )),
        }
    }
    let known = |path: &str| manifest.files.iter().any(|file| file.path == path);
    for file in made.files.iter().filter(|file| !known(&file.path)) {
        faults.push(format!(
            "{}: written by {}, and was not there",
            file.path, file.stage
        ));
    }
    let names: Vec<&str> = stages.iter().map(|(stage, _)| stage.name).collect();
    let ran = format!("{} again from load {load}", names.join(", "));
    if faults.is_empty() {
        print(&format!(
            "{ran}: {} with the same bytes\n",
            in_english(|| plural(same, "file"))
        ));
        return Ok(());
    }
    let listed: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    let failure = Failure::data(format!(
        "{ran}: {} with the same bytes, {} without:{listed}",
        in_english(|| plural(same, "file")),
        faults.len()
    ));
    Err(failure.hint(why(args, manifest)))
}

/// What may have made the difference.
fn why(args: &cli::Verify, manifest: &Manifest) -> String {
    let record = args.run.join(crate::outputs::manifest::FILE_NAME);
    let text = std::fs::read_to_string(record).unwrap_or_default();
    let raw: Value = serde_json::from_str(&text).unwrap_or_default();
    let wrote = raw["version"].as_str().unwrap_or("another version");
    let now = env!("CARGO_PKG_VERSION");
    let loads = [
        load_of(manifest),
        manifest
            .stages
            .get(ingest::NAME)
            .and_then(|stage| stage.metrics.get("load")?.as_u64()),
    ];
    if wrote != now {
        format!("the run is of regulars {wrote}, and this is {now}: verify it with that")
    } else if loads[0] != loads[1] {
        "the run is made from several loads: run all stages again, and verify that".to_owned()
    } else {
        "if nobody has touched these files, this is a fault of regulars: tell its authors"
            .to_owned()
    }
}
