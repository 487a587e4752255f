//! What a query makes of each month of the interactions, kept beside the tables: a month that no load has
//! touched is not folded again.
//!
//! A file is named by the month, by what it was made from (the files of the month and of other tables
//! that are read), by the query, and by its own bytes, so one that is found is right or is not taken.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arrow::datatypes::Schema;
use chrono::NaiveDate;

use crate::engine::Scope;
use crate::engine::row_hash::hash_bytes;
use crate::failure::{During, Failure, Result};
use crate::outputs::below::no_link;
use crate::outputs::digest;
use crate::warehouse::FOLDER;
use crate::warehouse::partition::{Partition, month_name, month_named};
use crate::warehouse::views::Warehouse;

/// The folder below that of the warehouse.
pub const FOLDS: &str = "folds";
/// Queries of one name whose files stay: those of the settings, and those of a model that is kept.
const QUERIES: usize = 3;
/// What stands in place of the hash of a file where a month has no rows.
const NOTHING: &str = "nothing";
/// The column that says which month a row is of.
const MONTH: &str = "month";
/// Changes when the same query no longer means the same rows.
const FORMAT: u8 = 1;

/// A query over `interactions`, each of whose rows comes from one month.
pub struct ByMonth {
    /// The query; its column `d` is a day of that month as a number.
    pub fold: String,
    /// Other tables that it reads.
    pub reads: &'static [&'static str],
    /// What is made of the rows of all months, which it calls `months`; as they are by default.
    pub then: Option<String>,
}

/// The months of a warehouse, and what is kept of them.
pub struct Folds {
    folder: PathBuf,
    months: Vec<Month>,
    /// The files of each table, as one text.
    tables: BTreeMap<String, String>,
}

struct Month {
    number: Partition,
    files: String,
    /// Whether all of it can be seen, so that others may take what is made of it.
    whole: bool,
}

impl Warehouse {
    /// What is kept of the months below `out`. There is none of a warehouse as it was known earlier, nor
    /// where purchases are undone: then a month depends on what came after it.
    pub fn folds(&self, out: &Path) -> Result<Option<Folds>> {
        if self.known_at.is_some() || self.undone.is_some() {
            return Ok(None);
        }
        let Some(interactions) = self.views.iter().find(|view| view.name == "interactions") else {
            return Ok(None);
        };
        let mut months: BTreeMap<Partition, String> = BTreeMap::new();
        for file in &interactions.files {
            let Some(month) = month_of(file) else {
                return Ok(None);
            };
            named(months.entry(month).or_default(), file)?;
        }
        let mut tables = BTreeMap::new();
        for view in &self.views {
            let mut files = String::new();
            for file in &view.files {
                named(&mut files, file)?;
            }
            tables.insert(view.name.clone(), files);
        }
        let months = months.into_iter().map(|(number, files)| Month {
            number,
            files,
            whole: self
                .cut
                .is_none_or(|cut| first_day(number + 1) <= Some(cut)),
        });
        let folder = out.join(FOLDER).join(FOLDS);
        no_link(&folder)?;
        Ok(Some(Folds {
            folder,
            months: months.collect(),
            tables,
        }))
    }
}

/// Takes away everything that is kept.
pub fn remove_all(out: &Path) -> Result<()> {
    let folder = out.join(FOLDER).join(FOLDS);
    no_link(&folder)?;
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::from(error)).during(folder.display())
        }
        _ => Ok(()),
    }
}

