//! A list as a spreadsheet: the customers, what the columns are, and what was counted. Texts are
//! texts, so that nothing in them is ever calculated, and ids keep their zeros.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Float64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::failure::{During, Failure, Result};

/// Rows of a sheet, the header among them.
pub const MOST_ROWS: usize = 1 << 20;
/// Letters of a cell.
const MOST_LETTERS: usize = 32_767;
/// Rows that the width of a column is taken from.
const LOOKED_AT: usize = 1000;

/// A line of the sheet of counts.
pub struct Line {
    /// What is counted or said.
    pub what: String,
    /// How many; none for a line that says something.
    pub number: Option<u64>,
}

/// Writes a list to a file.
pub fn write(path: &Path, table: &RecordBatch, about: &str, lines: &[Line]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    draw(path, folder, table, about, lines).map_err(|error| match error {
        XlsxError::IoError(error) => Failure::from(error).during(path.display()),
        error => Failure::machine(format!("{}: {error}", path.display())),
    })?;
    let written = File::open(path).and_then(|file| file.sync_all());
    written.during(path.display())
}

fn draw(
    path: &Path,
    folder: &Path,
    table: &RecordBatch,
    about: &str,
    lines: &[Line],
) -> Result<(), XlsxError> {
    let mut book = Workbook::new();
    // The same list is the same bytes whenever it is written.
    let no_time = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&no_time));
    // What rows have to wait in lies where the list will.
    book.set_tempdir(folder)?;
    customers(book.add_worksheet_with_constant_memory()?, table)?;
    columns(book.add_worksheet(), table, about)?;
    counts(book.add_worksheet(), lines)?;
    book.save(path)
}

fn header() -> Format {
    Format::new().set_bold().set_align(FormatAlign::Top)
}

fn customers(sheet: &mut Worksheet, table: &RecordBatch) -> Result<(), XlsxError> {
    sheet.set_name(tr!("List"))?;
    let cells: Vec<Cells> = table
        .schema()
        .fields()
        .iter()
        .zip(table.columns())
        .map(|(field, column)| Cells::new(field, column.as_ref()))
        .collect();
    let last_row = u32::try_from(table.num_rows()).unwrap_or(u32::MAX);
    sheet.set_freeze_panes(1, 1)?;
    let last = (0_u16..).zip(&cells).map(|(place, _)| place).last();
    sheet.autofilter(0, 0, last_row, last.unwrap_or(0))?;
    for ((place, cells), field) in (0..).zip(&cells).zip(table.schema().fields()) {
        sheet.set_column_width(place, cells.width(field.name(), table.num_rows()))?;
    }
    let bold = header();
    for (place, field) in (0..).zip(table.schema().fields()) {
        sheet.write_string_with_format(0, place, field.name(), &bold)?;
    }
    for row in 0..table.num_rows() {
        let line = u32::try_from(row + 1).unwrap_or(u32::MAX);
        for (place, cells) in (0..).zip(&cells) {
            cells.write(sheet, line, place, row)?;
        }
    }
    Ok(())
}

fn columns(sheet: &mut Worksheet, table: &RecordBatch, about: &str) -> Result<(), XlsxError> {
    sheet.set_name(tr!("Columns"))?;
    sheet.set_column_width(0, 26)?.set_column_width(1, 90)?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = header();
    sheet.write_string_with_format(0, 0, tr!("column"), &bold)?;
    sheet.write_string_with_format(0, 1, tr!("meaning ({about})", about = about), &bold)?;
    for (line, field) in (1..).zip(table.schema().fields()) {
        let said = field.metadata().get("description");
        sheet.write_string(line, 0, field.name())?;
        sheet.write_string(line, 1, said.map_or("", String::as_str))?;
    }
    Ok(())
}

fn counts(sheet: &mut Worksheet, lines: &[Line]) -> Result<(), XlsxError> {
    sheet.set_name(tr!("Counts"))?;
    sheet.set_column_width(0, 90)?.set_column_width(1, 14)?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = header();
    sheet.write_string_with_format(0, 0, tr!("what"), &bold)?;
    sheet.write_string_with_format(0, 1, tr!("customers"), &bold)?;
    let whole = Format::new().set_num_format("#,##0");
    for (row, line) in (1..).zip(lines) {
        sheet.write_string(row, 0, &line.what)?;
        if let Some(number) = line.number {
            sheet.write_number_with_format(row, 1, number as f64, &whole)?;
        }
    }
    Ok(())
}

