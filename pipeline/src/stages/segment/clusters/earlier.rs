//! The segments of an earlier date: where they lie, whether they can be gone on from, and which
//! customers were in them.
//!
//! Only segments of an earlier date than that of the run are gone on from. So a run that is repeated
//! starts where it started, and `--as-of` sees nothing that was learned later.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use chrono::NaiveDate;
use regulars_models::format::SavedSegmenter;

use super::super::Context;
use super::super::far_out::Places;
use super::{AS_OF, BEFORE, EARLIER_AS_OF, FILE, TABLE};
use crate::failure::{Failure, Result};
use crate::outputs::read_parquet;
use crate::timeline::snapshot::Snapshot;

/// What settings say for segments that go on from nothing.
const NOTHING: &str = "nothing";
/// The same names as in the file, so that one can be told from the other.
pub const ABOVE: &str = "far_out_above";

/// Segments of an earlier date.
pub struct Earlier {
    /// What was saved.
    pub saved: SavedSegmenter,
    /// The date that it was found for.
    pub as_of: NaiveDate,
    /// The file as it is.
    pub text: String,
    /// The folder that it lies in.
    folder: PathBuf,
    path: PathBuf,
}

impl Earlier {
    /// Looks where the settings say, or in the output folder.
    ///
    /// # Errors
    /// The settings name a file that is not there, no segmenter, or of a later date; customers are to be put into
    /// saved segments, and there are none.
    pub fn look(context: &Context<'_>, today: NaiveDate) -> Result<Option<Self>> {
        let settings = context.settings;
        let refit = settings.config.segment.refit;
        let wrong = |problem: String| settings.wrong(&["segment", "start_from"], problem);
        match settings.config.segment.start_from.as_deref() {
            Some(NOTHING) if refit => Ok(None),
            Some(NOTHING) => Err(wrong(
                "customers cannot be put into saved segments when nothing is to be started from"
                    .to_owned(),
            )),
            Some(named) => {
                let named = settings.base.join(named);
                let path = match named.is_dir() {
                    true => named.join(FILE),
                    false => named,
                };
                if !path.is_file() {
                    let problem = format!("there is no file {}", path.display());
                    return Err(wrong(problem).hint(
                        "name a segmenter.json or the output folder of an earlier run; without start_from those in the output folder are taken, and without any clusters are found anew",
                    ));
                }
                let found = Self::read(&path)?;
                if found.as_of > today {
                    return Err(wrong(format!(
                        "{} was found for {}, and this run is as of {today}: what came later must not be known",
                        path.display(),
                        found.as_of
                    )));
                }
                Ok(Some(found))
            }
            None => Self::in_output(context.out, today, refit),
        }
    }

    fn in_output(out: &Path, today: NaiveDate, refit: bool) -> Result<Option<Self>> {
        for name in [FILE, BEFORE] {
            let path = out.join(name);
            if !path.is_file() {
                continue;
            }
            let found = Self::read(&path)?;
            if found.as_of < today || !refit && found.as_of == today {
                return Ok(Some(found));
            }
        }
        match refit {
            true => Ok(None),
            false => Err(Failure::data(format!(
                "there are no saved segments of {today} or earlier in {} to put customers into",
                out.display()
            ))
            .hint("find some first: regulars segment without --assign; or say under [segment] where they lie: start_from")),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let again = "remove it, and clusters are found anew, or name another one with start_from under [segment]";
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::from(error).during(&shown))?;
        let saved = SavedSegmenter::from_json(&text)
            .map_err(|error| Failure::data(format!("{shown}: {error}")).hint(again))?;
        let as_of = saved.facts().get(AS_OF).and_then(|day| day.parse().ok());
        let as_of = as_of.ok_or_else(|| {
            Failure::data(format!(
                "{shown} does not say for which date its segments were found"
            ))
            .hint(again)
        })?;
        Ok(Self {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            path: path.to_owned(),
            saved,
            as_of,
            text,
        })
    }

    /// The amount beyond which lines were far out then.
    pub fn above(&self) -> Option<f64> {
        self.saved.facts().get(ABOVE)?.parse().ok()
    }

    /// The columns that the segments are made of.
    pub fn features(&self) -> Vec<String> {
        let features = self.saved.features().iter();
        features.map(|feature| feature.name.clone()).collect()
    }

    /// Refuses segments that are made of something else than what there is now.
    ///
    /// # Errors
    /// With what they have and lack.
    pub fn made_of(&self, deciding: &[&str]) -> Result<()> {
        let features = self.features();
        let list = |names: Vec<&str>| names.join(", ");
        let gone: Vec<&str> = features
            .iter()
            .map(String::as_str)
            .filter(|name| !deciding.contains(name))
            .collect();
        let new: Vec<&str> = deciding
            .iter()
            .copied()
            .filter(|name| !features.iter().any(|known| known == name))
            .collect();
        let what = match (gone.is_empty(), new.is_empty()) {
            (true, true) => return Ok(()),
            (false, true) => format!("they also need {}", list(gone)),
            (true, false) => format!("they know nothing of {}", list(new)),
            (false, false) => format!(
                "they also need {}, and know nothing of {}",
                list(gone),
                list(new)
            ),
        };
        Err(Failure::data(format!(
            "the segments of {} in {} are made of other features than there are now: {what}",
            self.as_of,
            self.path.display()
        ))
        .hint("bring the settings and features back with which they were found, or start anew with start_from = \"nothing\" under [segment]: no segment keeps its id then"))
    }

    /// The lasting number of the segment that each customer of a snapshot was in, from the table
    /// of customers beside the file; none where there is no such table.
    pub fn members(&self, snapshot: &Snapshot) -> Result<Option<Vec<Option<u64>>>> {
        let path = self.folder.join(TABLE);
        if !path.is_file() {
            return Ok(None);
        }
        let table = read_parquet(&path)?;
        let fact =
            |name: &str| -> Option<NaiveDate> { table.schema().metadata().get(name)?.parse().ok() };
        let column = match (fact(AS_OF), fact(EARLIER_AS_OF)) {
            (Some(day), _) if day < snapshot.as_of => "cluster_id",
            (Some(day), Some(_)) if day == snapshot.as_of => "cluster_id_before",
            _ => return Ok(None),
        };
        Ok(aligned(&table, column, snapshot))
    }
}

/// A column of numbers of a table of customers, in the order of a snapshot.
fn aligned(table: &RecordBatch, name: &str, snapshot: &Snapshot) -> Option<Vec<Option<u64>>> {
    let ids = table.column_by_name("customer_id")?;
    let numbers = table
        .column_by_name(name)?
        .as_primitive_opt::<UInt64Type>()?;
    let places = Places::of(&snapshot.customers);
    let mut found = vec![None; snapshot.len()];
    for row in 0..table.num_rows() {
        if let (Some(place), true) = (places.find(ids, row), numbers.is_valid(row)) {
            found[place] = Some(numbers.value(row));
        }
    }
    Some(found)
}
