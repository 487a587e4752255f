//! What has been loaded, known by content: the table `loads` of the warehouse.
//!
//! A file counts once whatever it is called and whenever it comes; one whose content has changed
//! is noticed. The commit that ends a load names the version of this table that belongs to it, so
//! the record of loads and the rows are one.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use serde_json::Value;

use crate::config::{Format, SameLines, Settings, Source, hex};
use crate::contract::TABLES;
use crate::failure::Result;
use crate::sources::SourceFile;
use crate::warehouse::partition::Partition;
use crate::warehouse::partition::{month_name, month_named};

/// The table's name.
pub const TABLE: &str = "loads";

/// Every table of a warehouse: the canonical ones, and this.
pub fn every_table() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name).chain([TABLE])
}

/// One file at one load.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Its number, the same for every state of a file; rows carry it.
    pub number: i32,
    /// Which load, counted from 1.
    pub load: i64,
    /// When, microseconds UTC.
    pub loaded_at: i64,
    /// The name of the source.
    pub source: String,
    /// The canonical table.
    pub table: String,
    /// The file.
    pub path: PathBuf,
    /// How it was read.
    pub format: Format,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What the object store called this state of it.
    pub etag: Option<String>,
    /// The largest value of the query's watermark column.
    pub watermark: Option<String>,
    /// Hash of the settings that it was read with.
    pub mapping: String,
    /// Whether its rows have a key of their own.
    pub keyed: bool,
    /// The first and the last month of its rows.
    pub months: Option<(Partition, Partition)>,
    /// Rows read.
    pub read: u64,
    /// Rows that were new.
    pub kept: u64,
    /// Rows that were there.
    pub duplicates: u64,
    /// Rows that could not be used.
    pub rejected: u64,
    /// Rows that the source's condition left out.
    pub left_out: u64,
    /// Rows that went into that of another.
    pub merged: u64,
}

/// Every load so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// In the order of the loads.
    pub entries: Vec<Loaded>,
}

/// What a load makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not there before, or is the next portion of a query.
    New,
    /// Its content is loaded already, under this or another name.
    Known,
    /// It has another content than when it was loaded.
    Changed,
    /// It is as it was, but the settings read it differently now.
    ReadAgain,
}

impl Ledger {
    /// The last state of every file, by number.
    pub fn latest(&self) -> BTreeMap<i32, &Loaded> {
        self.entries
            .iter()
            .map(|entry| (entry.number, entry))
            .collect()
    }

