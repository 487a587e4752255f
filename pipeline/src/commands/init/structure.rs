//! How a text file, or a sheet, is laid out: what separates its fields, lines above the header,
//! and whether there is a header at all.

use crate::commands::init::names;
use crate::config::TimeFormats;
use crate::stages::ingest::coerce::{Numbers, Times};

/// Rows without fields are not looked for beyond so many lines above a header.
const ABOVE: usize = 30;
/// Lines that fixed places have to be seen in.
const LINES: usize = 5;

/// How a file has to be read so that its rows are rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// What separates fields, when it is not what a load would take.
    pub delimiter: Option<char>,
    /// Lines above the header.
    pub skip_lines: usize,
    /// Whether the first row holds values and no names.
    pub headless: bool,
    /// Where the columns of fixed-width text stand: name, place and width.
    pub fields: Vec<(String, usize, usize)>,
}

/// A row with its line, from 0.
type Row = (usize, Vec<String>);

impl Structure {
    /// What some first lines of a text look like; `taken` is what a load would separate fields with.
    pub fn of_text(lines: &[String], taken: char) -> Self {
        let named_above = lines.first().is_some_and(|line| {
            line.trim_start_matches('"')
                .to_lowercase()
                .starts_with("sep=")
        });
        let candidates = [',', ';', '\t', '|'];
        let mut best: Option<(f64, char)> = None;
        for delimiter in candidates {
            let rows = split(lines, |line| fields(line, delimiter));
            let (width, share) = usual_width(&rows);
            let score = width as f64 * share;
            let better = best.is_none_or(|(most, _)| score > most);
            if width >= 2 && share >= 0.5 && better {
                best = Some((score, delimiter));
            }
        }
        let blanks = split(lines, |line| {
            line.split_whitespace().map(str::to_owned).collect()
        });
        let (width, share) = usual_width(&blanks);
        let tells = |cell: &String| is_value(cell);
        let values = blanks
            .iter()
            .filter(|(_, cells)| cells.iter().filter(|cell| tells(cell)).count() * 2 >= width);
        // Words have blanks too: most of what stands between these has to be numbers and days.
        let by_blanks = width >= 3 && share >= 0.9 && values.count() * 10 >= blanks.len() * 9;
        // A decimal comma is no delimiter.
        let apart = best.is_some_and(|(_, mark)| {
            let (own, _) = usual_width(&split(lines, |line| fields(line, mark)));
            mark != ',' || own > 2
        });
        if by_blanks && !apart && !named_above {
            return Self {
                delimiter: Some(' '),
                ..Self::of_rows(&blanks)
            };
        }
        let Some((_, delimiter)) = best else {
            return Self::fixed(lines).unwrap_or_default();
        };
        if named_above {
            return Self::default();
        }
        let own = Self::of_rows(&split(lines, |line| fields(line, delimiter)));
        Self {
            delimiter: (delimiter != taken).then_some(delimiter),
            ..own
        }
    }

    /// What some first rows look like.
    pub fn of_rows(rows: &[Row]) -> Self {
        let (width, _) = usual_width(rows);
        if width < 2 {
            return Self::default();
        }
        let filled = |cells: &[String]| cells.iter().filter(|cell| !cell.is_empty()).count();
        let full = |(_, cells): &&Row| cells.len() >= width && filled(cells) * 2 > width;
        let Some(first) = rows.iter().take(ABOVE).position(|row| full(&row)) else {
            return Self::default();
        };
        let (line, header) = &rows[first];
        let body = &rows[first + 1..];
        Self {
            // What has nothing in it is passed over anyway.
            skip_lines: match rows[..first].iter().any(|(_, cells)| filled(cells) > 0) {
                true => *line,
                false => 0,
            },
            headless: is_headless(header, body),
            ..Self::default()
        }
    }

