//! The files that a path of the settings names: one file, all that fit a glob, or all below a folder.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::{guess, lake};
use crate::config::{Settings, Source};
use crate::failure::{During, Failure, Result, nearest};

/// The files of a source that were found so far.
pub struct Found {
    /// Folders that files must lie in, links resolved; none: anywhere.
    roots: Vec<PathBuf>,
    /// The files, links resolved, so that one that is reached twice is read once.
    known: BTreeSet<PathBuf>,
}

/// Makes sure that a file lies where the settings allow it, links resolved.
///
/// # Errors
/// It lies elsewhere, or an allowed folder is not there.
pub fn allowed(settings: &Settings, at: &[&str], path: &Path) -> Result<()> {
    let found = Found::new(settings)?;
    found.allows(settings, at, &path.canonicalize().during(path.display())?)
}

impl Found {
    /// None yet.
    pub fn new(settings: &Settings) -> Result<Self> {
        let mut roots = Vec::new();
        for root in &settings.config.ingest.roots {
            let path = settings.base.join(root);
            roots.push(path.canonicalize().map_err(|error| {
                settings
                    .wrong(
                        &["ingest", "roots"],
                        format!("{} cannot be opened: {error}", path.display()),
                    )
                    .hint("name folders that are there; paths are relative to the settings file")
            })?);
        }
        Ok(Self {
            roots,
            known: BTreeSet::new(),
        })
    }

    /// The files that one path names, in the order of their names, without those found before.
    /// Of a table of a lake its folder is named, and none of its files.
    pub fn paths(
        &mut self,
        settings: &Settings,
        at: &[&str],
        written: &str,
        source: &Source,
    ) -> Result<Vec<PathBuf>> {
        let path = settings.base.join(written);
        let found = if lake::kind(&path).is_some() {
            vec![path]
        } else if path.is_dir() {
            let all = source.format.is_some();
            let found = below(&path, &|path| all || guess::by_name(path).is_some())?;
            if found.is_empty() {
                return Err(settings
                    .wrong(
                        at,
                        format!("the folder {} has no file that can be read", path.display()),
                    )
                    .hint("files are known by their endings, such as .csv, .parquet or .jsonl.gz; name the format if they have others"));
            }
            tables_for_files(found, &path)
        } else if path.exists() {
            vec![path]
        } else {
            let found = matching(&settings.base, written)
                .map_err(|problem| settings.wrong(at, problem))??;
            if found.is_empty() {
                return Err(nothing_there(settings, at, &path));
            }
            tables_for_files(found, &settings.base)
        };
        let mut new = Vec::with_capacity(found.len());
        for path in found {
            let real = path.canonicalize().during(path.display())?;
            self.allows(settings, at, &real)?;
            if self.known.insert(real) {
                new.push(path);
            }
        }
        Ok(new)
    }

    fn allows(&self, settings: &Settings, at: &[&str], real: &Path) -> Result<()> {
        if self.roots.is_empty() || self.roots.iter().any(|root| real.starts_with(root)) {
            return Ok(());
        }
        Err(settings
            .wrong(
                at,
                format!("{} lies outside the allowed folders", real.display()),
            )
            .hint("move it, or add its folder to roots under [ingest]"))
    }
}

/// Puts the folder of a lake's table in the place of its files.
fn tables_for_files(files: Vec<PathBuf>, top: &Path) -> Vec<PathBuf> {
    // Files of one folder come one after the other, and share what is around them.
    let mut last: (Option<PathBuf>, Option<PathBuf>) = (None, None);
    let mut found: Vec<PathBuf> = Vec::with_capacity(files.len());
    for file in files {
        let folder = file.parent().map(Path::to_owned);
        if last.0 != folder {
            last = (folder, lake::around(&file, top).map(|(table, _)| table));
        }
        match &last.1 {
            Some(table) if found.contains(table) => {}
            Some(table) => found.push(table.clone()),
            None => found.push(file),
        }
    }
    found
}

fn nothing_there(settings: &Settings, at: &[&str], path: &Path) -> Failure {
    let failure = settings.wrong(at, format!("there is no file {}", path.display()));
    match nearest_file(path) {
        Some(name) => failure.hint(format!("did you mean `{name}`?")),
        None => failure.hint("paths are relative to the folder of the settings file"),
    }
}

