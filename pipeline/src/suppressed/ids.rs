//! Customers by their ids, whatever wrote them: a whole number is one however it is written, a text
//! is what it is, with its leading zeros.

use std::collections::HashMap;
use std::hash::Hash;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use crate::failure::Result;

/// How often each customer was seen somewhere.
pub enum Ids {
    /// Where the warehouse has whole numbers.
    Whole(HashMap<i64, u32>),
    /// Where it has texts.
    Texts(HashMap<String, u32>),
}

impl Ids {
    /// Nobody yet, for customers whose ids are of this type.
    pub fn none(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Whole(HashMap::new()),
            _ => Self::Texts(HashMap::new()),
        }
    }

    /// Adds a customer; what cannot be an id of the warehouse is nobody.
    pub fn add(&mut self, id: &str) {
        fn count<K: Eq + Hash>(seen: &mut HashMap<K, u32>, id: K) {
            *seen.entry(id).or_default() += 1;
        }
        match self {
            Self::Whole(seen) => {
                if let Ok(id) = id.trim().parse() {
                    count(seen, id);
                }
            }
            Self::Texts(seen) => count(seen, id.to_owned()),
        }
    }

    /// How often the customer of a row was seen.
    pub fn seen(&self, customers: &ArrayRef, row: usize) -> u32 {
        let seen = match self {
            Self::Whole(seen) => seen.get(&customers.as_primitive::<Int64Type>().value(row)),
            Self::Texts(seen) => seen.get(customers.as_string::<i32>().value(row)),
        };
        seen.copied().unwrap_or(0)
    }

    /// How many different customers there are.
    pub fn number(&self) -> usize {
        match self {
            Self::Whole(seen) => seen.len(),
            Self::Texts(seen) => seen.len(),
        }
    }
}

/// Ids as text.
pub fn texts(customers: &ArrayRef) -> Result<StringArray> {
    Ok(cast(customers, &DataType::Utf8)?.as_string::<i32>().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn leading_zeros_count_in_texts_and_not_in_numbers() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
        let mut ids = Ids::none(numbers.data_type());
        for id in ["007", " 7", "x", "9"] {
            ids.add(id);
        }
        assert_eq!((ids.seen(&numbers, 0), ids.seen(&numbers, 1)), (2, 0));
        assert_eq!(ids.number(), 2);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["007", "7"]));
        let mut ids = Ids::none(texts.data_type());
        ids.add("007");
        assert_eq!((ids.seen(&texts, 0), ids.seen(&texts, 1)), (1, 0));
    }
}
