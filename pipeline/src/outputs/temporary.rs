//! What is there for a while only: files that are being written, folders for spilled data.
//!
//! Whatever ends the process, it goes. What ends in good order removes it itself; a signal removes
//! what is noted here; after a kill the next command that takes the [lock](crate::outputs::lock) reads what
//! was noted in the output folder. Nothing is removed that is not noted.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::outputs::below::{entry_below, no_link};

/// Notes of the running command, below its output folder; not there when none runs.
const NOTES: &str = ".unfinished";
/// A file that has its name only when it is renamed.
const BESIDE: char = '-';
/// A file that is about to get its name, or about to go; whole only if the manifest names it.
const PLACE: char = '=';
/// Everything that was about to get its name has got it, and the manifest says so.
const SETTLED: &str = ".";

/// What this process has to remove.
#[derive(Default)]
struct Noted {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// Folders of names that libraries choose: where, and how the names begin.
    prefixes: BTreeSet<(PathBuf, String)>,
    notes: Option<Notes>,
    /// Where empty folders go at the end.
    root: Option<PathBuf>,
    over: bool,
}

/// The file of notes.
struct Notes {
    root: PathBuf,
    file: File,
    /// Whether all in it are of this process.
    own: bool,
}

static NOTED: Mutex<Option<Noted>> = Mutex::new(None);

/// The notes; waits for good once everything has been removed, since nothing may come after.
fn noted() -> MutexGuard<'static, Option<Noted>> {
    loop {
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.get_or_insert_default().over {
            return noted;
        }
        drop(noted);
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

fn change(change: impl FnOnce(&mut Noted)) {
    if let Some(noted) = noted().as_mut() {
        change(noted);
    }
}

impl Noted {
    fn drop_notes(&mut self) {
        if let Some(notes) = self.notes.take().filter(|notes| notes.own) {
            let _ = fs::remove_file(notes.root.join(NOTES));
        }
    }

    fn write(&mut self, mark: char, path: &Path) {
        if let Some(notes) = &mut self.notes
            && let Ok(below) = path.strip_prefix(&notes.root)
            && let Some(below) = below.to_str()
        {
            // Without the note a file stays that is hidden by its name: no reason to stop.
            let _ = notes.file.write_all(format!("{mark} {below}\n").as_bytes());
        }
    }
}

/// A file is about to be written beside its place.
pub fn begins(path: &Path) {
    change(|noted| {
        noted.write(BESIDE, path);
        noted.files.insert(path.to_owned());
    });
}

/// A file that a signal may take along from now on, and a kill may not.
pub fn may_go(path: &Path) {
    change(|noted| {
        noted.files.insert(path.to_owned());
    });
}

/// It has its name now, or is gone.
pub fn ended(path: &Path) {
    change(|noted| {
        noted.files.remove(path);
    });
}

/// A file of the results is about to get its name or to go; see [`settled`].
pub fn places(path: &Path) {
    change(|noted| noted.write(PLACE, path));
}

/// The manifest names all files that are in place.
pub fn settled() {
    change(|noted| {
        if let Some(notes) = &mut noted.notes {
            let _ = notes.file.write_all(format!("{SETTLED}\n").as_bytes());
        }
    });
}

/// A folder that ends with the command.
pub fn folder(path: &Path) {
    change(|noted| {
        noted.folders.insert(path.to_owned());
    });
}

/// It is gone.
pub fn folder_ended(path: &Path) {
    change(|noted| {
        noted.folders.remove(path);
    });
}

/// Folders whose names begin like this, which end with the command.
pub fn folders_like(parent: &Path, prefix: String) {
    change(|noted| {
        noted.prefixes.insert((parent.to_owned(), prefix));
    });
}

/// From now on notes are kept in this output folder too, for whoever comes after a kill; below
/// those of whoever came before, until they are [cleared](Leftovers::remove).
pub fn keep_notes(root: &Path) -> Result<()> {
    let path = root.join(NOTES);
    if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
        return Err(Failure::data(format!("{} is no file", path.display()))
            .hint("remove it; regulars keeps its notes there"));
    }
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .append(true)
        .open(&path)
        .during(path.display())?;
    let own = file.metadata().during(path.display())?.len() == 0;
    let root = root.to_owned();
    change(|noted| {
        noted.root = Some(root.clone());
        noted.notes = Some(Notes { root, file, own });
    });
    Ok(())
}

/// The command has ended in good order.
pub fn drop_notes() {
    change(Noted::drop_notes);
}

/// Makes a folder below one that ends with the command; not any more when that has ended.
pub fn make_folder(path: &Path) -> Result<()> {
    let mut made = Ok(());
    change(|_| made = fs::create_dir_all(path));
    made.during(path.display())
}

