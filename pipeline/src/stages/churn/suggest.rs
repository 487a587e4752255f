//! `churn --suggest`: dates that suit the rhythm of the customers, to be put into the settings.

use super::rhythm::Rhythm;
use super::rhythm_page;
use crate::cli::Common;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::StageEntry;
use crate::text::print;
use crate::warehouse::Warehouse;
use crate::workbench::{self, Began, Workbench};

/// The command's name in the manifest.
pub const SUGGEST: &str = "churn-suggest";

/// Prints them with the reasons, as lines of a settings file, and draws them: `churn_rhythm.html`.
///
/// # Errors
/// Nothing was loaded; churn is learned from a label, which has no dates.
pub fn suggest(settings: &Settings, common: &Common) -> Result<()> {
    if let Some(label) = &settings.config.churn.label {
        return Err(Failure::settings(format!(
            "churn --suggest: churn is learned from the label `{label}`, which has no dates"
        ))
        .hint("take label out of [churn] to learn from the history"));
    }
    let out = common.output.out.as_path();
    // What queries spill lies there.
    let lock = Lock::take(out, "churn --suggest", common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage("suggest");
    let began = Began::now();
    let (engine, progress) = (&bench.engine, &mut bench.progress);
    let warehouse = Warehouse::open(engine, settings, out, common.as_of, common.known_at)?;
    progress.step("looking at the days between purchases");
    let rhythm = Rhythm::read(&warehouse)?;
    let churn = &settings.config.churn;
    let mut files = Pending::new(out, SUGGEST);
    files.text(
        "churn_rhythm.html",
        &tr!("When customers come again, and dates of churn that suit it, a page"),
        &rhythm_page::render(&rhythm, churn, &settings.config.project.name)?,
    )?;
    let entry = StageEntry {
        metrics: serde_json::json!({ "suggested": rhythm.suggest() }),
        ..workbench::entry(settings, settings.config.project.seed)?
    };
    progress.done("churn_rhythm.html", began.seconds());
    bench.record(SUGGEST, files, entry, &began)?;
    print(&rhythm.lines(churn));
    Ok(())
}
