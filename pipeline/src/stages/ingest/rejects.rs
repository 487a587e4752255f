//! Bad rows: written to `rejects/TABLE.csv` with file, line, column, value and reason, and counted.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::failure::{During, Failure, Result};
use crate::outputs::{Pending, neutral};
use crate::text::count;
use crate::words::{self, said};

/// What the file holds.
const ABOUT: &str =
    mark!("Source rows that were left out: where they stand, and what is wrong with them");

/// What the files of whole rows hold.
const ABOUT_ROWS: &str =
    mark!("Rejected rows as their source has them: mend them and load them with ingest --mended");

/// The reason of exact copies, which are left out without being bad.
pub const COPY: &str = mark!("is an exact copy of an earlier line");
/// The reason of rows with a key that say what is known already.
pub const SAME: &str = mark!("says what the row with its key says already");

/// So many bad cells, or copies, are listed for each reason; the others are counted. The whole rows
/// are in `rejects/rows` all the same.
const LISTED: u64 = 100_000;

/// So many rows that could not even be read are listed for each reason. Nothing else tells of
/// them, so that with more the load stops.
const UNREADABLE: u64 = 1_000_000;

/// So many different reasons are told apart; reasons may quote what was found.
const REASONS: usize = 10_000;

/// The reason of all beyond [`REASONS`].
const OTHERS: &str = mark!("other reasons");

/// A reason that more have than are listed.
const MORE: &str = mark!("{reason} (and {n} more, which are not listed)");

/// The reason and the number of a line that stands for those that are not listed, in whatever language it
/// was written.
pub fn not_listed(line: &str) -> Option<(&str, u64)> {
    let languages = words::in_every_language(MORE).take(if line.is_ascii() { 1 } else { 2 });
    languages
        .filter_map(|more| {
            let (before, after) = more.strip_prefix("{reason}")?.split_once("{n}")?;
            let (reason, number) = line.strip_suffix(after)?.rsplit_once(before)?;
            Some((reason, number.parse().ok()?))
        })
        .next()
}

/// A reason together with the column that it is about, if it is about one.
pub fn what(column: &str, reason: &str) -> String {
    match column {
        "" => reason.to_owned(),
        column => tr!("{column} {reason}", column = column, reason = reason),
    }
}

/// The rejects of one table, written as they are found.
pub struct Rejects {
    name: String,
    files: Pending,
    writer: Option<csv::Writer<File>>,
    written: u64,
    /// Rejected rows by reason, to say what went wrong most.
    pub reasons: BTreeMap<String, u64>,
    /// How many are not listed, by column and reason.
    more: BTreeMap<(String, String), u64>,
    /// Why the load has to stop, if it has to.
    pub too_many: Option<String>,
}

/// Whether the reason says that a row was there already, so that it was left out without being bad.
pub fn was_there(reason: &str) -> bool {
    let reason = not_listed(reason).map_or(reason, |(reason, _)| reason);
    [COPY, SAME].iter().any(|was| words::is(was, reason))
}

/// The column of a file of rejected rows that names the source they belong to.
pub const SOURCE: &str = "__source";

/// Whole rejected rows, as their source has them, to be mended and loaded again: a CSV for each
/// source below `rejects/rows/`.
pub struct RejectedRows {
    files: Pending,
    writers: BTreeMap<String, (String, csv::Writer<File>, u64)>,
}

impl RejectedRows {
    /// No rows yet.
    pub fn new(out: &Path) -> Self {
        Self {
            files: Pending::new(out, super::NAME),
            writers: BTreeMap::new(),
        }
    }

    /// Adds rows of a source, every value as text.
    pub fn add(&mut self, table: &str, source: &str, rows: &RecordBatch) -> Result<()> {
        let schema = rows.schema();
        if !self.writers.contains_key(source) {
            // Two sources may have names that differ in punctuation alone.
            let number = self.writers.len() + 1;
            let name = format!("rejects/rows/{table}-{number}.csv");
            let path = self.files.place(&name, None, ABOUT_ROWS)?;
            let mut writer = csv::Writer::from_path(&path).map_err(broken)?;
            let columns = schema.fields().iter().map(|field| field.name().as_str());
            writer
                .write_record([SOURCE].into_iter().chain(columns))
                .map_err(broken)?;
            self.writers.insert(source.to_owned(), (name, writer, 0));
        }
        let Some((_, writer, written)) = self.writers.get_mut(source) else {
            return Ok(());
        };
        let options = FormatOptions::default();
        let columns = rows
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        for row in 0..rows.num_rows() {
            let values = columns.iter().map(|column| column.value(row).to_string());
            writer
                .write_record([source.to_owned()].into_iter().chain(values))
                .map_err(broken)?;
            *written += 1;
        }
        Ok(())
    }