impl Folds {
    /// Names what a query makes of all months; of those that are not kept it is made now.
    pub fn name(&self, scope: &Scope, name: &str, query: &ByMonth) -> Result<()> {
        let folder = self.folder.join(name);
        no_link(&folder)?;
        let of_query = short(&format!("{FORMAT} {}", query.fold));
        let mut there = Vec::new();
        let mut missing = Vec::new();
        let stems: Vec<String> = self
            .months
            .iter()
            .map(|month| self.stem(month, query))
            .collect();
        for (month, stem) in self.months.iter().zip(&stems) {
            match found(&folder, &format!("{stem}-{of_query}-"))? {
                Some(kept) if month.whole => there.push((month.number, kept)),
                _ => missing.push((month, stem)),
            }
        }
        let months = format!("{name}_by_month");
        let asked: Vec<&Month> = missing.iter().map(|(month, _)| *month).collect();
        let (mut made, schema) = self.make(scope, &months, &query.fold, &asked)?;
        for (month, stem) in missing {
            let made = made.remove(&month.number).unwrap_or_default();
            let kept = match month.whole {
                true => keep(&folder, &format!("{stem}-{of_query}-"), made)?,
                false => made,
            };
            there.push((month.number, kept));
        }
        there.sort_by_key(|(number, _)| *number);
        let files: Vec<PathBuf> = there.into_iter().flat_map(|(_, files)| files).collect();
        tidy(&folder, &stems, &of_query)?;
        let target = if query.then.is_some() { &months } else { name };
        match files.is_empty() {
            true => scope.batch(target, arrow::array::RecordBatch::new_empty(schema.into()))?,
            false => scope.files(target, &files, Some(&schema))?,
        }
        match &query.then {
            Some(then) => scope.fold(name, &then.replace("{months}", &months)),
            None => Ok(()),
        }
    }

    /// By what the file of a month is known, but for the query.
    fn stem(&self, month: &Month, query: &ByMonth) -> String {
        let mut from = month.files.clone();
        for table in query.reads {
            let _ = write!(
                from,
                "{table}\n{}",
                self.tables.get(*table).map_or("", String::as_str)
            );
        }
        format!("{}-{}", month_name(month.number), short(&from))
    }

    /// Folds some months: files by month, and the columns.
    fn make(
        &self,
        scope: &Scope,
        name: &str,
        fold: &str,
        asked: &[&Month],
    ) -> Result<(BTreeMap<Partition, Vec<PathBuf>>, Schema)> {
        let some = scope.within()?;
        if asked.len() < self.months.len() {
            let rows = format!("SELECT * FROM interactions WHERE {}", within(asked)?);
            some.view("interactions", some.frame(&rows)?)?;
        }
        let day = "arrow_cast(d, 'Date32')";
        let sql = format!(
            "SELECT *, CAST(date_part('year', {day}) * 12 + date_part('month', {day}) - 1 AS INT) AS {MONTH} FROM ({fold})"
        );
        let mut made: BTreeMap<Partition, Vec<PathBuf>> = BTreeMap::new();
        if asked.is_empty() {
            return Ok((made, some.columns_without(&sql, MONTH)?));
        }
        let folder = scope.folder_for(name)?;
        let schema = some
            .write_apart(&sql, &folder, MONTH)
            .during(format!("computing {name}"))?;
        for part in fs::read_dir(&folder).during(folder.display())? {
            let part = part.during(folder.display())?;
            let number = part
                .file_name()
                .to_string_lossy()
                .strip_prefix(&format!("{MONTH}="))
                .and_then(|text| text.parse().ok());
            let Some(number) = number else {
                return Err(Failure::machine(format!(
                    "{} is no month",
                    part.path().display()
                )));
            };
            let mut files = Vec::new();
            for file in fs::read_dir(part.path()).during(part.path().display())? {
                files.push(file.during(part.path().display())?.path());
            }
            files.sort();
            made.insert(number, files);
        }
        Ok((made, schema))
    }
}

/// The month whose folder a file of the interactions lies in.
fn month_of(file: &Path) -> Option<Partition> {
    let folder = file.parent()?.file_name()?.to_str()?;
    month_named(folder.strip_prefix("month=")?)
}

/// Adds a file to a list of files: files of the warehouse never change under one name.
fn named(list: &mut String, file: &Path) -> Result<()> {
    let size = fs::metadata(file).during(file.display())?.len();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let _ = writeln!(list, "{name} {size}");
    Ok(())
}

fn first_day(month: Partition) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(month / 12).ok()?, month % 12 + 1, 1)
}

