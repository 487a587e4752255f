//! Folders such as `year=2024/month=03` on the way to a file: columns of text with one value in all
//! of its rows (the layout of Hive, Spark and others).

use std::path::{Component, Path};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::typed::batch;
use super::{Pieces, RawBatch, Unparsed};
use crate::engine::row_hash::{hash_bytes, mix};
use crate::failure::Result;

/// What Hive calls the folder of rows without a value.
const NOTHING: &str = "__HIVE_DEFAULT_PARTITION__";

/// The columns of one file that its folders give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partitions(Vec<(String, Option<String>)>);

impl Partitions {
    /// Those of a path; its last part is the file's own name.
    pub fn of(path: &Path) -> Self {
        let mut columns: Vec<(String, Option<String>)> = Vec::new();
        for component in path.parent().into_iter().flat_map(Path::components) {
            if let Component::Normal(folder) = component
                && let Some((name, value)) = folder.to_str().and_then(|name| name.split_once('='))
                && !name.is_empty()
            {
                let value = (value != NOTHING).then(|| decoded(value));
                columns.retain(|(known, _)| known != name);
                columns.push((name.to_owned(), value));
            }
        }
        Self(columns)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A file's own columns and these; where a name is in both, the file's own is meant.
    pub fn added_to(&self, own: &SchemaRef) -> SchemaRef {
        let more = self
            .0
            .iter()
            .filter(|(name, _)| own.field_with_name(name).is_err())
            .map(|(name, _)| Arc::new(Field::new(name, DataType::Utf8, true)));
        Arc::new(Schema::new(
            own.fields().iter().cloned().chain(more).collect::<Vec<_>>(),
        ))
    }

    /// The wanted columns that have to be read from the file.
    pub fn taken_off(&self, wanted: &SchemaRef, own: &SchemaRef) -> SchemaRef {
        let given = |name: &str| self.0.iter().any(|(known, _)| known == name);
        let fields = wanted
            .fields()
            .iter()
            .filter(|field| own.field_with_name(field.name()).is_ok() || !given(field.name()));
        Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
    }

    /// Pieces of a file with the wanted columns that its folders give.
    pub fn added_to_pieces(self, pieces: Pieces, wanted: &SchemaRef) -> Pieces {
        let (partitions, wanted) = (Arc::new(self), Arc::clone(wanted));
        Box::new(pieces.map(move |piece| {
            let (partitions, wanted) = (Arc::clone(&partitions), Arc::clone(&wanted));
            let piece = piece?;
            Ok(Box::new(move || partitions.added_to_batch(piece()?, &wanted)) as Unparsed)
        }))
    }

    fn added_to_batch(&self, raw: RawBatch, wanted: &SchemaRef) -> Result<RawBatch> {
        let rows = raw.rows.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(wanted.fields().len());
        for field in wanted.fields() {
            columns.push(match raw.rows.column_by_name(field.name()) {
                Some(column) => Arc::clone(column),
                None => {
                    let value = self.0.iter().find(|(name, _)| name == field.name());
                    let value = value.and_then(|(_, value)| value.as_deref());
                    let values: StringArray = std::iter::repeat_n(value, rows).collect();
                    cast(&values, field.data_type())?
                }
            });
        }
        let folders = hash_bytes(0, format!("{:?}", self.0).as_bytes());
        Ok(RawBatch {
            rows: batch(wanted, columns, rows)?,
            hashes: raw
                .hashes
                .into_iter()
                .map(|hash| mix(hash, folders))
                .collect(),
            ..raw
        })
    }
}

/// Bytes that cannot stand in a folder's name are written as `%20`.
fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        match hex {
            Some(byte) if bytes[at] == b'%' => {
                text.push(byte);
                at += 3;
            }
            _ => {
                text.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(text).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_on_the_way_are_columns_and_the_files_own_name_is_none() {
        let got = Partitions::of(Path::new(
            "sales/year=2024/shop=A%20%2F B/m=__HIVE_DEFAULT_PARTITION__/a=b.csv",
        ));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            got.0,
            [
                ("year".to_owned(), text("2024")),
                ("shop".to_owned(), text("A / B")),
                ("m".to_owned(), None)
            ]
        );
        assert!(Partitions::of(Path::new("a=1.csv")).is_empty());
        assert_eq!(decoded("100%"), "100%");
    }
}
