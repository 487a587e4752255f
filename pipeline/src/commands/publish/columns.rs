//! Values as PostgreSQL's `COPY ... FROM STDIN` reads them, and the types that keep them.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The type of PostgreSQL that keeps a column as it is, in the words of `format_type`. Text stays text,
/// and so ids with leading zeros; whatever is neither text, number, time nor flag is shown as text.
pub fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint",
        DataType::UInt16 | DataType::Int32 => "integer",
        DataType::UInt32 | DataType::Int64 => "bigint",
        DataType::UInt64 => "numeric(20,0)",
        DataType::Float32 | DataType::Float64 => "double precision",
        DataType::Date32 => "date",
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp without time zone",
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp with time zone",
        DataType::Decimal128(precision, scale) if *scale >= 0 => {
            return format!("numeric({precision},{scale})");
        }
        _ => "text",
    }
    .to_owned()
}

/// The rows of a batch, a line each.
pub fn lines(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let options = FormatOptions::default();
    let columns: Vec<Shown<'_>> = batch
        .columns()
        .iter()
        .map(|column| Shown::new(column.as_ref(), &options))
        .collect::<Result<_, _>>()?;
    let mut lines = Vec::with_capacity(batch.num_rows() * 64);
    for row in 0..batch.num_rows() {
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                lines.push(b'\t');
            }
            column.push(row, &mut lines);
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

/// A column of a batch.
struct Shown<'a> {
    values: &'a dyn Array,
    /// Where it is text.
    texts: Option<&'a StringArray>,
    formatter: ArrayFormatter<'a>,
}

impl<'a> Shown<'a> {
    fn new(values: &'a dyn Array, options: &FormatOptions<'a>) -> Result<Self, ArrowError> {
        Ok(Self {
            values,
            texts: values.as_string_opt::<i32>(),
            formatter: ArrayFormatter::try_new(values, options)?,
        })
    }

    fn push(&self, row: usize, line: &mut Vec<u8>) {
        if self.values.is_null(row) {
            line.extend_from_slice(b"\\N");
            return;
        }
        match self.texts {
            Some(texts) => escape(texts.value(row), line),
            None => escape(&self.formatter.value(row).to_string(), line),
        }
    }
}

/// A field of a line: what would end it, or begin an escape, is escaped.
fn escape(text: &str, line: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\t' => line.extend_from_slice(b"\\t"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array,
        TimestampMicrosecondArray,
    };

    use super::*;

    #[test]
    fn values_are_written_as_copy_reads_them() {
        let decimals = Decimal128Array::from(vec![Some(-12_345), None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from(vec!["007", "a\tb\\N\nc"]))),
            (
                "paid",
                Arc::new(decimals.with_precision_and_scale(12, 2).unwrap()),
            ),
            ("day", Arc::new(Date32Array::from(vec![Some(19_782), None]))),
            (
                "at",
                Arc::new(TimestampMicrosecondArray::from(vec![-500_000, 0])),
            ),
            ("share", Arc::new(Float64Array::from(vec![f64::NAN, 1e300]))),
            ("yes", Arc::new(BooleanArray::from(vec![true, false]))),
        ];
        let types: Vec<String> = columns
            .iter()
            .map(|(_, column)| sql_type(column.data_type()))
            .collect();
        assert_eq!(
            types,
            [
                "text",
                "numeric(12,2)",
                "date",
                "timestamp without time zone",
                "double precision",
                "boolean"
            ]
        );
        let nullable = columns
            .into_iter()
            .map(|(name, column)| (name, column, true));
        let batch = RecordBatch::try_from_iter_with_nullable(nullable).unwrap();
        assert_eq!(
            String::from_utf8(lines(&batch).unwrap()).unwrap(),
            "007\t-123.45\t2024-02-29\t1969-12-31T23:59:59.500\tNaN\ttrue\n\
             a\\tb\\\\N\\nc\t\\N\t\\N\t1970-01-01T00:00:00\t1e300\tfalse\n"
        );
    }
}