/// Removes everything that is noted. Nothing can be noted afterwards: who tries waits for the end
/// of the process. [`end`] has to follow.
pub fn remove_all() {
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let noted = noted.get_or_insert_default();
    noted.over = true;
    for file in &noted.files {
        let _ = fs::remove_file(file);
    }
    for (parent, prefix) in &noted.prefixes {
        let found = fs::read_dir(parent).into_iter().flatten().flatten();
        let ours = found.filter(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.starts_with(prefix))
        });
        noted.folders.extend(ours.map(|entry| entry.path()));
    }
    // Other threads may still be writing there.
    for _ in 0..40 {
        let mut left = false;
        for folder in &noted.folders {
            if folder.is_dir() {
                let _ = fs::remove_dir_all(folder);
                left |= folder.is_dir();
            }
            // A library would make the folder again; it cannot where a file has its name.
            let _ = OpenOptions::new().write(true).create_new(true).open(folder);
        }
        if !left {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Removes the last traces; the process has to end at once.
pub fn end() {
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let noted = noted.get_or_insert_default();
    // Files that were begun in the meantime, and those that stand for folders.
    for path in noted.files.iter().chain(&noted.folders) {
        let _ = fs::remove_file(path);
    }
    if let Some(root) = &noted.root {
        without_empty_folders(root);
    }
    noted.drop_notes();
}

/// Removes the empty file that stands where a folder was to be: a second signal may end the process
/// before [`end`] has.
pub fn without_stand_in(folder: &Path) {
    if fs::symlink_metadata(folder).is_ok_and(|there| there.is_file() && there.len() == 0) {
        let _ = fs::remove_file(folder); // else whoever makes the folder says what is wrong
    }
}

/// Removes folders of the layout in which nothing is.
fn without_empty_folders(root: &Path) {
    for name in [
        "warehouse/interactions",
        "warehouse/customers",
        "warehouse/products",
        "warehouse/campaigns",
        "warehouse/loads",
        "warehouse",
        "features",
        "rejects/rows",
        "rejects",
    ] {
        let _ = fs::remove_dir(root.join(name)); // unless something is in it
    }
}

/// What a command that was killed has left in an output folder.
pub struct Leftovers {
    root: PathBuf,
    beside: BTreeSet<String>,
    /// Files that had their names, or did not: it depends on the manifest.
    places: BTreeSet<String>,
}

impl Leftovers {
    /// What was noted there; nothing after an end in good order.
    pub fn of(root: &Path) -> Result<Self> {
        let mut found = Self {
            root: root.to_owned(),
            beside: BTreeSet::new(),
            places: BTreeSet::new(),
        };
        let path = root.join(NOTES);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error).during(path.display()),
        };
        // A last line without its end was cut off before anything was done about it.
        for line in text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
        {
            match (line, line.split_once(' ')) {
                (SETTLED, _) => found.places.clear(),
                (_, Some((mark, path))) if mark.starts_with(BESIDE) => {
                    found.beside.insert(path.to_owned());
                }
                (_, Some((mark, path))) if mark.starts_with(PLACE) => {
                    found.places.insert(path.to_owned());
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Removes it: files beside their places, and files of the results that `named` does not know.
    /// Says how many there were.
    pub fn remove(self, named: impl Fn(&str) -> bool) -> Result<usize> {
        let mut removed = 0;
        let gone = self.places.into_iter().filter(|path| !named(path));
        for path in self.beside.into_iter().chain(gone) {
            let path = entry_below(&self.root, &path, &self.root.join(NOTES))?;
            match fs::remove_file(&path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).during(path.display()),
            }
        }
        without_empty_folders(&self.root);
        let mut emptied = Ok(());
        change(|noted| {
            if let Some(notes) = &mut noted.notes {
                emptied = notes.file.set_len(0);
                notes.own = true;
            }
        });
        emptied.during(self.root.join(NOTES).display())?;
        Ok(removed)
    }
}

/// Where queries spill, below the output folder.
pub const SPILL: &str = ".spill";
/// Where a load puts what it commits, below the output folder: on the same disk.
pub const LOADING: &str = "warehouse/.loading";

/// Removes the folders of spilled data and half loads that a command that was killed has left; says
/// how many there were. Before anything makes them again: an engine keeps what it has made there.
///
/// # Errors
/// A link where spilled data should be: somebody has put it there.
pub fn remove_folders(root: &Path) -> Result<usize> {
    no_link(&root.join(SPILL))?;
    let mut removed = 0;
    for name in [SPILL, LOADING] {
        removed += usize::from(remove_folder(&root.join(name))?);
    }
    Ok(removed)
}

/// Removes a folder with all that is in it; of a link only the link.
fn remove_folder(path: &Path) -> Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(_) => return Ok(false),
    };
    if there.is_dir() {
        fs::remove_dir_all(path).during(path.display())?;
    } else {
        fs::remove_file(path).during(path.display())?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_noted_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |name: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let mine = [
            ".mine.writing",
            "features/mine.parquet",
            "features/whole.parquet",
        ];
        mine.iter().for_each(|name| write(name));
        for name in [
            "features/.a.writing",
            "features/a.parquet",
            ".spill/x",
            "warehouse/.loading/y",
        ] {
            write(name);
        }
        let notes = "- old\n= old\n.\n- features/.a.writing\n= features/a.parquet\n= features/whole.parquet\n- .mine.wri";
        fs::write(root.join(NOTES), notes).unwrap();
        assert_eq!(remove_folders(root).unwrap(), 2);
        let left = Leftovers::of(root).unwrap();
        let removed = left
            .remove(|name| name == "features/whole.parquet")
            .unwrap();
        assert_eq!(removed, 2);
        assert!(mine.iter().all(|name| root.join(name).is_file()));
        assert!(!root.join("features/a.parquet").exists() && !root.join(".spill").exists());
        assert!(!root.join("warehouse").exists());
    }
}
