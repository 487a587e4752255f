//! How many cells a workbook of Excel 97 and earlier would have in memory.
//!
//! It is a file system within a file (MS-CFB) with one stream of records (MS-XLS), each of which
//! says of what kind it is and how long. The library makes a block of every sheet from its first
//! to its last cell, so the places of cells are looked at before it does.

use std::path::Path;

use super::dense::{MOST_CELLS, refused};
use crate::failure::{During, Result};

/// What is wrong with the size of a workbook; nothing when it is small enough, or damaged so that
/// the library will say so.
pub fn check(path: &Path) -> Result<Option<String>> {
    let bytes = std::fs::read(path).during(path.display())?;
    let stream = Compound::open(&bytes).and_then(|file| {
        let named = |name| file.stream(name);
        named("Workbook").or_else(|| named("Book"))
    });
    Ok(stream.and_then(|stream| refused(cells(&stream))))
}

/// Cells of all sheets, from the first to the last of each with all between them.
fn cells(stream: &[u8]) -> u64 {
    let mut total: u64 = 0;
    for (kind, data) in Records(stream) {
        match kind {
            FILE_PASS => return 0, // nothing can be told without the password
            BOUND_SHEET => {
                let place = number(data, 0).unwrap_or(u32::MAX);
                let sheet = stream.get(place as usize..).unwrap_or_default();
                total = total.saturating_add(sheet_cells(sheet));
            }
            _ => {}
        }
        if total > MOST_CELLS {
            break;
        }
    }
    total
}

const FILE_PASS: u16 = 0x002f;
const BOUND_SHEET: u16 = 0x0085;
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000a;
const DIMENSIONS: u16 = 0x0200;
/// Records of single cells, which begin with their row and column.
const CELLS: [u16; 7] = [0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, 0x00fd, 0x0006];
/// A record of several cells side by side.
const CELLS_OF_ROW: u16 = 0x00bd;

fn sheet_cells(sheet: &[u8]) -> u64 {
    let (mut rows, mut columns) = (Span::default(), Span::default());
    let mut announced = 0;
    let mut within = 0;
    for (kind, data) in Records(sheet) {
        match kind {
            BEGIN => within += 1,
            // The library reads until the first end that is none of a chart.
            END if within <= 1 => break,
            END => within -= 1,
            DIMENSIONS => announced = dimensions(data),
            kind if CELLS.contains(&kind) || kind == CELLS_OF_ROW => {
                let at = |place| half(data, place).map_or(0, u64::from);
                rows.add(at(0));
                columns.add(at(2));
                if kind == CELLS_OF_ROW {
                    columns.add(at(data.len().saturating_sub(2)));
                }
            }
            _ => {}
        }
    }
    announced.max(rows.length().saturating_mul(columns.length()))
}

/// Cells for which room is made because a sheet says so.
fn dimensions(data: &[u8]) -> u64 {
    let wide = |place| number(data, place).map_or(0, u64::from);
    let narrow = |place| half(data, place).map_or(0, u64::from);
    let (first, last, left, right) = match data.len() {
        10 => (narrow(0), narrow(2), narrow(4), narrow(6)),
        _ => (wide(0), wide(4), narrow(8), narrow(10)),
    };
    if last == 0 || right == 0 {
        return 0;
    }
    let left = if left > 0xff || right < left { 0 } else { left };
    // A sheet that ends before it begins is none.
    let rows = last.checked_sub(first).unwrap_or(u64::MAX);
    rows.saturating_mul(right - left)
}

/// The least and the greatest of some numbers.
#[derive(Default)]
struct Span(Option<(u64, u64)>);

impl Span {
    fn add(&mut self, number: u64) {
        let (first, last) = self.0.unwrap_or((number, number));
        self.0 = Some((first.min(number), last.max(number)));
    }

    fn length(&self) -> u64 {
        self.0.map_or(0, |(first, last)| last - first + 1)
    }
}

fn half(bytes: &[u8], place: usize) -> Option<u16> {
    let bytes = bytes.get(place..place + 2)?;
    Some(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn number(bytes: &[u8], place: usize) -> Option<u32> {
    let low = half(bytes, place)?;
    Some(u32::from(half(bytes, place + 2)?) << 16 | u32::from(low))
}

/// Records one after the other: what each is, and what it holds.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = half(self.0, 0)?;
        let length = usize::from(half(self.0, 2)?);
        let data = self.0.get(4..4 + length)?;
        self.0 = &self.0[4 + length..];
        Some((kind, data))
    }
}

/// A file of files: streams in chains of sectors.
struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    /// For each sector the next of its chain.
    next: Vec<u32>,
    /// The entries of its directory.
    directory: Vec<u8>,
}

impl<'a> Compound<'a> {
    const ENTRY: usize = 128;
    /// Streams below this size lie in small sectors within one stream.
    const SMALL: usize = 4096;
    const SMALL_SECTOR: usize = 64;

    fn open(bytes: &'a [u8]) -> Option<Self> {
        let sector = 1usize.checked_shl(half(bytes, 30)?.into())?;
        if !(128..=4096).contains(&sector) {
            return None;
        }
        let mut file = Self {
            bytes,
            sector,
            next: Vec::new(),
            directory: Vec::new(),
        };
        // The table of chains lies in sectors of its own, which are listed in the header and in a
        // chain behind it.
        let mut tables: Vec<u32> = (0..109).filter_map(|n| number(bytes, 76 + 4 * n)).collect();
        let mut more = number(bytes, 68)?;
        for _ in 0..bytes.len() / sector {
            let Some(list) = file.sector_at(more) else {
                break;
            };
            let entries = sector / 4 - 1;
            tables.extend((0..entries).filter_map(|n| number(list, 4 * n)));
            more = number(list, 4 * entries).unwrap_or(u32::MAX);
        }
        for table in tables {
            if let Some(table) = file.sector_at(table) {
                let entries = (0..sector / 4).filter_map(|n| number(table, 4 * n));
                file.next.extend(entries);
            }
        }
        file.directory = file.chain(number(bytes, 48)?);
        Some(file)
    }