    /// What is known of the files of one source of a table, which is read with these settings
    /// now; `is_named` says whether the settings still have a source of this name for the table.
    pub fn of_source<'a>(
        &'a self,
        source: &'a str,
        table: &str,
        mapping: &'a str,
        is_named: &dyn Fn(&str) -> bool,
    ) -> OfSource<'a> {
        let latest = self.latest().into_values();
        let mut of_source = OfSource {
            source,
            mapping,
            by_path: HashMap::new(),
            by_content: HashMap::new(),
            elsewhere: HashMap::new(),
        };
        for entry in latest.filter(|entry| entry.table == table) {
            // What a source gave that is not named any more is found again by its content, so
            // that a source may be renamed.
            if entry.source == source {
                of_source.by_path.insert(&entry.path, entry);
            }
            if entry.source == source || !is_named(&entry.source) {
                let alike = of_source.by_content.entry(&entry.sha256);
                alike.or_default().push(entry);
            } else if entry.mapping == mapping {
                of_source.elsewhere.insert(&entry.sha256, entry);
            }
        }
        of_source
    }

    /// The last states of files of sources that the settings do not name any more.
    pub fn unnamed(&self, settings: &Settings) -> Vec<&Loaded> {
        let named = |entry: &Loaded| {
            let mut sources = settings.config.sources_of(&entry.table);
            sources.any(|(_, source)| source.name() == entry.source)
        };
        let latest = self.latest().into_values();
        latest.filter(|entry| !named(entry)).collect()
    }

    /// The number that the next new file gets.
    pub fn next_number(&self) -> i32 {
        self.entries
            .iter()
            .map(|entry| entry.number)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// The number of the next load.
    pub fn next_load(&self) -> i64 {
        self.entries
            .iter()
            .map(|entry| entry.load)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// The columns of the table.
    pub fn schema() -> SchemaRef {
        let field = |name: &str, data_type: DataType, about: &str| {
            Field::new(name, data_type, true)
                .with_metadata([("comment".to_owned(), about.to_owned())].into())
        };
        let text = |name: &str, about: &str| field(name, DataType::Utf8, about);
        let number = |name: &str, about: &str| field(name, DataType::Int64, about);
        Arc::new(Schema::new(vec![
            field(
                "source_file",
                DataType::Int32,
                "Number of the file, as in the rows",
            ),
            number("load", "Which load, counted from 1"),
            field(
                "loaded_at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "When, UTC",
            ),
            text("source", "Name of the source"),
            text("table", "The canonical table"),
            text("path", "The file, object or query"),
            text("format", "How it was read"),
            number("size", "Bytes"),
            text("sha256", "SHA-256 of the bytes"),
            text("etag", "What the object store called this state of it"),
            text(
                "watermark",
                "The largest value of the query's watermark column",
            ),
            text("mapping", "Hash of the settings that it was read with"),
            field(
                "keyed",
                DataType::Boolean,
                "Whether its rows have a key of their own",
            ),
            text("first_month", "The first month of its rows"),
            text("last_month", "The last month of its rows"),
            number("rows_read", "Rows read"),
            number("rows_kept", "Rows that were new"),
            number("rows_duplicate", "Rows that were there already"),
            number("rows_rejected", "Rows that could not be used"),
            number("rows_left_out", "Rows that the source's condition left out"),
            number("rows_merged", "Rows that went into that of another"),
        ]))
    }

    /// The table.
    pub fn to_rows(&self) -> Result<RecordBatch> {
        let entries = &self.entries;
        let text = |of: &dyn Fn(&Loaded) -> Option<String>| -> ArrayRef {
            Arc::new(entries.iter().map(of).collect::<StringArray>())
        };
        let number = |of: &dyn Fn(&Loaded) -> u64| -> ArrayRef {
            Arc::new(
                entries
                    .iter()
                    .map(|entry| Some(of(entry) as i64))
                    .collect::<Int64Array>(),
            )
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(
                entries
                    .iter()
                    .map(|entry| Some(entry.number))
                    .collect::<Int32Array>(),
            ),
            Arc::new(
                entries
                    .iter()
                    .map(|entry| Some(entry.load))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                entries
                    .iter()
                    .map(|entry| Some(entry.loaded_at))
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
            text(&|entry| Some(entry.source.clone())),
            text(&|entry| Some(entry.table.clone())),
            text(&|entry| Some(entry.path.display().to_string())),
            text(&|entry| {
                serde_json::to_value(entry.format)
                    .ok()?
                    .as_str()
                    .map(str::to_owned)
            }),
            number(&|entry| entry.size),
            text(&|entry| Some(entry.sha256.clone())),
            text(&|entry| entry.etag.clone()),
            text(&|entry| entry.watermark.clone()),
            text(&|entry| Some(entry.mapping.clone())),
            Arc::new(
                entries
                    .iter()
                    .map(|entry| Some(entry.keyed))
                    .collect::<BooleanArray>(),
            ),
            text(&|entry| entry.months.map(|months| month_name(months.0))),
            text(&|entry| entry.months.map(|months| month_name(months.1))),
            number(&|entry| entry.read),
            number(&|entry| entry.kept),
            number(&|entry| entry.duplicates),
            number(&|entry| entry.rejected),
            number(&|entry| entry.left_out),
            number(&|entry| entry.merged),
        ];
        Ok(RecordBatch::try_new(Self::schema(), columns)?)
    }

    /// Puts the entries into the order of the loads, in whatever order the table's rows lie now.
    pub fn sort(&mut self) {
        self.entries.sort_by_key(|entry| entry.load);
    }

    /// Adds entries from rows of the table.
    pub fn add_rows(&mut self, rows: &RecordBatch) -> Result<()> {
        let column = |name: &str| {
            rows.column_by_name(name)
                .cloned()
                .unwrap_or_else(|| arrow::array::new_null_array(&DataType::Null, rows.num_rows()))
        };
        let text = |name: &str, row: usize| {
            let column = column(name);
            let values = column.as_string_opt::<i32>()?;
            values.is_valid(row).then(|| values.value(row).to_owned())
        };
        let number = |name: &str, row: usize| {
            let column = column(name);
            let values = column.as_primitive_opt::<Int64Type>();
            values.map_or(0, |values| {
                if values.is_valid(row) {
                    values.value(row)
                } else {
                    0
                }
            })
        };
        let files = column("source_file");
        let moments = column("loaded_at");
        let keyed = column("keyed");
        for row in 0..rows.num_rows() {
            let month = |name: &str| text(name, row).and_then(|name| month_named(&name));
            let format = text("format", row).unwrap_or_default();
            self.entries.push(Loaded {
                number: files.as_primitive::<Int32Type>().value(row),
                load: number("load", row),
                loaded_at: moments
                    .as_primitive::<TimestampMicrosecondType>()
                    .value(row),
                source: text("source", row).unwrap_or_default(),
                table: text("table", row).unwrap_or_default(),
                path: text("path", row).unwrap_or_default().into(),
                format: serde_json::from_value(Value::String(format)).unwrap_or(Format::Csv),
                size: number("size", row) as u64,
                sha256: text("sha256", row).unwrap_or_default(),
                etag: text("etag", row),
                watermark: text("watermark", row),
                mapping: text("mapping", row).unwrap_or_default(),
                keyed: keyed.as_boolean().value(row),
                months: month("first_month").zip(month("last_month")),
                read: number("rows_read", row) as u64,
                kept: number("rows_kept", row) as u64,
                duplicates: number("rows_duplicate", row) as u64,
                rejected: number("rows_rejected", row) as u64,
                left_out: number("rows_left_out", row) as u64,
                merged: number("rows_merged", row) as u64,
            });
        }
        Ok(())
    }
}

/// The last state of every file of one source.
pub struct OfSource<'a> {
    source: &'a str,
    mapping: &'a str,
    by_path: HashMap<&'a Path, &'a Loaded>,
    by_content: HashMap<&'a str, Vec<&'a Loaded>>,
    /// What other sources of the same table gave that are read in the same way.
    elsewhere: HashMap<&'a str, &'a Loaded>,
}

impl<'a> OfSource<'a> {
    /// The file of another source whose content a file has.
    pub fn elsewhere(&self, file: &SourceFile) -> Option<&'a Loaded> {
        self.elsewhere.get(file.sha256.as_str()).copied()
    }

    /// What is known of a file, and what that makes of it now.
    pub fn standing(&self, file: &SourceFile) -> (Standing, Option<&'a Loaded>) {
        let alike = self.by_content.get(file.sha256.as_str());
        let alike = || alike.into_iter().flatten().copied();
        // Rows carry the name of their source in what they are recognised by, so what another
        // source gave is read again under the new name.
        let same =
            alike().find(|entry| entry.mapping == self.mapping && entry.source == self.source);
        let path = self.by_path.get(file.path.as_path()).copied();
        match (same, path) {
            // Another content than it had, though one that is loaded under another name as well.
            (Some(_), Some(path)) if path.sha256 != file.sha256 && file.watermark.is_none() => {
                (Standing::Changed, Some(path))
            }
            (Some(same), _) => (Standing::Known, Some(same)),
            (None, Some(path)) if path.mapping != self.mapping => (Standing::ReadAgain, Some(path)),
            (None, Some(path)) if file.watermark.is_some() => (Standing::New, Some(path)),
            (None, Some(path)) => (Standing::Changed, Some(path)),
            // Moved, or its source renamed: still the file that it was.
            (None, None) => match alike().next() {
                Some(moved) => (Standing::ReadAgain, Some(moved)),
                None => (Standing::New, None),
            },
        }
    }

    /// The files by their paths, for those who fetch; what was read with other settings has to be
    /// fetched whole.
    pub fn earlier(&self) -> BTreeMap<PathBuf, SourceFile> {
        let file = |entry: &Loaded| SourceFile {
            path: entry.path.clone(),
            size: entry.size,
            sha256: entry.sha256.clone(),
            format: entry.format,
            etag: entry.etag.clone(),
            watermark: entry.watermark.clone(),
            sheet: None,
            local: None,
            stamp: None,
        };
        self.by_path
            .values()
            .filter(|entry| entry.mapping == self.mapping)
            .map(|entry| (entry.path.clone(), file(entry)))
            .collect()
    }
}

