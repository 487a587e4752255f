//! One at a time: who draws a number or changes the champion holds the lock of the registry, which
//! may be shared by processes that work below different output folders.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Result};
use crate::outputs::below::no_link;

/// The file that is locked; the system gives it back when a process ends, also when it is killed.
const FILE_NAME: &str = ".lock";

/// How the name of what is on its way in or out begins.
pub(super) const BESIDE: &str = ".beside-";

/// What is done under the lock takes moments.
const PATIENCE: Duration = Duration::from_secs(60);

/// While it is there, nobody else changes the registry.
pub(super) struct Guard(#[expect(dead_code, reason = "dropping it gives the lock back")] File);

impl Guard {
    /// Waits for the lock, and removes what a process that was killed has left half done.
    pub(super) fn take(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).during(root.display())?;
        let path = root.join(FILE_NAME);
        no_link(&path)?;
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).during(path.display())?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::data(format!(
                        "{} is in use by another command of regulars, still after {} s",
                        root.display(),
                        PATIENCE.as_secs()
                    ))
                    .hint("try again when it has ended"));
                }
                Err(TryLockError::Error(error)) => return Err(error).during(path.display()),
            }
        }
        clear(root)?;
        Ok(Self(file))
    }
}

/// Removes what is neither in nor out: nobody but a process that was killed has left it.
fn clear(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root).during(root.display())? {
        let entry = entry.during(root.display())?;
        let name = entry.file_name();
        let kind = entry.file_type().during(entry.path().display())?;
        if kind.is_dir() && name.to_string_lossy().starts_with(BESIDE) {
            fs::remove_dir_all(entry.path()).during(entry.path().display())?;
        }
    }
    Ok(())
}
