//! Files of one shape, and those whose columns belong to their rows.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::commands::init::column::Column;
use crate::commands::init::structure::Structure;
use crate::config::{Join, Paths};
use crate::failure::Result;
use crate::sources::float_text;
use crate::text::in_english;

/// Files of one shape, to become one source.
pub struct Table {
    /// The files, as they are written in the settings.
    pub paths: Vec<String>,
    /// The name of the first file without folder and ending, to tell what it is about.
    pub stem: String,
    /// Which sheets of spreadsheets it is, where these have several.
    pub sheets: Vec<String>,
    /// The format, when the names of the files do not tell it.
    pub format: Option<&'static str>,
    /// How the text is encoded, when it is not UTF-8.
    pub encoding: Option<&'static str>,
    /// Lines that are no UTF-8 in a file that is, and how they seem to be encoded.
    pub not_utf8: Option<(u64, Option<&'static str>)>,
    /// How it is laid out, when that is not what would be taken.
    pub structure: Structure,
    /// Names for its columns, where it has none.
    pub column_names: Vec<String>,
    /// Rows looked at.
    pub rows: u64,
    /// Whether these are all rows.
    pub whole: bool,
    /// Rows that are exact copies of others.
    pub copies: u64,
    /// Rows that could not be read.
    pub malformed: u64,
    /// The columns, also those of the files that its rows are joined with.
    pub columns: Vec<Column>,
    /// Files that its rows are joined with.
    pub joins: Vec<Joined>,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Which of its rows are wanted, in SQL, and why.
    pub condition: Option<(String, String)>,
    /// What was given back of its rows, where it is a known export that says so.
    pub refunds: Option<Refunds>,
    /// Columns that stand in the first row of an order alone, its number too.
    pub fill_down: Vec<String>,
    /// Hashes of its rows.
    pub(super) seen: HashSet<u64>,
}

/// Columns that say what was given back.
#[derive(Clone, Debug)]
pub struct Refunds {
    /// The amount.
    pub amount: String,
    /// When, where it is said.
    pub time: Option<String>,
    /// Whether it was given back for the thing of the row, and not for a whole order.
    pub of_line: bool,
}

/// A file whose columns belong to the rows of another.
pub struct Joined {
    /// The file.
    pub file: Table,
    /// The column of the rows, and what the file calls it.
    pub on: (String, String),
    /// What is left out, since it is said once for several rows.
    pub left: Vec<String>,
}

impl Joined {
    /// What its columns are called by where the rows have a name already.
    pub fn name(&self) -> String {
        let join = Join {
            path: Paths(self.file.paths.clone()),
            ..Join::on(&self.on.0, &self.on.1)
        };
        join.name()
    }

    /// What a person should know about it.
    pub fn notes(&self) -> Vec<String> {
        let path = &self.file.paths[0];
        if self.file.rows == 0 {
            return Vec::new(); // the file itself, of which more is said elsewhere
        }
        let mut notes = vec![format!(
            "The rows are joined with those of {path} by `{}`; {} there were looked at. A row without one there is rejected.",
            self.on.0,
            in_english(self.file.rows, "row"),
        )];
        if !self.left.is_empty() {
            notes.push(format!(
                "Not taken from {path}, since it is said once for all rows that belong together: {}.",
                self.left.join(", ")
            ));
        }
        notes
    }
}

impl Table {
    /// Adds rows of a file with these columns.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        let options = FormatOptions::default();
        let mut whole_rows = vec![DefaultHasher::new(); rows.num_rows()];
        for (column, values) in self.columns.iter_mut().zip(rows.columns()) {
            let formatted = ArrayFormatter::try_new(values.as_ref(), &options)?;
            let floats = values.as_primitive_opt::<Float64Type>();
            for (row, hasher) in whole_rows.iter_mut().enumerate() {
                if values.is_null(row) {
                    hasher.write_u8(0);
                    column.note(0);
                    continue;
                }
                let text = match floats {
                    Some(floats) => float_text(floats.value(row)),
                    None => formatted.value(row).to_string(),
                };
                text.hash(hasher);
                // Rows in a row for the order of times, then some from further on.
                let keep = self.rows == 0 && row < 2_000 || row % 160 == 0;
                column.add(text.trim(), keep);
            }
        }
        for hasher in whole_rows {
            self.copies += u64::from(!self.seen.insert(hasher.finish()));
        }
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// Where it lies, in words.
    pub fn in_words(&self) -> String {
        let sheets: Vec<String> = self.sheets.iter().map(|name| format!("`{name}`")).collect();
        let noun = if sheets.len() == 1 { "sheet" } else { "sheets" };
        match sheets.is_empty() {
            true => self.paths.join(", "),
            false => format!("{}, {noun} {}", self.paths.join(", "), sheets.join(" and ")),
        }
    }

    /// Nothing yet; it also stands where a table was that has become part of another.
    pub fn empty() -> Self {
        Self {
            paths: Vec::new(),
            sheets: Vec::new(),
            stem: String::new(),
            format: None,
            encoding: None,
            not_utf8: None,
            structure: Structure::default(),
            column_names: Vec::new(),
            rows: 0,
            whole: true,
            copies: 0,
            malformed: 0,
            columns: Vec::new(),
            joins: Vec::new(),
            notes: Vec::new(),
            condition: None,
            refunds: None,
            fill_down: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// The same files, read in the same way, without what they hold.
    pub fn same_files(&self) -> Self {
        Self {
            paths: self.paths.clone(),
            sheets: self.sheets.clone(),
            stem: self.stem.clone(),
            format: self.format,
            encoding: self.encoding,
            structure: self.structure.clone(),
            column_names: self.column_names.clone(),
            ..Self::empty()
        }
    }

    /// Whether it has become part of another.
    pub fn is_gone(&self) -> bool {
        self.paths.is_empty()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
