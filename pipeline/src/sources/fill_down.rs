//! Files that say once for several rows what belongs to all of them: who ordered and when stands in
//! the first row of an order, and the rows below it leave these cells empty.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::DataType;

use super::{Pieces, RawBatch, Unparsed};
use crate::engine::row_hash::mix;
use crate::failure::{Failure, Result};

/// Rows in which all of these columns are empty say in them what the row above says. Others begin
/// anew, with what they leave empty; nothing is known of rows below one that cannot be read.
///
/// Pieces are parsed one after the other: what a piece begins with is known by the one before it.
pub fn filled(pieces: Pieces, columns: &[String]) -> Pieces {
    Box::new(FillDown {
        pieces,
        columns: columns.to_vec(),
        head: None,
        unreadable: 0,
    })
}

struct FillDown {
    pieces: Pieces,
    columns: Vec<String>,
    /// What the rows below take over.
    head: Option<Head>,
    /// The last line that could not be read.
    unreadable: u64,
}

/// The last row that began anew.
struct Head {
    /// A row of the columns.
    values: Vec<ArrayRef>,
    line: u64,
    hash: Option<u64>,
}

impl Iterator for FillDown {
    type Item = Result<Unparsed>;

    fn next(&mut self) -> Option<Self::Item> {
        let filled = match self.pieces.next()? {
            Ok(unparsed) => unparsed().and_then(|raw| self.fill(raw)),
            Err(failure) => Err(failure),
        };
        Some(filled.map(|raw| Box::new(move || Ok(raw)) as Unparsed))
    }
}

impl FillDown {
    fn fill(&mut self, mut raw: RawBatch) -> Result<RawBatch> {
        let schema = raw.rows.schema();
        let places: Vec<usize> = self
            .columns
            .iter()
            .map(|name| schema.index_of(name))
            .collect::<Result<_, _>>()?;
        let columns: Vec<ArrayRef> = places
            .iter()
            .map(|&place| ArrayRef::clone(raw.rows.column(place)))
            .collect();
        let is_blank = |row: usize| columns.iter().all(|column| is_empty(column, row));
        let before = self.head.take();
        let mut unreadable = raw
            .malformed
            .iter()
            .map(|malformed| malformed.line)
            .peekable();
        // For each row where its values are: in the row before this piece, or in one of it.
        let mut from: Vec<(usize, usize)> = Vec::with_capacity(raw.lines.len());
        let mut head = before.as_ref().map(|head| ((0, 0), head.line, head.hash));
        for (row, &line) in raw.lines.iter().enumerate() {
            while let Some(bad) = unreadable.next_if(|bad| *bad < line) {
                self.unreadable = self.unreadable.max(bad);
            }
            let own = (1, row);
            if !is_blank(row) {
                head = Some((own, line, raw.hashes.get(row).copied()));
                from.push(own);
                continue;
            }
            match head {
                Some((place, of, hash)) if self.unreadable <= of => {
                    from.push(place);
                    // Lines of two orders may be the same, letter for letter.
                    if let (Some(own), Some(hash)) = (raw.hashes.get_mut(row), hash) {
                        *own = mix(*own, hash);
                    }
                }
                _ => from.push(own),
            }
        }
        self.unreadable = unreadable.fold(self.unreadable, u64::max);
        let old: Vec<ArrayRef> = match &before {
            Some(head) => head.values.clone(),
            None => columns.iter().map(|column| column.slice(0, 0)).collect(),
        };
        let mut all = raw.rows.columns().to_vec();
        for ((&place, column), old) in places.iter().zip(&columns).zip(&old) {
            if old.data_type() != column.data_type() {
                return Err(Failure::machine("pieces of one file with other types"));
            }
            all[place] = interleave(&[old.as_ref(), column.as_ref()], &from)?;
        }
        self.head = head.map(|((part, row), line, hash)| Head {
            values: match part {
                0 => old,
                _ => columns.iter().map(|column| column.slice(row, 1)).collect(),
            },
            line,
            hash,
        });
        raw.rows = RecordBatch::try_new(schema, all)?;
        Ok(raw)
    }
}