/// Hash of whatever decides how the files of a source become rows.
pub fn mapping_hash(settings: &Settings, source: &Source) -> String {
    use sha2::{Digest, Sha256};
    let mut written = serde_json::to_value(source).unwrap_or_default();
    if let Some(written) = written.as_object_mut() {
        written.remove("path");
        written.remove("name");
    }
    let mut said = serde_json::json!([
        2, // counts up when the program reads the same settings differently
        written,
        settings.config.project.timezone,
        settings.config.ingest.duplicates,
        settings.config.ingest.rates,
        match settings.config.ingest.rates.is_empty() {
            true => "", // only where amounts are converted does it matter into what
            false => settings.config.project.currency.as_str(),
        },
    ]);
    // What is as it always was leaves the hash as it was.
    if settings.config.ingest.same_lines == SameLines::Drop
        && let Some(said) = said.as_array_mut()
    {
        said.push("same lines".into());
    }
    hex(&Sha256::digest(said.to_string())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(number: i32, path: &str, sha256: &str) -> Loaded {
        Loaded {
            number,
            load: 1,
            loaded_at: 5,
            source: "tills".into(),
            table: "interactions".into(),
            path: path.into(),
            format: Format::Csv,
            size: 9,
            sha256: sha256.into(),
            etag: None,
            watermark: None,
            mapping: "m".into(),
            keyed: false,
            months: Some((2024 * 12, 2024 * 12 + 3)),
            read: 4,
            kept: 3,
            duplicates: 1,
            rejected: 0,
            left_out: 0,
            merged: 0,
        }
    }

    fn file(path: &str, sha256: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            size: 9,
            sha256: sha256.into(),
            format: Format::Csv,
            etag: None,
            watermark: None,
            sheet: None,
            local: None,
            stamp: None,
        }
    }

    #[test]
    fn a_file_is_known_by_its_content_and_not_by_its_name() {
        let ledger = Ledger {
            entries: vec![loaded(1, "a.csv", "A"), loaded(2, "b.csv", "B")],
        };
        let standing = |path, sha256, mapping| {
            ledger
                .of_source("tills", "interactions", mapping, &|_| true)
                .standing(&file(path, sha256))
                .0
        };
        assert_eq!(standing("a.csv", "A", "m"), Standing::Known);
        assert_eq!(standing("copy of a.csv", "A", "m"), Standing::Known);
        assert_eq!(standing("a.csv", "A2", "m"), Standing::Changed);
        assert_eq!(standing("a.csv", "B", "m"), Standing::Changed);
        assert_eq!(standing("0.csv", "Z", "m"), Standing::New);
        assert_eq!(standing("a.csv", "A", "other"), Standing::ReadAgain);
        assert_eq!(standing("moved.csv", "B", "other"), Standing::ReadAgain);
    }

    #[test]
    fn a_file_of_another_source_or_table_is_told_apart_by_whether_that_source_is_still_named() {
        let ledger = Ledger {
            entries: vec![loaded(1, "a.csv", "A")],
        };
        let a = file("a.csv", "A");
        let of = |source, table, mapping, named: bool| {
            let known = ledger.of_source(source, table, mapping, &move |_| named);
            (known.standing(&a).0, known.elsewhere(&a).is_some())
        };
        let tills = of("tills", "interactions", "m", true);
        assert_eq!(tills, (Standing::Known, false));
        // A file that feeds two tables is two files to the record.
        assert_eq!(of("tills", "products", "m", true), (Standing::New, false));
        // Renamed: its rows are read again under the new name, and are not there twice.
        let renamed = of("shop", "interactions", "m", false);
        assert_eq!(renamed, (Standing::ReadAgain, false));
        let both = of("shop", "interactions", "m", true);
        assert_eq!(both, (Standing::New, true));
        let differently = of("shop", "interactions", "other", true);
        assert_eq!(differently, (Standing::New, false));
    }

    #[test]
    fn what_was_loaded_survives_the_table() {
        let mut entry = loaded(3, "c.csv", "C");
        entry.etag = Some("tag".into());
        entry.keyed = true;
        let ledger = Ledger {
            entries: vec![loaded(1, "a.csv", "A"), entry],
        };
        let mut again = Ledger::default();
        again.add_rows(&ledger.to_rows().unwrap()).unwrap();
        assert_eq!(again.entries, ledger.entries);
        assert_eq!((again.next_number(), again.next_load()), (4, 2));
    }
}
