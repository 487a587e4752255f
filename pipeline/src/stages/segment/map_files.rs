//! Maps and cut points in files that a user edits.

use std::path::Path;

use regulars_models::rfm::{Cuts, EightClassMap, HighLow, SegmentMap, SegmentRange, segment_guide};

use crate::config::{RfmSettings, Settings};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::words::said;

/// What the user's own file says of a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// Its name.
    pub name: String,
    /// Who they are.
    pub meaning: String,
    /// What to do.
    pub action: String,
}

fn wrong(settings: &Settings, key: &str, problem: String) -> Failure {
    settings.wrong(&["segment", "rfm", key], problem)
}

/// A file as lines of cells, and where problems are said to be.
struct File<'a> {
    settings: &'a Settings,
    key: &'static str,
    path: &'a Path,
    header: Vec<String>,
    /// Lines of the file, and their cells.
    rows: Vec<(u64, Vec<String>)>,
}

impl<'a> File<'a> {
    fn read(settings: &'a Settings, key: &'static str, path: &'a Path) -> Result<Self> {
        let whole = settings.base.join(path);
        let refused = |problem: String| wrong(settings, key, problem);
        let text = std::fs::read_to_string(&whole).map_err(|error| {
            refused(format!("{} cannot be read: {error}", whole.display())).hint(
                "the run writes rfm_map.csv, rfm_eight_map.csv and rfm_cuts.csv: copy one beside the settings, and edit it",
            )
        })?;
        // Spreadsheets begin a file with a mark, and some separate by semicolons.
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or_default();
        let semicolons = first.contains(';') && !first.contains(',');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(if semicolons { b';' } else { b',' })
            .from_reader(text.as_bytes());
        let mut file = Self {
            settings,
            key,
            path,
            header: Vec::new(),
            rows: Vec::new(),
        };
        for record in reader.records() {
            let record = record
                .map_err(|error| refused(format!("{} is no CSV: {error}", path.display())))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            if file.header.is_empty() {
                file.header = cells.iter().map(|name| name.to_lowercase()).collect();
            } else if cells.iter().any(|cell| !cell.is_empty()) {
                file.rows.push((line, cells));
            }
        }
        Ok(file)
    }

    fn wrong(&self, line: u64, problem: impl std::fmt::Display) -> Failure {
        let place = match line {
            0 => self.path.display().to_string(),
            line => format!("{}:{line}", self.path.display()),
        };
        wrong(self.settings, self.key, format!("{place}: {problem}"))
    }

    /// The place of a column; an error where it has to be there.
    fn column(&self, name: &str) -> Result<usize> {
        let place = self.header.iter().position(|known| known == name);
        place.ok_or_else(|| {
            self.wrong(0, format!("there is no column `{name}`"))
                .hint(format!("its columns are {}", self.header.join(", ")))
        })
    }

    fn cell<'b>(&self, row: &'b [String], place: Option<usize>) -> &'b str {
        place
            .and_then(|place| row.get(place))
            .map_or("", String::as_str)
    }
}

/// A score, or scores from one to another: `4`, `4-5`, or `*` for all.
fn scores(cell: &str) -> Option<(usize, usize)> {
    let number = |text: &str| text.trim().parse().ok();
    match cell {
        "*" => Some((1, 5)),
        cell => match cell.split_once('-') {
            Some((low, high)) => Some((number(low)?, number(high)?)),
            None => number(cell).map(|score| (score, score)),
        },
    }
}

/// The map of 25 cells.
pub fn map(settings: &Settings, path: &Path) -> Result<(SegmentMap, Vec<Words>)> {
    let file = File::read(settings, "map_file", path)?;
    let [r, fm, name] = [
        file.column("r")?,
        file.column("fm")?,
        file.column("segment")?,
    ];
    let [meaning, action] = ["meaning", "action"].map(|name| file.column(name).ok());
    let (mut ranges, mut words): (Vec<SegmentRange>, Vec<Words>) = (Vec::new(), Vec::new());
    for (line, row) in &file.rows {
        let range = |place: usize| {
            let cell = file.cell(row, Some(place));
            scores(cell).ok_or_else(|| {
                file.wrong(*line, format!("`{cell}` is no score")).hint(
                    "write a score such as 4, scores from one to another such as 4-5, or * for all",
                )
            })
        };
        let name = file.cell(row, Some(name));
        ranges.push(SegmentRange::new(name, range(r)?, range(fm)?));
        let said = Words {
            name: name.to_owned(),
            meaning: file.cell(row, meaning).to_owned(),
            action: file.cell(row, action).to_owned(),
        };
        let known = words.iter_mut().find(|known| known.name == said.name);
        match known {
            Some(known) if known.meaning.is_empty() => *known = said,
            Some(_) => {}
            None => words.push(said),
        }
    }
    let map = SegmentMap::from_ranges(5, &ranges);
    let map = map.map_err(|error| file.wrong(0, error))?;
    // Whoever keeps these two names means what they say: new by date, and not by score alone.
    let has = |name: &str| map.names().iter().any(|known| known == name);
    let map = match has("New Customers") && has("Promising") {
        true => map
            .new_customer_rule("New Customers", "Promising")
            .map_err(|error| file.wrong(0, error))?,
        false => map,
    };
    Ok((map, words))
}