fn nearest_file(path: &Path) -> Option<String> {
    let written = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    nearest(written, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Files that other programs leave beside data: hidden ones, `_SUCCESS`, `_delta_log`.
fn is_aside(name: &str) -> bool {
    name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
}

/// The files below a folder that are wanted, in the order of their names.
fn below(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let walk = Walk::new(usize::MAX, false);
    walk.from(folder, &mut |path| {
        if wanted(&path) {
            found.push(path);
        }
    })?;
    found.sort();
    Ok(found)
}

/// The files that fit a glob, in the order of their names; what is wrong with it as a glob.
fn matching(base: &Path, written: &str) -> Result<Result<Vec<PathBuf>>, String> {
    let mut start = base.to_owned();
    let parts: Vec<&str> = written.split('/').collect();
    let plain = parts
        .iter()
        .take_while(|part| !part.contains(['*', '?', '[']));
    let plain = plain.count();
    if plain == parts.len() {
        return Ok(Ok(Vec::new()));
    }
    for part in &parts[..plain] {
        // An absolute path begins with an empty part.
        start.push(if part.is_empty() { "/" } else { part });
    }
    let pattern = parts[plain..].join("/");
    let pattern =
        Pattern::new(&pattern).map_err(|error| format!("`{written}` is no glob: {}", error.msg))?;
    let deepest = match written.contains("**") {
        true => usize::MAX,
        false => parts.len() - plain - 1,
    };
    // Who names hidden files wants them.
    let aside = parts[plain..].iter().any(|part| is_aside(part));
    let walk = Walk::new(deepest, aside);
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    let mut found = Vec::new();
    let walked = walk.from(&start, &mut |path| {
        let fits = path
            .strip_prefix(&start)
            // A name that is not UTF-8 fits too, and is refused then instead of being passed over.
            .is_ok_and(|rest| pattern.matches_with(&rest.to_string_lossy(), options));
        if fits {
            found.push(path);
        }
    });
    found.sort();
    Ok(match walked {
        Err(_) if !start.is_dir() => Ok(Vec::new()),
        walked => walked.map(|()| found),
    })
}

/// Goes through folders, each of them once, so that links that lead back end; links come last, so
/// that what lies here is known by its own name.
struct Walk {
    seen: BTreeSet<PathBuf>,
    links: VecDeque<(PathBuf, usize)>,
    deepest: usize,
    aside: bool,
}

impl Walk {
    fn new(deepest: usize, aside: bool) -> Self {
        Self {
            seen: BTreeSet::new(),
            links: VecDeque::new(),
            deepest,
            aside,
        }
    }

    /// Calls for every file below a folder.
    fn from(mut self, folder: &Path, file: &mut dyn FnMut(PathBuf)) -> Result<()> {
        self.folder(folder, 0, file)?;
        while let Some((link, depth)) = self.links.pop_front() {
            self.folder(&link, depth, file)?;
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, depth: usize, file: &mut dyn FnMut(PathBuf)) -> Result<()> {
        if !self
            .seen
            .insert(folder.canonicalize().during(folder.display())?)
        {
            return Ok(());
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).during(folder.display())? {
            entries.push(entry.during(folder.display())?.path());
        }
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if is_aside(&name) && !self.aside {
                continue;
            }
            // A link that leads nowhere is no file.
            let Ok(about) = fs::metadata(&path) else {
                continue;
            };
            if about.is_dir() && lake::kind(&path).is_some() {
                file(path.clone()); // it may be meant as a whole
            }
            if about.is_dir() && depth < self.deepest {
                if path.is_symlink() {
                    self.links.push_back((path, depth + 1));
                } else {
                    self.folder(&path, depth + 1, file)?;
                }
            } else if about.is_file() {
                file(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn names(base: &Path, found: Vec<PathBuf>) -> Vec<String> {
        let name = |path: PathBuf| path.strip_prefix(base).unwrap().display().to_string();
        found.into_iter().map(name).collect()
    }

    fn fitting(folder: &tempfile::TempDir, glob: &str) -> Vec<String> {
        let base = folder.path();
        names(base, matching(base, glob).unwrap().unwrap())
    }

    const FILES: [&str; 7] = [
        "a.csv",
        "in/b.csv",
        "in/deep/c.csv",
        "in/d.pdf",
        "in/.hidden.csv",
        "in/_SUCCESS",
        "in/_delta_log/0.json",
    ];

    #[test]
    fn globs_reach_as_deep_as_they_say_and_leave_aside_what_no_data_is_in() {
        let folder = tree(&FILES);
        assert_eq!(fitting(&folder, "*.csv"), ["a.csv"]);
        assert_eq!(fitting(&folder, "*/*.csv"), ["in/b.csv"]);
        assert_eq!(fitting(&folder, "in/*.csv"), ["in/b.csv"]);
        assert_eq!(
            fitting(&folder, "**/*.csv"),
            ["a.csv", "in/b.csv", "in/deep/c.csv"]
        );
        assert_eq!(fitting(&folder, "in/**/c.csv"), ["in/deep/c.csv"]);
        assert_eq!(fitting(&folder, "in/.*.csv"), ["in/.hidden.csv"]);
        assert!(fitting(&folder, "in/**/*.json").is_empty());
        assert!(fitting(&folder, "out/*.csv").is_empty());
        let absolute = format!("{}/*.csv", folder.path().display());
        let found = matching(Path::new("elsewhere"), &absolute)
            .unwrap()
            .unwrap();
        assert_eq!(names(folder.path(), found), ["a.csv"]);
        assert!(matching(folder.path(), "a**/b").is_err());
    }

    #[test]
    fn a_folder_is_all_files_below_it_whose_format_is_known() {
        let folder = tree(&FILES);
        let found = below(folder.path(), &|path| guess::by_name(path).is_some()).unwrap();
        assert_eq!(
            names(folder.path(), found),
            ["a.csv", "in/b.csv", "in/deep/c.csv"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_end() {
        let folder = tree(&["in/a.csv"]);
        let back = folder.path().join("in");
        for name in ["one", "two", "three"] {
            std::os::unix::fs::symlink(&back, back.join(name)).unwrap();
        }
        std::os::unix::fs::symlink("nowhere.csv", back.join("nowhere.csv")).unwrap();
        assert_eq!(fitting(&folder, "**/*.csv"), ["in/a.csv"]);
        let found = below(folder.path(), &|_| true).unwrap();
        assert_eq!(names(folder.path(), found), ["in/a.csv"]);
    }
}
