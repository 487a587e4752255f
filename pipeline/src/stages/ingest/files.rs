//! Which files of the sources are read: those that are not loaded yet, or are to be read again.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::DateTime;

use super::plan::PlannedFile;
use crate::config::{ChangedFiles, SameContent, Settings, Source};
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::sources::{self, Fetch, SourceFile};
use crate::warehouse::ledger::{Ledger, OfSource, Standing};
use crate::warning::{OTHER_SHEETS, SAME_CONTENT, Warning};

/// What the plans of a load share.
pub struct Planning<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What was loaded before.
    pub ledger: &'a Ledger,
    /// Runs what is asynchronous.
    pub engine: &'a Engine,
    /// Where fetched files go.
    pub spool: &'a Path,
    /// When the load happens, microseconds UTC.
    pub loaded_at: i64,
    /// The number that the next new file gets.
    pub next_number: Cell<i32>,
    /// The place of the next file in the load.
    pub next_order: Cell<u32>,
    /// Files of rejected rows that have been mended, each with the source that its rows belong to.
    pub mended: Vec<(String, SourceFile)>,
    /// What this load reads: table, content and mapping, and the source that it is read for.
    pub contents: RefCell<HashMap<(&'static str, String, String), String>>,
    /// Files of sources that are not named any more, which a source of this load goes on with.
    pub claimed: RefCell<HashSet<i32>>,
    /// What was noticed.
    pub warnings: RefCell<Vec<Warning>>,
}

/// The source whose files are looked at.
pub struct Of<'a> {
    pub number: usize,
    pub name: &'a str,
    pub table: &'static str,
    pub mapping: &'a str,
}

impl<'a> Planning<'a> {
    /// For a load of these settings after those of the ledger.
    pub fn new(
        settings: &'a Settings,
        ledger: &'a Ledger,
        engine: &'a Engine,
        spool: &'a Path,
        loaded_at: i64,
    ) -> Self {
        Self {
            settings,
            ledger,
            engine,
            spool,
            loaded_at,
            next_number: Cell::new(ledger.next_number()),
            next_order: Cell::new(0),
            mended: Vec::new(),
            contents: RefCell::default(),
            claimed: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// Says which sheets of spreadsheets are not read though nobody said so.
    pub fn note_sheets(&self, source: &Source, files: &[PlannedFile]) -> Result<()> {
        for planned in files {
            let others = sources::other_sheets(&planned.file, source)?;
            if !others.is_empty() {
                self.warnings.borrow_mut().push(Warning::new(
                    OTHER_SHEETS,
                    tr!(
                        "{file}: only its first sheet is read, and not {others}; name the sheets that are meant: sheet = \"...\", a list of them, or \"*\"",
                        file = planned.file.path.display(),
                        others = others
                            .iter()
                            .map(|name| format!("`{name}`"))
                            .collect::<Vec<_>>()
                            .join(", "),
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether what a file gives comes from another source already: the same content, for the same
    /// table, read in the same way. A person is told.
    fn comes_already(&self, of: &Of<'_>, known: &OfSource<'_>, file: &SourceFile) -> bool {
        if self.settings.config.ingest.same_content == SameContent::Load {
            return false;
        }
        let mut contents = self.contents.borrow_mut();
        let content = (of.table, file.sha256.clone(), of.mapping.to_owned());
        let other = known.elsewhere(file).map(|entry| entry.source.clone());
        let other = other.or_else(|| contents.get(&content).cloned());
        let Some(other) = other.filter(|other| other != of.name) else {
            contents.insert(content, of.name.to_owned());
            return false;
        };
        self.warnings.borrow_mut().push(Warning::new(
            SAME_CONTENT,
            tr!(
                "{table}: {file} has the content of a file of the source `{other}`, which is read in the same way, so it is not loaded twice; take it out of one of them, or set same_content = \"load\" under [ingest]",
                table = of.table,
                file = file.path.display(),
                other = other
            ),
        ));
        true
    }

    /// The files that a load has to read, each with its number.
    pub fn to_read(
        &self,
        of: &Of<'_>,
        known: &OfSource<'_>,
        files: Vec<SourceFile>,
        fetch: &Fetch<'_>,
    ) -> Result<Vec<PlannedFile>> {
        let mut planned: Vec<PlannedFile> = Vec::new();
        let mut contents = HashSet::new();
        for mut file in files {
            let (mut standing, mut entry) = known.standing(&file);
            if entry.is_some_and(|entry| {
                entry.source != of.name && !self.claimed.borrow_mut().insert(entry.number)
            }) {
                (standing, entry) = (Standing::New, None);
            }
            let again = standing != Standing::Known && !contents.insert(file.sha256.clone());
            if standing == Standing::Known || again {
                continue;
            }
            let moved = entry.is_some_and(|entry| entry.source != of.name);
            if (standing == Standing::New || moved) && self.comes_already(of, known, &file) {
                continue;
            }
            if standing == Standing::Changed
                && self.settings.config.ingest.changed_files == ChangedFiles::Fail
            {
                let when = entry.and_then(|entry| DateTime::from_timestamp_micros(entry.loaded_at));
                let when = when.map(|when| when.format("%Y-%m-%d %H:%M UTC").to_string());
                let number = of.number.to_string();
                return Err(Failure::data(format!(
                    "{}: {} has another content than when it was loaded, {}",
                    self.settings.location(&["sources", &number, "path"]),
                    file.path.display(),
                    when.unwrap_or_default(),
                ))
                .hint("set changed_files = \"replace\" under [ingest] if its rows are to take the place of the earlier ones"));
            }
            sources::fetch(&mut file, fetch)?;
            let number = entry.map(|entry| entry.number).unwrap_or_else(|| {
                let number = self.next_number.get();
                self.next_number.set(number + 1);
                number
            });
            let order = self.next_order.get();
            self.next_order.set(order + 1);
            let known_at = match (standing, entry) {
                (Standing::ReadAgain, Some(entry)) => entry.loaded_at,
                _ => self.loaded_at,
            };
            planned.push(PlannedFile {
                file,
                number,
                order,
                known_at,
                standing,
            });
        }
        Ok(planned)
    }
}
