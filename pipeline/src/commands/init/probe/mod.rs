//! Files are opened as sources, their columns sampled, and files of one shape put together.

mod opened;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::opened::{Form, LINES, Opened, settings, sheet_rows};
use crate::commands::init::column::Column;
use crate::commands::init::headless;
use crate::commands::init::structure::Structure;
use crate::commands::init::table::Table;
use crate::config::Format;
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::sources::{self, Fetch, SourceFile, TextOf, text_of};

/// Opens files and samples them; files with the same columns become one table.
pub struct Probe<'a> {
    /// Fetches what does not lie here.
    pub engine: &'a Engine,
    /// A folder for it.
    pub spool: &'a Path,
}

impl Probe<'_> {
    /// Looks at every file.
    ///
    /// # Errors
    /// A file that is not there, or cannot be read as any source.
    pub fn tables(&self, files: &[PathBuf], settings: &Path) -> Result<Vec<Table>> {
        let mut tables: Vec<Table> = Vec::new();
        for file in files {
            if !file.exists() {
                return Err(not_there(file));
            }
            let path = relative(file, settings)?;
            let (opened, remarks) = self.open(file)?;
            let first = tables.len();
            for opened in opened {
                let place = match tables.iter().position(|table| opened.continues(table)) {
                    Some(place) => place,
                    None => {
                        tables.push(opened.table(file));
                        tables.len() - 1
                    }
                };
                let table = &mut tables[place];
                if !table.paths.contains(&path) {
                    table.paths.push(path.clone());
                }
                for sheet in opened.files.iter().filter_map(|file| file.sheet.as_ref()) {
                    if !table.sheets.contains(sheet) {
                        table.sheets.push(sheet.clone());
                    }
                }
                opened.sample(table)?;
            }
            if let Some(table) = tables.get_mut(first) {
                table.notes.extend(remarks);
            }
        }
        for table in &mut tables {
            table.columns.iter_mut().for_each(Column::finish);
            if table.structure.headless {
                headless::name_columns(table);
            }
        }
        Ok(tables)
    }

    /// A file's way of being read, and its columns; each sheet of a spreadsheet is looked at for
    /// itself, and those that cannot be read are remarked.
    fn open(&self, file: &Path) -> Result<(Vec<Opened>, Vec<String>)> {
        let found = self.files(file, None);
        let sheets = found.iter().flatten().filter(|file| file.sheet.is_some());
        let sheets: Vec<&SourceFile> = sheets.collect();
        if sheets.is_empty() {
            return Ok((vec![self.open_one(file, None)?], Vec::new()));
        }
        let (mut opened, mut remarks, mut failed) = (Vec::new(), Vec::new(), None);
        for sheet in sheets {
            match self.open_one(file, Some(sheet)) {
                Ok(one) => opened.push(one),
                Err(failure) => {
                    let name = sheet.sheet.as_deref().unwrap_or_default();
                    remarks.push(format!("Sheet `{name}` is not used: {}.", failure.message));
                    failed.get_or_insert(failure);
                }
            }
        }
        match failed {
            Some(failure) if opened.is_empty() => Err(failure),
            _ => Ok((opened, remarks)),
        }
    }

    /// One file's way of being read, or one sheet's. A file that is broken is said to be, and not read
    /// in another way until something fits.
    fn open_one(&self, file: &Path, sheet: Option<&SourceFile>) -> Result<Opened> {
        // A second round is for files whose name does not tell what they are.
        let found = match sheet.map_or_else(|| self.files(file, None), |one| Ok(vec![one.clone()]))
        {
            Ok(found) => Ok((found, None)),
            Err(failure) => match self.files(file, Some("csv")) {
                Ok(found) => Ok((found, Some("csv"))),
                Err(_) => Err(failure),
            },
        };
        let (found, format) = found?;
        let first = found
            .first()
            .ok_or_else(|| Failure::data(format!("{} is no file", file.display())))?;
        let mut form = Form {
            format,
            ..Form::default()
        };
        if first.format.is_text() {
            // What cannot be read fails below, with its reason.
            match text_of(first.bytes()).unwrap_or(TextOf::Unknown) {
                TextOf::Other(name) => form.encoding = Some(name),
                TextOf::Utf8Except(name, lines) => form.not_utf8 = Some((lines, name)),
                TextOf::Known | TextOf::Unknown => {}
            }
        }
        let plain = settings(file, &form)?;
        let source = &plain.config.sources[0];
        form.structure = match first.format {
            Format::Csv | Format::Tsv => {
                let lines = sources::first_lines(first, source, LINES)?;
                let taken = sources::delimiter(first, source).ok().flatten();
                Structure::of_text(&lines, taken.unwrap_or(','))
            }
            Format::Xlsx => Structure::of_rows(&sheet_rows(file, &form, first)?),
            _ => Structure::default(),
        };
        if !form.structure.fields.is_empty() {
            form.format = Some("fixed_width");
        }
        let fixed = form.format == Some("fixed_width");
        let as_read = found.iter().cloned().map(|found| match fixed {
            true => SourceFile {
                format: Format::FixedWidth,
                ..found
            },
            false => found,
        });
        let found: Vec<SourceFile> = as_read.collect();
        Opened::new(file, form, &found)
    }

    /// Finds what a path names, once for all ways of reading it: every byte is hashed for that.
    fn files(&self, file: &Path, format: Option<&'static str>) -> Result<Vec<SourceFile>> {
        let form = Form {
            format,
            ..Form::default()
        };
        let settings = settings(file, &form)?;
        let fetch = Fetch {
            engine: self.engine,
            spool: self.spool,
            earlier: &BTreeMap::new(),
        };
        sources::files(&settings, 0, &settings.config.sources[0], &fetch)
    }
}

/// How a file is called in settings that lie elsewhere.
fn relative(file: &Path, settings: &Path) -> Result<String> {
    let folder = settings
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let path = match folder {
        None => file.to_owned(),
        Some(folder) => match file.strip_prefix(folder) {
            Ok(below) => below.to_owned(),
            Err(_) => std::path::absolute(file)?,
        },
    };
    let text = path.to_str().ok_or_else(|| {
        Failure::settings(format!("the name of {} is not UTF-8", path.display()))
            .hint("give the file a name that settings can hold")
    })?;
    Ok(text.to_owned())
}

fn not_there(file: &Path) -> Failure {
    let written = file.to_string_lossy();
    // The rest may hold a password.
    if let Some((scheme, _)) = written.split_once("://") {
        return Failure::settings(format!(
            "{scheme}://... lies elsewhere, and init looks at files that are here"
        ))
        .hint(
            "fetch some of it first; in the settings that init writes, path may then be the URL",
        );
    }
    if written.starts_with("odbc:") {
        return Failure::settings("init looks at files, not at databases")
            .hint("docs/settings.md shows a source of a database");
    }
    Failure::settings(format!("there is no file {}", file.display()))
        .hint("paths are relative to the folder that you are in")
}
