//! A folder for what a command needs while it runs and leaves to nobody.

use std::path::{Path, PathBuf};

use crate::failure::{During, Result};

/// A temporary folder of this process; removed when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder where the system keeps temporary ones.
    pub fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("regulars-{}", std::process::id()));
        std::fs::create_dir_all(&folder).during(folder.display())?;
        Ok(Self(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing of the user's is in it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
