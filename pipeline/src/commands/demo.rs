//! `demo`: the main job on the sample that is built into the binary.

use std::fs;
use std::path::{Path, PathBuf};

use regulars_datasets::complete_journey::{FILES, README, SETTINGS};

use crate::config::Settings;
use crate::failure::{During, Result};
use crate::outputs::temporary;

/// Where the sample lies below the output folder.
pub fn demo_folder(out: &Path) -> PathBuf {
    out.join("demo")
}

/// Lays the sample and its settings below the output folder, so that a user can look at them,
/// and reads the settings.
pub fn settings(out: &Path) -> Result<Settings> {
    let folder = demo_folder(out);
    fs::create_dir_all(&folder).during(folder.display())?;
    for (name, bytes) in FILES {
        write(&folder.join(name), bytes)?;
    }
    write(&folder.join("README.md"), README.as_bytes())?;
    let path = folder.join("regulars.toml");
    write(&path, SETTINGS.as_bytes())?;
    Settings::read(&path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("writing");
    temporary::begins(&beside);
    fs::write(&beside, bytes).during(beside.display())?;
    fs::rename(&beside, path).during(path.display())?;
    temporary::ended(&beside);
    Ok(())
}