    /// Ends the files; the result still has to be committed.
    pub fn finish(mut self) -> Result<Pending> {
        for (name, mut writer, written) in self.writers.into_values() {
            writer.flush().during(&name)?;
            self.files.set_rows(&name, written);
        }
        Ok(self.files)
    }
}

/// Where something was found.
pub struct Place<'a> {
    /// The source file.
    pub file: &'a Path,
    /// Its line, or row for Parquet.
    pub line: u64,
}

impl Rejects {
    /// No rejects yet.
    pub fn new(out: &Path, table: &str) -> Self {
        Self {
            name: format!("rejects/{table}.csv"),
            files: Pending::new(out, super::NAME),
            writer: None,
            written: 0,
            reasons: BTreeMap::new(),
            more: BTreeMap::new(),
            too_many: None,
        }
    }

    /// Notes one bad cell, or one bad row when `column` is empty.
    pub fn add(
        &mut self,
        place: &Place<'_>,
        column: &str,
        value: &str,
        reason: &str,
    ) -> Result<()> {
        let times = self.count(&what(column, reason), 1);
        let unreadable = column.is_empty() && !was_there(reason);
        if unreadable && times > UNREADABLE {
            self.too_many.get_or_insert_with(|| {
                format!(
                    "{}:{}: more than {} rows cannot be read: {reason}; nothing was loaded",
                    place.file.display(),
                    place.line,
                    count(UNREADABLE)
                )
            });
            return Ok(());
        }
        if !unreadable && times > LISTED {
            self.note_more(column, reason, 1);
            return Ok(());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let path = self.files.place(&self.name, None, ABOUT)?;
                let mut writer = csv::Writer::from_path(&path).map_err(broken)?;
                writer
                    .write_record(["file", "line", "column", "value", "reason"])
                    .map_err(broken)?;
                self.writer.insert(writer)
            }
        };
        let file = place.file.display().to_string();
        let line = place.line.to_string();
        let texts = [file.as_str(), &line, column, value, reason].map(neutral);
        writer
            .write_record(texts.iter().map(|text| text.as_bytes()))
            .map_err(broken)?;
        self.written += 1;
        Ok(())
    }

    /// Counts rejects that are not listed.
    pub fn add_more(&mut self, column: &str, reason: &str, number: u64) {
        self.count(&what(column, reason), number);
        self.note_more(column, reason, number);
    }

    fn note_more(&mut self, column: &str, reason: &str, number: u64) {
        let of = (column.to_owned(), reason.to_owned());
        let known = self.more.len() < REASONS || self.more.contains_key(&of);
        let of = if known {
            of
        } else {
            (String::new(), said(OTHERS).to_owned())
        };
        *self.more.entry(of).or_default() += number;
    }

    /// Counts rejects; says how often their reason has occurred by now.
    fn count(&mut self, what: &str, number: u64) -> u64 {
        let known = self.reasons.len() < REASONS || self.reasons.contains_key(what);
        let times = self
            .reasons
            .entry(if known { what } else { said(OTHERS) }.to_owned())
            .or_default();
        *times += number;
        *times
    }

    /// The most frequent reasons, the most frequent first; copies are no rejects, and told apart.
    pub fn main_reasons(&self) -> String {
        let mut reasons: Vec<(&String, &u64)> = self
            .reasons
            .iter()
            .filter(|(reason, _)| !was_there(reason))
            .collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let shown: Vec<String> = reasons
            .iter()
            .take(3)
            .map(|(reason, count)| tr!("{n} x {reason}", n = count, reason = reason))
            .collect();
        shown.join(said(mark!("; ")))
    }

    /// The file's name below the output folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the file; the result still has to be committed.
    pub fn finish(mut self) -> Result<Pending> {
        if let Some(mut writer) = self.writer.take() {
            for ((column, reason), number) in &self.more {
                let reason = words::fill(MORE, &[("reason", reason), ("n", number)]);
                let texts = ["", "0", column.as_str(), "", reason.as_str()].map(neutral);
                writer
                    .write_record(texts.iter().map(|text| text.as_bytes()))
                    .map_err(broken)?;
                self.written += 1;
            }
            writer.flush().during(&self.name)?;
            self.files.set_rows(&self.name, self.written);
        }
        Ok(self.files)
    }
}

fn broken(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Failure::machine(format!("{other:?}")),
    }
}
