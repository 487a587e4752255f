//! Customers whom no list may contain: the suppression files that `[targets] suppress` names.

mod ids;

use std::path::Path;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;

pub use self::ids::{Ids, texts};
use crate::config::Settings;
use crate::config::targets::Suppress;
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::outputs::{plain, read_parquet};

/// The customers on a file.
pub struct Suppressed {
    /// The file, as the settings name it.
    pub path: String,
    /// Who is on it.
    pub who: Ids,
}

/// The customers on each suppression file.
///
/// # Errors
/// A file that is not there, is a spreadsheet, or has no such column.
pub fn read(settings: &Settings, id_type: &DataType) -> Result<Vec<Suppressed>> {
    let files = settings.config.targets.suppress.iter();
    files
        .map(|file| suppression(settings, file, id_type))
        .collect()
}

fn suppression(settings: &Settings, file: &Suppress, id_type: &DataType) -> Result<Suppressed> {
    let keys = ["targets", "suppress"];
    let path = settings.base.join(&file.path);
    if !path.is_file() {
        return Err(settings
            .wrong(&keys, format!("there is no file {}", path.display()))
            .hint("paths are relative to the folder of the settings"));
    }
    let name = file.path.to_lowercase();
    let ids = match () {
        () if name.ends_with(".parquet") => from_parquet(settings, file, &path)?,
        () if name.ends_with(".xlsx") || name.ends_with(".xls") => {
            return Err(settings
                .wrong(&keys, format!("{} is a spreadsheet", path.display()))
                .hint("save it as CSV"));
        }
        () => from_csv(settings, file, &path)?,
    };
    let mut who = Ids::none(id_type);
    for id in ids {
        // What a file of ours has kept from being a formula is the id again.
        who.add(plain(&id));
    }
    Ok(Suppressed {
        path: file.path.clone(),
        who,
    })
}

fn from_parquet(settings: &Settings, file: &Suppress, path: &Path) -> Result<Vec<String>> {
    let table = read_parquet(path)?;
    let Some(ids) = table.column_by_name(&file.id) else {
        let schema = table.schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        return Err(no_id(settings, file, &names));
    };
    let ids = cast(ids, &DataType::Utf8)?;
    let ids = ids.as_string::<i32>().iter().flatten();
    Ok(ids.map(str::to_owned).collect())
}

fn from_csv(settings: &Settings, file: &Suppress, path: &Path) -> Result<Vec<String>> {
    let bytes = std::fs::read(path).during(path.display())?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or_default();
    let mark = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|mark| {
        (
            header.bytes().filter(|byte| byte == mark).count(),
            u8::MAX - mark,
        )
    });
    let wrong = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(mark.unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(wrong)?.clone();
    let names: Vec<&str> = names.iter().map(str::trim).collect();
    let Some(place) = names.iter().position(|name| *name == file.id) else {
        return Err(no_id(settings, file, &names));
    };
    let mut ids = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let id = record.get(place).map(str::trim).filter(|id| !id.is_empty());
        ids.extend(id.map(str::to_owned));
    }
    Ok(ids)
}

fn no_id(settings: &Settings, file: &Suppress, names: &[&str]) -> Failure {
    let problem = format!("{} has no column `{}`", file.path, file.id);
    settings
        .wrong(&["targets", "suppress"], problem)
        .hint(format!(
            "{}; name it: {{ path = \"{}\", id = \"...\" }}",
            did_you_mean(&file.id, names),
            file.path
        ))
}