/// The map of eight classes.
pub fn eight(settings: &Settings, path: &Path) -> Result<EightClassMap> {
    let file = File::read(settings, "eight_file", path)?;
    let axes = [file.column("r")?, file.column("f")?, file.column("m")?];
    let name = file.column("class")?;
    let mut rows = Vec::new();
    for (line, row) in &file.rows {
        let mut asked = [HighLow::Any; 3];
        for (asked, place) in asked.iter_mut().zip(axes) {
            let cell = file.cell(row, Some(place));
            *asked = match cell.to_lowercase().as_str() {
                "high" => HighLow::High,
                "low" => HighLow::Low,
                "*" => HighLow::Any,
                _ => {
                    return Err(file
                        .wrong(*line, format!("`{cell}` is neither high nor low"))
                        .hint("write high, low, or * for both"));
                }
            };
        }
        rows.push((file.cell(row, Some(name)), asked));
    }
    EightClassMap::from_rows(&rows).map_err(|error| file.wrong(0, error))
}

/// The cut points of another run.
pub fn cuts(settings: &Settings, path: &Path) -> Result<[Cuts; 3]> {
    let file = File::read(settings, "reference", path)?;
    let axes = [
        file.column("recency_days")?,
        file.column("frequency")?,
        file.column("monetary")?,
    ];
    if file.rows.len() != 4 {
        let problem = format!("{} rows, and there are four cut points", file.rows.len());
        return Err(file
            .wrong(0, problem)
            .hint("name the file rfm_cuts.csv of an earlier run"));
    }
    let mut points = [[0.0; 4]; 3];
    for (score, (line, row)) in file.rows.iter().enumerate() {
        for (points, place) in points.iter_mut().zip(axes) {
            let cell = file.cell(row, Some(place));
            points[score] = cell
                .parse()
                .map_err(|_| file.wrong(*line, format!("`{cell}` is no number")))?;
        }
    }
    RfmSettings::cut_points(points).map_err(|error| file.wrong(0, error))
}

/// Writes the maps that are in force, to be copied and edited.
pub fn write(
    files: &mut Pending,
    map: &SegmentMap,
    words: &[Words],
    eight: &EightClassMap,
) -> Result<()> {
    let mut rows = vec![["r", "fm", "segment", "meaning", "action"].map(str::to_owned)];
    // Segment by segment: a map that is read has its segments in the order in which they first come.
    for name in map.names() {
        let own = words.iter().find(|words| words.name == *name);
        let usual = segment_guide(name);
        let told = |own: Option<&String>, usual: Option<&'static str>| {
            let own = own.filter(|own| !own.is_empty()).cloned();
            own.unwrap_or_else(|| said(usual.unwrap_or_default()).to_owned())
        };
        let meaning = told(
            own.map(|own| &own.meaning),
            usual.map(|usual| usual.description),
        );
        let action = told(own.map(|own| &own.action), usual.map(|usual| usual.action));
        for r in (1..=map.bins()).rev() {
            for fm in 1..=map.bins() {
                if map.cell(r, fm) == name.as_str() {
                    rows.push([
                        r.to_string(),
                        fm.to_string(),
                        name.clone(),
                        meaning.clone(),
                        action.clone(),
                    ]);
                }
            }
        }
    }
    let about =
        tr!("The RFM segment of each pair of scores; copy it, edit it, and name it as map_file");
    files.text("rfm_map.csv", &about, &csv_of(&rows)?)?;
    let mut rows = vec![["r", "f", "m", "class"].map(str::to_owned)];
    let side = |high: bool| if high { "high" } else { "low" }.to_owned();
    for ([r, f, m], name) in eight.cells() {
        rows.push([side(r), side(f), side(m), name.to_owned()]);
    }
    let about = tr!(
        "The class of each combination of high and low; copy it, edit it, and name it as eight_file"
    );
    files.text("rfm_eight_map.csv", &about, &csv_of(&rows)?)
}

/// Writes the cut points behind scores, to be kept for later runs.
pub fn write_cuts(files: &mut Pending, cuts: &[Cuts; 3]) -> Result<()> {
    let names = ["score", "recency_days", "frequency", "monetary"];
    let mut rows = vec![names.map(str::to_owned)];
    for place in 0..cuts[0].points().len() {
        let [r, f, m] = [0, 1, 2].map(|axis| cuts[axis].points()[place].to_string());
        rows.push([(place + 2).to_string(), r, f, m]);
    }
    let about =
        tr!("Where each score begins; name it as reference in later runs, and months compare");
    files.text("rfm_cuts.csv", &about, &csv_of(&rows)?)
}

fn csv_of<const N: usize>(rows: &[[String; N]]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fault = |error: String| Failure::machine(format!("a table cannot be written: {error}"));
    for row in rows {
        writer
            .write_record(row)
            .map_err(|error| fault(error.to_string()))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| fault(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::scores;

    #[test]
    fn scores_are_one_several_or_all() {
        assert_eq!(scores("4"), Some((4, 4)));
        assert_eq!(scores("4 - 5"), Some((4, 5)));
        assert_eq!(scores("*"), Some((1, 5)));
        assert_eq!(
            (scores("high"), scores(""), scores("-1")),
            (None, None, None)
        );
    }
}
