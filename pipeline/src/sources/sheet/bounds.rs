//! How large a spreadsheet would be, found out before it is unpacked into memory: an archive of
//! a few kilobytes can hold gigabytes, and what it says about itself need not be true.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::{dense, legacy, tags::Tags};
use crate::failure::{During, Failure, Result};
use crate::text::count;

/// Bytes that the parts of a spreadsheet may have together, unpacked.
const MOST_UNPACKED: u64 = 2 << 30;
/// Bytes of its texts and of anything else that is held as a whole.
const MOST_HELD: u64 = 512 << 20;

/// Makes sure that a spreadsheet can be held in memory.
///
/// # Errors
/// It says which limit it passes. What cannot be read here is left to whoever reads it.
pub fn check(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .during(path.display())?;
    let refused = match start == super::COMPOUND {
        true => legacy::check(path)?,
        false => archive(path)?,
    };
    match refused {
        None => Ok(()),
        Some(problem) => Err(Failure::data(format!("{}: {problem}", path.display())).hint(
            "is this the file that you mean? Save its rows as CSV or Parquet, or remove what stands far from them",
        )),
    }
}

/// What is wrong with the size of an archive.
fn archive(path: &Path) -> Result<Option<String>> {
    let file = BufReader::new(File::open(path).during(path.display())?);
    let Ok(mut archive) = ZipArchive::new(file) else {
        return Ok(None);
    };
    let mut unpacked = 0;
    for number in 0..archive.len() {
        let Ok(mut part) = archive.by_index(number) else {
            continue;
        };
        let Ok(written) = part.name().map(|name| name.into_owned()) else {
            continue;
        };
        let name = written.to_lowercase();
        if ![".xml", ".rels", ".bin"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            continue; // nobody reads pictures
        }
        let is_sheet = name.contains("worksheets/") || name.ends_with("content.xml");
        let most = if is_sheet { MOST_UNPACKED } else { MOST_HELD };
        let mut look = Look::at(&name);
        let mut buffer = vec![0; 1 << 16];
        let mut size: u64 = 0;
        // A part that is damaged is told by whoever reads it.
        while let Ok(read @ 1..) = part.read(&mut buffer) {
            size += read as u64;
            unpacked += read as u64;
            if size > most || unpacked > MOST_UNPACKED {
                return Ok(Some(format!(
                    "unpacked, {written} is larger than {} MiB, the limit",
                    most >> 20
                )));
            }
            if let Some(problem) = look.take(&buffer[..read]) {
                return Ok(Some(problem));
            }
        }
        if let Some(problem) = look.end(size) {
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

/// What is looked for in a part.
enum Look {
    /// Nothing but its size.
    Size,
    /// How many texts it says to have: room is made for them before they are there.
    Texts { tags: Tags, announced: u64 },
    /// How many cells it stands for: one may be repeated over a sheet.
    Cells { tags: Tags, table: Repeated },
}

impl Look {
    fn at(name: &str) -> Self {
        if name.ends_with("sharedstrings.xml") {
            let tags = Tags::default();
            return Self::Texts { tags, announced: 0 };
        }
        if name.ends_with("content.xml") {
            return Self::Cells {
                tags: Tags::default(),
                table: Repeated::default(),
            };
        }
        Self::Size
    }

    fn take(&mut self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Size => {}
            Self::Texts { tags, announced } => tags.take(bytes, |tag| {
                let number = tag
                    .attribute("uniqueCount")
                    .and_then(|text| text.parse().ok());
                *announced = (*announced).max(number.unwrap_or(0));
            }),
            Self::Cells { tags, table } => tags.take(bytes, |tag| {
                let repeats = |name: &str| {
                    let times = tag.attribute(name).map(|text| text.parse::<u64>());
                    times.map_or(1, |times| times.unwrap_or(u64::MAX))
                };
                match tag.name() {
                    "table:table" => table.begin(),
                    "table:table-row" => {
                        table.row(repeats("table:number-rows-repeated"));
                    }
                    "table:table-cell" | "table:covered-table-cell" => table.cell(
                        repeats("table:number-columns-repeated"),
                        !tag.is_empty() || tag.has("office:") || tag.has("table:formula"),
                    ),
                    _ => {}
                }
            }),
        }
        self.cells().and_then(dense::refused)
    }

    fn cells(&self) -> Option<u64> {
        match self {
            Self::Cells { table, .. } => Some(table.cells()),
            _ => None,
        }
    }

    fn end(self, size: u64) -> Option<String> {
        match self {
            // The shortest text is `<si/>`.
            Self::Texts { announced, .. } if announced > size / 5 => Some(format!(
                "it says that it has {} texts, and they would not fit into it",
                count(announced)
            )),
            _ => None,
        }
    }
}

/// Cells that a table of OpenDocument stands for.
#[derive(Default)]
struct Repeated {
    /// Of tables that have ended, and single cells of this one.
    before: u64,
    rows: u64,
    /// How often the row at hand is repeated.
    times: u64,
    /// Rows down to the last that holds something.
    height: u64,
    width: u64,
    column: u64,
}

impl Repeated {
    /// Limits of the format, to which the library cuts.
    const ROWS: u64 = 1 << 20;
    const COLUMNS: u64 = 1 << 14;

    fn begin(&mut self) {
        *self = Self {
            before: self.cells(),
            ..Self::default()
        };
    }

    fn row(&mut self, times: u64) {
        self.times = times.min(Self::ROWS.saturating_sub(self.rows));
        self.rows += self.times;
        self.column = 0;
    }

    fn cell(&mut self, times: u64, holds: bool) {
        let from = self.column;
        self.column = from.saturating_add(times).min(Self::COLUMNS);
        if holds {
            self.height = self.rows;
            self.width = self.width.max(self.column);
            self.before += self.column - from;
        }
    }

    fn cells(&self) -> u64 {
        self.before + self.height * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(xml: &str) -> u64 {
        let mut look = Look::at("content.xml");
        for piece in xml.as_bytes().chunks(7) {
            let _ = look.take(piece);
        }
        look.cells().unwrap()
    }

    #[test]
    fn blanks_at_the_end_are_no_cells_and_repeated_ones_are() {
        let sheet = |rows: &str| format!("<table:table table:name=\"a>b\">{rows}</table:table>");
        let blank = "<table:table-row table:number-rows-repeated='1048000'><table:table-cell \
                     table:style-name=\"ce1\" table:number-columns-repeated=\"16384\"/></table:table-row>";
        assert_eq!(cells(&sheet(blank)), 0);
        let one = "<table:table-row><table:table-cell office:value=\"1\"/></table:table-row>";
        assert_eq!(cells(&sheet(&format!("{one}{blank}"))), 2);
        assert!(cells(&sheet(&format!("{one}{blank}{one}"))) > 1_000_000);
        let wide = "<table:table-row table:number-rows-repeated=\"99999\"><table:table-cell \
                    table:number-columns-repeated=\"9999\"><text:p>x</text:p></table:table-cell></table:table-row>";
        assert!(cells(&sheet(wide)) > dense::MOST_CELLS);
    }

    #[test]
    fn more_texts_than_fit_are_not_believed() {
        let end = |xml: &str| {
            let mut look = Look::at("xl/sharedstrings.xml");
            assert_eq!(look.take(xml.as_bytes()), None);
            look.end(xml.len() as u64)
        };
        assert_eq!(
            end("<sst count=\"2\" uniqueCount=\"1\"><si><t>x</t></si></sst>"),
            None
        );
        assert!(end("<sst  uniqueCount = '999999999999'><si><t>x</t></si></sst>").is_some());
    }
}
