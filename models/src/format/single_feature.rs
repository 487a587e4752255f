//! One column alone.

use super::calibrators::{check_points, read_points, write_points};
use super::error::{FormatError, Within};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_columns, check_number};
use super::numbers::{PROBABILITY, is_probability};
use crate::classifiers::SingleFeature;

impl Stored for SingleFeature {
    fn write(&self, out: &mut Object) {
        out.count("column", self.column);
        out.count("columns", self.columns);
        out.number("missing", self.missing);
        write_points(&self.points, "values", out);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            column: fields.count("column")?,
            columns: fields.count("columns")?,
            missing: fields.number("missing")?,
            points: read_points("values", fields)?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_columns(self.columns, features).within("columns")?;
        check_number(self.column, "one of the features", |c| c < features.len())
            .within("column")?;
        check_number(self.missing, PROBABILITY, is_probability).within("missing")?;
        check_points(&self.points, "values")
    }
}
