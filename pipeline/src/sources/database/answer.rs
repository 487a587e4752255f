//! The rows of a result on their way into the spool: written as Parquet, never all in memory.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::{SortOptions, sort_to_indices};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::ScalarValue;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::failure::{Failure, Result, did_you_mean};
use crate::sources::spool::{SpoolFile, Spooled};

/// Rows that a row group holds at most.
const ROW_GROUP: usize = 1 << 17;
/// Bytes that a row group may have in memory before it is written.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// The columns of a result, any of them null somewhere.
pub fn schema(names: &[String], types: impl Iterator<Item = DataType>) -> SchemaRef {
    let columns = names.iter().zip(types);
    let fields = columns.map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What a query that gives nothing is answered.
pub fn no_columns() -> Failure {
    Failure::settings("the query gives no columns").hint("write a SELECT")
}

/// A result that is being written.
pub struct Answer {
    writer: ArrowWriter<SpoolFile>,
    watermark: Option<usize>,
    largest: Option<ScalarValue>,
    text: Option<String>,
}

/// A result that is whole.
pub struct Answered {
    /// Its file.
    pub spooled: Spooled,
    /// The largest value of the watermark column, as SQL would write it; none without rows.
    pub largest: Option<String>,
}

impl Answer {
    /// An empty result with these columns.
    ///
    /// # Errors
    /// Two columns of one name; a watermark that is no column, or of a type that does not grow.
    pub fn begin(spool: &Path, schema: SchemaRef, watermark: Option<&str>) -> Result<Self> {
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        if let Some(twice) = names
            .iter()
            .enumerate()
            .find(|(at, name)| names[..*at].contains(name))
        {
            return Err(Failure::settings(format!(
                "two columns of the result are called `{}`",
                twice.1
            ))
            .hint("name the columns in the query: SELECT o.id AS order_id, ..."));
        }
        let place = watermark.map(|column| {
            let place = names.iter().position(|name| *name == column);
            place.ok_or_else(|| {
                Failure::settings(format!(
                    "the result has no column `{column}`, which `watermark` names"
                ))
                .hint(did_you_mean(column, &names))
            })
        });
        let watermark = place.transpose()?;
        if let Some(place) = watermark
            && matches!(
                schema.field(place).data_type(),
                DataType::Boolean | DataType::Binary
            )
        {
            return Err(Failure::settings(format!(
                "the column `{}`, which `watermark` names, holds nothing that grows",
                names[place]
            ))
            .hint("name a number, a date or a time"));
        }
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let file = SpoolFile::create(spool, "result.parquet")?;
        Ok(Self {
            writer: ArrowWriter::try_new(file, schema, Some(properties))?,
            watermark,
            largest: None,
            text: None,
        })
    }

    /// Adds rows.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        if let Some(column) = self.watermark {
            self.remember(rows.column(column))?;
        }
        self.writer.write(rows)?;
        if self.writer.in_progress_size() > ROW_GROUP_BYTES {
            self.writer.flush()?;
        }
        Ok(())
    }

    fn remember(&mut self, values: &dyn Array) -> Result<()> {
        let order = SortOptions {
            descending: true,
            nulls_first: false,
        };
        let first = sort_to_indices(values, Some(order), Some(1))?;
        let Some(row) = first.values().first().map(|&row| row as usize) else {
            return Ok(());
        };
        if values.is_null(row) {
            return Ok(());
        }
        let value = ScalarValue::try_from_array(values, row)?;
        if self.largest.as_ref().is_none_or(|largest| value > *largest) {
            let format = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(values, &format)?;
            self.text = Some(formatter.value(row).to_string());
            self.largest = Some(value);
        }
        Ok(())
    }

    /// Ends the result.
    pub fn finish(self) -> Result<Answered> {
        Ok(Answered {
            spooled: self.writer.into_inner()?.finish()?,
            largest: self.text,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};

    use super::*;

    fn largest(pieces: Vec<ArrayRef>) -> Option<String> {
        let spool = tempfile::tempdir().unwrap();
        let batch =
            |values| RecordBatch::try_from_iter_with_nullable([("w", values, true)]).unwrap();
        let mut answer = None;
        for piece in pieces {
            let rows = batch(piece);
            answer
                .get_or_insert_with(|| {
                    Answer::begin(spool.path(), rows.schema(), Some("w")).unwrap()
                })
                .write(&rows)
                .unwrap();
        }
        answer.unwrap().finish().unwrap().largest
    }

    #[test]
    fn the_largest_value_is_remembered_as_sql_writes_it() {
        let whole = |values: Vec<Option<i64>>| Arc::new(Int64Array::from(values)) as ArrayRef;
        assert_eq!(
            largest(vec![
                whole(vec![Some(9), None]),
                whole(vec![Some(10), Some(2)]),
                whole(vec![])
            ]),
            Some("10".to_owned())
        );
        assert_eq!(largest(vec![whole(vec![None])]), None);
        let moments = TimestampMicrosecondArray::from(vec![1_700_000_000_123_456]);
        assert_eq!(
            largest(vec![Arc::new(moments.clone())]),
            Some("2023-11-14T22:13:20.123456".to_owned())
        );
        assert_eq!(
            largest(vec![Arc::new(moments.with_timezone("UTC"))]),
            Some("2023-11-14T22:13:20.123456Z".to_owned())
        );
    }

    #[test]
    fn columns_must_have_names_of_their_own_and_the_watermark_must_be_one() {
        let spool = tempfile::tempdir().unwrap();
        let column = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
        let twice = RecordBatch::try_from_iter([("id", column.clone()), ("id", column.clone())]);
        let twice = twice.unwrap().schema();
        let failure = Answer::begin(spool.path(), twice, None).err().unwrap();
        assert!(failure.message.contains("two columns"), "{failure}");
        let one = RecordBatch::try_from_iter([("updated", column)]).unwrap();
        let failure = Answer::begin(spool.path(), one.schema(), Some("updatd"));
        let failure = failure.err().unwrap().to_string();
        assert!(failure.contains("did you mean `updated`?"), "{failure}");
    }
}