/// The condition on days of some months, those that follow one another as one.
fn within(months: &[&Month]) -> Result<String> {
    let mut spans: Vec<(Partition, Partition)> = Vec::new();
    for month in months {
        match spans.last_mut() {
            Some((_, end)) if *end == month.number => *end += 1,
            _ => spans.push((month.number, month.number + 1)),
        }
    }
    let day =
        |month| first_day(month).ok_or_else(|| Failure::machine("a month outside the calendar"));
    let mut conditions = Vec::new();
    for (start, end) in spans {
        conditions.push(format!(
            "(day >= DATE '{}' AND day < DATE '{}')",
            day(start)?,
            day(end)?
        ));
    }
    Ok(match conditions.is_empty() {
        true => "false".to_owned(),
        false => conditions.join(" OR "),
    })
}

fn short(text: &str) -> String {
    format!("{:016x}", hash_bytes(0, text.as_bytes()))
}

/// The files of a month that are kept, if their bytes are those that they were kept with.
fn found(folder: &Path, stem: &str) -> Result<Option<Vec<PathBuf>>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(None);
    };
    for entry in entries {
        let path = entry.during(folder.display())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some(rest) = name.strip_prefix(stem) else {
            continue;
        };
        if rest == NOTHING {
            return Ok(Some(Vec::new()));
        }
        let (_, hash) = digest(&path)?;
        if rest == format!("{}.parquet", &hash[..16]) {
            return Ok(Some(vec![path]));
        }
        fs::remove_file(&path).during(path.display())?;
    }
    Ok(None)
}

/// Keeps what was made of a month; where it is kept.
fn keep(folder: &Path, stem: &str, made: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).during(folder.display())?;
    match made.as_slice() {
        [] => {
            let path = folder.join(format!("{stem}{NOTHING}"));
            File::create(&path).during(path.display())?;
            Ok(Vec::new())
        }
        [file] => {
            let (_, hash) = digest(file)?;
            let path = folder.join(format!("{stem}{}.parquet", &hash[..16]));
            fs::rename(file, &path).during(path.display())?;
            Ok(vec![path])
        }
        // Nothing is lost but time.
        _ => Ok(made),
    }
}

/// Takes away what was made from other files than those of now, and of queries that were not asked for
/// in a long time.
fn tidy(folder: &Path, stems: &[String], of_query: &str) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    let mut queries: BTreeMap<String, (SystemTime, Vec<PathBuf>)> = BTreeMap::new();
    for entry in entries {
        let path = entry.during(folder.display())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // 2024-03-SOURCE-QUERY-CONTENT.parquet
        let parts: Vec<&str> = name.splitn(5, '-').collect();
        let [year, month, source, query, _] = parts[..] else {
            continue; // nothing of ours
        };
        if !stems.contains(&format!("{year}-{month}-{source}")) {
            fs::remove_file(&path).during(path.display())?;
            continue;
        }
        let now = SystemTime::now();
        if query == of_query {
            // So that it counts as asked for.
            let _ = File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(now));
        }
        let asked = path
            .metadata()
            .and_then(|data| data.modified())
            .unwrap_or(now);
        let (last, files) = queries
            .entry(query.to_owned())
            .or_insert((asked, Vec::new()));
        *last = asked.max(*last);
        files.push(path);
    }
    let mut queries: Vec<_> = queries.into_values().collect();
    queries.sort_by_key(|(asked, _)| Reverse(*asked));
    for path in queries
        .into_iter()
        .skip(QUERIES)
        .flat_map(|(_, files)| files)
    {
        fs::remove_file(&path).during(path.display())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(number: Partition) -> Month {
        Month {
            number,
            files: String::new(),
            whole: true,
        }
    }

    #[test]
    fn months_that_follow_one_another_are_one_condition() {
        let months = [
            month(2023 * 12 + 11),
            month(2024 * 12),
            month(2024 * 12 + 4),
        ];
        let asked: Vec<&Month> = months.iter().collect();
        let want = "(day >= DATE '2023-12-01' AND day < DATE '2024-02-01') OR (day >= DATE '2024-05-01' AND day < DATE '2024-06-01')";
        assert_eq!(within(&asked).unwrap(), want);
    }

    #[test]
    fn only_files_of_months_are_of_a_month() {
        let path = Path::new("out/warehouse/interactions/month=2024-03/000001-0.parquet");
        assert_eq!(month_of(path), Some(2024 * 12 + 2));
        assert_eq!(
            month_of(Path::new("out/warehouse/products/1.parquet")),
            None
        );
    }
}
