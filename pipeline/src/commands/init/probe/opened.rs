//! A file that is opened as a source, in the way that it seems to be written.

use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::commands::init::as_toml::{laid_out, toml_text};
use crate::commands::init::column::Column;
use crate::commands::init::structure::Structure;
use crate::commands::init::table::Table;
use crate::config::Settings;
use crate::failure::{Failure, Result};
use crate::sources::{self, SourceFile};

/// Pieces at the start of a file that are looked at, one after the other.
const HEAD: usize = 4;
/// Of the pieces after them, one in so many is looked at.
const EVERY: usize = 16;
/// No piece after this one is looked at.
const FURTHEST: usize = 256;
/// Lines that are looked at to learn how a file is laid out.
pub const LINES: usize = 400;

/// How a file is written, as far as settings have to say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The format, when the name of the file does not tell it.
    pub format: Option<&'static str>,
    /// How its text is encoded, when it is not UTF-8.
    pub encoding: Option<&'static str>,
    /// Lines that are no UTF-8 in a file that is, and how they seem to be encoded.
    pub not_utf8: Option<(u64, Option<&'static str>)>,
    /// How it is laid out.
    pub structure: Structure,
}

/// The first rows of a sheet, whatever stands in them.
pub fn sheet_rows(
    file: &Path,
    form: &Form,
    sheet: &SourceFile,
) -> Result<Vec<(usize, Vec<String>)>> {
    let headless = Form {
        structure: Structure {
            headless: true,
            ..Structure::default()
        },
        ..form.clone()
    };
    let settings = settings(file, &headless)?;
    let source = &settings.config.sources[0];
    let schema = sources::schema(sheet, source)?;
    let Some(piece) = sources::open(sheet, source, &schema, false)?.next() else {
        return Ok(Vec::new());
    };
    let batch = piece?()?;
    let mut rows = Vec::new();
    for (row, &line) in batch.lines.iter().take(LINES).enumerate() {
        let cells = batch.rows.columns().iter().map(|values| {
            let formatted = ArrayFormatter::try_new(values.as_ref(), &FormatOptions::default())?;
            Ok(formatted.value(row).to_string().trim().to_owned())
        });
        rows.push((line as usize - 1, cells.collect::<Result<Vec<String>>>()?));
    }
    Ok(rows)
}

/// A file that can be read in a certain way.
pub struct Opened {
    form: Form,
    settings: Settings,
    /// What a path named: the file, or each of its sheets.
    pub files: Vec<SourceFile>,
    schema: SchemaRef,
    delimiter: Option<char>,
}

impl Opened {
    /// Reads a file in this way.
    pub fn new(file: &Path, form: Form, found: &[SourceFile]) -> Result<Self> {
        let settings = settings(file, &form)?;
        let source = &settings.config.sources[0];
        let first = found
            .first()
            .ok_or_else(|| Failure::data(format!("{} is no file", file.display())))?;
        Ok(Self {
            schema: sources::schema(first, source)?,
            delimiter: sources::delimiter(first, source)?,
            files: found.to_vec(),
            form,
            settings,
        })
    }

    /// Whether a table has the same columns, read in the same way.
    pub fn continues(&self, table: &Table) -> bool {
        let names = self.schema.fields().iter().map(|field| field.name());
        names.eq(table.columns.iter().map(|column| &column.name))
            && self.form.format == table.format
            && self.form.encoding == table.encoding
            && self.form.structure == table.structure
    }

    /// A table of this file's columns, without rows yet.
    pub fn table(&self, file: &Path) -> Table {
        let name = file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_lowercase();
        let fields = self.schema.fields().iter();
        Table {
            stem: name.split('.').next().unwrap_or_default().to_owned(),
            format: self.form.format,
            encoding: self.form.encoding,
            not_utf8: self.form.not_utf8,
            structure: self.form.structure.clone(),
            columns: fields
                .map(|field| Column::new(field.name(), field.data_type(), self.delimiter))
                .collect(),
            ..Table::empty()
        }
    }

    /// Adds the first rows of the file, and some later ones, to a table.
    pub fn sample(&self, table: &mut Table) -> Result<()> {
        let source = &self.settings.config.sources[0];
        for file in &self.files {
            for (number, piece) in sources::open(file, source, &self.schema, false)?.enumerate() {
                let piece = piece?;
                if number >= FURTHEST {
                    table.whole = false;
                    break;
                }
                if number >= HEAD && number % EVERY != 0 {
                    table.whole = false;
                    continue;
                }
                let batch = piece()?;
                table.malformed += batch.malformed.len() as u64;
                table.add(&batch.rows)?;
            }
        }
        Ok(())
    }
}

/// The least settings with which a file can be read.
pub fn settings(file: &Path, form: &Form) -> Result<Settings> {
    let mut text = String::from("[[sources]]\ntable = \"customers\"\n");
    text.push_str(&format!("path = {}\n", toml_text(&file.to_string_lossy())));
    if let Some(format) = form.format {
        text.push_str(&format!("format = \"{format}\"\n"));
    }
    if let Some(encoding) = form.encoding {
        text.push_str(&format!("encoding = \"{encoding}\"\n"));
    }
    text.push_str(&laid_out(&form.structure, &[]));
    text.push_str("sheet = \"*\"\n[sources.columns]\ncustomer_id = \"any\"\n");
    Settings::from_text(text, file.to_owned(), PathBuf::from("."))
}