    fn sector_at(&self, number: u32) -> Option<&'a [u8]> {
        let from = (number as usize).checked_add(1)?.checked_mul(self.sector)?;
        let end = self.bytes.len().min(from.checked_add(self.sector)?);
        self.bytes.get(from..end)
    }

    /// The bytes of a chain of sectors; one that goes round ends where the file would.
    fn chain(&self, first: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = first;
        for _ in 0..=self.bytes.len() / self.sector {
            let Some(sector) = self.sector_at(at) else {
                break;
            };
            bytes.extend_from_slice(sector);
            at = self.next.get(at as usize).copied().unwrap_or(u32::MAX);
        }
        bytes
    }

    /// The bytes of the stream of this name.
    fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let entries = || self.directory.chunks_exact(Self::ENTRY);
        let entry = entries().find(|entry| {
            let units = entry[..64]
                .chunks_exact(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]]));
            units.take_while(|unit| *unit != 0).eq(name.encode_utf16())
        })?;
        let (first, size) = (number(entry, 116)?, number(entry, 120)? as usize);
        if size >= Self::SMALL {
            let mut bytes = self.chain(first);
            bytes.truncate(size);
            return Some(bytes);
        }
        let root = entries().next()?;
        let small = self.chain(number(root, 116)?);
        let next = self.chain(number(self.bytes, 60)?);
        let mut bytes = Vec::new();
        let mut at = first;
        while bytes.len() < size {
            let from = (at as usize).checked_mul(Self::SMALL_SECTOR)?;
            bytes.extend_from_slice(small.get(from..from + Self::SMALL_SECTOR)?);
            at = number(&next, (at as usize).checked_mul(4)?)?;
        }
        bytes.truncate(size);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u16).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, data].concat()
    }

    fn cell(row: u16, column: u16) -> Vec<u8> {
        let mut data = [row.to_le_bytes(), column.to_le_bytes()].concat();
        data.extend([0; 10]);
        record(0x0203, &data)
    }

    fn book(records: &[Vec<u8>]) -> Vec<u8> {
        let bound = record(BOUND_SHEET, &[0; 8]).len();
        let place = (bound as u32).to_le_bytes();
        let bound = record(BOUND_SHEET, &[&place[..], &[0; 4]].concat());
        [
            bound,
            record(BEGIN, &[0; 4]),
            records.concat(),
            record(END, &[]),
        ]
        .concat()
    }

    /// A file of files with the one stream `Workbook`.
    fn compound(mut stream: Vec<u8>) -> Vec<u8> {
        stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
        let end = 0xffff_fffe_u32;
        let mut header = vec![0; 512];
        let mut put = |place: usize, number: u32| {
            header[place..place + 4].copy_from_slice(&number.to_le_bytes());
        };
        put(0, 0xe011_cfd0);
        put(30, 9 | 6 << 16);
        put(44, 1);
        put(48, 1);
        put(56, 4096);
        put(60, end);
        put(68, end);
        (1..109).for_each(|place| put(76 + 4 * place, u32::MAX));
        let sectors = stream.len() as u32 / 512;
        let mut table = vec![0xffff_fffd, end];
        table.extend((3..2 + sectors).chain([end]));
        table.resize(128, u32::MAX);
        let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
        let entry = |name: &str, kind: u8, first: u32, size: u32| {
            let mut entry = vec![0; 128];
            for (place, unit) in name.encode_utf16().enumerate() {
                entry[2 * place..2 * place + 2].copy_from_slice(&unit.to_le_bytes());
            }
            entry[66] = kind;
            entry[116..120].copy_from_slice(&first.to_le_bytes());
            entry[120..124].copy_from_slice(&size.to_le_bytes());
            entry
        };
        let size = stream.len() as u32;
        let mut directory = entry("Root Entry", 5, end, 0);
        directory.extend(entry("Workbook", 2, 2, size));
        directory.resize(512, 0);
        [header, table, directory, stream].concat()
    }

    #[test]
    fn a_stray_cell_is_found_within_its_file_of_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let checked = |records: &[Vec<u8>]| {
            std::fs::write(file.path(), compound(book(records))).unwrap();
            check(file.path()).unwrap()
        };
        assert_eq!(checked(&[cell(0, 0), cell(9, 9)]), None);
        let refused = checked(&[cell(0, 0), cell(65_535, 16_383)]).unwrap();
        assert!(refused.contains("16,777,216 cells"), "{refused}");
    }

    #[test]
    fn a_sheet_is_as_large_as_from_its_first_to_its_last_cell() {
        assert_eq!(cells(&book(&[cell(2, 1), cell(4, 3)])), 9);
        assert!(cells(&book(&[cell(0, 0), cell(65_535, 65_535)])) > MOST_CELLS);
        let mut announced = [0, 1 << 30].map(u32::to_le_bytes).concat();
        announced.extend([0, 255, 0].map(u16::to_le_bytes).concat());
        assert!(cells(&book(&[record(DIMENSIONS, &announced)])) > MOST_CELLS);
        let secret = [record(FILE_PASS, &[0; 2]), book(&[cell(65_535, 9_999)])].concat();
        assert_eq!(cells(&secret), 0);
    }
}
