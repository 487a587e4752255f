//! Text whose fields stand at the same place in every line.

use std::path::Path;

use arrow::datatypes::SchemaRef;

use super::cut::Syntax;
use super::text::{Form, Text, text_columns};
use super::{Pieces, missing_column};
use crate::config::{FixedField, Source};
use crate::failure::Result;

/// The columns that the settings name, all of them text.
pub fn schema(source: &Source) -> SchemaRef {
    text_columns(source.fields.iter().map(|field| field.name.as_str()))
}

/// The file's rows, with the columns of `schema`.
pub fn open(path: &Path, source: &Source, schema: &SchemaRef) -> Result<Pieces> {
    let mut text = Text::open(path, source)?;
    let known: Vec<&str> = source
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    let mut fields = Vec::with_capacity(schema.fields().len());
    for wanted in schema.fields() {
        let field = source
            .fields
            .iter()
            .find(|field| field.name == *wanted.name());
        let field = field.ok_or_else(|| missing_column(path, wanted.name(), &known))?;
        fields.push(field.clone());
    }
    let syntax = Syntax {
        delimiter: text.end,
        comment: source.comment.map(|mark| mark as u8),
        end: text.end,
        quote: None,
    };
    text.cutter.set_syntax(syntax);
    let form = Form::new(&text, syntax, source, schema);
    Ok(text.pieces(schema, move |piece| {
        form.rows(piece, |rows, record, _| {
            let raw = &piece.bytes[record.start..record.end];
            rows.row(record.line, raw);
            for (column, field) in fields.iter().enumerate() {
                rows.value(column, cut_out(raw, field));
            }
        })
    }))
}

/// The characters of a field; fewer, or none, where the line ends before.
fn cut_out<'a>(line: &'a [u8], field: &FixedField) -> &'a [u8] {
    let (first, behind) = (field.start - 1, field.start - 1 + field.width);
    if line.is_ascii() {
        return &line[first.min(line.len())..behind.min(line.len())];
    }
    // Places are counted in characters, as a person who looks at the file counts them.
    let text = std::str::from_utf8(line).unwrap_or_default();
    let place = |character: usize| {
        text.char_indices()
            .nth(character)
            .map_or(text.len(), |(at, _)| at)
    };
    &line[place(first)..place(behind)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_in_characters_and_short_lines_lack_the_last_ones() {
        let field = |start, width| FixedField {
            name: String::new(),
            start,
            width,
        };
        let line = "C1 Käse  1.50".as_bytes();
        assert_eq!(cut_out(line, &field(4, 4)), "Käse".as_bytes());
        assert_eq!(cut_out(line, &field(10, 4)), b"1.50");
        assert_eq!(cut_out(line, &field(12, 9)), b"50");
        assert_eq!(cut_out(line, &field(40, 2)), b"");
        assert_eq!(cut_out(b"C1", &field(2, 3)), b"1");
        assert_eq!(cut_out(b"C1", &field(3, 3)), b"");
    }
}
