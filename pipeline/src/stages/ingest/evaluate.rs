//! Expressions of the settings over the rows of a source: a row for which one cannot be calculated
//! is a bad row, and stops nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat;
use datafusion::physical_plan::PhysicalExpr;

use crate::failure::{Cause, Failure, Result};
use crate::user_sql::apart;

/// A row for which an expression cannot be calculated.
pub struct Incalculable {
    /// The row.
    pub row: usize,
    /// The value that is to blame, where the engine tells.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The values of an expression, null where it cannot be calculated.
///
/// # Errors
/// Memory that does not suffice, and faults of our own.
pub fn evaluate(
    expression: &Arc<dyn PhysicalExpr>,
    rows: &RecordBatch,
) -> Result<(ArrayRef, Vec<Incalculable>)> {
    let number = rows.num_rows();
    let values = expression
        .evaluate(rows)
        .and_then(|values| values.into_array(number));
    let failure: Failure = match values {
        Ok(values) => return Ok((values, Vec::new())),
        Err(error) => error.into(),
    };
    if failure.cause == Cause::Machine || number == 0 {
        return Err(failure);
    }
    if number == 1 {
        let data_type = expression.data_type(rows.schema_ref())?;
        let (value, reason) = apart(&failure.message);
        let wrong = Incalculable {
            row: 0,
            value,
            reason: tr!("cannot be calculated: {reason}", reason = reason),
        };
        return Ok((new_null_array(&data_type, 1), vec![wrong]));
    }
    // The engine does not tell which row it is.
    let half = number / 2;
    let (first, mut wrong) = evaluate(expression, &rows.slice(0, half))?;
    let (second, later) = evaluate(expression, &rows.slice(half, number - half))?;
    wrong.extend(later.into_iter().map(|wrong| Incalculable {
        row: wrong.row + half,
        ..wrong
    }));
    Ok((concat(&[&first, &second])?, wrong))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, StringArray};
    use datafusion::common::DFSchema;

    use super::*;
    use crate::user_sql::Expressions;

    #[test]
    fn rows_that_cannot_be_calculated_are_found_and_the_others_are() {
        let texts = vec!["1", "x", "3", "4", "y'y", "6", "7"];
        let texts = Arc::new(StringArray::from(texts)) as ArrayRef;
        let rows = RecordBatch::try_from_iter([("a", texts)]).unwrap();
        let names = DFSchema::try_from(rows.schema().as_ref().clone()).unwrap();
        let expressions = Expressions::new(1 << 30);
        let expression = expressions.parse("CAST(a AS BIGINT) + 1", &names).unwrap();
        let expression = expressions.planned(expression, &names).unwrap();
        let (values, wrong) = evaluate(&expression, &rows).unwrap();
        assert_eq!((values.len(), values.null_count()), (7, 2));
        let found: Vec<_> = wrong.iter().map(|w| (w.row, w.value.as_str())).collect();
        assert_eq!(found, [(1, "x"), (4, "y'y")]);
        assert_eq!(wrong[0].reason, wrong[1].reason);
        assert!(
            wrong[0].reason.contains("Cannot cast string … to"),
            "{}",
            wrong[0].reason
        );
    }
}