/// Whether nothing stands in a cell, or blanks alone.
fn is_empty(column: &ArrayRef, row: usize) -> bool {
    column.is_null(row)
        || match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().value(row).trim().is_empty(),
            DataType::LargeUtf8 => column.as_string::<i64>().value(row).trim().is_empty(),
            DataType::Utf8View => column.as_string_view().value(row).trim().is_empty(),
            DataType::Null => true,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;
    use crate::sources::Malformed;

    type Row = (Option<&'static str>, Option<i64>, &'static str);

    fn piece(first_line: u64, rows: &[Row], unreadable: &[u64]) -> Result<Unparsed> {
        let columns: [(&str, ArrayRef); 3] = [
            (
                "order",
                Arc::new(rows.iter().map(|row| row.0).collect::<StringArray>()),
            ),
            (
                "who",
                Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
            ),
            (
                "what",
                Arc::new(rows.iter().map(|row| Some(row.2)).collect::<StringArray>()),
            ),
        ];
        let nullable = columns.map(|(name, column)| (name, column, true));
        let lines = (first_line..).filter(|line| !unreadable.contains(line));
        let raw = RawBatch {
            rows: RecordBatch::try_from_iter_with_nullable(nullable)?,
            lines: lines.take(rows.len()).collect(),
            hashes: rows.iter().map(|row| row.2.len() as u64).collect(),
            malformed: unreadable
                .iter()
                .map(|&line| Malformed {
                    line,
                    value: String::new(),
                    reason: String::new(),
                })
                .collect(),
            flaws: Vec::new(),
        };
        Ok(Box::new(move || Ok(raw)))
    }

    /// Order and customer of each row, `-` for none, and the hashes.
    fn read(pieces: Vec<Result<Unparsed>>) -> (Vec<String>, Vec<u64>) {
        let columns = ["order".to_owned(), "who".to_owned()];
        let (mut rows, mut hashes) = (Vec::new(), Vec::new());
        for piece in filled(Box::new(pieces.into_iter()), &columns) {
            let raw = piece.unwrap()().unwrap();
            let orders = raw.rows.column(0).as_string::<i32>().clone();
            let who = raw.rows.column(1).clone();
            let who = who.as_primitive::<arrow::datatypes::Int64Type>();
            rows.extend((0..raw.lines.len()).map(|row| {
                let order = orders.is_valid(row).then(|| orders.value(row));
                let who = who.is_valid(row).then(|| who.value(row).to_string());
                format!("{} {}", order.unwrap_or("-"), who.unwrap_or("-".into()))
            }));
            hashes.extend(raw.hashes);
        }
        (rows, hashes)
    }

    #[test]
    fn rows_without_any_of_the_columns_take_them_from_above_across_pieces() {
        let (rows, hashes) = read(vec![
            piece(2, &[(Some("S1"), Some(7), "tea"), (None, None, "jam")], &[]),
            piece(
                4,
                &[(Some(" "), None, "jam"), (Some("S2"), None, "tea")],
                &[],
            ),
            piece(6, &[(None, None, "jam")], &[]),
            piece(7, &[(None, None, "jam")], &[]),
        ]);
        assert_eq!(rows, ["S1 7", "S1 7", "S1 7", "S2 -", "S2 -", "S2 -"]);
        assert_eq!((hashes[1], hashes[4]), (hashes[2], hashes[5]), "copies");
        let (other, _) = read(vec![piece(2, &[(None, None, "tea")], &[])]);
        assert_eq!(other, ["- -"], "nothing stands above");
    }

    #[test]
    fn lines_of_two_orders_are_no_copies_of_each_other() {
        let (_, hashes) = read(vec![piece(
            2,
            &[
                (Some("S1"), Some(7), "tea"),
                (None, None, "jam"),
                (Some("S22"), Some(7), "green"),
                (None, None, "jam"),
            ],
            &[],
        )]);
        assert_ne!(hashes[1], hashes[3]);
    }

    #[test]
    fn below_a_row_that_cannot_be_read_nothing_is_taken_over() {
        let (rows, _) = read(vec![
            piece(
                2,
                &[(Some("S1"), Some(7), "tea"), (None, None, "jam")],
                &[3],
            ),
            piece(
                5,
                &[
                    (None, None, "jam"),
                    (Some("S2"), Some(8), "tea"),
                    (None, None, "jam"),
                ],
                &[],
            ),
        ]);
        assert_eq!(rows, ["S1 7", "- -", "- -", "S2 8", "S2 8"]);
        let (rows, _) = read(vec![
            piece(2, &[(Some("S1"), Some(7), "tea")], &[3]),
            piece(4, &[(None, None, "jam")], &[]),
        ]);
        assert_eq!(rows, ["S1 7", "- -"], "also at the end of a piece");
    }
}