/// The cells of a column.
struct Cells {
    values: Values,
    format: Format,
}

enum Values {
    /// Numbers; nothing where they are NaN.
    Numbers(Vec<f64>),
    /// Days and moments, counted as spreadsheets do.
    Times(Vec<Option<f64>>),
    /// Texts, ids, yes and no.
    Texts(Vec<String>),
}

/// The day from which spreadsheets count, in days before 1970.
const FIRST_DAY: f64 = 25_569.0;

impl Cells {
    fn new(field: &Field, column: &dyn Array) -> Self {
        let id = field.name().ends_with("_id");
        let numbers = |digits: &str| {
            let column = cast(column, &DataType::Float64).ok()?;
            let column = column.as_primitive::<Float64Type>();
            let values = column.iter().map(|value| value.unwrap_or(f64::NAN));
            Some(Self {
                values: Values::Numbers(values.collect()),
                format: Format::new().set_num_format(digits),
            })
        };
        let times = |values: Vec<Option<f64>>, format: &str| {
            // Sheets begin with 1900; what lies before stays a text.
            let fits = values
                .iter()
                .flatten()
                .all(|day| (1.0..2_958_466.0).contains(day));
            fits.then(|| Self {
                values: Values::Times(values),
                format: Format::new().set_num_format(format),
            })
        };
        let known = match column.data_type() {
            _ if id => None,
            DataType::Decimal128(..) => numbers("#,##0.00"),
            kind if kind.is_integer() => numbers("0"),
            kind if kind.is_floating() => numbers("General"),
            DataType::Date32 => {
                let days = column.as_primitive::<Date32Type>().iter();
                let days = days.map(|day| day.map(|day| f64::from(day) + FIRST_DAY));
                times(days.collect(), "yyyy-mm-dd")
            }
            DataType::Timestamp(..) => column
                .as_primitive_opt::<TimestampMicrosecondType>()
                .and_then(|moments| {
                    let day = |moment: i64| moment as f64 / 86_400e6 + FIRST_DAY;
                    let days = moments.iter().map(|moment| moment.map(day));
                    times(days.collect(), "yyyy-mm-dd hh:mm")
                }),
            _ => None,
        };
        known.unwrap_or_else(|| Self {
            values: Values::Texts(shown(column)),
            format: Format::new().set_num_format("@"),
        })
    }

    /// As wide as what stands in it, within reason.
    fn width(&self, name: &str, rows: usize) -> f64 {
        let longest = match &self.values {
            Values::Texts(texts) => {
                let texts = texts.iter().take(LOOKED_AT.min(rows));
                texts.map(|text| text.chars().count()).max().unwrap_or(0)
            }
            Values::Numbers(_) => 12,
            Values::Times(_) => 16,
        };
        let longest = longest.max(name.chars().count() + 2);
        longest.clamp(8, 60) as f64 + 1.0
    }

    fn write(
        &self,
        sheet: &mut Worksheet,
        line: u32,
        place: u16,
        row: usize,
    ) -> Result<(), XlsxError> {
        match &self.values {
            Values::Numbers(numbers) if numbers[row].is_finite() => {
                sheet.write_number_with_format(line, place, numbers[row], &self.format)?;
            }
            Values::Times(days) => {
                if let Some(day) = days[row] {
                    sheet.write_number_with_format(line, place, day, &self.format)?;
                }
            }
            Values::Texts(texts) if !texts[row].is_empty() => {
                sheet.write_string_with_format(line, place, &texts[row], &self.format)?;
            }
            Values::Numbers(_) | Values::Texts(_) => {}
        }
        Ok(())
    }
}

/// Values as text, each as long as a cell may be.
fn shown(column: &dyn Array) -> Vec<String> {
    let options = FormatOptions::default();
    let Ok(shown) = ArrayFormatter::try_new(column, &options) else {
        return vec![String::new(); column.len()];
    };
    let text = |row| {
        let mut text = shown.value(row).to_string();
        if let Some((end, _)) = text.char_indices().nth(MOST_LETTERS - 1) {
            text.truncate(end);
            text.push('…');
        }
        text
    };
    (0..column.len()).map(text).collect()
}
