//! One at a time: whoever writes below an output folder holds its lock, and the next one is told
//! who that is, waits if asked to, and clears away what was left by one that was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::failure::{During, Failure, Result};
use crate::log;
use crate::outputs::FileEntry;
use crate::outputs::system::{check_writable, host, started_now};
use crate::outputs::temporary::{self, Leftovers};

/// The file below the output folder. The system gives the lock back when the process ends, also
/// when it is killed; what is written in the file is for people.
const FILE_NAME: &str = ".lock";

/// The file that this process has locked, so that a signal can clear it.
static HELD: Mutex<Option<File>> = Mutex::new(None);

/// The right to write below an output folder.
pub struct Lock {
    root: PathBuf,
    /// Who held it before and did not give it back.
    left_by: Option<String>,
    /// Folders of whoever held it that were removed.
    removed: usize,
    quiet: bool,
}

impl Lock {
    /// Takes the lock of an output folder, which is made when it is not there, and removes what a
    /// command that was killed has left there.
    ///
    /// # Errors
    /// A path that cannot be used, a folder that cannot be written, another command that holds the
    /// lock for longer than so many seconds.
    pub fn take(out: &Path, command: &str, patience: u64, quiet: bool) -> Result<Self> {
        usable(out)?;
        fs::create_dir_all(out).during(out.display())?;
        usable(&out.canonicalize().during(out.display())?)?;
        let path = out.join(FILE_NAME);
        if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
            return Err(Failure::data(format!("{} is no file", path.display()))
                .hint("remove it; regulars keeps its lock there"));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .during(path.display())?;
        wait(&file, out, patience, quiet).during(out.display())?;
        let left_by = Some(holder(&file)).filter(|words| !words.is_empty());
        let words = format!(
            "regulars {command}, process {}{}, since {}",
            std::process::id(),
            host().map(|host| format!(" on {host}")).unwrap_or_default(),
            started_now().replace('T', " ").replace('Z', " UTC"),
        );
        write(&file, &words).during(path.display())?;
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        let lock = Self {
            root: out.to_owned(),
            left_by,
            removed: 0,
            quiet,
        };
        check_writable(out)?;
        temporary::keep_notes(out)?;
        Ok(lock)
    }

    /// The output folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Removes the folders that a command that was killed has left. Before an engine is made, which
    /// has a folder of its own among them.
    pub fn clear_folders(&mut self) -> Result<()> {
        self.removed += temporary::remove_folders(&self.root)?;
        Ok(())
    }

    /// Removes what a command that was killed has left, but for the files that the manifest names.
    pub fn clear(&self, whole: &[FileEntry]) -> Result<()> {
        let named = |path: &str| whole.iter().any(|file| file.path == path);
        let removed = self.removed + Leftovers::of(&self.root)?.remove(named)?;
        if let Some(before) = self.left_by.as_ref().filter(|_| !self.quiet) {
            let rest = match removed {
                0 => "it left nothing behind".to_owned(),
                _ => "what it left half done is removed".to_owned(),
            };
            let message = format!("the last command ({before}) did not end by itself; {rest}");
            log::say("cleared", &message, json!({ "command": before }));
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        temporary::drop_notes();
        ends_well();
        HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Notes that whoever holds the lock ends in good order; the system gives it back.
pub fn ends_well() {
    if let Some(file) = HELD.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        let _ = file.set_len(0);
    }
}

fn wait(file: &File, out: &Path, seconds: u64, quiet: bool) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(seconds);
    let mut announced = seconds == 0 || quiet;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if Instant::now() >= patience {
            return Err(busy(file, seconds));
        }
        if !announced {
            announced = true;
            let message = format!("{} is in use by {}; waiting", out.display(), user(file));
            log::say("waiting", &message, json!({}));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn user(file: &File) -> String {
    match holder(file).as_str() {
        "" => "another command of regulars".to_owned(),
        words => format!("another command ({words})"),
    }
}

fn busy(file: &File, seconds: u64) -> Failure {
    let waited = match seconds {
        0 => String::new(),
        seconds => format!(", still after {seconds} s"),
    };
    Failure::data(format!(
        "in use by {}{waited}; nothing was changed",
        user(file)
    ))
    .hint("try again when it has ended, or let this command wait for it: --wait 600")
}

/// What the file says of whoever holds the lock, or held it last and did not end by itself.
fn holder(mut file: &File) -> String {
    let mut words = String::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(1000).read_to_string(&mut words));
    match read {
        Ok(_) => words
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .collect(),
        Err(_) => String::new(),
    }
}

fn write(mut file: &File, words: &str) -> Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file.write_all(format!("{words}\n").as_bytes())?)
}

/// Refuses paths that the table formats cannot name.
pub fn usable(out: &Path) -> Result<()> {
    let whole = std::path::absolute(out).during(out.display())?;
    let wrong = |problem: &str| {
        let written = out.to_string_lossy();
        Err(Failure::settings(format!(
            "--out {}: the path {problem}, which tables cannot be kept under",
            written.escape_debug()
        ))
        .hint("choose another folder with --out"))
    };
    match whole.to_str() {
        None => wrong("is not UTF-8"),
        Some(path) if path.contains(|c: char| c.is_ascii_control()) => {
            wrong("has a control character, such as a line break")
        }
        Some(_) => Ok(()),
    }
}
