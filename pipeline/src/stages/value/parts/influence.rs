//! Whom customers brought, and what those are worth (customer referral value: Kumar, Petersen, Leone 2007,
//! "How valuable is word of mouth?", Harvard Business Review 85(10)).

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;

use super::super::history::Buyers;
use super::super::worth::Worth;
use crate::failure::{Failure, Result, nearest};
use crate::stages::Context;

/// Whom each customer brought.
pub struct Influence {
    /// How many.
    pub referrals: Vec<u32>,
    /// Their lifetime values, added up.
    pub value: Vec<f64>,
}

/// Reads who brought whom; words where nothing says it.
pub fn read(
    context: &Context<'_>,
    buyers: &Buyers,
    worths: &[Worth],
) -> Result<Result<Influence, String>> {
    let warehouse = context.warehouse()?;
    let Some(column) = &context.settings.config.value.referred_by else {
        return Ok(Err(tr!(
            "the influence: an attribute of the customers that names who brought them would tell it, by `referred_by` under [value]"
        )));
    };
    if !warehouse.has_column("customers", column) {
        return Err(unknown(context, column)?);
    }
    let pairs = warehouse.scope.query(&format!(
        "SELECT c.customer_id, r.customer_id FROM customers c JOIN customers r \
         ON CAST(c.\"{}\" AS VARCHAR) = CAST(r.customer_id AS VARCHAR) \
         WHERE c.customer_id <> r.customer_id ORDER BY 1",
        column.replace('"', "\"\"")
    ))?;
    let mut found = Influence {
        referrals: vec![0; buyers.len()],
        value: vec![0.0; buyers.len()],
    };
    for pair in 0..pairs.num_rows() {
        let Some(by) = place(&buyers.ids, pairs.column(1), pair) else {
            continue;
        };
        found.referrals[by] += 1;
        let brought = place(&buyers.ids, pairs.column(0), pair);
        let value = brought.map_or(0.0, |brought| worths[brought].lifetime_value);
        found.value[by] += if value.is_nan() { 0.0 } else { value };
    }
    Ok(Ok(found))
}

/// The place of one of some ids among ids that ascend.
fn place(all: &ArrayRef, some: &ArrayRef, row: usize) -> Option<usize> {
    if let (Some(all), Some(some)) = (
        all.as_primitive_opt::<Int64Type>(),
        some.as_primitive_opt::<Int64Type>(),
    ) {
        return all.values().binary_search(&some.value(row)).ok();
    }
    let (all, some) = (all.as_string_opt::<i32>()?, some.as_string_opt::<i32>()?);
    let id = some.value(row);
    let (mut low, mut high) = (0, all.len());
    while low < high {
        let middle = low.midpoint(high);
        match all.value(middle) < id {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    (low < all.len() && all.value(low) == id).then_some(low)
}

fn unknown(context: &Context<'_>, column: &str) -> Result<Failure> {
    let there = context
        .warehouse()?
        .columns_beyond("customers", &["customer_id"]);
    let problem = format!("the customers have no attribute `{column}`");
    let failure = context.settings.wrong(&["value", "referred_by"], problem);
    Ok(match nearest(column, there.iter().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure
            .hint("map it under [sources.columns] of the customers, or leave referred_by out"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn an_id_is_found_where_it_is() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![2, 5, 9]));
        assert_eq!(place(&numbers, &numbers, 1), Some(1));
        let words: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "d"]));
        let asked: ArrayRef = Arc::new(StringArray::from(vec!["d", "c", "a"]));
        let found = [0, 1, 2].map(|row| place(&words, &asked, row));
        assert_eq!(found, [Some(2), None, Some(0)]);
    }
}
