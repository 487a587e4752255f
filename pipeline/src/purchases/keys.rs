//! Codes for keys, first by arrival, then by their order.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::{filter, is_not_null};
use arrow::datatypes::Int64Type;
use datafusion::common::hash_utils::RandomState;

use crate::failure::Result;

/// A hash map that is fast on numbers; its order is never looked at.
pub type FastMap<K, V> = HashMap<K, V, RandomState>;

/// Codes for keys, first by arrival, then by their order.
#[derive(Default)]
pub struct Keys {
    numbers: FastMap<i64, u32>,
    texts: FastMap<String, u32>,
}

impl Keys {
    /// For each value its code of arrival.
    pub fn codes(&mut self, values: &ArrayRef) -> Vec<u32> {
        match values.as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers
                .values()
                .iter()
                .map(|number| {
                    let next = self.numbers.len() as u32;
                    *self.numbers.entry(*number).or_insert(next)
                })
                .collect(),
            None => values
                .as_string::<i32>()
                .iter()
                .map(|text| {
                    let text = text.unwrap_or_default();
                    if let Some(&code) = self.texts.get(text) {
                        return code;
                    }
                    let next = self.texts.len() as u32;
                    self.texts.insert(text.to_owned(), next);
                    next
                })
                .collect(),
        }
    }

    /// The same, but where there is no value, that of nobody.
    pub fn codes_or(&mut self, values: &ArrayRef, nobody: u32) -> Result<Vec<u32>> {
        if values.null_count() == 0 {
            return Ok(self.codes(values));
        }
        let there = is_not_null(values)?;
        let mut codes = self.codes(&filter(values, &there)?).into_iter();
        let code = |there: bool| there.then(|| codes.next()).flatten().unwrap_or(nobody);
        Ok(there.values().iter().map(code).collect())
    }

    /// The keys in ascending order, and for each code of arrival its place in that order.
    pub fn sorted(self) -> (ArrayRef, Vec<u32>) {
        fn rank<K: Ord>(map: FastMap<K, u32>) -> (Vec<K>, Vec<u32>) {
            let mut pairs: Vec<(K, u32)> = map.into_iter().collect();
            pairs.sort_unstable();
            let mut ranks = vec![0; pairs.len()];
            for (rank, pair) in pairs.iter().enumerate() {
                ranks[pair.1 as usize] = rank as u32;
            }
            (pairs.into_iter().map(|pair| pair.0).collect(), ranks)
        }
        if self.texts.is_empty() {
            let (keys, ranks) = rank(self.numbers);
            (Arc::new(Int64Array::from(keys)), ranks)
        } else {
            let (keys, ranks) = rank(self.texts);
            (Arc::new(StringArray::from(keys)), ranks)
        }
    }
}
