//! What the system tells of this process and its machine, and whether it lets a folder be written.

use std::path::Path;

use crate::failure::{During, Result};

/// The name of this machine, where Linux tells it.
pub fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The time, UTC, to the second.
pub fn started_now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Makes the output folder, and fails early when nothing can be written there.
pub fn check_writable(root: &Path) -> Result<()> {
    std::fs::create_dir_all(root).during(root.display())?;
    let probe = root.join(".regulars.writing");
    std::fs::write(&probe, b"").during(root.display())?;
    std::fs::remove_file(&probe).during(root.display())
}
