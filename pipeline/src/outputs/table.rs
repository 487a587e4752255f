//! A table on its way to a file: columns with their descriptions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Result};
use crate::words::{Language, said, spoken};

pub use crate::text::round;

/// A table that is being put together, column by column.
#[derive(Default)]
pub struct TableBuilder {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
    facts: HashMap<String, String>,
}

impl TableBuilder {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column; `about` becomes its description in the file's metadata, in the language of the command.
    pub fn column(mut self, name: &str, about: &str, values: ArrayRef) -> Self {
        let metadata = HashMap::from([("description".to_owned(), said(about).to_owned())]);
        let field = Field::new(
            name,
            values.data_type().clone(),
            values.null_count() > 0 || values.is_empty(),
        );
        // Nullable always: readers should not see a file's type change with its contents.
        self.fields
            .push(field.with_nullable(true).with_metadata(metadata));
        self.columns.push(values);
        self
    }

    /// Adds `NAME_words` behind the column of that name: its codes in words, where the language of the command is
    /// not the one that codes are in. A word is missing where its code is.
    pub fn in_words<S: AsRef<str>>(
        self,
        name: &str,
        words: impl IntoIterator<Item = Option<S>>,
    ) -> Self {
        if spoken() == Language::En {
            return self;
        }
        let words: StringArray = words.into_iter().collect();
        let about = tr!("The same as {column}, in words", column = name);
        self.column(&format!("{name}_words"), &about, Arc::new(words))
    }

    /// Adds what holds for the whole table, such as the date that it speaks of, to the file's
    /// metadata.
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// The table.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn build(self) -> Result<RecordBatch> {
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new_with_metadata(self.fields, self.facts)),
            self.columns,
        )?)
    }
}

/// A column of text.
pub fn text<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// A column of numbers, rounded to `digits` after the point; NaN becomes null.
pub fn numbers(values: impl IntoIterator<Item = f64>, digits: i32) -> ArrayRef {
    exact_numbers(values.into_iter().map(|value| round(value, digits)))
}

/// A column of numbers as they are, for chances too small to round; NaN becomes null.
pub fn exact_numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let values = values
        .into_iter()
        .map(|value| (!value.is_nan()).then_some(value));
    Arc::new(values.collect::<arrow::array::Float64Array>())
}

/// The rows of a small table, each as a structure with a field for each column that it wants; an
/// empty cell is one that is not there.
///
/// # Errors
/// A column is missing, or of another type.
pub fn rows<T: DeserializeOwned>(table: &RecordBatch) -> Result<Vec<T>> {
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(table)?;
    writer.finish()?;
    let lines = writer.into_inner();
    let parsed = serde_json::Deserializer::from_slice(&lines).into_iter();
    parsed
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| {
            Failure::data(format!("a table is not as this version writes it: {error}"))
                .hint("run the stage that wrote it again")
        })
}

/// Query engines hand out several layouts of text; files and our own code know one.
pub fn plain_text(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let column = match column.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => cast(column, &DataType::Utf8)?,
            DataType::Dictionary(_, value) if **value == DataType::Utf8 => {
                cast(column, &DataType::Utf8)?
            }
            _ => column.clone(),
        };
        fields.push(
            field
                .as_ref()
                .clone()
                .with_data_type(column.data_type().clone()),
        );
        columns.push(column);
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Row {
        name: String,
        share: Option<f64>,
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let table = TableBuilder::new()
            .column("name", "", text(["a \"b\"", "ü"]))
            .column("share", "", numbers([0.25, f64::NAN], 2))
            .build()
            .unwrap();
        let found: Vec<Row> = rows(&table).unwrap();
        assert_eq!(found[0].name, "a \"b\"");
        assert_eq!((found[0].share, found[1].share), (Some(0.25), None));
        assert!(rows::<Row>(&table.slice(0, 0)).unwrap().is_empty());
        let without = table.project(&[1]).unwrap();
        assert_eq!(
            rows::<Row>(&without).unwrap_err().cause,
            crate::failure::Cause::Data
        );
    }
}