    /// Text whose columns are told apart by blanks at the same places of every line.
    fn fixed(lines: &[String]) -> Option<Self> {
        let lines: Vec<Line> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| (number, line.trim_end().chars().collect()))
            .collect();
        let width = lines.iter().map(|(_, line)| line.len()).max()?;
        if lines.len() < LINES || lines.iter().any(|(_, line)| line.contains(&'\t')) {
            return None;
        }
        let runs = runs(&lines, width);
        if runs.len() < 2 {
            return None;
        }
        let cut = |(from, to): (usize, usize)| {
            let all = lines.iter().map(|(number, line)| {
                let cell: String = (from..to).map(|place| at(line, place)).collect();
                (*number, cell.trim().to_owned())
            });
            all.collect::<Vec<(usize, String)>>()
        };
        let columns: Vec<Vec<(usize, String)>> = runs.iter().map(|run| cut(*run)).collect();
        let rows: Vec<Row> = (0..lines.len())
            .map(|row| {
                let cells = columns.iter().map(|column| column[row].1.clone());
                (lines[row].0, cells.collect())
            })
            .collect();
        // Lines of running text have blanks by chance; a table has days or numbers in it.
        let tells = columns.iter().any(|column| {
            let values = column.iter().filter(|(_, cell)| is_value(cell)).count();
            values * 10 >= column.len() * 8
        });
        if !tells {
            return None;
        }
        let header = &rows[0];
        let headless = is_headless(&header.1, &rows[1..]);
        let body = &lines[usize::from(!headless)..];
        let starts = starts(&runs, body, lines.len());
        let fields = (0..runs.len()).map(|column| {
            let name = match headless || header.1[column].is_empty() {
                true => format!("column_{}", column + 1),
                false => header.1[column].clone(),
            };
            let end = starts
                .get(column + 1)
                .copied()
                .unwrap_or(width.max(runs[column].1));
            (name, starts[column] + 1, end - starts[column])
        });
        Some(Self {
            skip_lines: if headless { 0 } else { header.0 + 1 },
            fields: fields.collect(),
            headless,
            ..Self::default()
        })
    }
}

/// A line with its number, from 0.
type Line = (usize, Vec<char>);

/// What stands at a place of a line; behind its end there are blanks.
fn at(line: &[char], place: usize) -> char {
    line.get(place).copied().unwrap_or(' ')
}

/// The places, from and to, between which not every line is blank.
fn runs(lines: &[Line], width: usize) -> Vec<(usize, usize)> {
    let blank = |place: usize| lines.iter().all(|(_, line)| at(line, place) == ' ');
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for place in (0..width).filter(|&place| !blank(place)) {
        match runs.last_mut() {
            Some((_, end)) if *end == place => *end += 1,
            _ => runs.push((place, place + 1)),
        }
    }
    runs
}

/// Where the columns begin. The room between two columns belongs to a number behind it, which grows
/// to the left, else to the text before it.
fn starts(runs: &[(usize, usize)], body: &[Line], lines: usize) -> Vec<usize> {
    let right = |column: usize| {
        let (_, end) = runs[column];
        let ends = body.iter().filter(|(_, line)| at(line, end - 1) != ' ');
        ends.count() * 10 >= lines * 8
    };
    (0..runs.len())
        .map(|column| match column {
            0 => 0,
            _ if right(column) && right(column - 1) => runs[column - 1].1,
            _ => runs[column].0,
        })
        .collect()
}

fn split(lines: &[String], fields: impl Fn(&str) -> Vec<String>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut open: Option<Row> = None;
    for (number, line) in lines.iter().enumerate() {
        // A quoted field may go on in the next lines.
        let (first, text) = match open.take() {
            Some((first, mut texts)) => {
                texts.push(line.clone());
                (first, texts)
            }
            None => (number, vec![line.clone()]),
        };
        let text = (first, text);
        let quotes: usize = text.1.iter().map(|line| line.matches('"').count()).sum();
        if quotes % 2 == 1 && text.1.len() < 20 {
            open = Some(text);
            continue;
        }
        let joined = text.1.join("\n");
        if !joined.trim().is_empty() {
            rows.push((first, fields(&joined)));
        }
    }
    rows
}

