//! What a load notes before it is committed, so that its numbers and its rejects belong to the
//! commit: if the process ends before the manifest is written, the next command does the rest.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::below::below;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::system::started_now;
use crate::outputs::{Pending, Waiting, digest, replace};
use crate::warehouse::record::last_load;
use crate::warehouse::{FOLDER, LOADER, commit, state};
use crate::warning::{LOAD_CUT_OFF, Warning};

#[derive(Serialize, Deserialize)]
struct Receipt {
    /// Which commit it belongs to; without that commit it means nothing.
    commit: String,
    /// What the manifest will say.
    entry: StageEntry,
    /// The files of rejects.
    files: Vec<Waiting>,
}

fn path(out: &Path) -> PathBuf {
    out.join(FOLDER).join(".loaded.json")
}

/// Notes what the manifest will say when a commit has succeeded.
pub fn write(out: &Path, files: &mut Pending, entry: StageEntry, commit: &str) -> Result<()> {
    let receipt = Receipt {
        commit: commit.to_owned(),
        files: files.secure()?,
        entry: StageEntry {
            started_at: started_now(),
            ..entry
        },
    };
    let text =
        serde_json::to_string(&receipt).map_err(|error| Failure::machine(error.to_string()))?;
    replace(&path(out), &text)
}

/// The manifest says it now, or there is nothing to say.
pub fn clear(out: &Path) -> Result<()> {
    let path = path(out);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).during(path.display())
        }
        _ => Ok(()),
    }
}

/// Ends a load that was cut off after its commit: its rejects get their names, and the manifest says
/// what it did. Of one that was cut off before, everything goes. Says what nobody has been told yet.
pub fn settle(engine: &Engine, out: &Path, manifest: &mut Manifest) -> Result<Vec<Warning>> {
    commit::clear(engine, out)?;
    let path = path(out);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).during(path.display()),
    };
    let receipt: Receipt = serde_json::from_str(&text).map_err(|error| {
        Failure::data(format!("{} cannot be read: {error}", path.display())).hint(
            "remove it; the numbers and rejects of the last load are lost then, its rows are not",
        )
    })?;
    let record = last_load(engine, out)?;
    let record = record.filter(|record| record.commit == receipt.commit);
    let Some(record) = record else {
        for file in &receipt.files {
            let _ = fs::remove_file(below(out, &file.beside, &path)?);
        }
        clear(out)?;
        return Ok(Vec::new());
    };
    state::write(out, &record)?;
    let there = manifest.stages.get(LOADER);
    let names = |file: &Waiting| manifest.files.contains(&file.file);
    if there.is_some_and(|there| there.metrics == receipt.entry.metrics)
        && receipt.files.iter().all(names)
    {
        clear(out)?;
        return Ok(Vec::new());
    }
    let mut warnings = receipt.entry.warnings.clone();
    let mut files = Vec::with_capacity(receipt.files.len());
    for Waiting { beside, file } in receipt.files {
        let (beside, place) = (below(out, &beside, &path)?, below(out, &file.path, &path)?);
        let is_it = |path: &Path| digest(path).is_ok_and(|(_, sha256)| sha256 == file.sha256);
        if is_it(&beside) {
            fs::rename(&beside, &place).during(place.display())?;
        } else if !is_it(&place) {
            warnings.push(Warning::new(
                LOAD_CUT_OFF,
                tr!("{file} of the last load is lost", file = file.path),
            ));
            continue;
        }
        files.push(file);
    }
    // Those of the load before it would only mislead.
    for file in manifest.files.iter().filter(|file| file.stage == LOADER) {
        if !files.iter().any(|new| new.path == file.path) {
            let _ = fs::remove_file(below(out, &file.path, &path)?);
        }
    }
    manifest.files.retain(|file| file.stage != LOADER);
    manifest.files.extend(files);
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    manifest.stages.insert(LOADER.to_owned(), receipt.entry);
    manifest.write(out)?;
    clear(out)?;
    let load = manifest.stages[LOADER].metrics["load"].as_u64();
    let load = load.unwrap_or(0);
    warnings.push(Warning::new(
        LOAD_CUT_OFF,
        tr!(
            "load {load} was cut off after it had been committed; its numbers and rejects are in place now",
            load = load
        ),
    ));
    Ok(warnings)
}
