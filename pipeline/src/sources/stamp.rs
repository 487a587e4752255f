//! What tells whether a file was touched: nothing of its bytes, and therefore cheap.

use std::fs::{self, Metadata};
use std::io::Result;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Clocks of file systems tick in steps; a file that was written within the last of them may have
/// been written again without another time.
const TICK: Duration = Duration::from_secs(2);

/// A file at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// Device, number of the file there, and when anything about it changed.
    identity: Option<(u64, u64, i64, i64)>,
    taken: SystemTime,
}

impl Stamp {
    /// That of a file now.
    pub fn of(path: &Path) -> Result<Self> {
        let there = fs::metadata(path)?;
        Ok(Self {
            size: there.len(),
            modified: there.modified().ok(),
            identity: identity(&there),
            taken: SystemTime::now(),
        })
    }

    /// Whether the bytes are the same at a later moment; none when only the bytes can tell.
    pub fn tells(&self, later: &Self) -> Option<bool> {
        let of = |stamp: &Self| stamp.identity.map(|(device, number, ..)| (device, number));
        if (self.size, self.modified, of(self)) != (later.size, later.modified, of(later)) {
            return Some(false);
        }
        let old = self
            .modified
            .is_some_and(|modified| modified + TICK < self.taken);
        // Where something else about it changed, it may be its permissions or its names alone.
        (old && self.identity == later.identity).then_some(true)
    }
}

#[cfg(unix)]
fn identity(there: &Metadata) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((there.dev(), there.ino(), there.ctime(), there.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64, i64, i64)> {
    None
}