/// The fields of a line; a delimiter within quotes is none.
fn fields(line: &str, delimiter: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => fields.push(String::new()),
            c => fields
                .last_mut()
                .into_iter()
                .for_each(|field| field.push(c)),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// The number of fields that the most rows have, and the share of these.
fn usual_width(rows: &[Row]) -> (usize, f64) {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for (_, cells) in rows {
        *counts.entry(cells.len()).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    let (width, count) = most.unwrap_or((0, 0));
    (width, count as f64 / rows.len().max(1) as f64)
}

/// A number, a day or a moment.
fn is_value(cell: &str) -> bool {
    let readable = |decimal, thousands| {
        let numbers = Numbers { decimal, thousands };
        cell.starts_with(|c: char| !c.is_alphabetic()) && numbers.parse_float(cell).is_ok()
    };
    if readable('.', Some(',')) || readable(',', Some('.')) {
        return true;
    }
    let formats = ["iso", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y"];
    let formats = TimeFormats(formats.map(str::to_owned).to_vec());
    cell.contains(|c: char| c.is_ascii_digit()) && Times::new(Some(&formats)).parse(cell).is_some()
}

/// Whether the first row is one as those below: it has numbers or days where they do, and no word
/// that could only be a name.
fn is_headless(first: &[String], body: &[Row]) -> bool {
    let known = [
        names::CUSTOMER,
        names::TIME,
        names::BASKET,
        names::PRODUCT,
        names::QUANTITY,
        names::AMOUNT,
        names::PRICE,
        names::NAME,
    ];
    if body.len() < 2 {
        return false;
    }
    let mut values = 0;
    for (column, cell) in first.iter().enumerate() {
        let below = || body.iter().filter_map(|(_, cells)| cells.get(column));
        let share = |good: &dyn Fn(&String) -> bool| {
            below().filter(|cell| good(cell)).count() * 10 >= below().count() * 8
        };
        if is_value(cell) {
            values += usize::from(share(&|below| is_value(below)));
            continue;
        }
        if cell.is_empty() {
            continue;
        }
        let named = known.iter().any(|role| names::fit(role, cell) >= 2.0);
        let again = below().any(|other| other == cell);
        let has_digit = |text: &String| text.contains(|c: char| c.is_ascii_digit());
        let alike = has_digit(cell) && share(&has_digit);
        if named || !(again || alike) {
            return false;
        }
    }
    values > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, taken: char) -> Structure {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Structure::of_text(&lines, taken)
    }

    #[test]
    fn blanks_between_numbers_and_days_separate_them() {
        let found = of(
            " 00001 19970101 1 11.77\n 00002 19970112  1   12.00\n 00002 19970112 5 77.00\n",
            ',',
        );
        assert_eq!(found.delimiter, Some(' '));
        assert!(found.headless);
        let named = of(
            "id day sum\n1 2024-01-01 5.00\n2 2024-01-02 6.00\n3 2024-01-03 7\n",
            ',',
        );
        assert_eq!((named.delimiter, named.headless), (None, false));
        let comma = of("00001 19970101 1 11,77\n00002 19970112 1 12,00\n", ',');
        assert_eq!(comma.delimiter, Some(' '));
    }

    #[test]
    fn titles_above_the_header_are_skipped() {
        let rows = "C1,2024-01-01,5\nC2,2024-01-02,6\nC3,2024-01-03,7\n";
        let found = of(
            &format!("Sales report,,\nPeriod: 2024,,\n,,\nCustomer,Date,Sum\n{rows}"),
            ',',
        );
        assert_eq!((found.skip_lines, found.headless), (3, false));
        let found = of(&format!("Sales report\n\nCustomer,Date,Sum\n{rows}"), ',');
        assert_eq!(found.skip_lines, 2);
        let found = of(&format!("\nCustomer,Date,Sum\n{rows}"), ',');
        assert_eq!(found.skip_lines, 0);
        assert_eq!(
            of(&format!("Customer,Date,Sum\n{rows}"), ','),
            Structure::default()
        );
    }

    #[test]
    fn a_file_without_names_is_known_by_its_first_row() {
        assert!(of("C1,2024-01-01,5\nC2,2024-01-02,6\nC3,2024-01-03,7\n", ',').headless);
        assert!(!of("customer,2023,2024\nC1,5,6\nC2,6,7\nC3,7,8\n", ',').headless);
        assert!(!of("a,b\nx,y\nx,z\n", ',').headless);
    }

    #[test]
    fn columns_at_fixed_places_are_cut_out() {
        let found = of(
            "KUNDE   ARTIKEL        SUMME\n\
             C1      Brot klein      1.50\n\
             C2      Käse           12.00\n\
             C10     Milch 1 Liter   0.99\n\
             C11     Brot           11.00\n",
            ',',
        );
        assert_eq!(found.skip_lines, 1);
        let fields: Vec<(&str, usize, usize)> = found
            .fields
            .iter()
            .map(|(name, start, width)| (name.as_str(), *start, *width))
            .collect();
        assert_eq!(
            fields,
            [("KUNDE", 1, 8), ("ARTIKEL", 9, 15), ("SUMME", 24, 5)]
        );
    }
}
